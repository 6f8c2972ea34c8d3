"""MNIST-M: the difference of patch and digit, on photographs that the two parts do not share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rivals.data import load
from rivals.data.arrays import Table
from rivals.data.pasted import PASTED, pasted
from rivals.errors import UserError

HUES = [(k, 255 - k, 60) for k in range(0, 80, 4)]  # twenty colours


def paint(folder: Path, name: str, colour: tuple[int, int, int], size: tuple[int, int] = (9, 8)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(folder / f"{name}.png")


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    for k, hue in enumerate(HUES):
        paint(tmp_path / "photographs", str(k), hue)
    return tmp_path / "photographs"


def digits(*values: int, each: int = 100) -> Table:
    """Rows of 5x4 pixels, all of one value; the class is the number of the value."""
    y = np.arange(len(values)).repeat(each)
    return Table(np.full((len(y), 1, 5, 4), 0, np.uint8) + np.array(values, np.uint8)[y][:, None, None, None], y, "abc")


def colours(x: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(row) for row in x[:, :, 0, 0].tolist()}


def test_a_digit_inverts_what_it_covers(photographs: Path) -> None:
    ground, full, half = np.split(pasted(digits(0, 255, 100), "train", photographs).x.astype(int), 3)
    assert colours(ground) <= set(HUES)
    assert colours(full) <= {tuple(255 - value for value in hue) for hue in HUES}
    assert colours(half) <= {tuple(abs(value - 100) for value in hue) for hue in HUES}
    assert ground.shape == (100, 3, 5, 4)
    assert (ground == ground[:, :, :1, :1]).all()  # each pixel of a patch of one colour


def test_always_the_same_and_test_digits_on_other_photographs(photographs: Path) -> None:
    train, again, test = (pasted(digits(0, each=500), split, photographs).x for split in ("train", "train", "test"))
    assert (train == again).all()
    assert not colours(train) & colours(test)
    assert len(colours(train)) == 16
    assert len(colours(test)) == 4


def test_patches_are_cut_where_the_picture_is(tmp_path: Path) -> None:
    """Of a picture whose pixels tell their place, each patch is a window."""
    rows, columns = np.mgrid[0:40, 0:30].astype(np.uint8)
    for k in range(5):
        picture = np.stack([rows, columns, np.full_like(rows, 100 + k)], 2)
        (tmp_path / "p").mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / "p" / f"{k}.png")
    x = pasted(digits(0), "train", tmp_path / "p").x.astype(int)
    assert (np.diff(x[:, 0], axis=1) == 1).all()
    assert (np.diff(x[:, 1], axis=2) == 1).all()
    assert len(np.unique(x[:, 0, 0, 0])) > 10


def test_what_is_no_colour_photograph_is_passed_over(photographs: Path) -> None:
    plain = pasted(digits(0, each=500), "train", photographs)
    paint(photographs, "x-blank", (255, 254, 251))
    paint(photographs, "x-grey", (90, 90, 95))
    paint(photographs, "x-small", (200, 10, 90), (3, 9))
    (photographs / "x-broken.png").write_bytes(b"no picture")
    found = pasted(digits(0, each=500), "train", photographs)
    assert colours(found.x) <= set(HUES)
    assert "of 'photographs'" in plain.notes[-1]


def test_too_few_photographs_are_an_error(tmp_path: Path) -> None:
    paint(tmp_path, "one", (250, 10, 90))
    assert len(pasted(digits(0), "test", tmp_path).x) == 100
    with pytest.raises(UserError, match=r"too few colour pictures of 4x5 .* for the train digits"):
        pasted(digits(0), "train", tmp_path)


def test_without_photographs_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("names", "pasted"):
        monkeypatch.setattr(f"rivals.data.{module}.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("RIVALS_DATA", str(tmp_path))
    monkeypatch.setitem(PASTED, "mnist-m", "digits")
    with pytest.raises(UserError, match=r"put a folder of pictures .* at .*photographs or .*cache/photographs$"):
        load("mnist-m")
    monkeypatch.delenv("RIVALS_DATA")
    with pytest.raises(UserError, match="or set RIVALS_DATA to a folder that holds 'photographs'"):
        load("mnist-m")
    for k, hue in enumerate(HUES):
        paint(tmp_path / "cache" / "photographs", str(k), hue)
    data = load("mnist-m")
    assert data.facts.shape == (3, 8, 8)
    assert data.facts.count == 1797
    assert load("mnist-m", channels=1, size=5).facts.shape == (1, 5, 5)


@pytest.mark.skipif("RIVALS_DATA" not in os.environ, reason="RIVALS_DATA is not set")
def test_mnist_m_10k_has_the_digits_of_mnist_10k() -> None:
    if not (Path(os.environ["RIVALS_DATA"]) / "mnist-10k").is_dir():
        pytest.skip("there is no mnist-10k in RIVALS_DATA")
    for split, count in (("train", 8000), ("test", 2000)):
        data, plain = load("mnist-m-10k", split=split), load("mnist-10k", split=split)
        assert data.facts.shape == (3, 28, 28)
        assert len(data) == count
        assert (data.y == plain.y).all()
