"""The story of one or several runs as one HTML file that needs nothing else: no network, no other file.

Three steps, each on its own: a run folder is read into a `Story` of plain values, the numbers of a story are drawn into
`Chart`s, and the template `report.html` beside this file sets both on the page. Whatever comes from a run is escaped by
the template. A run may be unfinished, damaged or empty: what is not there is left out.
"""

from __future__ import annotations

import base64
import io
import math
import re
import shlex
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rivals.errors import UserError
from rivals.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = dict[str, Any]
Values = NDArray[np.float64]
MOST_PICTURES = 40  # of one run
MOST_BYTES = 20_000_000  # of all pictures of a page, about
NOTHING = "\N{EN DASH}"  # in the place of a number or setting that is not there
COLOURS = 6  # --c0 ... --c5 of the template; further curves repeat them with other dashes


class Picture(NamedTuple):
    round: int
    seconds: float  # nan where the log does not say
    data: str  # a data: address
    width: int
    height: int

    @property
    def pixels(self) -> bool:
        """Small pictures are enlarged with hard pixels; shrinking a large one that way would tear it."""
        return self.width <= 560


class Point(NamedTuple):
    round: int
    seconds: float
    value: float


class Score(NamedTuple):
    name: str
    protocol: str
    points: Sequence[Point]  # finite ones, by round
    best: Point | None  # as the run marked it: only the run knows whether less is better

    @property
    def last(self) -> Point:
        return self.points[-1]


class Curve(NamedTuple):
    label: str
    x: Sequence[float]
    y: Sequence[float]  # may hold nan: a gap
    slot: int = 0  # which colour
    best: tuple[float, float] | None = None

    @property
    def missing(self) -> int:
        return sum(not math.isfinite(v) for v in self.y)


class Chart(NamedTuple):
    title: str
    unit: str  # and whether the scale is logarithmic
    svg: str
    curves: Sequence[Curve]
    alt: str


@dataclass(frozen=True, kw_only=True)
class Story:
    name: str
    anchor: str
    settings: Row
    terms: Sequence[Row]
    scores: Sequence[Score]
    notes: Sequence[Row]
    pictures: Sequence[Picture]
    real: Picture | None
    rounds: int
    seconds: float
    speed: float  # images a second, the median of the log; nan where unknown

    @property
    def recipe(self) -> str:
        return str(self.settings.get("recipe") or "own game")

    @property
    def data(self) -> str:
        return Path(_source(self.settings)).name or "unknown data"

    @property
    def score(self) -> Score | None:
        """The score that the run watches: the one with a best, else the first."""
        return next((s for s in self.scores if s.best), self.scores[0] if self.scores else None)


# --- reading ---------------------------------------------------------------------------------------------------------


def _read(folder: Path, name: str, anchor: str, room: float = MOST_BYTES) -> Story:
    """A run as plain values; of its pictures as many as fit into so many bytes."""
    run = Run(folder)
    try:
        settings = dict(run.settings)
    except (ValueError, TypeError):
        raise UserError(f"{folder}/settings.json is damaged: restore it, or train the run again") from None
    log = [row for row in run.log() if isinstance(row, dict) and _number(row.get("round", 0)) >= 0]
    terms = _by_round(log, "terms")
    speeds = [v for v in (_number(r.get("speed")) for r in terms) if math.isfinite(v)]
    return Story(
        name=name,
        anchor=anchor,
        settings=settings,
        terms=terms,
        scores=_scores(_by_round(log, "score")),
        notes=[r for r in log if r.get("kind") == "note"],
        pictures=_pictures(folder, _by_round(log, "picture"), room),
        real=_picture(folder, folder / "pictures" / "real.png", 0, math.nan),
        rounds=max((_round(r) for r in log), default=0),
        seconds=max((_number(r.get("seconds"), 0.0) for r in log), default=0.0),
        speed=statistics.median(speeds) if speeds else math.nan,
    )


def _number(value: object, otherwise: float = math.nan) -> float:
    """A finite number, or what to take instead."""
    usable = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if usable else otherwise  # type: ignore[arg-type]


def _round(row: Row) -> int:
    return int(_number(row.get("round"), 0.0))


def _part(row: Mapping[str, Any], key: str) -> Row:
    value = row.get(key)
    return value if isinstance(value, dict) else {}


def _source(settings: Row) -> str:
    """What the user named as data: a name or a path."""
    data = _part(settings, "data")
    return str(data.get("source") or data.get("name") or "")


