"""Augmentation that the discriminator sees and the generator learns through: for small data.

A discriminator that meets the same few pictures again and again learns them by heart. Shown to it turned, moved and recoloured,
it cannot; and since real and generated pictures are changed alike, on both turns, the changes do not leak into the samples.

Zhao, Liu, Lin, Zhu and Han, 2020, Differentiable Augmentation for Data-Efficient GAN Training,
https://arxiv.org/abs/2006.10738: color, translation and cutout, on every picture (section 3.2 and appendix).

Karras, Aittala, Hellsten, Laine, Lehtinen and Aila, 2020, Training Generative Adversarial Networks with Limited Data,
https://arxiv.org/abs/2006.06676: each transformation of each picture with probability p, which rises where D is overfitting and
falls where it is not (section 3). How surely D calls the training pictures real says which:

    r_t = E sign(D(x)),        p <- p + (step if r_t > 0.6, else -step).

Where we depart from it: the transformations are those of this file down to `rotation`, not its 18; r_t is a running mean over
about four batches, and p moves after each, where the paper moves it four times as far after every fourth; p goes from 0 to 1
within 50,000 pictures, not 500,000, since our trainings are as much shorter; p stays below 0.8, from where on the paper finds
that the changes leak.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate, max_pool2d

from rivals import chance, processes
from rivals.views import View

Transform = Callable[[Tensor], Tensor]  # (B, C, H, W) -> the same, each row by its own draw


class Augment(View):
    """Each transformation on each picture, with probability p."""

    def __init__(self, transforms: Sequence[Transform], *, p: float = 1.0):
        super().__init__()
        self.transforms, self.p = tuple(transforms), p

    def forward(self, x: Tensor, progress: float) -> Tensor:
        return augmented(x, self.transforms, self.p)


class Adaptive(View):
    """Each transformation on each picture, with a probability p that follows how sure D is of the real ones.

    target: of r_t. within: pictures that p takes from 0 to 1. D's logit must be positive for what it calls real."""

    p: Tensor
    r: Tensor

    def __init__(self, transforms: Sequence[Transform], *, target: float = 0.6, within: int = 50_000, limit: float = 0.8):
        super().__init__()
        self.transforms, self.target, self.within, self.limit = tuple(transforms), target, within, limit
        self.register_buffer("p", torch.zeros(()))
        self.register_buffer("r", torch.zeros(()))

    def forward(self, x: Tensor, progress: float) -> Tensor:
        return augmented(x, self.transforms, self.p)

    @torch.no_grad()
    def heed(self, real: Tensor) -> None:
        self.r.lerp_(processes.mean(real.sign().mean()), 0.25)
        step = len(real) * processes.world() / self.within
        self.p.add_(step * (self.r - self.target).sign()).clamp_(0, self.limit)

    def gauges(self) -> dict[str, Tensor]:
        return {"augmented": self.p, "overfitting": self.r}


def augmented(x: Tensor, transforms: Sequence[Transform], p: float | Tensor) -> Tensor:
    for transform in transforms:
        chosen = chance.uniform(len(x), 1, 1, 1, device=x.device) < p
        x = torch.where(chosen, transform(x), x)
    return x


def brightness(x: Tensor) -> Tensor:
    """A shift of all values by -0.5 to 0.5."""
    return x + between(-0.5, 0.5, x)


def saturation(x: Tensor) -> Tensor:
    """Each pixel's colour 0 to 2 times as far from its grey. Grey pictures stay as they are."""
    grey = x.mean(1, keepdim=True)
    return (x - grey) * between(0, 2, x) + grey


def contrast(x: Tensor) -> Tensor:
    """All values 0.5 to 1.5 times as far from the picture's mean."""
    mean = x.mean((1, 2, 3), keepdim=True)
    return (x - mean) * between(0.5, 1.5, x) + mean


def translation(x: Tensor) -> Tensor:
    """A move by up to an eighth of each side, in whole pixels; zeros (mid-grey) come in."""
    for dim in (2, 3):
        most = int(x.shape[dim] / 8 + 0.5)
        x = moved(x, whole(-most, most, x), dim)
    return x


def cutout(x: Tensor) -> Tensor:
    """Zeros in a rectangle of half of each side, whose centre lies anywhere in the picture."""
    hidden = torch.ones((), dtype=torch.bool, device=x.device)
    for dim in (2, 3):
        side = int(x.shape[dim] / 2 + 0.5)
        start = whole(0, x.shape[dim] - side % 2, x) - side // 2
        place = along(torch.arange(x.shape[dim], device=x.device)[None] - start[:, None], dim)
        hidden = hidden & (place >= 0) & (place < side)
    return x * ~hidden


