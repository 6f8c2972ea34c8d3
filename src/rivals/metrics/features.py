"""Features that exist offline for any data: fixed random networks.

They rank generators of one data set as they train, which is what choosing a checkpoint needs; they are no Inception network,
and their distances compare with nothing but themselves.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, leaky_relu


class RandomConvolutions:
    """Three layers of random 3x3 convolutions, and the mean over space of the absolute maps of each.

    (B, C, H, W) in [-1, 1] -> (B, 128)."""

    def __init__(self, channels: int, widths: tuple[int, ...] = (32, 32, 64)):
        generator = torch.Generator().manual_seed(2015)
        self.weights = []
        for width_in, width in zip((channels, *widths), widths, strict=False):
            weight = torch.randn(width, width_in, 3, 3, generator=generator)
            weight -= weight.mean((1, 2, 3), keepdim=True)  # blind to plain brightness, which the pixels' mean carries
            self.weights.append(weight * (2 / (9 * width_in)) ** 0.5)
        self.protocol = f"{sum(widths)} random convolution features"

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        x = x.float()
        found = []
        for weight in self.weights:
            x = leaky_relu(conv2d(x, weight.to(x.device), padding=1), 0.2)
            found.append(x.abs().mean((2, 3)))
            if min(x.shape[2:]) >= 4:
                x = avg_pool2d(x, 2)
        return torch.cat(found, 1)


class RandomWaves:
    """Random Fourier features at four scales of the data, for vectors. (B, D) -> (B, 128). Rahimi and Recht (2007)."""

    def __init__(self, real: Tensor, width: int = 32):
        generator = torch.Generator().manual_seed(2007)
        dimension, spread = real.shape[1], real.std(0, correction=0).mean().clamp(min=1e-6)
        scales = [1.0, 4.0, 16.0, 64.0]
        self.frequencies = torch.cat([s / spread * torch.randn(dimension, width, generator=generator) for s in scales], 1)
        self.phases = 2 * torch.pi * torch.rand(len(scales) * width, generator=generator)
        self.protocol = f"{len(scales) * width} random Fourier features"

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        return torch.cos(x.float() @ self.frequencies.to(x.device) + self.phases.to(x.device))
