"""The variational autoencoder on the networks of the two-player recipes: decoder = generator, encoder = discriminator."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch.optim import Adam

from rivals.data.core import Facts
from rivals.errors import pick
from rivals.games.vae import VAE
from rivals.networks import FAMILIES
from rivals.networks.layers import Norm
from rivals.recipes.core import Setup, counts, positive, recipe, shares
from rivals.recipes.duel import Network, falling


@dataclass(frozen=True, kw_only=True)
class VAEOptions:
    """The options of the VAE; None: as the network's source had it."""

    network: Network = "intermediate"
    """Encoder and decoder."""
    width: int | None = None
    """Units of a hidden layer (simple, mlp) or maps of the first convolution; all others are multiples of it."""
    norm: Norm | None = None
    """Normalisation in both."""
    latent: int = 32
    """Dimensions of the latents."""
    beta: float = 1.0
    """Factor on the KL term: 1 is the evidence bound; larger, more regular latents (beta-VAE)."""
    dropout: float = 0.0
    """Share of the encoder's activations dropped."""
    activation: Literal["tanh", "sigmoid"] = "tanh"
    """The decoder's last activation, for pictures; its range is laid onto [-1, 1]."""
    lr: float = 1e-3
    """Learning rate of Adam."""
    decay: Literal["none", "linear", "cosine"] = "none"
    """The learning rate through the training: constant, or falling to 0."""
    batch: int = 128
    """Rows a turn, over all processes."""
    average: float = 0.0
    """Decay of the averaged weights that samples are drawn with; 0: none."""

    def __post_init__(self) -> None:
        shares(self, "dropout", "average")
        counts(self, "latent", "batch", "width")
        positive(self, "lr", "beta")


@recipe(
    paper="Kingma and Welling, 2013, Auto-Encoding Variational Bayes",
    url="https://arxiv.org/abs/1312.6114",
    options=VAEOptions(),
)
def vae(facts: Facts, options: VAEOptions) -> Setup:
    """One player, an encoder and a decoder: the non-adversarial neighbour, blurred but sure to learn.

    Measured: Fashion-MNIST, 2,189 rounds of 128, three minutes on two cores of an AMD EPYC (seed 0, torch 2.13.0, rivals
    0.1.0): 24.0 by the judge of `benchmarks/judge.py`, Fréchet distance of 10,000 samples; flat from the second minute."""
    family = pick("network", FAMILIES, options.network)
    width = family.width if options.width is None else options.width
    game = VAE(
        encoder=family.discriminator(
            facts.shape, outputs=2 * options.latent, width=width, norm=options.norm or family.norm_d, dropout=options.dropout
        ),
        decoder=family.generator(
            facts.shape,
            latent=options.latent,
            width=width,
            norm=options.norm or family.norm_g,
            activation=options.activation if facts.bounded else "none",
        ),
        latent=options.latent,
        beta=options.beta,
        optim=partial(Adam, lr=options.lr, fused=True),
        schedule=falling(options.decay),
    )
    return Setup(game=game, batch=options.batch, average=options.average)
