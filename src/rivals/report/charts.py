"""The numbers of a story, drawn as SVG."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Literal, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from rivals.log import number, part, round_of
from rivals.report.story import Point, Row, Score, Story
from rivals.report.words import Along, say, spell

Values = NDArray[np.float64]
Colours = Mapping[str, str]  # c0 ... c5 of curves, muted, line, card
LIGHT = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#1a1c20", "#e69f00")  # --c0 ... --c5 of colours.css
DARK = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00")
MACHINE = {"Speed": "images/s", "Memory": "MB"}
COLOURS = len(LIGHT)  # further curves repeat them with other dashes


class Curve(NamedTuple):
    label: str
    x: Sequence[float]
    y: Sequence[float]  # may hold nan: a gap
    slot: int = 0  # which colour
    best: tuple[float, float] | None = None

    @property
    def missing(self) -> int:
        return sum(not math.isfinite(v) for v in self.y)


class Group(NamedTuple):
    """Curves of one chart."""

    title: str
    curves: Sequence[Curve]
    unit: str = ""
    x: Along = "round"
    zero: bool = False  # whether 0 is to be seen

    @property
    def machine(self) -> bool:
        """Whether it is of the machine, and not of the game."""
        return self.title in MACHINE


class Chart(NamedTuple):
    title: str
    unit: str  # and whether the scale is logarithmic
    svg: str
    curves: Sequence[Curve]
    alt: str


# Colours are written as stand-ins and become variables of the page, so that one drawing serves light and dark.
_NAMES = [f"c{i}" for i in range(COLOURS)] + ["muted", "line", "card"]
PAPER = dict(zip(_NAMES, (*LIGHT, "#5a606b", "#e2e0d9", "#ffffff"), strict=True))
_STAND_INS = {name: f"#0a0b{i:02x}" for i, name in enumerate(_NAMES)}
Dash = Literal["-", "--", ":", "-."]
_DASHES: Sequence[Dash] = ("-", "--", ":", "-.")
_numbers = count()  # of drawings, to keep the ids of a page apart


def charts_of(story: Story) -> list[Chart]:
    return [chart for group in groups_of(story) for chart in draw(group)]


def groups_of(story: Story, x: Along = "round") -> list[Group]:
    """Which curves stand together; those that hold nothing are left out."""
    rows = story.terms
    groups = [Group(spell(score.name), [score_curve(score, x=x)], score.direction, x) for score in story.scores]
    players = dict.fromkeys(name for row in rows for name in part(row, "terms"))
    groups += [Group(f"Losses of the {player}", _curves(rows, x, "terms", player), x=x) for player in players]
    # each in a chart of its own: their scales have nothing in common
    groups += [Group(f"Gauge: {gauge.label}", [gauge], x=x) for gauge in _curves(rows, x, "gauges")]
    groups.append(Group("Gradient norms", _curves(rows, x, "gradients"), x=x))
    groups.append(Group("Share of turns skipped", _curves(rows, x, "skipped"), x=x))
    groups.append(Group("Vital signs", _curves(story.signs, x, "signs"), x=x))
    for title, unit in MACHINE.items():
        groups.append(Group(title, [curve_of(rows, 0, title.lower(), x=x)], unit, x, zero=True))
    return [group for group in groups if any(curve.y and curve.missing < len(curve.y) for curve in group.curves)]


def together(stories: Sequence[Story], x: Along) -> list[Group]:
    """A group of curves for each score, one curve a run; and one of the speeds."""
    groups = []
    for name in dict.fromkeys(score.name for story in stories for score in story.scores):
        curves = [
            score_curve(score, story.name, slot, x=x)
            for slot, story in enumerate(stories)
            for score in story.scores
            if score.name == name
        ]
        direction = next(score.direction for story in stories for score in story.scores if score.name == name)
        groups.append(Group(spell(name), curves, direction, x))
    speeds = [curve_of(story.terms, slot, "speed", x=x)._replace(label=story.name) for slot, story in enumerate(stories)]
    groups.append(Group("Speed", speeds, "images/s", x, zero=True))
    return [group for group in groups if any(curve.missing < len(curve.y) for curve in group.curves)]


def _curves(rows: Sequence[Row], x: Along, *path: str) -> list[Curve]:
    """A curve for every name under a path of keys."""
    names = dict.fromkeys(name for row in rows for name in _down(row, path))
    return [curve_of(rows, slot, *path, name, x=x) for slot, name in enumerate(names)]


def curve_of(rows: Sequence[Row], slot: int, *path: str, x: Along = "round") -> Curve:
    """What the rows that have the last key hold under it: gradients, say, are not noted in every row."""
    found = [(place(row, x), inner[path[-1]]) for row in rows if path[-1] in (inner := _down(row, path[:-1]))]
    found = [(at, y) for at, y in found if math.isfinite(at)]
    return Curve(path[-1], [at for at, _ in found], [number(y) for _, y in found], slot)


def place(row: Row, x: Along) -> float:
    if x == "round":
        return float(round_of(row))
    return number(row.get("images")) if x == "image" else number(row.get("seconds")) / 60


def _down(row: Row, path: Iterable[str]) -> Row:
    for key in path:
        row = part(row, key)
    return row


def score_curve(score: Score, label: str = "", slot: int = 0, *, x: Along = "round") -> Curve:
    def at(point: Point) -> float:
        return {"round": float(point.round), "image": point.images, "minute": point.seconds / 60}[x]

    points = [p for p in score.points if math.isfinite(at(p))]
    best = (at(score.best), score.best.value) if score.best and math.isfinite(at(score.best)) else None
    return Curve(label or spell(score.name), [at(p) for p in points], [p.value for p in points], slot, best)


def draw(group: Group) -> list[Chart]:
    """One chart, or none where no curve holds a finite value."""
    title, _, unit, x, zero = group
    curves = [c for c in group.curves if c.y]
    drawn = [c for c in curves if c.missing < len(c.y)]
    if not drawn:
        return []
    says = []
    for c in drawn:
        ends = [v for v in c.y if math.isfinite(v)]
        best = f", best {say(c.best[1])} at {x} {say(c.best[0])}" if c.best else ""
        says.append(f"{c.label} from {say(ends[0])} to {say(ends[-1])}{best}")
    unit = ", ".join(filter(None, [unit, "log scale" if logarithmic(*limits(drawn, zero)) else ""]))
    svg = _for_page(saved(figure(drawn, x, zero, _STAND_INS)).decode())
    return [Chart(title, unit, svg, curves, f"{title} by {x}: {'; '.join(says)}.")]


def figure(curves: Sequence[Curve], x: Along, zero: bool, colours: Colours) -> Figure:
    """Curves with a finite value each."""
    with matplotlib.rc_context({"font.size": 9}):
        drawn = Figure(figsize=(4, 2.5))
        axes = drawn.add_axes((0.125, 0.155, 0.855, 0.815))
        _style(axes, curves, zero, colours)
        for curve in curves:
            _line(axes, curve, colours)
        axes.set_xlabel(x, color=colours["muted"], labelpad=2)
    return drawn


def saved(drawn: Figure, form: Literal["svg", "png"] = "svg") -> bytes:
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "rivals"}):
        file = io.BytesIO()
        drawn.savefig(file, format=form, transparent=form == "svg", dpi=200)
    return file.getvalue()


def on_paper(group: Group, form: Literal["svg", "png"]) -> bytes:
    """A chart by itself, with its title and legend, as a file."""
    curves = [curve for curve in group.curves if curve.missing < len(curve.y)]
    drawn = figure(curves, group.x, group.zero, PAPER)
    (axes,) = drawn.axes
    drawn.set_size_inches(5, 3.4)
    axes.set_position((0.1, 0.13, 0.87, 0.72))
    axes.set_title(", ".join(filter(None, [group.title, group.unit])), loc="left", fontsize=10, color=PAPER["c4"])
    if len(curves) > 1:
        lines = [Line2D([], [], color=PAPER[f"c{c.slot % COLOURS}"], linestyle=dash_of(c), label=c.label) for c in curves]
        axes.legend(handles=lines, frameon=False, fontsize=8)
    return saved(drawn, form)


def _style(axes: Axes, curves: Sequence[Curve], zero: bool, colours: Colours) -> None:
    low, high = limits(curves, zero)
    if logarithmic(low, high):
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
    axes.tick_params(length=0, pad=5, labelcolor=colours["muted"])
    axes.grid(axis="y", color=colours["line"], linewidth=0.7)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set(color=colours["line"], linewidth=1)


def _tick(value: float, _: int | None = None) -> str:
    """An axis label: short.

    >>> _tick(12500), _tick(2e6), _tick(0.25), _tick(-40.0)
    ('12.5k', '2M', '0.25', '-40')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def logarithmic(low: float, high: float) -> bool:
    return low > 0 and high / low > 10


