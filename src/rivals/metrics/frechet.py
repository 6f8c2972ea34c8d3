"""The Fréchet distance between two Gaussians fitted to features. Heusel et al., 2017, https://arxiv.org/abs/1706.08500

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))                                                    (eq. 6)

In [0, inf), lower is better. Biased upwards when few samples are given; never compare values of unlike n or unlike features.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Statistics(NamedTuple):
    mean: Tensor  # (D,) float64
    covariance: Tensor  # (D, D) float64


def statistics(features: Tensor) -> Statistics:
    """(N, D) -> mean and unbiased covariance, in float64."""
    x = features.cpu().double()  # not every device has float64
    return Statistics(x.mean(0), torch.cov(x.T).reshape(x.shape[1], x.shape[1]))


def distance(a: Statistics, b: Statistics) -> float:
    """The trace of (C1 C2)^(1/2) is the sum of the roots of the eigenvalues of C1^(1/2) C2 C1^(1/2), which is symmetric: no
    matrix root of an unsymmetric product is taken, so nothing imaginary has to be thrown away.

    >>> one = Statistics(torch.zeros(2, dtype=torch.float64), torch.eye(2, dtype=torch.float64))
    >>> distance(one, Statistics(one.mean + 3, 4 * one.covariance))
    20.0
    """
    values, vectors = torch.linalg.eigh(a.covariance)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ b.covariance @ root).clamp(min=0).sqrt().sum()
    trace = a.covariance.trace() + b.covariance.trace() - 2 * cross
    return max(0.0, float((a.mean - b.mean).square().sum() + trace))  # rounding may leave -1e-6 of nothing
