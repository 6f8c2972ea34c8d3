"""The log of a run, a line an event, read as it grows; and what its events hold, as far as they hold it: a log may be damaged.

    {"kind": "terms", "round": 8, "images": 512, "seconds": 1.04, "terms": {"discriminator": {"adversarial": 1.14}}, ...}

Nothing here needs torch: whoever looks over a folder of runs has them at once.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Event = dict[str, Any]


TAIL = 200  # bytes by which a log is known again


class Follower:
    """Reads a log from where it ended last time. kinds: of the events that are wanted, None: all."""

    def __init__(self, file: Path, *, kinds: Sequence[str] | None = None):
        self.file = file
        self.wanted = None if kinds is None else tuple(f'{{"kind": "{kind}"'.encode() for kind in kinds)
        self.end = 0  # of the last whole line that was read
        self.known: tuple[int, int] | None = None  # which file it was
        self.tail = b""  # its last bytes before `end`: a new file may come to lie where an old one was
        self.last: Event = {}  # of any kind

    def new(self) -> tuple[list[Event], bool]:
        """The events that were added since the last call, and whether they are not added but all there are: a run that goes
        back to an earlier round writes its log anew. A line that is half written, or torn by a kill, is left out."""
        try:
            with self.file.open("rb") as log:
                now = _which(log.fileno())
                log.seek(self.end - len(self.tail))
                anew = self.known is not None and (now != self.known or log.read(len(self.tail)) != self.tail)
                if anew:
                    self.end, self.tail = 0, b""
                self.known = now
                log.seek(self.end)
                added = log.read()
        except FileNotFoundError:
            anew, self.known, self.end, self.tail = self.known is not None, None, 0, b""
            return [], anew
        whole = added[: added.rfind(b"\n") + 1]
        self.end, self.tail = self.end + len(whole), (self.tail + whole)[-TAIL:]
        everything = whole.splitlines()
        self.last = (everything and _event(everything[-1])) or ({} if anew else self.last)
        lines = (line for line in everything if self.wanted is None or line.startswith(self.wanted))
        return [event for line in lines if (event := _event(line))], anew


def _which(descriptor: int) -> tuple[int, int]:
    told = os.fstat(descriptor)
    return told.st_dev, told.st_ino


def _event(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def number(value: object, otherwise: float = math.nan) -> float:
    """A finite number, or what to take instead."""
    usable = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if usable else otherwise  # type: ignore[arg-type]


def round_of(event: Mapping[str, Any]) -> int:
    return int(number(event.get("round"), 0.0))


def part(event: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = event.get(key)
    return value if isinstance(value, dict) else {}
