"""The scores that training takes at its looks, by which it knows its best checkpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from rivals.data.core import Dataset, bytes_from_pictures
from rivals.data.memory import Memory
from rivals.data.part import some
from rivals.game import Game, Samples
from rivals.metrics.catalogue import chosen, features_of
from rivals.metrics.choice import choose
from rivals.metrics.core import Better, Case, Value
from rivals.sampling import drawn

REAL, FAKE = 5000, 2000  # rows of each
MANY, FEWEST = FAKE * 64 * 64, 200  # pixels that a translator is given at a look, but no fewer rows of large pictures


class Scores:
    """Metrics by name, of a game's samples against training rows. (A checkpoint that was chosen by its score on the test part
    could not be judged there any more.)

    The default, the Fréchet distance on the features of a fixed random network, is there for any data, cheap, and enough to
    order the checkpoints of one training.
    """

    def __init__(
        self,
        data: Dataset,
        device: torch.device,
        *,
        names: Sequence[str] = ("fd",),
        features: str = "random",
        real: int = REAL,
        fake: int = FAKE,
    ):
        (judge,) = features_of(names, [features])
        self.metrics, self.first, self.fake = chosen(names), names[0], fake
        rows = some(data, real)
        self.case = Case(rows, rows, choose(judge, data, device=device), train=data, device=device, sampled=False)
        self.case.describe(self.case.real)
        self.floors: dict[str, float] = {}
        self.protocol = f"{self.case.features.protocol}, {fake:,} samples against {len(rows):,} training rows"

    def draw(self, game: Samples, seed: int) -> Memory:
        """Samples as they would be saved; what lies beyond [-1, 1] is clipped: a generator without a tanh may be on its way."""
        as_data = bytes_from_pictures if self.case.real.facts.bounded else Tensor.float
        return Memory(drawn(game, self.fake, seed, as_data).cpu(), name="samples")

    def __call__(self, samples: Dataset, game: Game | None = None) -> dict[str, Value]:
        """Numbers by name, first the one that decides which checkpoint is best."""
        case = replace(self.case, fake=samples, game=game, sampled=True, described=dict(self.case.described))
        found = {name: value for metric in self.metrics for name, value in metric.measure(case).items()}
        decides = self.first if self.first in found else next(iter(found))
        return {decides: found[decides], **found}

    def event(self, samples: Dataset, game: Game | None = None) -> dict[str, Any]:
        """The same as plain values for the log."""
        found = self(samples, game)
        decides = next(iter(found))
        floor = {"floor": self.floor(decides)} if found[decides].better == "near the floor" else {}
        return {
            "scores": {name: value.value for name, value in found.items()},
            "better": {name: value.better for name, value in found.items()},
            "protocol": {name: f"{value.protocol}; {self.protocol}" for name, value in found.items()},
            **floor,
        }

    def floor(self, name: str) -> float:
        """What training rows score in the place of samples."""
        if name not in self.floors:
            rows = replace(self.case, fake=some(self.case.real, self.fake)).at_the_floor()
            self.floors |= {name: value.value for name, value in self.metrics[0].measure(rows).items()}
        return self.floors[name]


def to_translate(data: Dataset) -> int:
    """How many rows a translator is judged by: fewer where there are few of them, or where they are large."""
    return min(FAKE, len(data), max(FEWEST, MANY // math.prod(data.facts.shape[1:])))


def merit(event: Mapping[str, Any]) -> float:
    """How good the first number of an event is; lower is better, and nothing is worse than what is not finite."""
    name, value = next(iter(event["scores"].items()))
    by: dict[Better, float] = {"lower": value, "higher": -value, "near 0.5": abs(value - 0.5)}
    by["near the floor"] = abs(value - event.get("floor", 0.0))
    return by[event["better"][name]] if math.isfinite(value) else math.inf
