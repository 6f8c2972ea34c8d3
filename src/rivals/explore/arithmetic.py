"""Arithmetic with concepts: "glasses man - man + woman". Radford, Metz and Chintala, 2015, DCGAN, section 6.3.2,
https://arxiv.org/abs/1511.06434: a concept is the mean of several latents whose samples show it (three in the paper; of one
latent the arithmetic was unstable).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rivals.errors import UserError


class Concept(NamedTuple):
    """Samples by number, and whether they are added or taken away."""

    sign: int
    numbers: Sequence[int]


def by_numbers(formula: str) -> bool:
    """Whether it is of sample numbers, and not of names.

    >>> by_numbers("3,5 - 1"), by_numbers("3DGlasses - male")
    (True, False)
    """
    return re.fullmatch(r"[\d\s,+-]*", formula) is not None


def parsed(formula: str) -> list[Concept]:
    """
    >>> parsed("3,5,9 - 1,2 + 4")
    [Concept(sign=1, numbers=[3, 5, 9]), Concept(sign=-1, numbers=[1, 2]), Concept(sign=1, numbers=[4])]
    """
    parts = re.findall(r"([+-]?)\s*(\d+(?:\s*,\s*\d+)*)", formula)
    if not parts or re.sub(r"[+-]?\s*\d+(?:\s*,\s*\d+)*", "", formula).strip():
        raise UserError(f"'{formula}' is no formula of sample numbers: write for instance '3,5,9 - 1,2 + 4,6'")
    return [Concept(-1 if sign == "-" else 1, [int(k) for k in numbers.split(",")]) for sign, numbers in parts]


def evaluated(concepts: Sequence[Concept], z: Tensor) -> tuple[Tensor, Tensor]:
    """Latents (n, d) -> the means of the concepts (K, d), and the result (d,)."""
    beyond = [k for concept in concepts for k in concept.numbers if k >= len(z)]
    if beyond:
        raise UserError(f"there are samples 0 to {len(z) - 1}, and no {beyond[0]}: pass a larger --n")
    means = torch.stack([z[list(concept.numbers)].mean(0) for concept in concepts])
    signs = torch.tensor([float(concept.sign) for concept in concepts], device=z.device)
    return means, (signs[:, None] * means).sum(0)
