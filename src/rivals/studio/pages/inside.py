"""Inside a run's game: D's answers to real and drawn things, which pixels it minds, and the weights of every layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nicegui import run as aside
from nicegui import ui

from rivals.errors import UserError
from rivals.report.words import say
from rivals.studio.frame import address, attributes, dark, frame, heading, line, note, opened, shown, stay

if TYPE_CHECKING:
    from rivals.studio.inside import Answers
    from rivals.studio.server import Studio

REAL, FAKE = "#009e73", "#cc79a7"


def build(studio: Studio) -> None:
    @ui.page("/inside")
    async def inside(run: str = "") -> None:
        with frame("Inside", "/"):
            heading("Inside the game")
            ui.link(run, address("/run", run=run))
            found = await opened(lambda: looked_into(studio.shelf.path(run)))
            if found is None:
                return
            said, weights = found
            if isinstance(said, str):
                note(said)
            else:
                await answered(said)
                await looked(studio.shelf.path(run), said)
            layers(weights)


def looked_into(path: Path) -> tuple[Answers | str, list[tuple[str, str, float]]]:
    """The discriminator's answers, or why there are none; and the weights, which are there all the same."""
    from rivals.studio import inside  # here, where a thread waits for torch

    weights = inside.weights(path)
    try:
        return inside.answers(path), weights
    except UserError as error:
        return str(error), weights


async def answered(found: Answers) -> None:
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
            "xAxis": {"data": [f"{x:.2g}" for x in at], "name": "logit", "nameLocation": "middle", "nameGap": 26},
            "yAxis": {"type": "value"},
            "series": bars,
        },
        renderer="svg",
    ).classes("losses")
    means = f"real {say(float(found.real.mean()))}, drawn {say(float(found.fake.mean()))}"
    attributes(chart, role="img", aria_label=f"Histogram of the discriminator's logits: means {means}")
    note(f"Mean logit: {means}. {len(found.real)} training rows, and as many samples.")
    note("Apart: it tells them from each other. One upon the other: it does not.").classes("small")


async def looked(path: Path, found: Answers) -> None:
    from rivals.studio import inside

    if found.judged[0].dim() != 4:
        return
    heading("Where it looks", 2)
    note("Orange: pixels by which its answer changes most.").classes("small")
    for title, x in zip(("Real", "Drawn"), found.judged, strict=True):
        maps = await aside.io_bound(inside.minded, path, x)
        stay()
        ui.label(title)
        with ui.element("div").classes("sheet wide-sheet"):
            for picture, where in zip(x, maps if maps is not None else (), strict=False):
                shown(inside.shown(picture, where), f"{title}: where the discriminator looks")


def layers(weights: list[tuple[str, str, float]]) -> None:
    heading("Weights", 2)
    with ui.element("div").classes("wide"), ui.element("table").classes("runs"):
        line(["Weight", "Shape", "Root mean square"], head=True)
        with ui.element("tbody"):
            for name, shape, size in weights:
                line([name, shape, say(size)])
