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


class Standardised(nn.Module):
    """An encoder whose codes have mean 0 and variance 1 over a batch, however small they began: (B, *shape) -> (B, outputs).
    What reads them can then not be escaped by making them small."""

    def __init__(self, encoder: nn.Module, outputs: int):
        super().__init__()
        self.encoder, self.norm = encoder, nn.BatchNorm1d(outputs, eps=1e-9, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        codes: Tensor = self.norm(self.encoder(x).float())
        return codes
