"""What reads the features that a trunk ends in."""

from __future__ import annotations

from torch import Tensor, nn


class Head(nn.Module):
    """(B, F) -> (B, outputs): LeakyReLU, perhaps a hidden layer with batch norm, and a linear layer."""

    def __init__(self, features: int, outputs: int, *, hidden: int | None = None, leak: float = 0.2):
        super().__init__()
        layers: list[nn.Module] = [nn.LeakyReLU(leak)]
        if hidden is not None:
            layers += [nn.Linear(features, hidden), nn.BatchNorm1d(hidden), nn.LeakyReLU(leak)]
        self.body = nn.Sequential(*layers, nn.Linear(features if hidden is None else hidden, outputs))

    def forward(self, f: Tensor) -> Tensor:
        y: Tensor = self.body(f)
        return y
