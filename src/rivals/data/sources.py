"""`load`: a name or a path -> a data set, with every option applied. docs/data.md tells what each form means."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rivals.data.arrays import Table, formed, idx_files, idx_table, numpy_table
from rivals.data.core import Dataset
from rivals.data.files import Found, Strings, decode_all, judge_bad
from rivals.data.folder import folder_files, split_folder
from rivals.data.images import FITS, Bytes, Form, Survey
from rivals.data.memory import Memory
from rivals.data.names import NAMES, PUBLISHED, digits, published
from rivals.data.pasted import PASTED, pasted, photographs
from rivals.data.shards import shard_files, shard_paths
from rivals.data.sounds import holds_sounds, sounds
from rivals.data.stacked import STACKED, stacked
from rivals.data.stream import Stream
from rivals.data.toys import TOYS, toy
from rivals.data.words import told, vocabulary
from rivals.errors import NoTestPart, UserError, pick, unknown

MEMORY = 1 << 30  # decoded bytes that a set in memory may have
LOOK = 1000  # headers read to choose a shape
DEFAULT = 64  # side of the pictures where the files leave the choice open
KEEP = 128  # pictures that all have one size stay as they are up to this side


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of `load`, checked."""

    size: int | tuple[int, int] | None = None
    channels: int | None = None
    fit: str = "crop"
    only: str | int | None = None
    split: str = "train"
    max_bad: float = 0.001
    workers: int = 0
    stream: bool | None = None
    image_key: str | None = None
    caption_key: str | None = None
    attributes: str | None = None
    native: bool = False

    def __post_init__(self) -> None:
        sides = (self.size,) if isinstance(self.size, int) else self.size or ()
        if any(side < 1 for side in sides):
            raise UserError(f"size {self.size}: choose sides of at least 1 pixel")
        if self.channels not in (None, 1, 3):
            raise UserError(f"channels {self.channels}: choose 1 (grey) or 3 (colour)")
        if self.fit not in FITS:
            raise unknown("fit", self.fit, FITS)
        if self.split not in ("train", "test"):
            raise unknown("split", self.split, ("train", "test"))
        if not 0 <= self.max_bad <= 1:
            raise UserError(f"max_bad {self.max_bad}: choose a share of the files from 0 to 1")

    @property
    def threads(self) -> int:
        return self.workers or min(8, os.cpu_count() or 1)


@dataclass(frozen=True)
class Loaded:
    """A data set and how it came about."""

    data: Dataset
    kind: str
    survey: Survey | None = None  # of the picture files, where there are any


def load(
    source: str | Path,
    *,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    fit: str = "crop",
    only: str | int | None = None,
    split: str = "train",
    max_bad: float = 0.001,
    workers: int = 0,
    stream: bool | None = None,
    image_key: str | None = None,
    caption_key: str | None = None,
    attributes: str | None = None,
    native: bool = False,
) -> Dataset:
    """A data set.

    `source`: a name (`digits`, `fashion-mnist`, `mnist`, `mnist-10k`, `cifar10`, `svhn`, `ring`, `grid`, `gaussian`,
    `stacked-mnist`, `stacked-mnist-10k`, `stacked-digits`, `mnist-m`, `mnist-m-10k`, `punks`),
    or the path of a folder of pictures or of WAV files, a `.npz` or `.npy` file, a folder of IDX files, WebDataset `.tar`
    shards (one, a folder of them, or a pattern: `data/{0000..0099}.tar`, `data/*.tar`).

    - `size`: side of the pictures in pixels, or (height, width). None: as they are, or chosen and told in `notes`.
    - `channels`: 1 (grey) or 3 (colour). None: what most of the pictures have.
    - `fit`: how a picture of another shape comes to `size`: `crop` (its middle), `pad` (with black), `stretch`.
    - `only`: keep one class, by its name or number.
    - `split`: `train` or `test`; `test` raises `UserError` where the data has no test part.
    - `max_bad`: share of the picture files that may be unreadable and are skipped; more raise `UserError`.
    - `workers`: threads that decode; 0: one a processor, at most 8.
    - `stream`: True: decode rows when asked for; False: hold all in memory. None: memory up to 1 GiB of decoded
      pictures.
    - `image_key`: which picture of a shard's sample, where it has several: `google.png` of `KEY.google.png`.
    - `caption_key`: where captions stand whose words become attributes: a column of the folder's metadata, an ending in shards
      (`txt`) or a field of their JSON.
    - `attributes`: of yes/no attributes keep these, by name with commas between; `cap/bandana` is any of the two.
    - `native`: picture files at the one size that all have, however large; unlike sizes raise `UserError`.

    >>> load("digits").facts
    Facts(shape=(1, 8, 8), count=1797, classes=10, attributes=0, bounded=True, beside=None, paired=False)
    """
    options = Options(
        size=size, channels=channels, fit=fit, only=only, split=split, max_bad=max_bad, workers=workers, stream=stream,
        image_key=image_key, caption_key=caption_key, attributes=attributes, native=native,
    )  # fmt: skip
    return resolve(source, options).data


