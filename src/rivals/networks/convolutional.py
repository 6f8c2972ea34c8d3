"""Convolutional pairs of 5x5 convolutions with stride 2: `intermediate` (two of them) and `dcgan` (four).

The spatial plan is derived from the picture's size. Each stage halves a side, rounding up, until it is 2, and the generator
climbs back over the same sides: any height and width from 4 up will do, also 28 x 28 (28, 14, 7, 4, 2) or 64 x 48, grey or
colour. (No map becomes 1 x 1: a 5x5 kernel would see padding alone there, and in bf16 on CPUs the gradients of those taps come
back from torch 2.13 uninitialised.)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn

from rivals.networks.layers import Flatten, Last, Norm, Unflatten, checked_picture, dcgan_init, hidden, last
from rivals.networks.scaling import DOWNSAMPLING, UPSAMPLING, Downsample, Upsample, plan


class ConvGenerator(nn.Module):
    """(B, latent) -> FC -> (B, widths[0], h, w) -> 5x5 upconvolutions widths[1:], C -> (B, C, H, W).

    widths: `multiples` of width, or with `constant` width itself. name: whose errors these are."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        name: str,
        latent: int,
        multiples: Sequence[int],
        width: int = 64,
        constant: bool = False,
        extra: int = 0,
        norm: Norm = "batch",
        dropout: float = 0.0,
        upsample: Upsample = "transposed",
        activation: Last = "tanh",
    ):
        super().__init__()
        checked = checked_picture(name, shape, smallest=4)
        sizes = plan(checked, len(multiples))[::-1]
        widths = [width if constant else multiple * width for multiple in multiples]
        maps, up = partial(hidden, activation=nn.ReLU, norm=norm, dropout=dropout, extra=extra), UPSAMPLING[upsample]
        self.project = nn.Linear(latent, widths[0] * sizes[0][0] * sizes[0][1])
        layers = maps(Unflatten(widths[0], sizes[0]), widths[0])
        for i, wide in enumerate(widths[1:]):
            layers += maps(up(widths[i], wide, sizes[i], sizes[i + 1]), wide)
        self.body = nn.Sequential(*layers, up(widths[-1], checked[0], *sizes[-2:]), *last(activation))
        dcgan_init(self)

    def forward(self, z: Tensor) -> Tensor:
        x: Tensor = self.body(self.project(z))
        return x


class ConvDiscriminator(nn.Module):
    """(B, C, H, W) -> 5x5 convolutions of these widths -> (FC as wide as the last) -> FC -> (B, outputs) logits.

    widths: `multiples` of width, or with `constant` width itself. No norm on the first convolution, as in the DCGAN paper."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        name: str,
        outputs: int = 1,
        multiples: Sequence[int],
        connected: bool = False,  # whether there is a hidden FC layer
        width: int = 64,
        constant: bool = False,
        extra: int = 0,
        norm: Norm = "batch",
        dropout: float = 0.0,
        downsample: Downsample = "stride",
    ):
        super().__init__()
        checked = checked_picture(name, shape, smallest=4)
        sizes = plan(checked, len(multiples))
        widths = [checked[0], *(width if constant else multiple * width for multiple in multiples)]
        layer = partial(hidden, activation=partial(nn.LeakyReLU, 0.2), norm=norm, dropout=dropout, extra=extra)
        layers: list[nn.Module] = []
        for i, wide in enumerate(widths[1:]):
            layers += layer(DOWNSAMPLING[downsample](widths[i], wide, sizes[i], sizes[i + 1]), wide, bare=i == 0)
        layers.append(Flatten())
        features = widths[-1] * sizes[-1][0] * sizes[-1][1]
        if connected:
            layers += layer(nn.Linear(features, widths[-1]), widths[-1])
        self.body = nn.Sequential(*layers, nn.Linear(widths[-1] if connected else features, outputs))
        dcgan_init(self)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x)
        return logits


# FC 16 w x h/16 x w/16 -> upconvolutions 8w, 4w, 2w, image (w = 64: 1024; 512, 256, 128); convolutions w, 2w, 4w, 8w, FC
dcgan_generator = partial(ConvGenerator, name="dcgan", multiples=(16, 8, 4, 2))
dcgan_discriminator = partial(ConvDiscriminator, name="dcgan", multiples=(1, 2, 4, 8))

# FC 2w x h/4 x w/4 -> upconvolutions w, image; convolutions w, 2w, FC 2w, FC
intermediate_generator = partial(ConvGenerator, name="intermediate", multiples=(2, 1))
intermediate_discriminator = partial(ConvDiscriminator, name="intermediate", multiples=(1, 2), connected=True)
