"""Views: what stands between a thing and the discriminator that judges it.

A view is shown real and generated things alike, on both players' turns, with draws of its own each time; on the generator's
turn its gradient passes through. What it remembers is a buffer. Pictures turned and recoloured are in `rivals.augmentation`;
this file holds the two views that do for any data.

Packing: Lin, Khetan, Fanti and Oh, 2018, PacGAN: The power of two samples in generative adversarial networks,
https://arxiv.org/abs/1712.04086. The discriminator judges m things of one kind as one, laid one behind another along the
channels, D(x_1, ..., x_m), and so sees that a generator repeats itself. We take them from one batch of B rows, pack i from the
rows i, i + B/m, i + 2B/m ..., so that D judges B/m packs, where the paper draws m batches. Several processes pack their own.

Instance noise: Sønderby et al., 2016, Amortised MAP Inference for Image Super-resolution, https://arxiv.org/abs/1610.04490;
Arjovsky and Bottou, 2017, Towards Principled Methods for Training Generative Adversarial Networks, section 3,
https://arxiv.org/abs/1701.04862. Both sides get x + N(0, sigma^2): their distributions overlap however thin they are, and the
discriminator cannot be sure. sigma falls linearly to 0 over the training.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn

from rivals import chance
from rivals.errors import UserError


class View(nn.Module, ABC):
    """(B, *shape) -> (B', *shape'): what the discriminator is shown."""

    @abstractmethod
    def forward(self, x: Tensor, progress: float) -> Tensor:
        """x: real or generated things. progress: share of the training done, in [0, 1]."""

    def heed(self, real: Tensor) -> None:
        """Called on the discriminator's turn with its logits of what it was shown as real, (B', 1)."""

    def gauges(self) -> dict[str, Tensor]:
        """As `Game.gauges`."""
        return {}


class Views(nn.ModuleList):
    """Views one after another."""

    def __iter__(self) -> Iterator[View]:
        return cast(Iterator[View], super().__iter__())

    def forward(self, x: Tensor, progress: float) -> Tensor:
        for view in self:
            x = view(x, progress)
        return x

    def heed(self, real: Tensor) -> None:
        for view in self:
            view.heed(real)

    def gauges(self) -> dict[str, Tensor]:
        return {name: value for view in self for name, value in view.gauges().items()}


class InstanceNoise(View):
    """x + sigma (1 - progress) N(0, 1), each number its own."""

    def __init__(self, sigma: float):
        super().__init__()
        self.sigma = sigma

    def forward(self, x: Tensor, progress: float) -> Tensor:
        return x + self.sigma * (1 - progress) * chance.normal(*x.shape, device=x.device)


class Pack(View):
    """(B, C, ...) -> (B / m, m C, ...). `UserError` where m does not divide B."""

    def __init__(self, m: int):
        super().__init__()
        self.m = m

    def forward(self, x: Tensor, progress: float) -> Tensor:
        if len(x) % self.m:
            fit = max(1, len(x) // self.m) * self.m
            raise UserError(f"a batch of {len(x)} rows makes no packs of {self.m}: choose a multiple, as {fit}")
        return torch.cat(x.chunk(self.m), dim=1)  # chunks, not neighbours: rows of one of several trials stay together


def together(game: nn.Module) -> int:
    """How many things the discriminator of a game judges as one; 1: each by itself."""
    return next((module.m for module in game.modules() if isinstance(module, Pack)), 1)
