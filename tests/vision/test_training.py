"""Training: what is exported is what was trained, and a run that was stopped ends as one that was not."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.vision.drawn_cars import drawn_weights, write_collection
from vendrive.clock import SystemClock
from vendrive.vision.training import options
from vendrive.vision.training.split import read_labels

torch: Any = pytest.importorskip("torch", reason='needs: pip install "vendrive[train]"')
onnxruntime: Any = pytest.importorskip("onnxruntime")
export: Any = pytest.importorskip("vendrive.vision.training.export")
loop: Any = pytest.importorskip("vendrive.vision.training.loop")
losses: Any = pytest.importorskip("vendrive.vision.training.losses")
photos: Any = pytest.importorskip("vendrive.vision.training.photos")
train: Any = pytest.importorskip("vendrive.vision.training.train")
recipes: Any = pytest.importorskip("vendrive.vision.training.recipe")
SIDE = 64


@pytest.fixture(scope="module")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = write_collection(tmp_path_factory.mktemp("drawn") / "photos", models=4, each=4)
    labelled = read_labels(folder)
    pixels = photos.load(folder, labelled, SIDE, lambda share, what: None)

    def make() -> Any:
        torch.set_num_threads(1)
        recipe = recipes.Recipe(minutes=1000, epochs=3, side_px=SIDE, batch=8, photos_per_model=2, dimensions=16)
        return loop.Run(recipe, pixels, losses.Labels(labelled), drawn_weights(), "cpu")

    return make


def test_a_run_that_was_stopped_ends_as_one_that_was_not(make_run: Any, tmp_path: Path) -> None:
    whole = make_run()
    whole.go_on(SystemClock(), tmp_path / "whole", lambda share, what: None, lambda net: {}, every_s=1e9)

    class Stop(Exception):
        pass

    def stop(share: float, what: str) -> None:
        raise Stop

    parted = make_run()
    with pytest.raises(Stop):  # the fifth of six steps tells how far it is
        parted.go_on(SystemClock(), tmp_path / "parted", stop, lambda net: {}, every_s=0)
    resumed = make_run()
    resumed.go_on(SystemClock(), tmp_path / "parted", lambda share, what: None, lambda net: {}, every_s=1e9)
    assert resumed.steps == whole.steps
    for name, values in whole.average.folded().items():
        assert np.allclose(values, resumed.average.folded()[name], atol=1e-5), name


def test_a_checkpoint_of_another_recipe_is_refused(make_run: Any, tmp_path: Path) -> None:
    run = make_run()
    run._keep(tmp_path)
    other = make_run()
    other.recipe = recipes.Recipe(epochs=9)
    with pytest.raises(ValueError, match="another recipe"):
        other.go_on(SystemClock(), tmp_path, lambda share, what: None, lambda net: {})


def test_a_checkpoint_of_other_photos_is_refused(make_run: Any, tmp_path: Path) -> None:
    """Feedback came in since: a finished run would else be taken for one that learned from it."""
    make_run()._keep(tmp_path)
    other = make_run()
    other._learned_from = "more photos"
    with pytest.raises(ValueError, match="other photos"):
        other.go_on(SystemClock(), tmp_path, lambda share, what: None, lambda net: {})


def test_what_is_learned_from_is_told_apart_by_photos_and_names(tmp_path: Path) -> None:
    folder = write_collection(tmp_path / "photos", models=2, each=2)
    labelled = read_labels(folder)
    pixels = photos.load(folder, labelled, SIDE, lambda share, what: None)
    renamed = [dataclasses.replace(labelled[0], name="Ford Edge SUV 2012"), *labelled[1:]]
    changed = pixels.clone()
    changed[0, 0, 0, 0] ^= 1
    said = {photos.fingerprint(*one) for one in ((pixels, labelled), (pixels, renamed), (changed, labelled))}
    assert len(said) == 3


def test_a_gate_of_other_photos_is_trained_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gate:
        def folded(self) -> dict[str, Any]:
            made.append(1)
            return {"52.bias": np.zeros(3, np.float32)}

    made: list[int] = []
    monkeypatch.setattr(train, "train_gate", lambda *args: Gate())
    monkeypatch.setattr(train, "_others", lambda asked, side: [torch.zeros(3, SIDE, SIDE)])
    asked = options.Asked(tmp_path, tmp_path, tmp_path, None, None, 0, 0, 0, 0, 0, "", "", False)
    for learned_from, times in (("photos", 1), ("photos", 1), ("and feedback", 2)):
        gate = train._gate(asked, None, {}, torch.zeros(1, 3, SIDE, SIDE), learned_from, "cpu", None, None)
        assert gate.keys() == {"52.bias"}
        assert len(made) == times


def test_two_trainings_never_share_a_name(tmp_path: Path) -> None:
    asked = options.Asked(tmp_path, tmp_path, tmp_path, None, None, 0, 0, 0, 0, 0, "ours", "", False)
    write_collection(tmp_path / "photos")
    (tmp_path / "photos" / "labels.csv").rename(tmp_path / "labels.csv")
    names = set()
    for data in (b"one", b"other"):
        (tmp_path / "cars.onnx").write_bytes(data)
        thresholds = train.Thresholds(car=0.5, known=0.5)
        names.add(train._card(asked, [recipes.Recipe()], {}, thresholds).name)
    assert len(names) == 2
    assert all(name.startswith("ours-") for name in names)


def test_what_is_exported_is_what_was_trained(make_run: Any) -> None:
    run = make_run()
    pixels = np.random.default_rng(2).integers(0, 256, (2, SIDE, SIDE, 3)).astype(np.uint8)
    data = export.car_model([run.average.folded()], drawn_weights())
    net = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    vector, odds, places = net.run(["vector", "car", "places"], {"pixels": pixels})
    with torch.no_grad():
        trained = run.average(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1).vectors.numpy()
    assert (vector * trained).sum(1).min() > 0.999
    assert odds.shape == (2,)
    assert places.shape == (2, SIDE // 32, SIDE // 32)


def test_feedback_is_learned_from_and_never_measured_by(tmp_path: Path) -> None:
    ours, theirs = write_collection(tmp_path / "ours", 8, 5), write_collection(tmp_path / "theirs", 8, 2)
    asked = options.Asked(ours, ours, tmp_path, None, None, 0, 0, 0, 0, 0, "", "", False)
    before, after = train._split(asked), train._split(dataclasses.replace(asked, feedback=theirs))
    assert (after.held_out, after.unseen) == (before.held_out, before.unseen)
    assert len(after.train) == len(before.train) + 2 * len({photo.name for photo in before.train})
    assert not {photo.name for photo in after.train} & {photo.name for photo in after.unseen}
    assert photos.load(ours, after.train, SIDE, lambda share, what: None).shape[0] == len(after.train)
