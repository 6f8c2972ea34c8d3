"""The recipes of two players: one game (`rivals.games.gan`), crossed freely with networks, criteria, penalties and tips.

A paper that changes only those is the default value of `Duel` that stands above its function. The results in the docstrings
are the judge's Fréchet distance (`benchmarks/judge.py`: 0.06 is real against real, 89 one class alone) of 10,000 samples on
Fashion-MNIST: one seed, so without a spread, on two cores of an AMD EPYC, torch 2.13.0, rivals 0.1.0; `make quality` measures
them again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import nn, optim

from rivals.augmentation import POLICIES, Adaptive, Augment, Transform
from rivals.criteria import CRITERIA
from rivals.data.core import Facts
from rivals.errors import UserError, pick
from rivals.game import Optim, Schedule
from rivals.games.gan import GAN
from rivals.networks import FAMILIES
from rivals.networks.layers import Norm, spectrally_normalised
from rivals.past import Replay
from rivals.penalties import PENALTIES, Penalty
from rivals.priors import PRIORS
from rivals.recipes.core import Setup, counts, positive, recipe, shares
from rivals.views import InstanceNoise, Pack, View

Network = Literal["simple", "intermediate", "dcgan", "resize", "mlp"]
Criterion = Literal["minimax", "non-saturating", "least-squares", "hinge", "wasserstein", "relativistic"]
SIGNED = ("minimax", "non-saturating", "hinge")  # criteria whose logit is positive for what is called real
PenaltyName = Literal["none", "wgan-gp", "r1", "r1+r2"]


@dataclass(frozen=True, kw_only=True)
class Duel:
    """The options of every two-player recipe; None: as the network's source had it."""

    network: Network = "dcgan"
    """The pair of networks."""
    width: int | None = None
    """Units of a hidden layer (simple, mlp) or maps of the first convolution; all others are multiples of it."""
    adversarial: Criterion = "non-saturating"
    """What the two minimise."""
    penalty: PenaltyName = "none"
    """On the gradient of the discriminator. Use it with a discriminator without batch norm."""
    penalty_weight: float | None = None
    """Its factor: lambda of wgan-gp (None: 10), gamma of r1 and r1+r2 (None: 1)."""
    penalty_every: int = 1
    """The penalty on each k-th round alone, times k."""
    clip: float | None = None
    """Keep every weight of the discriminator in [-clip, clip]."""
    norm_d: Norm | Literal["spectral"] | None = None
    """Normalisation in the discriminator; spectral: of its weights."""
    norm_g: Literal["batch", "layer", "none"] | None = None
    """Normalisation in the generator."""
    critic_turns: int = 1
    """Steps of the discriminator a round, each on a fresh batch."""
    generator_turns: int = 1
    """Steps of the generator a round, each on a fresh batch."""
    prior: Literal["normal", "uniform"] = "normal"
    """What the latents are drawn from: N(0, 1), or uniform on [-1, 1]."""
    latent: int = 100
    """Dimensions of the latents."""
    dropout_d: float = 0.0
    """Share of the discriminator's activations dropped."""
    dropout_g: float = 0.0
    """Share of the generator's activations dropped, in training alone."""
    flip: float = 0.0
    """Share of the rows shown to the discriminator with the wrong label: real as fake and fake as real."""
    instance_noise: float | None = None
    """Standard deviation of noise on what the discriminator is shown, falling to 0 over the training."""
    pack: int = 1
    """How many pictures the discriminator judges as one (PacGAN)."""
    augment: Literal["none", "diff", "adaptive"] = "none"
    """For small data: change all pictures that the discriminator is shown, or as many as its overfitting asks for."""
    augment_policy: str | None = None
    """How, with commas between: color, translation, cutout, flip, rotation (None: diff the first three, adaptive all)."""
    replay: int | None = None
    """Batches of old samples kept: half of what the discriminator is shown as generated comes from them."""
    recall: int | None = None
    """In the last tenth of each so many rounds both play against the other as it was at their beginning."""
    activation: Literal["tanh", "sigmoid"] = "tanh"
    """The generator's last activation, for pictures; its range is laid onto [-1, 1]."""
    optimizer: Literal["adam", "rmsprop", "sgd"] = "adam"
    """How both players move."""
    lr: float | None = None
    """Learning rate of both players."""
    lr_d: float | None = None
    """Learning rate of the discriminator, where it differs."""
    beta1: float | None = None
    """Adam's first decay; the momentum of rmsprop and sgd (there None: 0)."""
    beta2: float | None = None
    """Adam's second decay (None: 0.999)."""
    decay: Literal["none", "linear", "cosine"] = "none"
    """The learning rate through the training: constant, or falling to 0."""
    batch: int = 64
    """Rows a turn, over all processes."""
    average: float = 0.0
    """Decay of the averaged weights that samples are drawn with; 0: none."""

    def __post_init__(self) -> None:
        shares(self, "dropout_d", "dropout_g", "flip", "average")
        counts(self, "critic_turns", "generator_turns", "latent", "batch", "penalty_every", "width")
        counts(self, "pack", "replay")
        positive(self, "lr", "lr_d", "clip", "penalty_weight", "instance_noise")
        for name in ("beta1", "beta2"):
            if getattr(self, name) is not None:
                shares(self, name)
        if self.penalty == "none" and (self.penalty_weight is not None or self.penalty_every != 1):
            raise UserError("--penalty-weight and --penalty-every change nothing without --penalty")
        if self.augment == "none" and self.augment_policy is not None:
            raise UserError("--augment-policy changes nothing without --augment")
        if self.augment == "adaptive" and self.adversarial not in SIGNED:
            raise UserError(
                f"--augment adaptive reads the sign of the logit, which says nothing with --adversarial {self.adversarial}: "
                f"use one of {', '.join(SIGNED)}, or --augment diff"
            )
        if self.batch % self.pack:
            fit = max(1, self.batch // self.pack) * self.pack
            raise UserError(f"--batch {self.batch} makes no packs of {self.pack}: choose a multiple, as {fit}")
        if self.recall is not None and self.recall < 2:
            raise UserError(f"--recall takes at least 2 rounds, not {self.recall}")
        if self.optimizer != "adam" and self.beta2 is not None:
            raise UserError(f"--beta2 is Adam's: it changes nothing with --optimizer {self.optimizer}")


def duel(facts: Facts, options: Duel) -> Setup:
    """The game of these options on data of these facts."""
    generator, discriminator = pair(facts, options)
    return Setup(
        game=GAN(
            generator,
            discriminator,
            prior=pick("prior", PRIORS, options.prior)(options.latent),
            adversarial=pick("criterion", CRITERIA, options.adversarial),
            penalty=penalty(options),
            penalty_every=options.penalty_every,
            critic_turns=options.critic_turns,
            generator_turns=options.generator_turns,
            clip=options.clip,
            flip=options.flip,
            views=views(facts, options),
            replay=None if options.replay is None else Replay(options.replay, rows=options.batch, shape=facts.shape),
            recall=options.recall,
            optim_d=optimiser(options, options.lr_d),
            optim_g=optimiser(options, None),
            schedule=falling(options.decay),
        ),
        batch=options.batch,
        average=options.average,
    )


def pair(facts: Facts, options: Duel) -> tuple[nn.Module, nn.Module]:
    family = pick("network", FAMILIES, options.network)
    width = family.width if options.width is None else options.width
    generator = family.generator(
        facts.shape,
        latent=options.latent,
        width=width,
        norm=options.norm_g or family.norm_g,
        dropout=options.dropout_g,
        activation=options.activation if facts.bounded else "none",
    )
    norm_d = options.norm_d or family.norm_d
    discriminator = family.discriminator(
        (options.pack * facts.shape[0], *facts.shape[1:]),
        width=width,
        norm="none" if norm_d == "spectral" else norm_d,
        dropout=options.dropout_d,
    )
    return generator, spectrally_normalised(discriminator) if norm_d == "spectral" else discriminator


def views(facts: Facts, options: Duel) -> list[View]:
    """What the discriminator is shown: each picture augmented and under noise, and then packed."""
    found = [] if options.augment == "none" else [augmentation(facts, options)]
    found += [] if options.instance_noise is None else [InstanceNoise(options.instance_noise)]
    return found + ([Pack(options.pack)] if options.pack > 1 else [])


def augmentation(facts: Facts, options: Duel) -> View:
    if not facts.pictures:
        raise UserError("--augment is for pictures, this data has vectors: leave it out")
    usual = "color,translation,cutout" if options.augment == "diff" else ",".join(POLICIES)
    names = (options.augment_policy or usual).split(",")
    transforms = [transform for name in names for transform in pick("augmentation policy", POLICIES, name.strip())]
    kinds: dict[str, Callable[[Sequence[Transform]], View]] = {"diff": Augment, "adaptive": Adaptive}
    return pick("augmentation", kinds, options.augment)(transforms)


def penalty(options: Duel) -> Penalty | None:
    if options.penalty == "none":
        return None
    kind = pick("penalty", PENALTIES, options.penalty)
    return kind() if options.penalty_weight is None else kind(options.penalty_weight)


def optimiser(options: Duel, lr: float | None) -> Optim:
    family = FAMILIES[options.network]
    lr = next(rate for rate in (lr, options.lr, family.lr) if rate is not None)
    if options.optimizer == "adam":
        beta1 = family.beta1 if options.beta1 is None else options.beta1
        return partial(optim.Adam, lr=lr, betas=(beta1, 0.999 if options.beta2 is None else options.beta2), fused=True)
    kind = pick("optimizer", {"adam": optim.Adam, "rmsprop": optim.RMSprop, "sgd": optim.SGD}, options.optimizer)
    return partial(kind, lr=lr, momentum=options.beta1 or 0.0)


def linear(progress: float) -> float:
    return 1 - progress


def cosine(progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * progress))


