"""Recipes whose networks for two domains share layers (CoGAN), or what is meant (DTN), on the two-player recipes' networks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rivals.criteria import CRITERIA
from rivals.data.core import Facts
from rivals.errors import UserError, pick
from rivals.games.cogan import CoGAN
from rivals.games.dtn import DTN
from rivals.networks.coupled import couple
from rivals.networks.heads import Head, Layers
from rivals.networks.lenet import Features
from rivals.priors import Normal
from rivals.recipes.between import Sets
from rivals.recipes.common import Common
from rivals.recipes.core import Setup, counts, not_negative, positive, recipe
from rivals.recipes.duel import Criterion


@dataclass(frozen=True, kw_only=True)
class CoGANOptions(Common, Sets):
    """The options of CoGAN; None: as the network's source had it."""

    latent: int = 100
    """Dimensions of the latents."""
    own_g: int | None = 1
    """How many of its last layers each generator has for itself; None: all, so that nothing is shared."""
    own_d: int | None = 1
    """How many of its first layers each discriminator has for itself; None: all."""
    adversarial: Criterion = "non-saturating"
    """What the two minimise."""
    lr: float | None = None
    """Learning rate of Adam, of both players."""

    def __post_init__(self) -> None:
        Common.__post_init__(self)
        Sets.__post_init__(self)
        counts(self, "latent", "own_g", "own_d")
        positive(self, "lr")


@recipe(
    paper="Liu and Tuzel, 2016, Coupled Generative Adversarial Networks",
    url="https://arxiv.org/abs/1606.07536",
    options=CoGANOptions(network="resize"),
)
def cogan(facts: Facts, options: CoGANOptions) -> Setup:
    """Draws pairs, one thing in two domains, and never saw a pair: the generators share their first layers.

    Measured (study across, seeds 0 to 2): digits and their edges, mnist-10k, 28 x 28, 5,000 rounds with `--pair edges --width
    16 --batch 32 --average 0.99 --decay linear --lr 5e-4` (6 minutes of one core beside another job, bf16, torch 2.13.0,
    rivals 0.1.0): the edges of what one generator draws are, in 90.8 +- 0.9 % of the pixels, what the other draws (paper
    95.2 %; two GANs that share nothing 78.3 +- 0.1 %). The digits are rougher than those of two GANs: Fréchet distance
    434 against 251."""
    shapes = options.shapes(facts)
    generators = [options.generator(replace(facts, shape=shape), latent=options.latent) for shape in shapes]
    discriminators = [options.discriminator(shape) for shape in shapes]
    if options.own_g is not None:
        couple(generators, options.own_g, shared="first")
    if options.own_d is not None:
        couple(discriminators, options.own_d, shared="last")
    game = CoGAN(
        generators,
        discriminators,
        prior=Normal(options.latent),
        adversarial=pick("criterion", CRITERIA, options.adversarial),
        optim_d=options.adam(options.lr),
        optim_g=options.adam(options.lr),
        schedule=options.schedule,
    )
    return replace(options.setup(game), **options.data(paired=False))


@dataclass(frozen=True, kw_only=True)
class DTNOptions(Common, Sets):
    """The options of the domain transfer network; None: as the network's source had it."""

    features: int = 128
    """How many numbers f says of a thing."""
    same: float = 15.0
    """alpha, the factor on the difference of what f sees in a thing and in its translation."""
    identity: float = 15.0
    """beta, the factor on what becomes of things that are of the target already."""
    smooth: float = 0.0
    """gamma, the factor on the mean square difference of neighbouring pixels of translations."""
    lr: float | None = None
    """Learning rate of Adam, of all players."""

    def __post_init__(self) -> None:
        Common.__post_init__(self)
        Sets.__post_init__(self)
        counts(self, "features")
        positive(self, "lr")
        not_negative(self, "same", "identity", "smooth")


@recipe(
    paper="Taigman, Polyak and Wolf, 2016, Unsupervised Cross-Domain Image Generation",
    url="https://arxiv.org/abs/1611.02200",
    options=DTNOptions(network="resize", norm_d="none", norm_g="layer"),
)
def dtn(facts: Facts, options: DTNOptions) -> Setup:
    """Labelled things of one domain become things of another that mean the same to a network that has learnt the labels.

    Measured (study across, seeds 0 to 2): digits on photographs into plain ones, mnist-m-10k and mnist-10k, 28 x 28, 2,500
    rounds with `--width 16 --batch 32 --average 0.99 --decay linear` (7 minutes of one core beside other jobs, bf16,
    torch 2.13.0, rivals 0.1.0): a classifier of plain digits reads 85.7 +- 1.2 % of 2,000 translated test digits (paper
    90.66 % of house numbers), and 25.5 % of them as they are."""
    if facts.classes < 2:
        raise UserError("this recipe learns what is meant from the classes of --data, and it has none: give labelled data")
    x, y = options.shapes(facts)
    if x != y:
        raise UserError(f"f sees things of both domains, which differ in shape: {x} and {y}")
    reads = Features(x, width=2 * (options.width or options.family.width))
    game = DTN(
        Layers([reads, Head(reads.features, options.features, activated=True)]),
        Head(options.features, facts.classes),
        options.generator(facts, latent=options.features),
        options.discriminator(y, outputs=3),
        same=options.same,
        identity=options.identity,
        smooth=options.smooth,
        optim_f=options.adam(options.lr),
        optim_d=options.adam(options.lr),
        optim_g=options.adam(options.lr),
        schedule=options.schedule,
    )
    return replace(options.setup(game), **options.data(paired=False))
