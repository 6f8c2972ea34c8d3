"""Recipes that learn from labels in one domain and have to work in another: domain-adversarial training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch.optim import SGD, Adam

from rivals.data.beside import Beside
from rivals.data.core import Dataset, Facts
from rivals.data.sources import alike
from rivals.errors import UserError, pick
from rivals.game import Game, Optim, Schedule
from rivals.games.dann import DANN, AlternatingDANN, Weight, rising
from rivals.networks.lenet import Features
from rivals.networks.mlp import MLPDiscriminator
from rivals.recipes.core import Setup, counts, not_negative, positive, recipe, shares
from rivals.recipes.duel import falling

FORMS: dict[str, Callable[..., Game]] = {"reversal": DANN, "alternating": AlternatingDANN}


@dataclass(frozen=True, kw_only=True)
class DomainOptions:
    """The options of domain-adversarial training."""

    target: str = "mnist-m"
    """The unlabelled domain, a name or a path like --data, which is the source. Its classes, if it has any, are never read."""
    form: Literal["reversal", "alternating"] = "reversal"
    """All players at once by the paper's gradient reversal, or in turns as in a GAN."""
    weight: float = 0.5
    """lambda, which the pull towards features that are alike in both domains rises to; 0: learn from the source alone."""
    gamma: float | None = 10.0
    """How quickly lambda rises from 0: half of it stands at a progress of 1.1 / gamma. None: all of it from the start."""
    width: int = 32
    """Maps of the first convolution, the second has half as many more; of vectors, a quarter of the units of a layer."""
    hidden: int = 100
    """Units of the hidden layers that read the features: two of the label predictor, one of the domain classifier."""
    optimizer: Literal["sgd", "adam"] = "sgd"
    """How all players move."""
    lr: float = 0.01
    """Learning rate at the start."""
    momentum: float = 0.9
    """Of sgd; Adam's first decay."""
    decay: Literal["annealed", "none", "linear", "cosine"] = "annealed"
    """The learning rate through the training: divided by (1 + 10 p)^0.75 at progress p as in the paper, constant, or falling to
    0."""
    batch: int = 64
    """Rows of each domain a turn, over all processes."""
    average: float = 0.0
    """Decay of the averaged weights that are shown and saved; 0: none."""

    def __post_init__(self) -> None:
        shares(self, "momentum", "average")
        counts(self, "width", "hidden", "batch")
        positive(self, "gamma", "lr")
        not_negative(self, "weight")

    def idle(self) -> Iterator[tuple[str, str]]:
        if not self.weight:
            yield "gamma", "with --weight 0"

    def optim(self) -> Optim:
        if self.optimizer == "adam":
            return partial(Adam, lr=self.lr, betas=(self.momentum, 0.999), fused=True)
        return partial(SGD, lr=self.lr, momentum=self.momentum)

    def schedule(self) -> Schedule | None:
        return annealed if self.decay == "annealed" else falling(self.decay)

    def towards(self) -> Weight:
        if self.gamma is None:
            return partial(constant, weight=self.weight)
        return partial(rising, gamma=self.gamma, most=self.weight)


def annealed(progress: float) -> float:
    """mu_p / mu_0 of the paper's section 5.2.2."""
    return float((1 + 10 * progress) ** -0.75)


def constant(progress: float, *, weight: float) -> float:
    return weight


def with_target(target: str, source: Dataset) -> Beside:
    """The source, and beside it the target as pictures of the source's size."""
    return Beside(source, alike(target, source))


@recipe(
    paper="Ganin et al., 2016, Domain-Adversarial Training of Neural Networks",
    url="https://arxiv.org/abs/1505.07818",
    options=DomainOptions(),
)
def dann(facts: Facts, options: DomainOptions) -> Setup:
    """Learns classes from a labelled source (--data) so that they are found in an unlabelled target (--target) too.

    Measured: mnist-10k in colour to mnist-m-10k on patches of 785 small pictures (seed 0, torch 2.13.0, rivals 0.1.0): 60.8 %
    of the target's 2,000 test digits and 97.3 % of the source's after 4,000 rounds, 148 seconds of one core; in turns 63.5 %
    after 2,000, 101 seconds; from the source alone, `--weight 0`, 40.2 % after 2,000."""
    if facts.classes < 2:
        raise UserError("this recipe learns from the labels of its source, and the data has no classes: give labelled data")
    G_f = Features(facts.shape, width=options.width)
    reads = partial(MLPDiscriminator, (G_f.features,), width=options.hidden, leak=0.0)
    game = pick("form", FORMS, options.form)(
        G_f,
        reads(outputs=facts.classes, depth=2),
        reads(outputs=1, depth=1),
        weight=options.towards(),
        optim=options.optim(),
        schedule=options.schedule(),
    )
    return Setup(game=game, batch=options.batch, average=options.average, beside=partial(with_target, options.target))
