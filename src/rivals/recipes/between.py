"""What recipes between domains share: where the other domain comes from, and the options of those that translate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from torch import nn
from torch.optim import Adam

from rivals.data.beside import Beside
from rivals.data.changed import SIDES, shape_after
from rivals.data.core import Dataset, Facts
from rivals.data.partners import made_pairs, partners
from rivals.data.sources import alike
from rivals.errors import UserError
from rivals.game import Game, Optim, Schedule
from rivals.networks.maps import MapNorm
from rivals.networks.patches import Patch, PatchDiscriminator
from rivals.recipes.core import Setup, counts, positive, shares
from rivals.recipes.duel import Criterion, falling

Pair = Literal["edges", "grey", "blur", "mask", "downscale", "left", "right"]
Decay = Literal["none", "late", "linear", "cosine"]
Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Sets:
    """Where the other domain comes from."""

    target: str | None = None
    """The other domain, a name or a path like --data; a second --data says the same."""
    target_key: str | None = None
    """Which picture of a sample in .tar shards is the other domain's; --image-key says which is the first one's."""
    pair: Pair | None = None
    """Make the first domain from the pictures of --data, which are the other: their edges, them in grey, blurred, with a hole,
    without details. left, right: each picture is two, side by side, and this half is the first domain."""

    def __post_init__(self) -> None:
        if self.pair is not None and (self.target is not None or self.target_key is not None):
            raise UserError("--pair makes the other domain from --data: leave out --target, --target-key and a second --data")

    def shapes(self, facts: Facts) -> tuple[Shape, Shape]:
        """Of the first domain and of the other, from the facts of --data."""
        if not facts.pictures:
            raise UserError(f"this recipe translates pictures, this data has vectors of {facts.shape[0]} numbers")
        if self.pair is None:
            return facts.shape, facts.shape
        first = shape_after(self.pair, facts.shape)
        return first, (first if self.pair in SIDES else facts.shape)

    def data(self, *, paired: bool) -> dict[str, Any]:
        """`Setup.beside` and, where it is known which things belong together, `Setup.truth`."""
        known = paired or self.pair is not None or self.target_key is not None
        return {"beside": partial(self.both, paired=paired), "truth": partial(self.both, paired=True) if known else None}

    def both(self, data: Dataset, split: str = "train", *, paired: bool) -> Beside:
        """The rows of --data with those of the other domain beside them. split: that `data` is."""
        if self.pair is not None:
            made = made_pairs(data, self.pair)
            return made if paired else Beside(made.first, made.second)
        if self.target is None and self.target_key is None:
            raise UserError(
                "this recipe translates between two domains: give --data A --data B, or make one from the other with --pair "
                "edges, or name two pictures of each sample of .tar shards with --image-key and --target-key"
            )
        other = alike(self.target or data.name, data, split=split, image_key=self.target_key)
        return partners(data, other) if paired else Beside(data, other)


@dataclass(frozen=True, kw_only=True)
class Domains(Sets):
    """The options of every recipe that learns to translate between domains."""

    # networks
    width: int = 32
    """Maps of the first convolution of all networks."""
    norm: MapNorm = "instance"
    """Normalisation: of each map of each picture, or none."""
    patch: Patch = "34"
    """How many pixels a side the discriminator judges as one: a pixel, 16, 34, 70, or the whole picture."""

    # the game and its training
    adversarial: Criterion = "non-saturating"
    """What the two sides minimise."""
    lr: float = 2e-4
    """Learning rate of all."""
    beta1: float = 0.5
    """Adam's first decay, its momentum."""
    decay: Decay = "none"
    """The learning rate through the training: constant; or falling to 0, from the middle on (late) or all the way."""
    batch: int = 16
    """Rows of each domain a turn, over all processes."""
    average: float = 0.0
    """Decay of the averaged weights that translate; 0: none."""

    def __post_init__(self) -> None:
        super().__post_init__()
        counts(self, "width", "batch")
        positive(self, "lr")
        shares(self, "beta1", "average")

    def idle(self) -> Iterator[tuple[str, str]]:
        yield from ()

    def discriminator(self, shape: Shape) -> nn.Module:
        return PatchDiscriminator(shape, patch=self.patch, width=self.width, norm=self.norm)

    def adam(self) -> Optim:
        return partial(Adam, lr=self.lr, betas=(self.beta1, 0.999), fused=True)

    @property
    def schedule(self) -> Schedule | None:
        return schedule_of(self.decay)

    def setup(self, game: Game, *, paired: bool) -> Setup:
        return Setup(game=game, batch=self.batch, average=self.average, **self.data(paired=paired))


def schedule_of(decay: Decay) -> Schedule | None:
    return late if decay == "late" else falling(decay)


def late(progress: float) -> float:
    """1 for the first half of a training, then down to 0 (Zhu et al., 2017, appendix 7.1)."""
    return min(1.0, 2 * (1 - progress))
