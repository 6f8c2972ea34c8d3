"""An evaluation, kept in a run folder as `evaluation.json` and pictures, and read again for the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from rivals import files
from rivals.metrics.evaluation import Evaluation, Row, Section, pictures, sections
from rivals.report.images import Picture, carried, picture_of

FILE = "evaluation.json"


class Judged(NamedTuple):
    """As the page shows it."""

    rows: Sequence[Row]
    left_out: Mapping[str, str]
    pictures: Mapping[str, Picture]  # by caption

    @property
    def sections(self) -> Sequence[Section]:
        return sections(self.rows)


NOTHING = Judged((), {}, {})


def write(found: Evaluation, folder: Path) -> Path:
    """Into a run folder, beside what stands there of the same checkpoints; returns the file of the rows."""
    before = read(folder) or NOTHING
    rows = [*still_true(before.rows, found.rows), *found.rows]
    answered = {row.metric for row in rows}
    left_out = {name: why for name, why in before.left_out.items() if name not in answered} | dict(found.left_out)
    (folder / "pictures").mkdir(exist_ok=True)
    shown = {}
    for caption, image in pictures(found).items():
        shown[caption] = f"pictures/evaluation-{'-'.join(caption.lower().split()[:2])}.png"
        image.save(folder / shown[caption])
    tree = {"rows": [row.json() for row in rows], "left_out": left_out, "pictures": shown}
    files.replace(folder / FILE, json.dumps(tree, indent=1).encode())
    return folder / FILE


def still_true(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """The old rows that were not worked out again, as long as no checkpoint has moved on since then."""
    rounds = {name: round for row in new for name, round in judged_at(row).items()}
    if any(rounds.get(name, round) != round for row in old for name, round in judged_at(row).items()):
        return []
    again = {(row.metric, row.of, row.features) for row in new}
    return [row for row in old if (row.metric, row.of, row.features) not in again]


def judged_at(row: Row) -> dict[str, str]:
    """Of 'best and final, round 7,500': {'best': '7,500', 'final': '7,500'}."""
    names, _, round = row.of.rpartition(", round ")
    return dict.fromkeys(names.split(" and "), round) if names else {}


def read(folder: Path) -> Judged | None:
    """What `write` left; None where nothing was judged yet, or the file is damaged."""
    try:
        tree = json.loads((folder / FILE).read_text("utf-8"))
        names = [field.name for field in fields(Row)]
        rows = [Row(**{name: numbered(name, row[name]) for name in names}) for row in tree["rows"]]
        shown = {caption: picture_of(folder, folder / file) for caption, file in tree["pictures"].items()}
        left_out = {str(name): str(reason) for name, reason in tree["left_out"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Judged(rows, left_out, {caption: picture for caption, picture in shown.items() if picture})


def numbered(name: str, value: Any) -> Any:
    """Infinities are numbers again."""
    return float(value) if name in ("value", "spread", "floor") and value is not None else value


def of(found: Evaluation) -> Judged:
    """An evaluation that no run folder keeps."""
    shown = {caption: carried(image) for caption, image in pictures(found).items()}
    return Judged(found.rows, found.left_out, shown)
