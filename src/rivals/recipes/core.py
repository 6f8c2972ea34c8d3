"""What a recipe is: a function that makes a game ready to train, from the facts of the data and its options."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any, Literal, Protocol, runtime_checkable

import torch

from rivals.data.beside import Beside
from rivals.data.core import Facts
from rivals.errors import UserError, pick
from rivals.game import Conditional, Couples, Encodes, Game, Labels, Samples, Translates

VERBS = {
    "samples": Samples,
    "classes": Conditional,
    "encodes": Encodes,
    "classifies": Labels,
    "translates": Translates,
    "pairs": Couples,
}


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A game ready to train, and how to train it."""

    game: Game
    batch: int = 64  # rows a turn, over all processes
    average: float = 0.0  # decay of the averaged weights, 0: none
    why: tuple[str, ...] = ()  # what was chosen for the user, a sentence each
    beside: Callable[..., Beside] | None = None  # (data) -> with what else it learns from; of translators (data, split)
    truth: Callable[..., Beside] | None = None  # the same as pairs, where it is known which belong together: to judge by
    usual: Mapping[str, object] = field(default_factory=dict)  # what an option that is None stands for, by its name


@runtime_checkable
class Idle(Protocol):
    """Options that know which of them change nothing beside the others."""

    def idle(self) -> Iterator[tuple[str, str]]:
        """Name and reason, as "penalty_weight", "without --penalty"."""
        ...


@dataclass(frozen=True)
class Recipe:
    """A registered recipe: call it with the facts of the data and the options to change.

    >>> from rivals.recipes import RECIPES
    >>> setup = RECIPES["wgan"](Facts(shape=(1, 8, 8), count=100), network="simple", clip=0.02)
    >>> setup.game.clip
    0.02
    """

    name: str
    paper: str  # authors, year, title
    url: str
    build: Callable[[Facts, Any], Setup]
    options: Any  # a frozen dataclass: the recipe's defaults

    def __call__(self, facts: Facts, **changes: object) -> Setup:
        recipe = self.but(**changes)
        return recipe.build(facts, recipe.options)

    def as_it_was(self, facts: Facts, options: Mapping[str, Any]) -> Setup:
        """Of a run: with all of its options, also such as would be refused today."""
        return self.build(facts, dataclasses.replace(self.options, **options))

    def but(self, **changes: object) -> Recipe:
        """The recipe with some of its options changed. Raises `UserError` for one that changes nothing beside the others."""
        known = {field.name: field for field in dataclasses.fields(self.options)}
        for name in changes:
            pick(f"option of recipe '{self.name}'", known, name)
        options = dataclasses.replace(self.options, **changes)
        usual = RECIPES.get(self.name, self).options
        if isinstance(options, Idle):
            for name, why in options.idle():
                if getattr(options, name) != getattr(usual, name):
                    raise UserError(f"{flag(name)} changes nothing {why}")
        return dataclasses.replace(self, options=options)

    @property
    def doc(self) -> str:
        return cleandoc(self.build.__doc__ or "")

    def needs(self) -> str:
        """What data it takes, by its default options: found out by building it, without weights."""
        takes = {(kind, classes): self.takes(kind, classes) for kind in ("pictures", "vectors") for classes in (0, 10)}
        kinds = " or ".join(kind for kind in ("pictures", "vectors") if takes[kind, 10])
        return kinds if takes["pictures", 0] else f"labelled {kinds}"

    def takes(self, kind: Literal["pictures", "vectors"], classes: int) -> bool:
        shape = (2,) if kind == "vectors" else (1, 32, 32)
        with torch.device("meta"):
            try:
                self(Facts(shape=shape, count=1000, classes=classes, bounded=kind == "pictures"))
            except UserError:
                return False
        return True

    def can(self) -> list[str]:
        """What its game can do, by the protocols of `rivals.game`."""
        with torch.device("meta"):
            game = self(Facts(shape=(1, 32, 32), count=1000, classes=10)).game
        return [verb for verb, protocol in VERBS.items() if isinstance(game, protocol)]


RECIPES: dict[str, Recipe] = {}


def recipe(*, paper: str, url: str, options: object) -> Callable[[Callable[[Facts, Any], Setup]], Recipe]:
    """Register a function (facts, options) -> Setup under its own name, with these default options."""

    def register(build: Callable[[Facts, Any], Setup]) -> Recipe:
        name = build.__name__.replace("_", "-")
        RECIPES[name] = Recipe(name, paper, url, build, options)
        return RECIPES[name]

    return register


def find(name: str) -> Recipe:
    return pick("recipe", RECIPES, name)


WITHOUT_RIVAL = "with --no-rival, which leaves the discriminator out"


def flag(name: str) -> str:
    """
    >>> flag("penalty_weight")
    '--penalty-weight'
    """
    return f"--{name.replace('_', '-')}"


def shares(options: object, *names: str) -> None:
    """Check options that are shares."""
    for name in names:
        if not 0 <= (value := getattr(options, name)) < 1:
            raise UserError(f"{flag(name)} is a share in [0, 1), not {value}")


def counts(options: object, *names: str) -> None:
    """Check options that count something, where they are given."""
    for name in names:
        if (value := getattr(options, name)) is not None and value < 1:
            raise UserError(f"{flag(name)} must be at least 1, not {value}")


def positive(options: object, *names: str) -> None:
    """Check options that are more than 0, where they are given."""
    for name in names:
        if (value := getattr(options, name)) is not None and not 0 < value < float("inf"):
            raise UserError(f"{flag(name)} must be more than 0, not {value}")


def not_negative(options: object, *names: str) -> None:
    """Check options that are 0 or more."""
    for name in names:
        if not 0 <= (value := getattr(options, name)) < float("inf"):
            raise UserError(f"{flag(name)} must be 0 or more, not {value}")
