"""A game on points of a line or of the plane, as it stands: what it draws, what D says of every place, and where D's answer
pulls what is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rivals.criteria import Adversarial
from rivals.game import Game, Judges, Samples
from rivals.vitals import Duels

CELLS = 40  # of the picture, to a side, each with an answer of D
MARGIN = 1.25  # of what is shown beside what the data takes


class View(NamedTuple):
    """What is shown: `reach` to each side of the middle."""

    x: float
    y: float
    reach: float

    @classmethod
    def of(cls, data: Tensor) -> View:
        """Of points, (N, 1) or (N, 2): all of them, and some space around."""
        low, high = data.amin(0), data.amax(0)
        middle = ((low + high) / 2).tolist()
        return cls(middle[0], middle[-1], max(float((high - low).max()) / 2 * MARGIN, 1e-6))

    @property
    def middle(self) -> Tensor:
        return torch.tensor([self.x, self.y])

    def cell(self, x: Tensor) -> Tensor:
        """(n, 2) places of the plane -> of the picture, whose first row is on top."""
        return ((x - self.middle) * torch.tensor([1.0, -1.0]) / self.reach + 1) / 2 * CELLS

    def column(self, x: Tensor) -> Tensor:
        """(n,) places of the line -> of the picture."""
        return ((x - self.x) / self.reach + 1) / 2 * CELLS

    def place(self, x: float, y: float) -> tuple[float, float]:
        """The way back."""
        return self.x + (2 * x / CELLS - 1) * self.reach, self.y - (2 * y / CELLS - 1) * self.reach


@dataclass(frozen=True)
class Scene:
    game: Game
    data: Tensor  # (N, 1) or (N, 2)
    z: Tensor  # (n, ...) what the game draws from
    view: View

    @property
    def flat(self) -> bool:
        return self.data.shape[1] == 1

    def samples(self) -> Tensor:
        """(n, d) of the same latents each time."""
        assert isinstance(self.game, Samples)
        with torch.no_grad():
            return self.looked_at(lambda game: game.decode(self.z))

    def looked_at(self, look: Callable[[Any], Tensor]) -> Tensor:
        """Of the game as it is when nobody trains it."""
        trains = self.game.training
        self.game.eval()
        try:
            return look(self.game).float()
        finally:
            self.game.train(trains)

    def surface(self) -> Tensor | None:
        """(CELLS, CELLS) D's answers over the plane, a row for each height from above, or (CELLS,) along the line: over 0 for
        real, under it for drawn. None of a game without such a discriminator."""
        if not isinstance(self.game, Judges):
            return None
        at = ((torch.arange(CELLS) + 0.5) / CELLS * 2 - 1) * self.view.reach
        if self.flat:
            places = at[:, None] + self.view.x
        else:
            y, x = torch.meshgrid(-at, at, indexing="ij")
            places = torch.stack([x.flatten(), y.flatten()], 1) + self.view.middle
        with torch.no_grad():
            logits = self.looked_at(lambda game: game.logits(places)).flatten() - self.undecided()
        return logits if self.flat else logits.view(CELLS, CELLS)

    def undecided(self) -> float:
        """The answer that says neither. Where a criterion minds differences alone, as Wasserstein's, the one between what D
        says of the data and of what is drawn."""
        if not isinstance(self.game, Duels):
            return 0.0
        level = level_of(self.game.adversarial)
        if level is not None:
            return level
        real, fake = self.data[: len(self.z)], self.samples()
        with torch.no_grad():
            means = self.looked_at(lambda game: torch.stack([game.logits(real).mean(), game.logits(fake).mean()]))
        return float(means.mean())

    def pull(self, x: Tensor) -> Tensor | None:
        """(n, d) where a step of the generator would move what is drawn there, as the criterion has it."""
        if not isinstance(self.game, Duels):
            return None
        x = x.detach().requires_grad_()
        criterion = self.game.adversarial
        real = self.looked_at(lambda game: game.logits(self.data[: len(x)])).detach() if criterion.paired else None
        logits = self.looked_at(lambda game: game.logits(x))
        loss = criterion.generator(real, logits) if real is not None else criterion.generator(logits)
        (gradient,) = torch.autograd.grad(loss, x)
        return -gradient * len(x)


@cache  # it is asked for each frame
def level_of(criterion: Adversarial) -> float | None:
    """The answer that costs D least if it has to give the same one to real and to drawn things; None where all cost the same.

    >>> from rivals.criteria import CRITERIA
    >>> level_of(CRITERIA["minimax"]), level_of(CRITERIA["least-squares"]), level_of(CRITERIA["wasserstein"])
    (0.0, 0.5, None)
    """
    tried = torch.linspace(-4.0, 4.0, 161)
    costs = torch.stack([criterion.critic(c.view(1, 1), c.view(1, 1)) for c in tried])
    cheap = costs <= costs.min() + 1e-4
    return None if bool(cheap.all()) else round(float(tried[cheap].mean()), 3) + 0.0
