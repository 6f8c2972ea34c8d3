"""Fully-connected pairs, for vectors and pictures: `simple`, two layers as in a lecture project, and `mlp`, deeper."""

from __future__ import annotations

import math

from torch import Tensor, nn

from rivals.networks.layers import Last, Norm, dropped, last, normalised


class MLPGenerator(nn.Module):
    """(B, latent) -> (B, *shape)."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        latent: int,
        width: int = 256,
        depth: int = 2,
        norm: Norm = "none",
        dropout: float = 0.0,
        activation: Last = "tanh",
    ):
        super().__init__()
        self.shape = shape
        self.body = nn.Sequential(
            *hidden(latent, width, depth, nn.ReLU(), norm, dropout),
            nn.Linear(width, math.prod(shape)),
            *last(activation),
        )

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
        leak: float = 0.2,
        norm: Norm = "none",
        dropout: float = 0.0,
    ):
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(),
            *hidden(math.prod(shape), width, depth, nn.LeakyReLU(leak), norm, dropout),
            nn.Linear(width, outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x)
        return logits


def hidden(inputs: int, width: int, depth: int, activation: nn.Module, norm: Norm, dropout: float) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Linear(width if i else inputs, width), *normalised(norm, width, maps=False), activation]
        layers += dropped(dropout)
    return layers
