"""Training of the net that names a car's paint by its pixels: the first layers of MobileNetV2, pooled by attention.

It starts from ImageNet's weights. Several people may have named a photo, each with habits of their own (where silver
ends, where gold begins): a bias for each takes that up, and the net answers as the first of them would.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from vendrive.vision.paint import PaintName
from vendrive.vision.training.augment import augment, erased, placed
from vendrive.vision.training.layers import PAINT_DEPTH, PAINT_FEATURES, Weights
from vendrive.vision.training.net import Trunk, follow, in_short

Told = Callable[[float, str], None]
STRIDE, PLACE_NUMBERS = 16, 4


@dataclass(frozen=True)
class PaintRecipe:
    """`exchanged`: how often red and blue are, where the name then is sure. `first`: what the first's
    names weigh, and those that others gave as the first would."""

    seed: int = 0
    epochs: int = 20
    side_px: int = 128
    batch: int = 64
    looks: int = 3
    rate: float = 8e-4
    head_rate: float = 8e-3
    warm: float = 0.15
    decay: float = 0.1
    averaging: float = 0.995
    smoothing: float = 0.05
    left_out: float = 0.5
    placing: float = 0.7
    erased: float = 0.5
    exchanged: float = 0.33
    first: float = 2.0
    alike: float = 0.01


@dataclass(frozen=True)
class Pictures:
    """Crops around cars with what people named them.

    `pixels`: N x 3 x side x side, uint8. `names`: N x people, places in `PaintName`, -1 where one did not name it.
    `exchanged`: the same for the crop with red and blue exchanged.
    """

    pixels: Tensor
    names: Tensor
    exchanged: Tensor

    def some(self, chosen: NDArray[np.bool_]) -> "Pictures":
        """The chosen ones."""
        return Pictures(*(field[torch.from_numpy(chosen)] for field in vars(self).values()))


class PixelNet(Trunk):
    """Pixels, N x 3 x side x side of -1 to 1, to a score for each name, N x 12."""

    def __init__(self, looks: int, people: int) -> None:
        super().__init__()
        self.layers = self.layers[:PAINT_DEPTH]
        self.norm = nn.LayerNorm(PAINT_FEATURES)
        self.attention = nn.Linear(PAINT_FEATURES + PLACE_NUMBERS, looks)
        self.names = nn.Linear(PAINT_FEATURES * (looks + 1), len(PaintName))
        self.habits = nn.Parameter(torch.zeros(people, len(PaintName)))
        nn.init.zeros_(self.names.weight)
        nn.init.zeros_(self.names.bias)

    def forward(self, x: Tensor, left_out: float = 0.0) -> Tensor:
        places = self.places(x)
        seen = self.norm(places.flatten(2).transpose(1, 2).float())
        where = _where(*places.shape[2:]).expand(len(x), -1, -1)
        attended = self.attention(torch.cat([seen, where], -1)).softmax(1)
        found = torch.cat([(attended.transpose(1, 2) @ seen).flatten(1), seen.mean(1)], 1)
        scores: Tensor = self.names(functional.dropout(found, left_out, self.training))
        return scores

    def shares(self, pixels: Tensor, side_px: int) -> NDArray[np.float32]:
        """How likely each name is by the first one's habits, of crops as in `Pictures` and their mirror images."""
        self.eval()
        found = []
        with torch.no_grad():
            for some in pixels.split(64):
                small = _plain(some, side_px)
                scores = torch.stack([self(small), self(small.flip(3))]) + self.habits[0]
                found.append(scores.softmax(2).mean(0))
        return np.asarray(torch.cat(found).numpy(), dtype=np.float32)

    def head(self, side_px: int) -> Weights:
        """All that an exported file needs, for crops of that side: folded convolutions, and what pools them."""
        weights, steps = self.folded(), side_px // STRIDE
        attention, bias = self.attention.weight.detach(), self.attention.bias.detach()
        found = {
            "norm.weight": self.norm.weight,
            "norm.bias": self.norm.bias,
            "attention.weight": attention[:, :PAINT_FEATURES].T,
            "attention.places": _where(steps, steps) @ attention[:, PAINT_FEATURES:].T + bias,
            "names.weight": self.names.weight,
            "names.bias": self.names.bias + self.habits[0],
        }
        return weights | {name: part.detach().float().numpy() for name, part in found.items()}


