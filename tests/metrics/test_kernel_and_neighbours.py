"""KID, precision, recall, density, coverage and nearest neighbours against loops that cannot be wrong."""

from __future__ import annotations

import pytest
import torch

from rivals.metrics import kid, neighbours
from rivals.metrics.prdc import prdc


def two(n=60, m=45, d=5, dtype=torch.float64):
    generator = torch.Generator().manual_seed(n + m + d)
    return torch.randn(n, d, generator=generator, dtype=dtype), 0.7 * torch.randn(m, d, generator=generator, dtype=dtype) + 0.3


def test_kid_is_the_double_sum():
    x, y = two()

    def k(a, b):
        return (float(a @ b) / 5 + 1) ** 3

    xx = sum(k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j) / (60 * 59)
    yy = sum(k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j) / (45 * 44)
    xy = sum(k(a, b) for a in x for b in y) / (60 * 45)
    assert kid.distance(x, y) == pytest.approx(xx + yy - 2 * xy, rel=1e-9)
    assert kid.distance(x[torch.randperm(60)], y) == pytest.approx(kid.distance(x, y), rel=1e-9)


def test_kid_of_equal_laws_is_0_on_average_and_the_subsets_spread_around_it():
    x, y = two(4000, 4000, 3)
    y = torch.randn(4000, 3, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    subsets = kid.over_subsets(x, y, subsets=50, size=200)
    assert abs(float(subsets.mean())) < 3 * float(subsets.std()) / 50**0.5 + 0.01
    assert abs(kid.distance(x, y)) < float(subsets.std())


@pytest.mark.parametrize("pairs", [10, 100, neighbours.PAIRS])
def test_neighbours_are_those_of_a_sort(monkeypatch, pairs):
    monkeypatch.setattr(neighbours, "PAIRS", pairs)
    x, y = two()
    distances, numbers = neighbours.nearest(x + 1000, y + 1000, 4)  # far from the origin nothing cancels
    expected, order = torch.cdist(x, y).sort(1)
    assert torch.allclose(distances, expected[:, :4], atol=1e-6)
    assert torch.equal(numbers, order[:, :4])
    others, _ = neighbours.nearest(x, x, 2, itself=False)
    assert torch.allclose(others, torch.cdist(x, x).sort(1).values[:, 1:3], atol=1e-6)


@pytest.mark.parametrize("pairs", [50, neighbours.PAIRS])
def test_prdc_is_that_of_loops(monkeypatch, pairs):
    monkeypatch.setattr(neighbours, "PAIRS", pairs)
    real, fake = two()

    def reach(x, k):
        return [sorted(float((a - b).norm()) for j, b in enumerate(x) if j != i)[k - 1] for i, a in enumerate(x)]

    ball_real, ball_fake, wide = reach(real, 3), reach(fake, 3), reach(real, 5)
    away = [[float((f - r).norm()) for r in real] for f in fake]
    n, m = len(real), len(fake)
    found = prdc(real, fake)
    assert found.precision == pytest.approx(sum(any(away[i][j] <= ball_real[j] for j in range(n)) for i in range(m)) / m)
    assert found.recall == pytest.approx(sum(any(away[i][j] <= ball_fake[i] for i in range(m)) for j in range(n)) / n)
    assert found.density == pytest.approx(sum(away[i][j] <= wide[j] for i in range(m) for j in range(n)) / (5 * m))
    assert found.coverage == pytest.approx(sum(min(away[i][j] for i in range(m)) <= wide[j] for j in range(n)) / n)


def test_prdc_tells_a_dropped_mode_from_bad_samples():
    generator = torch.Generator().manual_seed(1)
    real = torch.randn(400, 2, generator=generator) + 20 * torch.tensor([[0.0, 0.0], [1.0, 0.0]]).repeat(200, 1)
    one_mode = torch.randn(400, 2, generator=generator)
    noise = 60 * torch.rand(400, 2, generator=generator) - 20
    dropped, bad = prdc(real, one_mode), prdc(real, noise)
    assert dropped.precision > 0.9 > 0.6 > dropped.recall
    assert dropped.coverage < 0.6
    assert bad.precision < 0.3 < 0.9 < bad.recall
