"""A game on points, live: draw a distribution, step one turn at a time, change what it is played with while it runs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from nicegui import run as aside
from nicegui import ui
from nicegui.events import MouseEventArguments

from rivals.errors import UserError
from rivals.studio.frame import address, dark, frame, heading, labelled, note, stay
from rivals.studio.png import as_source

if TYPE_CHECKING:
    from rivals.studio.playground import Playground
    from rivals.studio.server import Studio

FRAME = 0.1  # seconds
DRAWN = "what you draw"
QUIET = "no-caps outline"
TELLS = (
    "Green: the data. Pink: what the generator draws, always from the same latents. Blue: where the discriminator says real, "
    "orange: where it says drawn. Arrows: where the generator is told to move what it draws."
)


def build(studio: Studio) -> None:
    @ui.page("/play")
    async def play(points: str = "ring", recipe: str = "gan", seed: int = 0) -> None:
        with frame("Play", "/play"):
            heading("Play")
            ui.label("A whole game that fits into a picture.").classes("lead")
            await ui.context.client.connected()
            waiting = ui.spinner(size="lg")
            await aside.io_bound(prepared)
            stay()
            waiting.delete()
            await Page(points, recipe, seed).show()


def prepared() -> None:
    """Where a thread waits for torch."""
    from rivals.studio.playground import playable

    playable()


class Page:
    def __init__(self, points: str, recipe: str, seed: int):
        from rivals.studio.playground import POINT_SETS, playable

        self.points = points if points in (*POINT_SETS, DRAWN) else "ring"
        self.recipe = recipe if recipe in playable() else "gan"
        self.seed, self.speed, self.playing = seed, 5.0, False
        self.places: list[tuple[float, float]] = []
        self.drawing = self.busy = False
        self.ground: Playground | None = None

    async def show(self) -> None:
        with ui.element("div").classes("split"):
            with ui.element("section").props('aria-label="The plane"'):
                self.stage = ui.interactive_image(on_mouse=self.mouse, events=["mousedown", "mousemove", "mouseup"])
                self.stage.classes("shown").props('role="img" aria-label="The data, and what is drawn of it"')
                self.says = ui.label().props('aria-live="polite"')
                note(TELLS).classes("small")
            with ui.element("section").props('aria-label="Controls"'):
                self.steps()
                self.choices()
                self.live = ui.element("div")
                self.chart = ui.element("div")
                with ui.element("div").classes("bar"):
                    ui.button("SVG", icon="download", on_click=self.save_picture).props("no-caps flat dense")
                    ui.button("CSV", icon="download", on_click=self.save_numbers).props("no-caps flat dense")
        self.dark = await dark()
        self.begin()
        ui.timer(FRAME, self.tick)

    def steps(self) -> None:
        with ui.element("div").classes("bar"):
            self.button = ui.button("Play", icon="play_arrow", on_click=self.toggle).props("no-caps unelevated")
            ui.button("One turn", on_click=self.turn).props(QUIET)
            ui.button("One round", on_click=self.round).props(QUIET)
            ui.button("Begin anew", on_click=self.begin).props(QUIET)
        labelled("Rounds a frame (0: a turn)", partial(setattr, self, "speed"), most=40, step=1, value=self.speed)

    def choices(self) -> None:
        from rivals.studio.playground import POINT_SETS, playable

        with ui.element("div").classes("form"):
            data = ui.select([*POINT_SETS, DRAWN], value=self.points, label="Data").props("dense")
            data.on_value_change(lambda e: self.choose(points=e.value))
            recipe = ui.select(playable(), value=self.recipe, label="Recipe").props("dense")
            recipe.on_value_change(lambda e: self.choose(recipe=e.value))

    def choose(self, *, points: str | None = None, recipe: str | None = None) -> None:
        self.points, self.recipe = points or self.points, recipe or self.recipe
        ui.navigate.history.replace(address("/play", points=self.points, recipe=self.recipe, seed=self.seed))
        self.begin()

    def begin(self) -> None:
        """A new game, with what is chosen."""
        from rivals.studio import playground

        self.stop()
        self.ground = None
        self.live.clear()
        self.chart.clear()
        if self.points == DRAWN and len(self.places) < 2:
            self.says.set_text("Draw where the data is to be: with the mouse, on the picture.")
            self.blank()
            return
        try:
            data = playground.drawn(self.places) if self.points == DRAWN else playground.points(self.points)
            self.ground = playground.Playground(data, self.recipe, seed=self.seed)
        except UserError as error:
            self.says.set_text(str(error))
            self.blank()
            return
        self.controls(self.ground)
        self.draw()

    def controls(self, ground: Playground) -> None:
        """What can be changed while it is played."""
        from rivals.criteria import CRITERIA
        from rivals.games.gan import GAN
        from rivals.recipes.duel import PenaltyName

        game = ground.game
        with self.live:
            if isinstance(game, GAN):
                criterion = next((name for name, each in CRITERIA.items() if each is game.adversarial), None)
                with ui.element("div").classes("form"):
                    chosen = ui.select(list(CRITERIA), value=criterion, label="Criterion").props("dense")
                    chosen.on_value_change(lambda e: self.change(criterion=e.value))
                    penalised = ui.select(list(get_args(PenaltyName)), value=ground.penalised, label="Penalty").props("dense")
                    penalised.on_value_change(lambda e: self.change(penalised=e.value))
            for name, (rate, *_) in ground.trainer.rates.items():
                label = f"log10 of the {name}'s learning rate"
                labelled(label, partial(self.rate, name), least=-5, most=-1, step=0.05, value=math.log10(rate))
        with self.chart:
            self.losses = ui.echart({}, renderer="svg").classes("losses").props('role="img" aria-label="Losses"')

    def rate(self, name: str, power: float) -> None:
        self.change(rates={name: 10**power})

    def change(self, **what: Any) -> None:
        if self.ground is None:
            return
        try:
            self.ground.change(**what)
        except UserError as error:
            ui.notify(str(error), type="warning")
        self.draw()

    def toggle(self) -> None:
        if self.playing:
            self.stop()
        elif self.ground is not None:
            self.playing = True
            self.button.set_text("Pause")
            self.button.props("icon=pause")

    def stop(self) -> None:
        self.playing = False
        self.button.set_text("Play")
        self.button.props("icon=play_arrow")

    async def tick(self) -> None:
        if self.playing:
            await (self.turn() if self.speed < 1 else self.round(int(self.speed)))

    async def turn(self) -> None:
        await self.moved(lambda ground: f"the {ground.turn()} moved")

    async def round(self, rounds: object = 1) -> None:
        await self.moved(lambda ground: ground.play(rounds if isinstance(rounds, int) else 1))

    async def moved(self, move: Callable[[Playground], str | None]) -> None:
        """In a thread: somebody else may be drawing."""
        ground = self.ground
        if ground is None or self.busy:
            return
        self.busy = True
        try:
            says = await aside.io_bound(move, ground)
        except UserError as error:
            self.stop()
            self.says.set_text(str(error))
        else:
            if ground is self.ground:  # no other game has begun meanwhile
                self.draw(says or "")
        finally:
            self.busy = False

    def draw(self, says: str = "") -> None:
        from rivals.report.charts import Curve, Group
        from rivals.studio import plane
        from rivals.studio.curves import options

        ground = self.ground
        if ground is None:
            return
        fake, logits = ground.samples(), ground.surface()
        pull = ground.pull(fake)
        flat = ground.flat
        self.background = plane.surface(logits) if logits is not None and not flat else plane.blank()
        self.content = plane.densities(ground.data, fake, logits, pull) if flat else plane.points(ground.data, fake, pull)
        self.stage.set_source(as_source(self.background))
        self.stage.set_content(self.content)
        self.says.set_text(f"Round {ground.trainer.round:,}" + (f": {says}" if says else ""))
        curves = [
            Curve(name, [float(x) for x, _ in found], [y for _, y in found], slot)
            for slot, (name, found) in enumerate(ground.losses.items())
        ]
        if any(math.isfinite(y) for curve in curves for y in curve.y):
            self.losses.options.update(options(Group("Losses", curves), dark=self.dark))
            self.losses.update()

    def blank(self) -> None:
        from rivals.studio import plane

        self.background, self.content = plane.blank(), ""
        self.stage.set_source(as_source(self.background))
        self.stage.set_content("")

    def mouse(self, event: MouseEventArguments) -> None:
        """Draw one's own data."""
        if self.points != DRAWN:
            return
        from rivals.studio import plane

        if event.type == "mousedown":
            self.drawing, self.places = True, []
            self.blank()
        if self.drawing:
            self.places.append(plane.place(event.image_x, event.image_y))
            self.stage.content += f'<circle cx="{event.image_x:.2f}" cy="{event.image_y:.2f}" r=".6" fill="{plane.REAL}"/>'
        if event.type == "mouseup":
            self.drawing = False
            self.begin()

    def save_picture(self) -> None:
        from rivals.studio import plane

        ui.download.content(plane.alone(self.background, self.content), f"{self.recipe}-{self.points}.svg".replace(" ", "-"))

    def save_numbers(self) -> None:
        if self.ground is None:
            return
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["kind", "x", "y"][: 2 if self.ground.flat else 3])
        for kind, rows in (("real", self.ground.data), ("generated", self.ground.samples())):
            table.writerows([kind, *row] for row in rows.tolist())
        ui.download.content(text.getvalue(), f"{self.recipe}-{self.points}.csv".replace(" ", "-"))
