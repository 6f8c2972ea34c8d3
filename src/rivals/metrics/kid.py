"""Demystifying MMD GANs: the kernel distance. Bińkowski et al., 2018, https://arxiv.org/abs/1801.01401

    E k(x, x') + E k(y, y') - 2 E k(x, y),    k(a, b) = (a.b / D + 1)^3                     (section 4; x' is never x)

The squared maximum mean discrepancy between the two laws of features, estimated without bias: its mean does not depend on how
many samples are given, and it may come out below 0. Lower is better. It is called KID with the features of the 2015-12-05
Inception network. The original takes the mean over some subsets of 1,000 rows; the mean over *all* subsets is the sum over
all pairs, which is what is given here. The standard deviation over random subsets is the spread.

Fails: as the Fréchet distance does, but for the bias: it asks the features alone, and is best for the training pictures.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rivals.metrics.core import Case, Unsuitable, Value

SUBSETS, SIZE = 30, 1000
BLOCK = 2000  # rows of kernel values held at once


def kernel_sum(x: Tensor, y: Tensor) -> float:
    """The sum of k over all pairs of rows: (N, D), (M, D)."""
    return sum(float((part @ y.T / x.shape[1] + 1).pow_(3).sum()) for part in torch.split(x, BLOCK))


def diagonal_sum(x: Tensor) -> float:
    """The sum of k(x_i, x_i)."""
    return float((x.square().sum(1) / x.shape[1] + 1).pow(3).sum())


def distance(x: Tensor, y: Tensor) -> float:
    """Features (N, D) and (M, D), at least two rows each -> the unbiased estimate from all pairs.

    >>> x = torch.tensor([[0.0], [0.0]])
    >>> distance(x, x + 1)  # 1 + 8 - 2
    7.0
    """
    n, m = len(x), len(y)
    within = (kernel_sum(x, x) - diagonal_sum(x)) / (n * (n - 1)) + (kernel_sum(y, y) - diagonal_sum(y)) / (m * (m - 1))
    return within - 2 * kernel_sum(x, y) / (n * m)


def over_subsets(x: Tensor, y: Tensor, subsets: int = SUBSETS, size: int = SIZE) -> Tensor:
    """The estimates of random subsets, (subsets,): what one sees who has `size` rows of each."""
    draw = torch.Generator().manual_seed(2018)

    def picked(rows: Tensor) -> Tensor:
        return rows[torch.randperm(len(rows), generator=draw)[:size]]

    return torch.tensor([distance(picked(x), picked(y)) for _ in range(subsets)], dtype=torch.float64)


def measure(case: Case) -> dict[str, Value]:
    if min(len(case.real), len(case.fake)) < 4:
        raise Unsuitable("the kernel distance takes at least 4 rows of each kind")
    real, fake = case.describe(case.real).double(), case.describe(case.fake).double()
    size = min(SIZE, len(real) // 2, len(fake) // 2)  # subsets of nearly all rows would be nearly alike
    protocol = f"unbiased, cubic kernel, all pairs; spread over {SUBSETS} subsets of {size:,}"
    return {"kid": Value(distance(real, fake), "lower", protocol, float(over_subsets(real, fake, size=size).std()))}