def train_paint(recipe: PaintRecipe, start: Weights, pictures: Pictures, told: Told) -> PixelNet:
    """Train on the processor; the average of the weights along the last steps is the result."""
    torch.manual_seed(recipe.seed)
    net = PixelNet(recipe.looks, pictures.names.shape[1])
    # Always in evaluation but for its last layers: the normalisation then stays ImageNet's.
    net.start_from(start, _plain(pictures.pixels[:128], recipe.side_px))
    net.to(memory_format=torch.channels_last)
    each = len(pictures.names) // recipe.batch
    optimiser, rates = _optimiser(net, recipe, recipe.epochs * each)
    average, step = deepcopy(net), 0
    for epoch in range(recipe.epochs):
        net.train()
        for layers in net.layers:
            layers.eval()
        for batch in torch.randperm(len(pictures.names))[: each * recipe.batch].split(recipe.batch):
            loss = _loss(net, pictures, batch, recipe)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimiser.step()
            rates.step()
            step += 1
            follow(average, net, min(recipe.averaging, step / (step + 10)))
            told(step / (recipe.epochs * each), f"paint by pixels: round {epoch + 1}, loss {loss.item():.3f}")
    return average


def _optimiser(
    net: PixelNet, recipe: PaintRecipe, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    trunk = list(net.layers.parameters())
    known = {id(part) for part in trunk}
    groups = [
        {"params": [part for part in trunk if part.ndim > 1], "lr": recipe.rate},
        {"params": [part for part in trunk if part.ndim == 1], "lr": recipe.rate, "weight_decay": 0.0},
        {"params": [part for part in net.parameters() if id(part) not in known], "lr": recipe.head_rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=recipe.decay)
    highest = [recipe.rate, recipe.rate, recipe.head_rate]
    return optimiser, torch.optim.lr_scheduler.OneCycleLR(
        optimiser, highest, total_steps=steps + 1, pct_start=recipe.warm
    )


def _loss(net: PixelNet, pictures: Pictures, batch: Tensor, recipe: PaintRecipe) -> Tensor:
    """Cross entropy with the name that each of the people gave, by the score with that one's habits."""
    names, other, pixels = pictures.names[batch], pictures.exchanged[batch], pictures.pixels[batch].float() / 255
    turned = (torch.rand(len(batch)) < recipe.exchanged) & (other >= 0).any(1)
    names = torch.where(turned[:, None], other, names)
    pixels = torch.where(turned[:, None, None, None], pixels.flip(1), pixels)
    pixels = erased(placed(pixels, recipe.side_px, recipe.placing), recipe.erased) * 2 - 1
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=in_short("cpu")):
        scores = net(pixels.contiguous(memory_format=torch.channels_last), recipe.left_out)
    told = (scores.float()[:, None] + net.habits).transpose(1, 2)
    losses = functional.cross_entropy(told, names, reduction="none", ignore_index=-1, label_smoothing=recipe.smoothing)
    weights = (names >= 0).float()
    weights[:, 0] *= recipe.first
    return (losses * weights).sum() / weights.sum() + recipe.alike * net.habits.square().sum()


def _plain(pixels: Tensor, side_px: int) -> Tensor:
    return augment(pixels, side_px, 0).contiguous(memory_format=torch.channels_last)


def _where(down: int, across: int) -> Tensor:
    """How far each place is from the middle, the same to the left and right: places x 4."""
    y, x = ((torch.arange(steps) + 0.5) / steps * 2 - 1 for steps in (down, across))
    y, x = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([y, x.abs(), y.square(), x.square()], -1).reshape(-1, PLACE_NUMBERS)
