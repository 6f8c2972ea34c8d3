"""A game on points of a line or of the plane, one turn at a time: any recipe that takes vectors, with any criterion and
penalty, which may change while it is played.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor

from rivals import chance
from rivals.criteria import CRITERIA
from rivals.data import Batches, Memory
from rivals.data.toys import TOYS, toy
from rivals.errors import UserError, pick
from rivals.game import Game, Player, Samples
from rivals.games.gan import GAN
from rivals.penalties import PENALTIES, Penalty
from rivals.recipes import RECIPES, find
from rivals.recipes.core import Recipe
from rivals.recipes.duel import PenaltyName, penalty
from rivals.studio.alone import DRAWING
from rivals.studio.scene import Scene, View
from rivals.trainer import Trainer
from rivals.window import Diverged

SMALL = {"network": "mlp", "width": 32, "batch": 128, "latent": 2}  # of the options that a recipe has
POINTS, DRAWN, LEAST = 4000, 200, 20  # of the data, of what is drawn, and that a drawing of one's own takes
VIEW = View(0.0, 0.0, 3.0)
STROKE = 0.12  # standard deviation of points around a place that was drawn


def two_moons(n: int) -> np.ndarray[Any, Any]:
    random = np.random.default_rng(0)
    angle, which = math.pi * random.random(n), np.arange(n) % 2
    x = np.where(which, 1 - np.cos(angle), np.cos(angle)) - 0.5
    y = np.where(which, 0.5 - np.sin(angle), np.sin(angle)) - 0.25
    return 1.4 * np.stack([x, y], 1) + 0.08 * random.standard_normal((n, 2))


def spiral(n: int) -> np.ndarray[Any, Any]:
    random = np.random.default_rng(0)
    angle = 3 * math.pi * np.sqrt(random.random(n))
    return np.stack([np.cos(angle), np.sin(angle)], 1) * angle[:, None] / 4 + 0.06 * random.standard_normal((n, 2))


def two_hills(n: int) -> np.ndarray[Any, Any]:
    random = np.random.default_rng(0)
    return np.where(random.random(n) < 0.7, -1.2, 1.5)[:, None] + 0.35 * random.standard_normal((n, 1))


def points(name: str) -> Tensor:
    """(N, 1) or (N, 2), about as wide as what is shown."""
    if name in OWN:
        return torch.from_numpy(OWN[name](POINTS)).float()
    if name not in TOYS:
        raise UserError(f"there are no points called '{name}': choose from {', '.join(POINT_SETS)}")
    x = torch.from_numpy(toy(name, "train").x[:POINTS])
    return {"grid": x / 2, "ring": 2 * x, "gaussian": (x - 4) / 1.25}[name]


OWN: Mapping[str, Callable[[int], np.ndarray[Any, Any]]] = {"two moons": two_moons, "spiral": spiral, "two hills": two_hills}
POINT_SETS = ("ring", "grid", "two moons", "spiral", "gaussian", "two hills")


@cache
def playable() -> list[str]:
    """Recipes that take vectors without labels and draw."""
    found = []
    for name, recipe in RECIPES.items():
        known = {field.name for field in dataclasses.fields(recipe.options)}
        if ("network" in known or name == "auto") and small(recipe).takes("vectors", 0):
            found.append(name)
    return found


def small(recipe: Recipe, **changes: object) -> Recipe:
    known = {field.name for field in dataclasses.fields(recipe.options)}
    return recipe.but(**{name: value for name, value in {**SMALL, **changes}.items() if name in known})


class Playground:
    """data: (N, 1) or (N, 2). Raises `UserError` for a recipe or options that such data does not fit."""

    def __init__(self, data: Tensor, recipe: str = "gan", *, seed: int = 0, **options: object):
        if len(data) < LEAST:
            raise UserError(f"there are {len(data)} points: draw at least {LEAST}")
        self.data, self.recipe, self.seed = data, recipe, seed
        made = small(find(recipe), **options)
        set_ = Memory(data, name="points")
        with DRAWING, chance.fixed(seed), torch.random.fork_rng([]):
            torch.manual_seed(seed)
            setup = made(set_.facts)
            self.trainer = Trainer(setup.game, Batches(set_, setup.batch, seed=seed), seed=seed, average=setup.average)
            if not isinstance(setup.game, Samples):
                raise UserError(f"'{recipe}' draws nothing from noise alone")
            self.z = setup.game.prior(DRAWN)
        self.turns: Iterator[Player] = iter(())
        self.penalised = name_of(getattr(setup.game, "penalty", None))
        self.taken = 0  # turns, of those that were taken one by one
        self.losses: dict[str, list[tuple[int, float]]] = {player.name: [] for player in self.trainer.players}

    @property
    def game(self) -> Game:
        return self.trainer.game

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else draws meanwhile, and nobody's draws are disturbed."""
        try:
            with DRAWING, chance.fixed(self.seed, self.trainer.round, self.taken):
                yield
        except Diverged as error:
            raise UserError(f"it flew apart: {error}. Begin anew with a lower learning rate") from None

    def turn(self) -> str:
        """One player's turn; who it was."""
        with self.alone():
            player = next(self.turns, None)
            while player is None:  # a new round
                self.turns = self.trainer.turn_by_turn()
                player = next(self.turns, None)
        self.taken += 1
        return player.name

    def play(self, rounds: int = 1) -> None:
        """To the end of so many rounds."""
        with self.alone():
            for _ in self.turns:
                pass
            self.turns = iter(())
            for _ in range(rounds):
                self.trainer.play()
            taken = self.trainer.window.take()
        for name, terms in taken.terms.items():
            self.losses[name].append((self.trainer.round, sum(terms.values())))

    @property
    def scene(self) -> Scene:
        return Scene(self.game, self.data, self.z, VIEW)

    def change(
        self, *, rates: Mapping[str, float] | None = None, criterion: str | None = None, penalised: PenaltyName | None = None
    ) -> None:
        """While it is played: learning rates by player, the criterion, the penalty on D's gradient."""
        for name, rate in (rates or {}).items():
            self.trainer.rates[name] = [rate for _ in self.trainer.rates[name]]
        if criterion is not None or penalised is not None:
            if not isinstance(self.game, GAN):
                raise UserError(f"'{self.recipe}' has a criterion of its own")
            if criterion is not None:
                self.game.adversarial = pick("criterion", CRITERIA, criterion)
            if penalised is not None:
                self.game.penalty, self.penalised = penalty(penalised, None), penalised


def name_of(on_gradient: Penalty | None) -> PenaltyName:
    """
    >>> name_of(PENALTIES["r1"]()), name_of(None)
    ('r1', 'none')
    """
    names = (name for name in get_args(PenaltyName) if name in PENALTIES and isinstance(on_gradient, type(PENALTIES[name]())))
    return next(names, "none")


def drawn(places: list[tuple[float, float]], *, flat: bool = False) -> Tensor:
    """(N, 2) points around places that were drawn with the mouse, as many around each; or (N, 1), their first numbers."""
    if not places:
        raise UserError("nothing is drawn yet: draw on the plane with the mouse")
    random = np.random.default_rng(0)
    centres = np.asarray(places, dtype=np.float64)[np.arange(POINTS) % len(places)]
    x = torch.from_numpy(centres + STROKE * random.standard_normal(centres.shape)).float()
    return x[:, :1] if flat else x
