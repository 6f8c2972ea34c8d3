"""What the networks of this house share: hidden layers, normalisation by name, the last activation, initial weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from rivals.errors import UserError
from rivals.networks.scaling import Size

Norm = Literal["batch", "layer", "none"]
Last = Literal["tanh", "sigmoid", "none"]


def hidden(
    layer: nn.Module,
    width: int,
    *,
    activation: Callable[[], nn.Module],
    norm: Norm,
    dropout: float,
    extra: int = 0,
    bare: bool = False,
) -> list[nn.Module]:
    """A layer that gives `width` units (nn.Linear) or maps (any other), normalised unless `bare`, then its activation and
    dropout; after it `extra` more such layers of the same width and size."""
    maps = not isinstance(layer, nn.Linear)
    layers: list[nn.Module] = []
    for i in range(1 + extra):
        if i:
            layer = nn.Conv2d(width, width, 3, padding=1) if maps else nn.Linear(width, width)
        layers += [layer, *([] if bare and i == 0 else normalised(norm, width, maps=maps)), activation(), *dropped(dropout)]
    return layers


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


def he_init(net: nn.Module, *, leak: float = 0.0) -> nn.Module:
    """Weights that keep the size of what passes through a network with no norms, after (Leaky)ReLU, biases 0. He et al., 2015,
    Delving Deep into Rectifiers, https://arxiv.org/abs/1502.01852, section 2.2."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            seen = module.weight[0].numel()
            if isinstance(module, nn.ConvTranspose2d):  # (in, out, h, w)
                seen = module.weight[:, 0].numel() // math.prod(module.stride)
            nn.init.normal_(module.weight, 0.0, math.sqrt(2 / ((1 + leak**2) * seen)))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return net


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
