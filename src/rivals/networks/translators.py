"""Networks from pictures to pictures, of any size: the U-Net (Ronneberger et al., 2015, as in pix2pix, Isola et al., 2016,
https://arxiv.org/abs/1611.07004, appendix 6.1.1) and the ResNet of Johnson et al., 2016 (as in CycleGAN, Zhu et al., 2017,
https://arxiv.org/abs/1703.10593, appendix 7.2).

A picture whose sides cannot be halved often enough is continued by its mirror image to the next sides that can, and what comes
out is cut back. Normalisation is of each map of each picture ("instance"): no statistics are kept, so a picture is translated
as in training, whatever stands beside it.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from rivals.errors import UserError
from rivals.networks.layers import Last, dcgan_init, dropped, he_init, last
from rivals.networks.remedies import LastingDropout

MapNorm = Literal["instance", "none"]
SMALLEST = 2  # side of the smallest maps: of one pixel nothing is left once it is normalised


def even_sides(x: Tensor, multiple: int, *, least: int = 1) -> Tensor:
    """The picture continued to the right and below until its sides are multiples, and at least so many pixels.

    >>> even_sides(torch.zeros(1, 1, 5, 8), 4).shape
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


class Residual(nn.Module):
    """x + 3x3, norm, ReLU, 3x3, norm."""

    def __init__(self, width: int, *, norm: MapNorm = "instance", dropout: float = 0.0):
        super().__init__()
        first = [reflecting(width, width, 3), *normalised(norm, width), nn.ReLU(), *dropped(dropout)]
        self.body = nn.Sequential(*first, reflecting(width, width, 3), *normalised(norm, width))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.body(x)
        return y


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


def reflecting(channels: int, width: int, kernel: int) -> nn.Conv2d:
    """A convolution that sees the mirror image beyond the border."""
    return nn.Conv2d(channels, width, kernel, padding=kernel // 2, padding_mode="reflect")


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


def halvings(side: int) -> int:
    """How often a side can be halved until 4 pixels or less are left, and once at least.

    >>> halvings(32), halvings(24), halvings(3)
    (3, 3, 1)
    """
    return max(1, (side - 1).bit_length() - 2)


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
