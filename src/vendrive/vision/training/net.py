"""The encoder while it is trained: MobileNetV2, pooling, a projection, and heads that only training needs."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vendrive.vision.training.layers import FEATURES, Layer, Weights, backbone


def in_short(device: str) -> bool:
    """Whether the device multiplies bfloat16 by itself, which halves a step; elsewhere it would take longer."""
    can = torch.cpu.get_capabilities()
    return device == "cuda" or bool(can.get("avx512_bf16") or can.get("amx_bf16"))


def follow(average: nn.Module, net: nn.Module, keep: float) -> None:
    """Move an average of weights a little towards the net that is trained: `keep` of it stays."""
    pairs = zip(average.state_dict().values(), net.state_dict().values(), strict=True)
    floats = [(kept, new) for kept, new in pairs if kept.dtype.is_floating_point]
    torch._foreach_lerp_([kept for kept, _ in floats], [new.detach() for _, new in floats], 1 - keep)


class Convolution(nn.Module):
    """A convolution with batch normalisation put back: folded weights train badly at a high rate."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        groups = layer.inside if layer.depthwise else 1
        self.layer = layer
        self.weights = nn.Conv2d(layer.inside, layer.outside, layer.kernel, layer.stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(layer.outside, eps=1e-5, momentum=0.05)
        self.measuring = False

    def forward(self, x: Tensor) -> Tensor:
        top, left, bottom, right = self.layer.pads
        y = self.weights(functional.pad(x, (left, right, top, bottom)))
        if self.measuring:
            self._measure(y)
        y = self.norm(y)
        return functional.relu6(y) if self.layer.relu else y

    def _measure(self, y: Tensor) -> None:
        """Set the statistics to those of this batch and the scale so that nothing changes."""
        mean, variance = y.float().mean((0, 2, 3)), y.float().var((0, 2, 3))
        bias = self.norm.bias.detach().clone()
        self.norm.running_mean.copy_(mean)
        self.norm.running_var.copy_(variance)
        self.norm.weight.data.copy_((variance + self.norm.eps).sqrt())
        self.norm.bias.data.copy_(mean + bias)

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weight and bias of one convolution that does the same."""
        scale = self.norm.weight / (self.norm.running_var + self.norm.eps).sqrt()
        return self.weights.weight * scale[:, None, None, None], self.norm.bias - self.norm.running_mean * scale


class Pooling(nn.Module):
    """Generalised mean (Radenovic et al., 2018): between the mean (1) and the maximum (large)."""

    def __init__(self, power: float) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor(power))

    def forward(self, x: Tensor) -> Tensor:
        powered: Tensor = x.float().clamp(min=1e-4).pow(self.power)
        return powered.mean((2, 3)).pow(1 / self.power)


@dataclass(frozen=True)
class Seen:
    """What the net says of a batch: unit vectors, and the pooled features that the side heads read."""

    vectors: Tensor
    features: Tensor


class Trunk(nn.Module):
    """The convolutions, from pixels (N x 3 x side x side, -1 to 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Convolution(layer) for layer in backbone())

    def places(self, x: Tensor) -> Tensor:
        """N x 1280 x side/32 x side/32."""
        opened = x
        for convolution in self.layers:
            opened = x if convolution.layer.opens else opened
            x = convolution(x)
            if convolution.layer.adds:
                x = x + opened
        return x

    def start_from(self, weights: Weights, pixels: Tensor) -> None:
        """Take folded weights; `pixels` is a batch by which the normalisation is set to change nothing."""
        for convolution in self.layers:
            name = convolution.layer.name
            convolution.weights.weight.data.copy_(torch.from_numpy(weights[f"{name}.weight"]))
            convolution.norm.bias.data.copy_(torch.from_numpy(weights[f"{name}.bias"]))
            convolution.measuring = True
        self.eval()
        with torch.no_grad():
            self.places(pixels)
        for convolution in self.layers:
            convolution.measuring = False

    def folded(self) -> Weights:
        """The convolutions with normalisation folded in: `NN.weight` and `NN.bias`."""
        weights: Weights = {}
        with torch.no_grad():
            for convolution in self.layers:
                weight, bias = convolution.folded()
                weights[f"{convolution.layer.name}.weight"] = weight.float().cpu().numpy()
                weights[f"{convolution.layer.name}.bias"] = bias.float().cpu().numpy()
        return weights


class Encoder(Trunk):
    """Pixels to unit vectors."""

    def __init__(self, dimensions: int, power: float = 3.0) -> None:
        super().__init__()
        self.pooling = Pooling(power)
        self.projection = nn.Linear(FEATURES, dimensions)
        nn.init.orthogonal_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, x: Tensor) -> Seen:
        features = self.pooling(self.places(x))
        with torch.autocast(features.device.type, enabled=False):
            vectors = functional.normalize(self.projection(features))
        return Seen(vectors, features)

    def folded(self) -> Weights:
        """All that an exported file needs: the convolutions, `projection.*` and `power`."""
        weights = super().folded()
        weights["projection.weight"] = self.projection.weight.detach().float().cpu().numpy()
        weights["projection.bias"] = self.projection.bias.detach().float().cpu().numpy()
        weights["power"] = np.asarray(self.pooling.power.item(), dtype=np.float32)
        return weights
