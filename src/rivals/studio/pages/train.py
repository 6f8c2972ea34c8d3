"""Start a training: a recipe, data, and a form of its options, made from the recipe itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nicegui import ui
from starlette.requests import Request

from rivals.errors import UserError
from rivals.studio.frame import address, attributes, frame, heading, remember

if TYPE_CHECKING:
    from rivals.studio.options import Option
    from rivals.studio.server import Studio

SHOWN = (  # of how it is trained
    *("data", "rounds", "epochs", "minutes", "seed", "precision", "device", "size", "channels", "fit", "only"),
    *("image_key", "caption_key", "attributes", "looks", "score", "rescue"),
)
NAME = re.compile(r"[\w][\w .-]*(/[\w][\w .-]*)*")  # of a run's folder


def build(studio: Studio) -> None:
    @ui.page("/train")
    def train(request: Request, recipe: str = "auto") -> None:
        with frame("Train", "/train"):
            from rivals.recipes import RECIPES

            Form(studio, recipe if recipe in RECIPES else "auto", request.query_params).show()


class Form:
    """given: what is filled in at first, by the options' names, where it is not what is usual; and the folder."""

    def __init__(self, studio: Studio, recipe: str, given: Mapping[str, str]):
        self.studio, self.name, self.given = studio, recipe, given
        self.fields: list[tuple[Option, Any]] = []  # and the element that shows it
        self.clock: ui.timer | None = None

    def show(self) -> None:
        from rivals.recipes import RECIPES
        from rivals.studio.options import options_of, typed
        from rivals.training import Training

        recipe = RECIPES[self.name]
        heading("Train")
        choice = ui.select(list(RECIPES), value=self.name, label="Recipe", with_input=True).props("outlined dense")
        choice.classes("grow").on_value_change(lambda e: ui.navigate.to(address("/train", recipe=e.value or self.name)))
        first, *rest = recipe.doc.split("\n\n")
        ui.label(first.replace("\n", " ")).classes("lead")
        ui.label(recipe.paper).classes("muted small")
        for text in rest:
            ui.label(text.replace("\n", " ")).classes("muted small")
        heading("How", 2)
        with ui.element("div").classes("form"):
            known = options_of(Training())
            data = self.given.get("data", typed(known["data"].usual))
            name = self.given.get("into") or self.studio.shelf.unused(f"{self.name}-{Path(data).name.split('.')[0]}")
            self.into = ui.input("Folder", value=name).props("dense")
            self.add({name: known[name] for name in SHOWN})
        heading("Options of the recipe", 2)
        with ui.element("div").classes("form"):
            self.add(options_of(recipe.options))
        with ui.element("div").classes("bar"):
            ui.button("Start", on_click=self.start).props("no-caps unelevated")
            self.says = ui.label().props('aria-live="polite"')
        remember(self.here)

    def add(self, options: Mapping[str, Option]) -> None:
        for name, option in options.items():
            value = option.read(self.given[name]) if name in self.given else option.usual
            self.fields.append((option, element(option, value)))

    def here(self) -> str:
        from rivals.studio.options import typed

        said = {option.name: (typed(field.value), typed(option.usual)) for option, field in self.fields}
        further = {name: now for name, (now, usual) in said.items() if now != usual}
        return address("/train", recipe=self.name, into=str(self.into.value or ""), **further)

    def start(self) -> None:
        if self.clock is not None:
            self.clock.cancel()
        try:
            words = [self.name, *(word for option, field in self.fields for word in option.words(field.value))]
            name = str(self.into.value or "").strip()
            if not NAME.fullmatch(name):
                raise UserError("name a folder for the run: letters, digits, - and _")
            into = self.studio.shelf.folder / name
            if not into.resolve().is_relative_to(self.studio.shelf.folder):
                raise UserError(f"'{name}' leads out of the folder of runs")
            self.studio.jobs.train(words, into)
        except (UserError, OSError) as error:
            self.tell(str(error), wrong=True)
            return
        self.tell("It starts: a moment")
        self.clock = ui.timer(0.5, lambda: self.wait(into))

    def tell(self, says: str, *, wrong: bool = False) -> None:
        self.says.set_text(says)
        self.says.classes(replace="warn" if wrong else "muted")

    def wait(self, into: Path) -> None:
        """Go to the run's page as soon as it trains, or say why it does not."""
        if (why := self.studio.jobs.failed(into)) is not None:
            self.tell(why.splitlines()[-1].removeprefix("rivals: "), wrong=True)
        elif (into / "settings.json").is_file():
            ui.navigate.to(address("/run", run=into.relative_to(self.studio.shelf.folder).as_posix()))
        else:
            return
        assert self.clock is not None
        self.clock.cancel()


def element(option: Option, value: object) -> Any:
    """By its type, with what it means."""
    from rivals.studio.options import typed

    label = option.name.replace("_", " ")
    if isinstance(option.usual, bool):
        with ui.element("div"):
            made: Any = ui.checkbox(label, value=bool(value)).props("dense")
            ui.label(option.told).classes("told")
        return made
    if option.choices:
        shown = {choice: "by itself" if choice is None else str(choice) for choice in option.choices}
        made = ui.select(shown, value=value, label=label).props("dense")
    else:
        made = ui.input(label, value=typed(value)).props("dense")
    return attributes(made, hint=option.told)
