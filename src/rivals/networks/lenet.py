"""A small network that reads features: two stages of convolution and pooling, as LeNet-5 has them (LeCun et al., 1998), in the
widths of Ganin et al., 2016, figure 4a."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from rivals.networks.layers import Flatten, checked_picture, hidden

PADDED = 16  # pixels of a side: below it the borders are padded, else nothing would be left of the maps


class Features(nn.Module):
    """(B, *shape) -> (B, features), rectified. Pictures: 5x5 convolutions to w and 3/2 w maps, each with its maxima over 2x2;
    vectors: two layers of 4 w units."""

    def __init__(self, shape: tuple[int, ...], *, width: int = 32):
        super().__init__()
        build = convolutions if len(shape) == 3 else layers
        self.body, self.features = build(shape, width)

    def forward(self, x: Tensor) -> Tensor:
        f: Tensor = self.body(x)
        return f


def convolutions(shape: tuple[int, ...], width: int) -> tuple[nn.Module, int]:
    """The network, and how many features it gives: 48 x 4 x 4 of 28 x 28 pixels at width 32."""
    channels, *sides = checked_picture("lenet", shape, smallest=4)
    padding = 0 if min(sides) >= PADDED else 2
    widths = (channels, width, 3 * width // 2)
    found: list[nn.Module] = []
    for wide_in, wide in pairwise(widths):
        # the maximum before ReLU: the same, with a quarter of the work
        found += [nn.Conv2d(wide_in, wide, 5, padding=padding), nn.MaxPool2d(2), nn.ReLU()]
        sides = [(side - 4 + 2 * padding) // 2 for side in sides]
    return nn.Sequential(*found, Flatten()), widths[-1] * math.prod(sides)


def layers(shape: tuple[int, ...], width: int) -> tuple[nn.Module, int]:
    made = partial(hidden, width=4 * width, activation=nn.ReLU, norm="none", dropout=0.0)
    return nn.Sequential(*made(nn.Linear(shape[0], 4 * width)), *made(nn.Linear(4 * width, 4 * width))), 4 * width
