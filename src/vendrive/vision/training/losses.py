"""What is learned: vectors of one model close, of two apart; and, beside it, model, make and body by features."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from vendrive.vision.training.layers import FEATURES
from vendrive.vision.training.net import Seen
from vendrive.vision.training.recipe import Recipe
from vendrive.vision.training.split import Labelled


class Labels:
    """Models, makes and bodies of photos as numbers: a column of each, N x 3."""

    def __init__(self, photos: Sequence[Labelled]) -> None:
        rows = [(photo.name, photo.make, photo.body) for photo in photos]
        self.kinds = [sorted({row[column] for row in rows}) for column in range(3)]
        self.numbers = torch.tensor([[self.kinds[at].index(value) for at, value in enumerate(row)] for row in rows])


class Loss(nn.Module):
    """The weighted sum that a recipe asks for; holds the proxies and the side heads, which only training needs."""

    def __init__(self, recipe: Recipe, labels: Labels) -> None:
        super().__init__()
        self.recipe = recipe
        self.proxies = nn.Parameter(functional.normalize(torch.randn(len(labels.kinds[0]), recipe.dimensions)))
        self.sides = nn.ModuleList(nn.Linear(FEATURES, len(kind)) for kind in labels.kinds)

    def forward(self, seen: Seen, numbers: Tensor) -> Tensor:
        models = numbers[:, 0]
        vectors, recipe = seen.vectors.float(), self.recipe
        cosines = vectors @ functional.normalize(self.proxies).T
        total = torch.zeros((), device=vectors.device)
        if recipe.softmax:
            total = total + recipe.softmax * _softmax(cosines, models, recipe.scale, recipe.margin)
        if recipe.anchor:
            total = total + recipe.anchor * _anchor(cosines, models)
        if recipe.pairs:
            total = total + recipe.pairs * _contrast(vectors, models)
        for column, head in enumerate(self.sides):
            wrong = functional.cross_entropy(head(seen.features.float()), numbers[:, column], label_smoothing=0.1)
            total = total + recipe.side * wrong
        return total


def _softmax(cosines: Tensor, models: Tensor, scale: float, margin: float) -> Tensor:
    """Normalised softmax over proxies (Zhai and Wu, 2019) with an additive margin (CosFace, 2018)."""
    own = functional.one_hot(models, cosines.shape[1])
    return functional.cross_entropy(scale * (cosines - margin * own), models, label_smoothing=0.05)


def _anchor(cosines: Tensor, models: Tensor, scale: float = 32.0, margin: float = 0.1) -> Tensor:
    """Proxy anchor (Kim et al., CVPR 2020): every proxy of the batch against all its photos."""
    own = functional.one_hot(models, cosines.shape[1]).bool()
    none = torch.full_like(cosines, -1e4)
    near = torch.where(own, -scale * (cosines - margin), none)
    far = torch.where(own, none, scale * (cosines + margin))
    zero = torch.zeros(1, cosines.shape[1], device=cosines.device)
    near, far = torch.cat([near, zero]).logsumexp(0), torch.cat([far, zero]).logsumexp(0)
    present = own.any(0)
    return near[present].sum() / present.sum() + far.mean()


def _contrast(vectors: Tensor, models: Tensor, temperature: float = 0.08) -> Tensor:
    """Supervised contrastive loss (Khosla et al., 2020) among the photos of the batch."""
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    scores = (vectors @ vectors.T / temperature).masked_fill(itself, -1e4)
    logged = scores - scores.logsumexp(1, keepdim=True)
    alike = (models[:, None] == models[None, :]) & ~itself
    counts = alike.sum(1)
    means = (logged * alike).sum(1) / counts.clamp(min=1)
    # A photo that is alone of its model in the batch has nothing to be close to.
    return -means.sum() / (counts > 0).sum().clamp(min=1)
