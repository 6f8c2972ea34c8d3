"""What is in a data set, for people: `rivals data PATH`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from rivals.data.core import Dataset
from rivals.data.files import decode_each, spread
from rivals.data.images import Survey
from rivals.data.memory import Memory
from rivals.data.sources import Options, resolve
from rivals.data.stream import Stream

if TYPE_CHECKING:
    from rich.table import Table

LOOK = 10_000  # pictures of a stream that are decoded to describe it
LISTED = 10  # bad files, sizes, classes that are printed


@dataclass(frozen=True, kw_only=True)
class Description:
    """A data set in numbers."""

    name: str
    kind: str
    count: int
    shape: tuple[int, ...]  # (C, H, W) or (D,), as the networks get it
    sizes: Mapping[tuple[int, int], int]  # (H, W) of the files -> how many
    modes: Mapping[str, int]  # Pillow's name of the colours of the files -> how many
    looked: int  # files that `sizes`, `modes` and `bad` are of
    classes: Mapping[str, int]
    attributes: Mapping[str, int]  # how many rows have each
    bad: Sequence[tuple[str, str]]  # (file, reason)
    notes: Sequence[str]
    fingerprint: str
    memory: int  # bytes that the rows take in memory; 0: a stream

    def lines(self) -> list[tuple[str, str]]:
        """(what, value) pairs, in the order to print."""
        shape = f"{self.shape[0]} numbers"
        if len(self.shape) == 3:
            shape = f"{self.shape[2]}x{self.shape[1]} pixels, {'grey' if self.shape[0] == 1 else 'colour'}"
        lines = [("data", self.name), ("kind", self.kind), ("rows", f"{self.count:,}"), ("each", shape)]
        if self.sizes:
            lines.append(("file sizes", _listing({f"{w}x{h}": n for (h, w), n in self.sizes.items()})))
            lines.append(("file modes", _listing(self.modes)))
        if self.classes:
            lines.append((f"{len(self.classes)} classes", _listing(self.classes)))
        if self.attributes:
            lines.append((f"{len(self.attributes)} attributes", _listing(self.attributes)))
        lines.append(("memory", f"{self.memory / 2**20:,.1f} MiB" if self.memory else "streamed from the files"))
        lines += [("note", note) for note in self.notes]
        lines += [("bad file", f"{name}: {reason}") for name, reason in self.bad[:LISTED]]
        if len(self.bad) > LISTED:
            lines.append(("bad files", f"and {len(self.bad) - LISTED} more"))
        return [*lines, ("fingerprint", self.fingerprint[:16])]

    def __str__(self) -> str:
        lines = self.lines()
        width = max(len(what) for what, _ in lines)
        return "\n".join(f"{what:<{width}}  {value}" for what, value in lines)

    def __rich__(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for what, value in self.lines():
            table.add_row(Text(what, style="bold red" if what.startswith("bad") else "bold cyan"), Text(value))
        return table


def describe(
    source: str | Path,
    *,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    fit: str = "crop",
    only: str | int | None = None,
    split: str = "train",
    max_bad: float = 0.001,
    workers: int = 0,
    stream: bool | None = None,
    image_key: str | None = None,
    caption_key: str | None = None,
    attributes: str | None = None,
    native: bool = False,
) -> Description:
    """Counts what `load` with the same options gives, and what the files were.

    More bad files than `max_bad` are no error here: they are listed, and a note says that training refuses them. Of a
    stream up to 10,000 pictures are looked at.

    >>> print(describe("digits").classes["7"])
    179
    """
    options = Options(
        size=size, channels=channels, fit=fit, only=only, split=split, max_bad=1.0, workers=workers, stream=stream,
        image_key=image_key, caption_key=caption_key, attributes=attributes, native=native,
    )  # fmt: skip
    loaded = resolve(source, options)
    data, survey, notes = loaded.data, loaded.survey or Survey(), list(loaded.data.notes)
    if isinstance(data, Stream):
        numbers = spread(len(data), LOOK)
        survey = decode_each(data.files, numbers, data.form, options.threads, lambda number, picture: None)
        if len(numbers) < len(data):
            notes.append(f"sizes, modes and bad files are those of {len(numbers):,} pictures looked at")
    looked = survey.good + len(survey.bad)
    if len(survey.bad) > max_bad * looked:
        notes.append(f"{len(survey.bad)} of {looked} files are bad: training refuses more than {max_bad:g} of them (--max-bad)")
    return Description(
        name=data.name,
        kind=loaded.kind,
        count=len(data),
        shape=data.facts.shape,
        sizes=survey.sizes(),
        modes=survey.modes(),
        looked=looked,
        classes=_classes(data),
        attributes=_attributes(data),
        bad=survey.bad,
        notes=notes,
        fingerprint=data.fingerprint,
        memory=_memory(data),
    )


def _classes(data: Dataset) -> dict[str, int]:
    y = data.y if isinstance(data, Memory | Stream) else None
    if y is None:
        return {}
    return dict(zip(data.class_names, torch.bincount(y, minlength=len(data.class_names)).tolist(), strict=True))


def _memory(data: Dataset) -> int:
    width = 1 if data.facts.bounded else 4
    return width * len(data) * math.prod(data.facts.shape) if isinstance(data, Memory) else 0


def _attributes(data: Dataset) -> dict[str, int]:
    if not isinstance(data, Memory | Stream) or data.a is None:
        return {}
    return dict(zip(data.attribute_names, data.a.sum(0, dtype=torch.int64).tolist(), strict=True))


def _listing(counts: Mapping[str, int]) -> str:
    ordered, more = list(counts.items()), ""
    if len(ordered) > LISTED:
        ordered.sort(key=lambda item: -item[1])
        more = f", and {len(ordered) - LISTED} more"
    return ", ".join(f"{name} {count:,}" for name, count in ordered[:LISTED]) + more
