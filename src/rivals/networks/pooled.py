"""A classifier of pictures that pools: small convolutions and the largest of each 2x2 block, which forgets where in the block
it was. From few labels it learns more than a strided discriminator of its size does. After the classifier of Triple-GAN's MNIST
experiments (https://github.com/zhenxuan00/triple-gan), with a hidden layer in the place of the mean over all places, and layer
norm in that of batch norm: labelled, unlabelled and generated rows come in batches of their own kind, and no statistics of one
kind are right for another."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from rivals.networks.layers import Flatten, Norm, checked_picture, dropped, hidden


class PooledClassifier(nn.Module):
    """(B, C, H, W) -> 5x5 w, pool, 3x3 2w, 3x3 2w, pool, 3x3 4w, FC 8w -> (B, outputs) logits; dropout after each pool."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        outputs: int,
        width: int = 16,
        norm: Norm = "layer",
        dropout: float = 0.1,
    ):
        super().__init__()
        channels, *sides = checked_picture("pooled", shape, smallest=4)
        layer = partial(hidden, activation=partial(nn.LeakyReLU, 0.1), norm=norm, dropout=0.0)
        layers: list[nn.Module] = []
        for widths, kernel in (((channels, width), 5), ((width, 2 * width, 2 * width), 3)):
            for wide_in, wide in pairwise(widths):
                layers += layer(nn.Conv2d(wide_in, wide, kernel, padding=kernel // 2), wide)
            layers += [nn.MaxPool2d(2, ceil_mode=True), *dropped(dropout)]
        layers += layer(nn.Conv2d(2 * width, 4 * width, 3, padding=1), 4 * width)
        left = math.prod(-(-side // 4) for side in sides)  # rounded up twice
        layers += [Flatten(), *layer(nn.Linear(4 * width * left, 8 * width), 8 * width)]
        self.body = nn.Sequential(*layers, nn.Linear(8 * width, outputs))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x)
        return logits
