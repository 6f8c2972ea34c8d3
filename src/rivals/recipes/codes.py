"""Recipes whose latents hold a code that can be read back: InfoGAN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rivals.augmentation import Augment
from rivals.criteria import CRITERIA
from rivals.data.core import Facts
from rivals.errors import UserError, pick
from rivals.games.infogan import InfoGAN, outputs_of
from rivals.games.sorter import Sorter
from rivals.networks.heads import Head, apart, features_of
from rivals.priors import Codes
from rivals.recipes.common import Common
from rivals.recipes.core import Setup, counts, not_negative, positive, recipe
from rivals.recipes.duel import Criterion
from rivals.recipes.shown import transforms_of

VIEWS = "affine,thickness,warp"  # what a digit survives
UNITS = 128  # of Q's hidden layer, as in the paper's table 1
HEADS, FINER_HEADS = 8, 3  # of a sorter
FINER = 5  # times as many values as the code, as in Ji et al., 2019, on MNIST
LR_S = 1e-3


@dataclass(frozen=True, kw_only=True)
class InfoGANOptions(Common):
    """The options of InfoGAN; None: as the network's source had it."""

    categories: tuple[int, ...] = (10,)
    """How many values each categorical code has."""
    continuous: int = 2
    """How many continuous codes there are."""
    noise: int = 62
    """Latents that mean nothing."""
    categorical_weight: float = 1.0
    """lambda, the factor on the categorical codes' information."""
    continuous_weight: float = 0.1
    """lambda of the continuous codes."""
    pretrain: int = 0
    """Rounds before the game in which a sorter finds on real pictures what values mean (not the paper's); 0: no sorter."""
    heads: int | None = None
    """How many ways to sort it tries side by side, to keep the best (None: 8)."""
    views: str | None = None
    """What it is not to mind: any of affine, thickness, warp (None: these), color, translation, cutout, flip, rotation."""
    adversarial: Criterion = "non-saturating"
    """What the two minimise beside the information."""
    lr_d: float = 2e-4
    """Learning rate of discriminator and Q."""
    lr_g: float = 1e-3
    """Learning rate of the generator."""
    lr_s: float | None = None
    """Learning rate of the sorter (None: 1e-3)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        counts(self, "noise", "heads")
        positive(self, "lr_d", "lr_g", "lr_s", "categorical_weight", "continuous_weight")
        not_negative(self, "continuous", "pretrain")
        if self.pretrain and not self.categories:
            raise UserError("--pretrain is for categorical codes, and there are none: pass --categories 10")
        if min(self.categories, default=2) < 2:
            raise UserError(f"--categories: a code of {min(self.categories)} values says nothing, it takes at least 2")
        if not self.categories and not self.continuous:
            raise UserError("there is no code: pass --categories 10, or --continuous 2")

    def idle(self) -> Iterator[tuple[str, str]]:
        if not self.pretrain:
            yield from ((name, "without --pretrain") for name in ("heads", "views", "lr_s"))
        for codes, weight in (("continuous", "continuous_weight"), ("categories", "categorical_weight")):
            if not getattr(self, codes):
                yield weight, f"without --{codes}"

    def sorter(self, facts: Facts) -> Sorter:
        """One with a trunk like the discriminator's."""
        values = self.categories[0]
        trunk, rest = apart(self.discriminator(facts.shape))
        features = features_of(rest)
        return Sorter(
            trunk,
            heads=[Head(features, values, activated=True) for _ in range(self.heads or HEADS)],
            finer=[Head(features, FINER * values, activated=True) for _ in range(FINER_HEADS)],
            views=[Augment(transforms_of(facts, self.views or VIEWS, option="--pretrain"))],
        )


@recipe(
    paper="Chen, Duan, Houthooft, Schulman, Sutskever and Abbeel, 2016, InfoGAN: Interpretable Representation Learning by "
    "Information Maximizing Generative Adversarial Nets",
    url="https://arxiv.org/abs/1606.03657",
    options=InfoGANOptions(),
)
def infogan(facts: Facts, options: InfoGANOptions) -> Setup:
    """A code among the latents that can be read from the picture. As in the paper half of the digits are sorted by it; with a
    sorter, `--pretrain`, nearly all.

    Measured: mnist-10k at 16 x 16, share of 2,000 test digits that match their value of the code, five seeds, `--width 32
    --continuous 4 --noise 16 --rounds 2200`: 50.3 %; with `--pretrain 2400 --rounds 4600`, which is not the paper's: 93.0 % (4
    minutes of one core of an AMD EPYC, rivals 0.1.0). The paper has 95 % from seven times the data."""
    codes = Codes(noise=options.noise, categories=options.categories, continuous=options.continuous)
    trunk, discriminator = apart(options.discriminator(facts.shape))
    features = features_of(discriminator)
    game = InfoGAN(
        generator=options.generator(facts, latent=codes.dimension),
        trunk=trunk,
        discriminator=discriminator,
        Q=Head(features, outputs_of(codes), hidden=UNITS, activated=True),
        sorter=options.sorter(facts) if options.pretrain else None,
        codes=codes,
        categorical=options.categorical_weight,
        continuous=options.continuous_weight,
        pretrain=options.pretrain,
        adversarial=pick("criterion", CRITERIA, options.adversarial),
        optim_d=options.adam(options.lr_d),
        optim_g=options.adam(options.lr_g),
        optim_s=options.adam(options.lr_s or LR_S),
        schedule=options.schedule,
    )
    return options.setup(game)
