"""The runs of a folder at a glance, read as they grow: of a log only what was added since the last look. Nothing needs torch.

A run that is damaged, deleted or replaced while it is shown is left out, or told so; it never stops the page.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import Any, Literal

from rivals.errors import UserError
from rivals.log import Event, Follower, number, part, round_of
from rivals.report.story import settings_of
from rivals.run import Run, Trains

DEPTH = 4  # folders below the shelf's in which runs are looked for
READ = ("settings.json", "log.jsonl", "checkpoints", "moments", "pictures")  # of a run
State = Literal["training", "finished", "stopped"]


def runs_in(folder: Path) -> Iterator[Path]:
    """Run folders below this one, or itself; links are not followed, for they may lead anywhere."""
    for place, folders, names in os.walk(folder):
        here = Path(place)
        if "settings.json" in names:
            yield here
            folders.clear()
        deep = len(here.relative_to(folder).parts) >= DEPTH
        folders[:] = [] if deep else sorted(name for name in folders if not name.startswith("."))


@dataclass
class Glance:
    """One run as the table of runs has it."""

    name: str  # its path in the folder
    path: Path
    settings: Mapping[str, Any]
    follower: Follower
    scores: list[Event] = field(default_factory=list)
    findings: list[Event] = field(default_factory=list)
    last: Event = field(default_factory=dict)  # the newest event of any kind
    trained_by: Trains | None = None
    written: tuple[int, int] = (0, 0)  # when the settings were, and which file
    ended: bool = False  # there is a final checkpoint

    def refresh(self) -> None:
        told = (self.path / "settings.json").stat()
        if (written := (told.st_mtime_ns, told.st_ino)) != self.written:  # it is to train longer, or is another run
            self.settings, self.written = settings_of(Run(self.path)), written
        events, anew = self.follower.new()
        if anew:
            self.scores, self.findings, self.last = [], [], {}
        self.scores += [event for event in events if event["kind"] == "score"]
        self.findings += [event for event in events if event["kind"] == "finding"]
        self.last = self.follower.last or self.last
        self.trained_by = Run(self.path).trained_by()
        self.ended = (self.path / "checkpoints" / "final.safetensors").is_file()

    @property
    def recipe(self) -> str:
        return str(self.settings.get("recipe") or "own game")

    @property
    def data(self) -> str:
        return Path(str(part(self.settings, "data").get("source") or "")).name

    @property
    def pictures(self) -> bool:
        """Whether it is of pictures, and not of points."""
        shape = part(self.settings, "facts").get("shape")
        return isinstance(shape, list) and len(shape) == 3

    @property
    def drawn_last(self) -> int | None:
        """The round of its newest samples; None: there are none."""
        return max((int(file.stem) for file in self.path.glob("pictures/[0-9]*.png") if file.stem.isdecimal()), default=None)

    @property
    def round(self) -> int:
        return round_of(self.last)

    @property
    def seconds(self) -> float:
        return number(self.last.get("seconds"), 0.0)

    @property
    def progress(self) -> float:
        """The share of its budget that it has used."""
        budget = part(self.settings, "budget")
        rounds, minutes = number(budget.get("rounds")), number(budget.get("minutes"))
        shares = [share / of for share, of in ((self.round, rounds), (self.seconds, 60 * minutes)) if of > 0]
        return 1.0 if self.ended else min([1.0, *shares]) if shares else 0.0

    @property
    def state(self) -> State:
        return "training" if self.trained_by is not None else "finished" if self.ended else "stopped"

    @property
    def score(self) -> str:
        """The name of the score that decides which checkpoint is best."""
        return next((name for event in self.scores for name in part(event, "scores")), "")

    @property
    def better(self) -> str:
        """Which values of it are: lower, higher ...; "": not told."""
        return next((str(part(event, "better").get(self.score) or "") for event in self.scores), "")

    @property
    def values(self) -> list[float]:
        return [number(part(event, "scores").get(self.score)) for event in self.scores]

    @property
    def best(self) -> float:
        """As the run marked it: only the run knows whether less is better."""
        marked = [value for value, event in zip(self.values, self.scores, strict=True) if event.get("best") is True]
        return marked[-1] if marked else math.nan

    @property
    def final(self) -> float:
        return self.values[-1] if self.values else math.nan

    @property
    def speed(self) -> float:
        """Images a second, over all."""
        images = number(self.last.get("images"))
        return images / self.seconds if self.seconds else math.nan

    @property
    def words(self) -> list[str]:
        """The doctor's, the first one first: it is often the cause of the others."""
        return list(dict.fromkeys(str(finding.get("name", "")) for finding in self.findings))


class Shelf:
    """The runs of a folder, by name."""

    def __init__(self, folder: Path):
        if not folder.is_dir():
            raise UserError(f"there is no folder {folder}: name one that holds runs, or train one with: rivals train auto")
        self.folder = folder.resolve()
        self.known: dict[str, Glance] = {}

    def refresh(self) -> list[Glance]:
        """All runs as they are now, the newest first."""
        found = {}
        for path in runs_in(self.folder):
            name = path.relative_to(self.folder).as_posix()
            glance = self.known.get(name) or (_glance(name, path) if within(self.folder, path) else None)
            if glance is not None:
                found[name] = glance
        for name, glance in list(found.items()):
            try:
                glance.refresh()
            except (OSError, UserError):  # deleted meanwhile
                del found[name]
        self.known = found
        return sorted(found.values(), key=lambda glance: str(glance.settings.get("created", "")), reverse=True)

    def glance(self, name: str) -> Glance | None:
        """One run as it is now."""
        path = self.path(name)
        glance = self.known.get(name) or _glance(name, path)
        if glance is not None:
            self.known[name] = glance
            glance.refresh()
        return glance

    def unused(self, name: str) -> str:
        """A name for a run beside this one.

        >>> Shelf(Path()).unused("no/such-run")
        'no/such-run'
        """
        tries = chain([name], (f"{name}-{k}" for k in count(2)))
        return next(tried for tried in tries if not (self.folder / tried).exists())

    def path(self, name: str) -> Path:
        """The folder of a run. Whatever does not lie in the shelf's folder is refused, also where a link leads out of it."""
        try:
            path = (self.folder / name).resolve()
            known = (path / "settings.json").is_file() and within(self.folder, path)
        except (OSError, ValueError):  # no path at all
            known = False
        if not known:
            raise UserError(f"there is no run '{name}' here: it was deleted, or never was")
        return path


def within(folder: Path, run: Path) -> bool:
    """Whether all that is read of a run lies in the folder: a link may lead anywhere."""
    parts = [run, *(run / name for name in READ), *run.glob("*/*.safetensors")]
    return all(part.resolve().is_relative_to(folder) for part in parts)


def _glance(name: str, path: Path) -> Glance | None:
    try:
        settings = settings_of(Run(path))
    except (OSError, UserError):
        return None
    return Glance(name, path, settings, Follower(path / "log.jsonl", kinds=("score", "finding")))
