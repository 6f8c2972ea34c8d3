"""Every kind of picture file, made for real, becomes a picture of the shape asked for; every kind of bad file is refused."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from PIL import Image

from rivals.data import describe, load
from rivals.data.images import Form, Unreadable, decode
from rivals.errors import UserError

GREY, COLOUR = Form((8, 8), 1), Form((8, 8), 3)


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def gradient(height: int = 8, width: int = 8) -> np.ndarray:
    return np.linspace(0, 255, height * width).reshape(height, width).round().astype(np.uint8)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    wide = np.linspace(0, 65535, 64).reshape(8, 8).round().astype(np.uint16)
    picture, was = decode(saved(Image.fromarray(wide)), GREY)
    assert was.mode.startswith("I")
    assert np.array_equal(picture[0], (wide / 257).round().astype(np.uint8))


def test_a_palette_becomes_its_colours() -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    picture, was = decode(saved(image), COLOUR)
    assert was.mode == "P"
    assert picture[:, 0, 0].tolist() == [200, 100, 50]


def test_a_transparent_palette_entry_becomes_white() -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    picture, was = decode(saved(image, transparency=1), COLOUR)
    assert was.alpha
    assert picture.min() == 255


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGBA", (0, 0, 0, 0), [255, 255, 255]),
        ("RGBA", (10, 20, 30, 255), [10, 20, 30]),
        ("LA", (0, 128), [127, 127, 127]),
        ("1", 1, [255, 255, 255]),
    ],
)
def test_transparency_is_laid_on_white(mode: str, colour: object, expected: list[int]) -> None:
    picture, _ = decode(saved(Image.new(mode, (8, 8), colour)), COLOUR)  # type: ignore[arg-type]
    assert picture[:, 3, 3].tolist() == expected


def test_cmyk_becomes_rgb() -> None:
    picture, was = decode(saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100), COLOUR)
    assert was.mode == "CMYK"
    red, green, blue = picture[:, 4, 4].tolist()
    assert red > 250
    assert green < 5
    assert blue < 5


def test_a_film_gives_its_first_frame() -> None:
    frames = [Image.fromarray(np.full((8, 8), value, np.uint8)) for value in (40, 200)]
    picture, was = decode(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]), GREY)
    assert was.frames
    assert np.unique(picture).tolist() == [40]


def test_the_orientation_of_a_camera_is_honoured() -> None:
    array = np.zeros((8, 16), np.uint8)
    array[:, :8] = 255  # bright on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise to be upright: left becomes top
    picture, was = decode(saved(Image.fromarray(array), "PNG", exif=exif), Form((16, 8), 1))
    assert was.size == (16, 8)
    assert was.turned
    assert picture[0, :8].min() == 255
    assert picture[0, 8:].max() == 0


def test_fits() -> None:
    array = np.zeros((8, 16, 3), np.uint8)
    array[:, :4] = array[:, 12:] = 255  # white ends, black middle
    data = saved(Image.fromarray(array))
    crop, _ = decode(data, Form((8, 8), 3, "crop"))
    assert crop.max() == 0
    pad, _ = decode(data, Form((16, 16), 3, "pad"))
    assert pad[:, :4].max() == 0
    assert np.array_equal(pad[:, 4:12], array.transpose(2, 0, 1))
    stretch, _ = decode(data, Form((4, 8), 3, "stretch"))
    assert stretch.shape == (3, 4, 8)
    assert stretch[0, 0, 0] > 250


def test_shrinking_is_antialiased() -> None:
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    picture, _ = decode(saved(Image.fromarray(board)), GREY)
    assert abs(int(picture.min()) - 127) < 6
    assert abs(int(picture.max()) - 127) < 6


def test_a_large_jpeg_decodes_to_what_pillow_makes_of_it() -> None:
    smooth = Image.fromarray(gradient(4, 4)).resize((800, 600), Image.Resampling.BICUBIC)
    data = saved(smooth, "JPEG", quality=95)
    picture, was = decode(data, Form((64, 64), 1))
    assert was.size == (600, 800)
    exact = np.asarray(Image.open(io.BytesIO(data)).resize((64, 64), Image.Resampling.LANCZOS, box=(100, 0, 700, 600)))
    assert np.abs(picture[0].astype(int) - exact).max() <= 4


def test_floats_are_refused() -> None:
    with pytest.raises(Unreadable, match="floating-point"):
        decode(saved(Image.fromarray(np.ones((8, 8), np.float32)), "TIFF"), GREY)


def png_that_claims(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


BAD: dict[str, Callable[[], bytes]] = {
    "truncated": lambda: saved(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)))[:2000],
    "empty": lambda: b"",
    "text": lambda: b"this is not a picture",
    "bomb": lambda: png_that_claims(100_000, 100_000),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_unreadable(kind: str) -> None:
    with pytest.raises(Unreadable):
        decode(BAD[kind](), GREY)


def test_more_pixels_than_pillow_allows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Unreadable, match="8x8 is more than 50 pixels"):
            decode(saved(Image.fromarray(gradient())), GREY)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_damage_of_any_kind_is_unreadable_or_a_picture(kind: str) -> None:
    whole = saved(Image.fromarray(gradient(32, 32)), kind)
    rng = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 8).tolist():
            damaged[place] = int(rng.integers(256))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                picture, _ = decode(bytes(damaged[: int(rng.integers(1, len(whole) + 1))]), GREY)
            except Unreadable:
                continue
        assert picture.shape == (1, 8, 8)


def fill(folder: Path, good: int, *bad: str) -> Path:
    for k in range(good):
        Image.fromarray(gradient()).save(folder / f"good{k:03}.png")
    for kind in bad:
        (folder / f"bad-{kind}.png").write_bytes(BAD[kind]())
    return folder


def test_few_bad_files_are_skipped_and_listed(tmp_path: Path) -> None:
    data = load(fill(tmp_path, 12, *BAD), max_bad=0.25)
    assert len(data) == 12
    assert sum(note.startswith("skipped bad-") for note in data.notes) == 4


def test_more_bad_files_than_allowed_are_an_error_that_names_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"4 of 16 picture files cannot be read \(bad-bomb.png: .*and 1 more.*--max-bad"):
        load(fill(tmp_path, 12, *BAD), max_bad=0.24)


def test_a_description_lists_the_bad_files(tmp_path: Path) -> None:
    description = describe(fill(tmp_path, 12, *BAD))
    assert len(description.bad) == 4
    assert "bad-empty.png: the file is empty" in str(description)
    assert "training refuses" in str(description)


def test_only_bad_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="4 of 4 picture files cannot be read"):
        load(fill(tmp_path, 0, *BAD))


def test_a_stream_puts_the_next_good_row_in_the_place_of_a_bad_one(tmp_path: Path) -> None:
    for k in range(6):
        Image.fromarray(np.full((4, 4), 10 * k, np.uint8)).save(tmp_path / f"{k}.png")
    (tmp_path / "2.png").write_bytes(BAD["text"]())
    rows = load(tmp_path, stream=True, max_bad=0.5).rows(torch.arange(6), torch.device("cpu")).x
    assert ((rows[:, 0, 0, 0] + 1) * 127.5).round().tolist() == [0, 10, 30, 30, 40, 50]
    with pytest.raises(UserError, match=r"2\.png: not a picture"):
        load(tmp_path, stream=True).rows(torch.arange(6), torch.device("cpu"))


def test_what_was_converted_is_counted(tmp_path: Path) -> None:
    Image.new("LA", (8, 8)).save(tmp_path / "a.png")
    Image.new("P", (8, 8)).save(tmp_path / "b.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "c.png")
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / "d.png")
    Image.new("CMYK", (8, 8)).save(tmp_path / "e.jpg")
    description = describe(tmp_path)
    assert description.modes == {"LA": 1, "P": 1, "RGB": 1, "I;16": 1, "CMYK": 1}
    for said in ("1 of 5 pictures had transparency", "palette", "16 bits", "CMYK"):
        assert said in str(description)