def limits(curves: Sequence[Curve], zero: bool) -> tuple[float, float]:
    """What must be seen: long curves may leave the frame with one value in a hundred, so a spike hides nothing else."""
    seen: list[float] = [0.0] if zero else []
    for curve in curves:
        y = np.asarray(curve.y, dtype=float)
        seen += list(np.nanpercentile(y, [1, 99]) if len(y) > 50 else (np.nanmin(y), np.nanmax(y)))
        level = smooth(y)
        seen += [float(np.nanmin(level)), float(np.nanmax(level))]
    return min(seen), max(seen)


def dash_of(curve: Curve) -> Dash:
    return _DASHES[curve.slot // COLOURS % len(_DASHES)]


def _line(axes: Axes, curve: Curve, colours: Colours) -> None:
    colour, dash = colours[f"c{curve.slot % COLOURS}"], dash_of(curve)
    x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
    few = len(y) <= 50
    if not few:
        axes.plot(*thin(x, y), color=colour, linewidth=0.6, alpha=0.35)
    marker = "o" if few else ""
    axes.plot(*thin(x, smooth(y)), dash, color=colour, linewidth=1.6, marker=marker, markersize=2.6)
    if curve.best:
        axes.plot(*curve.best, "o", markersize=8, color=colour, markerfacecolor=colours["card"], markeredgewidth=2)


def smooth(y: Values, keep: float | None = None) -> Values:
    """A running mean. keep: the share of the mean before that each value leaves; None: so that it looks back over a fiftieth of
    the curve, and short curves stay as they are."""
    if keep is None:
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


def thin(x: Values, y: Values, most: int = 600) -> tuple[Values, Values]:
    """Of each stretch its lowest and highest value: a long log draws as it looks, in a small file."""
    if len(y) <= most:
        return x, y
    keep: list[int] = []
    for stretch in np.array_split(np.arange(len(y)), most // 2):
        finite = stretch[np.isfinite(y[stretch])]
        extremes = {int(finite[y[finite].argmin()]), int(finite[y[finite].argmax()])} if len(finite) else {int(stretch[0])}
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
