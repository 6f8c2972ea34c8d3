"""The score that training takes now and then to know its best checkpoint: cheap, offline, for any data."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from rivals import chance
from rivals.data.core import Dataset
from rivals.game import Samples
from rivals.metrics.features import RandomConvolutions, RandomWaves
from rivals.metrics.frechet import distance, statistics

ROWS = 256  # at a time: bounds the memory


class QuickScore:
    """Fréchet distance on the features of a fixed random network; lower is better."""

    name = "frechet"

    def __init__(self, data: Dataset, device: torch.device, *, real: int = 5000, fake: int = 2000):
        self.device, self.fake = device, fake
        self.real = min(real, len(data))
        order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))[: self.real]
        parts = torch.split(order, ROWS)
        some = torch.cat([data.rows(part, device).x for part in parts[:4]])  # enough to set the scale of the features
        self.features = RandomConvolutions(some) if data.facts.pictures else RandomWaves(some)
        self.statistics = statistics(torch.cat([self.features(data.rows(part, device).x) for part in parts]))
        self.protocol = f"Fréchet distance, {self.features.protocol}, {fake:,} samples against {self.real:,} training rows"

    def __call__(self, game: Samples, seed: int) -> float:
        return distance(self.statistics, statistics(drawn(game, self.fake, seed, self.features)))


@torch.no_grad()
def drawn(game: Samples, n: int, seed: int, of: Callable[[Tensor], Tensor] = Tensor.float) -> Tensor:
    """n samples, or what `of` makes of them, part by part; equal for equal seeds. Training goes on as if nothing had been
    drawn."""
    with chance.fixed(seed):
        return torch.cat([of(game.sample(min(ROWS, n - start))) for start in range(0, n, ROWS)])
