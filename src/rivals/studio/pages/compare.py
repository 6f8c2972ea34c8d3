"""Several runs side by side: one score in one plot, samples at equal places, spread over seeds, settings that differ."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev
from typing import TYPE_CHECKING

from nicegui import ui
from starlette.requests import Request

from rivals.errors import UserError
from rivals.log import round_of
from rivals.report.words import ALONG, NOTHING, Along, meaning, say, spell, time
from rivals.studio.frame import EVERY, Slider, address, along, attributes, chart, dark, frame, heading, line, note, remember

if TYPE_CHECKING:
    from rivals.report.story import Story
    from rivals.report.watch import Watch
    from rivals.studio.server import Studio

NO_SEED = ("seed", "created")  # settings in which runs of one kind may differ


def build(studio: Studio) -> None:
    @ui.page("/compare")
    async def compare(request: Request, x: str = "round", at: float = 1.0) -> None:
        names = request.query_params.getlist("run")
        with frame("Compare", "/compare"):
            await Page(studio, names, along(x), min(max(at, 0.0), 1.0)).show()


class Page:
    def __init__(self, studio: Studio, names: Sequence[str], x: Along, at: float):
        self.studio, self.names, self.x, self.at = studio, list(names), x, at
        self.watches: list[Watch] = []
        self.charts: dict[str, ui.echart] = {}

    async def show(self) -> None:
        from rivals.report.watch import Watch

        heading("Compare")
        known = [glance.name for glance in self.studio.shelf.refresh()]
        choice = ui.select(known, value=[name for name in self.names if name in known], multiple=True, label="Runs")
        choice.props("use-chips outlined dense").classes("grow").on_value_change(lambda e: self.go(e.value))
        for name in self.names:
            try:
                self.watches.append(Watch(self.studio.shelf.path(name), name))
            except UserError as error:
                note(str(error), warn=True).props('role="alert"')
        for watch in self.watches:
            watch.refresh()
        if len(self.watches) < 2:
            note("Choose two runs or more.").classes("lead")
            return
        with ui.element("div").classes("bar"):
            ui.toggle(dict(ALONG), value=self.x, on_change=lambda e: self.turn(e.value)).props('no-caps aria-label="Against"')
            ui.link("Save as one page", address("/page", run=[watch.name for watch in self.watches]))
        self.verdict = ui.label().classes("lead")
        self.warning = note("", warn=True)
        self.means = note("").classes("small")
        self.grid = ui.element("div").classes("charts")
        heading("Samples at equal places", 2)
        with ui.element("div").classes("bar"):
            self.where = ui.label().classes("muted")
            Slider("How far", self.seek, most=1, step=0.01, value=self.at)
        self.side = ui.element("div").classes("side")
        heading("In numbers", 2)
        self.numbers = ui.element("div").classes("wide")
        self.differing()
        self.dark = await dark()
        self.update()
        ui.timer(EVERY, self.refresh)
        remember(self.here)

    def go(self, names: Sequence[str]) -> None:
        if len(names) == 1:
            return  # there is another to come
        ui.navigate.to(address("/compare", run=list(names), x=self.x))

    def here(self) -> str:
        return address("/compare", run=self.names, x=self.x, at=f"{self.at:g}")

    def turn(self, x: Along) -> None:
        self.x = x
        self.update()

    def seek(self, at: float) -> None:
        self.at = at
        self.samples([watch.story() for watch in self.watches])

    def refresh(self) -> None:
        new = [watch.refresh() for watch in self.watches]
        if any(new):
            self.update()

    def update(self) -> None:
        from rivals.report.charts import together
        from rivals.report.comparison import compared
        from rivals.studio.curves import options

        stories = [watch.story() for watch in self.watches]
        found = compared(stories)
        told = ((self.verdict, found.verdict), (self.warning, found.warning), (self.means, meaning(found.score)))
        for label, says in told:
            label.set_text(says)
            label.set_visibility(bool(says))
        for group in together(stories, self.x):
            drawn = options(group, dark=self.dark)
            if group.title in self.charts:
                self.charts[group.title].options.update(drawn)
                self.charts[group.title].update()
            else:
                with self.grid:
                    self.charts[group.title] = chart(group, drawn, [watch.name for watch in self.watches])
        self.samples(stories)
        self.table(stories)

    def samples(self, stories: Sequence[Story]) -> None:
        """Of each run the picture that is nearest to the same place: the slider's share of what all have reached."""
        from rivals.report.charts import place

        films = [watch.pictures() for watch in self.watches]
        ends = [max((place(event, self.x) for event in film), default=0.0) for film in films]
        where = self.at * min((end for end in ends if end), default=0.0)
        self.where.set_text(f"{ALONG[self.x]}: {say(round(where, 2))}")
        self.side.clear()
        with self.side:
            for watch, film in zip(self.watches, films, strict=True):
                if not film:
                    continue
                event = min(film, key=lambda event: abs(place(event, self.x) - where))
                with ui.element("figure"):
                    with ui.element("figcaption"):
                        ui.link(watch.name, address("/run", run=watch.name))
                        note(f"round {round_of(event):,}").classes("small")
                    source = address("/picture", run=watch.name, round=round_of(event))
                    attributes(ui.element("img").classes("picture"), src=source, alt=f"Samples of {watch.name}")

    def table(self, stories: Sequence[Story]) -> None:
        """A line a run; and of runs that differ by their seed alone their mean and spread."""
        self.numbers.clear()
        with self.numbers, ui.element("table").classes("runs"):
            names = list(dict.fromkeys(score.name for story in stories for score in story.scores))
            heads = [f"{spell(name)}, {which}" for which in ("best", "last") for name in names]
            line(["Run", *heads, "Time"], head=True)
            with ui.element("tbody"):
                for story in stories:
                    scores = {score.name: score for score in story.scores}
                    points = [scores[n].best if n in scores else None for n in names]
                    points += [scores[n].last if n in scores else None for n in names]
                    line([story.name, *(say(point.value) if point else NOTHING for point in points), time(story.seconds)])
                for alike in seeds(stories):
                    values = [[s.last.value for story in alike for s in story.scores if s.name == n] for n in names]
                    says = [f"{say(mean(v))} \N{PLUS-MINUS SIGN} {say(stdev(v))}" if len(v) > 1 else NOTHING for v in values]
                    line([f"{len(alike)} seeds of {alike[0].recipe}: mean and spread", *[NOTHING] * len(names), *says, NOTHING])

    def differing(self) -> None:
        from rivals.report.story import differing

        stories = [watch.story() for watch in self.watches]
        rows = differing(stories)
        if not rows:
            return
        heading("What differs", 2)
        with ui.element("div").classes("wide"), ui.element("table").classes("runs"):
            line(["Setting", *(story.name for story in stories)], head=True, words=True)
            with ui.element("tbody"):
                for name, values in rows.items():
                    line([name.replace("_", " "), *values], words=True)


def seeds(stories: Sequence[Story]) -> list[list[Story]]:
    """Runs that have everything in common but their seed, two or more together."""
    kinds: dict[str, list[Story]] = {}
    for story in stories:
        told = {name: value for rows in story.table.values() for name, value in rows.items() if name not in NO_SEED}
        kinds.setdefault(repr(sorted(told.items())), []).append(story)
    return [alike for alike in kinds.values() if len(alike) > 1]
