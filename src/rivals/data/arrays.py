"""Pictures and vectors that come as arrays: `.npz`, `.npy` and IDX files. Nothing pickled is ever loaded."""

from __future__ import annotations

import gzip
import math
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rivals.data.images import Bytes, Form, eight_bits
from rivals.errors import NoTestPart, UserError

Array = NDArray[Any]

IMAGE_KEYS = ("images", "x", "samples", "arr_0")
LABEL_KEYS = ("labels", "y")
ATTRIBUTE_KEYS, NAME_KEYS = ("attributes",), ("attribute_names", "names")
GZ = (".gz", "")  # the plain file comes last, and is taken where there are both


@dataclass(frozen=True)
class Table:
    """Rows that are in memory, before any option is applied."""

    x: Array  # (N, C, H, W) uint8 or (N, D) float32
    y: NDArray[np.int64] | None = None
    class_names: Sequence[str] = ()
    notes: Sequence[str] = ()
    a: Bytes | None = None  # (N, A), 0 or 1
    attribute_names: Sequence[str] = ()


def classes_of(labels: Sequence[str] | Sequence[int]) -> tuple[NDArray[np.int64], list[str]]:
    """Labels -> class numbers and names; in the order of numbers where all are numbers, else of the alphabet.

    >>> classes_of(["10", "9", "10"])
    (array([1, 0, 1]), ['9', '10'])
    """
    texts = [str(label) for label in labels]
    distinct = sorted(set(texts), key=lambda t: (not t.isdigit(), int(t) if t.isdigit() else 0, t))
    number = {name: k for k, name in enumerate(distinct)}
    return np.array([number[t] for t in texts], np.int64), distinct


