"""What a data set is to the rest of the house: rows that can be asked for by number.

A `Dataset` holds things of one shape. It hands out any rows by their numbers, so a batch is a function of (seed,
position) and a stopped run continues where it was (see `rivals.data.batches`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the networks of a game need to know of the data."""

    shape: tuple[int, ...]  # (C, H, W) of a picture, (D,) of a vector
    count: int  # how many rows there are to train on
    classes: int = 0  # 0: no labels
    attributes: int = 0  # how many things each row is or is not, 0: none are told
    bounded: bool = True  # values lie in [-1, 1], as those of pictures do
    beside: Facts | None = None  # of the second data set, where batches bring rows of two
    paired: bool = False  # whether row k of the second belongs to row k of the first

    @property
    def pictures(self) -> bool:
        return len(self.shape) == 3


class Batch(NamedTuple):
    x: Tensor  # (B, *shape) float32; pictures in [-1, 1]
    y: Tensor | None = None  # (B,) int64 class numbers, where the data has classes
    beside: Batch | None = None  # as many rows of a second data set, where there is one
    a: Tensor | None = None  # (B, A) float32 attributes, 1: has it, 0: has not

    def to(self, device: torch.device) -> Batch:
        y, a = (None if part is None else part.to(device, non_blocking=True) for part in (self.y, self.a))
        return Batch(self.x.to(device, non_blocking=True), y, self.beside and self.beside.to(device), a)


class Dataset(ABC):
    """Rows of one shape, asked for by number."""

    name: str  # as the user gave it: 'digits', 'photos/'
    facts: Facts
    fingerprint: str  # changes when the data does; goes into the run's settings
    class_names: Sequence[str] = ()
    attribute_names: Sequence[str] = ()
    notes: Sequence[str] = ()  # one line each: what was converted, resized, skipped
    row_names: Sequence[str] = ()  # of the files that the rows come from, where they come from files
    skipped: Sequence[str] = ()  # names of files that could not be read

    def __len__(self) -> int:
        return self.facts.count

    @abstractmethod
    def rows(self, numbers: Tensor, device: torch.device) -> Batch:
        """The rows of these numbers ((B,) int64, each in [0, len)), in this order, on the device."""


def pictures_from_bytes(x: Tensor) -> Tensor:
    """uint8 -> float32 in [-1, 1]: 0 becomes -1 and 255 becomes 1.

    >>> pictures_from_bytes(torch.tensor([0, 255], dtype=torch.uint8))
    tensor([-1.,  1.])
    """
    return x.to(torch.float32).mul_(2 / 255).sub_(1)


def bytes_from_pictures(x: Tensor) -> Tensor:
    """Values in [-1, 1] (others are clipped) -> uint8, rounded to nearest."""
    return x.float().add(1).mul(127.5).round_().clamp_(0, 255).to(torch.uint8)
