"""What recipes on one pair of networks share, where they are not a duel: the options, and the networks that they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import nn
from torch.optim import Adam

from rivals.data.core import Facts
from rivals.errors import pick
from rivals.game import Game, Optim, Schedule
from rivals.networks import FAMILIES, Family
from rivals.networks.layers import Norm
from rivals.recipes.core import Setup, counts, shares
from rivals.recipes.duel import Network, as_published, falling


@dataclass(frozen=True, kw_only=True)
class Common:
    """Options; None: as the network's source had it."""

    network: Network = "intermediate"
    """The pair of networks."""
    width: int | None = None
    """Units of a hidden layer (simple, mlp) or maps of the first convolution; all others are multiples of it."""
    norm_d: Norm | None = None
    """Normalisation in what looks at things: discriminator, encoder, classifier."""
    norm_g: Norm | None = None
    """Normalisation in what makes them: generator, decoder."""
    activation: Literal["tanh", "sigmoid"] = "tanh"
    """The generator's or decoder's last activation, for pictures; its range is laid onto [-1, 1]."""
    beta1: float | None = None
    """Adam's first decay, its momentum."""
    decay: Literal["none", "linear", "cosine"] = "none"
    """The learning rate through the training: constant, or falling to 0."""
    batch: int = 64
    """Rows a turn, over all processes."""
    average: float = 0.0
    """Decay of the averaged weights that samples are drawn with; 0: none."""

    def __post_init__(self) -> None:
        shares(self, "average", *(() if self.beta1 is None else ("beta1",)))
        counts(self, "width", "batch")

    @property
    def family(self) -> Family:
        return pick("network", FAMILIES, self.network)

    @property
    def schedule(self) -> Schedule | None:
        return falling(self.decay)

    def generator(self, facts: Facts, *, latent: int, dropout: float = 0.0) -> nn.Module:
        """(B, latent) -> (B, *shape)."""
        return self.family.generator(
            facts.shape,
            latent=latent,
            width=self.width or self.family.width,
            norm=self.norm_g or self.family.norm_g,
            dropout=dropout,
            activation=self.activation if facts.bounded else "none",
        )

    def discriminator(self, shape: tuple[int, ...], *, outputs: int = 1, dropout: float = 0.0) -> nn.Module:
        """(B, *shape) -> (B, outputs)."""
        return self.family.discriminator(
            shape,
            outputs=outputs,
            width=self.width or self.family.width,
            norm=self.norm_d or self.family.norm_d,
            dropout=dropout,
        )

    def adam(self, lr: float | None) -> Optim:
        """Of this rate, or else the network's own."""
        beta1 = self.family.beta1 if self.beta1 is None else self.beta1
        return partial(Adam, lr=lr or self.family.lr, betas=(beta1, 0.999), fused=True)

    def setup(self, game: Game) -> Setup:
        return Setup(
            game=game, batch=self.batch, average=self.average, usual=as_published(self.family) | {"beta1": self.family.beta1}
        )
