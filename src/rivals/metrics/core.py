"""The words that all metrics share: what is judged, by which features, and what comes out.

A metric is a function that asks a `Case` for what it needs and answers with named `Value`s. A case is real things beside
generated ones; put real things in the place of the generated, and the same metric says what perfection scores: its floor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from rivals import checkpoint
from rivals.data.core import Dataset
from rivals.data.download import cache_folder
from rivals.data.part import halves, in_order, overlap, settled, some
from rivals.errors import UserError
from rivals.game import Game, Relabels, Samples
from rivals.metrics.moments import Moments, Statistics
from rivals.views import together

LABELS = (100, 1000)
Better = Literal["higher", "lower", "near 0.5", "near the floor"]


class Unsuitable(UserError):
    """This metric cannot judge this case; the message says what it takes."""


def judges_alone(game: nn.Module) -> None:
    """`Unsuitable` if the discriminator of this game judges several things as one."""
    if (m := together(game)) > 1:
        raise Unsuitable(f"the discriminator of this game judges packs of {m}, and has nothing to say of one thing by itself")


class Features(Protocol):
    """Things -> features: (B, *shape) float32, pictures in [-1, 1] -> (B, D) float32."""

    name: str
    protocol: str  # network, weights with their hash, resize: what must agree for two numbers to be compared

    @property
    def key(self) -> str | None:
        """Tells these features from all others in the cache of those of real things; None: not worth keeping."""

    def __call__(self, x: Tensor) -> Tensor: ...


@runtime_checkable
class Classifies(Protocol):
    """Features that a classifier goes on to read."""

    class_names: Sequence[str]  # in the order of the posterior; () where they are not those of any data here

    def log_posterior(self, features: Tensor) -> Tensor:
        """(B, D) -> (B, classes), log p(y|x)."""


class Value(NamedTuple):
    value: float
    better: Better
    protocol: str  # how it was worked out; `evaluate` adds the data, the counts and the features
    spread: float | None = None  # a standard deviation; over what, the protocol says


@dataclass(frozen=True)
class Metric:
    """An entry of the catalogue. `measure` raises `Unsuitable` where it has nothing to say."""

    name: str
    measure: Callable[[Case], Mapping[str, Value]]
    features: bool = False  # whether the numbers depend on the features
    samples: bool = True  # whether it looks at what was generated, and not at the game's networks alone
    floor: bool = True  # whether real things in the place of the generated ones mean anything
    gives: tuple[str, ...] = ()  # names of its numbers, as far as they do not depend on the case


class Translations(NamedTuple):
    """What a translator made, row by row."""

    given: Dataset
    made: Dataset
    truth: Dataset | None  # what belongs to each, where pairs are known


@dataclass
class Case:
    """Real things beside generated ones, and what is known of where they come from.

    Both are put into an order that depends on nothing but what they are, so that no metric depends on how they came.
    """

    real: Dataset  # what the generated are compared with: unseen by the generator where the data has a test part
    fake: Dataset
    features: Features
    train: Dataset | None = None  # what the generator learnt from; None: nobody knows
    game: Game | None = None  # the generator and its rivals; None: only its pictures are here
    spare: Dataset | None = None  # all real rows there are, where `real` is only some of them
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    sampled: bool = True  # whether the "generated" really are, and not real ones in their place
    labels: Sequence[int] = LABELS  # how many a probe learns from
    translated: Translations | None = None  # of a game that translates; in its own order
    described: dict[str, Tensor] = field(default_factory=dict, repr=False)  # features by the data's fingerprint

    def __post_init__(self) -> None:
        self.real, self.fake = settled(self.real), settled(self.fake)

    def describe(self, data: Dataset) -> Tensor:
        """(N, D) features of all rows, on the CPU; worked out once, those of real rows once for all evaluations to come."""
        if data.fingerprint not in self.described:
            found = kept(self.key(data), lambda: {"x": torch.cat([x.cpu() for x in self.stream(data)])})
            self.described[data.fingerprint] = found["x"]
        return self.described[data.fingerprint]

    def key(self, data: Dataset) -> str | None:
        """Under which the features of these rows are kept; None: not at all, as those of samples, which never come again."""
        sampled = data is self.fake and self.sampled
        return None if sampled or self.features.key is None else f"{data.fingerprint} {self.features.key}"

    def stream(self, data: Dataset) -> Iterator[Tensor]:
        """The features, some rows at a time; in float32, in whatever precision a training may be that asks."""
        for batch in in_order(data, self.device):
            with torch.autocast(self.device.type, enabled=False):
                yield self.features(batch.x)

    def statistics(self, data: Dataset) -> Statistics:
        """Mean and covariance of the features. If nobody asked for the features themselves, they are not held."""
        if data.fingerprint in self.described:
            return Moments().add(self.described[data.fingerprint]).statistics()

        def streamed() -> dict[str, Tensor]:
            found = Moments()
            for x in self.stream(data):
                found.add(x)
            return found.statistics()._asdict()

        key = self.key(data)
        return Statistics(**kept(None if key is None else f"{key} statistics", streamed))

    @property
    def draws(self) -> bool:
        """Whether there is something generated; where the game draws nothing, `fake` is the real rows again, unlooked at."""
        return self.game is None or isinstance(self.game, Samples | Relabels) or self.translated is not None

    @property
    def unseen(self) -> bool:
        """Whether the real rows are known to be none that the generator learnt from."""
        return self.train is not None and not overlap(self.train, self.real)

    def at_the_floor(self) -> Case:
        """The same case with real things in the place of the generated: one half of the training rows, the other being what
        was "learnt from"; halves of what real rows there are, where none are unseen. As many as were generated, if it can."""
        one, other = halves(self.train or self.spare or self.real)
        real = self.real if self.unseen else some(other, len(self.real))
        known = {key: value for key, value in self.described.items() if key == real.fingerprint}
        train = None if self.train is None else other
        return Case(
            real, some(one, len(self.fake)), self.features, train=train, device=self.device, sampled=False, described=known
        )


def kept(key: str | None, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """What `make` makes, from the user's cache folder where it was made before; None is never kept."""
    if key is None:
        return make()
    file = cache_folder() / "features" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.safetensors"
    with suppress(UserError):  # not there, or damaged
        return checkpoint.read(file)
    made = make()
    with suppress(OSError):  # a cache that cannot be written is none
        file.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.write(file, made)
    return made


def rows_of(data: Dataset, n: int | None = None) -> Tensor:
    """(N, D) float32: the rows as flat vectors, on the CPU; n of them, at random but always the same."""
    return torch.cat([batch.x.flatten(1) for batch in in_order(some(data, n or len(data)), torch.device("cpu"))])
