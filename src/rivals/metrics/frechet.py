"""The Fréchet distance between two Gaussians fitted to features. Heusel et al., 2017, https://arxiv.org/abs/1706.08500

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))                                                    (eq. 6)

In [0, inf), lower is better. It is called FID with the features of the 2015-12-05 Inception network alone.

Fails: it is biased upwards, the more so the fewer samples (below some 5,000 it says more of their number than of the
generator: never compare values of unlike n); it sees two moments of the features and nothing else, so that a sharp set with
a missing mode may score as well as a blurred one that has all; it rewards a generator that hands back its training pictures.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rivals.metrics.core import Case, Value
from rivals.metrics.moments import Moments, Statistics

FEW = 5000  # rows below which the bias is worth a warning


def statistics(features: Tensor) -> Statistics:
    """(N, D) -> mean and unbiased covariance, in float64."""
    return Moments().add(features).statistics()


def distance(a: Statistics, b: Statistics) -> float:
    """With C1 = F F^T, C1 C2 has the eigenvalues of F^T C2 F, which is symmetric, and the trace of (C1 C2)^(1/2) is the sum of
    their roots: no matrix root of an unsymmetric product is taken, so nothing imaginary has to be thrown away.

    >>> one = Statistics(torch.zeros(2, dtype=torch.float64), torch.eye(2, dtype=torch.float64))
    >>> distance(one, Statistics(one.mean + 3, 4 * one.covariance))
    20.0
    """
    F = factor(a.covariance)
    cross = roots(torch.linalg.eigvalsh(F.T @ b.covariance @ F)).sum()
    trace = a.covariance.trace() + b.covariance.trace() - 2 * cross
    return max(0.0, float((a.mean - b.mean).square().sum() + trace))  # rounding may leave -1e-6 of nothing


def factor(covariance: Tensor) -> Tensor:
    """F with F F^T = C: Cholesky's, which is quick, where C is not singular."""
    lower, failed = torch.linalg.cholesky_ex(covariance)
    if not failed:
        return torch.as_tensor(lower)
    values, vectors = torch.linalg.eigh(covariance)
    return torch.as_tensor(vectors * roots(values))


def roots(eigenvalues: Tensor) -> Tensor:
    """Their square roots; what is within rounding of 0 is 0, for the root of 1e-16 would be 1e-8."""
    rounding = len(eigenvalues) * torch.finfo(eigenvalues.dtype).eps * eigenvalues.max()
    return torch.where(eigenvalues > rounding, eigenvalues, 0).sqrt()


def measure(case: Case) -> dict[str, Value]:
    fewest = min(len(case.real), len(case.fake))
    warning = f"; biased upwards: {fewest:,} rows are few, take {FEW:,}" if fewest < FEW else ""
    value = distance(case.statistics(case.real), case.statistics(case.fake))
    name = "fid" if case.features.name == "inception" else "fd"
    return {name: Value(value, "lower", f"Gaussians fitted{warning}")}
