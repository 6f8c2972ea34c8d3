"""Recipes of sounds: encoders that take who speaks and what is said apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch.optim import Adam

from rivals.data.core import Facts
from rivals.errors import UserError, pick
from rivals.games.disentangle import Disentangle
from rivals.networks import FAMILIES
from rivals.networks.heads import Standardised
from rivals.networks.layers import Norm
from rivals.networks.pairs import Pairs
from rivals.recipes.core import Setup, counts, positive, recipe, shares
from rivals.recipes.duel import Network, falling


@dataclass(frozen=True, kw_only=True)
class DisentangleOptions:
    """The options of disentangling; None: as the network's source had it."""

    network: Network = "intermediate"
    """Both encoders and the decoder."""
    width: int | None = None
    """Units of a hidden layer (simple, mlp) or maps of the first convolution; all others are multiples of it."""
    norm_e: Norm | None = None
    """Normalisation in the encoders."""
    norm_g: Norm | None = None
    """Normalisation in the decoder."""
    speaker_code: int = 16
    """Numbers that say who speaks."""
    phonetic_code: int = 16
    """Numbers that say what is said; the more there are, the more of the speaker is left in them."""
    hidden: int = 128
    """Units of the discriminator's layers."""
    critic_turns: int = 3
    """Steps of the discriminator a round, each on a fresh batch."""
    weight: float = 1.0
    """Factor on what makes the discriminator err; 0: the phonetic code may hold the speaker too."""
    speaker_weight: float = 1.0
    """Factor on what draws speaker codes of one speaker together and those of two apart."""
    margin: float = 1.0
    """Squared distance up to which those of two are drawn apart."""
    lr: float = 1e-3
    """Learning rate of encoders and decoder."""
    lr_d: float = 1e-3
    """Learning rate of the discriminator."""
    beta1: float = 0.5
    """Adam's first decay, its momentum."""
    decay: Literal["none", "linear", "cosine"] = "none"
    """The learning rate through the training: constant, or falling to 0."""
    batch: int = 64
    """Rows a turn, over all processes."""
    average: float = 0.0
    """Decay of the averaged weights that are shown and saved; 0: none."""

    def __post_init__(self) -> None:
        shares(self, "average", "beta1")
        counts(self, "width", "speaker_code", "phonetic_code", "hidden", "critic_turns", "batch")
        positive(self, "lr", "lr_d", "margin", "speaker_weight")
        if not 0 <= self.weight < float("inf"):
            raise UserError(f"--weight must be 0 or more, not {self.weight}")


@recipe(
    paper="Chen, Huang, Shen, Lee and Lee, 2018, Phonetic-and-Semantic Embedding of Spoken Words with Applications in Spoken "
    "Content Retrieval",
    url="https://arxiv.org/abs/1807.08089",
    options=DisentangleOptions(),
)
def disentangle(facts: Facts, options: DisentangleOptions) -> Setup:
    """Two encoders, of who speaks and of what is said; a discriminator keeps the speaker out of the second.

    Measured: three speakers, 384 sounds, `--width 16`, 300 rounds, 25 seconds of one core (bf16, seed 0, torch 2.13.0, rivals
    0.1.0): of 1,028 pieces of other sounds a fresh classifier reads the speaker from 95.7 % by the speaker code and from 45.7 %
    by the phonetic code; 38.9 % are of the most frequent speaker."""
    if facts.classes < 2:
        raise UserError("this recipe has to know who speaks, and the data has no classes: give a folder for each speaker")
    family = pick("network", FAMILIES, options.network)
    width = options.width or family.width
    encoder = partial(family.discriminator, facts.shape, width=width, norm=options.norm_e or family.norm_d)
    adam = partial(Adam, betas=(options.beta1, 0.999), fused=True)
    game = Disentangle(
        encoder(outputs=options.speaker_code),
        Standardised(encoder(outputs=options.phonetic_code), options.phonetic_code),
        family.generator(
            facts.shape,
            latent=options.speaker_code + options.phonetic_code,
            width=width,
            norm=options.norm_g or family.norm_g,
            activation="tanh" if facts.bounded else "none",
        ),
        Pairs(options.phonetic_code, width=options.hidden),
        critic_turns=options.critic_turns,
        weight=options.weight,
        speaker=options.speaker_weight,
        margin=options.margin,
        optim=partial(adam, lr=options.lr),
        optim_c=partial(adam, lr=options.lr_d),
        schedule=falling(options.decay),
    )
    return Setup(game=game, batch=options.batch, average=options.average)
