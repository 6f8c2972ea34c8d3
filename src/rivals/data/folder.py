"""A folder of pictures, in the convention of Hugging Face's `imagefolder`.

Classes come from `metadata.jsonl` or `metadata.csv` (column `file_name` and others), or else from the
first folder below.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rivals.data.arrays import classes_of
from rivals.data.files import Files, Found, Strings
from rivals.data.images import EXTENSIONS
from rivals.errors import NoTestPart, UserError

METADATA = ("metadata.jsonl", "metadata.csv")
LABELS = ("label", "class", "category")  # columns that are the class, if they are there
SPLITS = {"train": ("train", "training"), "test": ("test", "testing", "val", "valid", "validation")}


class Folder(Files):
    """The picture files below a folder, in the order of their names."""

    def __init__(self, root: str, names: Strings, sizes: NDArray[np.int64]) -> None:
        self.root, self.names, self.sizes = root, names, sizes

    def read(self, number: int, most: int = -1) -> bytes:
        with open(os.path.join(self.root, self.names[number]), "rb", buffering=0) as file:
            return file.read(most)

    def keep(self, numbers: NDArray[np.int64]) -> Folder:
        return Folder(self.root, Strings(self.names[k] for k in numbers.tolist()), self.sizes[numbers])


def split_folder(path: Path, split: str) -> Path:
    """`path/train` or `path/test` where the folders below are called so; for `train`, else, the folder itself.

    A folder whose sub-folders have other names too (car, train, bus) has classes, not splits.
    """
    with listed(path) as entries:
        below = [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
    known = {name for names in SPLITS.values() for name in names}
    if below and all(name.lower() in known for name in below):
        for wanted in SPLITS[split]:
            for name in below:
                if name.lower() == wanted:
                    return path / name
    if split == "test":
        raise NoTestPart(f"'{path}' has no test part: put the pictures into '{path}/train' and '{path}/test'")
    return path


@contextmanager
def listed(path: str | Path) -> Iterator[Iterator[os.DirEntry[str]]]:
    """The entries of a folder, without a call to the file system for each; `UserError` where it cannot be listed."""
    try:
        with os.scandir(path) as entries:
            yield entries
    except OSError as error:
        raise UserError(f"'{path}' cannot be listed: {error.strerror}") from None


def folder_files(path: Path, caption_key: str | None = None) -> Found:
    """caption_key: the column of the metadata that holds captions, if they are wanted."""
    found = sorted(_listed(str(path)))
    if not found:
        raise UserError(f"'{path}' holds no pictures: their names end in {' '.join(sorted(EXTENSIONS))}")
    names, sizes = [name for name, _ in found], np.array([size for _, size in found], np.int64)
    folder = Folder(str(path), Strings(names), sizes)
    metadata = next((path / name for name in METADATA if (path / name).is_file()), None)
    captions, notes = None, list[str]()
    if metadata is not None:
        rows = list(_rows(metadata))
        captions = None if caption_key is None else _captions(rows, caption_key, names, metadata.name)
        labels, notes = metadata_labels(rows, metadata.name)
        if labels:
            return _labelled(Found(folder, notes=notes, captions=captions), names, labels, metadata.name)
    elif caption_key is not None:
        raise UserError(f"'{path}' has no {' or '.join(METADATA)} with captions: leave out --caption-key")
    tops = [name.split("/", 1)[0] if "/" in name else "" for name in names]
    if "" in tops or len(set(tops)) < 2:
        if len(set(tops)) > 1:
            notes.append("no classes: some pictures lie beside the folders, not in one")
        return Found(folder, notes=notes, captions=captions)
    y, class_names = classes_of(tops)
    return Found(folder, y, class_names, notes, captions)


def _labelled(found: Found, names: Sequence[str], labels: Mapping[str, str], where: str) -> Found:
    rows = np.array([k for k, name in enumerate(names) if name in labels], np.int64)
    if len(rows) == 0:
        raise UserError(f"none of the {len(names)} pictures has a row in {where}: its file_name column must give their paths")
    y, class_names = classes_of([labels[names[k]] for k in rows.tolist()])
    notes = list(found.notes)
    if len(rows) < len(names):
        notes.append(f"{len(names) - len(rows)} pictures without a class in {where} are left out")
    if len(rows) < len(labels):
        notes.append(f"{len(labels) - len(rows)} rows of {where} name pictures that are not there")
    return replace(found.keep(rows), y=y, class_names=class_names, notes=notes)


def _captions(rows: Sequence[Mapping[str, Any]], key: str, names: Sequence[str], where: str) -> list[str]:
    """The caption of each file; of one that has none, nothing."""
    known = {str(row["file_name"]): str(row[key]) for row in rows if row.get(key)}
    if not known:
        columns = sorted({column for row in rows for column in row} - {"file_name"})
        raise UserError(f"{where} has no captions in '{key}': pass as --caption-key one of {', '.join(columns) or 'none'}")
    return [known.get(name, "") for name in names]


def _listed(root: str, below: str = "", seen: frozenset[tuple[int, int]] = frozenset()) -> Iterator[tuple[str, int]]:
    """(relative name with slashes, size in bytes) of every picture file; hidden files and other kinds are left out."""
    status = os.stat(os.path.join(root, below))
    here = (status.st_dev, status.st_ino)
    if here in seen:  # a link to a folder above
        return
    with listed(os.path.join(root, below)) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__MACOSX")):
                continue
            if entry.is_dir():
                yield from _listed(root, f"{below}{entry.name}/", seen | {here})
            elif os.path.splitext(entry.name)[1].lower() in EXTENSIONS:
                # a link to nowhere has no size: it stays in the list, to be counted as bad
                yield below + entry.name, entry.stat().st_size if entry.is_file() else 0


def metadata_labels(rows: Sequence[Mapping[str, Any]], where: str) -> tuple[dict[str, str], list[str]]:
    """-> file name -> class, empty if no column is one; and notes.

    The class is the column called label, class or category; else the only column of whole numbers or short words that
    has between 2 and 100 different values, at least ten times each on average.
    """
    columns = {column: None for row in rows for column in row if column != "file_name"}
    column = next((c for wanted in LABELS for c in columns if c.lower() == wanted), None)
    if column is None:
        candidates = [c for c in columns if _looks_like_classes([row.get(c) for row in rows])]
        if len(candidates) != 1:
            more = f": {', '.join(candidates)} could each be; call one 'label'" if candidates else ""
            return {}, [f"{where} has no column of classes{more}"]
        column = candidates[0]
    labels = {str(row["file_name"]): str(row[column]) for row in rows if row.get(column) not in (None, "")}
    return labels, [f"classes from column '{column}' of {where}"]


def _looks_like_classes(values: Sequence[Any]) -> bool:
    whole = all(isinstance(v, int) or (isinstance(v, str) and 0 < len(v) <= 40) for v in values)
    return whole and 2 <= len(set(values)) <= min(100, len(values) // 10)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.DictReader(file) if path.suffix == ".csv" else _json_lines(path, file)
            for number, row in enumerate(lines, 1):
                if not isinstance(row, dict) or "file_name" not in row:
                    raise UserError(f"'{path}', row {number}: there is no file_name")
                yield row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"'{path}' cannot be read: {error}") from None


def _json_lines(path: Path, file: Iterator[str]) -> Iterator[Any]:
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise UserError(f"'{path}', line {number} is not JSON: {error.msg}") from None
