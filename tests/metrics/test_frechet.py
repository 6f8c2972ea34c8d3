"""The Fréchet distance in closed form and against the matrix root, whatever the rank, and streamed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from rivals.metrics.frechet import distance, statistics
from rivals.metrics.moments import Moments, Statistics


def random_statistics(d, rank, seed):
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(d, rank, generator=generator, dtype=torch.float64)
    return Statistics(torch.randn(d, generator=generator, dtype=torch.float64), root @ root.T / rank)


@pytest.mark.parametrize(("d", "rank"), [(1, 1), (5, 9), (40, 60), (40, 7)])
def test_distance_is_that_of_the_matrix_root(d, rank):
    a, b = random_statistics(d, rank, 1), random_statistics(d, rank, 2)
    cross = sqrtm((a.covariance @ b.covariance).numpy()).real.trace()
    expected = (a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace() - 2 * cross
    assert distance(a, b) == pytest.approx(float(expected), rel=1e-5)
    assert distance(a, b) == pytest.approx(distance(b, a), rel=1e-6)
    assert distance(a, a) == pytest.approx(0, abs=1e-5)


def test_commuting_gaussians_have_a_closed_form():
    mean, a, b = torch.tensor([1.0, 2.0]).double(), torch.tensor([4.0, 9.0]).double(), torch.tensor([1.0, 0.0]).double()
    zero = torch.zeros(2, dtype=torch.float64)
    assert distance(Statistics(mean, a.diag()), Statistics(zero, b.diag())) == pytest.approx(5 + 1 + 9)


def test_statistics_are_numpys():
    x = torch.randn(30, 4)
    found = statistics(x)
    assert np.allclose(found.mean, x.double().numpy().mean(0))
    assert np.allclose(found.covariance, np.cov(x.double().numpy(), rowvar=False))


def test_rotated_gaussians_of_2048_dimensions_have_a_closed_form():
    generator = torch.Generator().manual_seed(0)
    v = torch.randn(2048, 1, generator=generator, dtype=torch.float64)
    turn = torch.eye(2048, dtype=torch.float64) - 2 * v @ v.T / v.square().sum()  # a reflection: orthogonal
    a, b = (torch.rand(2048, generator=generator, dtype=torch.float64) * 3 for _ in range(2))
    a[:500] = 0  # singular: on a subspace the other is not confined to
    mean = torch.linspace(0, 1, 2048, dtype=torch.float64)
    expected = mean.square().sum() + (a.sqrt() - b.sqrt()).square().sum()
    found = distance(Statistics(mean, turn * a @ turn.T), Statistics(0 * mean, turn * b @ turn.T))
    assert found == pytest.approx(float(expected), rel=1e-7)


def test_fewer_rows_than_dimensions():
    """Gaussians on two orthogonal lines: nothing to be had from the product of their covariances."""
    x, y = torch.zeros(5, 40, dtype=torch.float64), torch.zeros(5, 40, dtype=torch.float64)
    x[:, 0], y[:, 1] = torch.arange(5), 10 * torch.arange(5)
    variance = 2.5
    expected = 2**2 + 20**2 + variance + 100 * variance
    assert distance(statistics(x), statistics(y)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_streamed_and_shuffled_statistics_are_the_same(shift):
    x = torch.randn(1000, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(3)) + shift
    whole, streamed = statistics(x), Moments()
    for part in torch.split(x[torch.randperm(1000)], 33):
        streamed.add(part)
    other = statistics(torch.randn(500, 7, generator=torch.Generator().manual_seed(4)) + shift)
    assert distance(streamed.statistics(), other) == pytest.approx(distance(whole, other), rel=1e-9)
    assert math.isclose(float(whole.covariance[2, 3]), float(torch.cov(x.T)[2, 3]), rel_tol=1e-9, abs_tol=1e-12)
