"""Trainings that are started, continued and stopped from a page. Each is the program of the command line, in a session of its
own: it goes on when the studio stops. What it says goes into a hidden folder beside the runs.
"""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rivals.errors import UserError
from rivals.run import Run

LINES = 12  # of what a training said that are shown
STOPS = (signal.SIGTERM, signal.SIGINT)
WELL = (None, 0, *(128 + number for number in STOPS), *(-number for number in STOPS))  # exit codes of what was asked to stop


class Jobs:
    def __init__(self, folder: Path):
        self.folder = folder
        self.started: dict[Path, subprocess.Popen[bytes]] = {}

    def train(self, words: Sequence[str], into: Path, *, begun_in: Path | None = None) -> None:
        """`rivals train ...` with these words, into this folder. begun_in: where relative paths among the words begin."""
        if into in self.started and self.started[into].poll() is None:
            raise UserError(f"{into.name} is being trained already")
        into.parent.mkdir(parents=True, exist_ok=True)
        said = self.said(into)
        said.parent.mkdir(parents=True, exist_ok=True)
        with said.open("wb") as out:
            command = [sys.executable, "-m", "rivals", "train", *words, "--into", str(into)]
            out.write(f"{shlex.join(['rivals', *command[3:]])}\n".encode())
            out.flush()
            self.started[into] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=begun_in,
                env=os.environ | {"COLUMNS": "100"},
            )

    def stop(self, path: Path) -> None:
        """Ask the process that trains into this folder to save and stop."""
        trains = Run(path).trained_by()
        if trains is None:
            raise UserError(f"nothing is training into {path.name}")
        if trains.host != socket.gethostname() or not trains.process:
            raise UserError(f"{path.name} is being trained on {trains.host or 'another machine'}: stop it there")
        os.kill(trains.process, signal.SIGTERM)

    def running(self, into: Path) -> bool:
        process = self.started.get(into)
        return process is not None and process.poll() is None

    def failed(self, into: Path) -> str | None:
        """What a training that was started here said last, if it ended in an error."""
        process = self.started.get(into)
        if process is None or (code := process.poll()) in WELL:
            return None
        said = self.said(into).read_text("utf-8", "replace").splitlines()[-LINES:]
        killed = [f"it was ended by {signal.Signals(-code).name}"] if code is not None and code < 0 else []
        return "\n".join([*said, *killed])

    def said(self, into: Path) -> Path:
        """Beside the runs, hidden: a run's folder has to be empty when its training begins."""
        name = into.relative_to(self.folder) if into.is_relative_to(self.folder) else Path(into.name)
        return self.folder / ".studio" / f"{'__'.join(name.parts)}.txt"
