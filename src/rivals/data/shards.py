"""WebDataset shards: `.tar` files whose members `KEY.png`, `KEY.cls`, `KEY.json` ... make up the sample KEY.

A tar's members lie in it unpacked, so once their places are written down any of them can be read by number, in any
order: no shuffle buffer, and a batch is a function of its position as everywhere else.
(https://github.com/webdataset/webdataset)
"""

from __future__ import annotations

import glob
import json
import os
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rivals.data.arrays import classes_of
from rivals.data.files import Files, Found, Strings
from rivals.data.folder import LABELS, listed
from rivals.data.images import EXTENSIONS
from rivals.errors import UserError

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_LIST = re.compile(r"\{([^{}]*,[^{}]*)\}")


class Member(NamedTuple):
    ending: str  # of its name, from the first dot: 'google.png'
    place: int  # of the first byte in the shard
    size: int


class Sample(NamedTuple):
    key: str
    pictures: Sequence[Member]
    label: str | None
    caption: str


class Shards(Files):
    """Picture members of uncompressed tar files."""

    def __init__(
        self,
        paths: Sequence[str],
        shard: NDArray[np.int32],
        places: NDArray[np.int64],
        names: Strings,
        sizes: NDArray[np.int64],
    ) -> None:
        self.paths, self.shard, self.places, self.names, self.sizes = paths, shard, places, names, sizes

    def read(self, number: int, most: int = -1) -> bytes:
        size = int(self.sizes[number])
        with open(self.paths[self.shard[number]], "rb", buffering=0) as file:
            file.seek(int(self.places[number]))
            return file.read(size if most < 0 else min(size, most))

    def keep(self, numbers: NDArray[np.int64]) -> Shards:
        names = Strings(self.names[k] for k in numbers.tolist())
        return Shards(self.paths, self.shard[numbers], self.places[numbers], names, self.sizes[numbers])


def shard_paths(source: str) -> list[str]:
    """The tar files that a path, a folder of them or a pattern means; empty if it means none.

    >>> shard_paths("no/such/folder")
    []
    """
    path = Path(source).expanduser()
    if path.is_dir():
        return _tars_in(path)
    if re.search(r"\.(tgz|tar\.\w+)$", source):
        raise UserError(f"'{source}' is packed, so its members cannot be reached one by one: unpack it to a plain .tar")
    if not source.endswith(".tar"):
        return []
    if path.exists():
        return [str(path)]
    expanded = list(braces(str(path)))
    found = [p for pattern in expanded for p in (sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern])]
    missing = [p for p in found if not os.path.isfile(p)]
    if missing or not found:
        raise UserError(f"there is no file '{missing[0] if missing else source}'")
    return found


def _tars_in(folder: Path) -> list[str]:
    found = []
    with listed(folder) as entries:
        for entry in entries:
            if os.path.splitext(entry.name)[1].lower() in EXTENSIONS:
                return []  # a folder of pictures, beside which a tar may lie
            if entry.name.endswith(".tar") and not entry.name.startswith("."):
                found.append(entry.path)
    return sorted(found)


def braces(pattern: str) -> Iterator[str]:
    """The names that a pattern with braces stands for.

    >>> list(braces("{a,b}-{08..10}.tar"))
    ['a-08.tar', 'a-09.tar', 'a-10.tar', 'b-08.tar', 'b-09.tar', 'b-10.tar']
    """
    places = [m for m in (_RANGE.search(pattern), _LIST.search(pattern)) if m]
    if not places:
        yield pattern
        return
    match = min(places, key=lambda m: m.start())
    if match.re is _RANGE:
        first, last = match.groups()
        choices = [str(k).zfill(len(first)) for k in range(int(first), int(last) + 1)]
    else:
        choices = match[1].split(",")
    for choice in choices:
        yield from braces(pattern[: match.start()] + choice + pattern[match.end() :])


