"""Stacked digits: three digits at random as red, green and blue, which makes a thousand modes.

Metz, Poole, Pfau and Sohl-Dickstein, 2017, Unrolled Generative Adversarial Networks, https://arxiv.org/abs/1611.02163
"""

from __future__ import annotations

import numpy as np

from rivals.data.arrays import Table

STACKED = {f"stacked-{name}": name for name in ("mnist", "mnist-10k", "digits")}  # name -> whose digits
COUNT = 60_000
CLASSES = [f"{k:03d}" for k in range(1000)]


def stacked(digits: Table, split: str) -> Table:
    """x (N, 1, H, W) with classes 0..9 -> x (60000, 3, H, W), classes 100 r + 10 g + b; always the same ones."""
    assert digits.y is not None
    rows = np.random.default_rng(0 if split == "train" else 1).integers(len(digits.x), size=(COUNT, 3))
    return Table(digits.x[rows, 0], digits.y[rows] @ np.array([100, 10, 1]), CLASSES)
