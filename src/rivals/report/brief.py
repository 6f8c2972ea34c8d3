"""A run in a few lines: how far it is, what it draws beside what is real, its scores and losses. As HTML, for a notebook."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rivals.log import number, round_of
from rivals.report.charts import PAPER, draw, groups_of
from rivals.report.images import Picture, picture_of
from rivals.report.page import environment
from rivals.report.watch import Watch
from rivals.report.words import say, time

CHARTS = 4


def brief(watch: Watch) -> str:
    """What the watch has read so far; pictures and curves are carried along."""
    story = watch.story()
    charts = [chart for group in groups_of(story)[:CHARTS] for chart in draw(group)]
    template = environment().get_template("brief.html")
    shown = list(_pictures(watch))
    return template.render(s=story, charts=charts, shown=shown, colours=PAPER, folder=watch.run.path)


def _pictures(watch: Watch) -> Iterator[tuple[Picture, str]]:
    folder = watch.run.path
    if real := picture_of(folder, folder / "pictures" / "real.png"):
        yield real, "Real"
    for event in watch.pictures()[-1:]:
        seconds = number(event.get("seconds"))
        if drawn := picture_of(folder, folder / str(event.get("file")), round_of(event), seconds):
            after = f", {time(seconds)}" if math.isfinite(seconds) else ""
            yield drawn, f"Generated, round {say(drawn.round)}{after}"
