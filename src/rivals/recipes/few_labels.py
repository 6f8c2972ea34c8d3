"""Recipes that learn to classify from few labels, and from all other rows without theirs: the semi-supervised GAN, CatGAN and
Triple-GAN.

The data is labelled, and `--labels` of its rows, as many of each class, are those whose class a game is told; `--draw` chooses
other ones. `rivals evaluate RUN --metrics error` says how often the classifier is wrong on the test part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from torch import nn

from rivals.data.beside import few_labels
from rivals.data.core import Facts
from rivals.errors import UserError, pick
from rivals.game import Game
from rivals.games.catgan import CatGAN
from rivals.games.semisupervised import SemiSupervisedGAN
from rivals.games.triplegan import TripleGAN
from rivals.networks import FAMILIES
from rivals.networks.conditioned import Projection
from rivals.networks.layers import Norm
from rivals.networks.pooled import PooledClassifier
from rivals.priors import Normal
from rivals.recipes.common import Common
from rivals.recipes.core import Setup, counts, not_negative, positive, recipe, shares


@dataclass(frozen=True, kw_only=True)
class FewLabels(Common):
    """The options that all three recipes have; None: as the network's source had it."""

    labels: int = 100
    """How many rows have a class that is told, as many of each."""
    draw: int = 0
    """Which rows these are: another number chooses others."""
    width: int | None = 32
    """The generator's (and a discriminator's) units of a hidden layer or maps of the first convolution."""
    norm_d: Norm | None = "layer"
    """Normalisation in classifier and discriminator. Of batch norm each kind of rows has statistics of its own, and no good
    ones are left."""
    classifier: Literal["pooled", "simple", "intermediate", "dcgan", "resize", "mlp"] = "pooled"
    """The classifier's network: convolutions with pooling, or the discriminator of one of the others (mlp for vectors)."""
    width_c: int | None = None
    """The classifier's width (None: 16 of pooled)."""
    dropout: float = 0.1
    """Share of the classifier's activations dropped."""
    latent: int = 100
    """Dimensions of the latents."""
    lr: float = 3e-3
    """Learning rate of the classifier."""
    lr_g: float = 1e-3
    """Learning rate of the generator (and of a discriminator)."""
    average: float = 0.99
    """Decay of the averaged weights that classify and draw; 0: none."""

    def __post_init__(self) -> None:
        super().__post_init__()
        shares(self, "dropout")
        counts(self, "labels", "width_c", "latent")
        positive(self, "lr", "lr_g")

    def classifying(self, facts: Facts) -> nn.Module:
        """(B, *shape) -> (B, classes) logits."""
        build: Callable[..., nn.Module] = PooledClassifier
        width, norm = 16, self.norm_d or "layer"
        if self.classifier != "pooled":
            family = pick("classifier", FAMILIES, self.classifier)
            build, width, norm = family.discriminator, family.width, self.norm_d or family.norm_d
        return build(facts.shape, outputs=facts.classes, width=self.width_c or width, norm=norm, dropout=self.dropout)

    def setup(self, game: Game) -> Setup:
        return replace(super().setup(game), beside=partial(few_labels, labels=self.labels, draw=self.draw))


def check(facts: Facts) -> None:
    """An error for data that cannot be learnt from few labels, before anything is built."""
    if facts.classes < 2:
        raise UserError("this recipe learns classes from a few labelled rows, and the data has no classes: give labelled data")


@dataclass(frozen=True, kw_only=True)
class SSGANOptions(FewLabels):
    """The options of the semi-supervised GAN."""

    weight: float = 1.0
    """Factor on the unsupervised loss."""
    entropy: float = 0.3
    """Factor on the entropy of the classifier's answers to unlabelled rows, after Dai et al., 2017; 0: as the paper."""

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "weight")
        not_negative(self, "entropy")


@recipe(
    paper="Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen, 2016, Improved Techniques for Training GANs, section 5",
    url="https://arxiv.org/abs/1606.03498",
    options=SSGANOptions(lr_g=3e-3),
)
def ssgan(facts: Facts, options: SSGANOptions) -> Setup:
    """The discriminator is a classifier with one class more, "generated"; the generator matches its features.

    Measured: mnist-10k at 16 x 16, 100 labels, 2,400 rounds with `--decay linear` (105 seconds of one core of an AMD EPYC,
    bf16, seeds and draws 100 to 103, torch 2.13.0, rivals 0.1.0): 2.70, 2.55, 2.40 and 2.55 % of 2,000 test digits are classed
    wrong. The paper has 0.93 % from 60,000 digits."""
    check(facts)
    return options.setup(
        SemiSupervisedGAN(
            options.generator(facts, latent=options.latent),
            options.classifying(facts),
            prior=Normal(options.latent),
            weight=options.weight,
            entropy=options.entropy,
            optim_c=options.adam(options.lr),
            optim_g=options.adam(options.lr_g),
            schedule=options.schedule,
        )
    )