def falling(decay: Literal["none", "linear", "cosine"]) -> Schedule | None:
    return pick("decay", {"none": None, "linear": linear, "cosine": cosine}, decay)


@recipe(
    paper="Goodfellow et al., 2014, Generative Adversarial Networks",
    url="https://arxiv.org/abs/1406.2661",
    options=Duel(network="simple"),
)
def gan(facts: Facts, options: Duel) -> Setup:
    """The first GAN: two fully-connected networks and the non-saturating criterion.

    Measured, by an earlier and milder judge: 23.9 in 3 minutes (56,717 rounds, seed 0)."""
    return duel(facts, options)


@recipe(
    paper="Radford, Metz and Chintala, 2015, Unsupervised Representation Learning with Deep Convolutional GANs",
    url="https://arxiv.org/abs/1511.06434",
    options=Duel(network="dcgan", prior="uniform"),
)
def dcgan(facts: Facts, options: Duel) -> Setup:
    """Strided convolutions instead of pooling, batch norm, ReLU and LeakyReLU, Adam with beta1 0.5.

    Measured: 1.04 after 7,500 rounds with `--network intermediate`, ten minutes (seed 0). Of the paper's own networks three
    minutes hold 242 rounds, too few to learn in: 58.8, by an earlier and milder judge. Give those a GPU, or hours."""
    return duel(facts, options)


