"""Recipes whose discriminator is an autoencoder: EBGAN and BEGAN, on the networks of the two-player recipes.

The encoder is a discriminator that ends in a code, the decoder a generator that begins with it. BEGAN's defaults are quicker
than the paper's (gamma from 0.3 to 0.7, lambda_k 0.001, no batch norm), which are for long trainings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from torch.optim import Adam

from rivals.data.core import Facts
from rivals.errors import UserError, pick
from rivals.games.began import BEGAN
from rivals.games.ebgan import EBGAN
from rivals.networks import FAMILIES
from rivals.networks.layers import Norm
from rivals.priors import PRIORS
from rivals.recipes.core import Setup, counts, positive, recipe, shares
from rivals.recipes.duel import Network, falling


@dataclass(frozen=True, kw_only=True)
class Energy:
    """The options that both recipes have; None: as the network's source had it."""

    network: Network = "intermediate"
    """Generator, encoder and decoder."""
    width: int | None = None
    """Units of a hidden layer (simple, mlp) or maps of the first convolution; all others are multiples of it."""
    norm_d: Norm | None = None
    """Normalisation in the encoder and the decoder, which are the discriminator."""
    norm_g: Norm | None = None
    """Normalisation in the generator."""
    prior: Literal["normal", "uniform"] = "normal"
    """What the latents are drawn from: N(0, 1), or uniform on [-1, 1]."""
    latent: int = 64
    """Dimensions of the latents."""
    code: int = 64
    """Dimensions of the autoencoder's code."""
    activation: Literal["tanh", "sigmoid"] = "tanh"
    """The last activation of generator and decoder, for pictures; its range is laid onto [-1, 1]."""
    lr: float | None = None
    """Learning rate of Adam, of both players."""
    lr_d: float | None = None
    """Learning rate of the discriminator, where it differs."""
    beta1: float | None = None
    """Adam's first decay."""
    decay: Literal["none", "linear", "cosine"] = "none"
    """The learning rate through the training: constant, or falling to 0."""
    batch: int = 64
    """Rows a turn, over all processes."""
    average: float = 0.0
    """Decay of the averaged weights that samples are drawn with; 0: none."""

    def __post_init__(self) -> None:
        shares(self, "average", *(() if self.beta1 is None else ("beta1",)))
        counts(self, "latent", "code", "batch", "width")
        positive(self, "lr", "lr_d")


@dataclass(frozen=True, kw_only=True)
class EBGANOptions(Energy):
    """The options of EBGAN."""

    margin: float = 0.1
    """Energy up to which the discriminator raises that of samples; a mean square error, pixels in [-1, 1]."""
    pulling_away: float = 0.1
    """Factor on the mean squared cosine between the codes of samples; 0: none."""
    pretrain: int = 0
    """Rounds in which the autoencoder learns alone, on real data, before the generator begins."""

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "margin")
        for name in ("pulling_away", "pretrain"):
            if (value := getattr(self, name)) < 0:
                raise UserError(f"--{name.replace('_', '-')} must be 0 or more, not {value}")


@dataclass(frozen=True, kw_only=True)
class BEGANOptions(Energy):
    """The options of BEGAN."""

    gamma: float = 0.5
    """The loss on samples over that on data that is held: low for clean pictures, high for many kinds."""
    lambda_k: float = 1e-3
    """How far k moves a round, per unit of imbalance."""

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "gamma", "lambda_k")


def parts(facts: Facts, options: Energy) -> dict[str, Any]:
    """What both games are made of: networks, prior, optimisers and schedule, by name."""
    family = pick("network", FAMILIES, options.network)
    width = family.width if options.width is None else options.width
    generator = partial(family.generator, facts.shape, width=width, activation=options.activation if facts.bounded else "none")
    norm_d = options.norm_d or family.norm_d
    lr = family.lr if options.lr is None else options.lr
    adam = partial(Adam, betas=(family.beta1 if options.beta1 is None else options.beta1, 0.999), fused=True)
    return {
        "generator": generator(latent=options.latent, norm=options.norm_g or family.norm_g),
        "encoder": family.discriminator(facts.shape, outputs=options.code, width=width, norm=norm_d),
        "decoder": generator(latent=options.code, norm=norm_d),
        "prior": pick("prior", PRIORS, options.prior)(options.latent),
        "optim_d": partial(adam, lr=lr if options.lr_d is None else options.lr_d),
        "optim_g": partial(adam, lr=lr),
        "schedule": falling(options.decay),
    }


@recipe(
    paper="Zhao, Mathieu and LeCun, 2016, Energy-based Generative Adversarial Network",
    url="https://arxiv.org/abs/1609.03126",
    options=EBGANOptions(),
)
def ebgan(facts: Facts, options: EBGANOptions) -> Setup:
    """The discriminator is an autoencoder; what it reconstructs badly is taken for generated.

    Measured: Fashion-MNIST, 2,400 rounds with `--width 24 --average 0.99`, 3.6 minutes of one core of an AMD EPYC (bf16, seed
    0, torch 2.13.0, rivals 0.1.0): 3.82 by the judge of `benchmarks/judge.py`, Fréchet distance of 10,000 samples; still
    falling."""
    game = EBGAN(**parts(facts, options), margin=options.margin, pulling_away=options.pulling_away, pretrain=options.pretrain)
    return Setup(game=game, batch=options.batch, average=options.average)


@recipe(
    paper="Berthelot, Schumm and Metz, 2017, BEGAN: Boundary Equilibrium Generative Adversarial Networks",
    url="https://arxiv.org/abs/1703.10717",
    options=BEGANOptions(prior="uniform", gamma=0.95, lambda_k=0.1),
)
def began(facts: Facts, options: BEGANOptions) -> Setup:
    """An autoencoder for a discriminator, and a balance that holds its losses on samples and on data in proportion.

    Measured: Fashion-MNIST, 2,400 rounds with `--width 24 --average 0.99`, 3.4 minutes of one core of an AMD EPYC (bf16, seed
    0, torch 2.13.0, rivals 0.1.0): 6.54 by the judge of `benchmarks/judge.py`, Fréchet distance of 10,000 samples; still
    falling."""
    game = BEGAN(**parts(facts, options), gamma=options.gamma, lambda_k=options.lambda_k)
    return Setup(game=game, batch=options.batch, average=options.average)
