"""Two data sets at once: each batch brings rows of the one and, beside them, as many of the other, in an order of their own.

Labelled rows beside unlabelled ones, a target domain beside its source, photographs beside paintings. The second may be of any
size: it is gone through again and again, each of its rows as often as any other.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from rivals.data.core import Batch, Dataset
from rivals.data.part import Part, balanced, labels_of
from rivals.errors import UserError


class Beside(Dataset):
    """The rows of `first`; whoever makes batches of it (`rivals.data.batches`) puts rows of `second` beside them."""

    def __init__(self, first: Dataset, second: Dataset, *, name: str | None = None):
        self.first, self.second = first, second
        self.name = f"{first.name} beside {second.name}" if name is None else name
        self.class_names, self.attribute_names = first.class_names, first.attribute_names
        self.notes = (*first.notes, *second.notes)
        self.facts = replace(first.facts, beside=second.facts)
        self.fingerprint = f"{first.fingerprint} beside {second.fingerprint}"

    def rows(self, numbers: Tensor, device: torch.device) -> Batch:
        return self.first.rows(numbers, device)


def few_labels(data: Dataset, labels: int, *, draw: int = 0) -> Beside:
    """All rows, and beside them the few whose classes a game may know: as many of each class, chosen by `draw`.

    Whoever learns from few labels reads `batch.beside.y`, never `batch.y`.
    """
    y, classes = labels_of(data), data.facts.classes
    if y is None:
        raise UserError(f"'{data.name}' has no classes, of which a few could be told: give labelled data")
    each, left = divmod(labels, classes)
    fewest = int(torch.bincount(y, minlength=classes).min())
    if left or not 1 <= each <= fewest:
        raise UserError(f"{labels} labels of {classes} classes: take a multiple of {classes}, up to {classes * fewest:,}")
    return Beside(data, Part(data, balanced(y, each, classes, draw)), name=data.name)


def told(batch: Batch) -> tuple[Tensor, Tensor]:
    """The labelled rows of a batch and their classes; what is learnt of the others may depend on no label."""
    if batch.beside is None or batch.beside.y is None:
        raise UserError("this game learns from few labelled rows beside the others: give data with them, as few_labels makes")
    return batch.beside.x, batch.beside.y
