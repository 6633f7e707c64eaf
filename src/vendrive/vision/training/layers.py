"""MobileNetV2 1.0 (Sandler et al., CVPR 2018) as a list of its layers, batch normalisation folded into them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]
"""By layer, in PyTorch's order: `NN.weight` is out x in/groups x height x width, `NN.bias` is out."""

# Expansion, channels, repeats and stride of each stage (table 2 of the paper).
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
STEM = 32
FEATURES = 1280
CLASSES = 1001
# How many convolutions the net of paint has: up to the 576 channels that the stage of 160 begins with.
PAINT_DEPTH, PAINT_FEATURES = 40, 576
# ImageNet's classes of cars in its list of 1001, where 0 is none: wagon, cab, convertible, grille, jeep, limousine,
# minivan, Model T, pickup, police van, racer, sports car, ambulance, wheel, minibus, moving van.
CAR_CLASSES = (437, 469, 512, 582, 610, 628, 657, 662, 718, 735, 752, 818, 408, 480, 655, 676)


@dataclass(frozen=True)
class Layer:
    """One convolution. `opens`: a block begins before it. `adds`: what the block began with is added to its result."""

    number: int
    inside: int
    outside: int
    kernel: int
    stride: int
    depthwise: bool
    relu: bool
    opens: bool = False
    adds: bool = False

    @property
    def name(self) -> str:
        """Its number in two digits, as in the weights."""
        return f"{self.number:02d}"

    @property
    def pads(self) -> tuple[int, int, int, int]:
        """Top, left, bottom, right: TensorFlow's SAME for an even side."""
        if self.kernel == 1:
            return (0, 0, 0, 0)
        return (0, 0, 1, 1) if self.stride == 2 else (1, 1, 1, 1)


def backbone() -> list[Layer]:
    """The 52 convolutions from pixels to 1280 features per place."""
    return list(_backbone())


def _backbone() -> Iterator[Layer]:
    yield Layer(0, 3, STEM, 3, 2, depthwise=False, relu=True)
    number, inside = 1, STEM
    for expansion, outside, repeats, first_stride in STAGES:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            middle = inside * expansion
            if expansion > 1:
                yield Layer(number, inside, middle, 1, 1, depthwise=False, relu=True, opens=True)
                number += 1
            yield Layer(number, middle, middle, 3, stride, depthwise=True, relu=True, opens=expansion == 1)
            adds = stride == 1 and inside == outside
            yield Layer(number + 1, middle, outside, 1, 1, depthwise=False, relu=False, adds=adds)
            number, inside = number + 2, outside
    yield Layer(number, inside, FEATURES, 1, 1, depthwise=False, relu=True)


def read_imagenet(path: Path) -> Weights:
    """Read the float32 weights of ImageNet from TensorFlow's layout; `52` is the classifier of 1001 classes.

    Raises ValueError where a layer is missing or has another shape.
    """
    weights: Weights = {}
    with np.load(path) as stored:
        for layer in backbone():
            kind = "dw" if layer.depthwise else "pw"
            # 1 x height x width x channel for depthwise, out x height x width x in for the others.
            order = (3, 0, 1, 2) if layer.depthwise else (0, 3, 1, 2)
            weights[f"{layer.name}.weight"] = np.ascontiguousarray(stored[f"{layer.name}_{kind}_w"].transpose(order))
            weights[f"{layer.name}.bias"] = stored[f"{layer.name}_b"]
        weights["52.weight"] = stored["52_pw_w"][:, 0, 0, :]
        weights["52.bias"] = stored["52_b"]
    for layer in backbone():
        shape = (layer.outside, 1 if layer.depthwise else layer.inside, layer.kernel, layer.kernel)
        if weights[f"{layer.name}.weight"].shape != shape:
            raise ValueError(f"layer {layer.name} is {weights[f'{layer.name}.weight'].shape}, not {shape}")
    return weights
