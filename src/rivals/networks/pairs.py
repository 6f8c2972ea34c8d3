"""What tells of two codes whether they belong together."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from rivals.networks.mlp import MLPDiscriminator


class Pairs(nn.Module):
    """(B, F) codes -> (B, B) logits of every two of them belonging together: the inner product of what is read from each, in
    units of its usual size, and a bias. (A network that reads two codes side by side hardly learns to compare them.)"""

    def __init__(self, features: int, *, width: int = 128):
        super().__init__()
        self.reads = MLPDiscriminator((features,), outputs=width, width=width, depth=2)
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, codes: Tensor) -> Tensor:
        h: Tensor = self.reads(codes).float()
        return h @ h.T / math.sqrt(h.shape[1]) + self.bias
