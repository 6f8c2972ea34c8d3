"""Fidelity apart from diversity, by nearest neighbours in feature space.

Improved Precision and Recall. Kynkäänniemi et al., 2019, https://arxiv.org/abs/1904.06991
Reliable Fidelity and Diversity Metrics. Naeem et al., 2020, https://arxiv.org/abs/2002.09797

Around each row lies a ball that reaches to its k-th nearest neighbour of its own kind; together they are where that kind lives.

    precision   share of the generated in a ball of the real                              in [0, 1], higher is better
    recall      share of the real in a ball of the generated                              in [0, 1], higher is better
    density     mean number of real balls that a generated row lies in, over k            in [0, inf), higher is better
    coverage    share of the real balls that hold a generated row                         in [0, 1], higher is better

Precision and recall take k = 3, density and coverage k = 5, as their papers do.

Fails: one outlier among the real has a ball that takes in what no one would call real (precision; density is less easily
fooled), one among the generated does so for recall; all depend on the counts, so real against real is not 1: see the floor.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from rivals.metrics.core import Case, Unsuitable, Value
from rivals.metrics.neighbours import nearest, squared_distances

K_BALLS, K_DENSITY = 3, 5


class PRDC(NamedTuple):
    precision: float
    recall: float
    density: float
    coverage: float


def radii(x: Tensor, k: int) -> Tensor:
    """(N, D) -> (N,): squared distance of each row to its k-th nearest other row."""
    return nearest(x, x, k, itself=False)[0][:, -1].square()


def prdc(real: Tensor, fake: Tensor, *, k_balls: int = K_BALLS, k_density: int = K_DENSITY) -> PRDC:
    """Features (N, D) and (M, D) -> the four numbers.

    >>> prdc(torch.arange(20.0)[:, None], torch.arange(20.0)[:, None] + 0.5).precision
    1.0
    """
    ball_real, ball_fake, wide = radii(real, k_balls), radii(fake, k_balls), radii(real, k_density)
    held = torch.zeros(len(real), dtype=torch.bool, device=real.device)  # real rows in a ball of the generated
    closest = torch.full((len(real),), torch.inf, dtype=real.dtype, device=real.device)
    inside = counted = 0
    for rows, block in squared_distances(fake, real):
        inside += int((block <= ball_real).any(1).sum())
        counted += int((block <= wide).sum())
        held |= (block <= ball_fake[rows, None]).any(0)
        closest = torch.minimum(closest, block.amin(0))
    return PRDC(
        precision=inside / len(fake),
        recall=float(held.double().mean()),
        density=counted / (k_density * len(fake)),
        coverage=float((closest <= wide).double().mean()),
    )


def measure(case: Case) -> dict[str, Value]:
    fewest = min(len(case.real), len(case.fake))
    if fewest <= K_DENSITY:
        raise Unsuitable(f"precision, recall, density and coverage take more than {K_DENSITY} rows of each kind, not {fewest}")
    found = prdc(case.describe(case.real).to(case.device), case.describe(case.fake).to(case.device))
    k = {"precision": K_BALLS, "recall": K_BALLS, "density": K_DENSITY, "coverage": K_DENSITY}
    return {name: Value(value, "higher", f"k = {k[name]}") for name, value in found._asdict().items()}
