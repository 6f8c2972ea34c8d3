"""How often a game's own classifier is wrong: the share of real things whose class, by its largest logit, is another one.

Salimans et al., 2016, Improved Techniques for Training GANs, https://arxiv.org/abs/1606.03498, table 1: what a game that learns
from few labels is judged by. In [0, 1], lower is better; 1 - 1 / K for one that guesses among K classes.

Of a run with a test part it is the test error. At the looks of a training it is asked of training rows, most of which have
classes that the game was never told: so a checkpoint that was chosen by it was chosen with all labels.

Fails: it sees nothing of the samples. A generator that helps a classifier best is often one that draws badly (Dai et al., 2017,
https://arxiv.org/abs/1705.09783).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from rivals.data.core import Dataset
from rivals.data.part import in_order
from rivals.game import Game, Labels
from rivals.metrics.core import Case, Unsuitable, Value


def measure(case: Case) -> Mapping[str, Value]:
    if case.real.facts.classes < 2:
        raise Unsuitable(f"whether classes are found takes labelled rows: '{case.real.name}' has no classes")
    protocol = f"{len(case.real):,} real rows, class by argmax of the game's classifier"
    return {"error": Value(mistakes(case.game, case.real, case.device), "lower", protocol)}


def mistakes(game: Game | None, data: Dataset, device: torch.device) -> float:
    """The share of the rows whose class is not the one with the largest logit."""
    said, y = logits(game, data, device)
    return float((said.argmax(1) != y).double().mean())


@torch.no_grad()
def logits(game: Game | None, data: Dataset, device: torch.device) -> tuple[Tensor, Tensor]:
    """(N, K) logits of all rows, in evaluation mode, and their (N,) classes, on the CPU."""
    if not isinstance(game, Labels):
        raise Unsuitable("the error is of a game's own classifier: it takes one that has one (ssgan, catgan, triplegan, dann)")
    training = game.training
    game.eval()
    try:
        found = [(game.classify(batch.x).cpu(), batch.y.cpu()) for batch in in_order(data, device) if batch.y is not None]
    finally:
        game.train(training)
    said, y = (torch.cat(part) for part in zip(*found, strict=True))
    if said.shape[1] != data.facts.classes:
        raise Unsuitable(f"the game's classifier knows {said.shape[1]} classes, and '{data.name}' has {data.facts.classes}")
    return said, y
