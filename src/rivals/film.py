"""Pictures one after another, as a file: GIF, or H.264 in an MP4."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

import numpy as np

from rivals.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 256  # pixels of the shorter side of an .mp4, at least: players do not enlarge
MILLISECONDS = 60  # of a frame


def encoded(frames: Sequence[Image], form: Literal["gif", "mp4"], *, milliseconds: int = MILLISECONDS) -> bytes:
    """The content of a file."""
    with TemporaryDirectory() as place:
        out = Path(place) / f"film.{form}"
        write(frames, out, milliseconds=milliseconds)
        return out.read_bytes()


def write(frames: Sequence[Image], out: Path, *, milliseconds: int = MILLISECONDS) -> None:
    """Frames of one size."""
    if out.suffix == ".gif":
        few = [frame.quantize(64) for frame in frames]
        few[0].save(out, save_all=True, append_images=few[1:], duration=milliseconds, loop=0)
    else:
        _mp4([frame.convert("RGB") for frame in frames], out, 1000 / milliseconds)


def _mp4(frames: Sequence[Image], out: Path, rate: float) -> None:
    """Enlarged by a whole number until they can be seen."""
    try:
        import av
    except ImportError:
        raise UserError("an .mp4 takes PyAV: pip install 'rivals[film]', or pass --out FILE.gif") from None
    times = 2 * -(-SIDE // (2 * min(frames[0].size)))  # even, as the format wants both sides
    size = [times * side for side in frames[0].size]
    with av.open(str(out), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=round(rate), options={"crf": "16"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for frame in frames:
            large = np.asarray(frame).repeat(times, 0).repeat(times, 1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(large, format="rgb24")))
        container.mux(stream.encode())
