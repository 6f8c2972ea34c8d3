"""What reads the features that a trunk ends in, and a network taken apart into the two."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from rivals.networks.layers import Flatten


class Head(nn.Module):
    """(B, ...) of F numbers each -> (B, outputs): LeakyReLU, if they are not `activated` already; perhaps a hidden layer with
    batch norm; a linear layer."""

    def __init__(self, features: int, outputs: int, *, hidden: int | None = None, activated: bool = False, leak: float = 0.2):
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten(), *([] if activated else [nn.LeakyReLU(leak)])]
        if hidden is not None:
            layers += [nn.Linear(features, hidden), nn.BatchNorm1d(hidden), nn.LeakyReLU(leak)]
        self.body = nn.Sequential(*layers, nn.Linear(features if hidden is None else hidden, outputs))

    def forward(self, f: Tensor) -> Tensor:
        y: Tensor = self.body(f)
        return y


class Layers(nn.Module):
    """Layers one after another. (A bare `nn.Sequential` would not be compiled.)"""

    def __init__(self, layers: Sequence[nn.Module]):
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return y


def apart(discriminator: nn.Module) -> tuple[Layers, Layers]:
    """A discriminator of `rivals.networks` as two, that share its weights: up to its last feature maps (of one without maps:
    its last hidden units), and from there on."""
    layers = list(discriminator.body.children())  # type: ignore[union-attr]
    flat = next((i for i, layer in enumerate(layers) if isinstance(layer, Flatten)), len(layers) - 1)
    return Layers(layers[:flat]), Layers(layers[flat:])


def features_of(head: nn.Module) -> int:
    """How many numbers the second of the two that `apart` makes takes of each thing."""
    return next(layer.in_features for layer in head.modules() if isinstance(layer, nn.Linear))


class Standardised(nn.Module):
    """An encoder whose codes have mean 0 and variance 1 over a batch, however small they began: (B, *shape) -> (B, outputs).
    What reads them can then not be escaped by making them small."""

    def __init__(self, encoder: nn.Module, outputs: int):
        super().__init__()
        self.encoder, self.norm = encoder, nn.BatchNorm1d(outputs, eps=1e-9, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        codes: Tensor = self.norm(self.encoder(x).float())
        return codes
