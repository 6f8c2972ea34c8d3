"""The trials of a study, side by side: a process a core. Each is kept as soon as it has ended, so that a study that was stopped
goes on where it was.

What is kept lies in the user's cache folder under a hash of all that decides a trial: the function, what it is given, the
sources of rivals, the versions of torch and Python, and where the data is. Another line of code, and nothing of before is
taken. The files are pickles; rivals reads none but its own.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import TypeVar

import torch

import rivals
from rivals import files

T = TypeVar("T")
R = TypeVar("R")
DAYS = 7  # that a trial is kept of a study which nobody went on with


class Kept:
    """The results of trials on disk, until the study that they are of is done."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.files: list[Path] = []  # of this study
        self.taken = 0.0  # seconds of one core that the trials took which were found here

    def file(self, function: Callable[[T], R], x: T) -> Path:
        decides = (sources(), torch.__version__, platform.python_version(), os.environ.get("RIVALS_DATA"))
        whole = pickle.dumps((decides, function.__module__, function.__qualname__, x))
        return self.folder / hashlib.sha256(whole).hexdigest()[:32]

    def read(self, function: Callable[[T], R], x: T) -> Sequence[R]:
        """Its result, if there is one."""
        try:
            seconds, result = pickle.loads(self.file(function, x).read_bytes())
        except FileNotFoundError:
            return ()
        self.files.append(self.file(function, x))
        self.taken += seconds
        return (result,)

    def write(self, function: Callable[[T], R], x: T, seconds: float, result: R) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.files.append(self.file(function, x))
        files.replace(self.files[-1], pickle.dumps((seconds, result)))

    def forget(self) -> None:
        """This study's, and what nobody went on with."""
        old = [file for file in self.folder.glob("*") if time.time() - file.stat().st_mtime > DAYS * 86400]
        for file in self.files + old:
            file.unlink(missing_ok=True)
        self.files.clear()


@cache
def sources() -> str:
    """A hash of all sources of rivals."""
    root = Path(rivals.__file__).parent
    whole = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        whole.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes() + b"\0")
    return whole.hexdigest()


def side_by_side(
    function: Callable[[T], R], each: Sequence[T], store: Kept | None = None, tell: Callable[[str], None] = print
) -> list[R]:
    """function(x) for all x, in a process a core, with one thread each: small networks cannot use more. store: where what an
    earlier run had done is found, and what this one does is kept; None: nowhere."""
    found: dict[int, R] = {}
    if store is not None:
        found = {i: value for i, x in enumerate(each) for value in store.read(function, x)}
        if found:
            tell(f"{len(found)} of {len(each)} trials are at hand from a run that was stopped")
    left = {i: x for i, x in enumerate(each) if i not in found}
    started, marks = time.perf_counter(), {round(len(left) * tenth / 10) for tenth in range(1, 10)}
    for done, (i, seconds, result) in enumerate(ended(function, left), 1):
        found[i] = result
        if store is not None:
            store.write(function, each[i], seconds, result)
        if done in marks:
            minutes = (time.perf_counter() - started) / 60
            to_go = minutes / done * (len(left) - done)
            tell(f"{done} of {len(left)} trials in {minutes:.1f} minutes, about {to_go:.1f} to go")
    return [found[i] for i in range(len(each))]


def ended(function: Callable[[T], R], each: Mapping[int, T]) -> Iterator[tuple[int, float, R]]:
    """Number, seconds and result of each trial as it ends."""
    workers = min(len(each), os.cpu_count() or 1)
    if workers < 2:
        for i, x in each.items():
            yield i, *timed(function, x)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), ready, (os.getpid(),)) as pool:
        numbers = {pool.submit(timed, function, x): i for i, x in each.items()}
        try:
            for future in as_completed(numbers):
                yield numbers[future], *future.result()
        except BaseException:  # one failed, or Ctrl-C: what has not begun does not begin
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def timed(function: Callable[[T], R], x: T) -> tuple[float, R]:
    started = time.perf_counter()
    result = function(x)
    return time.perf_counter() - started, result


def ready(parent: int) -> None:
    """A worker: one thread, and it ends when its parent has, even when that one was killed and could not tell."""
    torch.set_num_threads(1)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