def shard_files(paths: Sequence[str], image_key: str | None, caption_key: str | None = None) -> Found:
    """One pass over the headers. caption_key: the ending of the members, or the field of their JSON, that are captions."""
    names: list[str] = []
    table: list[tuple[int, int, int]] = []  # shard, place, size
    labels: list[str | None] = []
    captions: list[str] = []
    without = 0
    for number, path in enumerate(paths):
        for sample in _samples(path, caption_key):
            picture = _chosen(sample.pictures, image_key, sample.key)
            if picture is None:
                without += 1
                continue
            names.append(f"{os.path.basename(path)}/{sample.key}.{picture.ending}")
            table.append((number, picture.place, picture.size))
            labels.append(sample.label)
            captions.append(sample.caption)
    if not table:
        wanted = f"'{image_key}'" if image_key else "picture"
        raise UserError(f"'{paths[0]}' has no {wanted} member" + (", nor have the other shards" if paths[1:] else ""))
    columns = np.array(table, np.int64)
    files = Shards(paths, columns[:, 0].astype(np.int32), columns[:, 1].copy(), Strings(names), columns[:, 2].copy())
    notes = [f"{without} samples without such a picture are left out"] if without else []
    if caption_key is not None and not any(captions):
        raise UserError(f"'{paths[0]}' has no captions in '{caption_key}': pass as --caption-key the ending of theirs, as txt")
    found = Found(files, notes=notes, captions=None if caption_key is None else captions)
    known = [label for label in labels if label is not None]
    if len(known) < len(labels) or len(set(known)) < 2:
        if known and len(known) < len(labels):
            notes.append(f"no classes: {len(labels) - len(known)} of {len(labels)} samples have none")
        return found
    y, class_names = classes_of(known)
    return replace(found, y=y, class_names=class_names)


def _samples(path: str, caption_key: str | None) -> Iterator[Sample]:
    """Those of a shard; members of one key stand together."""
    try:
        with tarfile.open(path, "r:") as tar:
            key: str | None = None
            label: str | None = None
            caption = ""
            pictures: list[Member] = []
            for info in tar:
                tar.members = []  # type: ignore[attr-defined]  # tarfile would remember every header
                folder, _, base = info.name.removeprefix("./").rpartition("/")
                stem, dot, ending = base.partition(".")
                if not info.isreg() or not stem or not dot:
                    continue
                here = f"{folder}/{stem}" if folder else stem
                if here != key:
                    if key is not None:
                        yield Sample(key, pictures, label, caption)
                    key, pictures, label, caption = here, [], None, ""
                if os.path.splitext(base)[1].lower() in EXTENSIONS:
                    pictures.append(Member(ending, info.offset_data, info.size))
                elif ending in ("cls", "json", caption_key) and (content := tar.extractfile(info)):
                    text = content.read().decode(errors="replace").strip()
                    label = _label(text, ending) or label
                    caption = _caption(text, ending, caption_key) or caption
            if key is not None:
                yield Sample(key, pictures, label, caption)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise UserError(f"'{path}' cannot be read as a tar file: {error}") from None


def _label(text: str, ending: str) -> str | None:
    if ending == "cls":
        return text or None
    fields = _fields(text) if ending == "json" else {}
    found = next((fields[k] for k in LABELS if k in fields), None)
    return str(found) if isinstance(found, int | str) and found != "" else None


def _caption(text: str, ending: str, key: str | None) -> str:
    if ending == key:
        return text
    found = _fields(text).get(key) if key is not None and ending == "json" else None
    return found if isinstance(found, str) else ""


def _fields(text: str) -> Mapping[str | None, Any]:
    """Those of a JSON object; of anything else none."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _chosen(members: Sequence[Member], image_key: str | None, key: str) -> Member | None:
    if image_key is not None:
        return next((m for m in members if m.ending == image_key), None)
    if len(members) > 1:
        endings = ", ".join(sorted(m.ending for m in members))
        raise UserError(f"sample '{key}' has {len(members)} pictures ({endings}): choose one with --image-key")
    return members[0] if members else None
