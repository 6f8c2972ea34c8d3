"""Some rows of a data set, and all rows one after another."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch
from torch import Tensor

from rivals.data.core import Batch, Dataset, bytes_from_pictures
from rivals.data.files import Strings
from rivals.data.order import permutation

ROWS = 256  # at a time: bounds the memory


class Part(Dataset):
    """The rows of these numbers ((N,) int64), in this order."""

    def __init__(self, whole: Dataset, numbers: Tensor):
        self.whole, self.numbers = whole, numbers
        self.name, self.notes = whole.name, whole.notes
        self.class_names, self.attribute_names = whole.class_names, whole.attribute_names
        self.row_names = Strings(whole.row_names[k] for k in numbers.tolist()) if whole.row_names else ()
        self.facts = replace(whole.facts, count=len(numbers))
        self.fingerprint = f"{whole.fingerprint} {hashlib.sha256(numbers.numpy().tobytes()).hexdigest()}"

    def rows(self, numbers: Tensor, device: torch.device) -> Batch:
        return self.whole.rows(self.numbers[numbers], device)


def some(data: Dataset, n: int) -> Dataset:
    """n rows chosen at random but always the same; all of them, in their order, where there are no more."""
    return data if n >= len(data) else Part(data, permutation(len(data), seed=0, epoch=0)[:n])


def apart(data: Dataset, n: int) -> tuple[Part, Part]:
    """n rows, and all the others; at random but always the same."""
    order = permutation(len(data), seed=0, epoch=1)
    return Part(data, order[:n]), Part(data, order[n:])


def halves(data: Dataset) -> tuple[Part, Part]:
    """Two halves that share no row."""
    return apart(data, len(data) // 2)


def in_order(data: Dataset, device: torch.device, rows: int = ROWS) -> Iterator[Batch]:
    """All rows, a few at a time; the next ones are decoded while these are used."""
    numbers = torch.split(torch.arange(len(data)), rows)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(data.rows, numbers[0], device)
        for following in (*numbers[1:], None):
            batch = coming.result()
            if following is not None:
                coming = pool.submit(data.rows, following, device)
            yield batch


def labels_of(data: Dataset) -> Tensor | None:
    """(N,) class numbers, or None where there are no classes."""
    found = [batch.y for batch in in_order(data, torch.device("cpu"))] if data.facts.classes else []
    return torch.cat([y for y in found if y is not None]) if found else None


def balanced(y: Tensor, each: int, classes: int, draw: int) -> Tensor:
    """Numbers of `each` rows of every class, drawn at random; one of each class after another, so that every run of
    `classes` numbers is balanced too.

    >>> y = torch.tensor([0, 0, 0, 1, 1, 1])
    >>> y[balanced(y, 2, 2, draw=0)]
    tensor([0, 1, 0, 1])
    """
    order = permutation(len(y), seed=draw, epoch=0)
    order = order[y[order].argsort(stable=True)]  # by class, at random within each
    ends = torch.bincount(y, minlength=classes).cumsum(0)
    return order[ends - 1 - torch.arange(each)[:, None]].flatten()


class Settled(Part):
    """All rows, in an order that follows from what they are and not from where they lay: whatever is then worked out of the
    first rows, or in parts, is the same for the same things under other names or in another order."""

    def __init__(self, whole: Dataset):
        super().__init__(whole, hashes(whole).argsort(stable=True))


def settled(data: Dataset) -> Dataset:
    return data if isinstance(data, Settled) else Settled(data)


def hashes(data: Dataset) -> Tensor:
    """(N,) int64, of each row's values: the sum of their bits times odd numbers, modulo 2^64."""
    made = torch.Generator().manual_seed(1)
    odd = torch.randint(-(2**62), 2**62, (math.prod(data.facts.shape),), generator=made) * 2 + 1
    rows = (batch.x.float().flatten(1).contiguous() for batch in in_order(data, torch.device("cpu")))
    return torch.cat([mixed((x.view(torch.int32).long() * odd).sum(1)) for x in rows])


def mixed(x: Tensor) -> Tensor:
    """So that the upper bits, by which numbers are sorted, depend on all others: the last steps of SplitMix64, whose shifts
    bring in zeros where those of signed numbers repeat the sign."""
    for shift, factor in ((30, -0x40A7B892E31B1A47), (27, -0x6B2FB644ECCEEE15), (31, 1)):
        x = (x ^ ((x >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return x


def bytes_of(data: Dataset, n: int | None = None) -> Tensor:
    """(n, C, H, W) the first rows, or all, of pictures."""
    rows = data if n is None or n >= len(data) else Part(data, torch.arange(n))
    return torch.cat([bytes_from_pictures(batch.x) for batch in in_order(rows, torch.device("cpu"))])


def overlap(a: Dataset, b: Dataset) -> bool:
    """Is one the other, or a part of it?"""
    return a.fingerprint.startswith(b.fingerprint) or b.fingerprint.startswith(a.fingerprint)
