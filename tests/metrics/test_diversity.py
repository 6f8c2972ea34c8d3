"""Variety: distances of all pairs, and structural similarity at several scales."""

from __future__ import annotations

import math

import pytest
import torch

from rivals.data import Memory
from rivals.data.part import halves
from rivals.metrics import diversity
from rivals.metrics.core import Case, Unsuitable
from rivals.metrics.diversity import mean_distance, ms_ssim, scales_of, ssim
from rivals.metrics.features.pixels import Pixels


def pictures(n, side, seed=0, channels=1):
    return torch.rand(n, channels, side, side, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_mean_distance_is_that_of_unlike_pairs(monkeypatch):
    x = torch.randn(37, 5, dtype=torch.float64)
    expected = sum(float((a - b).norm()) for i, a in enumerate(x) for j, b in enumerate(x) if i != j) / (37 * 36)
    assert mean_distance(x) == pytest.approx(expected, rel=1e-9)
    monkeypatch.setattr("rivals.metrics.neighbours.PAIRS", 200)  # in blocks
    assert mean_distance(x) == pytest.approx(expected, rel=1e-9)
    assert mean_distance(torch.ones(5, 2, dtype=torch.float64)) == 0


def test_ssim_of_one_window_by_the_formula():
    x, y = pictures(1, 11, 1)[0, 0].double() / 2 + 0.5, pictures(1, 11, 2)[0, 0].double() / 2 + 0.5
    weights = [[math.exp(-((i - 5) ** 2 + (j - 5) ** 2) / (2 * 1.5**2)) for j in range(11)] for i in range(11)]
    total = sum(map(sum, weights))
    mx = my = mxx = myy = mxy = 0.0
    for i in range(11):
        for j in range(11):
            w, a, b = weights[i][j] / total, float(x[i, j]), float(y[i, j])
            mx, my, mxx, myy, mxy = mx + w * a, my + w * b, mxx + w * a * a, myy + w * b * b, mxy + w * a * b
    structure = (2 * (mxy - mx * my) + 0.0009) / (mxx - mx**2 + myy - my**2 + 0.0009)
    both = (2 * mx * my + 0.0001) / (mx**2 + my**2 + 0.0001) * structure
    found = ssim(x[None, None], y[None, None])
    assert float(found[0]) == pytest.approx(both, rel=1e-9)
    assert float(found[1]) == pytest.approx(structure, rel=1e-9)


@pytest.mark.parametrize("side", [11, 28, 64, 176])
def test_ms_ssim_is_a_similarity(side):
    x, noise = pictures(3, side, 1), pictures(3, side, 2)
    x = torch.nn.functional.avg_pool2d(x, 5, 1, 2)  # with some structure
    assert torch.allclose(ms_ssim(x, x), torch.ones(3), atol=1e-5)
    near, far = ms_ssim(x, (x + 0.1 * noise).clamp(-1, 1)), ms_ssim(x, noise)
    assert (far < near).all()
    assert (near < 1).all()
    assert torch.allclose(near, ms_ssim((x + 0.1 * noise).clamp(-1, 1), x), atol=1e-6)


def test_scales_are_weighed_as_published():
    x, y = pictures(2, 28, 1).double(), pictures(2, 28, 1).double().roll(1, 0) * 0.5 + pictures(2, 28, 1).double() * 0.5
    a, b = x / 2 + 0.5, y / 2 + 0.5
    one, two = ssim(a, b)[1], ssim(torch.nn.functional.avg_pool2d(a, 2), torch.nn.functional.avg_pool2d(b, 2))[0]
    first, second = 0.0448 / (0.0448 + 0.2856), 0.2856 / (0.0448 + 0.2856)
    assert torch.allclose(ms_ssim(x, y), one.clamp(min=0) ** first * two.clamp(min=0) ** second)


def test_channels_count_equally():
    x, y = pictures(4, 20, 1, 3), pictures(4, 20, 2, 3) * 0.3
    x[:, 2], y[:, 2] = x[:, 0], x[:, 0]
    by_channel = torch.stack([ms_ssim(x[:, c : c + 1], y[:, c : c + 1]) for c in range(3)], 1)
    assert torch.allclose(ms_ssim(x, y), by_channel.mean(1))


def test_lost_variety_is_seen(digits):
    train, test = halves(digits)
    x = train.rows(torch.arange(200), torch.device("cpu")).x
    collapsed = Memory(((x[:5].repeat(40, 1, 1, 1) + 1) * 127.5).byte(), name="five")
    good = diversity.measure(Case(test, train, Pixels()))
    bad = diversity.measure(Case(test, collapsed, Pixels()))
    name = "mean pairwise distance (generated / real)"
    assert good[name].value == pytest.approx(1, abs=0.02)
    assert bad[name].value < 0.9
    assert not any("ssim" in name for name in good)  # 8x8 holds no window


def test_ms_ssim_of_generated_stands_beside_that_of_real():
    real = Memory(torch.randint(0, 256, (60, 1, 28, 28), dtype=torch.uint8), name="noise")
    fake = Memory(real.x[:1].repeat(60, 1, 1, 1), name="one")
    found = diversity.measure(Case(real, fake, Pixels()))
    assert found["ms-ssim"].value == pytest.approx(1, abs=1e-5)
    assert found["ms-ssim (real)"].value < 0.2
    assert "30 random pairs, 2 of 5 scales" in found["ms-ssim"].protocol


def test_small_pictures_have_no_scale():
    assert scales_of((1, 8, 40)) == 0
    with pytest.raises(Unsuitable, match="11x11"):
        ms_ssim(pictures(2, 10), pictures(2, 10))
