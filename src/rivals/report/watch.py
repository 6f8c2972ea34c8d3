"""A run that somebody looks at: all of its events, as they come."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from rivals.log import Event, Follower, round_of
from rivals.report.story import Story, settings_of, told
from rivals.run import Run

MOST = 3000  # events of a kind that are kept: of more, every second is forgotten, so that hours take no more memory


class Watch:
    """`refresh` reads what is new; `story` is what there is. Raises `UserError` where the run cannot be read."""

    def __init__(self, path: Path, name: str):
        self.run, self.name = Run(path), name
        self.settings = settings_of(self.run)
        self.follower = Follower(path / "log.jsonl")
        self.events: dict[str, list[Event]] = {}

    def refresh(self) -> bool:
        """Whether there is anything new."""
        events, anew = self.follower.new()
        if anew:
            self.events.clear()
        if anew or events:
            self.settings = settings_of(self.run)  # it may train longer than was said at first
        for event in events:
            self.events.setdefault(str(event.get("kind")), []).append(event)
        for kind in ("terms", "signs"):
            while len(kept := self.events.get(kind, [])) > MOST:
                self.events[kind] = kept[::2]
        return anew or bool(events)

    def story(self) -> Story:
        return told(self.settings, chain.from_iterable(self.events.values()), self.name)

    def pictures(self) -> list[Event]:
        """The events of samples through time, by round; those alone whose file is in the folder of pictures."""
        by_round = {round_of(event): event for event in self.events.get("picture", ())}
        return [by_round[round] for round in sorted(by_round)]