def test_part(source: str | Path, **options: Any) -> Dataset | None:
    """The rows that nobody trains on, where the data has such a part. `options`: those of `load`."""
    try:
        return load(source, **options, split="test")
    except NoTestPart:
        return None


def alike(source: str, data: Dataset, *, split: str = "train", image_key: str | None = None) -> Dataset:
    """Another data set, as pictures of this one's size. Colour is never thrown away in silence."""
    wanted, found = data.facts.shape, load(source, split=split, image_key=image_key)
    there = found.facts.shape
    if wanted == there:
        return found
    if len(wanted) == 1 or len(there) == 1:
        kinds = ["pictures" if len(shape) == 3 else f"vectors of {shape[0]}" for shape in (wanted, there)]
        raise UserError(f"'{data.name}' has {kinds[0]}, --target {source} has {kinds[1]}: choose domains of one shape")
    if there[0] > wanted[0]:
        raise UserError(f"--target {source} has {there[0]} channels, '{data.name}' {wanted[0]}: pass --channels {there[0]}")
    return load(source, size=(wanted[1], wanted[2]), channels=wanted[0], split=split, image_key=image_key)


def resolve(source: str | Path, options: Options) -> Loaded:
    """`load`, with the survey that `describe` needs."""
    name = str(source)
    if name in NAMES and isinstance(source, str):
        return Loaded(_in_memory(name, _named(name, options.split), options), "named set")
    shards = shard_paths(name)
    if shards:
        if options.split == "test":
            raise NoTestPart(f"the shards '{name}' have no test part: give the path of the test shards, without split")
        return _from_files(name, shard_files(shards, options.image_key, options.caption_key), "WebDataset shards", options)
    path = Path(source).expanduser()
    if not path.exists():
        if isinstance(source, str) and len(path.parts) == 1 and not path.suffix:
            raise unknown("data set or folder", name, NAMES)
        raise UserError(f"there is no file or folder '{name}'")
    if path.is_file():
        if path.suffix not in (".npz", ".npy"):
            raise UserError(f"'{name}' is a file of an unknown kind: give a folder of pictures, a .npz, a .npy or a .tar")
        return Loaded(_in_memory(name, numpy_table(path, options.split), options), "array file")
    if idx_files(path, "train") or idx_files(path, "test"):
        class_names = PUBLISHED[path.name].class_names if path.name in PUBLISHED else ()
        return Loaded(_in_memory(name, idx_table(path, options.split, class_names), options), "IDX files")
    if holds_sounds(path):
        return Loaded(_in_memory(name, sounds(path, options.split), options), "folder of sounds")
    _no_shards(name, options)
    found = folder_files(split_folder(path, options.split), options.caption_key)
    learnt = found
    if found.captions is not None and options.split == "test":  # told by the words that were learnt
        learnt = folder_files(split_folder(path, "train"), options.caption_key)
    return _from_files(name, found, "folder of pictures", options, learnt)


