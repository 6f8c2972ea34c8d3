"""Two data sets whose rows belong together: row k of the one is what row k of the other was made from.

Rows that come from files are brought together by their names, without ending: `a/cat-1.png` with `b/cat-1.jpg`, or two pictures
of one sample in shards. Rows of arrays by their numbers.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence

import torch

from rivals.data.beside import Beside
from rivals.data.changed import SIDES, Changed
from rivals.data.core import Dataset
from rivals.data.part import Part
from rivals.data.stream import Stream
from rivals.errors import UserError

SHOWN = 20  # names in an error


def made_pairs(data: Dataset, change: str) -> Beside:
    """Each picture beside what a change makes of it, or the two halves of each."""
    if change in SIDES:
        other = next(side for side in SIDES if side != change)
        return Beside(Changed(data, change), Changed(data, other), paired=True)
    return Beside(Changed(data, change), data, paired=True)


def partners(first: Dataset, second: Dataset) -> Beside:
    """The rows of both that belong together. `UserError` says which lack a partner."""
    if not first.row_names or not second.row_names:
        if len(first) != len(second):
            raise UserError(
                f"pairs are rows of one number, '{first.name}' has {len(first):,} rows and '{second.name}' {len(second):,}"
            )
        return Beside(first, second, paired=True)
    ours, theirs = (keys(data.row_names) for data in (first, second))
    alone = [
        (data, key) for data, mine, others in ((first, ours, theirs), (second, theirs, ours)) for key in mine - others.keys()
    ]
    skipped = keys(first.skipped) | keys(second.skipped)
    alone = sorted(((data, key) for data, key in alone if key not in skipped), key=lambda each: each[1])
    if alone:
        few = ", ".join(f"'{key}' of '{data.name}'" for data, key in alone[:SHOWN])
        more = f" and {len(alone) - SHOWN} more" if len(alone) > SHOWN else ""
        raise UserError(f"pairs have one name in both, and these lack a partner: {few}{more}. Rename or remove them")
    both = sorted(ours.keys() & theirs.keys())
    parts = [
        Part(strict(data), torch.tensor([found[key] for key in both])) for data, found in ((first, ours), (second, theirs))
    ]
    return Beside(*parts, paired=True)


def keys(names: Sequence[str]) -> dict[str, int]:
    """Row numbers by what a row's name has in common with its partner's: no endings, and of shards not which picture it is.

    >>> keys(["a.0.png", "x/b.jpg"])
    {'a': 0, 'x/b': 1}
    """
    return {re.sub(r"\.[^/]*$", "", name): number for number, name in enumerate(names)}


def strict(data: Dataset) -> Dataset:
    """A stream puts the next good picture into the place of a bad one, which has another partner: of pairs, an error."""
    if isinstance(data, Stream):
        data = copy.copy(data)
        data.max_bad = 0.0
    return data
