"""A run folder, read into a `Story` of plain values.

A run may be unfinished, damaged or empty: what is not there is left out.
"""

from __future__ import annotations

import dataclasses
import math
import shlex
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rivals.errors import UserError
from rivals.log import number, part, round_of
from rivals.report.images import Picture, picture_of
from rivals.report.words import NOTHING, say
from rivals.run import Run

if TYPE_CHECKING:
    from rivals.report.judged import Judged

Row = dict[str, Any]
MOST_PICTURES = 40  # of one run
LISTED = 12  # of a list that is a setting
DEFAULT = "default"  # of an option that was left as its recipe, or the network's source, had it
MOST_BYTES = 20_000_000  # of all pictures of a page, about

GROUPS = {  # where a setting stands on the page; the others under Training
    "options": "Options",
    "data": "Data",
    "facts": "Data",
    "versions": "Versions and machine",
    "machine": "Versions and machine",
    "created": "Versions and machine",
}


class Point(NamedTuple):
    round: int
    images: float
    seconds: float
    value: float


class Score(NamedTuple):
    name: str
    protocol: str
    points: Sequence[Point]  # finite ones, by round
    best: Point | None  # as the run marked it
    better: str = ""  # which way: lower, higher, near 0.5, near the floor; "": the log does not tell

    @property
    def last(self) -> Point:
        return self.points[-1]

    @property
    def best_value(self) -> float:
        return self.best.value if self.best else math.nan

    @property
    def direction(self) -> str:
        """
        >>> Score("fd", "", [], None, "lower").direction
        'lower is better'
        """
        return f"{self.better} is better" if self.better else ""


@dataclass(frozen=True, kw_only=True)
class Story:
    name: str
    anchor: str
    settings: Row
    terms: Sequence[Row]
    signs: Sequence[Row]
    scores: Sequence[Score]
    notes: Sequence[Row]
    findings: Sequence[Row]  # of the doctor
    pictures: Sequence[Picture]
    real: Picture | None
    judged: Judged | None
    rounds: int
    seconds: float
    speed: float  # images a second, the median of the log; nan where unknown

    @property
    def recipe(self) -> str:
        return str(self.settings.get("recipe") or "own game")

    @property
    def source(self) -> str:
        """What the user named as data: a name or a path."""
        return str(part(self.settings, "data").get("source") or "")

    @property
    def data(self) -> str:
        return Path(self.source).name or "unknown data"

    @property
    def score(self) -> Score | None:
        """The score that the run watches: the one with a best, else the first."""
        return next((s for s in self.scores if s.best), self.scores[0] if self.scores else None)

    @property
    def doctor(self) -> list[str]:
        """What the doctor found, each once, the first one first."""
        first: dict[str, Row] = {}
        for finding in self.findings:
            first.setdefault(str(finding.get("name", "")), finding)
        return [f"{name} since round {say(finding.get('since'))}" for name, finding in first.items()]

    @property
    def command(self) -> str:
        """What to type to train the same again; "" for a game of the user's own, which no command trains."""
        if not self.settings.get("recipe"):
            return ""
        data = {key: value for key, value in part(self.settings, "data").items() if key not in ("source", "fingerprint")}
        asked: Row = {key: self.settings[key] for key in ("seed", "precision") if key in self.settings}
        asked |= part(self.settings, "score") | part(self.settings, "watch")
        words = ["rivals", "train", str(self.settings["recipe"]), "--data", self.source]
        for key, value in (data | part(self.settings, "options") | asked | part(self.settings, "budget")).items():
            flag = "--" + key.replace("_", "-")
            if isinstance(value, bool):
                words.append(flag if value else flag.replace("--", "--no-", 1))
            elif value is not None:
                words += [flag, *map(str, value if isinstance(value, list) else [value])]
        return shlex.join(words)

    @property
    def table(self) -> dict[str, dict[str, str]]:
        """Settings as groups of (name, value): what the reader looks up, not how the file nests it."""
        groups: dict[str, dict[str, str]] = {"Options": {}, "Data": {}, "Training": {}, "Versions and machine": {}}
        for key, value in self.settings.items():
            if key in ("why", "notes", "usual"):  # told elsewhere
                continue
            title = GROUPS.get(key, "Training")
            inside = key in GROUPS and isinstance(value, dict)
            found = _leaves(value, "" if inside else key)
            groups[title] |= {name: self.nothing(title, name) if leaf is None else _leaf(name, leaf) for name, leaf in found}
        return {title: rows for title, rows in groups.items() if rows}

    def nothing(self, title: str, name: str) -> str:
        """What is told of a setting that was left open: of an option, what it stands for, where the run knows."""
        if title != "Options":
            return NOTHING
        stands = part(self.settings, "usual").get(name)
        return DEFAULT if stands is None else f"{_leaf(name, stands)} ({DEFAULT})"


