"""Inside a run's game: D's answers to real and drawn things, which pixels it minds, and the weights of every layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from nicegui import run as aside
from nicegui import ui

from rivals.errors import UserError
from rivals.report.words import NOTHING, say
from rivals.run import Run
from rivals.studio.frame import EVERY, address, attributes, dark, frame, heading, line, note, opened, remember, shown, stay
from rivals.studio.stage import TELLS, TELLS_FLAT, Stage
from rivals.studio.tables import as_csv
from rivals.studio.through import Through

if TYPE_CHECKING:
    from rivals.studio.inside import Answers, Layer
    from rivals.studio.moments import Moments
    from rivals.studio.server import Studio

T = TypeVar("T")

WEIGHTS = {"latest": "Last", "best": "Best"}  # checkpoints
REAL, FAKE = "#009e73", "#cc79a7"


def build(studio: Studio) -> None:
    @ui.page("/inside")
    async def inside(run: str = "", round: int | None = None, weights: str = "latest") -> None:
        with frame("Inside", "/"):
            which = weights if weights in WEIGHTS else "latest"
            heading("Inside the game")
            ui.link(run, address("/run", run=run))
            with ui.element("div").classes("bar"):
                choice = ui.toggle(WEIGHTS, value=which).props('no-caps aria-label="Whose weights"')
                choice.on_value_change(lambda e: ui.navigate.to(address("/inside", run=run, weights=e.value)))
                says = note("").classes("small")
            found = await opened(lambda: looked_into(studio.shelf.path(run), which))
            if found is None:
                return
            says.set_text(f"The weights of round {found.round:,}.")
            if found.moments is not None:
                await Plane(run, found.moments, round, which).show()
            if isinstance(found.said, str):
                note(found.said)
            else:
                await answered(found.said)
                await looked(studio.shelf.path(run), found.said, which)
            sizes(found.layers)


class Looked(NamedTuple):
    moments: Moments | str | None  # of a run on points, or why there are none
    said: Answers | str  # of the discriminator, or why there are none
    layers: list[Layer]  # are there all the same
    round: int


def looked_into(path: Path, which: str) -> Looked:
    from rivals.studio import inside, moments  # here, where a thread waits for torch
    from rivals.studio.explorer import stamp

    points = moments.of_points(Run(path))
    return Looked(
        or_why(lambda: moments.Moments(path)) if points else None,
        or_why(lambda: inside.answers(path, which)),
        inside.layers(path, which),
        inside.opened(path, which, stamp(path)).round,
    )


def or_why(look: Callable[[], T]) -> T | str:
    try:
        return look()
    except UserError as error:
        return str(error)


class Plane:
    """A run on points as it was at each of its looks; and as it is, while it trains."""

    def __init__(self, run: str, moments: Moments | str, at: int | None, weights: str):
        self.run, self.moments, self.at = run, moments, at
        self.further = {} if weights == "latest" else {"weights": weights}

    async def show(self) -> None:
        heading("The game, through its training", 2)
        if isinstance(self.moments, str):
            note(self.moments)
            return
        with ui.element("section").classes("plane").props('aria-label="The game, through its training"'):
            self.stage = Stage(self.moments.film, name=lambda: f"{self.run}-plane")
            self.says = ui.label().props('aria-live="polite"')
            self.through = Through("The game through its training", self.seek, asked=self.at)
            with self.through.row:
                self.stage.saves()
            note(TELLS_FLAT if self.moments.flat else TELLS).classes("small")
        await self.refresh()
        ui.timer(EVERY, self.refresh)
        remember(lambda: address("/inside", run=self.run, **self.further, **self.through.chosen))

    async def refresh(self) -> None:
        assert not isinstance(self.moments, str)
        await self.through.put(self.moments.rounds())

    async def seek(self, round: int) -> None:
        assert not isinstance(self.moments, str)
        try:
            drawing = await aside.io_bound(self.moments.drawing, round)
        except UserError as error:  # it was deleted meanwhile, or is another game by now
            self.says.set_text(str(error))
            return
        stay()
        if drawing is not None:  # the server does not stop
            self.stage.put(drawing, f"The data, and what is drawn of it in round {round:,}")
            self.says.set_text(f"Round {round:,}")


async def answered(found: Answers) -> None:
    from rivals.metrics.realness import area
    from rivals.studio.inside import histogram

    heading("What the discriminator answers", 2)
    at, real, fake = histogram(found)
    ink = "#a2a9b5" if await dark() else "#5a606b"
    bars: list[dict[str, Any]] = [
        {"type": "bar", "name": name, "data": counts, "color": colour, "barGap": "-100%", "itemStyle": {"opacity": 0.7}}
        for name, counts, colour in (("real", real, REAL), ("drawn", fake, FAKE))
    ]
    chart = ui.echart(
        {
            "animation": False,
            "legend": {"top": 0, "left": 0, "textStyle": {"color": ink}},
            "tooltip": {"trigger": "axis", "confine": True},
            "grid": {"left": 8, "right": 16, "top": 34, "bottom": 24, "containLabel": True},
            "xAxis": {"data": ticks(at), "name": "logit", "nameLocation": "middle", "nameGap": 26},
            "yAxis": {"type": "value"},
            "series": bars,
            "toolbox": {"feature": {"saveAsImage": {"title": "Save as SVG", "name": "answers"}}},
        },
        renderer="svg",
    ).classes("losses")
    means = f"real {say(float(found.real.mean()))}, drawn {say(float(found.fake.mean()))}"
    attributes(chart, role="img", aria_label=f"Histogram of the discriminator's logits: means {means}")
    told = area(found.real, found.fake)
    note(f"Of a pair, one real and one drawn, it is right {told:.0%} of the time (50%: it guesses, or the two are alike).")
    note(f"Mean logit: {means}. {len(found.real)} training rows, and as many samples, on its turn.").classes("small")
    note("Apart: it tells them from each other. One upon the other: it does not.").classes("small")
    saves("answers", as_csv(["logit", "real", "drawn"], zip(at, real, fake, strict=True)))


def ticks(at: Sequence[float]) -> list[str]:
    """As many digits as tell one bin from the next.

    >>> ticks([-0.25, 0.0, 0.25]), ticks([110.0, 120.0])
    (['-0.2', '0.0', '0.2'], ['110', '120'])
    """
    digits = max(0, math.ceil(-math.log10(at[1] - at[0])))
    return [f"{x:.{digits}f}" for x in at]


async def looked(path: Path, found: Answers, which: str) -> None:
    from rivals.studio import inside

    if found.judged[0].dim() != 4:
        return
    heading("Where it looks", 2)
    note("Orange: pixels by which its answer changes most.").classes("small")
    for title, x in zip(("Real", "Drawn"), found.judged, strict=True):
        maps = await aside.io_bound(inside.minded, path, x, which)
        stay()
        ui.label(title)
        with ui.element("div").classes("sheet wide-sheet"):
            for picture, where in zip(x, maps if maps is not None else (), strict=False):
                shown(inside.shown(picture, where), f"{title}: where the discriminator looks")


def saves(name: str, content: str) -> None:
    button = ui.button("CSV", icon="download", on_click=lambda: ui.download.content(content, f"{name}.csv"))
    attributes(button.props("no-caps flat dense"), aria_label=f"Save the {name} as CSV")


def sizes(layers: list[Layer]) -> None:
    heading("Weights and gradients", 2)
    note("Root mean squares; gradients of always the same batch, on the turn of the player who owns it.").classes("small")
    with ui.element("div").classes("wide"), ui.element("table").classes("runs"):
        line(["Weight", "Shape", "Size", "Gradient"], head=True)
        with ui.element("tbody"):
            for layer in layers:
                line([layer.name, layer.shape, say(layer.size), NOTHING if layer.gradient is None else say(layer.gradient)])
    saves("weights", as_csv(["weight", "shape", "root mean square", "of its gradient"], layers))
