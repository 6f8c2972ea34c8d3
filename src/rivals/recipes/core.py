"""What a recipe is: a function that makes a game ready to train, from the facts of the data and its options."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any

import torch

from rivals.data.core import Facts
from rivals.errors import UserError, unknown
from rivals.game import Encodes, Game, Samples


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A game ready to train, and how to train it."""

    game: Game
    batch: int = 64  # rows a turn, over all processes
    average: float = 0.0  # decay of the averaged weights, 0: none
    why: tuple[str, ...] = ()  # what was chosen for the user, a sentence each


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
        known = {field.name for field in dataclasses.fields(self.options)}
        for name in changes:
            if name not in known:
                raise unknown(f"option of recipe '{self.name}'", name, known)
        return self.build(facts, dataclasses.replace(self.options, **changes))

    @property
    def doc(self) -> str:
        return cleandoc(self.build.__doc__ or "")

    def needs(self) -> str:
        """What data it takes, by its default options: found out by building it, without weights."""
        with torch.device("meta"):
            try:
                self(Facts(shape=(2,), count=1000, bounded=False))
            except UserError:
                return "pictures"
        return "pictures or vectors"

    def can(self) -> list[str]:
        """What its game can do, by the protocols of `rivals.game`."""
        with torch.device("meta"):
            game = self(Facts(shape=(1, 16, 16), count=1000)).game
        return [verb for verb, protocol in (("samples", Samples), ("encodes", Encodes)) if isinstance(game, protocol)]


RECIPES: dict[str, Recipe] = {}


def recipe(*, paper: str, url: str, options: object) -> Callable[[Callable[[Facts, Any], Setup]], Recipe]:
    """Register a function (facts, options) -> Setup under its own name, with these default options."""

    def register(build: Callable[[Facts, Any], Setup]) -> Recipe:
        name = build.__name__.replace("_", "-")
        RECIPES[name] = Recipe(name, paper, url, build, options)
        return RECIPES[name]

    return register


def find(name: str) -> Recipe:
    if name not in RECIPES:
        raise unknown("recipe", name, RECIPES)
    return RECIPES[name]


def share(name: str, value: float) -> None:
    """Check an option that is a share."""
    if not 0 <= value < 1:
        raise UserError(f"--{name} is a share in [0, 1), not {value}")
