"""What networks from pictures to pictures are made of. Normalisation is of each map of each picture ("instance"): no statistics
are kept, so a picture is translated as in training, whatever stands beside it.
"""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from torch import Tensor, nn
from torch.nn.functional import pad

from rivals.networks.layers import Last, dcgan_init, dropped, he_init, last

MapNorm = Literal["instance", "none"]


def even_sides(x: Tensor, multiple: int, *, least: int = 1) -> Tensor:
    """The picture continued to the right and below until its sides are multiples, and at least so many pixels.

    >>> even_sides(Tensor(1, 1, 5, 8), 4).shape
    torch.Size([1, 1, 8, 8])
    """
    below, right = (max(-side % multiple, least - side) for side in x.shape[2:])
    if not right and not below:
        return x
    mirrored = right < x.shape[3] and below < x.shape[2]
    return pad(x, (0, right, 0, below), mode="reflect" if mirrored else "replicate")


@runtime_checkable
class Draws(Protocol):
    """A network whose last layer can be told from the others."""

    @property
    def end(self) -> nn.Module: ...


def init(net: nn.Module, norm: MapNorm) -> None:
    """DCGAN's small weights where norms follow. Without norms such would leave nothing of a picture after a few layers: there
    those that keep its size, and smaller ones where a residual block ends, and of the last layer."""
    if norm == "instance":
        dcgan_init(net)
        return
    he_init(net)
    ends = [block.body[-1] for block in net.modules() if isinstance(block, Residual)]
    for layer in (*ends, *([net.end] if isinstance(net, Draws) else [])):
        small(layer)


def small(layer: nn.Module) -> None:
    """Weights that hardly draw anything yet."""
    nn.init.normal_(layer.get_parameter("weight"), 0.0, 0.002)


def convolutions(net: nn.Module) -> list[nn.Module]:
    return [module for module in net.modules() if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)]


def normalised(norm: MapNorm, channels: int) -> list[nn.Module]:
    return [nn.InstanceNorm2d(channels, affine=True)] if norm == "instance" else []


def reflecting(channels: int, width: int, kernel: int) -> nn.Conv2d:
    """A convolution that sees the mirror image beyond the border."""
    return nn.Conv2d(channels, width, kernel, padding=kernel // 2, padding_mode="reflect")


class Residual(nn.Module):
    """x + 3x3, norm, ReLU, 3x3, norm."""

    def __init__(self, width: int, *, norm: MapNorm = "instance", dropout: float = 0.0):
        super().__init__()
        first = [reflecting(width, width, 3), *normalised(norm, width), nn.ReLU(), *dropped(dropout)]
        self.body = nn.Sequential(*first, reflecting(width, width, 3), *normalised(norm, width))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.body(x)
        return y


def downwards(channels: int, width: int, norm: MapNorm, *, bare: bool = False) -> list[nn.Module]:
    """Layers of (B, channels, H, W) -> (B, 4 width, H / 4, W / 4)."""
    layers: list[nn.Module] = [reflecting(channels, width, 7), *([] if bare else normalised(norm, width)), nn.ReLU()]
    for i in (1, 2):
        layers += [nn.Conv2d(i * width, 2 * i * width, 3, 2, 1), *normalised(norm, 2 * i * width), nn.ReLU()]
    return layers


def upwards(width: int, outputs: int, norm: MapNorm, activation: Last) -> list[nn.Module]:
    """Layers of (B, 4 width, h, w) -> (B, outputs, 4 h, 4 w)."""
    layers: list[nn.Module] = []
    for i in (2, 1):
        up = nn.ConvTranspose2d(2 * i * width, i * width, 3, 2, 1, output_padding=1)
        layers += [up, *normalised(norm, i * width), nn.ReLU()]
    return [*layers, reflecting(width, outputs, 7), *last(activation)]
