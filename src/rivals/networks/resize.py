"""The `resize` pair: the generator enlarges by repeating pixels and then convolves, the discriminator strides; 3x3 throughout.

A transposed convolution covers its output unevenly and draws checkerboards that it must unlearn; resize-convolution cannot
(Odena, Dumoulin and Olah, 2016, Deconvolution and Checkerboard Artifacts, https://distill.pub/2016/deconv-checkerboard). The
pictures are made from maps of at most 8 x 8, in as many steps as that takes. No normalisation in the discriminator: gradient
penalties are then on each row by itself.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv_transpose2d

from rivals.networks.layers import (
    Downconv,
    Flatten,
    Last,
    Norm,
    Size,
    Unflatten,
    checked_picture,
    dropped,
    last,
    normalised,
    plan,
)

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


class ResizeConv(nn.Conv2d):
    """Each pixel doubled to the right and downwards, a 3x3 convolution of that, cut to `size` (twice the size, or one less).

    It is computed as the 4x4 transposed convolution of stride 2 that it equals, without ever forming the doubled maps: an
    output pixel then sums 4 products a channel instead of 9. Along one side, with weights w0 w1 w2,

        y[2i] = w0 x[i-1] + (w1 + w2) x[i]        y[2i+1] = (w0 + w1) x[i] + w2 x[i+1],

    which is the transposed convolution by [w2, w1 + w2, w0 + w1, w0].
    """

    def __init__(self, channels_in: int, channels_out: int, size: Size):
        super().__init__(channels_in, channels_out, 3)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        weight = doubled(doubled(self.weight, dim=2), dim=3).transpose(0, 1)
        y = conv_transpose2d(x, weight, self.bias, stride=2, padding=1)
        return y[:, :, : self.size[0], : self.size[1]]


def doubled(weight: Tensor, *, dim: int) -> Tensor:
    """[w0, w1, w2] -> [w2, w1 + w2, w0 + w1, w0] along a dimension."""
    w0, w1, w2 = weight.unbind(dim)
    return torch.stack([w2, w1 + w2, w0 + w1, w0], dim)


class ResizeGenerator(nn.Module):
    """(B, latent) -> FC -> coarse maps -> [x2, 3x3 convolution] a stage -> 3x3 convolution -> (B, C, H, W)."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        latent: int,
        width: int = 64,
        norm: Norm = "batch",
        dropout: float = 0.0,
        activation: Last = "tanh",
    ):
        super().__init__()
        checked = checked_picture("resize", shape, smallest=4)
        n = stages(checked)
        sizes = plan(checked, n)[::-1]
        widths = [*(min(width * 2**k, WIDEST) for k in reversed(range(n))), max(1, width // 2)]
        self.project = nn.Linear(latent, widths[0] * sizes[0][0] * sizes[0][1])
        layers = [Unflatten(widths[0], sizes[0]), *normalised(norm, widths[0], maps=True), nn.ReLU(), *dropped(dropout)]
        for i, size in enumerate(sizes[1:]):
            layers += [ResizeConv(widths[i], widths[i + 1], size)]
            layers += [*normalised(norm, widths[i + 1], maps=True), nn.ReLU(), *dropped(dropout)]
        self.body = nn.Sequential(*layers, nn.Conv2d(widths[-1], checked[0], 3, padding=1), *last(activation))

    def forward(self, z: Tensor) -> Tensor:
        x: Tensor = self.body(self.project(z))
        return x


class ResizeDiscriminator(nn.Module):
    """(B, C, H, W) -> 3x3 convolutions of stride 2, widths w, 2w, ... -> FC 2w -> FC -> (B, outputs) logits."""

    def __init__(self, shape: tuple[int, ...], *, outputs: int = 1, width: int = 64, norm: Norm = "none", dropout: float = 0.0):
        super().__init__()
        checked = checked_picture("resize", shape, smallest=4)
        n = stages(checked)
        sizes = plan(checked, n)
        widths = [checked[0], *(min(width * 2**k, WIDEST) for k in range(n))]
        layers: list[nn.Module] = []
        for i in range(n):
            layers += [Downconv(widths[i], widths[i + 1], sizes[i], sizes[i + 1], kernel=3)]
            layers += [*(normalised(norm, widths[i + 1], maps=True) if i else []), nn.LeakyReLU(0.2), *dropped(dropout)]
        layers += [Flatten(), nn.Linear(widths[-1] * math.prod(sizes[-1]), 2 * width)]
        layers += [*normalised(norm, 2 * width, maps=False), nn.LeakyReLU(0.2), *dropped(dropout)]
        self.body = nn.Sequential(*layers, nn.Linear(2 * width, outputs))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x)
        return logits
