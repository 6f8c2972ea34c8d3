"""What a playground looks like: D's surface as a small picture, points, arrows and densities as SVG over it."""

from __future__ import annotations

import numpy as np
import PIL.Image
import torch
from torch import Tensor

from rivals.studio.playground import CELLS, REACH
from rivals.studio.png import as_png, as_source

REAL, FAKE = "#009e73", "#cc79a7"  # of points; places that D takes for real are blue, those that it takes for drawn orange
HIGH, LOW, PAPER = np.array([0, 114, 178]), np.array([213, 94, 0]), np.array([255, 255, 255])
INK = "#1a1c20"
STRENGTH = 0.55  # of the colours beside the paper
SHOWN, ARROWS = 300, 30
LONGEST = 3.0  # cells of an arrow
BINS = 60


def surface(logits: Tensor) -> bytes:
    """(n, n) -> a PNG: white where D cannot tell. The colours reach as far as the answers do, and at least to logits of 2."""
    scale = max(2.0, float(torch.quantile(logits.abs().flatten(), 0.95)))
    share = (logits / scale).clamp(-1, 1).numpy()[..., None] * STRENGTH
    colour = np.where(share >= 0, PAPER + share * (HIGH - PAPER), PAPER - share * (LOW - PAPER))
    return as_png(PIL.Image.fromarray(colour.round().astype(np.uint8), "RGB"))


def blank() -> bytes:
    return as_png(PIL.Image.new("RGB", (CELLS, CELLS), "white"))


def cell(x: Tensor) -> Tensor:
    """(n, 2) places of the plane -> of the picture."""
    flipped = x * torch.tensor([1.0, -1.0])
    return (flipped / REACH + 1) / 2 * CELLS


def place(x: float, y: float) -> tuple[float, float]:
    """The way back."""
    return (2 * x / CELLS - 1) * REACH, -(2 * y / CELLS - 1) * REACH


def points(real: Tensor, fake: Tensor, pull: Tensor | None) -> str:
    """(n, 2) each: circles, and arrows where D's answer pulls what is drawn."""
    made = [circles(cell(real[:SHOWN]), REAL, 0.28), circles(cell(fake), FAKE, 0.4)]
    if pull is not None:
        made.append(arrows(cell(fake[:ARROWS]), pull[:ARROWS] * torch.tensor([1.0, -1.0])))
    return "".join(made)


def circles(at: Tensor, colour: str, r: float) -> str:
    each = (f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{r}"/>' for x, y in at.tolist())
    return f'<g fill="{colour}" fill-opacity=".75">{"".join(each)}</g>'


def arrows(at: Tensor, pull: Tensor) -> str:
    """Each as long as the pull, beside the strongest."""
    longest = float(pull.norm(dim=1).max().clamp(min=1e-12))
    along = pull / longest * LONGEST
    barb = -0.3 * along + 0.15 * along.flip(1) * torch.tensor([-1.0, 1.0])  # from the head back to one side
    rows = torch.cat([at, along, barb, -barb], 1).tolist()
    lines = (f"M{x:.2f} {y:.2f}l{u:.2f} {v:.2f}m{a:.2f} {b:.2f}l{c:.2f} {d:.2f}" for x, y, u, v, a, b, c, d in rows)
    return f'<path d="{"".join(lines)}" fill="none" stroke="{INK}" stroke-width=".12"/>'


def densities(real: Tensor, fake: Tensor, logits: Tensor | None, pull: Tensor | None) -> str:
    """(n, 1) each, on a line: both densities, D(x) and where D's answer pulls what is drawn."""
    floor, height = 0.86 * CELLS, 0.7 * CELLS
    bins = [np.histogram(x.numpy().ravel(), BINS, (-REACH, REACH), density=True)[0] for x in (real, fake)]
    most = max(float(bins[0].max()) * 1.3, 1e-9)
    at = (np.arange(BINS) + 0.5) / BINS * CELLS
    made = []
    for heights, colour in zip(bins, (REAL, FAKE), strict=True):
        tops = floor - height * np.minimum(heights / most, 1)
        line = " ".join(f"{x:.2f} {y:.2f}" for x, y in zip(at, tops, strict=True))
        look = f'fill="{colour}" fill-opacity=".45" stroke="{colour}" stroke-width=".2"'
        made.append(f'<path d="M0 {floor} L{line} L{CELLS} {floor}Z" {look}/>')
    if logits is not None:
        share = torch.sigmoid(logits / max(1.0, float(logits.abs().max()) / 4)).numpy()
        line = " ".join(f"{(i + 0.5) / len(share) * CELLS:.2f} {floor - height * y:.2f}" for i, y in enumerate(share))
        made.append(f'<path d="M{line}" fill="none" stroke="#0072b2" stroke-width=".3"/>')
    if pull is not None:
        ends = torch.cat([(fake[:ARROWS] / REACH + 1) / 2 * CELLS, torch.full((len(fake[:ARROWS]), 1), floor + 1.5)], 1)
        made.append(arrows(ends, torch.cat([pull[:ARROWS], torch.zeros(len(pull[:ARROWS]), 1)], 1)))
    return "".join(made)


def alone(background: bytes, content: str) -> bytes:
    """A file of its own: the picture and what stands over it."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {CELLS} {CELLS}" width="800" height="800">'
    return f'{head}<image href="{as_source(background)}" width="{CELLS}" height="{CELLS}"/>{content}</svg>'.encode()
