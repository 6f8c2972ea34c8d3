"""Points in the plane and on the line, of which everything is known.

`ring` and `grid` are the mixtures on which mode collapse is counted (Metz et al., Unrolled Generative Adversarial
Networks, 2017, https://arxiv.org/abs/1611.02163; Lin et al., PacGAN, 2018, https://arxiv.org/abs/1712.04086);
`gaussian` is the one-dimensional target of the first GAN tutorials. Each has 100,000 fixed points; the test part is
100,000 others of the same law.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rivals.data.arrays import Table

COUNT = 100_000

RING = [(math.cos(2 * math.pi * k / 8), math.sin(2 * math.pi * k / 8)) for k in range(8)]
GRID = [(x, y) for x in (-4.0, -2.0, 0.0, 2.0, 4.0) for y in (-4.0, -2.0, 0.0, 2.0, 4.0)]

TOYS: dict[str, tuple[Sequence[tuple[float, ...]], float]] = {  # name -> centres of the modes, standard deviation
    "ring": (RING, 0.01),
    "grid": (GRID, 0.05),
    "gaussian": ([(4.0,)], 1.25),
}


def toy(name: str, split: str) -> Table:
    """`ring` and `grid`: (100000, 2), classes are the modes; `gaussian`: (100000, 1), mean 4, standard deviation 1.25.

    >>> toy("ring", "train").x.shape
    (100000, 2)
    """
    modes, deviation = TOYS[name]
    centres = np.asarray(modes, dtype=np.float64)
    y = np.arange(COUNT) % len(centres)
    noise = np.random.default_rng(0 if split == "train" else 1).standard_normal((COUNT, centres.shape[1]))
    x = (centres[y] + deviation * noise).astype(np.float32)
    classes = [f"mode {k}" for k in range(len(centres))] if len(centres) > 1 else []
    return Table(x, y if classes else None, classes)
