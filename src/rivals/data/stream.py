"""A data set too large for memory: rows are decoded when asked for, by threads (Pillow leaves Python's lock)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch import Tensor

from rivals.data.core import Batch, Dataset, Facts
from rivals.data.files import Files, judge_bad
from rivals.data.images import Bytes, Form, Survey
from rivals.data.memory import deliver, fingerprint_of
from rivals.errors import UserError

log = logging.getLogger(__name__)


class Rows(NamedTuple):
    x: Tensor  # (B, C, H, W) uint8
    y: Tensor | None  # (B,) int64
    a: Tensor | None  # (B, A) uint8

    def on(self, device: torch.device) -> Batch:
        return deliver(self.x, self.y, device, self.a)


class Stream(Dataset):
    """Rows decoded from files on demand; nothing decoded is kept.

    The place of a bad file is taken by the next good one, so that row numbers keep their meaning; it is logged once,
    and more than the share `max_bad` of bad files raise `UserError`.
    """

    def __init__(
        self,
        files: Files,
        form: Form,
        y: Tensor | None = None,
        *,
        name: str,
        class_names: Sequence[str] = (),
        a: Tensor | None = None,
        attribute_names: Sequence[str] = (),
        notes: Sequence[str] = (),
        max_bad: float = 0.001,
        workers: int = 1,
    ) -> None:
        self.files, self.form, self.y, self.a = files, form, y, a
        self.name, self.notes, self.workers, self.max_bad = name, tuple(notes), workers, max_bad
        self.row_names = files.names
        self.class_names = tuple(class_names) if y is not None else ()
        self.attribute_names = tuple(attribute_names) if a is not None else ()
        self.facts = Facts(
            shape=form.shape, count=len(files), classes=len(self.class_names), attributes=len(self.attribute_names)
        )
        attributes = () if a is None else (fingerprint_of(a),)  # data without any keeps the print that it has had
        self.fingerprint = files.fingerprint(form, None if y is None else fingerprint_of(y), *attributes)
        self._bad: dict[str, str] = {}
        self._lock = threading.Lock()

    def rows(self, numbers: Tensor, device: torch.device) -> Batch:
        with ThreadPoolExecutor(self.workers) as pool:
            return self.begin(numbers, pool)().on(device)

    def begin(self, numbers: Tensor, pool: ThreadPoolExecutor) -> Callable[[], Rows]:
        """Sets the pool to work on these rows; the function returned waits for them."""
        x = torch.empty((len(numbers), *self.form.shape), dtype=torch.uint8)
        out, used = x.numpy(), numbers.numpy().copy()

        def fill(places: range) -> None:
            for place in places:
                used[place], out[place] = self._good(int(used[place]))

        step = max(1, -(-len(numbers) // (4 * self.workers)))  # a few parts a thread, so that none waits long for another
        parts = [pool.submit(fill, range(k, min(k + step, len(numbers)))) for k in range(0, len(numbers), step)]

        def finish() -> Rows:
            for part in parts:
                part.result()
            rows = torch.from_numpy(used)
            return Rows(x, *(None if part is None else part[rows] for part in (self.y, self.a)))

        return finish

    def _good(self, number: int) -> tuple[int, Bytes]:
        """The row of this number, or of the next good file: its number and picture."""
        for k in range(len(self)):
            survey = Survey()
            at = (number + k) % len(self)
            picture = self.files.picture(at, self.form, survey)
            if picture is not None:
                return at, picture
            self._blame(*survey.bad[0])
        raise UserError(f"'{self.name}' has no picture that can be read")

    def _blame(self, name: str, reason: str) -> None:
        with self._lock:
            if name not in self._bad:
                log.warning("skipped %s: %s", name, reason)
            self._bad[name] = reason
            judge_bad(list(self._bad.items()), len(self), self.max_bad)
