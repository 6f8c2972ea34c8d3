"""The story of one or several runs as one HTML file that needs nothing else: no network, no other file.

`story` reads a run folder into plain values, `charts` draws its numbers, `page` compares runs and sets it all on the page.
"""

from __future__ import annotations

import json as json_
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rivals import files
from rivals.errors import UserError

if TYPE_CHECKING:
    from rivals.metrics.evaluation import Evaluation

__all__ = ["write_evaluation", "write_report"]


def write_report(runs: Sequence[Path], out: Path | None = None) -> Path:
    """Write the report of these run folders and return its path.

    Without `out`, it is `report.html` in the folder of a single run, or in the current folder for several.
    Raises `UserError` where a folder holds no run, or one whose settings are damaged.
    """
    from rivals.report import page  # late: it draws and reads with large libraries

    return page.write_report(runs, out)


def write_evaluation(
    found: Evaluation, *, run: Path | None = None, json: Path | None = None, page: Path | None = None
) -> list[Path]:
    """Keep an evaluation: in its run folder and on the run's report, as a page of its own, as JSON; returns what was written.

    The JSON is a list of rows, each with `metric`, `value`, `spread`, `floor`, `protocol` and what they are made of.
    """
    from rivals.report import judged
    from rivals.report.page import write_page

    written = []
    try:
        if json is not None:
            files.replace(json, json_.dumps([row.json() for row in found.rows], indent=1).encode())
            written.append(json)
        if run is not None and (run / "settings.json").is_file():
            written += [judged.write(found, run), write_report([run], page)]
        elif page is not None:
            written.append(write_page(page, " and ".join(found.cases), judged.of(found)))
    except OSError as error:
        raise UserError(f"cannot write {error.filename} ({error.strerror}): pass --json, --out elsewhere") from None
    return written