def flip(x: Tensor) -> Tensor:
    """Every second picture mirrored, left to right."""
    return torch.where(between(0, 1, x) < 0.5, x.flip(3), x)


def rotation(x: Tensor) -> Tensor:
    """A turn by 0, 90, 180 or 270 degrees; by 0 or 180 where the sides differ."""
    quarters = (0, 1, 2, 3) if x.shape[2] == x.shape[3] else (0, 2)
    which = whole(0, len(quarters) - 1, x).view(-1, 1, 1, 1)
    turned = x
    for number, quarter in enumerate(quarters[1:], 1):
        turned = torch.where(which == number, x.rot90(quarter, (2, 3)), turned)
    return turned


def affine(x: Tensor) -> Tensor:
    """A turn by up to 15 degrees, a shear by up to 0.3 and a move by up to a twentieth of each side, either way, and each side
    0.86 to 1.16 times as long; between pixels it is linear, and what comes in repeats the edge. Slanted and wide digits become
    upright and narrow ones: what is left is the shape.

    The turn comes last: (x, y) -> R(turn) [[1, shear], [0, 1]] diag(width, height) (x, y) + move is where each pixel is taken
    from, with (0, 0) the centre of the picture and (1, 1) a corner."""
    turn, shear, across, down, right, below = (
        between(-most, most, x).flatten() for most in (math.radians(15), 0.3, 0.15, 0.15, 0.1, 0.1)
    )
    cos, sin, width, height = turn.cos(), turn.sin(), across.exp(), down.exp()
    rows = [width * cos, height * (shear * cos - sin), right, width * sin, height * (shear * sin + cos), below]
    wide = torch.promote_types(x.dtype, torch.float32)  # places between pixels would be lost in bf16
    grid = affine_grid(torch.stack(rows, 1).view(-1, 2, 3).to(wide), list(x.shape), align_corners=False)
    return grid_sample(x.to(wide), grid, padding_mode="border", align_corners=False)


def thickness(x: Tensor) -> Tensor:
    """Each pixel up to two fifths of the way to the brightest, or to the darkest, of the nine around it: strokes thicker or
    thinner."""
    by = between(-0.4, 0.4, x)
    brightest, darkest = max_pool2d(x, 3, 1, 1), -max_pool2d(-x, 3, 1, 1)
    return x + by.clamp(min=0) * (brightest - x) - by.clamp(max=0) * (darkest - x)


def warp(x: Tensor) -> Tensor:
    """Each pixel taken from a little way off, N(0, 1/40 of each side) at 4 x 4 places and smooth between them."""
    wide = torch.promote_types(x.dtype, torch.float32)
    still = torch.eye(2, 3, device=x.device, dtype=wide).expand(len(x), 2, 3)
    off = 0.05 * chance.normal(len(x), 2, 4, 4, device=x.device)  # (-1, 1) is the picture: a side is 2
    off = interpolate(off, size=x.shape[2:], mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    grid = affine_grid(still, list(x.shape), align_corners=False) + off
    return grid_sample(x.to(wide), grid, padding_mode="border", align_corners=False)


def moved(x: Tensor, by: Tensor, dim: int) -> Tensor:
    """(B, C, H, W) by (B,) pixels along a side; zeros come in."""
    size = x.shape[dim]
    source = along(torch.arange(size, device=x.device)[None] - by[:, None], dim)
    return x.gather(dim, source.clamp(0, size - 1).expand_as(x)) * ((source >= 0) & (source < size))


def along(numbers: Tensor, dim: int) -> Tensor:
    """(B, size) -> (B, 1, size, 1) for the rows of a picture (dim 2), (B, 1, 1, size) for its columns (dim 3)."""
    return numbers[:, None, :, None] if dim == 2 else numbers[:, None, None, :]


def between(low: float, high: float, x: Tensor) -> Tensor:
    """(B, 1, 1, 1): a number in [low, high) for each row of x."""
    return low + (high - low) * chance.uniform(len(x), 1, 1, 1, device=x.device)


def whole(low: int, high: int, x: Tensor) -> Tensor:
    """(B,) int64: one of low, ..., high for each row of x."""
    return low + (chance.uniform(len(x), device=x.device) * (high - low + 1)).long()


POLICIES: dict[str, tuple[Transform, ...]] = {
    "color": (brightness, saturation, contrast),
    "translation": (translation,),
    "cutout": (cutout,),
    "flip": (flip,),
    "rotation": (rotation,),
    "affine": (affine,),
    "thickness": (thickness,),
    "warp": (warp,),
}
