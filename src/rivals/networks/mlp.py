"""Fully-connected pairs, for vectors and pictures: `simple`, two layers as in a lecture project, and `mlp`, deeper."""

from __future__ import annotations

import math
from functools import partial

from torch import Tensor, nn

from rivals.networks.layers import Last, Norm, hidden, last


class MLPGenerator(nn.Module):
    """(B, latent) -> (B, *shape)."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        latent: int,
        width: int = 256,
        depth: int = 2,
        extra: int = 0,
        norm: Norm = "none",
        dropout: float = 0.0,
        activation: Last = "tanh",
    ):
        super().__init__()
        self.shape = shape
        layers: list[nn.Module] = []
        for inputs in [latent, *[width] * (depth - 1)]:
            layers += hidden(nn.Linear(inputs, width), width, activation=nn.ReLU, norm=norm, dropout=dropout, extra=extra)
        self.body = nn.Sequential(*layers, nn.Linear(width, math.prod(shape)), *last(activation))

    def forward(self, z: Tensor) -> Tensor:
        x: Tensor = self.body(z)
        return x.view(-1, *self.shape)


class MLPDiscriminator(nn.Module):
    """(B, *shape) -> (B, outputs) logits."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        outputs: int = 1,
        width: int = 256,
        depth: int = 2,
        extra: int = 0,
        leak: float = 0.2,
        norm: Norm = "none",
        dropout: float = 0.0,
    ):
        super().__init__()
        leaky = partial(nn.LeakyReLU, leak)
        layers: list[nn.Module] = []
        for inputs in [math.prod(shape), *[width] * (depth - 1)]:
            layers += hidden(nn.Linear(inputs, width), width, activation=leaky, norm=norm, dropout=dropout, extra=extra)
        self.body = nn.Sequential(nn.Flatten(), *layers, nn.Linear(width, outputs))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x)
        return logits
