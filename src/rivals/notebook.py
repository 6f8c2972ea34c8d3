"""What a notebook shows of a training: one picture of it, drawn again as it goes on."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

SHARE = 0.05  # of the time that drawing may take
LEAST = 1.0  # seconds between two drawings


def shell() -> Any | None:
    """The notebook's, where this runs in one. IPython is there then; nobody else needs it."""
    ipython = sys.modules.get("IPython")
    found = ipython.get_ipython() if ipython is not None else None
    return found if hasattr(found, "kernel") else None


class Live:
    """A cell's view of a run: whoever trains says `update`, which draws where it is time to."""

    def __init__(self, folder: Path):
        from IPython import display

        from rivals.report.watch import Watch

        self.html: Any = display.HTML
        self.watch = Watch(folder, folder.name)
        self.handle: Any = display.display(self.html(""), display_id=True)  # type: ignore[no-untyped-call]
        self.next = 0.0  # when it is time to

    def update(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if now < self.next and not at_once:
            return
        from rivals.report.brief import brief

        self.watch.refresh()
        self.handle.update(self.html(brief(self.watch)))
        ended = time.monotonic()
        self.next = ended + max(LEAST, (ended - now) / SHARE)
