"""Many picture files, asked for by number, in a folder or inside tar shards. Memory: a few dozen bytes a file."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rivals.data.images import Bytes, Form, Survey, Traits, Unreadable, decode, traits
from rivals.errors import UserError

HEAD = 1 << 18  # bytes that surely hold a picture's header, with a camera's EXIF
PART = 32  # files that a thread decodes before it looks whether the user has had enough


class Strings(Sequence[str]):
    """Strings in one block of memory: a million file names are not a million objects.

    >>> list(Strings(["a.png", "été.png"]))
    ['a.png', 'été.png']
    """

    def __init__(self, strings: Iterable[str]) -> None:
        block, ends = bytearray(), array("q", [0])
        for string in strings:
            block += string.encode(errors="surrogateescape")
            ends.append(len(block))
        self._block, self._ends = bytes(block), ends

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, k: int) -> str:  # type: ignore[override]  # there are no slices
        if not 0 <= k < len(self):
            raise IndexError(k)
        return self._block[self._ends[k] : self._ends[k + 1]].decode(errors="surrogateescape")

    def __iter__(self) -> Iterator[str]:
        return (self[k] for k in range(len(self)))


class Files(ABC):
    """Files that can be read by number."""

    names: Strings
    sizes: NDArray[np.int64]  # of the files, in bytes

    def __len__(self) -> int:
        return len(self.names)

    @abstractmethod
    def read(self, number: int, most: int = -1) -> bytes:
        """The file's bytes, or the first `most` of them."""

    @abstractmethod
    def keep(self, numbers: NDArray[np.int64]) -> Files:
        """These files alone."""

    def fingerprint(self, *more: object) -> str:
        """SHA-256 of names, sizes and whatever else decides the rows; quick, for it reads no file."""
        digest = hashlib.sha256(repr(more).encode())
        for name in self.names:
            digest.update(name.encode(errors="surrogateescape") + b"\n")
        digest.update(self.sizes.tobytes())
        return digest.hexdigest()

    def picture(self, number: int, form: Form, survey: Survey) -> Bytes | None:
        """(C, H, W) of the file of this number; None for a bad one. What it was goes into the survey."""
        try:
            picture, was = decode(self._whole(number), form)
        except Unreadable as error:
            survey.bad.append((self.names[number], str(error)))
            return None
        survey.traits[was] += 1
        return picture

    def look(self, most: int) -> Survey:
        """The headers of at most `most` files, evenly spread."""
        survey = Survey()
        for number in spread(len(self), most).tolist():
            try:
                survey.traits[self._traits(number)] += 1
            except Unreadable as error:
                survey.bad.append((self.names[number], str(error)))
        return survey

    def _traits(self, number: int) -> Traits:
        try:
            return traits(self._whole(number, HEAD))
        except Unreadable:
            if self.sizes[number] <= HEAD:
                raise
            return traits(self._whole(number))  # a TIFF may keep its header at its end

    def _whole(self, number: int, most: int = -1) -> bytes:
        try:
            return self.read(number, most)
        except OSError as error:  # taken away since it was listed, or not ours to read
            raise Unreadable(error.strerror or str(error)) from None


@dataclass(frozen=True)
class Found:
    """Picture files and what is told of them, before any option is applied."""

    files: Files
    y: NDArray[np.int64] | None = None  # (N,) class numbers
    class_names: Sequence[str] = ()
    notes: Sequence[str] = ()
    captions: Sequence[str] | None = None  # one of each

    def keep(self, numbers: NDArray[np.int64]) -> Found:
        """These rows alone."""
        captions = None if self.captions is None else [self.captions[k] for k in numbers.tolist()]
        return replace(self, files=self.files.keep(numbers), y=None if self.y is None else self.y[numbers], captions=captions)


def decode_each(
    files: Files, numbers: NDArray[np.int64], form: Form, workers: int, take: Callable[[int, Bytes], None]
) -> Survey:
    """Decodes the files of these numbers by several threads and hands every good picture to `take`, with its number."""

    def part(few: NDArray[np.int64]) -> Survey:
        survey = Survey()
        for number in few.tolist():
            picture = files.picture(number, form, survey)
            if picture is not None:
                take(number, picture)
        return survey

    survey = Survey()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for seen in pool.map(part, (numbers[k : k + PART] for k in range(0, len(numbers), PART))):
                survey.add(seen)
        except BaseException:
            pool.shutdown(cancel_futures=True)  # Ctrl-C does not wait for the rest
            raise
    return survey


def decode_all(files: Files, form: Form, workers: int) -> tuple[Bytes, NDArray[np.int64], Survey]:
    """-> pictures (N, C, H, W) of the good files, their numbers (N,), and the survey."""
    pictures = np.empty((len(files), *form.shape), np.uint8)
    good = np.zeros(len(files), np.bool_)

    def take(number: int, picture: Bytes) -> None:
        pictures[number], good[number] = picture, True

    survey = decode_each(files, np.arange(len(files)), form, workers, take)
    return (pictures if good.all() else pictures[good]), np.flatnonzero(good), survey


def spread(count: int, most: int) -> NDArray[np.int64]:
    """At most `most` numbers below `count`, evenly spread.

    >>> spread(10, 4).tolist()
    [0, 3, 6, 9]
    """
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))


def judge_bad(bad: Sequence[tuple[str, str]], count: int, max_bad: float) -> None:
    """Raises `UserError` if more than the share `max_bad` of `count` files are bad."""
    if len(bad) > max_bad * count:
        first = "; ".join(f"{name}: {reason}" for name, reason in bad[:3])
        more = f"; and {len(bad) - 3} more" if len(bad) > 3 else ""
        raise UserError(
            f"{len(bad)} of {count} picture files cannot be read ({first}{more}): remove them, or allow a larger share "
            f"with --max-bad (now {max_bad:g})"
        )
