"""Pictures changed on their way: from any pictures, the pairs that a translation can learn from.

`CHANGES` by name: what a picture loses, so that it may be given back. Values are rounded to the 8 bits that a file would hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from rivals.data.core import Batch, Dataset, bytes_from_pictures, pictures_from_bytes
from rivals.errors import UserError

Change = Callable[[Tensor], Tensor]  # (B, C, H, W) in [-1, 1] -> (B, C', H', W')
LINE = 0.25  # of the step from black to white: a steeper change of brightness is an edge
SIGMA = 1 / 16  # of the shorter side, of the blur
TIMES = 4  # that a side is made shorter
STROKES = 4  # of a brush, in a picture


def grey(x: Tensor) -> Tensor:
    """(B, 1, H, W): the brightness, weighted as in ITU-R BT.601."""
    return x if x.shape[1] == 1 else (x[:, :3] * x.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)


def edges(x: Tensor) -> Tensor:
    """(B, 1, H, W): black lines on white where Sobel's gradient of the brightness is steep."""
    sobel = x.new_tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]) / 8
    slopes = conv2d(pad(grey(x), (1, 1, 1, 1), mode="replicate"), torch.stack([sobel, sobel.T])[:, None])
    return torch.where(slopes.square().sum(1, keepdim=True).sqrt() > LINE, -1.0, 1.0)


def blur(x: Tensor) -> Tensor:
    """By a Gaussian whose standard deviation is a sixteenth of the shorter side."""
    sigma = SIGMA * min(x.shape[2:])
    reach = min(int(3 * sigma + 0.5), min(x.shape[2:]) - 1)
    weights = torch.exp(-torch.arange(-reach, reach + 1, device=x.device).square() / (2 * sigma**2))
    line = (weights / weights.sum()).expand(x.shape[1], 1, 1, -1)
    x = conv2d(pad(x, (reach, reach, 0, 0), mode="reflect"), line, groups=x.shape[1])
    return conv2d(pad(x, (0, 0, reach, reach), mode="reflect"), line.transpose(2, 3), groups=x.shape[1])


def mask(x: Tensor) -> Tensor:
    """Mid-grey in the middle, half of each side."""
    return x * (1 - centre(x))


def downscale(x: Tensor) -> Tensor:
    """A quarter of each side, and back by bicubic interpolation: the details are gone, the size is not."""
    return interpolate(shrunk(x, times=TIMES), size=x.shape[2:], mode="bicubic").clamp(-1, 1)


def shrunk(x: Tensor, *, times: int) -> Tensor:
    """Sides a whole number of times as short, by bicubic interpolation without aliases."""
    return interpolate(x, scale_factor=1 / times, mode="bicubic", antialias=True).clamp(-1, 1)


def half(x: Tensor, *, right: bool) -> Tensor:
    """The left or the right half of pictures that stand side by side."""
    width = x.shape[3] // 2
    return x[:, :, :, width:] if right else x[:, :, :, :width]


CHANGES: dict[str, Change] = {"edges": edges, "grey": grey, "blur": blur, "mask": mask, "downscale": downscale}
SIDES: dict[str, Change] = {"left": partial(half, right=False), "right": partial(half, right=True)}


def centre(x: Tensor) -> Tensor:
    """(B, 1, H, W): 1 in the middle, half of each side, else 0."""
    holes = torch.zeros_like(x[:, :1])
    height, width = x.shape[2:]
    holes[:, :, height // 4 : height - height // 4, width // 4 : width - width // 4] = 1
    return holes


def strokes(draw: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, K, 5) numbers in [0, 1) -> (B, 1, H, W): 1 where one of K strokes of a brush went, a tenth to a quarter of a side
    wide, from one point to another."""
    rows, columns = (torch.linspace(0, 1, side, device=draw.device) for side in size)
    places = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1).view(1, 1, -1, 2)
    start, end, wide = draw[:, :, None, :2], draw[:, :, None, 2:4], draw[:, :, 4:]
    way = end - start
    along = ((places - start) * way).sum(-1, keepdim=True) / way.square().sum(-1, keepdim=True).clamp(min=1e-6)
    away = (places - start - along.clamp(0, 1) * way).square().sum(-1).sqrt()
    return (away < 0.05 + 0.075 * wide).any(1).float().view(-1, 1, *size)


def free(x: Tensor) -> Tensor:
    """(B, 1, H, W): strokes that depend on the picture alone."""
    made = torch.Generator().manual_seed(5)
    ways = torch.randn(x[0].numel(), 5 * STROKES, generator=made).to(x.device)
    draw = (x.flatten(1).float() @ ways).mul(17.0).frac().abs()
    return strokes(draw.view(-1, STROKES, 5), (x.shape[2], x.shape[3]))


def holed(x: Tensor, holes: Tensor) -> Tensor:
    """(B, C, H, W) and (B, 1, H, W), 1 in the holes -> (B, C + 1, H, W): mid-grey there, and as a last channel -1 there and 1
    elsewhere, as transparency is."""
    return torch.cat([x * (1 - holes), 1 - 2 * holes], 1)


HOLES: dict[str, Change] = {
    "hole in the middle": lambda x: holed(x, centre(x)),
    "strokes": lambda x: holed(x, free(x)),
}
SMALLER: dict[str, Change] = {f"{times} times smaller": partial(shrunk, times=times) for times in (2, 4)}
EVERY = {**CHANGES, **SIDES, **SMALLER, **HOLES}


def shape_after(change: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """(C, H, W) of a picture that was changed."""
    if change in SIDES and shape[2] % 2:
        raise UserError(f"--pair {change} takes pictures of two halves, these are {shape[2]} wide: pass --size HEIGHT WIDTH")
    with torch.device("cpu"):
        return tuple(EVERY[change](torch.zeros(1, *shape)).shape[1:])


class Changed(Dataset):
    """The rows of `whole`, each changed. classes and attributes stay as they are."""

    def __init__(self, whole: Dataset, change: str):
        self.whole, self.change = whole, EVERY[change]
        if not whole.facts.pictures:
            raise UserError(f"--pair {change} changes pictures, the rows of '{whole.name}' are vectors")
        self.name, self.notes = f"{change} half" if change in SIDES else change, whole.notes
        self.class_names, self.attribute_names = whole.class_names, whole.attribute_names
        self.facts = replace(whole.facts, shape=shape_after(change, whole.facts.shape))
        self.fingerprint = f"{whole.fingerprint} {change}"

    def rows(self, numbers: Tensor, device: torch.device) -> Batch:
        return self.changed(self.whole.rows(numbers, device))

    def changed(self, batch: Batch) -> Batch:
        return batch._replace(x=pictures_from_bytes(bytes_from_pictures(self.change(batch.x))))
