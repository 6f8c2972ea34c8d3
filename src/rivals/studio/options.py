"""A recipe's options as a form shows them, and as the command line is told them. Nothing here is of the page."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from rivals.errors import UserError
from rivals.recipes import find
from rivals.recipes.core import Recipe, flag
from rivals.training import Training

NOT_OPTIONS = ("source", "fingerprint")  # of a run's settings of its data


@dataclasses.dataclass(frozen=True)
class Option:
    """One option: what it is by default, what it may be, what it means."""

    name: str
    usual: object
    optional: bool  # whether it may be None
    choices: tuple[object, ...]  # (): anything
    told: str

    def read(self, text: str) -> object:
        """What an address says of it, as a form has it: the value of a switch or a choice, else the text."""
        if isinstance(self.usual, bool):
            return text == str(True)
        if self.choices:
            return next((choice for choice in self.choices if typed(choice) == text), self.usual)
        return text

    def words(self, shown: object) -> list[str]:
        """What is typed for it; nothing where it is as usual. shown: a value, or its text."""
        if isinstance(self.usual, bool):
            return [] if bool(shown) == self.usual else [flag(self.name) if shown else flag(f"no_{self.name}")]
        text = typed(shown).strip()
        if text == typed(self.usual):
            return []
        if not text and not isinstance(self.usual, tuple):
            if not self.optional:
                raise UserError(f"{flag(self.name)} takes a value")
            return [f"{flag(self.name)}=None"]
        parts = text.replace(",", " ").split()
        if isinstance(self.usual, tuple) or (len(parts) > 1 and all(re.fullmatch(r"[\d.]+", part) for part in parts)):
            if any(part.startswith("-") for part in parts):
                raise UserError(f"{flag(self.name)} takes values, not {text}")
            return [flag(self.name), *parts]
        return [f"{flag(self.name)}={text}"]


def options_of(values: Any) -> dict[str, Option]:
    """Those of a dataclass, by name."""
    hints, told = get_type_hints(type(values)), docs(type(values))
    return {
        field.name: Option(
            field.name,
            getattr(values, field.name),
            type(None) in get_args(hints[field.name]),
            tuple(choices_of(hints[field.name])),
            told.get(field.name, ""),
        )
        for field in dataclasses.fields(values)
    }


def filled(settings: Mapping[str, Any]) -> dict[str, str]:
    """What the form of a training is to show for a run's, by the options' names: its recipe, and what differs from what is
    usual."""
    recipe = find(str(settings["recipe"]))
    found = {"recipe": recipe.name}
    for values, known in given(settings, recipe):
        now = {name: typed(value) for name, value in values.items() if name in known}
        found |= {name: text for name, text in now.items() if text != typed(known[name].usual)}
    return found


def given(settings: Mapping[str, Any], recipe: Recipe) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Option]]]:
    """What a run was given, by the options' names, and these options: of its training, and of its recipe."""
    told = {name: value for name, value in settings["data"].items() if name not in NOT_OPTIONS}
    told |= {"data": settings["data"]["source"], **{name: settings[name] for name in ("seed", "precision")}}
    yield told | settings["score"] | settings["watch"] | settings["budget"], options_of(Training())
    yield settings["options"], options_of(recipe.options)


def advice(tries: str, options: Mapping[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """The doctor's "Try A, B, or C.", without what a run of these options does already; each with the options that it names, by
    name, where it says no more than their values.

    >>> options = {"critic_turns": 1, "penalty": "none", "norm_d": None}
    >>> advice("Try --penalty r1 --norm-d none, a lower --lr-d, or --critic-turns 1.", options)
    [('--penalty r1 --norm-d none', {'penalty': 'r1', 'norm_d': 'none'}), ('a lower --lr-d', {})]
    """
    found: list[tuple[str, dict[str, str]]] = []
    for tip in re.split(r", (?:or )?", tries.removeprefix("Try ").removesuffix(".")):
        named = {name.replace("-", "_"): value for name, value in re.findall(r"--([\w-]+) ([\w.+]+)", tip)}
        if not re.fullmatch(r"(--[\w-]+ [\w.+]+ ?)+", tip):
            found.append((tip, {}))
        elif all(name in options for name in named) and any(typed(options[name]) != value for name, value in named.items()):
            found.append((tip, named))
    return found


def continued(settings: Mapping[str, Any]) -> list[str]:
    """What is typed to go on with a run: its recipe, and what differs from the defaults. Raises `UserError` for a game that no
    recipe made."""
    if not settings.get("recipe"):
        raise UserError("this run is of a game that no recipe made: go on with it from Python")
    recipe = find(str(settings["recipe"]))
    words = [recipe.name]
    for values, known in given(settings, recipe):
        for name, value in values.items():
            if name in known:
                words += known[name].words(value)
    return words


def typed(value: object) -> str:
    """
    >>> typed((10, 3)), typed(None), typed(0.5)
    ('10 3', '', '0.5')
    """
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


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
