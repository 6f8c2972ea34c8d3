"""Numbers and names as a reader wants them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from rivals.log import number

Along = Literal["round", "image", "minute"]  # what curves are drawn against
ALONG: Mapping[Along, str] = {"round": "rounds", "image": "images", "minute": "minutes"}
NOTHING = "\N{EN DASH}"  # in the place of a number or setting that is not there


def say(value: object) -> str:
    """
    >>> say(12800), say(1234.5), say(12.3456), say(0.00012345), say(float("nan"))
    ('12,800', '1,234', '12.35', '0.0001234', '–')
    """
    found = number(value)
    if not math.isfinite(found):
        return NOTHING
    return f"{found:,.0f}" if abs(found) >= 1000 or found == int(found) else f"{found:.4g}"


def spell(name: str) -> str:
    """
    >>> spell("fd"), spell("dead_units")
    ('Fréchet distance', 'Dead units')
    """
    full = {"fd": "Fréchet distance", "kid": "kernel distance", "is": "Inception score", "ms-ssim": "MS-SSIM"}.get(name, name)
    return full[:1].upper() + full[1:].replace("_", " ")


MEANINGS = {
    "fd": "The Fréchet distance says how far samples are from real things, by means and covariances of features; 0: as real.",
    "kid": "The kernel distance says how far samples are from real things, by a kernel on features; 0: as real.",
    "is": "The Inception score is high where each sample is surely of one class, and all classes are drawn.",
    "precision": "Precision is the share of samples that lie among real things; 1: all.",
    "recall": "Recall is the share of real things that lie among samples; 1: all.",
    "coverage": "Coverage is the share of real things that have a sample near by; 1: all.",
}


def meaning(score: str) -> str:
    """What a score says, in a sentence; "" where nobody has written one."""
    return MEANINGS.get(score, "")


def time(seconds: float) -> str:
    """
    >>> time(12.34), time(588), time(600), time(7980)
    ('12.3 s', '9.8 minutes', '10 minutes', '2 h 13 min')
    """
    if not math.isfinite(seconds):
        return NOTHING
    if seconds < 90:
        return f"{seconds:.3g} s"
    if seconds < 5400:
        return f"{seconds / 60:.1f} minutes".replace(".0 ", " ")
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"
