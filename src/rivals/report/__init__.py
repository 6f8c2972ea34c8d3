"""The story of one or several runs as one HTML file that needs nothing else: no network, no other file.

`story` reads a run folder into plain values, `charts` draws its numbers, `page` compares runs and sets it all on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = ["write_report"]


def write_report(runs: Sequence[Path], out: Path | None = None) -> Path:
    """Write the report of these run folders and return its path.

    Without `out`, it is `report.html` in the folder of a single run, or in the current folder for several.
    Raises `UserError` where a folder holds no run, or one whose settings are damaged.
    """
    from rivals.report import page  # late: it draws and reads with large libraries

    return page.write_report(runs, out)
