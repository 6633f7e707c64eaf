"""What happens to a batch of photos before it is learned from, on whatever device holds them.

Paint must not matter (hue, channels in another order, grey), nor light, sharpness, side, or where the car stands.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

# RGB to luma and two axes of colour (YIQ); hue is a turn of the two axes.
_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]], dtype=np.float32)
_RGB = np.linalg.inv(_YIQ)


def augment(photos: Tensor, side_px: int, strength: float) -> Tensor:
    """From N x 3 x H x W, 0 to 255, to N x 3 x side x side, -1 to 1. `strength` from 0 (none) to 1."""
    x = photos.float() / 255
    if strength == 0:
        return functional.interpolate(x, (side_px, side_px), mode="bilinear", antialias=True) * 2 - 1
    x = placed(x, side_px, strength)
    x = _coloured(x, strength)
    x = _blurred(x, 0.2 * strength)
    x = erased(x, 0.4 * strength)
    return x * 2 - 1


def _chosen(x: Tensor, share: float) -> Tensor:
    return torch.rand(len(x), device=x.device) < share


def _uniform(x: Tensor, low: float, high: float) -> Tensor:
    return torch.empty(len(x), device=x.device).uniform_(low, high)


def placed(x: Tensor, side_px: int, strength: float) -> Tensor:
    """A random part of the photo (sometimes more than it), turned a little, in perspective, mirrored. N x 3 x H x W."""
    area, aspect = _uniform(x, 1 - 0.65 * strength, 1.15), torch.exp(_uniform(x, -0.25, 0.25) * strength)
    wide, high = (area * aspect).sqrt(), (area / aspect).sqrt()
    across = _uniform(x, -1, 1) * (1 - wide).abs()
    down = _uniform(x, -1, 1) * (1 - high).abs()
    turn = _uniform(x, -0.12, 0.12) * strength
    mirror = torch.where(_chosen(x, 0.5), -1.0, 1.0)
    zero = torch.zeros_like(turn)
    rows = [
        torch.stack([wide * mirror * turn.cos(), -high * turn.sin(), across], 1),
        torch.stack([wide * mirror * turn.sin(), high * turn.cos(), down], 1),
        torch.stack([_uniform(x, -0.15, 0.15) * strength, _uniform(x, -0.1, 0.1) * strength, zero + 1], 1),
    ]
    ticks = torch.linspace(-1, 1, side_px, device=x.device)
    ys, xs = torch.meshgrid(ticks, ticks, indexing="ij")
    points = torch.stack([xs, ys, torch.ones_like(xs)], -1).view(1, -1, 3)
    moved = points @ torch.stack(rows, 1).transpose(1, 2)
    grid = (moved[..., :2] / moved[..., 2:]).view(len(x), side_px, side_px, 2)
    return functional.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _coloured(x: Tensor, strength: float) -> Tensor:
    to, back = torch.from_numpy(_YIQ).to(x.device), torch.from_numpy(_RGB).to(x.device)
    hue = torch.where(_chosen(x, 0.8 * strength), _uniform(x, -torch.pi, torch.pi), _uniform(x, -0.2, 0.2))
    saturation = torch.where(_chosen(x, 0.15 * strength), 0.0, _uniform(x, 1 - 0.6 * strength, 1 + 0.6 * strength))
    turn = torch.zeros(len(x), 3, 3, device=x.device)
    turn[:, 0, 0] = 1
    turn[:, 1, 1] = turn[:, 2, 2] = saturation * hue.cos()
    turn[:, 1, 2], turn[:, 2, 1] = -saturation * hue.sin(), saturation * hue.sin()
    matrix = back @ turn @ to
    # Red and blue change places in half of them; the shared photos came with the two exchanged (docs/vision.md).
    matrix = torch.where(_chosen(x, 0.5 if strength else 0.0)[:, None, None], matrix.flip(2), matrix)
    x = torch.einsum("nij,njhw->nihw", matrix, x)
    contrast, light = _uniform(x, 1 - 0.4 * strength, 1 + 0.4 * strength), _uniform(x, -0.25, 0.25) * strength
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * contrast[:, None, None, None] + mean + light[:, None, None, None]
    return torch.where(_chosen(x, 0.05 * strength)[:, None, None, None], 1 - x, x).clamp(0, 1)


def _blurred(x: Tensor, share: float) -> Tensor:
    sigma = float(torch.empty(1).uniform_(0.6, 2.2))
    ticks = torch.arange(-4, 5, device=x.device, dtype=x.dtype)
    kernel = torch.exp(-(ticks**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).expand(3, 1, 1, 9)
    soft = functional.conv2d(x, kernel, padding=(0, 4), groups=3)
    soft = functional.conv2d(soft, kernel.transpose(2, 3), padding=(4, 0), groups=3)
    return torch.where(_chosen(x, share)[:, None, None, None], soft, x)


def erased(x: Tensor, share: float) -> Tensor:
    """A plain rectangle over a part of some photos, 0 to 1: a lamp post, a person, another car."""
    high, wide = x.shape[2:]
    height, width = _uniform(x, 0.1, 0.45) * high, _uniform(x, 0.1, 0.45) * wide
    top, left = _uniform(x, 0, 1) * (high - height), _uniform(x, 0, 1) * (wide - width)
    rows = torch.arange(high, device=x.device)[None, :, None]
    columns = torch.arange(wide, device=x.device)[None, None, :]
    inside = (rows >= top[:, None, None]) & (rows < (top + height)[:, None, None])
    inside = inside & (columns >= left[:, None, None]) & (columns < (left + width)[:, None, None])
    inside = inside & _chosen(x, share)[:, None, None]
    colour = torch.rand(len(x), 3, 1, 1, device=x.device)
    return torch.where(inside[:, None], colour, x)
