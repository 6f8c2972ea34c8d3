"""The `resize` pair: the generator enlarges by repeating pixels and then convolves, the discriminator strides; 3x3 throughout.

Resize-convolution draws no checkerboards (`rivals.networks.scaling`). The pictures are made from maps of at most 8 x 8, in as
many steps as that takes. No normalisation in the discriminator: gradient penalties are then on each row by itself.
"""

from __future__ import annotations

import math
from functools import partial

from torch import Tensor, nn

from rivals.networks.layers import Flatten, Last, Norm, Unflatten, checked_picture, hidden, last
from rivals.networks.scaling import DOWNSAMPLING, UPSAMPLING, Downsample, Upsample, plan

COARSEST = 8  # sides of the smallest maps, at most
WIDEST = 256  # maps, at most: wider ones cost more than they give on small pictures


def stages(shape: tuple[int, int, int]) -> int:
    """How often both sides are halved until the larger is at most 8, or the smaller would come below 2; at least once.

    >>> [stages((1, side, side)) for side in (8, 24, 28, 32, 64)]
    [1, 2, 2, 2, 3]
    >>> stages((1, 8, 64))
    2
    """
    _, *sides = shape
    return max(1, min(math.ceil(math.log2(max(sides) / COARSEST)), math.floor(math.log2(min(sides) / 2))))


class ResizeGenerator(nn.Module):
    """(B, latent) -> FC -> coarse maps -> [x2, 3x3 convolution] a stage -> 3x3 convolution -> (B, C, H, W)."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        latent: int,
        width: int = 64,
        constant: bool = False,
        extra: int = 0,
        norm: Norm = "batch",
        dropout: float = 0.0,
        upsample: Upsample = "resize",
        activation: Last = "tanh",
    ):
        super().__init__()
        checked = checked_picture("resize", shape, smallest=4)
        n = stages(checked)
        sizes = plan(checked, n)[::-1]
        widths = [*(min(width * 2**k, WIDEST) for k in reversed(range(n))), max(1, width // 2)]
        if constant:
            widths = [width] * (n + 1)
        maps = partial(hidden, activation=nn.ReLU, norm=norm, dropout=dropout, extra=extra)
        self.project = nn.Linear(latent, widths[0] * sizes[0][0] * sizes[0][1])
        layers = maps(Unflatten(widths[0], sizes[0]), widths[0])
        for i in range(n):
            layers += maps(UPSAMPLING[upsample](widths[i], widths[i + 1], sizes[i], sizes[i + 1]), widths[i + 1])
        self.body = nn.Sequential(*layers, nn.Conv2d(widths[-1], checked[0], 3, padding=1), *last(activation))

    def forward(self, z: Tensor) -> Tensor:
        x: Tensor = self.body(self.project(z))
        return x


class ResizeDiscriminator(nn.Module):
    """(B, C, H, W) -> 3x3 convolutions of stride 2, widths w, 2w, ... -> FC 2w -> FC -> (B, outputs) logits."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        outputs: int = 1,
        width: int = 64,
        constant: bool = False,
        extra: int = 0,
        norm: Norm = "none",
        dropout: float = 0.0,
        downsample: Downsample = "stride",
    ):
        super().__init__()
        checked = checked_picture("resize", shape, smallest=4)
        n = stages(checked)
        sizes = plan(checked, n)
        widths = [checked[0], *([width] * n if constant else [min(width * 2**k, WIDEST) for k in range(n)])]
        units = width if constant else 2 * width
        layer = partial(hidden, activation=partial(nn.LeakyReLU, 0.2), norm=norm, dropout=dropout, extra=extra)
        layers: list[nn.Module] = []
        for i in range(n):
            down = DOWNSAMPLING[downsample](widths[i], widths[i + 1], sizes[i], sizes[i + 1], kernel=3)
            layers += layer(down, widths[i + 1], bare=i == 0)
        layers += [Flatten(), *layer(nn.Linear(widths[-1] * math.prod(sizes[-1]), units), units)]
        self.body = nn.Sequential(*layers, nn.Linear(units, outputs))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x)
        return logits
