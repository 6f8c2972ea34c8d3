"""A picture file's bytes -> a picture of the shape asked for, whatever the file was.

What becomes of what:

- transparency is laid on white, as a web page shows it; palettes become colours; CMYK becomes RGB;
- 16 bits are scaled to 8, not clipped; a film gives its first frame; the orientation a camera wrote down is honoured.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

Bytes = NDArray[np.uint8]
T = TypeVar("T")

EXTENSIONS = frozenset(
    {
        *(".png", ".jpg", ".jpeg", ".jfif", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".tga"),
        *(".ppm", ".pgm", ".pbm", ".pnm"),
    }
)
FITS = ("crop", "pad", "stretch")
_GREY = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"})
# What Pillow's readers raise on damaged files, and its refusal of bombs (a warning where warnings are errors).
_DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError,
    AssertionError, EOFError, MemoryError, Warning, struct.error, zlib.error,
)  # fmt: skip
_ORIENTATION = 0x0112  # the EXIF tag; 1: upright, 5 to 8: width and height change places


class Unreadable(Exception):
    """A file that is no picture, or not a whole one; the message is the reason."""


class Traits(NamedTuple):
    """What a picture file was before it was converted."""

    size: tuple[int, int]  # (H, W), upright
    mode: str  # Pillow's: L, RGB, P, ...
    alpha: bool
    frames: bool  # more than one
    turned: bool  # by its EXIF orientation

    @property
    def grey(self) -> bool:
        return self.mode in _GREY


@dataclass
class Survey:
    """Counts over the picture files looked at."""

    traits: Counter[Traits] = field(default_factory=Counter)
    bad: list[tuple[str, str]] = field(default_factory=list)  # (file, reason)

    @property
    def good(self) -> int:
        return self.traits.total()

    def sizes(self) -> Counter[tuple[int, int]]:
        return _tally((t.size, n) for t, n in self.traits.items())

    def modes(self) -> Counter[str]:
        return _tally((t.mode, n) for t, n in self.traits.items())

    def add(self, other: Survey) -> None:
        self.traits.update(other.traits)
        self.bad.extend(other.bad)

    def notes(self) -> list[str]:
        """What was converted, a line each."""
        kinds: dict[str, Callable[[Traits], bool]] = {
            "had 16 bits: scaled to 8": lambda t: t.mode.startswith("I"),
            "had transparency: laid on white": lambda t: t.alpha,
            "had a palette: turned into colours": lambda t: t.mode in ("P", "PA"),
            "were CMYK: turned into RGB": lambda t: t.mode == "CMYK",
            "were films: first frame taken": lambda t: t.frames,
            "were turned upright, as their EXIF orientation says": lambda t: t.turned,
        }
        counts = {said: sum(n for t, n in self.traits.items() if holds(t)) for said, holds in kinds.items()}
        return [f"{n} of {self.good} pictures {said}" for said, n in counts.items() if n]


def _tally(pairs: Iterable[tuple[T, int]]) -> Counter[T]:
    total: Counter[T] = Counter()
    for key, count in pairs:
        total[key] += count
    return total


@dataclass(frozen=True)
class Form:
    """The shape that every picture is brought to."""

    size: tuple[int, int]  # (H, W)
    channels: int  # 1 or 3
    fit: str = "crop"

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.channels, *self.size)

    @property
    def bytes(self) -> int:
        return self.channels * self.size[0] * self.size[1]

    def __call__(self, image: Image) -> Bytes:
        """An 8-bit picture -> (C, H, W)."""
        wanted = "L" if self.channels == 1 else "RGB"
        image = self._fitted(image if image.mode == wanted else image.convert(wanted))
        array: Bytes = np.asarray(image, dtype=np.uint8)
        return array[None] if self.channels == 1 else array.transpose(2, 0, 1)

    def _fitted(self, image: Image) -> Image:
        import PIL.Image

        height, width = self.size
        if image.size == (width, height):
            return image
        lanczos = PIL.Image.Resampling.LANCZOS  # Pillow widens the filter when shrinking: antialiased
        if self.fit == "stretch":
            return image.resize((width, height), lanczos)
        across, down = width / image.width, height / image.height
        if self.fit == "crop":
            scale = max(across, down)
            w, h = width / scale, height / scale  # the part of the picture that stays, about its middle
            left, top = (image.width - w) / 2, (image.height - h) / 2
            return image.resize((width, height), lanczos, box=(left, top, left + w, top + h))
        scale = min(across, down)
        inner = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), lanczos)
        framed = PIL.Image.new(image.mode, (width, height))  # black
        framed.paste(inner, ((width - inner.width) // 2, (height - inner.height) // 2))
        return framed


def traits(data: bytes) -> Traits:
    """What a picture file is, by its first bytes alone. Raises `Unreadable`."""
    with _reasons():
        return _traits(_opened(data))


def decode(data: bytes, form: Form) -> tuple[Bytes, Traits]:
    """A picture file -> ((C, H, W) uint8, what it was). Raises `Unreadable`."""
    with _reasons():
        image = _opened(data)
        was = _traits(image)
        # A JPEG can be decoded at a half, a quarter, an eighth of its size; twice what is asked for is left to Lanczos.
        image.draft(None, (2 * max(form.size),) * 2)
        image.load()
        return form(eight_bits(_upright(image) if was.turned else image)), was


def transparent(data: bytes) -> NDArray[np.bool_]:
    """A picture file -> (H, W), where it is more transparent than not. Raises `Unreadable`."""
    with _reasons():
        image = _opened(data)
        was = _traits(image)
        upright = _upright(image) if was.turned else image
        return np.asarray(upright.convert("RGBA"))[..., 3] < 128


@contextmanager
def _reasons() -> Iterator[None]:
    import PIL.Image
    from PIL import UnidentifiedImageError

    try:
        yield
    except Unreadable:
        raise
    except UnidentifiedImageError:
        raise Unreadable("not a picture") from None
    except (*_DAMAGE, PIL.Image.DecompressionBombError) as error:
        raise Unreadable((str(error) or type(error).__name__).splitlines()[0]) from None


def _opened(data: bytes) -> Image:
    import PIL.Image

    if not data:
        raise Unreadable("the file is empty")
    image = PIL.Image.open(io.BytesIO(data))
    if PIL.Image.MAX_IMAGE_PIXELS and image.width * image.height > PIL.Image.MAX_IMAGE_PIXELS:
        raise Unreadable(f"{image.width}x{image.height} is more than {PIL.Image.MAX_IMAGE_PIXELS} pixels: refused")
    if image.mode == "F":
        raise Unreadable("holds floating-point numbers, whose range is not known")
    return image


def _traits(image: Image) -> Traits:
    # Without this question Pillow would unpack a whole PNG to look for EXIF behind its pixels.
    known = image.format != "PNG" or "exif" in image.info
    orientation = image.getexif().get(_ORIENTATION, 1) if known else 1
    turned = orientation in range(2, 9)
    size = (image.width, image.height) if orientation in range(5, 9) else (image.height, image.width)
    alpha = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info
    return Traits(size, image.mode, alpha, getattr(image, "is_animated", False), turned)


def _upright(image: Image) -> Image:
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def eight_bits(image: Image) -> Image:
    """-> L, RGB or a mode that Pillow converts to either without loss."""
    import PIL.Image

    if image.mode.startswith("I"):  # I;16, or the 32-bit integers in which some readers put 16 bits
        wide = np.asarray(image).astype(np.float32)
        return PIL.Image.fromarray((wide / 257).round().clip(0, 255).astype(np.uint8))
    if image.mode == "P" or "transparency" in image.info:
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        solid = image.convert("RGBA")
        white = PIL.Image.new("RGBA", solid.size, "white")
        return PIL.Image.alpha_composite(white, solid).convert("L" if image.mode in ("LA", "La") else "RGB")
    return image
