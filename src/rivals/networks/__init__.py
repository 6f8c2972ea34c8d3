"""Networks by name. A family is a generator, a discriminator of like size, and the optimiser its source trained it with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from rivals.networks.convolutional import (
    dcgan_discriminator,
    dcgan_generator,
    intermediate_discriminator,
    intermediate_generator,
)
from rivals.networks.layers import Norm
from rivals.networks.mlp import MLPDiscriminator, MLPGenerator
from rivals.networks.resize import ResizeDiscriminator, ResizeGenerator


@dataclass(frozen=True, kw_only=True)
class Family:
    """Two builders, called as generator(shape, latent=, width=, extra=, norm=, dropout=, activation=) and
    discriminator(shape, outputs=, width=, extra=, norm=, dropout=), and the defaults of their source. Those of feature maps
    take constant= and upsample= or downsample= too."""

    generator: Callable[..., nn.Module]
    discriminator: Callable[..., nn.Module]
    maps: bool
    width: int
    norm_g: Norm
    norm_d: Norm
    lr: float  # of Adam
    beta1: float


FAMILIES = {
    "simple": Family(
        generator=partial(MLPGenerator, depth=1),
        discriminator=partial(MLPDiscriminator, depth=1, leak=0.0),
        maps=False,
        width=128,
        norm_g="none",
        norm_d="none",
        lr=1e-3,
        beta1=0.9,
    ),
    "mlp": Family(
        generator=partial(MLPGenerator, depth=3),
        discriminator=partial(MLPDiscriminator, depth=3),
        maps=False,
        width=256,
        norm_g="none",
        norm_d="none",
        lr=2e-4,
        beta1=0.5,
    ),
    "intermediate": Family(
        generator=intermediate_generator,
        discriminator=intermediate_discriminator,
        maps=True,
        width=64,
        norm_g="batch",
        norm_d="batch",
        lr=2e-3,
        beta1=0.5,
    ),
    "dcgan": Family(
        generator=dcgan_generator,
        discriminator=dcgan_discriminator,
        maps=True,
        width=64,
        norm_g="batch",
        norm_d="batch",
        lr=2e-4,
        beta1=0.5,
    ),
    "resize": Family(
        generator=ResizeGenerator,
        discriminator=ResizeDiscriminator,
        maps=True,
        width=64,
        norm_g="batch",
        norm_d="none",
        lr=2e-3,
        beta1=0.5,
    ),
}