def _by_round(log: Iterable[Row], kind: str) -> list[Row]:
    """Rows of one kind, one a round: a resumed run may repeat rounds, and then the later row counts."""
    rows = {_round(r): r for r in log if r.get("kind") == kind}
    return [rows[r] for r in sorted(rows)]


def _scores(rows: Sequence[Row]) -> list[Score]:
    found = []
    for name in dict.fromkeys(n for r in rows for n in _part(r, "scores")):
        points, best, protocol = [], None, ""
        for row in rows:
            value = _number(_part(row, "scores").get(name))
            if math.isfinite(value):
                points.append(Point(_round(row), _number(row.get("seconds")), value))
                # A row carries one flag, and it is about the score that the run watches: the first.
                if row.get("best") is True and name == next(iter(row["scores"])):
                    best = points[-1]
                protocol = str(row.get("protocol") or protocol)
        if points:
            found.append(Score(name, protocol, points, best))
    return found


def _pictures(folder: Path, rows: Sequence[Row], room: float) -> list[Picture]:
    """Pictures by round, thinned evenly to what a page can carry; the first and the last always stay."""
    known = [(_round(r), _number(r.get("seconds")), folder / str(r.get("file"))) for r in rows]
    if not known:  # a damaged log
        files = sorted((folder / "pictures").glob("[0-9]*.png"))
        known = [(int(f.stem), math.nan, f) for f in files if f.stem.isdecimal()]
    known = [k for k in known if k[2].is_file()]
    if known:
        mean = sum(file.stat().st_size for _, _, file in known) / len(known)
        most = max(2, min(MOST_PICTURES, int(room / max(mean, 1))))
        known = [known[i] for i in _spread(len(known), most)]
    return [p for r, seconds, file in known if (p := _picture(folder, file, r, seconds))]


def _spread(n: int, most: int) -> list[int]:
    """At most `most` of n positions, evenly, with both ends.

    >>> _spread(10, 4), _spread(2, 4)
    ([0, 3, 6, 9], [0, 1])
    """
    return list(range(n)) if n <= most else [round(i * (n - 1) / (most - 1)) for i in range(most)]


def _picture(folder: Path, file: Path, round_: int, seconds: float) -> Picture | None:
    """A PNG of the run folder; None for anything else, for a log may name any file of the machine."""
    if not file.is_file() or not file.resolve().is_relative_to(folder.resolve()):
        return None
    data = file.read_bytes()
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or len(data) < 24:
        return None
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return Picture(round_, seconds, f"data:image/png;base64,{base64.b64encode(data).decode()}", width, height)


# --- words -----------------------------------------------------------------------------------------------------------


def _say(value: object) -> str:
    """A number as a reader wants it.

    >>> _say(12800), _say(1234.5), _say(12.3456), _say(0.00012345), _say(float("nan"))
    ('12,800', '1,234', '12.35', '0.0001234', '–')
    """
    number = _number(value)
    if not math.isfinite(number):
        return NOTHING
    return f"{number:,.0f}" if abs(number) >= 1000 or number == int(number) else f"{number:.4g}"


