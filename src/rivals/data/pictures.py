"""Data and samples as one picture: a grid of pictures, a plot of points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rivals.data.core import Dataset, bytes_from_pictures
from rivals.data.order import permutation

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

TILE = 48  # pixels that a small picture is enlarged to, about
WIDEST = 1024  # pixels of a whole sheet
POINTS = 5000  # points that a plot still shows one by one


def image(x: Tensor) -> Image:
    """(C, H, W) uint8 -> one picture as it is, to be saved: grey for one channel, else the first three as colours."""
    import PIL.Image

    if x.ndim != 3 or x.dtype != torch.uint8:
        raise ValueError(f"a picture is made of (C, H, W) uint8, not of {tuple(x.shape)} {x.dtype}")
    return PIL.Image.fromarray(_shown(x[None])[0])


def _shown(images: Tensor) -> NDArray[np.uint8]:
    """(N, C, H, W) -> (N, H, W), or (N, H, W, 3) where there are three channels or more."""
    if images.shape[1] < 3:
        return np.ascontiguousarray(images[:, 0].cpu().numpy())
    return np.ascontiguousarray(images[:, :3].permute(0, 2, 3, 1).cpu().numpy())


def grid(images: Tensor, columns: int | None = None, scale: int | None = None, gap: int = 2) -> Image:
    """(N, C, H, W) uint8 -> one picture, row by row on white.

    `columns`: None makes it about square. `scale`: how many pixels one becomes, by repetition; None makes small
    pictures visible (8x8 becomes 48x48), as far as the sheet stays within 1024 pixels. Of more than three channels the
    first three are shown, of two the first.
    """
    import PIL.Image

    if images.ndim != 4 or len(images) == 0 or images.dtype != torch.uint8:
        raise ValueError(f"a grid is made of (N, C, H, W) uint8 pictures, not of {tuple(images.shape)} {images.dtype}")
    n, _, height, width = images.shape
    columns = min(n, columns or math.ceil(math.sqrt(n)))
    rows = math.ceil(n / columns)
    if scale is None:
        largest = min((WIDEST - gap) // columns - gap, WIDEST * 2 // rows - gap)
        scale = max(1, min(round(TILE / max(height, width)), largest // max(height, width)))
    shown = _shown(images).repeat(scale, axis=1).repeat(scale, axis=2)
    shown = shown if shown.ndim == 4 else shown[..., None]
    down, across = height * scale + gap, width * scale + gap
    sheet = np.full((rows * down + gap, columns * across + gap, 3), 255, np.uint8)
    for k, picture in enumerate(shown):
        top, left = gap + k // columns * down, gap + k % columns * across
        sheet[top : top + height * scale, left : left + width * scale] = picture
    return PIL.Image.fromarray(sheet)


def contact_sheet(data: Dataset, n: int = 64) -> Image:
    """`n` rows of a data set, chosen at random but always the same; of vectors, a plot of up to 5,000 of them."""
    order = permutation(len(data), seed=0, epoch=0)
    rows = data.rows(order[: min(n, len(data)) if data.facts.pictures else POINTS], torch.device("cpu")).x
    if not data.facts.pictures:
        return scatter(rows)
    sheet = grid(bytes_from_pictures(rows))
    sheet.thumbnail((WIDEST, WIDEST))  # does nothing to a sheet that is smaller
    return sheet


def scatter(real: Tensor, fake: Tensor | None = None) -> Image:
    """Points (N, D) and, over them, generated ones (M, D): histograms where D is 1, else the first two coordinates.

    The axes come from the real points alone, so that the pictures of a run can be compared; values that are not finite
    are left out.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), dpi=128, layout="constrained")  # no pyplot: it keeps figures, and asks for a screen
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    layers = [(_points(real), "#9aa5b1", "data")]
    if fake is not None:
        layers.append((_points(fake), "#d1495b", "generated"))
    low, high = layers[0][0].min(axis=0), layers[0][0].max(axis=0)
    low, high = low - 0.15 * (high - low) - 1e-6, high + 0.15 * (high - low) + 1e-6
    for points, colour, label in layers:
        if points.shape[1] == 1:
            bins = np.linspace(low[0], high[0], 81)
            share = np.full(len(points), 1 / (max(1, len(points)) * (bins[1] - bins[0])))  # density over all, seen or not
            axes.hist(points[:, 0], bins=bins.tolist(), weights=share.tolist(), alpha=0.6, color=colour, label=label)
        else:
            axes.scatter(points[:, 0], points[:, 1], s=6, alpha=0.5, linewidths=0, color=colour, label=label)
    axes.set_xlim(low[0], high[0])
    if real.shape[1] > 1:
        axes.set_ylim(low[1], high[1])
        axes.set_aspect("equal", adjustable="box")
    axes.legend(loc="upper right", frameon=False, markerscale=2)
    return of_figure(figure)


def of_figure(figure: Figure) -> Image:
    """What matplotlib draws, as an RGB picture."""
    import PIL.Image
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return PIL.Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())  # type: ignore[no-untyped-call]


def _points(x: Tensor) -> NDArray[np.float64]:
    """(N, D) -> at most 5,000 finite rows of the first two columns."""
    points = x.detach().cpu().double()[:, :2]
    points = points[points.isfinite().all(dim=1)]
    return points[:: max(1, math.ceil(len(points) / POINTS))].numpy()
