"""Cars drawn by rule, of models that differ by shape: enough to learn something from in seconds."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vendrive.vision.training.layers import CLASSES, FEATURES, Weights, backbone

SIDE = (160, 110)


def drawn_car(model: int, seed: int) -> Image.Image:
    """A car from the side: the model sets its lengths, the seed its paint, place and light."""
    shape, draw = np.random.default_rng(model), np.random.default_rng([model, seed])
    image = Image.new("RGB", SIDE, tuple(int(tone) for tone in draw.integers(90, 230, 3)))
    pen = ImageDraw.Draw(image)
    paint = tuple(int(tone) for tone in draw.integers(10, 240, 3))
    long, high, cabin = shape.uniform(90, 140), shape.uniform(18, 34), shape.uniform(0.3, 0.7)
    left, base = (SIDE[0] - long) / 2 + draw.normal(0, 3), 84 + draw.normal(0, 3)
    pen.rounded_rectangle((left, base - high, left + long, base), 8, fill=paint)
    roof = (left + long * 0.2, base - high * 1.8, left + long * (0.3 + cabin * 0.6), base - high + 4)
    pen.rounded_rectangle(roof, 9, fill=paint)
    pen.rectangle((roof[0] + 6, roof[1] + 5, roof[2] - 6, base - high), fill=(60, 75, 90))
    wheel = shape.uniform(9, 15)
    for x in (left + long * 0.2, left + long * 0.8):
        pen.ellipse((x - wheel, base - wheel, x + wheel, base + wheel), fill=(20, 20, 22))
        pen.ellipse((x - wheel / 2, base - wheel / 2, x + wheel / 2, base + wheel / 2), fill=(170, 170, 175))
    return image


def write_collection(folder: Path, models: int = 8, each: int = 6) -> Path:
    """A folder as `vendrive scan train` reads it."""
    folder.mkdir(parents=True)
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["file", "name"])
        for model in range(models):
            for seed in range(each):
                name = f"{model}_{seed}.png"
                drawn_car(model, seed).save(folder / name)
                table.writerow([name, f"Make{model % 3} Model{model} Sedan 2020"])
    return folder


def drawn_weights() -> Weights:
    """Weights of MobileNetV2 drawn so that numbers neither die nor explode."""
    draw, drawn = np.random.default_rng(1), Weights()
    for layer in backbone():
        shape = (layer.outside, 1 if layer.depthwise else layer.inside, layer.kernel, layer.kernel)
        fan = shape[1] * shape[2] * shape[3]
        drawn[f"{layer.name}.weight"] = (draw.standard_normal(shape) * (2 / fan) ** 0.5).astype(np.float32)
        drawn[f"{layer.name}.bias"] = np.full(layer.outside, 0.05, np.float32)
    drawn["52.weight"] = (draw.standard_normal((CLASSES, FEATURES)) * 0.02).astype(np.float32)
    drawn["52.bias"] = np.zeros(CLASSES, np.float32)
    return drawn