def numpy_table(path: Path, split: str) -> Table:
    """The pictures or vectors of a `.npz` or `.npy` file.

    Keys: `images`, `x`, `samples` or `arr_0`; classes in `labels` or `y`; yes/no attributes (N, A) in `attributes`, what they
    are called in `attribute_names` or `names`. Where there are `x_train`, `x_test`
    (`y_train`, ...), as in Keras' files, `split` chooses.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        with nullcontext({"arr_0": loaded}) if isinstance(loaded, np.ndarray) else loaded as file:
            keys = list(file)
            image_key = _first(keys, IMAGE_KEYS, split)
            if image_key is None:
                raise UserError(f"'{path}' has no array named {', '.join(IMAGE_KEYS)}: it has {', '.join(keys) or 'none'}")
            if split == "test" and not image_key.endswith("_test"):
                raise NoTestPart(f"'{path}' has no test part: no array named x_test")
            label_key = _first(keys, LABEL_KEYS, split)
            x, labels = file[image_key], None if label_key is None else file[label_key]
            others = [_first(keys, wanted, split) for wanted in (ATTRIBUTE_KEYS, NAME_KEYS)]
            a, names = (None if key is None else file[key] for key in others)
    except UserError:
        raise
    except ValueError as error:
        if "pickle" in str(error):
            raise UserError(f"'{path}' refused: contains pickled objects; save plain arrays of numbers") from None
        raise UserError(f"'{path}' cannot be read: {error}") from None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"'{path}' cannot be read: {error}") from None
    return _with_attributes(_table(x, labels, str(path)), a, names)


def _with_attributes(table: Table, a: Array | None, names: Array | None) -> Table:
    """The table with its attributes, where they are such."""
    if a is None:
        return table
    if a.ndim != 2 or len(a) != len(table.x) or a.dtype.kind not in "iub" or not np.isin(a, (0, 1)).all():
        said = f"attributes of shape {a.shape} and type {a.dtype} are not a yes or no (1, 0) a row and attribute: left out"
        return replace(table, notes=[*table.notes, said])
    called = [str(name) for name in (range(a.shape[1]) if names is None or names.shape != a.shape[1:] else names)]
    return replace(table, a=np.ascontiguousarray(a, np.uint8), attribute_names=called)


def _first(keys: Sequence[str], wanted: Sequence[str], split: str) -> str | None:
    return next((key for name in wanted for key in (f"{name}_{split}", name) if key in keys), None)


def _table(x: Array, labels: Array | None, where: str) -> Table:
    if len(x) == 0:
        raise UserError(f"'{where}' has no rows")
    if x.ndim == 2:
        x = x.astype(np.float32)
        if not np.isfinite(x).all():
            raise UserError(f"'{where}' has vectors with values that are not finite: remove those rows")
        pictures, notes = x, list[str]()
    else:
        pictures, notes = _pictures(x, where)
    if labels is None:
        return Table(pictures, notes=notes)
    if labels.shape not in ((len(x),), (len(x), 1)) or labels.dtype.kind not in "iuUb":
        notes.append(f"labels of shape {labels.shape} and type {labels.dtype} are not class numbers or names: left out")
        return Table(pictures, notes=notes)
    if labels.dtype.kind == "i" and labels.min() < 0 and (labels == 0).any():
        raise UserError(
            f"'{where}' has labels below 0 beside 0: if they mark rows without a class, leave those rows out; if they are "
            "classes, count from 0 or give names"
        )
    y, names = classes_of(labels.reshape(-1).tolist())
    return Table(pictures, y, names, notes)


def _pictures(x: Array, where: str) -> tuple[Bytes, list[str]]:
    """(N, H, W), (N, H, W, C) or (N, C, H, W), bytes or floats in [0, 1] or [-1, 1] -> (N, C, H, W) uint8, notes."""
    x = x[..., None] if x.ndim == 3 else x
    if x.ndim != 4 or (x.shape[3] > 4 and x.shape[1] > 4):
        raise UserError(f"'{where}' has an array of shape {x.shape}: pictures are (N, H, W), (N, H, W, C) or (N, C, H, W)")
    x = x.transpose(0, 3, 1, 2) if x.shape[3] <= 4 else x
    if x.dtype == np.uint8:
        return np.ascontiguousarray(x), []
    if x.dtype.kind not in "iufb":
        raise UserError(f"'{where}' has pictures of type {x.dtype}: save them as uint8, 0 to 255")
    low, high = x.min(), x.max()
    if x.dtype.kind == "b":
        return np.ascontiguousarray(x * np.uint8(255)), ["yes/no pictures became 0 and 255"]
    if x.dtype.kind in "iu" and low >= 0 and high <= 255:
        return np.ascontiguousarray(x, np.uint8), [f"{x.dtype} pictures became uint8"]
    if x.dtype.kind == "f" and high <= 1 and low >= -1:
        base = 0 if low >= 0 else -1
        scaled = ((x - base) * (255 / (1 - base))).round().astype(np.uint8)
        return np.ascontiguousarray(scaled), [f"float pictures in [{base}, 1] became uint8"]
    raise UserError(f"'{where}' has {x.dtype} pictures from {low:g} to {high:g}: save them as uint8, 0 to 255")


def idx_files(folder: Path, split: str) -> dict[str, Path]:
    """The `images` and `labels` files of a split of an MNIST-like folder, packed or not; empty where there are none."""
    part = "train" if split == "train" else "t10k"
    endings = [f"{dash}{idx}-ubyte{gz}" for idx in ("idx3", "idx1") for dash in "-." for gz in GZ]
    tries = [(kind, folder / f"{part}-{kind}{ending}") for kind in ("images", "labels") for ending in endings]
    return {kind: path for kind, path in tries if path.is_file()}


def idx_table(folder: Path, split: str, class_names: Sequence[str] = ()) -> Table:
    """A split of an MNIST-like folder: `train-images-idx3-ubyte[.gz]`, `train-labels-...`, `t10k-...`."""
    files = idx_files(folder, split)
    if "images" not in files:
        missing = NoTestPart if split == "test" else UserError
        raise missing(f"'{folder}' has no {'train' if split == 'train' else 't10k'}-images-idx3-ubyte[.gz], its {split} part")
    x = read_idx(files["images"])
    if x.ndim != 3 or len(x) == 0:
        raise UserError(f"'{files['images']}' has an array of shape {x.shape}, which is not pictures (N, H, W)")
    x = x[:, None]
    if "labels" not in files:
        return Table(x)
    y = read_idx(files["labels"]).astype(np.int64)
    if len(y) != len(x):
        raise UserError(f"'{folder}' has {len(x)} pictures and {len(y)} labels: fetch both files again")
    highest = int(y.max())
    names = class_names if highest < len(class_names) else [str(k) for k in range(highest + 1)]
    return Table(x, y, names)


def read_idx(path: Path) -> Bytes:
    """An IDX file of bytes (https://yann.lecun.com/exdb/mnist/), packed with gzip or not."""
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"'{path}' cannot be read ({error}): fetch it again") from None
    start = 4 + 4 * data[3] if len(data) >= 4 else 0
    if data[:3] != b"\0\0\x08" or len(data) < start:
        raise UserError(f"'{path}' is not an IDX file of bytes: fetch it again")
    shape = np.frombuffer(data[4:start], ">u4").astype(int).tolist()
    if len(data) - start != math.prod(shape):
        raise UserError(
            f"'{path}' is damaged (its header promises {shape}, it holds {len(data) - start} bytes): fetch it again"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def formed(x: Bytes, form: Form) -> Bytes:
    """(N, C, H, W) uint8 pictures -> every one brought to the form, as a file of it would be."""
    from PIL import Image

    if x.shape[1:] == form.shape:
        return x
    if x.shape[2:] == form.size and x.shape[1] == 1:
        return np.repeat(x, form.channels, axis=1)
    out = np.empty((len(x), *form.shape), np.uint8)
    for k, picture in enumerate(x):
        image = Image.fromarray(picture[0] if len(picture) == 1 else np.ascontiguousarray(picture.transpose(1, 2, 0)))
        out[k] = form(eight_bits(image))
    return out
