"""The idea of the house: a game of players who take turns.

A **game** holds networks. Its **players** each own some of them and have a loss to minimise. On a player's **turn** only
what it owns asks for a gradient: everything else is a constant to it, so a loss can never reach a network that is not the
player's, and nothing has to be detached by hand. A trainer (`rivals.trainer`) that knows nothing else plays any game.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rivals.data.core import Batch
from rivals.priors import Prior

Terms = dict[str, Tensor]  # named scalars; the player minimises their sum
Optim = Callable[[Iterable[Tensor]], Optimizer]  # parameters -> optimiser: partial(Adam, lr=2e-4, betas=(0.5, 0.999))
Schedule = Callable[[float], float]  # progress in [0, 1] -> factor on the learning rate


@dataclass(frozen=True, kw_only=True)
class Player:
    """Who takes a turn: what it may change, what it minimises, how it moves."""

    name: str  # key of its logs and checkpoints
    owns: Sequence[nn.Module]  # what it may change; everything else is a constant to it
    loss: Callable[[Batch], Terms]
    optim: Optim
    turns: int = 1  # steps a round, each on a fresh batch (WGAN's n_critic)
    starts: int = 0  # the first round that it plays: others may be trained before it
    ends: int | None = None  # the round from which it plays no more; None: it plays to the end
    after: Callable[[], None] | None = None  # after each step: clipping, a codebook, a control variable
    skips: Callable[[Terms], bool] | None = None  # asked with the loss's terms, means over all processes; True: no step
    schedule: Schedule | None = None  # learning rate through training; None: constant

    def parameters(self) -> list[nn.Parameter]:
        return list({p: None for net in self.owns for p in net.parameters()})

    def plays(self, round: int) -> bool:
        return self.starts <= round and (self.ends is None or round < self.ends)


class Game(nn.Module, ABC):
    """A generative system: networks, the players who train them, and a way to draw.

    A game says nothing of devices, precision, processes, averaging or logs: that is the trainer's. What it remembers between
    rounds (pools, control variables, running means) is a buffer, else a resumed run would not repeat the run.
    """

    progress: float = 0.0  # share of the training done, in [0, 1]; set by the trainer
    round: int = 0  # rounds done; set by the trainer

    @abstractmethod
    def players(self) -> Iterable[Player]:
        """Who plays, in the order of their turns."""

    def gauges(self) -> dict[str, Tensor]:
        """Named scalars that tell how the game stands and that nobody minimises: logged beside the terms, as they are then."""
        return {}

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def described(self) -> dict[str, str]:
        """What tells this game from another in the settings of a run, where no recipe does: its networks, and the plain
        values, functions and dataclasses that it was given."""
        given = {name: value for name, value in vars(self).items() if not name.startswith("_") and name not in KEPT}
        return {"game": type(self).__name__, "networks": str(self), **{name: naming(value) for name, value in given.items()}}


KEPT = ("training", "progress", "round")  # attributes of any game, which change as it is trained


def naming(value: object) -> str:
    """A value as text, functions by where they are written: the same in every process."""
    if isinstance(value, partial):
        return f"{naming(value.func)}({', '.join(f'{k}={v!r}' for k, v in value.keywords.items())})"
    if isinstance(value, tuple):
        return f"({', '.join(naming(item) for item in value)})"
    if isinstance(value, FunctionType):
        return f"{value.__module__}.{value.__qualname__}:{value.__code__.co_firstlineno}"
    return value.__qualname__ if isinstance(value, type) else re.sub(r" at 0x[0-9a-f]+", "", str(value))


class Generates(Game):
    """A game whose generator makes things of latents from a prior. What it takes to be one of `Samples` stands here once."""

    generator: nn.Module  # (B, latent) -> (B, *shape)
    latents: Prior

    def prior(self, n: int) -> Tensor:
        return self.latents(n, self.device)

    def decode(self, z: Tensor) -> Tensor:
        x: Tensor = self.generator(z)
        return x

    def sample(self, n: int) -> Tensor:
        return self.decode(self.prior(n))


@runtime_checkable
class Samples(Protocol):
    """A game that draws from noise: latents from `prior`, things from `decode`; `sample` is both."""

    def prior(self, n: int) -> Tensor: ...

    def decode(self, z: Tensor) -> Tensor: ...

    def sample(self, n: int) -> Tensor: ...


@runtime_checkable
class Conditional(Samples, Protocol):
    """A game that draws what it is asked for."""

    def given(self, c: Tensor) -> Tensor:
        """(B,) class numbers, or (B, K) attributes where it draws by those, -> latents that ask for them."""
        ...


@runtime_checkable
class ByAttributes(Conditional, Protocol):
    """One that may be asked for attributes instead of a class."""

    attributes: int  # 0: it is asked for a class

    def having(self, wanted: Sequence[int], n: int) -> Tensor:
        """(n, attributes) conditions that hold these attributes, by number."""

    def met_with(self, wanted: Sequence[int]) -> bool:
        """Whether a thing with all of these was met in training."""
        ...


@runtime_checkable
class Encodes(Protocol):
    """A game that finds the latents of real things."""

    def encode(self, x: Tensor) -> Tensor: ...


@runtime_checkable
class Translates(Protocol):
    """A game that turns things of one domain into things of another. Domains are numbered: 0 is that of --data."""

    def translate(self, x: Tensor, of: int = 0, to: int = 1) -> Tensor:
        """(B, *shape of domain `of`) -> (B, *shape of domain `to`). `UserError` for a way that was not learnt."""
        ...


@runtime_checkable
class Relabels(Translates, Protocol):
    """One whose domains are labels of one data set: class k; or attribute k // 2, to be there (even) or not (odd). Which domain
    things are of is not asked."""

    attributes: int  # 0: its domains are classes

    def labels_of(self, batch: Batch) -> Tensor:
        """(B, labels) those that the things of a batch have."""
        ...

    def labels(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(B, labels) those, and such as they are to become in training."""
        ...

    def latents_of(self, x: Tensor, c: Tensor) -> Tensor:
        """Things and the labels that they are to have, (B, labels), as one: what `decode` takes."""
        ...

    def decode(self, z: Tensor) -> Tensor: ...


@runtime_checkable
class Couples(Samples, Protocol):
    """A game that draws pairs: things of two domains from one latent. What it is known by, `decode`, is the second."""

    def draw_pair(self, z: Tensor) -> tuple[Tensor, Tensor]: ...


@runtime_checkable
class Judges(Protocol):
    """A game that gives each thing a logit, (B, *shape) -> (B, 1): high for real."""

    def logits(self, x: Tensor) -> Tensor: ...


@runtime_checkable
class JudgesAsked(Protocol):
    """A game that gives each thing a logit together with what was asked for."""

    def asked(self, batch: Batch) -> Tensor:
        """(B, K), the conditions of the batch's rows."""
        ...

    def given(self, c: Tensor) -> Tensor:
        """Latents that ask for them."""
        ...

    def logits_of(self, x: Tensor, c: Tensor) -> Tensor:
        """(B, *shape), (B, K) -> (B, 1): high for real."""
        ...


@runtime_checkable
class Labels(Protocol):
    """A game that says which class things are of."""

    def classify(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, classes) logits."""
        ...


@contextmanager
def turn(game: nn.Module, player: Player) -> Iterator[None]:
    """On a player's turn only what it owns asks for a gradient. What was frozen stays frozen."""
    asked = {p: p.requires_grad for p in game.parameters()}
    mine = set(player.parameters())
    changed = [p for p, flag in asked.items() if flag and p not in mine]
    for p in changed:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in changed:
            p.requires_grad_(True)
