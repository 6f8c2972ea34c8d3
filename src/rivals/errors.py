"""The one exception for what a user can put right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")


class UserError(ValueError):
    """Wrong input that the user can put right.

    The message is one line and says what to do. The command line prints it and exits with code 2; from Python it is an
    ordinary `ValueError`.
    """


class NoTestPart(UserError):
    """The data has training rows alone."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UserError:
    """An error that names the nearest known name.

    >>> print(unknown("recipe", "wgna", ["wgan", "vae"]))
    unknown recipe 'wgna': did you mean 'wgan'? There are: vae, wgan
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return UserError(f"unknown {kind} '{name}': {hint}There are: {', '.join(names)}")


def pick(kind: str, table: Mapping[str, T], name: str) -> T:
    """table[name], or the error that names the nearest.

    >>> pick("number", {"one": 1, "two": 2}, "two")
    2
    """
    if name not in table:
        raise unknown(kind, name, table)
    return table[name]
