"""An evaluation, kept in a run folder as `evaluation.json` and pictures, and read again for the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from rivals import checkpoint
from rivals.metrics.evaluation import Evaluation, Row, Section, pictures, sections
from rivals.report.images import Picture, carried, picture_of

FILE = "evaluation.json"


class Judged(NamedTuple):
    """As the page shows it."""

    sections: Sequence[Section]
    left_out: Mapping[str, str]
    pictures: Mapping[str, Picture]  # by caption


def write(found: Evaluation, folder: Path) -> Path:
    """Into a run folder; returns the file of the rows."""
    kept = {}
    (folder / "pictures").mkdir(exist_ok=True)
    for number, (caption, image) in enumerate(pictures(found).items()):
        kept[caption] = f"pictures/evaluation-{number}.png"
        image.save(folder / kept[caption])
    tree = {"rows": [row.json() for row in found.rows], "left_out": dict(found.left_out), "pictures": kept}
    checkpoint.replace(folder / FILE, json.dumps(tree, indent=1).encode())
    return folder / FILE


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
    return Judged(sections(rows), left_out, {caption: picture for caption, picture in shown.items() if picture})


def numbered(name: str, value: Any) -> Any:
    """Infinities are numbers again."""
    return float(value) if name in ("value", "spread", "floor") and value is not None else value


def of(found: Evaluation) -> Judged:
    """An evaluation that no run folder keeps."""
    shown = {caption: carried(image) for caption, image in pictures(found).items()}
    return Judged(sections(found.rows), found.left_out, shown)
