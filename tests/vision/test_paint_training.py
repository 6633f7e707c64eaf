"""The net that names paint by pixels: it learns colours, minds who named them, and its file says what it says."""

from typing import Any

import numpy as np
import pytest

from tests.vision.drawn_cars import drawn_weights
from vendrive.vision.paint import PaintName

torch: Any = pytest.importorskip("torch", reason='needs: pip install "vendrive[train]"')
onnxruntime: Any = pytest.importorskip("onnxruntime")
export: Any = pytest.importorskip("vendrive.vision.training.export")
paint: Any = pytest.importorskip("vendrive.vision.training.paint")
SIDE, COUNT = 64, 32
RED, BLUE, SILVER, GREY = (list(PaintName).index(PaintName(name)) for name in ("red", "blue", "silver", "grey"))
RECIPE = paint.PaintRecipe(epochs=6, side_px=SIDE, batch=8, averaging=0.5, left_out=0.0, exchanged=0.5)


def crops(red: int, green: int, blue: int) -> Any:
    """Plain pictures of about that colour."""
    tones = np.random.default_rng(red).normal((red, green, blue), 8, (COUNT, SIDE, SIDE, 3)).clip(0, 255)
    return torch.from_numpy(tones.astype(np.uint8)).permute(0, 3, 1, 2).contiguous()


def named(*labellers: int) -> Any:
    return torch.tensor([labellers] * COUNT)


def trained(pictures: Any) -> Any:
    torch.set_num_threads(1)
    return paint.train_paint(RECIPE, drawn_weights(), pictures, lambda share, what: None)


@pytest.fixture(scope="module")
def net() -> Any:
    """Learned from reds and silvers; what is blue it knows from reds with red and blue exchanged."""
    pixels = torch.cat([crops(190, 30, 40), crops(170, 170, 170)])
    names, others = torch.cat([named(RED, RED), named(SILVER, -1)]), torch.cat([named(BLUE, -1), named(SILVER, -1)])
    return trained(paint.Pictures(pixels, names, others))


@pytest.mark.parametrize(
    ("tones", "name"), [((190, 30, 40), RED), ((40, 30, 190), BLUE), ((170, 170, 170), SILVER)], ids=str
)
def test_colours_are_learned_also_exchanged(net: Any, tones: tuple[int, int, int], name: int) -> None:
    assert (net.shares(crops(*tones), SIDE).argmax(1) == name).mean() > 0.9


def test_it_answers_as_the_first_would_whoever_named_most() -> None:
    names = named(-1, GREY)
    names[:4] = torch.tensor([SILVER, GREY])
    net = trained(paint.Pictures(crops(150, 150, 150), names, named(-1, -1)))
    habits = net.habits.detach()
    assert habits[0, SILVER] - habits[0, GREY] > 0.02 > habits[1, SILVER] - habits[1, GREY]


def test_what_is_exported_is_what_was_trained(net: Any) -> None:
    pixels = torch.cat([crops(190, 30, 40)[:3], crops(170, 170, 170)[:3], crops(60, 60, 160)[:3]])
    file = onnxruntime.InferenceSession(export.paint_model(net.head(SIDE)), providers=["CPUExecutionProvider"])
    seen = pixels.permute(0, 2, 3, 1).numpy()
    shares = np.mean([file.run(["shares"], {"pixels": side})[0] for side in (seen, seen[:, :, ::-1])], axis=0)
    assert np.abs(shares - net.shares(pixels, SIDE)).max() < 0.02
