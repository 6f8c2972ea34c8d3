"""Networks from pictures to pictures, of any size: the U-Net (Ronneberger et al., 2015, as in pix2pix, Isola et al., 2016,
https://arxiv.org/abs/1611.07004, appendix 6.1.1) and the ResNet of Johnson et al., 2016 (as in CycleGAN, Zhu et al., 2017,
https://arxiv.org/abs/1703.10593, appendix 7.2).

A picture whose sides cannot be halved often enough is continued by its mirror image to the next sides that can, and what comes
out is cut back.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rivals.errors import UserError
from rivals.networks.layers import Last, last
from rivals.networks.maps import (
    Draws,
    MapNorm,
    Residual,
    convolutions,
    downwards,
    even_sides,
    init,
    normalised,
    reflecting,
    small,
    upwards,
)
from rivals.networks.remedies import LastingDropout

SMALLEST = 2  # side of the smallest maps: of one pixel nothing is left once it is normalised


class UNet(nn.Module):
    """(B, C, H, W) -> (B, outputs, H, W): 4x4 convolutions of stride 2, w, 2w, 4w, 8w, 8w ... maps, `depth` times or down to 2
    or 3 pixels a side, and back up by transposed ones; each size on the way up sees the maps of that size on the way down.

    noise: the share of activations dropped in the innermost three layers of the way up, always, for there is no other noise."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        outputs: int,
        width: int = 64,
        depth: int | None = None,
        norm: MapNorm = "instance",
        noise: float = 0.0,
        activation: Last = "tanh",
    ):
        super().__init__()
        channels, *sides = shape
        most = max(0, (min(sides) // SMALLEST).bit_length() - 1)
        if not 1 <= (depth := depth or most) <= most:
            least = SMALLEST << max(depth, 1)
            raise UserError(
                f"pictures of {sides[0]}x{sides[1]} (H x W) cannot be halved {max(depth, 1)} times: pass --size {least} or more"
                + (f", or --depth {most} or less" if most else "")
            )
        widths = [channels, *(width * min(8, 1 << i) for i in range(depth))]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for i in range(depth):
            bare = i == 0 or i == depth - 1  # as in the paper's code: neither the first nor the innermost
            layers = [nn.Conv2d(widths[i], widths[i + 1], 4, 2, 1), *([] if bare else normalised(norm, widths[i + 1]))]
            self.down.append(nn.Sequential(*([] if i == 0 else [nn.LeakyReLU(0.2)]), *layers))
            wide = widths[i + 1] * (1 if i == depth - 1 else 2)
            upconv = nn.ConvTranspose2d(wide, widths[i] if i else outputs, 4, 2, 1)
            dropout = [LastingDropout(noise)] if noise and i and i >= depth - 3 else []
            end = [*normalised(norm, widths[i]), *dropout] if i else last(activation)
            self.up.append(nn.Sequential(nn.ReLU(), upconv, *end))
        init(self, norm)

    @property
    def end(self) -> nn.Module:
        return convolutions(self.up[0])[-1]

    def forward(self, x: Tensor) -> Tensor:
        maps = [even_sides(x, 1 << len(self.down))]
        for stage in self.down:
            maps.append(stage(maps[-1]))
        y = maps[-1]
        for i in reversed(range(len(self.up))):
            y = self.up[i](y if i == len(self.up) - 1 else torch.cat([y, maps[i + 1]], 1))
        return y[:, :, : x.shape[2], : x.shape[3]]


class ResNetTranslator(nn.Module):
    """(B, C, H, W) -> (B, outputs, H, W): 7x7 w, 3x3 2w and 4w of stride 2, `blocks` residual blocks, back up, 7x7.

    bare: the first layer is not normalised, as it must not be where some of the maps that it is given are constant: they add a
    constant to each of its maps, which a normalisation of each map takes away."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        outputs: int,
        width: int = 64,
        blocks: int = 6,
        norm: MapNorm = "instance",
        activation: Last = "tanh",
        bare: bool = False,
    ):
        super().__init__()
        if min(shape[1:]) < 8:
            raise UserError(
                f"the resnet takes pictures of at least 8x8, these are {shape[1]}x{shape[2]}: pass --size 8 or more"
            )
        middle = [Residual(4 * width, norm=norm) for _ in range(blocks)]
        self.body = nn.Sequential(
            *downwards(shape[0], width, norm, bare=bare), *middle, *upwards(width, outputs, norm, activation)
        )
        init(self, norm)

    @property
    def end(self) -> nn.Module:
        return convolutions(self)[-1]

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(even_sides(x, 4, least=8))
        return y[:, :, : x.shape[2], : x.shape[3]]


class Shallow(nn.Module):
    """(B, C, H, W) -> (B, outputs, H, W) by `depth` convolutions of full size: what it draws cannot be far from what it saw."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        outputs: int,
        width: int = 64,
        depth: int = 3,
        norm: MapNorm = "instance",
        activation: Last = "tanh",
    ):
        super().__init__()
        widths = [shape[0], *[width] * (depth - 1)]
        layers: list[nn.Module] = []
        for i in range(depth - 1):
            layers += [reflecting(widths[i], width, 3), *normalised(norm, width), nn.ReLU()]
        self.body = nn.Sequential(*layers, reflecting(widths[-1], outputs, 3), *last(activation))
        init(self, norm)

    @property
    def end(self) -> nn.Module:
        return convolutions(self)[-1]

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return y


class Changes(nn.Module):
    """(B, C + more, H, W) -> (B, C, H, W): the first C maps, a picture, and what a network draws added to them, so that what
    need not change need not be drawn (Shen and Liu, 2017, Learning Residual Images for Face Attribute Manipulation,
    https://arxiv.org/abs/1612.05363). draws: (B, C + more, H, W) -> (B, C, H, W), not bounded, and hardly anything to begin
    with."""

    def __init__(self, draws: nn.Module):
        super().__init__()
        assert isinstance(draws, Draws)
        self.draws = draws
        small(draws.end)

    def forward(self, x: Tensor) -> Tensor:
        change = self.draws(x)
        return within(x[:, : change.shape[1]] + change)


class _Within(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor) -> Tensor:
        ctx.save_for_backward(y)
        return y.clamp(-1, 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        outwards = ((y > 1) & (gradient < 0)) | ((y < -1) & (gradient > 0))  # a step goes against the gradient
        return gradient.masked_fill(outwards, 0)


def within(y: Tensor) -> Tensor:
    """Cut to [-1, 1], as it will be shown: values beyond would betray what is drawn. Beyond, the gradient leads back and no
    farther out: as if nothing was cut, values would grow without end; as `clamp` has it, none would come back."""
    cut: Tensor = _Within.apply(y)  # type: ignore[no-untyped-call]
    return cut


class MapEncoder(nn.Module):
    """(B, C, H, W) -> (B, 4 width, h, w), quarters of the sides: the first half of the ResNet. ends: its last layers, which may
    be those of other encoders too."""

    def __init__(
        self, shape: tuple[int, ...], ends: nn.Module, *, width: int = 64, blocks: int = 3, norm: MapNorm = "instance"
    ):
        super().__init__()
        self.body = nn.Sequential(*downwards(shape[0], width, norm), *(Residual(4 * width, norm=norm) for _ in range(blocks)))
        self.ends = ends
        init(self, norm)

    def forward(self, x: Tensor) -> Tensor:
        code: Tensor = self.ends(self.body(even_sides(x, 4, least=8)))
        return code


class MapDecoder(nn.Module):
    """(B, 4 width, h, w) -> (B, outputs, 4 h, 4 w): the second half of the ResNet. begins: its first layers, which may be those
    of other decoders too."""

    def __init__(
        self,
        begins: nn.Module,
        *,
        outputs: int,
        width: int = 64,
        blocks: int = 3,
        norm: MapNorm = "instance",
        activation: Last = "tanh",
    ):
        super().__init__()
        self.begins = begins
        middle = [Residual(4 * width, norm=norm) for _ in range(blocks)]
        self.body = nn.Sequential(*middle, *upwards(width, outputs, norm, activation))
        init(self, norm)

    @property
    def end(self) -> nn.Module:
        return convolutions(self)[-1]

    def forward(self, code: Tensor) -> Tensor:
        x: Tensor = self.body(self.begins(code))
        return x
