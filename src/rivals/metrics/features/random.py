"""Features that exist offline for any data: fixed random networks.

They rank generators of one data set as they train, which is what choosing a checkpoint needs; they are no Inception network,
and their distances compare with nothing but themselves.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, conv2d, relu


class RandomConvolutions:
    """Three layers of random 3x3 convolutions; of each the mean over every quarter of the picture and the spread over the
    whole, each feature divided by its spread over real pictures. (B, C, H, W) in [-1, 1] -> (B, 280).

    The quarters see where things are, the spread sees texture. Along one training on Fashion-MNIST (10 checkpoints) its rank
    correlation with a trained judge was 0.95; of like designs without the division some fell to 0.53.
    """

    name = "random"
    key: str | None = None

    def __init__(self, real: Tensor, widths: tuple[int, ...] = (8, 16, 32)):
        generator = torch.Generator().manual_seed(2015)
        self.layers = []
        for width_in, width in zip((real.shape[1], *widths), widths, strict=False):
            weight = torch.randn(width, width_in, 3, 3, generator=generator) * (2 / (9 * width_in)) ** 0.5
            self.layers.append((weight, 0.1 * torch.randn(width, generator=generator)))
        self.spread = torch.ones(())
        spread = self(real).std(0, correction=0).cpu()
        self.spread = spread.clamp(min=0.1 * float(spread.mean()) + 1e-6)  # a corner that is always black has no spread
        self.protocol = f"{len(self.spread)} random convolution features"

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        x = x.float()
        found = []
        for weight, bias in self.layers:
            x = relu(conv2d(x, weight.to(x.device), bias.to(x.device), padding=1))
            found += [adaptive_avg_pool2d(x, 2).flatten(1), x.flatten(2).std(2)]
            if min(x.shape[2:]) >= 4:
                x = avg_pool2d(x, 2)
        return torch.cat(found, 1) / self.spread.to(x.device)


class RandomWaves:
    """Random Fourier features at four scales of the data, for vectors. (B, D) -> (B, 128). Rahimi and Recht (2007)."""

    name = "random"
    key: str | None = None

    def __init__(self, real: Tensor, width: int = 32):
        generator = torch.Generator().manual_seed(2007)
        dimension, spread = real.shape[1], real.std(0, correction=0).mean().clamp(min=1e-6).cpu()
        scales = [1.0, 4.0, 16.0, 64.0]
        self.frequencies = torch.cat([s / spread * torch.randn(dimension, width, generator=generator) for s in scales], 1)
        self.phases = 2 * torch.pi * torch.rand(len(scales) * width, generator=generator)
        self.protocol = f"{len(scales) * width} random Fourier features"

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        return torch.cos(x.float() @ self.frequencies.to(x.device) + self.phases.to(x.device))
