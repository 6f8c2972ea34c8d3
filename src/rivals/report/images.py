"""Pictures as they are carried inside a page."""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image


class Picture(NamedTuple):
    round: int
    seconds: float  # nan where the log does not say
    data: str  # a data: address
    width: int
    height: int

    @property
    def pixels(self) -> bool:
        """Small pictures are enlarged with hard pixels; shrinking a large one that way would tear it."""
        return self.width <= 560


def picture_of(folder: Path, file: Path, round: int = 0, seconds: float = math.nan) -> Picture | None:
    """A PNG of the run folder; None for anything else, for a log may name any file of the machine."""
    if not file.is_file() or not file.resolve().is_relative_to(folder.resolve()):
        return None
    data = file.read_bytes()
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or len(data) < 24:
        return None
    return _carried(data, round, seconds)


def carried(image: Image) -> Picture:
    """A picture that is in no file."""
    data = io.BytesIO()
    image.save(data, "png")
    return _carried(data.getvalue(), 0, math.nan)


def _carried(png: bytes, round: int, seconds: float) -> Picture:
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    return Picture(round, seconds, f"data:image/png;base64,{base64.b64encode(png).decode()}", width, height)
