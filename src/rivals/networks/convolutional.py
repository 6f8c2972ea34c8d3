"""Convolutional pairs of 5x5 convolutions with stride 2: `intermediate` (two of them) and `dcgan` (four).

The spatial plan is derived from the picture's size. Each stage halves a side, rounding up, until it is 2, and the generator
climbs back over the same sides: any height and width from 4 up will do, also 28 x 28 (28, 14, 7, 4, 2) or 64 x 48, grey or
colour. (No map becomes 1 x 1: a 5x5 kernel would see padding alone there, and in bf16 on CPUs the gradients of those taps come
back from torch 2.13 uninitialised.)
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from rivals.networks.layers import (
    Downconv,
    Flatten,
    Last,
    Norm,
    Unflatten,
    Upconv,
    checked_picture,
    dcgan_init,
    dropped,
    last,
    normalised,
    plan,
)


class ConvGenerator(nn.Module):
    """(B, latent) -> FC -> (B, widths[0], h, w) -> 5x5 upconvolutions widths[1:], C -> (B, C, H, W)."""

    def __init__(
        self,
        shape: tuple[int, int, int],
        *,
        latent: int,
        widths: Sequence[int],
        norm: Norm = "batch",
        dropout: float = 0.0,
        activation: Last = "tanh",
    ):
        super().__init__()
        channels, sizes = shape[0], plan(shape, len(widths))[::-1]
        self.project = nn.Linear(latent, widths[0] * sizes[0][0] * sizes[0][1])
        layers = [Unflatten(widths[0], sizes[0]), *normalised(norm, widths[0], maps=True), nn.ReLU(), *dropped(dropout)]
        for i, width in enumerate(widths[1:]):
            layers += [Upconv(widths[i], width, sizes[i], sizes[i + 1]), *normalised(norm, width, maps=True), nn.ReLU()]
            layers += dropped(dropout)
        self.body = nn.Sequential(*layers, Upconv(widths[-1], channels, *sizes[-2:]), *last(activation))
        dcgan_init(self)

    def forward(self, z: Tensor) -> Tensor:
        x: Tensor = self.body(self.project(z))
        return x


class ConvDiscriminator(nn.Module):
    """(B, C, H, W) -> 5x5 convolutions of these widths -> (FC hidden) -> FC -> (B, outputs) logits.

    No norm on the first convolution, as in the DCGAN paper."""

    def __init__(
        self,
        shape: tuple[int, int, int],
        *,
        outputs: int = 1,
        widths: Sequence[int],
        hidden: int | None = None,
        norm: Norm = "batch",
        dropout: float = 0.0,
    ):
        super().__init__()
        sizes = plan(shape, len(widths))
        layers: list[nn.Module] = []
        for i, (width_in, width) in enumerate(zip([shape[0], *widths], widths, strict=False)):
            layers += [Downconv(width_in, width, sizes[i], sizes[i + 1])]
            layers += [*(normalised(norm, width, maps=True) if i else []), nn.LeakyReLU(0.2), *dropped(dropout)]
        features = widths[-1] * sizes[-1][0] * sizes[-1][1]
        layers.append(Flatten())
        if hidden:
            layers += [nn.Linear(features, hidden), *normalised(norm, hidden, maps=False), nn.LeakyReLU(0.2)]
            layers += dropped(dropout)
        self.body = nn.Sequential(*layers, nn.Linear(hidden or features, outputs))
        dcgan_init(self)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x)
        return logits


def dcgan_generator(
    shape: tuple[int, ...],
    *,
    latent: int,
    width: int = 64,
    norm: Norm = "batch",
    dropout: float = 0.0,
    activation: Last = "tanh",
) -> ConvGenerator:
    """FC 16 w x h/16 x w/16 -> upconvolutions 8w, 4w, 2w, image (w = 64: 1024; 512, 256, 128). Sides of at least 4."""
    return ConvGenerator(
        checked_picture("dcgan", shape, smallest=4),
        latent=latent,
        widths=[16 * width, 8 * width, 4 * width, 2 * width],
        norm=norm,
        dropout=dropout,
        activation=activation,
    )


def dcgan_discriminator(
    shape: tuple[int, ...], *, outputs: int = 1, width: int = 64, norm: Norm = "batch", dropout: float = 0.0
) -> ConvDiscriminator:
    """Convolutions w, 2w, 4w, 8w, FC. Sides of at least 4."""
    return ConvDiscriminator(
        checked_picture("dcgan", shape, smallest=4),
        outputs=outputs,
        widths=[width, 2 * width, 4 * width, 8 * width],
        norm=norm,
        dropout=dropout,
    )


def intermediate_generator(
    shape: tuple[int, ...],
    *,
    latent: int,
    width: int = 64,
    norm: Norm = "batch",
    dropout: float = 0.0,
    activation: Last = "tanh",
) -> ConvGenerator:
    """FC 2w x h/4 x w/4 -> upconvolutions w, image. Sides of at least 4."""
    return ConvGenerator(
        checked_picture("intermediate", shape, smallest=4),
        latent=latent,
        widths=[2 * width, width],
        norm=norm,
        dropout=dropout,
        activation=activation,
    )


def intermediate_discriminator(
    shape: tuple[int, ...], *, outputs: int = 1, width: int = 64, norm: Norm = "batch", dropout: float = 0.0
) -> ConvDiscriminator:
    """Convolutions w, 2w, FC 2w, FC. Sides of at least 4."""
    return ConvDiscriminator(
        checked_picture("intermediate", shape, smallest=4),
        outputs=outputs,
        widths=[width, 2 * width],
        hidden=2 * width,
        norm=norm,
        dropout=dropout,
    )