@dataclass(frozen=True, kw_only=True)
class CatGANOptions(FewLabels):
    """The options of CatGAN."""

    weight: float = 1.0
    """lambda, the factor on the labelled rows' cross-entropy."""

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "weight")


@recipe(
    paper="Springenberg, 2015, Unsupervised and Semi-supervised Learning with Categorical Generative Adversarial Networks",
    url="https://arxiv.org/abs/1511.06390",
    options=CatGANOptions(),
)
def catgan(facts: Facts, options: CatGANOptions) -> Setup:
    """The discriminator is a classifier that is sure of real things and at a loss over generated ones.

    Measured: mnist-10k at 16 x 16, 100 labels, 600 rounds with `--dropout 0` (24 seconds of one core, bf16, seed and draw 0,
    torch 2.13.0, rivals 0.1.0): 3.7 % of 2,000 test digits are classed wrong. The paper has 1.39 % from 60,000 digits."""
    check(facts)
    return options.setup(
        CatGAN(
            options.generator(facts, latent=options.latent),
            options.classifying(facts),
            prior=Normal(options.latent),
            weight=options.weight,
            optim_c=options.adam(options.lr),
            optim_g=options.adam(options.lr_g),
            schedule=options.schedule,
        )
    )


@dataclass(frozen=True, kw_only=True)
class TripleGANOptions(FewLabels):
    """The options of Triple-GAN."""

    alpha: float = 0.5
    """The classifier's share of the pairs that the discriminator is shown as false."""
    pseudo: float = 0.9
    """Share of the pairs shown as true whose class is the classifier's and not a label."""
    generated_weight: float = 0.1
    """alpha_P, the factor on the cross-entropy of generated pairs."""
    generated_from: float = 0.3
    """The share of the training after which the classifier learns from generated pairs."""
    confidence: float = 0.3
    """Factor on the entropy of the classifier's answers."""
    balance: float = 1e-3
    """Factor on the cross-entropy from even classes to its mean answer."""
    consistency: float = 0.0
    """Factor on the squared distance of two answers to the same thing, under dropout of their own."""

    def __post_init__(self) -> None:
        super().__post_init__()
        shares(self, "alpha", "pseudo", "generated_from")
        not_negative(self, "generated_weight", "confidence", "balance", "consistency")

    def idle(self) -> Iterator[tuple[str, str]]:
        if not self.dropout:
            yield "consistency", "without --dropout, which makes two answers differ"
        if not self.generated_weight:
            yield "generated_from", "with --generated-weight 0"


@recipe(
    paper="Li, Xu, Zhu and Zhang, 2017, Triple Generative Adversarial Nets",
    url="https://arxiv.org/abs/1703.02291",
    options=TripleGANOptions(),
)
def triplegan(facts: Facts, options: TripleGANOptions) -> Setup:
    """A generator that is asked for a class, a classifier, and a discriminator of (thing, class) pairs that judges both.

    Measured: mnist-10k at 16 x 16, 100 labels, 900 rounds with `--dropout 0.3` (50 seconds of one core, bf16, seed and draw 0,
    torch 2.13.0, rivals 0.1.0): 8.2 % of 2,000 test digits are classed wrong, still falling, but slowly. The paper has 0.91 %
    from 60,000 digits and a thousand passes over them."""
    check(facts)
    return options.setup(
        TripleGAN(
            options.generator(facts, latent=options.latent + facts.classes),
            options.classifying(facts),
            Projection(options.discriminator, facts.shape, facts.classes),
            latent=options.latent,
            classes=facts.classes,
            alpha=options.alpha,
            pseudo=options.pseudo,
            generated=options.generated_weight,
            generated_from=options.generated_from,
            confidence=options.confidence,
            balance=options.balance,
            consistency=options.consistency,
            optim_c=options.adam(options.lr),
            optim_d=options.adam(options.lr_g),
            optim_g=options.adam(options.lr_g),
            schedule=options.schedule,
        )
    )
