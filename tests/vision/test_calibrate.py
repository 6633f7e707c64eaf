"""The calibration counts what it says."""

import json
from pathlib import Path

import numpy as np
import pytest

from vendrive.demo.people import load_people
from vendrive.vision.calibrate import Gallery, Scores, enrol, figures, main, score
from vendrive.vision.faces import FaceEngine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two people with two photos each, and one photo that shows nobody."""
    for person in load_people()[:2]:
        (tmp_path / person.key).mkdir()
        for view in (1, 2):
            (tmp_path / person.key / f"{view}.jpg").write_bytes(person.photo(view))
    return tmp_path


def test_every_pair_is_counted_once(engine: FaceEngine, folder: Path) -> None:
    scores = score(enrol(engine, folder))
    assert len(scores.genuine) == 2
    assert len(scores.impostor) == 4
    assert scores.genuine.max() < engine.threshold < scores.impostor.min()


def test_the_threshold_lets_no_more_strangers_pass_than_allowed() -> None:
    scores = Scores(np.array([0.3, 0.7]), np.linspace(0.5, 1.0, 1001))
    threshold = scores.threshold_at(1e-2)
    assert scores.false_matches(threshold) == 10
    assert scores.false_matches(float(np.nextafter(threshold, 1.0))) == 11
    assert scores.false_non_matches(threshold) == 1


def test_too_few_pairs_for_a_rate_let_nobody_pass() -> None:
    scores = Scores(np.array([0.3]), np.array([0.6, 0.8]))
    assert scores.false_matches(scores.threshold_at(1e-3)) == 0


def test_refused_photos_are_a_figure_of_their_own() -> None:
    people = np.array(["a", "a", "b"])
    gallery = Gallery(np.eye(3, 128), people, {"two_faces": 2})
    rows = {row.figure: row for row in figures(gallery, score(gallery), 0.5)}
    assert (rows["photos"].value, rows["photos"].n) == (3, 5)
    assert rows["refused_two_faces"].value == 2
    assert (rows["fnmr"].value, rows["fmr"].value) == (1.0, 0.0)


def test_prints_one_json_list(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--faces", str(folder), "--json"]) == 0
    out = capsys.readouterr()
    rows = {row["figure"]: row["value"] for row in json.loads(out.out)}
    assert rows["fmr"] == 0.0
    assert rows["fnmr"] == 0.0
    assert "4/4 photos" in out.err


def test_says_where_there_is_nothing_to_measure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--faces", str(tmp_path)]) == 2
    assert "no usable photo" in capsys.readouterr().err


def test_says_where_there_is_only_one_person(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for photo in (folder / "p02").iterdir():
        photo.unlink()
    assert main(["--faces", str(folder)]) == 2
    assert "two people or more" in capsys.readouterr().err
