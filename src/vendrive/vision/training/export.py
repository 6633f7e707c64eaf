"""Weights to an ONNX file, stored as integers of eight bits or floats of sixteen, computed in float32.

ONNX Runtime turns the stored numbers into float32 once, when it loads the file, so that neither speed nor
the arithmetic of a layer changes; only the file is small.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from vendrive.vision.training.layers import CAR_CLASSES, FEATURES, PAINT_DEPTH, Layer, Weights, backbone

OPSET = 17
# The last layer of the stage of 96 channels, a sixteenth of the picture's side.
HALF_WAY, PANELS = "38", 96


class Graph:
    """Collects nodes and stored numbers."""

    def __init__(self, bits: int = 32) -> None:
        """`bits` is 8, 16 or 32: what a weight takes in the file; it may change between the nets of a file."""
        self.bits = bits
        self._nodes: list[Any] = []
        self._stored: list[Any] = []

    def constant(self, name: str, values: NDArray[Any] | np.generic) -> str:
        """Store numbers as they are."""
        self._stored.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def weight(self, name: str, values: NDArray[np.float32]) -> str:
        """Store a weight whose first axis is the output channel, in few bits."""
        if self.bits == 32 or values.ndim == 1:
            return self.constant(name, values.astype(np.float32))
        if self.bits == 16:
            return self.node("Cast", [self.constant(f"{name}:half", values.astype(np.float16))], name, to=1)
        step = np.maximum(np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True), 1e-12) / 127
        stored = self.constant(f"{name}:byte", np.round(values / step).astype(np.int8))
        self.node("Cast", [stored], f"{name}:float", to=TensorProto.FLOAT)
        return self.node("Mul", [f"{name}:float", self.constant(f"{name}:step", step.astype(np.float32))], name)

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Add a node with one output."""
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def pixels(self) -> str:
        """From `pixels`, N x height x width x 3 of 0 to 255, to N x 3 x height x width of -1 to 1."""
        self.node("Cast", ["pixels"], "pixels:float", to=TensorProto.FLOAT)
        self.node("Transpose", ["pixels:float"], "pixels:first", perm=[0, 3, 1, 2])
        self.node("Mul", ["pixels:first", self.constant("scale", np.float32(1 / 127.5))], "pixels:scaled")
        return self.node("Sub", ["pixels:scaled", self.constant("one", np.float32(1))], "pixels:centred")

    def backbone(self, prefix: str, source: str, weights: Weights, depth: int | None = None) -> str:
        """Add the convolutions, or the first of them; return N x 1280 x height/32 x width/32."""
        opened = source
        for layer in backbone()[:depth]:
            opened = source if layer.opens else opened
            source = self._convolution(prefix, source, layer, weights)
            if layer.adds:
                source = self.node("Add", [source, opened], f"{prefix}{layer.name}:added")
        return source

    def _convolution(self, prefix: str, source: str, layer: Layer, weights: Weights) -> str:
        name = f"{prefix}{layer.name}"
        inputs = [
            source,
            self.weight(f"{name}.weight", weights[f"{layer.name}.weight"]),
            self.constant(f"{name}.bias", weights[f"{layer.name}.bias"].astype(np.float32)),
        ]
        strides, groups = [layer.stride] * 2, layer.inside if layer.depthwise else 1
        self.node("Conv", inputs, name, strides=strides, pads=list(layer.pads), group=groups)
        if not layer.relu:
            return name
        return self.node("Clip", [name, *self._six()], f"{name}:relu6")

    def _six(self) -> tuple[str, str]:
        if not any(stored.name == "six" for stored in self._stored):
            self.constant("zero", np.float32(0))
            self.constant("six", np.float32(6))
        return "zero", "six"

    def linear(self, source: str, name: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """`weight` is out x in."""
        inputs = [source, self.weight(f"{name}.weight", weight), self.constant(f"{name}.bias", bias.astype(np.float32))]
        return self.node("Gemm", inputs, name, transB=1)

    def model(self, outputs: dict[str, Sequence[int | str]]) -> bytes:
        """The file: input `pixels`, N x height x width x 3, uint8; the outputs by name with their shapes."""
        pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", "height", "width", 3])
        told = [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(of)) for name, of in outputs.items()]
        graph = helper.make_graph(self._nodes, "cars", [pixels], told, self._stored)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="vendrive")
        model.ir_version = 8
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())


def imagenet_model(weights: Weights) -> bytes:
    """The net as it came, with its pooled features, N x 1280: what a trained encoder is compared with."""
    graph = Graph()
    graph.node("GlobalAveragePool", [graph.backbone("", graph.pixels(), weights)], "pooled")
    graph.node("Flatten", ["pooled"], "vector")
    return graph.model({"vector": ["n", FEATURES]})


