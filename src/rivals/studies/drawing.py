"""How figures of studies look."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")  # Okabe and Ito: told apart by everyone
REAL, GENERATED, GREY = "#000000", "#d55e00", "#999999"


def figure(width: float, height: float) -> Figure:
    """In inches. (Not by pyplot, which would keep every figure in memory.)"""
    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def plain(axes: Axes, title: str, x: str = "", y: str = "") -> Axes:
    """Axes without a frame, the title at the left."""
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    return axes


def shades(name: str, n: int) -> Sequence[tuple[float, ...]]:
    """n colours of a map of matplotlib, from one end to the other: for what has an order."""
    return [tuple(colour) for colour in matplotlib.colormaps[name](np.linspace(0.1, 0.9, n))]