def _tick(value: float, _: int | None = None) -> str:
    """An axis label: short.

    >>> _tick(12500), _tick(2e6), _tick(0.25), _tick(-40.0)
    ('12.5k', '2M', '0.25', '-40')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def _time(seconds: float) -> str:
    """
    >>> _time(12.34), _time(588), _time(600), _time(7980)
    ('12.3 s', '9.8 minutes', '10 minutes', '2 h 13 min')
    """
    if not math.isfinite(seconds):
        return NOTHING
    if seconds < 90:
        return f"{seconds:.3g} s"
    if seconds < 5400:
        return f"{seconds / 60:.1f} minutes".replace(".0 ", " ")
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"


def _command(settings: Row) -> str:
    """What to type to train the same again: as the run recorded it, else put together from its settings.

    "" for a game of the user's own, which no command trains.
    """
    recorded = settings.get("command")
    if recorded:
        return shlex.join(map(str, recorded)) if isinstance(recorded, list) else str(recorded)
    if not settings.get("recipe"):
        return ""
    told = ("source", "name", "fingerprint")
    data = {key: value for key, value in _part(settings, "data").items() if key not in told}
    asked: Row = {key: settings[key] for key in ("seed", "precision") if key in settings}
    words = ["rivals", "train", str(settings["recipe"]), "--data", _source(settings)]
    for key, value in (data | _part(settings, "options") | asked | _part(settings, "budget")).items():
        flag = "--" + key.replace("_", "-")
        if isinstance(value, bool):
            words.append(flag if value else flag.replace("--", "--no-", 1))
        elif value is not None:
            words += [flag, *map(str, value if isinstance(value, list) else [value])]
    return shlex.join(words)


def _table(settings: Row) -> dict[str, dict[str, str]]:
    """Settings as groups of (name, value): what the reader looks up, not how the file nests it."""
    groups: dict[str, dict[str, str]] = {"Options": {}, "Data": {}, "Training": {}, "Versions and machine": {}}
    last = "Versions and machine"
    where = {
        "options": "Options",
        "data": "Data",
        "facts": "Data",
        "versions": last,
        "rivals": last,
        "machine": last,
        "created": last,
    }
    for key, value in settings.items():
        if key in ("command", "why", "notes"):  # told elsewhere
            continue
        group = groups[where.get(key, "Training")]
        for name, leaf in _leaves(value, "" if key in where and isinstance(value, dict) else key):
            group[name] = _leaf(leaf)
    return {title: rows for title, rows in groups.items() if rows}


def _leaves(value: object, name: str) -> Iterable[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name} {key}".strip())
    else:
        yield name or "value", value


def _leaf(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return (
            " \N{MULTIPLICATION SIGN} ".join(map(str, value))
            if all(isinstance(v, int) for v in value)
            else ", ".join(map(str, value))
        )
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else NOTHING if value is None else str(value)


def _labels(folders: Sequence[Path]) -> list[str]:
    """The folders' names, with as many parents as it takes to tell them apart."""
    full = [folder.resolve().parts for folder in folders]
    for depth in range(1, max(map(len, full)) + 1):
        labels = ["/".join(parts[-depth:]) for parts in full]
        if max(Counter(labels).values()) == 1:
            break
    return labels


# --- drawing ---------------------------------------------------------------------------------------------------------

# Colours are written as stand-ins and become variables of the page, so that one drawing serves light and dark.
_NAMES = [f"c{i}" for i in range(COLOURS)] + ["muted", "line", "card"]
_STAND_INS = {name: f"#0a0b{i:02x}" for i, name in enumerate(_NAMES)}
_DASHES = ("-", "--", ":", "-.")
_numbers = count()  # of drawings, to keep the ids of a page apart


def _chart(title: str, curves: Iterable[Curve], *, unit: str = "", x: str = "round", zero: bool = False) -> list[Chart]:
    """One chart, or none where no curve holds a finite value."""
    curves = [c for c in curves if c.y]
    drawn = [c for c in curves if c.missing < len(c.y)]
    if not drawn:
        return []
    says = []
    for c in drawn:
        ends = [v for v in c.y if math.isfinite(v)]
        best = f", best {_say(c.best[1])} at {x} {_say(c.best[0])}" if c.best else ""
        says.append(f"{c.label} from {_say(ends[0])} to {_say(ends[-1])}{best}")
    unit = ", ".join(filter(None, [unit, "log scale" if _logarithmic(*_limits(drawn, zero)) else ""]))
    return [Chart(title, unit, _svg(drawn, x, zero), curves, f"{title} by {x}: {'; '.join(says)}.")]


def _svg(curves: Sequence[Curve], x_label: str, zero: bool) -> str:
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "rivals", "font.size": 9}):
        figure = Figure(figsize=(4, 2.5))
        axes = figure.add_axes((0.125, 0.155, 0.855, 0.815))
        _style(axes, curves, zero)
        for curve in curves:
            _draw(axes, curve)
        axes.set_xlabel(x_label, color=_STAND_INS["muted"], labelpad=2)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True)
    return _for_page(text.getvalue())


def _style(axes: Axes, curves: Sequence[Curve], zero: bool) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    low, high = _limits(curves, zero)
    if _logarithmic(low, high):
        axes.set_yscale("log")
        axes.set_ylim(low / 1.15, high * 1.15)
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 300 else (1.0,)))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        pad = 0.07 * (high - low) or 0.07 * abs(high) or 1.0
        axes.set_ylim(low if zero else low - pad, high + pad)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_tick))
    axes.tick_params(length=0, pad=5, labelcolor=_STAND_INS["muted"])
    axes.grid(axis="y", color=_STAND_INS["line"], linewidth=0.7)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set(color=_STAND_INS["line"], linewidth=1)


def _logarithmic(low: float, high: float) -> bool:
    return low > 0 and high / low > 10


