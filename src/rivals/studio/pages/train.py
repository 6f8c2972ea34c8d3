"""Start a training: a recipe, data, and a form of its options, made from the recipe itself."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
import types
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from nicegui import ui

from rivals.errors import UserError
from rivals.studio.frame import address, attributes, frame, heading, note

if TYPE_CHECKING:
    from rivals.studio.server import Studio

SHOWN = (  # of how it is trained
    *("data", "rounds", "epochs", "minutes", "seed", "precision", "device", "size", "channels", "fit", "only"),
    *("looks", "score"),
)
MINUTES = 5


def build(studio: Studio) -> None:
    @ui.page("/train")
    def train(recipe: str = "auto", data: str = "digits") -> None:
        with frame("Train", "/train"):
            from rivals.recipes import RECIPES

            Form(studio, recipe if recipe in RECIPES else "auto", data).show()


class Form:
    def __init__(self, studio: Studio, recipe: str, data: str):
        self.studio, self.name, self.data = studio, recipe, data
        self.fields: dict[str, Field] = {}

    def show(self) -> None:
        from rivals.recipes import RECIPES
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
            self.into = ui.input("Folder", value=f"{self.name}-{self.data}").props("dense")
            self.fields |= fields(dataclasses.replace(Training(), data=self.data, minutes=MINUTES), only=SHOWN)
        heading("Options of the recipe", 2)
        with ui.element("div").classes("form"):
            self.fields |= fields(recipe.options)
        with ui.element("div").classes("bar"):
            ui.button("Start", on_click=self.start).props("no-caps unelevated")
            self.says = note("").props('aria-live="polite"')

    def start(self) -> None:
        words = [self.name]
        try:
            for field in self.fields.values():
                words += field.words()
            name = str(self.into.value or "").strip()
            if not re.fullmatch(r"[\w][\w .-]*(/[\w][\w .-]*)*", name):
                raise UserError("name a folder for the run: letters, digits, - and _")
            into = self.studio.shelf.folder / name
            if not into.resolve().is_relative_to(self.studio.shelf.folder):
                raise UserError(f"'{name}' leads out of the folder of runs")
            self.studio.jobs.train(words, into)
        except (UserError, OSError) as error:
            self.says.set_text(str(error))
            return
        self.says.set_text("It starts: a moment")
        ui.timer(0.5, lambda: self.wait(into))

    def wait(self, into: Path) -> None:
        """Go to the run's page as soon as there is a run, or say why there is none."""
        if (into / "settings.json").is_file():
            ui.navigate.to(address("/run", run=into.relative_to(self.studio.shelf.folder).as_posix()))
        elif (why := self.studio.jobs.failed(into)) is not None:
            self.says.set_text(why.splitlines()[-1])


@dataclasses.dataclass
class Field:
    """An option on the page: what it was, and how it is typed."""

    name: str
    default: object
    element: Any

    def words(self) -> list[str]:
        """As on the command line; nothing where it is as it was."""
        value = self.element.value
        value = None if value == "" else value
        if isinstance(self.default, float) and value is not None:
            value = float(value)
        told = typed(self.default)
        if value == self.default or (value is not None and str(value) == told):
            return []
        flag = "--" + self.name.replace("_", "-")
        if isinstance(value, bool):
            return [flag if value else flag.replace("--", "--no-", 1)]
        if value is None:
            return [flag, "None"]
        return [flag, *str(value).replace(",", " ").split()] if isinstance(self.default, tuple) else [flag, str(value)]


def typed(value: object) -> str:
    """
    >>> typed((10, 3)), typed(None), typed(0.5)
    ('10 3', '', '0.5')
    """
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def fields(options: Any, *, only: tuple[str, ...] = ()) -> dict[str, Field]:
    """An element for each option, by its type, with what its docstring says."""
    hints, told = get_type_hints(type(options)), docs(type(options))
    made = {}
    for field in dataclasses.fields(options):
        if only and field.name not in only:
            continue
        value = getattr(options, field.name)
        made[field.name] = Field(field.name, value, element(field.name, value, hints[field.name], told.get(field.name, "")))
    return made


def element(name: str, value: object, hint: object, told: str) -> Any:
    label = name.replace("_", " ")
    choices = choices_of(hint)
    if choices:
        shown = {choice: "by itself" if choice is None else str(choice) for choice in choices}
        made: Any = ui.select(shown, value=value, label=label).props("dense")
    elif isinstance(value, bool):
        with ui.element("div"):
            made = ui.checkbox(label, value=value).props("dense")
            ui.label(told).classes("told")
        return made
    else:
        made = ui.input(label, value=typed(value)).props("dense")
    return attributes(made, hint=told)


def choices_of(hint: object) -> list[object]:
    """The values of a Literal, None among them where it may be None.

    >>> choices_of(Literal["a", "b"] | None), choices_of(int)
    (['a', 'b', None], [])
    """
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        parts = [choices_of(part) for part in get_args(hint) if part is not type(None)]
        if parts and all(parts):
            return [choice for part in parts for choice in part] + ([None] if type(None) in get_args(hint) else [])
    return []


def docs(options: type) -> Mapping[str, str]:
    """What stands below each field of a dataclass and of its bases."""
    found: dict[str, str] = {}
    for base in reversed(options.__mro__):
        if not dataclasses.is_dataclass(base):
            continue
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(body, ast.ClassDef)
        for field, below in zip(body.body, body.body[1:], strict=False):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = inspect.cleandoc(text).replace("\n", " ")
    return found