def car_model(encoders: Sequence[Weights], gate: Weights) -> bytes:
    """All that the product runs on a photo, as one file.

    `vector`: the unit vectors of the encoders side by side, divided so that the whole is a unit vector, N x D.
    `places`: the logarithm of the odds that a car is seen, for each place of the picture, N x height/32 x width/32.
    `car`: the same for the whole picture, N.
    `panels`: what the gate's net sees half-way at each place, N x 96 x height/16 x width/16; it still tells colours.
    """
    graph = Graph(bits=16)
    pixels = graph.pixels()
    parts = [_vector(graph, f"{number}/", pixels, weights) for number, weights in enumerate(encoders)]
    joined = graph.node("Concat", parts, "joined", axis=1)
    graph.node("Mul", [joined, graph.constant("share", np.float32(1 / len(parts) ** 0.5))], "vector")
    graph.bits = 8
    _gate(graph, pixels, gate)
    dimensions = sum(len(weights["projection.bias"]) for weights in encoders)
    panels: list[int | str] = ["n", PANELS, "down:16", "across:16"]
    return graph.model({"vector": ["n", dimensions], "car": ["n"], "places": ["n", "down", "across"], "panels": panels})


def paint_model(weights: Weights) -> bytes:
    """The net of `training.paint` that names paint by the pixels around a car.

    `shares`: how likely each of the names is, N x names.
    """
    graph, (channels, looks) = Graph(bits=16), weights["attention.weight"].shape
    places = graph.backbone("", graph.pixels(), weights, PAINT_DEPTH)
    graph.node("Reshape", [places, graph.constant("rows", np.asarray([0, channels, -1]))], "rowed")
    graph.node("Transpose", ["rowed"], "turned", perm=[0, 2, 1])
    norm = [graph.constant(name, weights[name]) for name in ("norm.weight", "norm.bias")]
    graph.node("LayerNormalization", ["turned", *norm], "seen", axis=-1)
    graph.node("MatMul", ["seen", graph.constant("attention.weight", weights["attention.weight"])], "matched")
    graph.node("Add", ["matched", graph.constant("attention.places", weights["attention.places"])], "attention")
    graph.node("Softmax", ["attention"], "attended", axis=1)
    graph.node("Transpose", ["attended"], "looks", perm=[0, 2, 1])
    graph.node("MatMul", ["looks", "seen"], "found")
    graph.node("Reshape", ["found", graph.constant("flat", np.asarray([0, channels * looks]))], "parts")
    graph.node("ReduceMean", ["seen"], "whole", axes=[1], keepdims=0)
    graph.node("Concat", ["parts", "whole"], "all", axis=1)
    graph.linear("all", "names", weights["names.weight"], weights["names.bias"])
    graph.node("Softmax", ["names"], "shares", axis=1)
    return graph.model({"shares": ["n", len(weights["names.bias"])]})


def _vector(graph: Graph, prefix: str, pixels: str, weights: Weights) -> str:
    """Generalised mean over the places, projection, length one."""
    places, power = graph.backbone(prefix, pixels, weights), np.float32(weights["power"])
    graph.node("Max", [places, graph.constant(f"{prefix}least", np.float32(1e-4))], f"{prefix}positive")
    graph.node("Pow", [f"{prefix}positive", graph.constant(f"{prefix}power", power)], f"{prefix}powered")
    graph.node("GlobalAveragePool", [f"{prefix}powered"], f"{prefix}mean")
    graph.node("Pow", [f"{prefix}mean", graph.constant(f"{prefix}root", np.float32(1) / power)], f"{prefix}pooled")
    graph.node("Flatten", [f"{prefix}pooled"], f"{prefix}features")
    graph.linear(f"{prefix}features", f"{prefix}projection", weights["projection.weight"], weights["projection.bias"])
    return graph.node("LpNormalization", [f"{prefix}projection"], f"{prefix}unit", axis=1, p=2)


def _gate(graph: Graph, pixels: str, weights: Weights) -> None:
    """The classifier applied to each place; its mean over the places is what it says of the pooled features."""
    places = graph.backbone("gate/", pixels, weights)
    graph.node("Identity", [f"gate/{HALF_WAY}:added"], "panels")
    classes = graph.weight("gate/classes.weight", weights["52.weight"][:, :, None, None])
    bias = graph.constant("gate/classes.bias", weights["52.bias"].astype(np.float32))
    graph.node("Conv", [places, classes, bias], "gate/classes")
    graph.node("GlobalAveragePool", ["gate/classes"], "gate/mean")
    others = [number for number in range(len(weights["52.bias"])) if number not in CAR_CLASSES]
    cars, rest = (np.asarray(numbers, dtype=np.int64) for numbers in (CAR_CLASSES, others))
    graph.constant("gate/cars", cars)
    graph.constant("gate/others", rest)
    for source, output, axes in (("gate/classes", "places", [1]), ("gate/mean", "car", [1, 2, 3])):
        sums = []
        for kind in ("gate/cars", "gate/others"):
            graph.node("Gather", [source, kind], f"{output}:{kind}", axis=1)
            sums.append(
                graph.node("ReduceLogSumExp", [f"{output}:{kind}"], f"{output}:{kind}:sum", axes=axes, keepdims=0)
            )
        graph.node("Sub", sums, output)
