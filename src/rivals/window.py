"""What was minimised since the last look: the terms of each turn, as means, spreads and shares of skipped turns."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from rivals import processes
from rivals.errors import UserError
from rivals.game import Player, Terms


class Diverged(UserError):
    """A loss is NaN or infinite."""


class Taken(NamedTuple):
    """What stood in a window, by player."""

    terms: dict[str, dict[str, float]]  # means a turn; a term that some turns lack counts as 0 there
    spreads: dict[str, dict[str, float]]  # standard deviations over the turns
    gradients: dict[str, float]  # norms, of the last round that was watched
    skipped: dict[str, float]  # shares of the turns, of those who may skip


class Window:
    """The terms since the last look, as means over all processes: what was minimised, and all of them see at once what went
    bad in one. They are read from the device every `patience` turns (reading waits for the device), and none that is NaN or
    infinite gets past `check`, which saving asks first.

    Turns that a player skips are counted in `skipped`. Their terms count in the means all the same: otherwise a player who
    moves only while its loss is high would be seen at high losses alone."""

    def __init__(self, patience: int):
        self.patience = patience
        self.clear()

    def clear(self) -> None:
        self.waiting: list[tuple[int, str, tuple[str, ...], Tensor]] = []
        self.sums: dict[str, dict[str, float]] = {}
        self.squares: dict[str, dict[str, float]] = {}
        self.turns: dict[str, int] = {}
        self.skips: dict[str, int] = {}
        self.gradients: dict[str, float] = {}

    def add(self, round: int, player: Player, terms: Terms) -> bool:
        """Note the terms of a turn; whether the player skips it, which all processes answer alike."""
        values = processes.mean(torch.stack([value.detach().float() for value in terms.values()]))
        self.waiting.append((round, player.name, tuple(terms), values))
        if len(self.waiting) >= self.patience:
            self.check()
        if player.skips is None:
            return False
        skipped = player.skips(dict(zip(terms, values, strict=True)))
        self.skips[player.name] = self.skips.get(player.name, 0) + skipped
        return skipped

    def check(self) -> None:
        for round, player, names, values in self.waiting:
            sums, squares = self.sums.setdefault(player, {}), self.squares.setdefault(player, {})
            self.turns[player] = self.turns.get(player, 0) + 1
            for name, value in zip(names, values.tolist(), strict=True):
                if not math.isfinite(value):
                    raise Diverged(f"the term '{name}' of player '{player}' is {value} at round {round}")
                sums[name] = sums.get(name, 0.0) + value
                squares[name] = squares.get(name, 0.0) + value * value
        self.waiting.clear()

    def take(self) -> Taken:
        """Starts afresh."""
        self.check()
        means = {player: {n: v / self.turns[player] for n, v in terms.items()} for player, terms in self.sums.items()}
        spreads = {
            player: {n: math.sqrt(max(0.0, v / self.turns[player] - means[player][n] ** 2)) for n, v in squares.items()}
            for player, squares in self.squares.items()
        }
        skipped = {player: count / self.turns[player] for player, count in self.skips.items()}
        taken = Taken(means, spreads, self.gradients, skipped)
        self.clear()
        return taken
