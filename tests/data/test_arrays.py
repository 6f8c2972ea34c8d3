"""Arrays in `.npz`, `.npy` and IDX files."""

from __future__ import annotations

import gzip
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from rivals.data import describe, load
from rivals.data.arrays import formed, read_idx
from rivals.data.images import Form
from rivals.errors import UserError

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (10, 6, 5, 3), np.uint8)


def rows(path: Path) -> torch.Tensor:
    data = load(path)
    return data.rows(torch.arange(len(data)), torch.device("cpu")).x


def bytes_of(x: torch.Tensor) -> np.ndarray:
    return ((x + 1) * 127.5).round().to(torch.uint8).numpy()


@pytest.mark.parametrize("key", ["images", "x", "samples", "arr_0"])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 3, 1, 2)])
def test_pictures_in_either_order_of_axes(tmp_path: Path, key: str, order: tuple[int, ...]) -> None:
    np.savez(tmp_path / "a.npz", **{key: PICTURES.transpose(order)})
    assert np.array_equal(bytes_of(rows(tmp_path / "a.npz")), PICTURES.transpose(0, 3, 1, 2))


def test_grey_pictures_and_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=PICTURES[..., 0], labels=np.array([5, 3] * 5))
    data = load(tmp_path / "a.npz")
    assert data.facts.shape == (1, 6, 5)
    assert data.class_names == ("3", "5")
    assert len(load(tmp_path / "a.npz", only=5)) == 5  # by its name, though its number is 1


def test_transparent_pictures_are_laid_on_white(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 6, 5, 4), np.uint8))
    assert rows(tmp_path / "a.npy").min() == 1


def test_vectors_stay_as_they_are(tmp_path: Path) -> None:
    x = RNG.normal(size=(10, 7))
    np.savez(tmp_path / "a.npz", x=x)
    data = load(tmp_path / "a.npz")
    assert not data.facts.bounded
    assert np.allclose(rows(tmp_path / "a.npz").numpy(), x)
    with pytest.raises(UserError, match="vectors"):
        load(tmp_path / "a.npz", size=8)


@pytest.mark.parametrize("base", [0, -1])
def test_float_pictures_become_bytes(tmp_path: Path, base: int) -> None:
    np.save(tmp_path / "a.npy", (PICTURES / 255 * (1 - base) + base).astype(np.float32))
    assert np.array_equal(bytes_of(rows(tmp_path / "a.npy")), PICTURES.transpose(0, 3, 1, 2))


def test_keras_splits(tmp_path: Path) -> None:
    y = np.arange(10) % 2
    np.savez(tmp_path / "m.npz", x_train=PICTURES, y_train=y, x_test=PICTURES[:4], y_test=y[:4])
    assert len(load(tmp_path / "m.npz")) == 10
    assert len(load(tmp_path / "m.npz", split="test")) == 4


