"""Stopping well: Ctrl-C and SIGTERM become a wish that a loop asks for."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Interrupted(Exception):
    """Training was asked to stop, and did, with everything saved."""

    def __init__(self, number: int):
        self.number = number
        super().__init__(f"stopped by {signal.Signals(number).name}")


@contextmanager
def wishes() -> Iterator[Callable[[], int]]:
    """Ask after each round: 0, or the number of the signal that came. A second signal stops at once."""
    wished = 0

    def wish(number: int, _frame: object) -> None:
        nonlocal wished
        wished = number
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, wish) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: wished
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
