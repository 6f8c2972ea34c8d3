"""Discriminators that are shown something beside the thing, a condition or a latent: (B, *shape), (B, K) -> (B, outputs).

K numbers say what was asked for, a class as one-hot, attributes as zeros and ones. A generator needs nothing of this file: its
condition is a part of its latents.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

Builder = Callable[..., nn.Module]  # (shape, outputs=...) -> (B, *shape) -> (B, outputs)


class Concatenated(nn.Module):
    """The condition as further channels, each number spread over a whole map; of vectors, as further numbers. Mirza and
    Osindero, 2014, https://arxiv.org/abs/1411.1784"""

    def __init__(self, build: Builder, shape: tuple[int, ...], conditions: int, *, outputs: int = 1):
        super().__init__()
        self.body = build((shape[0] + conditions, *shape[1:]), outputs=outputs)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        spread = c.to(x.dtype).view(*c.shape, *[1] * (x.dim() - 2)).expand(-1, -1, *x.shape[2:])
        logits: Tensor = self.body(torch.cat([x, spread], 1))
        return logits


class Embedded(nn.Module):
    """The condition as one more channel, which is learnt; of vectors, as further numbers of the same count."""

    def __init__(self, build: Builder, shape: tuple[int, ...], conditions: int, *, outputs: int = 1):
        super().__init__()
        self.map = (1, *shape[1:]) if len(shape) > 1 else shape
        self.embed = nn.Linear(conditions, math.prod(self.map))
        self.body = build((shape[0] + self.map[0], *shape[1:]), outputs=outputs)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        logits: Tensor = self.body(torch.cat([x, self.embed(c.to(x.dtype)).view(-1, *self.map).to(x.dtype)], 1))
        return logits


class Projection(nn.Module):
    """psi(phi(x)) + <E c, phi(x)>: how real, and how much like what was asked for. Miyato and Koyama, 2018, cGANs with
    Projection Discriminator, eq. 4, https://arxiv.org/abs/1802.05637"""

    def __init__(self, build: Builder, shape: tuple[int, ...], conditions: int, *, outputs: int = 1, features: int = 256):
        super().__init__()
        self.phi = build(shape, outputs=features)
        self.activation = nn.LeakyReLU(0.2)
        self.psi = nn.Linear(features, outputs)
        self.E = nn.Linear(conditions, features, bias=False)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        f = self.activation(self.phi(x))
        logits: Tensor = self.psi(f) + (self.E(c.to(f.dtype)) * f).sum(1, keepdim=True)
        return logits


class TwoScores(nn.Module):
    """How real x is, which does not see the condition, and how well x and c match: (B, 2). The second of the two architectures
    that H. Lee's lectures compare; StackGAN++ (Zhang et al., 2018, https://arxiv.org/abs/1710.10916) has it too."""

    def __init__(self, build: Builder, shape: tuple[int, ...], conditions: int, *, features: int = 256):
        super().__init__()
        self.trunk = build(shape, outputs=features)
        self.activation = nn.LeakyReLU(0.2)
        self.real = nn.Linear(features, 1)
        self.match = nn.Sequential(nn.Linear(features + conditions, features), nn.LeakyReLU(0.2), nn.Linear(features, 1))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        f = self.activation(self.trunk(x))
        return torch.cat([self.real(f), self.match(torch.cat([f, c.to(f.dtype)], 1))], 1)


class Untold(nn.Module):
    """The failure that lectures warn of: a discriminator that is not told the condition, so that the generator ignores it."""

    def __init__(self, build: Builder, shape: tuple[int, ...], conditions: int, *, outputs: int = 1):
        super().__init__()
        self.body = build(shape, outputs=outputs)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        logits: Tensor = self.body(x)
        return logits


class Joint(nn.Module):
    """A thing and a latent, each through layers of its own and then together: (B, *shape), (B, latent) -> (B, 1)."""

    def __init__(self, build: Builder, shape: tuple[int, ...], latent: int, *, features: int = 256):
        super().__init__()
        self.of_x = build(shape, outputs=features)
        self.of_z = nn.Sequential(nn.Linear(latent, features), nn.LeakyReLU(0.2), nn.Linear(features, features))
        self.together = nn.Sequential(
            nn.LeakyReLU(0.2), nn.Linear(2 * features, features), nn.LeakyReLU(0.2), nn.Linear(features, 1)
        )

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        f = self.of_x(x)
        logits: Tensor = self.together(torch.cat([f, self.of_z(z.to(f.dtype))], 1))
        return logits
