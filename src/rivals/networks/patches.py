"""Networks that judge pictures of any size by their places: PatchGAN's discriminators (Isola et al., 2016,
https://arxiv.org/abs/1611.07004), and trunks and heads that read labels and domains.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from rivals.errors import UserError
from rivals.networks.layers import he_init
from rivals.networks.maps import MapNorm, init, normalised

Patch = Literal["pixel", "16", "34", "70", "whole"]
HALVINGS = {"16": 1, "34": 2, "70": 3}


class PatchDiscriminator(nn.Module):
    """(B, C, H, W) -> (B, 1, h, w) logits, each of a patch of so many pixels a side (Isola et al., 2016, appendix 6.1.2): 4x4
    convolutions of stride 2, w, 2w, 4w maps, then two of stride 1. `pixel`: 1x1 convolutions. `whole`: halved until 4 or less
    are left of a side, and one logit of all of them."""

    def __init__(self, shape: tuple[int, ...], *, patch: Patch = "70", width: int = 64, norm: MapNorm = "instance"):
        super().__init__()
        channels, side = shape[0], min(shape[1:])
        layers: list[nn.Module] = []
        if patch == "pixel":
            layers = [nn.Conv2d(channels, width, 1), nn.LeakyReLU(0.2), nn.Conv2d(width, 2 * width, 1)]
            layers += [*normalised(norm, 2 * width), nn.LeakyReLU(0.2), nn.Conv2d(2 * width, 1, 1)]
        else:
            times = HALVINGS.get(patch) or halvings(side)
            widths = [channels, *(width * min(8, 1 << i) for i in range(times + 1))]
            for i in range(times):
                layers += [nn.Conv2d(widths[i], widths[i + 1], 4, 2, 1), *(normalised(norm, widths[i + 1]) if i else [])]
                layers.append(nn.LeakyReLU(0.2))
            if patch == "whole":
                left = [sized(each, times) for each in shape[1:]]
                layers.append(nn.Conv2d(widths[times], 1, (left[0], left[1])))
            else:
                if side >> times < 3:
                    here = f"these are {shape[1]}x{shape[2]}: pass a smaller --patch"
                    raise UserError(f"patches of {patch} pixels take pictures of at least {3 << times} a side, {here}")
                layers += [nn.Conv2d(widths[times], widths[times + 1], 4, 1, 1), *normalised(norm, widths[times + 1])]
                layers += [nn.LeakyReLU(0.2), nn.Conv2d(widths[times + 1], 1, 4, 1, 1)]
        self.body = nn.Sequential(*layers)
        init(self, norm)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x)
        return logits


def sized(side: int, times: int) -> int:
    """What is left of a side after so many 4x4 convolutions of stride 2."""
    for _ in range(times):
        side //= 2
    return side


class Trunk(nn.Module):
    """(B, C, H, W) -> (B, outputs, h, w): 4x4 convolutions of stride 2, w, 2w, 4w ... 8w maps, until 4 or less are left of the
    shorter side."""

    def __init__(self, shape: tuple[int, ...], *, width: int = 64):
        super().__init__()
        times = halvings(min(shape[1:]))
        widths = [shape[0], *(width * min(8, 1 << i) for i in range(times))]
        layers: list[nn.Module] = []
        for i in range(times):
            layers += [nn.Conv2d(widths[i], widths[i + 1], 4, 2, 1), nn.LeakyReLU(0.01)]
        self.body, self.outputs = nn.Sequential(*layers), widths[-1]
        he_init(self, leak=0.01)

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.body(x)
        return features


class PlaceMean(nn.Sequential):
    """(B, F, h, w) -> (B, outputs): a 3x3 convolution, and the mean over places: of pictures of any size."""

    def __init__(self, channels: int, outputs: int):
        super().__init__(nn.Conv2d(channels, outputs, 3, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())


class DomainClassifier(nn.Module):
    """(B, F, h, w) codes -> (B, domains) logits: two convolutions, and the mean over places."""

    def __init__(self, channels: int, domains: int, *, width: int = 64):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, 2 * width, 3, 1, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 2 * width, 3, 2, 1),
            nn.LeakyReLU(0.2),
        )
        self.says = nn.Linear(2 * width, domains)
        he_init(self, leak=0.2)

    def forward(self, code: Tensor) -> Tensor:
        logits: Tensor = self.says(self.body(code).mean((2, 3)))
        return logits


def halvings(side: int) -> int:
    """How often a side can be halved until 4 pixels or less are left, and once at least.

    >>> halvings(32), halvings(24), halvings(3)
    (3, 3, 1)
    """
    return max(1, (side - 1).bit_length() - 2)
