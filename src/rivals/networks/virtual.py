"""Virtual batch normalisation: a row is normalised by a reference batch and itself, never by the rows it happens to come with.

Salimans et al., 2016, Improved Techniques for Training GANs, section 3.4, https://arxiv.org/abs/1606.03498. Of R reference rows
with first two moments m and s (over rows and pixels), and a row x with its own, over its pixels:

    mean(x) = (R m + mean of x) / (R + 1)        square(x) = (R s + mean of x^2) / (R + 1)
    y = gain * (x - mean(x)) / sqrt(square(x) - mean(x)^2 + eps) + bias

The reference rows themselves are normalised by m and s alone. They go through the network in front of each batch, so that their
statistics are those of the present weights, and the gradient passes through them too: that costs R rows more a call. Rows do
not see each other, so a gradient penalty is what its paper says, and training and drawing do the same.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from rivals import processes
from rivals.networks.remedies import replaced


class VirtualBatchNorm(nn.Module):
    """(R + B, C, ...) -> the same: the first R rows are the reference. Gain and bias are those of the replaced batch norm."""

    def __init__(self, norm: _BatchNorm, rows: int):
        super().__init__()
        self.weight, self.bias, self.eps, self.rows = norm.weight, norm.bias, norm.eps, rows

    def forward(self, x: Tensor) -> Tensor:
        R, C = self.rows, x.shape[1]
        pixels = x.float().reshape(len(x), C, -1)
        moments = torch.stack([pixels.mean(2), pixels.square().mean(2)])  # (2, R + B, C)
        reference = moments[:, :R].mean(1, keepdim=True)
        rows = torch.lerp(reference, moments[:, R:], 1 / (R + 1))
        mean, square = torch.cat([reference.expand(2, R, C), rows], 1)
        scale: Tensor = self.weight * ((square - mean.square()).clamp_min(0) + self.eps).rsqrt()  # rounding may leave -1e-9
        apart = (len(x), C, *[1] * (x.dim() - 2))
        y: Tensor = x * scale.view(apart) + (self.bias - mean * scale).view(apart)
        return y.to(x.dtype)


class Referred(nn.Module):
    """A network whose batch norms are virtual: (B, *shape) -> what it gave before.

    The reference is the first batch that the network is given in training, of all processes together, brought to `rows` rows:
    for a generator latents, for a discriminator real things. Before there is one, a batch refers to itself.
    """

    reference: Tensor
    chosen: Tensor

    def __init__(self, net: nn.Module, shape: tuple[int, ...], *, rows: int):
        super().__init__()
        self.net = replaced(net, _BatchNorm, lambda norm: VirtualBatchNorm(norm, rows))
        self.register_buffer("reference", torch.zeros(rows, *shape))
        self.register_buffer("chosen", torch.tensor(False))

    def forward(self, x: Tensor) -> Tensor:
        # where no gradient is asked for, somebody only looks: what he draws must not become the reference
        if self.training and torch.is_grad_enabled() and not self.chosen:
            self.reference.copy_(self.shared(x))
            self.chosen.fill_(True)
        reference = self.reference if self.chosen else cycled(x, len(self.reference))
        y: Tensor = self.net(torch.cat([reference.to(x.dtype), x]))
        return y[len(reference) :]

    def shared(self, x: Tensor) -> Tensor:
        """As many rows as the reference has, of each process alike."""
        rows = len(self.reference)
        return processes.gathered(cycled(x, math.ceil(rows / processes.world())))[:rows]


def cycled(x: Tensor, rows: int) -> Tensor:
    """The first rows, begun again where there are too few: whole repetitions leave the statistics as they are."""
    return x[torch.arange(rows, device=x.device) % len(x)]
