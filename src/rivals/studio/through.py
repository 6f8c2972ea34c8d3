"""A slider through time, with a button that plays: over pictures of a run that may still be training."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from rivals.studio.frame import Slider

STEP = 0.25  # seconds between pictures that are played


class Through:
    """show: told the round that is to be seen. asked: which one at first, None: the newest."""

    def __init__(
        self,
        label: str,
        show: Callable[[int], Awaitable[None] | None],
        *,
        asked: int | None = None,
    ):
        self.show, self.asked = show, asked
        self.rounds: Sequence[int] = ()
        self.at = self.last = -1  # which of them is shown, and the newest; -1: none yet
        with ui.element("div").classes("time") as self.row:
            self.plays = ui.button(icon="play_arrow", on_click=self.play).props('round unelevated aria-label="Play"')
            self.slider = Slider(label, self.seek, most=1, step=1, value=0)
            self.says = ui.label().classes("muted small")
        self.clock = ui.timer(STEP, self.step, active=False)

    async def put(self, rounds: Sequence[int]) -> None:
        """There may be more than before. Who stands at the newest goes with it."""
        newest = self.at in (-1, self.last) and self.asked is None
        before = self.rounds[self.at] if 0 <= self.at < len(self.rounds) else self.asked
        self.rounds, self.last = rounds, len(rounds) - 1
        for part in (self.slider, self.plays):
            part.set_visibility(self.last > 0)
        if self.last < 0:
            return
        at = self.last if newest else nearest(rounds, before)
        moved, self.asked = newest or self.at < 0, None
        self.slider.put(at, max(1, self.last))
        if moved:
            await self.seek(at)
        else:
            self.at = at

    async def seek(self, at: float) -> None:
        self.at = max(0, min(int(at), len(self.rounds) - 1))
        self.says.set_text(f"round {self.rounds[self.at]:,}" if self.rounds else "")
        if self.rounds and (waits := self.show(self.rounds[self.at])) is not None:
            await waits

    @property
    def chosen(self) -> dict[str, int]:
        """As an address has it: the round, or nothing for the newest."""
        return {"round": self.rounds[self.at]} if 0 <= self.at < self.last else {}

    def play(self) -> None:
        self.clock.active = not self.clock.active
        if self.clock.active and self.at >= self.last:
            self.at = -1
        self.plays.props(f"icon={'pause' if self.clock.active else 'play_arrow'}")

    async def step(self) -> None:
        if self.at >= self.last:
            self.play()
            return
        self.slider.put(self.at + 1)
        await self.seek(self.at + 1)


def nearest(rounds: Sequence[int], wanted: int | None) -> int:
    """Which of them it is, or the last one before it.

    >>> nearest([0, 10, 20], 10), nearest([0, 10, 20], 15), nearest([10, 20], 3)
    (1, 1, 0)
    """
    return max((i for i, round in enumerate(rounds) if wanted is not None and round <= wanted), default=0)
