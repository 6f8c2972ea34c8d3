"""How a game on points looks: D's surface as a small picture, points, arrows and densities over it; as SVG and as pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import PIL.Image
import torch
from PIL import ImageColor, ImageDraw
from PIL.Image import Image
from torch import Tensor

from rivals.studio.png import as_png, as_source
from rivals.studio.scene import CELLS, Scene, View

REAL, FAKE = "#009e73", "#cc79a7"  # of points; places that D takes for real are blue, those that it takes for drawn orange
HIGH, LOW, PAPER = np.array([0, 114, 178]), np.array([213, 94, 0]), np.array([255, 255, 255])
INK, ANSWER = "#1a1c20", "#0072b2"
STRENGTH = 0.55  # of the colours beside the paper
SHOWN, ARROWS = 300, 30
LONGEST = 3.0  # cells of an arrow
BINS = 60
FLOOR, HEIGHT = 0.86 * CELLS, 0.7 * CELLS  # of densities
SIDE, FINER = 480, 2  # pixels of a picture, and how many times as large it is drawn first


@dataclass(frozen=True)
class Dots:
    at: Tensor  # (n, 2) cells
    colour: str
    r: float
    opacity: float = 0.75

    def svg(self) -> str:
        each = (f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{self.r}"/>' for x, y in self.at.tolist())
        return f'<g fill="{self.colour}" fill-opacity="{self.opacity}">{"".join(each)}</g>'

    def paint(self, on: ImageDraw.ImageDraw, scale: float) -> None:
        fill, r = translucent(self.colour, self.opacity), self.r * scale
        for x, y in (scale * self.at).tolist():
            on.ellipse((x - r, y - r, x + r, y + r), fill=fill)


@dataclass(frozen=True)
class Lines:
    """Several at once; filled: each an area."""

    each: Sequence[Sequence[tuple[float, float]]]  # cells
    colour: str
    width: float
    filled: float = 0.0  # how opaque

    def svg(self) -> str:
        path = "".join("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in one) + ("Z" if self.filled else "") for one in self.each)
        fill = f'fill="{self.colour}" fill-opacity="{self.filled}"' if self.filled else 'fill="none"'
        return f'<path d="{path}" {fill} stroke="{self.colour}" stroke-width="{self.width}"/>'

    def paint(self, on: ImageDraw.ImageDraw, scale: float) -> None:
        for one in self.each:
            corners = [(x * scale, y * scale) for x, y in one]
            if self.filled:
                on.polygon(corners, fill=translucent(self.colour, self.filled))
            on.line(corners, fill=translucent(self.colour, 1.0), width=max(1, round(self.width * scale)), joint="curve")


def translucent(colour: str, opacity: float) -> tuple[int, int, int, int]:
    r, g, b = ImageColor.getrgb(colour)[:3]
    return r, g, b, round(255 * opacity)


@dataclass(frozen=True)
class Drawing:
    """(CELLS, CELLS, 3) colours of D's surface, and what stands over it."""

    surface: np.ndarray = field(default_factory=lambda: np.full((CELLS, CELLS, 3), 255, np.uint8))
    shapes: Sequence[Dots | Lines] = ()

    def background(self) -> bytes:
        return as_png(PIL.Image.fromarray(self.surface, "RGB"))

    def content(self) -> str:
        return "".join(shape.svg() for shape in self.shapes)

    def svg(self) -> bytes:
        """A file of its own."""
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {CELLS} {CELLS}" width="800" height="800">'
        image = f'<image href="{as_source(self.background())}" width="{CELLS}" height="{CELLS}"/>'
        return f"{head}{image}{self.content()}</svg>".encode()

    def pixels(self, side: int = SIDE) -> Image:
        drawn = PIL.Image.fromarray(self.surface, "RGB").resize((FINER * side, FINER * side), PIL.Image.Resampling.BICUBIC)
        on = ImageDraw.Draw(drawn, "RGBA")
        for shape in self.shapes:
            shape.paint(on, FINER * side / CELLS)
        return drawn.resize((side, side), PIL.Image.Resampling.LANCZOS)


def draw(scene: Scene) -> Drawing:
    """On the plane: the data, what is drawn, and arrows where D's answer pulls it, over D's surface. On a line: both
    densities, D(x), and the arrows below."""
    fake, logits = scene.samples(), scene.surface()
    pull = scene.pull(fake)
    if scene.flat:
        return Drawing(shapes=densities(scene.data, fake, logits, pull, scene.view))
    shapes: list[Dots | Lines] = [
        Dots(scene.view.cell(scene.data[:SHOWN]), REAL, 0.28),
        Dots(scene.view.cell(fake), FAKE, 0.4),
    ]
    if pull is not None:
        shapes.append(arrows(scene.view.cell(fake[:ARROWS]), pull[:ARROWS] * torch.tensor([1.0, -1.0])))
    return Drawing(shapes=shapes) if logits is None else Drawing(coloured(logits), shapes)


def coloured(logits: Tensor) -> np.ndarray:
    """(n, n) -> (n, n, 3): white where D cannot tell. The colours reach as far as the answers do, and at least to logits of
    2."""
    scale = max(2.0, float(torch.quantile(logits.abs().flatten(), 0.95)))
    share = (logits / scale).clamp(-1, 1).numpy()[..., None] * STRENGTH
    colour = np.where(share >= 0, PAPER + share * (HIGH - PAPER), PAPER - share * (LOW - PAPER))
    found: np.ndarray = colour.round().astype(np.uint8)
    return found


def arrows(at: Tensor, pull: Tensor) -> Lines:
    """Each as long as the pull, beside the strongest."""
    longest = float(pull.norm(dim=1).max().clamp(min=1e-12))
    along = pull / longest * LONGEST
    tip, aside = at + along, 0.15 * along.flip(1) * torch.tensor([-1.0, 1.0])
    ends = torch.stack([at, tip, tip - 0.3 * along + aside, tip, tip - 0.3 * along - aside], 1)
    return Lines([[(x, y) for x, y in one] for one in ends.tolist()], INK, 0.12)


def densities(real: Tensor, fake: Tensor, logits: Tensor | None, pull: Tensor | None, view: View) -> list[Dots | Lines]:
    """(n, 1) each, on a line."""
    ends = (view.x - view.reach, view.x + view.reach)
    bins = [np.histogram(x.numpy().ravel(), BINS, ends, density=True)[0] for x in (real, fake)]
    most = max(float(bins[0].max()) * 1.3, 1e-9)
    at = (np.arange(BINS) + 0.5) / BINS * CELLS
    made: list[Dots | Lines] = []
    for heights, colour in zip(bins, (REAL, FAKE), strict=True):
        tops = FLOOR - HEIGHT * np.minimum(heights / most, 1)
        line = [(0.0, FLOOR), *zip(at.tolist(), tops.tolist(), strict=True), (float(CELLS), FLOOR)]
        made.append(Lines([line], colour, 0.2, filled=0.45))
    if logits is not None:
        share = torch.sigmoid(logits / max(1.0, float(logits.abs().max()) / 4)).tolist()
        line = [((i + 0.5) / len(share) * CELLS, FLOOR - HEIGHT * y) for i, y in enumerate(share)]
        made.append(Lines([line], ANSWER, 0.3))
    if pull is not None:
        x = view.column(fake[:ARROWS, 0])
        below = torch.stack([x, torch.full_like(x, FLOOR + 1.5)], 1)
        made.append(arrows(below, torch.cat([pull[:ARROWS], torch.zeros(len(x), 1)], 1)))
    return made