class Trap:
    """Says so if it is ever unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('unpickled')",))


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.array([Trap()], dtype=object))
    (tmp_path / "b.npz").write_bytes(pickle.dumps(Trap()))
    for name in ("a.npz", "b.npz"):
        with pytest.raises(UserError, match="refused: contains pickled objects"):
            load(tmp_path / name)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"other": PICTURES}, "no array named images"),
        ({"images": PICTURES.astype(np.float32)}, "save them as uint8"),
        ({"images": PICTURES.astype(np.complex64)}, "of type complex64"),
        ({"images": np.zeros((3, 9, 9, 9), np.uint8)}, "an array of shape"),
        ({"images": PICTURES[:0]}, "has no rows"),
        ({"x": np.array([[1.0, np.nan]])}, "not finite"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray], says: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=says):
        load(tmp_path / "a.npz")


def test_damaged_array_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=PICTURES)
    whole = (tmp_path / "a.npz").read_bytes()
    for content in (b"", b"text", whole[: len(whole) // 2]):
        (tmp_path / "a.npz").write_bytes(content)
        with pytest.raises(UserError):
            load(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", images=PICTURES)
    with pytest.raises(UserError, match="no test part"):
        load(tmp_path / "b.npz", split="test")


def test_arrays_are_resized_as_files_are() -> None:
    x = PICTURES.transpose(0, 3, 1, 2)
    assert formed(x, Form((12, 10), 1)).shape == (10, 1, 12, 10)
    grey = x[:, :1]
    assert np.array_equal(formed(grey, Form((6, 5), 3)), np.repeat(grey, 3, axis=1))


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def mnist_like(folder: Path, part: str = "train", packed: bool = True) -> None:
    folder.mkdir(exist_ok=True)
    for kind, array in (("images-idx3", PICTURES[..., 0]), ("labels-idx1", np.arange(10, dtype=np.uint8) % 3)):
        content = idx(np.ascontiguousarray(array))
        path = folder / f"{part}-{kind}-ubyte{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(content) if packed else content)


@pytest.mark.parametrize("packed", [True, False])
def test_a_folder_of_idx_files(tmp_path: Path, packed: bool) -> None:
    mnist_like(tmp_path, packed=packed)
    data = load(tmp_path)
    assert data.facts.shape == (1, 6, 5)
    assert data.class_names == ("0", "1", "2")
    assert np.array_equal(bytes_of(rows(tmp_path))[:, 0], PICTURES[..., 0])
    with pytest.raises(UserError, match="t10k-images-idx3-ubyte"):
        load(tmp_path, split="test")


def test_a_label_of_minus_one_is_asked_about(tmp_path: Path) -> None:
    x = np.zeros((4, 8, 8), np.uint8)
    np.savez(tmp_path / "some.npz", images=x, labels=np.array([-1, 0, 1, -1]))
    with pytest.raises(UserError, match="labels below 0 beside 0: if they mark rows without a class, leave those rows out"):
        load(tmp_path / "some.npz")
    np.savez(tmp_path / "signs.npz", images=x, labels=np.array([-1, 1, 1, -1]))
    assert load(tmp_path / "signs.npz").class_names == ("1", "-1")


def test_idx_labels_beyond_the_known_classes(tmp_path: Path) -> None:
    mnist_like(tmp_path / "mnist")
    assert load(tmp_path / "mnist").facts.classes == 10
    (tmp_path / "mnist/train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.arange(20, 30, dtype=np.uint8))))
    assert load(tmp_path / "mnist").facts.classes == 30


def test_idx_files_of_other_things(tmp_path: Path) -> None:
    mnist_like(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(np.zeros(5, np.uint8))))
    with pytest.raises(UserError, match="not pictures"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (idx(PICTURES[..., 0])[:-1], "damaged"),
        (b"text, not idx", "not an IDX file"),
        (b"", "not an IDX file"),
        (b"\0\0\x08\x03\0\0", "not an IDX file"),
    ],
)
def test_damaged_idx_files(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(UserError, match=says):
        read_idx(tmp_path / "a")
    (tmp_path / "a.gz").write_bytes(gzip.compress(content)[:-9])
    with pytest.raises(UserError, match="fetch it again"):
        read_idx(tmp_path / "a.gz")


def test_attributes_of_an_npz(tmp_path: Path) -> None:
    a = np.array([[0, 1], [1, 1], [0, 0]], np.uint8)
    x = np.zeros((3, 4, 4, 3), np.uint8)
    np.savez(tmp_path / "a.npz", images=x, attributes=a, names=np.array(["hat", "smile"]), y=np.array([5, 6, 5]))
    data = load(tmp_path / "a.npz")
    assert data.attribute_names == ("hat", "smile")
    assert data.facts.attributes == 2
    assert data.rows(torch.tensor([1, 0]), torch.device("cpu")).a.tolist() == [[1, 1], [0, 1]]
    assert describe(tmp_path / "a.npz").attributes == {"hat": 1, "smile": 2}
    only = load(tmp_path / "a.npz", only="5")
    assert only.rows(torch.tensor([0, 1]), torch.device("cpu")).a.tolist() == [[0, 1], [0, 0]]
    np.savez(tmp_path / "b.npz", images=x, attributes=a)
    assert load(tmp_path / "b.npz").attribute_names == ("0", "1")
    assert data.fingerprint != load(tmp_path / "b.npz").fingerprint
    for wrong in (a[:2], a.astype(np.float32), a + 1, a[0]):
        np.savez(tmp_path / "c.npz", images=x, attributes=wrong)
        data = load(tmp_path / "c.npz")
        assert data.facts.attributes == 0
        assert "not a yes or no" in " ".join(data.notes)


def test_of_attributes_those_that_are_asked_for(tmp_path: Path) -> None:
    a = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 1]], dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=np.zeros((3, 8, 8), np.uint8), attributes=a, names=np.array(["hat", "cap", "smile"]))
    data = load(tmp_path / "a.npz", attributes="smile, hat/cap")
    assert data.attribute_names == ("smile", "hat/cap")
    found = data.rows(torch.arange(3), torch.device("cpu")).a
    assert found is not None
    assert found.tolist() == [[0, 1], [1, 1], [1, 0]]
    assert data.fingerprint != load(tmp_path / "a.npz", attributes="smile,hat").fingerprint
    for asked, says in (("smiel", "did you mean 'smile'"), ("hat/smiel", "did you mean 'smile'"), ("hat,hat", "each once")):
        with pytest.raises(UserError, match=says):
            load(tmp_path / "a.npz", attributes=asked)
