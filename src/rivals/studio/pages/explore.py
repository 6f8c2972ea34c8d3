"""The latent space of a run: its samples, ways between them, directions, arithmetic, and pictures brought back into it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import PIL.Image
import PIL.ImageDraw
from nicegui import run as aside
from nicegui import ui
from nicegui.events import MouseEventArguments, UploadEventArguments

from rivals.errors import UserError
from rivals.studio.frame import Slider, address, attributes, frame, heading, labelled, listed, note, opened, remember, shown
from rivals.studio.guard import UPLOAD
from rivals.studio.names import Names
from rivals.studio.png import as_source

if TYPE_CHECKING:
    from rivals.studio.explorer import Explorer
    from rivals.studio.server import Studio
    from rivals.studio.shelf import Glance

ROLES = {"here": "Open", "these": "These", "those": "\N{MINUS SIGN} those", "that": "+ that", "ends": "Ends of a way"}
FOUND = {"factorised": "in the first layer's weights", "principal": "in its activations"}
WAY = "Choose two ends of a way, and go along it."
QUIET = "no-caps flat dense"
OFFERED = 12  # runs
BRUSH = 0.05  # of the picture's side
COLOURS = {"#ffffff": "white", "#000000": "black", "#d55e00": "red", "#0072b2": "blue", "#009e73": "green", "#f0e442": "yellow"}


def build(studio: Studio) -> None:
    @ui.page("/explore")
    async def explore(
        run: str = "",
        seed: int = 0,
        only: str = "",
        has: str | None = None,
        finder: str = "",
        at: str = "",
        moves: str = "",
        psi: float = 1.0,
    ) -> None:
        with frame("Explore", "/explore"):
            glances = studio.shelf.refresh()
            known = [glance.name for glance in glances]
            heading("Explore")
            choice = ui.select(known, value=run if run in known else None, label="Run").props("outlined dense").classes("grow")
            choice.on_value_change(lambda e: ui.navigate.to(address("/explore", run=e.value)))
            if not run:
                note("Choose a run that draws pictures.").classes("lead")
                offered(glances)
                return
            asked = Asked(seed, only, has, finder, at, listed(moves), psi if 0 <= psi <= 1 else 1.0)
            explorer = await opened(lambda: explorer_of(studio.shelf.path(run), asked))
            if explorer is not None:
                Page(explorer, run).show()


def offered(glances: Sequence[Glance]) -> None:
    """The newest runs that draw pictures, each with what it drew last."""
    drawn = [(glance.name, round) for glance in glances if glance.pictures and (round := glance.drawn_last) is not None]
    with ui.element("div").classes("offers"):
        for name, round in drawn[:OFFERED]:
            with attributes(ui.element("a"), href=address("/explore", run=name)):
                ui.label(name)
                attributes(ui.element("img").classes("picture"), src=address("/picture", run=name, round=round), alt="")


class Asked(NamedTuple):
    """Where a visitor wants to stand, as an address has it: it may say anything."""

    seed: int
    only: str
    has: str | None
    finder: str
    at: str
    moves: list[float]
    psi: float


def explorer_of(path: Path, asked: Asked) -> Explorer:
    from rivals.studio.explorer import Explorer  # here, where a thread waits for torch

    explorer = Explorer(path, seed=asked.seed)
    explorer.finder = asked.finder if asked.finder in FOUND else explorer.finder
    explorer.psi = asked.psi
    with suppress(UserError):
        if asked.only:
            explorer.ask(asked.only)
    with suppress(UserError):
        if asked.at:
            explorer.go(asked.at)
    with suppress(UserError):
        if asked.has is not None:
            explorer.become([name for name in asked.has.split(",") if name])
    with suppress(UserError):  # a game without any is explored without
        for k, by in zip(range(len(explorer.directions)), asked.moves, strict=False):
            explorer.move(k, by)
    explorer.picture()
    return explorer


class Page:
    def __init__(self, explorer: Explorer, name: str):
        self.explorer, self.name = explorer, name
        self.chosen: dict[str, list[int]] = {role: [] for role in ROLES}
        self.strokes: list[tuple[float, float]] = []
        self.painting = False

    def show(self) -> None:
        with ui.element("div").classes("split"):
            with ui.element("section").props('aria-label="The picture"'):
                self.picture()
                with ui.element("div").classes("second"):
                    self.directions()
            with ui.element("section").props('aria-label="Samples"'):
                self.choices()
                self.sheet = ui.element("div").classes("sheet")
                with ui.element("div").classes("third"):
                    self.ways()
                    self.pictures_of_yours()
        self.samples()
        self.draw(self.standing())
        remember(self.here)

    def here(self) -> str:
        explorer = self.explorer
        further = {
            "only": explorer.only,
            "has": None if explorer.became is None else ",".join(explorer.became),
            "finder": explorer.finder if explorer.finder != next(iter(FOUND)) else "",
            "at": explorer.at if explorer.at != "0" else "",
            "moves": ",".join(f"{by:g}" for by in explorer.moves) if any(explorer.moves) else "",
            "psi": f"{explorer.psi:g}" if explorer.psi != 1 else "",
        }
        given = {name: value for name, value in further.items() if value or (name == "has" and value is not None)}
        return address("/explore", run=self.name, seed=explorer.seed, **given)

    def picture(self) -> None:
        self.stage = ui.interactive_image(on_mouse=self.mouse, events=["mousedown", "mousemove", "mouseup"])
        self.stage.classes("shown pixels").props('role="img" aria-label="The picture where you stand"')
        self.says = ui.label().classes("muted small says").props('aria-live="polite"')
        with ui.element("div").classes("bar"):
            ui.button("Save", icon="download", on_click=self.save).props(QUIET)
            ui.button("Nearest training pictures", on_click=self.nearest).props(QUIET)
        self.having()
        self.neighbours = ui.element("div").classes("strip")

    def having(self) -> None:
        """What this one was asked for, which may be changed while its noise stays."""
        self.has: ui.select | None = None
        now = self.explorer.has
        if now is None:
            return
        if self.explorer.by_attributes:
            self.has = Names(self.explorer.names, now, "This one has", self.become)
        else:
            self.has = ui.select(self.explorer.names, value=next(iter(now), None), label="This one is")
            self.has.props("dense outlined").on_value_change(lambda e: self.become([e.value] if e.value else []))

    def become(self, names: Sequence[str]) -> None:
        if sorted(names) == sorted(self.explorer.has or []):
            return  # it was told, not chosen
        self.explorer.become(names)
        self.draw(f"{self.standing()}, changed")

    def standing(self) -> str:
        """How one came here."""
        at = self.explorer.at
        return f"Sample {at}" if at.isdigit() else at or "A picture of yours"

    def directions(self) -> None:
        from rivals.studio.explorer import REACH

        heading("Directions", 2)
        with ui.element("div").classes("bar"):
            found = ui.select(FOUND, value=self.explorer.finder, label="Found").props("dense").classes("grow")
            found.on_value_change(lambda e: self.find(e.value))
            ui.button("Reset", on_click=self.back).props(QUIET)
        self.sliders = []
        for k in range(self.explorer.ways):
            by = self.explorer.moves[k]
            slider = labelled(f"Direction {k + 1}", partial(self.move, k), least=-REACH, most=REACH, step=0.05, value=by)
            self.sliders.append(slider)
        self.psi = labelled("Truncation", self.truncate, most=1, step=0.01, value=self.explorer.psi)

    def choices(self) -> None:
        with ui.element("div").classes("bar"):
            self.asking()
            seed = ui.number("Seed", value=self.explorer.seed, min=0, precision=0).props("dense outlined")
            seed.on_value_change(lambda e: self.again(e.value))
        with ui.element("div").classes("bar"):
            ui.label("A click on a sample:").classes("muted small")
            self.role = ui.toggle(ROLES, value="here").props('no-caps aria-label="What a click on a sample means"')

    def asking(self) -> None:
        """For what the game draws on demand, where it does."""
        explorer = self.explorer
        if explorer.by_text:
            text = ui.input("Ask for", value=explorer.only, placeholder="words of its captions", autocomplete=explorer.names)
            text.props("dense outlined clearable").classes("grow")
            text.on("keydown.enter", lambda: self.ask(text.value or ""))
            text.on("clear", lambda: self.ask(""))
        elif explorer.by_attributes:
            asked = [name for name in explorer.names if name in explorer.only.split(",")]
            Names(explorer.names, asked, "Ask for", lambda names: self.ask(",".join(names)))
        elif explorer.names:
            wanted = {"": "anything"} | {name: name for name in explorer.names}
            one = ui.select(wanted, value=explorer.only if explorer.only in wanted else "", label="Ask for")
            one.props("dense outlined").on_value_change(lambda e: self.ask(e.value))

    def ways(self) -> None:
        with ui.element("div").classes("bar"):
            self.formula = ui.input("Arithmetic of samples", placeholder="3,5 - 1 + 4").props("dense outlined")
            self.formula.classes("grow").on("keydown.enter", self.calculate)
            ui.button("Go", on_click=self.calculate).props("no-caps outline")
        with ui.element("div").classes("bar"):
            self.way = note(WAY).classes("small")
            Slider("Along the way", self.go_along, most=1, step=0.01, value=0)
            for form in ("gif", "mp4"):
                ui.button(form.upper(), icon="download", on_click=partial(self.film, form)).props(QUIET)

    def pictures_of_yours(self) -> None:
        heading("A picture of yours", 2)
        note("It is looked for in the latent space: a few seconds. Then move it by the directions.").classes("small")
        loads = ui.upload(label="Upload a picture", auto_upload=True, max_file_size=UPLOAD, on_upload=self.upload)
        loads.props('accept="image/*" flat bordered')
        heading("Paint", 2)
        note("Draw on the picture; the nearest picture that has what you drew takes its place.").classes("small")
        with ui.element("div").classes("bar"):
            self.brush = ui.select(COLOURS, value="#ffffff", label="Colour").props("dense outlined")
            ui.button("Apply", on_click=self.paint).props("no-caps outline")
            ui.button("Clear", on_click=self.clear).props(QUIET)

    def draw(self, says: str = "") -> None:
        """What stands here now. says: how one came here; "": as before."""
        self.stage.set_source(as_source(self.explorer.picture()))
        if says:
            self.says.set_text(says)
        if self.has is not None and (now := self.explorer.has) is not None:
            self.has.set_value(now if self.explorer.by_attributes else next(iter(now), None))
        self.mark()

    def samples(self) -> None:
        self.sheet.clear()
        self.buttons = []
        with self.sheet:
            for number, png in enumerate(self.explorer.sheet()):
                button = ui.element("button").props(f'type="button" aria-label="Sample {number}" data-number="{number}"')
                with button.on("click", partial(self.choose, number)):
                    shown(png, "")
                self.buttons.append(button)

    def mark(self) -> None:
        """Show which samples are chosen, and for what."""
        marks = {int(self.explorer.at): "here"} if self.explorer.at.isdigit() else {}
        marks |= {number: role for role, numbers in self.chosen.items() for number in numbers}
        for number, button in enumerate(self.buttons):
            button.classes(replace=marks.get(number, ""))

    async def tried(self, what: Callable[[], object]) -> bool:
        """Whether it could be done, in a thread; else what is wrong is told."""
        try:
            await aside.io_bound(what)
        except UserError as error:
            ui.notify(str(error), type="warning")
            return False
        return True

    def reset(self) -> None:
        for slider in self.sliders:
            slider.put(0)

    def move(self, k: int, value: float) -> None:
        try:
            self.explorer.move(k, value)
        except UserError as error:
            ui.notify(str(error), type="warning")
        else:
            self.draw()

    def back(self) -> None:
        """As the sample was drawn, or the picture found."""
        explorer = self.explorer
        explorer.psi = 1.0
        if explorer.at:
            explorer.go(explorer.at)
        else:
            explorer.stand(explorer.z)
        self.reset()
        self.psi.put(1.0)
        self.draw(self.standing())

    async def find(self, finder: str) -> None:
        self.explorer.finder = finder
        self.explorer.moves = [0.0] * len(self.explorer.moves)
        self.reset()
        await self.tried(lambda: self.explorer.directions)
        self.draw()

    def truncate(self, psi: float) -> None:
        self.explorer.psi = psi
        self.draw()

    async def again(self, seed: float | None) -> None:
        if seed is not None and await self.tried(lambda: self.explorer.again(int(seed))):
            self.anew()

    async def ask(self, only: str) -> None:
        if await self.tried(lambda: self.explorer.ask(only)):
            self.anew()
            if self.explorer.told:
                ui.notify(self.explorer.told)

    def anew(self) -> None:
        self.chosen = {role: [] for role in ROLES}
        self.formula.set_value("")
        self.way.set_text(WAY)
        self.reset()
        self.samples()
        self.draw(self.standing())

    def choose(self, number: int) -> None:
        role = str(self.role.value)
        if role == "here":
            self.explorer.go(str(number))
            self.reset()
            self.draw(f"Sample {number}")
            return
        for numbers in self.chosen.values():
            if number in numbers:
                numbers.remove(number)
                break
        else:
            self.chosen[role].append(number)
            self.chosen["ends"] = self.chosen["ends"][-2:]
        from rivals.studio.explorer import formula

        self.formula.set_value(formula(*(self.chosen[role] for role in ("these", "those", "that"))))
        if len(self.chosen["ends"]) == 2:
            self.way.set_text("From sample {} to sample {}".format(*self.chosen["ends"]))
        self.mark()

    def calculate(self) -> None:
        try:
            self.explorer.go(str(self.formula.value))
        except UserError as error:
            ui.notify(str(error), type="warning")
        else:
            self.reset()
            self.draw(str(self.formula.value))

    def go_along(self, share: float) -> None:
        if len(self.chosen["ends"]) == 2:
            a, b = self.chosen["ends"]
            self.explorer.go(f"{a}~{b}@{share:.2f}")
            self.reset()
            self.draw(f"{share:.0%} of the way from sample {a} to sample {b}")

    async def film(self, form: str) -> None:
        if len(self.chosen["ends"]) != 2:
            ui.notify("Choose two ends of a way first", type="warning")
            return
        with TemporaryDirectory() as place:
            out = Path(place) / f"way.{form}"
            a, b = self.chosen["ends"]
            if not await self.tried(lambda: self.explorer.film(a, b, out)):
                return
            ui.download.content(out.read_bytes(), f"{Path(self.name).name}-way.{form}")

    def save(self) -> None:
        """As large as one can see, under a name that tells what it is."""
        asked = [self.explorer.only] if self.explorer.became is None else self.explorer.became
        told = [Path(self.name).name, *asked, self.explorer.at]
        name = re.sub(r"[^\w]+", "-", "-".join(filter(None, told))).strip("-")
        ui.download.content(self.explorer.enlarged(), f"{name}.png")

    async def nearest(self) -> None:
        try:
            found = await aside.io_bound(self.explorer.nearest)
        except UserError as error:
            ui.notify(str(error), type="warning")
            return
        self.neighbours.clear()
        with self.neighbours:
            for png in found or ():
                shown(png, "A training picture near to it")

    async def upload(self, event: UploadEventArguments) -> None:
        content = await event.file.read()
        event.sender.reset()  # type: ignore[attr-defined]
        await self.later(lambda: self.explorer.invert(content), "Found, with a mean squared error of {:.4f} a pixel")

    async def later(self, what: Callable[[], object], says: str) -> None:
        """Something that takes seconds, beside the page."""
        self.says.set_text("One moment ...")
        try:
            found = await aside.io_bound(what)
        except UserError as error:
            self.says.set_text(str(error))
            return
        self.reset()
        self.psi.put(self.explorer.psi)
        self.draw(says.format(found))

    def mouse(self, event: MouseEventArguments) -> None:
        if event.type == "mousedown":
            self.painting = True
        elif event.type == "mouseup":
            self.painting = False
        if self.painting:
            side, x, y = self.explorer.shape[2], event.image_x, event.image_y
            self.strokes.append((x, y))
            self.stage.content += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{BRUSH * side:.2f}" fill="{self.brush.value}"/>'

    def clear(self) -> None:
        self.strokes = []
        self.stage.set_content("")

    async def paint(self) -> None:
        picture = PIL.Image.open(io.BytesIO(self.explorer.picture())).convert("RGB")
        pen = PIL.ImageDraw.Draw(picture)
        r = BRUSH * picture.width
        for x, y in self.strokes:
            pen.ellipse((x - r, y - r, x + r, y + r), fill=str(self.brush.value))
        file = io.BytesIO()
        picture.save(file, "png")
        self.clear()
        await self.later(lambda: self.explorer.paint(file.getvalue()), "Painted")