def _limits(curves: Sequence[Curve], zero: bool) -> tuple[float, float]:
    """What must be seen: long curves may leave the frame with one value in a hundred, so a spike hides nothing else."""
    seen: list[float] = [0.0] if zero else []
    for curve in curves:
        y = np.asarray(curve.y, dtype=float)
        seen += list(np.nanpercentile(y, [1, 99]) if len(y) > 50 else (np.nanmin(y), np.nanmax(y)))
        smooth = _smooth(y)
        seen += [float(np.nanmin(smooth)), float(np.nanmax(smooth))]
    return min(seen), max(seen)


def _draw(axes: Axes, curve: Curve) -> None:
    colour, dash = _STAND_INS[f"c{curve.slot % COLOURS}"], _DASHES[curve.slot // COLOURS % len(_DASHES)]
    x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
    few = len(y) <= 50
    if not few:
        axes.plot(*_thin(x, y), color=colour, linewidth=0.6, alpha=0.35)
    marker = "o" if few else ""
    axes.plot(*_thin(x, _smooth(y)), dash, color=colour, linewidth=1.6, marker=marker, markersize=2.6)
    if curve.best:
        axes.plot(*curve.best, "o", markersize=8, color=colour, markerfacecolor=_STAND_INS["card"], markeredgewidth=2)


def _smooth(y: Values) -> Values:
    """A running mean that looks back over a fiftieth of the curve; short curves stay as they are."""
    if len(y) <= 50:
        return y
    keep = 0.5 ** (50 / len(y))
    total = weight = 0.0
    out = np.full(len(y), math.nan)
    for i, value in enumerate(y):
        if math.isfinite(value):
            total, weight = keep * total + value, keep * weight + 1
            out[i] = total / weight
    return out


def _thin(x: Values, y: Values, most: int = 600) -> tuple[Values, Values]:
    """Of each stretch its lowest and highest value: a long log draws as it looks, in a small file."""
    if len(y) <= most:
        return x, y
    keep: list[int] = []
    for part in np.array_split(np.arange(len(y)), most // 2):
        finite = part[np.isfinite(y[part])]
        extremes = {int(finite[y[finite].argmin()]), int(finite[y[finite].argmax()])} if len(finite) else {int(part[0])}
        keep += sorted(extremes)
    return x[keep], y[keep]


def _for_page(svg: str) -> str:
    """matplotlib's file as a piece of a page: no header, fixed size or fonts, no ids that meet another drawing's."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<svg[^>]*(viewBox=\"[^\"]*\")[^>]*>", r'<svg \1 aria-hidden="true" focusable="false">', svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    prefix = f"d{next(_numbers)}-"
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}", svg.replace("xlink:href", "href"))
    for name, stand_in in _STAND_INS.items():
        svg = svg.replace(stand_in, f"var(--{name})")
    return re.sub(r"\s*\n\s*", " ", svg)


def _charts(story: Story) -> list[Chart]:
    rows = story.terms
    charts = [c for score in story.scores for c in _chart(_spell(score.name), [_score_curve(score)])]
    for player in dict.fromkeys(name for row in rows for name in _part(row, "terms")):
        charts += _chart(f"Losses of the {player}", _curves(rows, "terms", player))
    charts += _chart("Gradient norms", _curves(rows, "gradients"))
    charts += _chart("Speed", [_curve(rows, 0, "speed")], unit="images/s", zero=True)
    charts += _chart("Memory", [_curve(rows, 0, "memory")], unit="MB", zero=True)
    return charts


def _curves(rows: Sequence[Row], *path: str) -> list[Curve]:
    """A curve for every name under a path of keys."""
    names = dict.fromkeys(name for row in rows for name in _down(row, path))
    return [_curve(rows, slot, *path, name) for slot, name in enumerate(names)]


def _curve(rows: Sequence[Row], slot: int, *path: str) -> Curve:
    """What the rows that have the last key hold under it: gradients, say, are not noted in every row."""
    found = [(float(_round(row)), inner[path[-1]]) for row in rows if path[-1] in (inner := _down(row, path[:-1]))]
    return Curve(path[-1], [x for x, _ in found], [_number(y) for _, y in found], slot)


def _down(row: Row, path: Iterable[str]) -> Row:
    for key in path:
        row = _part(row, key)
    return row


def _score_curve(score: Score, label: str = "", slot: int = 0, *, minutes: bool = False) -> Curve:
    def x(point: Point) -> float:
        return point.seconds / 60 if minutes else float(point.round)

    points = [p for p in score.points if math.isfinite(x(p))]
    best = (x(score.best), score.best.value) if score.best and math.isfinite(x(score.best)) else None
    return Curve(label or _spell(score.name), [x(p) for p in points], [p.value for p in points], slot, best)


def _spell(name: str) -> str:
    return {"frechet": "Fréchet distance"}.get(name) or name[:1].upper() + name[1:].replace("_", " ")


# --- comparing -------------------------------------------------------------------------------------------------------


class Comparison(NamedTuple):
    score: str  # the score that is compared: the first run's that has one; "" where no run has
    comparable: bool  # the same protocol and the same data: else the numbers may not be set beside each other
    winners: Sequence[str]  # anchors of the runs with the best score, where that can be told
    charts: Sequence[Chart]
    differing: Mapping[str, Sequence[str]]  # setting -> its value in each run


def _compare(stories: Sequence[Story]) -> Comparison:
    name = next((s.score.name for s in stories if s.score), "")
    scores = [(slot, story, s) for slot, story in enumerate(stories) for s in story.scores if s.name == name]
    comparable = len({_measured(story, s) for _, story, s in scores}) <= 1
    charts = []
    for x in ("round", "minute") if comparable else ():
        curves = [_score_curve(s, story.name, slot, minutes=x == "minute") for slot, story, s in scores]
        charts += _chart(f"{_spell(name)} by {x}s", curves, x=x)
    speeds = [_curve(story.terms, slot, "speed")._replace(label=story.name) for slot, story in enumerate(stories)]
    charts += _chart("Speed", speeds, unit="images/s", zero=True)
    winners = _winners([(story.anchor, s) for _, story, s in scores]) if comparable else []
    return Comparison(name, comparable, winners, charts, _differing([_flat(s.settings) for s in stories]))


def _measured(story: Story, score: Score) -> tuple[str, ...]:
    """How and on what a score was measured. The data's path does not count: it differs between machines."""
    options = {key: value for key, value in _part(story.settings, "data").items() if key not in ("source", "name")}
    return score.protocol, story.data, repr(sorted(options.items()))


def _winners(scores: Sequence[tuple[str, Score]]) -> list[str]:
    """Who has the best score. Which way is better shows in what the runs marked: their lowest or highest value."""
    marked = [(anchor, s, s.best.value) for anchor, s in scores if s.best]
    values = [best for _, _, best in marked]
    if len(marked) < 2:
        return []
    falls = all(best <= p.value for _, s, best in marked for p in s.points)
    rises = all(best >= p.value for _, s, best in marked for p in s.points)
    if falls == rises:
        return []
    winning = min(values) if falls else max(values)
    return [anchor for anchor, _, best in marked if best == winning]


def _flat(settings: Row) -> dict[str, str]:
    return {name: value for rows in _table(settings).values() for name, value in rows.items() if name != "created"}


def _differing(tables: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """
    >>> _differing([{"lr": "1", "seed": "0"}, {"lr": "2", "seed": "0"}, {"seed": "0"}])
    {'lr': ['1', '2', '–']}
    """
    names = dict.fromkeys(name for table in tables for name in table)
    values = {name: [table.get(name, NOTHING) for table in tables] for name in names}
    return {name: row for name, row in values.items() if len(set(row)) > 1}


# --- the page --------------------------------------------------------------------------------------------------------


def write_report(runs: Sequence[Path], out: Path | None = None) -> Path:
    """Write the report of these run folders and return its path.

    Without `out`, it is `report.html` in the folder of a single run, or in the current folder for several.
    Raises `UserError` where a folder holds no run, or one whose settings are damaged.
    """
    if not runs:
        raise UserError("name at least one run folder")
    folders = [Path(run) for run in runs]
    out = out or (folders[0] if len(folders) == 1 else Path()) / "report.html"
    named = enumerate(zip(folders, _labels(folders), strict=True), 1)
    stories = [_read(folder, label, f"run-{i}", MOST_BYTES / len(folders)) for i, (folder, label) in named]
    page = _page(stories)
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(out.name + ".new")
    beside.write_text(page, "utf-8")
    beside.replace(out)
    return out


def _page(stories: Sequence[Story]) -> str:
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"say": _say, "time": _time, "spell": _spell, "table": _table, "command": _command}
    environment.filters |= {"charts": _charts, "round_of": _round}
    template = environment.from_string(resources.files("rivals").joinpath("report.html").read_text("utf-8"))
    return template.render(stories=stories, comparison=_compare(stories) if len(stories) > 1 else None)
