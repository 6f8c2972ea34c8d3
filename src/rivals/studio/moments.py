"""A run on points of a line or of the plane, as it was at each of its looks: drawn from the weights that it had then."""

from __future__ import annotations

from pathlib import Path

import torch

from rivals import chance
from rivals.data.part import some
from rivals.errors import UserError
from rivals.game import Samples
from rivals.loading import learnt, load
from rivals.run import Run
from rivals.studio.alone import DRAWING
from rivals.studio.plane import Drawing, draw
from rivals.studio.playground import DRAWN, POINTS
from rivals.studio.scene import Scene, View


def of_points(run: Run) -> bool:
    """Whether a run's data lies on a line or in the plane."""
    shape = run.settings.get("facts", {}).get("shape")
    return shape in ([1], [2])


class Moments:
    """Raises `UserError` where there is nothing to draw."""

    def __init__(self, path: Path):
        self.run = Run(path)
        if not self.run.moments():
            raise UserError("this run has no moments, which a training keeps at its looks: train it anew, into another folder")
        data = some(learnt(path), POINTS)
        self.data = data.rows(torch.arange(len(data)), torch.device("cpu")).x
        self.view, self.flat = View.of(self.data), self.data.shape[1] == 1
        self.known: dict[int, Drawing] = {}

    def rounds(self) -> list[int]:
        return self.run.moments()

    def drawing(self, round: int) -> Drawing:
        """Of always the same latents."""
        if round not in self.known:
            with DRAWING:
                game = load(self.run.moment(round))
                if not isinstance(game, Samples):
                    raise UserError("this game draws nothing from noise alone")
                with chance.fixed(0):
                    self.known[round] = draw(Scene(game, self.data, game.prior(DRAWN), self.view))
        return self.known[round]

    def film(self) -> list[Drawing]:
        return [self.drawing(round) for round in self.rounds()]