def _named(name: str, split: str) -> Table:
    if name in STACKED:
        return stacked(_named(STACKED[name], split), split)
    if name in PASTED:
        return pasted(_named(PASTED[name], split), split, photographs())
    if name in TOYS:
        return toy(name, split)
    return digits(split) if name == "digits" else published(name, split)


def _in_memory(name: str, table: Table, options: Options) -> Memory:
    _no_shards(name, options)
    if options.caption_key is not None:
        raise UserError(f"'{name}' has no captions: leave out --caption-key")
    if options.stream:
        raise UserError(f"'{name}' comes as one array and is held in memory: leave out stream")
    table = table if options.only is None else _only(name, table, options.only)
    if options.attributes is not None:
        if table.a is None:
            raise _no_attributes(name)
        has, names = _having(table.a, table.attribute_names, options.attributes)
        table = replace(table, a=has, attribute_names=names)
    x, notes = table.x, list(table.notes)
    if x.ndim == 4:
        channels = options.channels or (1 if x.shape[1] < 3 else 3)
        given = x.shape[2], x.shape[3]
        size = _pair(options.size) or given
        if size != given:
            notes.append(f"pictures resized to {_by(size)} (they are {_by(given)})")
        x = formed(x, Form(size, channels, options.fit))
    elif options.size is not None or options.channels is not None:
        raise UserError(f"size and channels are for pictures: the rows of '{name}' are vectors")
    # a copy where the array is a read-only view of a file's bytes, which torch cannot hold
    rows = torch.from_numpy(x if x.flags.writeable else x.copy())
    y, a = (None if part is None else torch.from_numpy(part) for part in (table.y, table.a))
    return Memory(rows, y, name=name, class_names=table.class_names, a=a, attribute_names=table.attribute_names, notes=notes)


def _no_shards(name: str, options: Options) -> None:
    if options.image_key is not None:
        raise UserError(f"'{name}' is not made of shards: leave out --image-key")


def _only(name: str, table: Table, only: str | int) -> Table:
    wanted = class_number(name, table.class_names, only)
    kept = table.y == wanted
    x, a = table.x[kept], None if table.a is None else table.a[kept]
    notes = [*table.notes, _only_note(table.class_names[wanted], len(x), len(table.x))]
    return Table(x, notes=notes, a=a, attribute_names=table.attribute_names)


def _having(a: Bytes, known: Sequence[str], asked: str) -> tuple[Bytes, list[str]]:
    """The attributes that are to be kept, and what they are called."""
    names = [each.strip() for each in asked.split(",")]
    if len({*names}) < len(names):
        raise UserError(f"--attributes {asked}: each once")
    numbers = {each: k for k, each in enumerate(known)}
    columns = [
        [pick("attribute", numbers, any_of) for any_of in ([each] if each in numbers else each.split("/"))] for each in names
    ]
    return np.stack([a[:, each].max(1) for each in columns], 1), names


def _no_attributes(name: str) -> UserError:
    return UserError(f"'{name}' has no attributes: leave out --attributes")