@recipe(
    paper="Mao et al., 2017, Least Squares Generative Adversarial Networks",
    url="https://arxiv.org/abs/1611.04076",
    options=Duel(network="dcgan", adversarial="least-squares"),
)
def lsgan(facts: Facts, options: Duel) -> Setup:
    """The discriminator regresses 1 and 0; the generator is pulled towards 1 however sure D is.

    Measured: 0.99 after 7,500 rounds with `--network intermediate`, ten minutes (seed 0)."""
    return duel(facts, options)


@recipe(
    paper="Arjovsky, Chintala and Bottou, 2017, Wasserstein GAN",
    url="https://arxiv.org/abs/1701.07875",
    options=Duel(network="dcgan", adversarial="wasserstein", clip=0.01, critic_turns=5, optimizer="rmsprop", lr=5e-5, batch=64),
)
def wgan(facts: Facts, options: Duel) -> Setup:
    """A critic with clipped weights, trained five steps for each of the generator's.

    Measured, by an earlier and milder judge: 70.1 in 3 minutes with `--network intermediate` (722 rounds, seed 0). At the
    paper's learning rate of 5e-5 the generator has hardly begun. It is the slowest recipe here; `auto` is the quickest."""
    return duel(facts, options)


@recipe(
    paper="Gulrajani et al., 2017, Improved Training of Wasserstein GANs",
    url="https://arxiv.org/abs/1704.00028",
    options=Duel(
        network="dcgan",
        adversarial="wasserstein",
        penalty="wgan-gp",
        norm_d="layer",
        critic_turns=5,
        lr=1e-4,
        beta1=0.0,
        beta2=0.9,
    ),
)
def wgan_gp(facts: Facts, options: Duel) -> Setup:
    """Instead of clipping, the critic's gradient between real and fake is drawn to norm 1. Layer norm in the critic, since
    the penalty is on each row by itself (section 4, "No critic batch normalization").

    Measured, by an earlier and milder judge: 40.7 in 3 minutes with `--network intermediate` (303 rounds of six turns, seed
    0), still falling."""
    return duel(facts, options)


@recipe(
    paper="Miyato et al., 2018, Spectral Normalization for Generative Adversarial Networks",
    url="https://arxiv.org/abs/1802.05957",
    options=Duel(network="dcgan", adversarial="hinge", norm_d="spectral"),
)
def sngan(facts: Facts, options: Duel) -> Setup:
    """Each weight of the discriminator divided by its largest singular value; the hinge criterion.

    Measured: 8.2 after 1,970 rounds with `--network intermediate`, three minutes (seed 0), still falling."""
    return duel(facts, options)
