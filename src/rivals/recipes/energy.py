"""Recipes whose discriminator is an autoencoder: EBGAN and BEGAN, on the networks of the two-player recipes.

The encoder is a discriminator that ends in a code, the decoder a generator that begins with it. BEGAN's defaults are quicker
than the paper's (gamma from 0.3 to 0.7, lambda_k 0.001, no batch norm), which are for long trainings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from rivals.data.core import Facts
from rivals.errors import pick
from rivals.games.began import BEGAN
from rivals.games.ebgan import EBGAN
from rivals.priors import PRIORS
from rivals.recipes.common import Common
from rivals.recipes.core import Setup, counts, not_negative, positive, recipe


@dataclass(frozen=True, kw_only=True)
class Energy(Common):
    """The options that both recipes have; None: as the network's source had it. The discriminator is encoder and decoder."""

    prior: Literal["normal", "uniform"] = "normal"
    """What the latents are drawn from: N(0, 1), or uniform on [-1, 1]."""
    latent: int = 64
    """Dimensions of the latents."""
    code: int = 64
    """Dimensions of the autoencoder's code."""
    lr: float | None = None
    """Learning rate of Adam, of both players."""
    lr_d: float | None = None
    """Learning rate of the discriminator, where it differs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        counts(self, "latent", "code")
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
        not_negative(self, "pulling_away", "pretrain")


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
    of_d = replace(options, norm_g=options.norm_d or options.family.norm_d)  # the decoder is a part of the discriminator
    return {
        "generator": options.generator(facts, latent=options.latent),
        "encoder": options.discriminator(facts.shape, outputs=options.code),
        "decoder": of_d.generator(facts, latent=options.code),
        "prior": pick("prior", PRIORS, options.prior)(options.latent),
        "optim_d": options.adam(options.lr_d or options.lr),
        "optim_g": options.adam(options.lr),
        "schedule": options.schedule,
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
    return options.setup(game)


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
    return options.setup(game)
