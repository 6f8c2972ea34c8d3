"""Wasserstein distances on the line against SciPy, and sliced ones in closed form."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import wasserstein_distance

from rivals.metrics.wasserstein import on_the_line, sliced


@pytest.mark.parametrize(("n", "m"), [(50, 50), (30, 70), (1, 9), (64, 16)])
def test_on_the_line_it_is_scipys(n, m):
    generator = torch.Generator().manual_seed(n)
    a, b = torch.randn(n, 3, generator=generator).double(), 2 * torch.rand(m, 3, generator=generator).double()
    expected = [wasserstein_distance(a[:, k], b[:, k]) for k in range(3)]
    assert on_the_line(a, b).tolist() == pytest.approx(expected, rel=1e-9)
    repeated = on_the_line(a.repeat_interleave(m, 0), b.repeat_interleave(n, 0), p=2)  # equal counts: sorted and paired
    assert on_the_line(a, b, p=2).tolist() == pytest.approx(repeated.tolist(), rel=1e-9)


def test_a_shift_is_seen_from_every_direction():
    x = torch.randn(200, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shift = torch.tensor([3.0, 0.0, 4.0, 0.0], dtype=torch.float64)
    assert sliced(x, x + shift, directions=20_000) == pytest.approx((25 / 4) ** 0.5, rel=0.02)
    assert sliced(x, x[torch.randperm(200)]) == pytest.approx(0, abs=1e-9)
