"""Fréchet distance in closed form, and a quick score that orders what should be ordered."""

from __future__ import annotations

import pytest
import torch
from scipy.linalg import sqrtm

from rivals.metrics.features import RandomConvolutions, RandomWaves
from rivals.metrics.frechet import Statistics, distance, statistics
from rivals.metrics.quick import QuickScore, drawn


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
    import numpy as np

    x = torch.randn(30, 4)
    found = statistics(x)
    assert np.allclose(found.mean, x.double().numpy().mean(0))
    assert np.allclose(found.covariance, np.cov(x.double().numpy(), rowvar=False))


class Draws:
    """A 'game' that hands out given rows."""

    def __init__(self, rows):
        self.rows, self.at = rows, 0

    def sample(self, n):
        self.at += n
        return self.rows[self.at - n : self.at]


def test_worse_samples_score_worse(digits):
    score = QuickScore(digits, torch.device("cpu"), fake=1500)
    x = digits.rows(torch.randperm(len(digits), generator=torch.Generator().manual_seed(1))[:1500], torch.device("cpu")).x
    one_class = digits.rows(torch.arange(1797), torch.device("cpu"))
    values = [
        score(Draws(x), 0),
        score(Draws((x + 0.1 * torch.randn_like(x)).clamp(-1, 1)), 0),
        score(Draws((x + 0.4 * torch.randn_like(x)).clamp(-1, 1)), 0),
        score(Draws(torch.rand_like(x) * 2 - 1), 0),
    ]
    assert values == sorted(values)
    assert values[0] < 0.05 * values[2]
    assert score(Draws(one_class.x[one_class.y == 1].repeat(10, 1, 1, 1)), 0) > 10 * values[0]


def test_features_are_fixed_for_all_time():
    x = torch.linspace(-1, 1, 640).view(10, 1, 8, 8)
    features = RandomConvolutions(x)(x)
    assert features.shape == (10, 280)
    assert float(features.std(0, correction=0).max()) == pytest.approx(1, abs=1e-3)
    assert torch.equal(features, RandomConvolutions(x)(x))
    points = torch.linspace(-1, 1, 10).view(5, 2)
    assert torch.equal(RandomWaves(points)(points), RandomWaves(points)(points))


def test_fourier_features_see_missing_modes_of_a_ring():
    from rivals.data import load

    ring = load("ring")
    score = QuickScore(ring, torch.device("cpu"))
    x = ring.rows(torch.arange(0, len(ring), 13), torch.device("cpu"))
    seven = x.x[x.y != 3]
    assert score(Draws(x.x), 0) < 0.1 * score(Draws(seven), 0)


def test_drawing_leaves_no_trace(small):
    game = small("gan").game.eval()
    torch.manual_seed(4)
    expected = torch.rand(2)
    torch.manual_seed(4)
    a = drawn(game, 300, seed=2)
    assert torch.equal(torch.rand(2), expected)
    assert torch.equal(a, drawn(game, 300, seed=2))
    assert not torch.equal(a, drawn(game, 300, seed=3))
