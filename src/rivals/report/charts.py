"""The numbers of a story, drawn as SVG."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Sequence
from itertools import count
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from rivals.log import number, part, round_of
from rivals.report.story import Point, Row, Score, Story
from rivals.report.words import say, spell

Values = NDArray[np.float64]
COLOURS = 6  # --c0 ... --c5 of the template; further curves repeat them with other dashes


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


# Colours are written as stand-ins and become variables of the page, so that one drawing serves light and dark.
_NAMES = [f"c{i}" for i in range(COLOURS)] + ["muted", "line", "card"]
_STAND_INS = {name: f"#0a0b{i:02x}" for i, name in enumerate(_NAMES)}
_DASHES = ("-", "--", ":", "-.")
_numbers = count()  # of drawings, to keep the ids of a page apart


def charts_of(story: Story) -> list[Chart]:
    rows = story.terms
    charts = [c for score in story.scores for c in draw(spell(score.name), [score_curve(score)])]
    for player in dict.fromkeys(name for row in rows for name in part(row, "terms")):
        charts += draw(f"Losses of the {player}", _curves(rows, "terms", player))
    for gauge in _curves(rows, "gauges"):  # each in a chart of its own: their scales have nothing in common
        charts += draw(f"Gauge: {gauge.label}", [gauge])
    charts += draw("Gradient norms", _curves(rows, "gradients"))
    charts += draw("Share of turns skipped", _curves(rows, "skipped"))
    charts += draw("Vital signs", _curves(story.signs, "signs"))
    charts += draw("Speed", [curve_of(rows, 0, "speed")], unit="images/s", zero=True)
    charts += draw("Memory", [curve_of(rows, 0, "memory")], unit="MB", zero=True)
    return charts


def _curves(rows: Sequence[Row], *path: str) -> list[Curve]:
    """A curve for every name under a path of keys."""
    names = dict.fromkeys(name for row in rows for name in _down(row, path))
    return [curve_of(rows, slot, *path, name) for slot, name in enumerate(names)]


def curve_of(rows: Sequence[Row], slot: int, *path: str) -> Curve:
    """What the rows that have the last key hold under it: gradients, say, are not noted in every row."""
    found = [(float(round_of(row)), inner[path[-1]]) for row in rows if path[-1] in (inner := _down(row, path[:-1]))]
    return Curve(path[-1], [x for x, _ in found], [number(y) for _, y in found], slot)


def _down(row: Row, path: Iterable[str]) -> Row:
    for key in path:
        row = part(row, key)
    return row


def score_curve(score: Score, label: str = "", slot: int = 0, *, minutes: bool = False) -> Curve:
    def x(point: Point) -> float:
        return point.seconds / 60 if minutes else float(point.round)

    points = [p for p in score.points if math.isfinite(x(p))]
    best = (x(score.best), score.best.value) if score.best and math.isfinite(x(score.best)) else None
    return Curve(label or spell(score.name), [x(p) for p in points], [p.value for p in points], slot, best)


def draw(title: str, curves: Iterable[Curve], *, unit: str = "", x: str = "round", zero: bool = False) -> list[Chart]:
    """One chart, or none where no curve holds a finite value."""
    curves = [c for c in curves if c.y]
    drawn = [c for c in curves if c.missing < len(c.y)]
    if not drawn:
        return []
    says = []
    for c in drawn:
        ends = [v for v in c.y if math.isfinite(v)]
        best = f", best {say(c.best[1])} at {x} {say(c.best[0])}" if c.best else ""
        says.append(f"{c.label} from {say(ends[0])} to {say(ends[-1])}{best}")
    unit = ", ".join(filter(None, [unit, "log scale" if _logarithmic(*_limits(drawn, zero)) else ""]))
    return [Chart(title, unit, _svg(drawn, x, zero), curves, f"{title} by {x}: {'; '.join(says)}.")]


def _svg(curves: Sequence[Curve], x_label: str, zero: bool) -> str:
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "rivals", "font.size": 9}):
        figure = Figure(figsize=(4, 2.5))
        axes = figure.add_axes((0.125, 0.155, 0.855, 0.815))
        _style(axes, curves, zero)
        for curve in curves:
            _line(axes, curve)
        axes.set_xlabel(x_label, color=_STAND_INS["muted"], labelpad=2)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True)
    return _for_page(text.getvalue())


def _style(axes: Axes, curves: Sequence[Curve], zero: bool) -> None:
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


def _tick(value: float, _: int | None = None) -> str:
    """An axis label: short.

    >>> _tick(12500), _tick(2e6), _tick(0.25), _tick(-40.0)
    ('12.5k', '2M', '0.25', '-40')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def _logarithmic(low: float, high: float) -> bool:
    return low > 0 and high / low > 10


def _limits(curves: Sequence[Curve], zero: bool) -> tuple[float, float]:
    """What must be seen: long curves may leave the frame with one value in a hundred, so a spike hides nothing else."""
    seen: list[float] = [0.0] if zero else []
    for curve in curves:
        y = np.asarray(curve.y, dtype=float)
        seen += list(np.nanpercentile(y, [1, 99]) if len(y) > 50 else (np.nanmin(y), np.nanmax(y)))
        level = smooth(y)
        seen += [float(np.nanmin(level)), float(np.nanmax(level))]
    return min(seen), max(seen)


def _line(axes: Axes, curve: Curve) -> None:
    colour, dash = _STAND_INS[f"c{curve.slot % COLOURS}"], _DASHES[curve.slot // COLOURS % len(_DASHES)]
    x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
    few = len(y) <= 50
    if not few:
        axes.plot(*thin(x, y), color=colour, linewidth=0.6, alpha=0.35)
    marker = "o" if few else ""
    axes.plot(*thin(x, smooth(y)), dash, color=colour, linewidth=1.6, marker=marker, markersize=2.6)
    if curve.best:
        axes.plot(*curve.best, "o", markersize=8, color=colour, markerfacecolor=_STAND_INS["card"], markeredgewidth=2)


def smooth(y: Values) -> Values:
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
