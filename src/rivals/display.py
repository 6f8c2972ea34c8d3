"""What a person sees of a training: a live line on a terminal, plain lines in a log file; and TensorBoard events."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from rivals import notebook

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

SHORT = 3  # letters of a player's name that a line shows whole
PLAIN_EVERY = 10.0  # seconds between the plain lines of a training that is not watched


class Display:
    """The progress of one training, in a notebook as a picture of the run. A process that is not the first shows nothing."""

    def __init__(self, folder: Path, *, visible: bool, round: int):
        self.folder, self.visible, self.round = folder, visible, round
        self.notebook = notebook.Live(folder) if visible and notebook.shell() else None
        quiet = not visible or self.notebook is not None
        self.console = Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
        self.live = self.console.is_terminal and not quiet
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"), console=self.console
        )
        self.task = self.bar.add_task("", total=1.0, text="")
        self.score_text, self.printed = "", 0.0
        self.events: SummaryWriter | None = None

    def __enter__(self) -> Self:
        if self.visible:
            from torch.utils.tensorboard import SummaryWriter

            self.events = SummaryWriter(str(self.folder), purge_step=self.round)
        if self.live:
            self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.live:
            self.bar.stop()
        if self.notebook is not None:
            self.notebook.update(at_once=True)
        if self.events is not None:
            self.events.close()

    def say(self, text: str) -> None:
        self.console.print(text)

    def show(self, event: dict[str, Any], progress: float) -> None:
        """An event of the log (`rivals.run`), as it happens."""
        if self.events is not None:
            for name, value in scalars(event):
                self.events.add_scalar(name, value, event["round"])
        if self.notebook is not None:
            self.notebook.update()
        if event["kind"] == "note":
            self.say(event["text"])
        elif event["kind"] == "finding":
            self.say(f"since round {event['since']:,}: {event['sees']} {event['tries']}")
        elif event["kind"] == "score":
            name, value = next(iter(event["scores"].items()))
            self.score_text = f" · {name} {value:.4g}{' (best)' if event['best'] else ''}"
        elif event["kind"] == "terms":
            text = f"{event['speed']:,.0f} images/s · {losses(event)}{self.score_text}"
            left = clock(event["seconds"] * (1 - progress) / progress) if progress > 0.001 else "?"
            if self.live:
                self.bar.update(self.task, completed=progress, description=f"round {event['round']:,}")
                self.bar.update(self.task, text=f"{text} · {left} left")
            elif time.monotonic() - self.printed >= PLAIN_EVERY or progress >= 1:
                self.printed = time.monotonic()
                self.console.print(f"round {event['round']:>7,} · {text} · {left} left")


def scalars(event: dict[str, Any]) -> list[tuple[str, float]]:
    """What an event adds to the curves: 'discriminator/penalty', 'score/frechet', ..."""
    if event["kind"] == "score":
        return [(f"score/{name}", value) for name, value in event["scores"].items()]
    if event["kind"] == "signs":
        return [(f"signs/{name}", value) for name, value in event["signs"].items()]
    if event["kind"] == "terms":
        named = [(f"{player}/{n}", v) for player, terms in event["terms"].items() for n, v in terms.items()]
        norms = [(f"gradient norm/{player}", norm) for player, norm in event["gradients"].items()]
        skips = [(f"skipped/{player}", share) for player, share in event.get("skipped", {}).items()]
        gauges = [(f"gauge/{name}", value) for name, value in event["gauges"].items()]
        machine = [("speed/images per second", event["speed"]), ("memory/MB", event["memory"])]
        return [*named, *norms, *skips, *gauges, *machine]
    return []


def losses(event: dict[str, Any]) -> str:
    """'D 1.21 (30% skipped) · G 0.83': each player's initial, or its short name, and the sum of its terms."""
    skipped = {player: f" ({share:.0%} skipped)" for player, share in event.get("skipped", {}).items()}
    sums = {
        player: f"{player if len(player) <= SHORT else player[0].upper()} {sum(terms.values()):.3g}"
        for player, terms in event["terms"].items()
    }
    return " · ".join(text + skipped.get(player, "") for player, text in sums.items())


def clock(seconds: float) -> str:
    """
    >>> clock(3725)
    '1:02:05'
    >>> clock(65)
    '1:05'
    """
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