def _from_files(name: str, found: Found, kind: str, options: Options, learnt: Found | None = None) -> Loaded:
    """learnt: the training part, whose words captions are told by; None: it is this one."""
    if options.attributes is not None and found.captions is None:
        raise _no_attributes(name)
    notes = list(found.notes)
    kept, class_names = found, found.class_names
    if options.only is not None:
        wanted = class_number(name, found.class_names, options.only)
        assert found.y is not None  # there are class names
        rows = np.flatnonzero(found.y == wanted)
        notes.append(_only_note(found.class_names[wanted], len(rows), len(found.files)))
        kept, class_names = replace(found.keep(rows), y=None), ()
    files, y = kept.files, kept.y
    a, attribute_names = None, list[str]()
    if kept.captions is not None:
        attribute_names = vocabulary((learnt or found).captions or (), f"'{name}'")
        a = told(kept.captions, attribute_names)
        if options.attributes is not None:
            a, attribute_names = _having(a, attribute_names, options.attributes)
        notes.append(f"captions from '{options.caption_key}': {len(attribute_names):,} words are attributes")
    survey = files.look(LOOK)
    if not survey.good:
        judge_bad(survey.bad, len(survey.bad), 0)
    form = choose_form(survey, options, notes)
    stream = len(files) * form.bytes > MEMORY if options.stream is None else options.stream
    if stream:
        labels, has = (None if part is None else torch.from_numpy(part) for part in (y, a))
        data: Dataset = Stream(
            files,
            form,
            labels,
            a=has,
            attribute_names=attribute_names,
            name=name,
            class_names=class_names,
            notes=notes + survey.notes(),
            max_bad=options.max_bad,
            workers=options.threads,
        )
        return Loaded(data, kind, survey)
    pictures, numbers, survey = decode_all(files, form, options.threads)
    judge_bad(survey.bad, len(files), options.max_bad)
    notes += survey.notes() + [f"skipped {bad}: {reason}" for bad, reason in survey.bad]
    labels, has = (None if part is None else torch.from_numpy(part[numbers]) for part in (y, a))
    held = Memory(
        torch.from_numpy(pictures),
        labels,
        a=has,
        attribute_names=attribute_names,
        name=name,
        class_names=class_names,
        notes=notes,
        row_names=Strings(files.names[k] for k in numbers.tolist()),
        skipped=[bad for bad, _ in survey.bad],
    )
    return Loaded(held, kind, survey)


def choose_form(survey: Survey, options: Options, notes: list[str]) -> Form:
    """Chooses what the options leave open from the pictures looked at, and notes a choice that changes pictures."""
    size = _pair(options.size)
    if size is None:
        sizes = survey.sizes()
        common, count = sizes.most_common(1)[0]
        if options.native and count < survey.good:
            found = ", ".join(_by(each) for each, _ in sizes.most_common(3))
            raise UserError(f"the pictures have {len(sizes)} sizes ({found} ...): pass --size to bring them to one")
        if count == survey.good and (options.native or max(common) <= KEEP):
            size = common
        else:
            middle = int(np.median([min(s) for s in sizes.elements()]))
            side = min(DEFAULT, 1 << max(middle.bit_length() - 1, 3))  # the power of two below the median
            size = (side, side)
            found = f"all are {_by(common)}" if count == survey.good else f"{len(sizes)} sizes, most often {_by(common)}"
            notes.append(f"pictures resized to {_by(size)} ({found}): choose another with --size")
    else:
        others = survey.good - survey.sizes()[size]
        if others:
            notes.append(f"pictures resized to {_by(size)} ({others} of {survey.good} looked at have another size)")
    grey = sum(n for t, n in survey.traits.items() if t.grey)
    channels = options.channels or (1 if 2 * grey > survey.good else 3)
    return Form(size, channels, options.fit)


def class_number(name: str, class_names: Sequence[str], only: str | int) -> int:
    """The number of a class given by its name, in any case, or by its number."""
    if not class_names:
        raise UserError(f"'{name}' has no classes: leave out --only")
    lowered = [class_name.lower() for class_name in class_names]
    text = str(only).lower()
    if text in lowered:  # names first: a class may be called 3 and be number 2
        return lowered.index(text)
    if text.isdigit() and int(text) < len(class_names):
        return int(text)
    raise unknown("class", str(only), class_names)


def _only_note(class_name: str, count: int, total: int) -> str:
    return f"only class '{class_name}': {count} of {total} rows"


def _pair(size: int | tuple[int, int] | None) -> tuple[int, int] | None:
    return (size, size) if isinstance(size, int) else size


def _by(size: tuple[int, int]) -> str:
    return f"{size[1]}x{size[0]}"
