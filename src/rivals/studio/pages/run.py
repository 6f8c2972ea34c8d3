"""One run: its samples through time, its curves, what the doctor says, its settings; and stopping and continuing it."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from nicegui import ui

from rivals.errors import UserError
from rivals.log import Event, round_of
from rivals.report.words import ALONG, Along, say, spell, time
from rivals.studio.frame import (
    EVERY,
    Slider,
    address,
    along,
    attributes,
    chart,
    dark,
    facts,
    frame,
    heading,
    note,
    remember,
    with_flags,
)
from rivals.studio.through import Through

if TYPE_CHECKING:
    from rivals.report.watch import Watch
    from rivals.studio.server import Studio


def build(studio: Studio) -> None:
    @ui.page("/run")
    async def run(run: str = "", x: str = "round", smoothing: float = 0.6, round: int | None = None) -> None:
        with frame(run or "Run", "/"):
            try:
                from rivals.report.watch import Watch

                watch = Watch(studio.shelf.path(run), run)
            except UserError as error:
                heading("This run cannot be shown")
                note(str(error), warn=True).props('role="alert"')
                ui.link("All runs", "/")
                return
            await Page(studio, watch, along(x), min(max(smoothing, 0.0), 0.99), round).show()


class Page:
    """What one visitor sees of one run."""

    def __init__(self, studio: Studio, watch: Watch, x: Along, smoothing: float, at: int | None):
        self.studio, self.watch, self.name = studio, watch, watch.name
        self.x, self.smoothing, self.at = x, smoothing, at  # at: the round whose samples are shown; None: the newest
        self.charts: dict[str, ui.echart] = {}
        self.frames: dict[int, Event] = {}  # of the samples through time, by round

    async def show(self) -> None:
        self.watch.refresh()
        story = self.watch.story()
        heading(escape(self.name))
        note(f"{story.recipe} on {story.data}")
        with ui.element("div").classes("bar"):
            self.says = ui.label().classes("lead").props('aria-live="polite"')
        with ui.element("div").classes("progress long").props('aria-hidden="true"') as self.progress:
            self.done = ui.element("i")
        with ui.element("div").classes("bar"):
            self.stops = ui.button("Stop", on_click=self.stop).props("no-caps outline")
            self.goes = ui.button("Continue", on_click=self.go_on).props("no-caps unelevated")
            ui.link("Explore", address("/explore", run=self.name))
            if self.watch.settings.get("domains"):
                ui.link("Translate", address("/translate", run=self.name))
            ui.link("Inside the game", address("/inside", run=self.name))
            ui.link("Compare with others", address("/compare", run=self.name))
            ui.link("Save as one page", address("/page", run=self.name))
            if self.watch.settings.get("recipe"):
                self.again()
        self.failed = ui.element("pre").classes("command warn")
        self.findings = ui.element("section").props('aria-label="What the doctor says"')
        self.samples()
        heading("Curves", 2)
        with ui.element("div").classes("bar"):
            ui.toggle(dict(ALONG), value=self.x, on_change=lambda e: self.turn(x=e.value)).props('no-caps aria-label="Against"')
            ui.label("Smoothing")
            Slider("Smoothing", lambda value: self.turn(smoothing=value), most=0.99, step=0.01, value=self.smoothing)
        self.grid = ui.element("div").classes("charts")
        self.settings()
        self.dark = await dark()
        await self.update()
        ui.timer(EVERY, self.refresh)
        remember(self.here)

    def again(self) -> None:
        """The form of this training, to be changed and trained beside it."""
        from rivals.studio.options import filled

        name = self.studio.shelf.unused(self.name)
        ui.link("Train again, changed", address("/train", into=name, **filled(self.watch.settings)))

    async def turn(self, *, x: Along | None = None, smoothing: float | None = None) -> None:
        self.x = self.x if x is None else x
        self.smoothing = self.smoothing if smoothing is None else smoothing
        await self.update()

    def here(self) -> str:
        return address("/run", run=self.name, x=self.x, smoothing=f"{self.smoothing:g}", **self.through.chosen)

    async def refresh(self) -> None:
        try:
            self.state()
            if self.watch.refresh():
                await self.update()
        except (OSError, UserError) as error:
            self.says.set_text(str(error))

    async def update(self) -> None:
        """Draw what there is now."""
        from rivals.report.charts import groups_of
        from rivals.studio.curves import options

        story = self.watch.story()
        self.state()
        self.tell()
        self.frames = {round_of(event): event for event in self.watch.pictures()}
        if self.frames:
            attributes(self.real, src=address("/picture", run=self.name))
        await self.through.put(list(self.frames))
        for group in groups_of(story, self.x):
            drawn = options(group, dark=self.dark, smoothing=self.smoothing, findings=story.findings)
            if group.title in self.charts:
                self.charts[group.title].options.update(drawn)
                self.charts[group.title].update()
            else:
                with self.grid:
                    self.charts[group.title] = chart(group, drawn, [self.name])

    def state(self) -> None:
        glance = self.studio.shelf.glance(self.name)
        path = self.watch.run.path
        training = self.watch.run.trained_by() is not None
        starting = not training and self.studio.jobs.running(path)
        ended = glance is not None and glance.ended
        word = "Training" if training else "Starting" if starting else "Finished" if ended else "Stopped"
        score = ""
        if glance is not None and math.isfinite(glance.best):
            way = f" ({glance.better} is better)" if glance.better else ""
            score = f" {spell(glance.score)} {say(glance.best)} at best, {say(glance.final)} at last{way}."
        story = self.watch.story()
        share = glance.progress if glance is not None else 0.0
        left = f", {time(story.seconds * (1 - share) / share)} left" if training and 0 < share < 1 else ""
        self.says.set_text(
            f"{word}: round {say(story.rounds)}, {time(story.seconds)}, {share:.0%} of the training{left}.{score}"
        )
        self.progress.set_visibility(not ended)
        self.done.style(f"width: {share:.1%}")
        self.stops.set_visibility(training)
        if not training:
            self.stops.set_enabled(True)
        self.goes.set_visibility(not training and not starting and not ended and bool(self.watch.settings.get("recipe")))
        failed = self.studio.jobs.failed(path)
        self.failed.set_visibility(failed is not None)
        if failed is not None:
            self.failed.clear()
            with self.failed:
                ui.label(failed)

    def stop(self) -> None:
        try:
            self.studio.jobs.stop(self.watch.run.path)
            self.stops.set_enabled(False)
            ui.notify("It saves and stops: a moment")
        except (UserError, OSError) as error:
            ui.notify(str(error), type="warning")

    def go_on(self) -> None:
        from rivals.studio.options import continued

        try:
            run = self.watch.run
            self.studio.jobs.train(continued(self.watch.settings), run.path, begun_in=run.begun_in)
            ui.notify("It goes on from its last checkpoint")
        except (UserError, OSError) as error:
            ui.notify(str(error), type="warning")
        self.state()

    def tell(self) -> None:
        self.findings.clear()
        with self.findings:
            for finding in self.watch.events.get("finding", ()):
                with ui.element("div").classes("finding card"):
                    since = f"<span class='muted'>since round {say(finding.get('since'))}</span>"
                    ui.html(f"<b>{escape(str(finding.get('name', '')))}</b> {since}", sanitize=True)
                    ui.label(str(finding.get("sees", "")))
                    self.advise(str(finding.get("tries", "")))

    def advise(self, tries: str) -> None:
        """What the doctor advises; what names values opens the form of this training with them."""
        from rivals.studio.options import advice, filled

        settings = self.watch.settings
        with ui.element("div").classes("advice"):
            ui.label("Try:")
            for tip, values in advice(tries, settings.get("options") or {}):
                if values and settings.get("recipe"):
                    form = {"into": self.studio.shelf.unused(self.name)} | filled(settings) | values
                    with attributes(ui.element("a"), href=address("/train", **form)):
                        with_flags(tip)
                else:
                    with_flags(tip)

    def samples(self) -> None:
        """Real beside generated, and through time."""
        with ui.element("section").classes("versus"):
            with ui.element("figure"):
                with ui.element("figcaption"):
                    ui.label("Real")
                self.real = ui.element("img").classes("picture").props('alt="Real data"')
            with ui.element("figure"):
                with ui.element("figcaption"):
                    self.when = ui.label("Generated")
                self.stage = ui.element("img").classes("picture").props('alt="Samples"')
                self.through = Through("Samples through time", self.seek, asked=self.at)
                with self.through.row:
                    saves = ui.button(icon="download").props('flat round dense aria-label="Save the samples as a film"')
                    with saves, ui.menu():
                        for form in ("gif", "mp4"):
                            film = address("/film", run=self.name, form=form)
                            ui.menu_item(form.upper(), lambda film=film: ui.download(film))

    def seek(self, round: int) -> None:
        when = time(float(self.frames[round].get("seconds", math.nan)))
        self.when.set_text(f"Generated, round {round:,}, {when}")
        attributes(self.stage, src=address("/picture", run=self.name, round=round), alt=f"Samples of round {round:,}")

    def settings(self) -> None:
        story = self.watch.story()
        heading("Settings", 2)
        if story.command:
            with ui.element("pre").classes("command"):
                ui.label(story.command)
        with ui.element("div").classes("tables"):
            for title, rows in story.table.items():
                with ui.element("div").classes("card"):
                    facts(rows, title)
