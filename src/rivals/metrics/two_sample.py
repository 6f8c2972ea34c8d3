"""The nearest-neighbour two-sample test. Revisiting Classifier Two-Sample Tests, Lopez-Paz and Oquab, 2017,
https://arxiv.org/abs/1610.06545; as a measure of generators: An empirical study on evaluation metrics of generative adversarial
networks, Xu et al., 2018, https://arxiv.org/abs/1806.07755

Real and generated rows are put together, as many of each; every one is called what its nearest neighbour among the others is.

    1-NN accuracy = share that is called rightly                  (real): of the real rows         (fake): of the generated

In [0, 1]. 0.5 is best: nobody can tell. 1 means that the two are apart. (fake) far above (real): the generated huddle together,
as after a collapse. Below 0.5: the generated are nearer to the real than these are to each other, which is how copies of these
very rows show.

Fails: copies of *training* rows do not show where the real ones are unseen (see `memorisation`); in many dimensions a few rows
are the neighbours of very many; it is as good as the features are; it grows with the number of rows, which must be equal.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from rivals.metrics.core import Case, Value
from rivals.metrics.neighbours import nearest

ROWS = 5_000  # of each side


class Accuracy(NamedTuple):
    both: float
    real: float
    fake: float


def measure(case: Case) -> dict[str, Value]:
    """`1-NN accuracy` on the features, and that of real and fake rows apart."""
    n = min(ROWS, len(case.real), len(case.fake))
    real, fake = (case.describe(data)[:n].to(case.device) for data in (case.real, case.fake))
    found = accuracy(neighbour_is_real(real, fake))
    protocol = f"leave-one-out, {n:,} real and {n:,} generated rows"
    names = {"1-NN accuracy": found.both, "1-NN accuracy (real)": found.real, "1-NN accuracy (fake)": found.fake}
    return {name: Value(value, "near 0.5", protocol) for name, value in names.items()}


def neighbour_is_real(real: Tensor, fake: Tensor) -> Tensor:
    """Features (N, D) and (N, D) -> (2, N) bool: is the nearest other row real, of each real (0) and each generated row (1)?"""
    both = torch.cat([real, fake])
    _, number = nearest(both, both, itself=False)
    return (number[:, 0] < len(real)).view(2, -1)


def accuracy(is_real: Tensor) -> Accuracy:
    """(2, N) bool -> shares that are called rightly.

    >>> accuracy(torch.tensor([[True, True, True, False], [True, True, False, False]]))
    Accuracy(both=0.625, real=0.75, fake=0.5)
    """
    real, fake = float(is_real[0].double().mean()), float((~is_real[1]).double().mean())
    return Accuracy((real + fake) / 2, real, fake)