def read_story(folder: Path, name: str, anchor: str, room: float = MOST_BYTES) -> Story:
    """A run as plain values; of its pictures as many as fit into so many bytes."""
    from rivals.report import judged  # late, for it brings torch

    run = Run(folder)
    log = run.log()
    return dataclasses.replace(
        told(settings_of(run), log, name, anchor),
        pictures=_pictures(folder, _by_round(log, "picture"), room),
        real=picture_of(folder, folder / "pictures" / "real.png"),
        judged=judged.read(folder),
    )


def settings_of(run: Run) -> Row:
    try:
        return dict(run.settings)
    except (OSError, ValueError, TypeError):
        raise UserError(f"{run.path}/settings.json is damaged: restore it, or train the run again") from None


def told(settings: Row, log: Iterable[Row], name: str, anchor: str = "") -> Story:
    """What settings and events say, without a picture."""
    log = [row for row in log if number(row.get("round", 0)) >= 0]
    terms = _by_round(log, "terms")
    speeds = [v for v in (number(r.get("speed")) for r in terms) if math.isfinite(v)]
    return Story(
        name=name,
        anchor=anchor,
        settings=settings,
        terms=terms,
        signs=_by_round(log, "signs"),
        scores=_scores(_by_round(log, "score")),
        notes=[r for r in log if r.get("kind") == "note"],
        findings=[r for r in log if r.get("kind") == "finding"],
        pictures=(),
        real=None,
        judged=None,
        rounds=max((round_of(r) for r in log), default=0),
        seconds=max((number(r.get("seconds"), 0.0) for r in log), default=0.0),
        speed=statistics.median(speeds) if speeds else math.nan,
    )


def _by_round(log: Iterable[Row], kind: str) -> list[Row]:
    """Rows of one kind, one a round: a resumed run may repeat rounds, and then the later row counts."""
    rows = {round_of(r): r for r in log if r.get("kind") == kind}
    return [rows[r] for r in sorted(rows)]


def _scores(rows: Sequence[Row]) -> list[Score]:
    found = []
    for name in dict.fromkeys(n for r in rows for n in part(r, "scores")):
        points, best, protocol, better = [], None, "", ""
        for row in rows:
            value = number(part(row, "scores").get(name))
            if math.isfinite(value):
                points.append(Point(round_of(row), number(row.get("images")), number(row.get("seconds")), value))
                # A row carries one flag, and it is about the score that the run watches: the first.
                if row.get("best") is True and name == next(iter(row["scores"])):
                    best = points[-1]
                protocol = str(part(row, "protocol").get(name) or protocol)
                better = str(part(row, "better").get(name) or better)
        if points:
            found.append(Score(name, protocol, points, best, better))
    return found


def _pictures(folder: Path, rows: Sequence[Row], room: float) -> list[Picture]:
    """Pictures by round, thinned evenly to what a page can carry; the first and the last always stay."""
    known = [(round_of(r), number(r.get("seconds")), folder / str(r.get("file"))) for r in rows]
    if not known:  # a damaged log
        files = sorted((folder / "pictures").glob("[0-9]*.png"))
        known = [(int(f.stem), math.nan, f) for f in files if f.stem.isdecimal()]
    known = [k for k in known if k[2].is_file()]
    if known:
        mean = sum(file.stat().st_size for _, _, file in known) / len(known)
        most = max(2, min(MOST_PICTURES, int(room / max(mean, 1))))
        known = [known[i] for i in spread(len(known), most)]
    return [p for r, seconds, file in known if (p := picture_of(folder, file, r, seconds))]


def spread(n: int, most: int) -> list[int]:
    """At most `most` of n positions, evenly, with both ends.

    >>> spread(10, 4), spread(2, 4)
    ([0, 3, 6, 9], [0, 1])
    """
    return list(range(n)) if n <= most else [round(i * (n - 1) / (most - 1)) for i in range(most)]


def _leaves(value: object, name: str) -> Iterable[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name} {key}".strip())
    else:
        yield name, value


def _leaf(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        if all(isinstance(v, int) for v in value):
            return " \N{MULTIPLICATION SIGN} ".join(map(str, value))
        more = f", and {len(value) - LISTED} more" if len(value) > LISTED else ""
        return ", ".join(map(str, value[:LISTED])) + more
    if name == "fingerprint":
        return str(value)[:12]
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)


def differing(stories: Sequence[Story]) -> dict[str, list[str]]:
    """Settings that are not the same in all: their value in each."""
    return _differing([{n: v for rows in story.table.values() for n, v in rows.items() if n != "created"} for story in stories])


def _differing(tables: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """
    >>> _differing([{"lr": "1", "seed": "0"}, {"lr": "2", "seed": "0"}, {"seed": "0"}])
    {'lr': ['1', '2', '–']}
    """
    names = dict.fromkeys(name for table in tables for name in table)
    values = {name: [table.get(name, NOTHING) for table in tables] for name in names}
    return {name: row for name, row in values.items() if len({*map(_chosen, row)}) > 1}


def _chosen(value: str) -> str:
    """A setting's value, whoever chose it; that a recipe has an option which another has not is nothing while nobody did."""
    return NOTHING if value == DEFAULT else value.removesuffix(f" ({DEFAULT})")
