"""Training of the gate: does a photo show a car at all?

It starts from ImageNet's weights and their list of classes, some of which are cars. What it must not lose, since no
photo of a truck or a street is at hand, is what these weights know of them: beside the labels, it follows the
net that it started from (the teacher) on odd pictures, and keeps its features near the teacher's on all.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from vendrive.clock import Clock
from vendrive.vision.training.augment import augment
from vendrive.vision.training.layers import CAR_CLASSES, CLASSES, FEATURES, Weights
from vendrive.vision.training.net import Trunk, in_short


@dataclass(frozen=True)
class GateRecipe:
    """A short run at a low rate. `near` weighs how close the features stay to the teacher's."""

    seed: int = 1
    minutes: float = 10.0
    steps: int = 800
    side_px: int = 224
    batch: int = 48
    rate: float = 5e-5
    near: float = 1.0
    smoothing: float = 0.02


class Gate(Trunk):
    """Pixels to the logarithm of the odds that a car is seen, N, and features, N x 1280."""

    def __init__(self, start: Weights) -> None:
        super().__init__()
        self.classes = nn.Linear(FEATURES, CLASSES)
        self.classes.weight.data.copy_(torch.from_numpy(start["52.weight"]))
        self.classes.bias.data.copy_(torch.from_numpy(start["52.bias"]))
        others = [number for number in range(CLASSES) if number not in CAR_CLASSES]
        self.register_buffer("cars", torch.tensor(CAR_CLASSES), persistent=False)
        self.register_buffer("others", torch.tensor(others), persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.places(x).float().mean((2, 3))
        with torch.autocast(features.device.type, enabled=False):
            logits = self.classes(features)
            odds = logits[:, self.cars].logsumexp(1) - logits[:, self.others].logsumexp(1)
        return odds, features

    def folded(self) -> Weights:
        """The convolutions, and `52.*` of the classes."""
        weights = super().folded()
        weights["52.weight"] = self.classes.weight.detach().float().cpu().numpy()
        weights["52.bias"] = self.classes.bias.detach().float().cpu().numpy()
        return weights


def train_gate(
    recipe: GateRecipe,
    start: Weights,
    cars: Tensor,
    others: Tensor,
    device: str,
    clock: Clock,
    told: Callable[[float, str], None],
) -> Gate:
    """`cars` and `others` are N x 3 x side x side, uint8. Ends after the recipe's steps or minutes."""
    torch.manual_seed(recipe.seed)
    cars, others = cars.to(device), others.to(device)
    gate, teacher = _started(start, cars[:128], recipe, device), _started(start, cars[:128], recipe, device)
    optimiser = torch.optim.AdamW(gate.parameters(), lr=recipe.rate, weight_decay=1e-4)
    began, step, share = clock.monotonic(), 0, 0.0
    while share < 1:
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * min(1.0, step / 30 + 0.03) * 0.5 * (1 + math.cos(math.pi * share))
        loss = _loss(gate, teacher, _drawn(cars, recipe.batch), _drawn(others, recipe.batch), recipe)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(gate.parameters(), 1.0)
        optimiser.step()
        step += 1
        share = max(step / recipe.steps, (clock.monotonic() - began) / (60 * recipe.minutes))
        if step % 10 == 0:
            told(share, f"gate, loss {float(loss.detach()):.3f}")
    return gate


def _started(start: Weights, some: Tensor, recipe: GateRecipe, device: str) -> Gate:
    # Always in evaluation: the normalisation then stays ImageNet's, not that of our few drawings.
    gate: Gate = Gate(start).to(device)
    gate.start_from(start, augment(some, recipe.side_px, 0))
    gate.eval()
    return gate


def _drawn(photos: Tensor, count: int) -> Tensor:
    return photos[torch.randint(len(photos), (count,), device=photos.device)]


def _odd(cars: Tensor, others: Tensor) -> Tensor:
    """Cars that shine through other pictures, and small parts of cars: only the teacher knows what these show."""
    half = len(cars) // 2
    mix = torch.rand(half, 1, 1, 1, device=cars.device)
    blends = (cars[:half] * mix + others[:half] * (1 - mix)).to(torch.uint8)
    high, wide = (int(side * float(torch.empty(1).uniform_(0.15, 0.5))) for side in cars.shape[2:])
    top, left = (int(torch.randint(side - part, (1,))) for side, part in zip(cars.shape[2:], (high, wide), strict=True))
    parts = functional.interpolate(cars[half:, :, top : top + high, left : left + wide].float(), cars.shape[2:])
    return torch.cat([blends, parts.to(torch.uint8)])


def _loss(gate: Gate, teacher: Gate, cars: Tensor, others: Tensor, recipe: GateRecipe) -> Tensor:
    pixels = augment(torch.cat([cars, others, _odd(cars, others)]), recipe.side_px, 1.0)
    with torch.autocast(pixels.device.type, dtype=torch.bfloat16, enabled=in_short(pixels.device.type)):
        odds, features = gate(pixels)
        with torch.no_grad():
            taught, near = teacher(pixels)
    certain = torch.cat([torch.ones(len(cars)), torch.zeros(len(others))]).to(pixels.device)
    certain = certain * (1 - 2 * recipe.smoothing) + recipe.smoothing
    goal = torch.cat([certain, taught[len(certain) :].sigmoid()])
    apart = (features - near).pow(2).mean() / near.pow(2).mean()
    return functional.binary_cross_entropy_with_logits(odds, goal) + recipe.near * apart
