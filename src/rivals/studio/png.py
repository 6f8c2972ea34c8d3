"""Pictures as a page carries them."""

from __future__ import annotations

import base64
import io

from PIL.Image import Image


def as_png(picture: Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "png", compress_level=1)
    return file.getvalue()


def as_source(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
