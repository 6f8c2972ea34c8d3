"""The run folder: what was trained, with what, how it went, and the weights.

settings.json        recipe, every option, data with fingerprint, seed, versions
log.jsonl            a line an event: terms, scores, pictures, notes
checkpoints/         NNNNNNN.safetensors, the last few; best.safetensors, final.safetensors
pictures/            real.png, and samples from the same latents through time
moments/             NNNNNNN.safetensors, of data on a line or in the plane: the game at every look, as it draws
events.out.tfevents* the same log for TensorBoard
report.html          made by `rivals report`
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from rivals import files
from rivals.errors import UserError
from rivals.log import Event, Follower

Which = str | int  # 'best', 'final', 'latest', or a round


def typed(text: str) -> Which:
    """A checkpoint as it is typed: a name, or a round.

    >>> typed("best"), typed("1500")
    ('best', 1500)
    """
    return int(text) if text.isdigit() else text


SAME = ("recipe", "options", "data", "seed", "batch", "average", "score", "precision")  # what a resumed run must agree on


class Trains(NamedTuple):
    process: int
    host: str


class Run:
    """A run folder, to read or to continue."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        if not (self.path / "settings.json").is_file():
            raise UserError(f"{self.path} is no run folder: it has no settings.json (train one with: rivals train RECIPE)")

    @classmethod
    def open(cls, path: Path, settings: dict[str, Any]) -> Run:
        """Begin a run here, or find the one that these very settings began."""
        settings = json.loads(json.dumps(settings))  # as they will be read back
        if (path / "settings.json").is_file():
            run = cls(path)
            different = differences(run.settings, settings)
            if different:
                raise UserError(
                    f"{path} holds another run: {'; '.join(different)}. "
                    "Pass --into ANOTHER_FOLDER, or the same settings to resume"
                )
            return run
        if path.exists() and (not path.is_dir() or any(not file.name.startswith(".") for file in path.iterdir())):
            raise UserError(f"{path} exists and is no run folder: pass --into ANOTHER_FOLDER")
        path.mkdir(parents=True, exist_ok=True)
        files.replace(path / "settings.json", json.dumps(settings, indent=1).encode())
        return cls(path)

    def extend(self, settings: Mapping[str, Any]) -> None:
        """Take over what a resumed run may change: for how long it trains, and when it is looked at."""
        old, new = self.settings, {name: settings[name] for name in ("budget", "watch")}
        if old != old | new:
            files.replace(self.path / "settings.json", json.dumps(old | new, indent=1).encode())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time trains into a folder. What a killed one left half written is cleared away."""
        with (self.path / ".lock").open("a") as lock:
            if not _taken(lock):
                raise UserError(f"{self.path} is being trained by another process: wait, or pass --into elsewhere")
            lock.truncate(0)
            print(os.getpid(), socket.gethostname(), os.getcwd(), file=lock, flush=True)
            for name in ("checkpoints", "pictures"):
                (self.path / name).mkdir(exist_ok=True)
            for left in [
                *self.path.glob(".*.json.*"),
                *self.path.glob("checkpoints/.*"),
                *self.path.glob("moments/.*"),
                *self.path.glob("checkpoints/*.part"),
            ]:
                left.unlink()
            yield

    def trained_by(self) -> Trains | None:
        """Who trains into this folder now."""
        try:
            with (self.path / ".lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # free: whoever it names is gone
        except BlockingIOError:
            process, host, _ = self._lock_says()
            return Trains(int(process) if process.isdigit() else 0, host)
        except OSError:  # nobody ever did; or it cannot be told here
            return None
        return None

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        from rivals.report.brief import brief  # late, for it draws
        from rivals.report.watch import Watch

        watch = Watch(self.path, self.path.name)
        watch.refresh()
        return brief(watch)

    @property
    def begun_in(self) -> Path | None:
        """The folder from which it was trained last: relative paths among its settings begin there."""
        folder = Path(self._lock_says()[2])
        return folder if folder.is_absolute() and folder.is_dir() else None

    def _lock_says(self) -> tuple[str, str, str]:
        """Process, host and folder of who trains, or trained, into this folder, as far as it is told."""
        try:
            process, host, folder, *_ = [*(self.path / ".lock").read_text().strip().split(" ", 2), "", "", ""]
        except OSError:
            return "", "", ""
        return process, host, folder

    @property
    def settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = json.loads((self.path / "settings.json").read_text())
        return settings

    def log(self) -> list[Event]:
        """The events so far. A last line torn by a kill is left out."""
        return Follower(self.path / "log.jsonl").new()[0]

    def note(self, event: dict[str, Any]) -> None:
        """Append an event to the log."""
        with (self.path / "log.jsonl").open("a") as file:
            file.write(json.dumps(event) + "\n")

    def rewind(self, round: int) -> None:
        """Forget the events after this round: they will happen again."""
        kept = [json.dumps(event) + "\n" for event in self.log() if event["round"] <= round]
        files.replace(self.path / "log.jsonl", "".join(kept).encode())

    def scores(self) -> list[dict[str, Any]]:
        return [event for event in self.log() if event["kind"] == "score"]

    def save(self, tree: dict[str, Any], *, keep: int) -> Path:
        """Save a checkpoint under its round, and delete all but the last `keep` up to it."""
        from rivals import checkpoint  # late, for it brings torch

        file = self.file(tree["round"])
        checkpoint.write(file, tree)
        for old in [other for other in self.numbered() if other <= file][:-keep]:
            old.unlink()
        return file

    def remember(self, tree: dict[str, Any]) -> None:
        """Keep what draws, as it is in this round."""
        from rivals import checkpoint  # late, for it brings torch

        file = self.moment(tree["round"])
        file.parent.mkdir(exist_ok=True)
        checkpoint.write(file, tree)

    def moment(self, round: int) -> Path:
        return self.path / "moments" / f"{round:07d}.safetensors"

    def moments(self) -> list[int]:
        """The rounds of which there is one."""
        return sorted(int(file.stem) for file in self.path.glob("moments/*.safetensors") if file.stem.isdigit())

    def name(self, file: Path, name: str) -> None:
        """Keep a copy of a checkpoint as 'best' or 'final'. A copy, so that damage to one spares the other."""
        beside = self.file(name).with_suffix(".part")
        shutil.copyfile(file, beside)
        os.replace(beside, self.file(name))

    def file(self, which: Which) -> Path:
        return self.path / "checkpoints" / (f"{which:07d}.safetensors" if isinstance(which, int) else f"{which}.safetensors")

    def numbered(self) -> list[Path]:
        """The checkpoints that are kept by round, oldest first."""
        return sorted(file for file in (self.path / "checkpoints").glob("*.safetensors") if file.stem.isdigit())

    def checkpoint(self, which: Which = "latest") -> tuple[dict[str, Any] | None, list[str]]:
        """A checkpoint's tree, and what had to be said on the way: where the file is damaged, the newest other that is whole
        is taken. None: there is none at all."""
        from rivals import checkpoint

        wanted = [] if which == "latest" else [self.file(which)]
        if wanted and not wanted[0].exists():
            there = ", ".join(sorted(file.stem for file in (self.path / "checkpoints").glob("*.safetensors")))
            raise UserError(f"{self.path} has no checkpoint '{which}'; there are: {there or 'none yet'}")
        said: list[str] = []
        for file in [*wanted, *self.numbered()[::-1]]:
            try:
                return checkpoint.read(file), said
            except checkpoint.Damaged as damage:
                said.append(f"{damage}; taking the one before")
        return max(self.named(), key=lambda tree: tree["round"], default=None), said

    def named(self) -> Iterator[dict[str, Any]]:
        """The trees of best and final, as far as they are there and whole: the last resort."""
        from rivals import checkpoint

        for name in ("best", "final"):
            with suppress(UserError):
                yield checkpoint.read(self.file(name))


def _taken(lock: IO[str]) -> bool:
    """Whether the lock is ours now. It is tried a few times: who asks whether a run is being trained holds it for a moment."""
    for pause in (0.05, 0.2, 0.0):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause)
        else:
            return True
    return False


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What of two runs' settings is not the same, as 'name: old -> new'."""
    found = []
    for key in SAME:
        if key == "precision" and new.get(key) == "auto":
            continue  # the run keeps what was found faster when it began
        a, b = old.get(key), new.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += [f"{n}: {a.get(n)} -> {b.get(n)}" for n in sorted({*a, *b}) if a.get(n) != b.get(n)]
        elif a != b:
            found.append(f"{key}: {a} -> {b}")
    return found
