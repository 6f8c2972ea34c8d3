"""What the networks of this house share: normalisation by name, the last activation, the spatial plan, initial weights."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from rivals.errors import UserError

Norm = Literal["batch", "layer", "none"]
Last = Literal["tanh", "sigmoid", "none"]
Size = tuple[int, int]  # (H, W)


def normalised(norm: Norm, channels: int, *, maps: bool) -> list[nn.Module]:
    """The layer that normalises `channels` feature maps (maps) or numbers, as a list of at most one."""
    if norm == "batch":
        return [nn.BatchNorm2d(channels) if maps else nn.BatchNorm1d(channels)]
    if norm == "layer":
        return [nn.GroupNorm(1, channels) if maps else nn.LayerNorm(channels)]
    return []


def dropped(share: float) -> list[nn.Module]:
    return [nn.Dropout(share)] if share else []


class Unflatten(nn.Module):
    """(B, C * h * w) -> (B, C, h, w), with the channels innermost in memory, as convolutions want them: nothing is moved."""

    def __init__(self, channels: int, size: Size):
        super().__init__()
        self.channels, self.size = channels, size

    def forward(self, x: Tensor) -> Tensor:
        return x.view(-1, *self.size, self.channels).permute(0, 3, 1, 2)


class Flatten(nn.Module):
    """(B, C, h, w) -> (B, h * w * C): of maps with the channels innermost, nothing is moved."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


class SignedSigmoid(nn.Module):
    """A sigmoid whose (0, 1) is laid onto (-1, 1), where this house keeps its pictures; half as steep as tanh."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * torch.sigmoid(x) - 1


def last(activation: Last) -> list[nn.Module]:
    if activation == "none":
        return []
    return [nn.Tanh() if activation == "tanh" else SignedSigmoid()]


def halvings(side: int, times: int) -> list[int]:
    """The sides of the feature maps of `times` convolutions: each half of the one before, rounded up, down to 2.

    Rounding up lets a network take any side, not only multiples of 2^times; the way up (`Upconv`) hits the same sides.

    >>> halvings(28, 4)
    [28, 14, 7, 4, 2]
    >>> halvings(8, 4)
    [8, 4, 2, 2, 2]
    """
    sides = [side]
    for _ in range(times):
        sides.append(max(2, -(-sides[-1] // 2)))
    return sides


def strides(large: Size, small: Size) -> Size:
    """Of the convolution from `large` maps to `small` ones: 2 where a side is halved, 1 where it stays."""
    return (1 if large[0] == small[0] else 2, 1 if large[1] == small[1] else 2)


def plan(shape: tuple[int, ...], stages: int) -> list[Size]:
    """(H, W) of a (C, H, W) picture and of the maps after each stage."""
    return list(zip(*(halvings(side, stages) for side in shape[1:]), strict=True))


def checked_picture(network: str, shape: tuple[int, ...], *, smallest: int) -> tuple[int, int, int]:
    """(C, H, W), if the network can take it; else an error that says what it takes."""
    if len(shape) != 3:
        raise UserError(f"network '{network}' takes pictures, this data has vectors of {shape[0]} numbers: use --network mlp")
    channels, height, width = shape
    if min(height, width) < smallest:
        raise UserError(
            f"network '{network}' takes pictures of at least {smallest}x{smallest}, this data is {height}x{width} (H x W): "
            f"pass --size {smallest} or more, or --network simple"
        )
    return channels, height, width


class Downconv(nn.Conv2d):
    """A convolution from maps of one size to the next smaller one of the plan."""

    def __init__(self, channels_in: int, channels_out: int, size_in: Size, size_out: Size, *, kernel: int = 5):
        super().__init__(channels_in, channels_out, kernel, stride=strides(size_in, size_out), padding=kernel // 2)


class Upconv(nn.ConvTranspose2d):
    """A 5x5 transposed convolution from maps of one size to the next larger one of the plan."""

    def __init__(self, channels_in: int, channels_out: int, size_in: Size, size_out: Size):
        stride = strides(size_out, size_in)
        beyond = (size_out[0] - (size_in[0] - 1) * stride[0] - 1, size_out[1] - (size_in[1] - 1) * stride[1] - 1)
        super().__init__(channels_in, channels_out, 5, stride=stride, padding=2, output_padding=beyond)


def dcgan_init(net: nn.Module) -> nn.Module:
    """Weights from N(0, 0.02), batch-norm gains from N(1, 0.02), biases 0. Radford et al. (2015), section 4."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
    return net


def spectrally_normalised(net: nn.Module) -> nn.Module:
    """Every weight divided by its largest singular value. Miyato et al. (2018), https://arxiv.org/abs/1802.05957"""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            spectral_norm(module)
    return net
