"""A game on points, live: draw a distribution, step one turn at a time, change what it is played with while it runs."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast, get_args

from nicegui import run as aside
from nicegui import ui
from nicegui.events import MouseEventArguments

from rivals.errors import UserError
from rivals.studio.frame import Slider, address, dark, frame, heading, labelled, listed, note, remember, stay
from rivals.studio.stage import TELLS, TELLS_FLAT, Stage
from rivals.studio.tables import as_csv

if TYPE_CHECKING:
    from rivals.recipes.duel import PenaltyName
    from rivals.studio.plane import Drawing
    from rivals.studio.playground import Playground
    from rivals.studio.server import Studio

FRAME = 0.1  # seconds
MOST = 300  # frames of a film
PLACES = 100  # that were drawn with the mouse, of those that an address holds
DRAWN = "what you draw"
QUIET = "no-caps outline"


def build(studio: Studio) -> None:
    @ui.page("/play")
    async def play(
        points: str = "ring",
        recipe: str = "auto",
        seed: int = 0,
        criterion: str = "",
        penalty: str = "",
        rates: str = "",
        places: str = "",
    ) -> None:
        with frame("Play", "/play"):
            heading("Play")
            ui.label("A whole game that fits into a picture.").classes("lead")
            await ui.context.client.connected()
            waiting = ui.spinner(size="lg")
            await aside.io_bound(prepared)
            stay()
            waiting.delete()
            asked = Asked(points, recipe, seed, criterion, penalty, listed(rates), paired(listed(places)))
            await Page(asked.known()).show()


def prepared() -> None:
    """Where a thread waits for torch."""
    from rivals.studio.playground import playable

    playable()


@dataclass
class Asked:
    """What is played, as the page's address has it."""

    points: str
    recipe: str
    seed: int
    criterion: str = ""  # "": the recipe's, as with the penalty
    penalty: str = ""
    rates: list[float] = field(default_factory=list)  # powers of ten, of the players in their order; none: the recipe's
    places: list[tuple[float, float]] = field(default_factory=list)  # that were drawn

    def known(self) -> Asked:
        """Without what there is not: an address may say anything."""
        from rivals.criteria import CRITERIA
        from rivals.recipes.duel import PenaltyName
        from rivals.studio.playground import POINT_SETS, playable

        self.points = self.points if self.points in (*POINT_SETS, DRAWN) else "ring"
        self.recipe = self.recipe if self.recipe in playable() else "auto"
        self.criterion = self.criterion if self.criterion in CRITERIA else ""
        self.penalty = self.penalty if self.penalty in get_args(PenaltyName) else ""
        return self

    def address(self) -> str:
        places = self.places[:: max(1, -(-len(self.places) // PLACES))] if self.points == DRAWN else []
        further = {
            "criterion": self.criterion,
            "penalty": self.penalty,
            "rates": ",".join(f"{rate:g}" for rate in self.rates),
            "places": ",".join(f"{x:.2f}" for place in places for x in place),
        }
        given = {name: value for name, value in further.items() if value}
        return address("/play", points=self.points, recipe=self.recipe, seed=self.seed, **given)


def rate_of(name: str, rate: float) -> str:
    """
    >>> rate_of("generator", 0.0003162)
    "generator's learning rate: 0.00032"
    """
    return f"{name}'s learning rate: {rate:.2g}"


def paired(numbers: list[float]) -> list[tuple[float, float]]:
    return list(zip(numbers[::2], numbers[1::2], strict=False))


class Page:
    def __init__(self, asked: Asked):
        self.asked = asked
        self.speed, self.playing = 5.0, False
        self.drawing = self.busy = False
        self.ground: Playground | None = None
        self.past: deque[Drawing] = deque(maxlen=MOST)

    async def show(self) -> None:
        with ui.element("div").classes("split"):
            with ui.element("section").props('aria-label="The plane"'):
                self.stage = Stage(lambda: list(self.past), name=self.name, mouse=self.mouse)
                with ui.element("div").classes("bar"):
                    self.says = ui.label().props('aria-live="polite"')
                    self.stage.saves()
                self.tells = note("").classes("small")
            with ui.element("section").props('aria-label="Controls"'):
                self.steps()
                self.choices()
                self.live = ui.element("div")
                self.chart = ui.element("div")
                self.saves = ui.button("The points as CSV", icon="download", on_click=self.save_numbers)
                self.saves.props("no-caps flat dense")
        self.dark = await dark()
        self.begin()
        ui.timer(FRAME, self.tick)
        remember(lambda: self.asked.address())

    def name(self) -> str:
        return f"{self.asked.recipe}-{self.asked.points}"

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
            data = ui.select([*POINT_SETS, DRAWN], value=self.asked.points, label="Data").props("dense")
            data.on_value_change(lambda e: self.choose(points=e.value))
            recipe = ui.select(playable(), value=self.asked.recipe, label="Recipe").props("dense")
            recipe.on_value_change(lambda e: self.choose(recipe=e.value))

    def choose(self, *, points: str | None = None, recipe: str | None = None) -> None:
        """Another game, as its recipe has it."""
        asked = self.asked
        self.asked = Asked(points or asked.points, recipe or asked.recipe, asked.seed, places=asked.places)
        self.begin()

    def begin(self) -> None:
        """A new game, with what is chosen."""
        from rivals.studio import playground

        self.stop()
        self.ground = None
        self.saves.set_visibility(False)
        self.live.clear()
        self.chart.clear()
        self.past.clear()
        asked = self.asked
        if asked.points == DRAWN and len(asked.places) < 2:
            self.blank("Draw where the data is to be: with the mouse, on the picture.")
            return
        try:
            data = playground.drawn(asked.places) if asked.points == DRAWN else playground.points(asked.points)
            ground = playground.Playground(data, asked.recipe, seed=asked.seed)
            rates = {name: 10**rate for name, rate in zip(ground.trainer.rates, asked.rates, strict=False)}
            penalised = cast("PenaltyName | None", asked.penalty or None)
            ground.change(rates=rates, criterion=asked.criterion or None, penalised=penalised)
        except UserError as error:
            self.blank(str(error))
            return
        self.ground = ground
        self.saves.set_visibility(True)
        self.tells.set_text(TELLS_FLAT if ground.scene.flat else TELLS)
        self.controls(ground)
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
                with ui.element("label").classes("move rate"):
                    says = ui.label(rate_of(name, rate))
                    change = partial(self.rate, name, says)
                    label = f"Learning rate of the {name}, as a power of ten"
                    Slider(label, change, least=-5, most=-1, step=0.05, value=math.log10(rate))
        with self.chart:
            self.losses = ui.echart({}, renderer="svg").classes("losses").props('role="img" aria-label="Losses"')

    def rate(self, name: str, says: ui.label, power: float) -> None:
        self.change(rates={name: 10**power})
        says.set_text(rate_of(name, 10**power))
        if self.ground is not None:
            self.asked.rates = [round(math.log10(rate), 2) for rate, *_ in self.ground.trainer.rates.values()]

    def change(self, **what: Any) -> None:
        if self.ground is None:
            return
        try:
            self.ground.change(**what)
        except UserError as error:
            ui.notify(str(error), type="warning")
        else:
            self.asked.criterion = what.get("criterion", self.asked.criterion)
            self.asked.penalty = what.get("penalised", self.asked.penalty)
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
        self.past.append(plane.draw(ground.scene))
        self.stage.put(self.past[-1], f"The data, and what is drawn of it in round {ground.trainer.round:,}")
        self.says.set_text(f"Round {ground.trainer.round:,}" + (f": {says}" if says else ""))
        curves = [
            Curve(name, [float(x) for x, _ in found], [y for _, y in found], slot)
            for slot, (name, found) in enumerate(ground.losses.items())
        ]
        if any(math.isfinite(y) for curve in curves for y in curve.y):
            self.losses.options.update(options(Group("Losses", curves), dark=self.dark))
            self.losses.update()

    def blank(self, says: str) -> None:
        from rivals.studio.plane import Drawing

        self.says.set_text(says)
        self.tells.set_text("")
        self.stage.put(Drawing(), "Nothing yet")

    def mouse(self, event: MouseEventArguments) -> None:
        """Draw one's own data."""
        if self.asked.points != DRAWN:
            return
        from rivals.studio.plane import REAL
        from rivals.studio.playground import VIEW

        if event.type == "mousedown":
            self.drawing, self.asked.places = True, []
            self.blank("")
        if self.drawing:
            self.asked.places.append(VIEW.place(event.image_x, event.image_y))
            dot = f'<circle cx="{event.image_x:.2f}" cy="{event.image_y:.2f}" r=".6" fill="{REAL}"/>'
            self.stage.image.content += dot
        if event.type == "mouseup":
            self.drawing = False
            self.begin()

    def save_numbers(self) -> None:
        if self.ground is None:
            return
        scene = self.ground.scene
        both = (("real", scene.data), ("generated", scene.samples()))
        rows = [[kind, *row] for kind, points in both for row in points.tolist()]
        content = as_csv(["kind", "x", "y"][: 2 if scene.flat else 3], rows)
        ui.download.content(content, f"{self.name()}.csv".replace(" ", "-"))
