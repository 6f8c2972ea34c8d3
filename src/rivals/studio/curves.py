"""Groups of curves as ECharts draws them, live; and their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rivals.log import Event, number, round_of
from rivals.report.charts import COLOURS, DARK, LIGHT, Curve, Group, limits, logarithmic, place, smooth, thin
from rivals.report.words import ALONG, Along
from rivals.studio.tables import as_csv

DASHES = ("solid", "dashed", "dotted")
SHORT = {":formatter": "v => Math.abs(v) >= 1e4 ? v.toExponential(0) : +v.toPrecision(3)"}  # labels of the values
FEW = 50  # points of a curve that is not smoothed: each is shown
POINTS = 400  # that are drawn of a curve


def options(group: Group, *, dark: bool, smoothing: float = 0.0, findings: Sequence[Event] = ()) -> dict[str, Any]:
    """What ECharts is given. smoothing: in [0, 1), of the running mean that stands before the values. findings: of the doctor,
    lines where they happened."""
    group = group._replace(curves=[curve for curve in group.curves if curve.missing < len(curve.y)])
    ink, line = ("#a2a9b5", "#2d313a") if dark else ("#5a606b", "#e2e0d9")
    series: list[dict[str, Any]] = []
    for curve in group.curves:
        series += lines(curve, (DARK if dark else LIGHT)[curve.slot % COLOURS], smoothing)
    if series and findings and not group.machine:
        series[0]["markLine"] = found(findings, group.x, ink)
    low, high = limits(group.curves, group.zero)
    log = logarithmic(low, high)
    pad = 0.07 * (high - low) or 0.07 * abs(high) or 1.0
    ends = (low / 1.15, high * 1.15) if log else (low if group.zero else low - pad, high + pad)
    several = len(group.curves) > 1
    ruled = {"lineStyle": {"color": line}}
    axis = {"axisLine": ruled, "axisLabel": {"color": ink, "hideOverlap": True, "showMinLabel": False}, "splitLine": ruled}
    name = {"name": ALONG[group.x], "nameLocation": "middle", "nameGap": 26, "nameTextStyle": {"color": ink}}
    short = {"axisLabel": SHORT | {"color": ink, "showMinLabel": ends[0] == 0, "showMaxLabel": False}}
    return {
        "animation": False,
        "aria": {"enabled": True, "label": {"description": described(group)}},
        "grid": {"left": 8, "right": 16, "top": 34 if several else 12, "bottom": 24, "containLabel": True},
        "legend": {"show": several, "type": "scroll", "top": 0, "left": 0, "itemWidth": 18, "textStyle": {"color": ink}},
        "tooltip": tooltip(dark, group.x),
        "xAxis": {"type": "value", "min": "dataMin", "max": "dataMax"} | axis | name | {"splitLine": {"show": False}},
        "yAxis": {"type": "log" if log else "value", "min": ends[0], "max": ends[1]} | axis | short,
        "series": series,
    }


def lines(curve: Curve, colour: str, smoothing: float) -> list[dict[str, Any]]:
    """The values, and before them, where it is asked for, their running mean."""
    x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
    base = {"type": "line", "name": curve.label, "color": colour, "showSymbol": len(y) <= FEW, "symbolSize": 5}
    dash = {"type": DASHES[curve.slot // COLOURS % len(DASHES)], "width": 2}
    if not smoothing or len(y) <= FEW:
        return [base | {"data": pairs(x, y), "lineStyle": dash} | marked(curve, colour)]
    faint = {"data": pairs(x, y), "lineStyle": {"width": 1, "opacity": 0.3}, "showSymbol": False, "tooltip": {"show": False}}
    mean = {"data": pairs(x, smooth(y, smoothing)), "lineStyle": dash, "showSymbol": False}
    return [base | faint | {"silent": True}, base | mean | marked(curve, colour)]


def marked(curve: Curve, colour: str) -> dict[str, Any]:
    """A ring at the best value."""
    if curve.best is None:
        return {}
    style = {"color": "transparent", "borderColor": colour, "borderWidth": 2}
    point = {"coord": list(curve.best), "symbol": "circle", "symbolSize": 13, "itemStyle": style}
    return {"markPoint": {"silent": True, "label": {"show": False}, "data": [point]}}


def found(findings: Sequence[Event], x: Along, ink: str) -> dict[str, Any]:
    at = [(began(finding, x), str(finding.get("name", ""))) for finding in findings]
    data = [{"xAxis": where, "name": name, "label": {"formatter": name}} for where, name in at if math.isfinite(where)]
    style = {"color": ink, "type": "dashed"}
    label = {"color": ink, "fontSize": 10, "position": "insideEndTop"}  # along the line: two that are near hide no letter
    return {"silent": True, "symbol": "none", "lineStyle": style, "label": label, "data": data}


def began(finding: Event, x: Along) -> float:
    """Where it began, as near as one can tell: a finding knows its round, and where all was when it was found."""
    at, round = place(finding, x), round_of(finding)
    return at * min(1.0, number(finding.get("since"), round) / round) if round > 0 else at


def tooltip(dark: bool, x: Along) -> dict[str, Any]:
    """What is shown under the pointer, in numbers that can be read."""
    digits = "toPrecision(3)" if x == "minute" else "toLocaleString('en', {maximumFractionDigits: 0})"
    colours = {"backgroundColor": "#181b21", "borderColor": "#2d313a", "textStyle": {"color": "#eceef2"}} if dark else {}
    return {
        "trigger": "axis",
        "confine": True,
        "axisPointer": {"type": "line", "label": {":formatter": f"p => '{x} ' + (+p.value).{digits}"}},
        ":valueFormatter": "v => v == null ? '' : (+v).toPrecision(4)",
        **colours,
    }


def pairs(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> list[list[float | None]]:
    x, y = thin(x, y, POINTS)
    return [[float(a), float(b) if math.isfinite(b) else None] for a, b in zip(x, y, strict=True)]


def described(group: Group) -> str:
    """In words, for those who do not see it."""
    ends = []
    for curve in group.curves:
        seen = [value for value in curve.y if math.isfinite(value)]
        if seen:
            ends.append(f"{curve.label} from {seen[0]:.4g} to {seen[-1]:.4g}")
    return f"{group.title} by {ALONG[group.x]}: {'; '.join(ends)}."


def values(group: Group) -> str:
    """All of them as CSV, a line each: curve, place, value."""
    rows = [
        [curve.label, at, number(value, math.nan)] for curve in group.curves for at, value in zip(curve.x, curve.y, strict=True)
    ]
    return as_csv(["curve", group.x, "value"], rows)
