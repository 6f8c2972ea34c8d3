"""How often a game that names classes is right."""

from __future__ import annotations

import torch
from torch import nn

from rivals.data.core import Dataset
from rivals.data.part import in_order
from rivals.errors import UserError
from rivals.game import Labels


@torch.no_grad()
def accuracy(game: nn.Module, data: Dataset) -> float:
    """The share of the rows, in [0, 1], whose class has the largest of the game's logits. The game is asked in eval mode."""
    if not isinstance(game, Labels):
        raise UserError("this game names no classes: it takes one that does (dann)")
    if not data.facts.classes:
        raise UserError(f"'{data.name}' has no classes that could be named right: give labelled data")
    device = next(game.parameters()).device
    training, right = game.training, 0
    game.eval()
    for batch in in_order(data, device):
        assert batch.y is not None  # there are classes
        right += int((game.classify(batch.x).argmax(1) == batch.y).sum())
    game.train(training)
    return right / len(data)
