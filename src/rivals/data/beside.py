"""Two data sets at once: each batch brings rows of the one and, beside them, as many of the other, in an order of their own.

Labelled rows beside unlabelled ones, a target domain beside its source, photographs beside paintings. The second may be of any
size: it is gone through again and again, each of its rows as often as any other. Of pairs (`rivals.data.partners`) both come in
one order, and row k of the one belongs to row k of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from rivals.data.core import Batch, Dataset
from rivals.data.part import Part, balanced, labels_of
from rivals.errors import UserError


class Beside(Dataset):
    """The rows of `first`; whoever makes batches of it (`rivals.data.batches`) puts rows of `second` beside them."""

    def __init__(self, first: Dataset, second: Dataset, *, name: str | None = None, paired: bool = False):
        self.first, self.second, self.paired = first, second, paired
        self.name = f"{first.name} beside {second.name}" if name is None else name
        self.class_names, self.attribute_names = first.class_names, first.attribute_names
        self.notes = (*first.notes, *second.notes)
        self.facts = replace(first.facts, beside=second.facts, paired=paired)
        self.fingerprint = f"{first.fingerprint} {'paired with' if paired else 'beside'} {second.fingerprint}"

    def rows(self, numbers: Tensor, device: torch.device) -> Batch:
        """Of pairs with their partners; else rows of the first alone."""
        batch = self.first.rows(numbers, device)
        return batch._replace(beside=self.second.rows(numbers, device)) if self.paired else batch


def side_by_side(sets: Sequence[Dataset]) -> Beside:
    """Two sets or more: the third stands beside the second."""
    first, *others = sets
    return Beside(first, others[0] if len(others) == 1 else side_by_side(others))


def parts(data: Dataset) -> list[Dataset]:
    """The sets that stand beside one another."""
    return [data.first, *parts(data.second)] if isinstance(data, Beside) else [data]


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


def two(batch: Batch) -> tuple[Tensor, Tensor]:
    """Things of two domains. Of pairs they belong together; else which of them stand side by side is chance."""
    if batch.beside is None:
        raise UserError("this game learns from two domains: give data with a second set beside the first, or with pairs")
    return batch.x, batch.beside.x


def several(batch: Batch, domains: int) -> list[Tensor]:
    """Things of each domain."""
    found = [batch.x]
    while batch.beside is not None:
        batch = batch.beside
        found.append(batch.x)
    if len(found) != domains:
        raise UserError(f"this game learns from {domains} domains, and these batches bring {len(found)}")
    return found
