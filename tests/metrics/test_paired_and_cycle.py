"""How far translations are from what they should be, and what a cycle hides."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from rivals.data import Memory, bytes_from_pictures
from rivals.errors import UserError
from rivals.game import Game
from rivals.metrics import cycle, paired
from rivals.metrics.core import Case, Translations, Unsuitable
from rivals.metrics.features.pixels import Pixels


def noise(n=4, size=16, seed=0):
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def direct_ssim(x, y):
    """Of one channel, place by place."""
    places = torch.arange(11) - 5.0
    line = torch.exp(-places.square() / (2 * 1.5**2))
    weights = (line[:, None] * line / line.sum() ** 2).double()
    found = []
    for top in range(x.shape[0] - 10):
        for left in range(x.shape[1] - 10):
            a, b = (z[top : top + 11, left : left + 11].double() for z in (x, y))
            mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
            va, vb = (weights * (a - mean_a) ** 2).sum(), (weights * (b - mean_b) ** 2).sum()
            together = (weights * (a - mean_a) * (b - mean_b)).sum()
            c1, c2 = 0.01**2, 0.03**2
            top_part = (2 * mean_a * mean_b + c1) * (2 * together + c2)
            found.append(float(top_part / ((mean_a**2 + mean_b**2 + c1) * (va + vb + c2))))
    return sum(found) / len(found)


def test_ssim_is_the_formula_place_by_place():
    x, y = noise(1, seed=1), noise(1, seed=2)
    y = 0.5 * x + 0.5 * y
    ours = float(paired.ssim((x + 1) / 2, (y + 1) / 2))
    each = [direct_ssim((x[0, c] + 1) / 2, (y[0, c] + 1) / 2) for c in range(3)]
    assert ours == pytest.approx(sum(each) / 3, abs=1e-5)


def test_equal_pictures_and_a_step_of_a_tenth():
    x = noise() * 0.5
    same, apart = paired.distances(x, x), paired.distances(x, x + 0.2)
    assert same[:, 0].max() == 0
    assert same[:, 2].min() == pytest.approx(1)
    assert torch.allclose(apart[:, 0], torch.full((4,), 0.1))
    assert torch.allclose(apart[:, 1], torch.full((4,), 20.0), atol=1e-3)  # 10 log10(1 / 0.01)
    assert paired.distances(noise(2, 5), noise(2, 5)).isfinite().all()  # smaller than the window


def test_strangers_have_a_perceptual_distance_of_one():
    x = torch.randn(500, 64, generator=torch.Generator().manual_seed(0))
    assert paired.perceptual(x, x) == pytest.approx(0, abs=1e-6)
    assert paired.perceptual(x[torch.randperm(500)], x) == pytest.approx(1, abs=0.05)
    assert paired.perceptual(2 * x.mean(0) - x, x) == pytest.approx(2, abs=1e-5)


def memory(x):
    return Memory(bytes_from_pictures(x), name="rows")


def test_each_translation_is_compared_with_its_own_truth():
    given, truth = memory(noise(12, 8)), memory(noise(12, 8, seed=1))
    case = Case(truth, truth, Pixels(), translated=Translations(given, truth, truth))
    found = paired.measure(case)
    assert found["l1"].value == 0
    assert found["psnr"].value == pytest.approx(100)
    assert found["perceptual"].value == pytest.approx(0, abs=1e-5)
    turned = Memory(truth.x.flip(0), name="rows")
    assert paired.measure(Case(truth, turned, Pixels(), translated=Translations(given, turned, truth)))["l1"].value > 0.2
    for case in (
        Case(truth, truth, Pixels()),
        Case(truth, truth, Pixels(), translated=Translations(given, truth, None)),
    ):
        with pytest.raises(Unsuitable, match="takes pairs"):
            paired.measure(case)


class Cycle(Game):
    """Grey pictures there; `hides`: with the colours written a hundred times as small beside them."""

    def __init__(self, hides):
        super().__init__()
        self.hides, self.unused = hides, nn.Parameter(torch.zeros(()))

    def players(self):
        return []

    def translate(self, x, of=0, to=1):
        mean = x.mean(1, keepdim=True)
        if to == 1:
            return 0.9 * (mean.expand(-1, 3, -1, -1) + (0.01 * (x - mean) if self.hides else 0))
        x = x / 0.9
        mean = x.mean(1, keepdim=True)
        return mean + 100 * (x - mean) if self.hides else x


def test_what_is_hidden_shows_when_it_is_disturbed():
    given = memory(noise(12, 8))
    found = {}
    for hides in (False, True):
        case = Case(given, given, Pixels(), game=Cycle(hides), translated=Translations(given, given, None))
        found[hides] = {name: value.value for name, value in cycle.measure(case).items()}
    assert found[True]["cycle"] < 1e-4 < found[False]["cycle"]
    assert found[True]["hidden"] > 0.99
    assert found[False]["hidden"] < 0.05
    assert found[True]["cycle, rounded"] > 100 * found[True]["cycle"]
    assert found[True]["cycle, noise"] > found[False]["cycle, noise"]
    assert all(math.isfinite(value) for value in found[True].values())
    assert tuple(found[True]) == cycle.GIVES
    # from the second domain on: x / 0.9 is cut nowhere, and comes back as grey of it
    assert found[False]["back: cycle"] == pytest.approx(found[False]["cycle"], rel=1e-4)


def test_who_does_not_come_back_has_no_cycle():
    given = memory(noise(12, 8))

    class OneWay(Cycle):
        def translate(self, x, of=0, to=1):
            if to == 0:
                raise UserError("one way")
            return x

    for game, translated in ((None, None), (OneWay(hides=False), Translations(given, given, None))):
        with pytest.raises(Unsuitable, match="translate"):
            cycle.measure(Case(given, given, Pixels(), game=game, translated=translated))
