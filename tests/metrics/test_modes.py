"""Modes in closed form: of Gaussians, of classes, of stacked digits."""

from __future__ import annotations

import math

import pytest
import torch

from rivals.data import Memory, bytes_from_pictures, load
from rivals.data.part import some
from rivals.data.toys import TOYS
from rivals.metrics import core
from rivals.metrics.core import Case, Unsuitable
from rivals.metrics.modes import high_quality, kl, measure, stacked_modes


class Reads:
    """Features are the values; class 0 where the first is negative, else class 1."""

    name, protocol, key, class_names = "sign", "sign", None, ("a", "b")

    def __call__(self, x):
        return x.flatten(1)

    def log_posterior(self, features):
        return torch.stack([-features[:, 0], features[:, 0]], 1).log_softmax(1)


class Blind:
    name, protocol, key = "blind", "blind", None

    def __call__(self, x):
        return x.flatten(1)


def points(name, chosen, n, spread=1.0):
    centres, deviation = TOYS[name]
    noise = torch.randn(n, 2, generator=torch.Generator().manual_seed(3))
    return Memory(
        torch.tensor(centres)[torch.tensor(chosen)[torch.arange(n) % len(chosen)]] + spread * deviation * noise, name="g"
    )


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_the_data_have_all_modes_and_a_known_quality(name):
    found = measure(Case(load(name, split="test"), load(name), Blind()))
    assert found["modes"].value == len(TOYS[name][0])
    assert found["high quality"].value == pytest.approx(100 * (1 - math.exp(-4.5)), abs=0.7)  # Rayleigh, within 3 deviations
    assert found["mode kl"].value < 3 * (len(TOYS[name][0]) - 1) / (2 * 2500)  # a perfect generator's, by chance
    assert "2,500" in found["modes"].protocol


def test_missing_modes_cost_their_logarithm():
    found = measure(Case(load("ring"), points("ring", [0, 5], 2500), Blind()))
    assert found["modes"].value == 2
    assert found["mode kl"].value == pytest.approx(math.log(8 / 2), abs=1e-3)


def test_bad_samples_count_for_no_mode():
    real, far = load("grid"), Memory(torch.full((2500, 2), 1.0), name="g")  # between four modes
    found = measure(Case(real, far, Blind()))
    assert (found["modes"].value, found["high quality"].value, found["mode kl"].value) == (0, 0, math.inf)
    blurred = measure(Case(real, points("grid", range(25), 2500, spread=3.0), Blind()))
    assert blurred["high quality"].value == pytest.approx(100 * (1 - math.exp(-0.5)), abs=3)
    assert blurred["modes"].value == 25


def test_samples_sorted_by_mode_have_all_of_them():
    fake = torch.cat([points("ring", [mode], 2500).x for mode in range(8)])
    found = measure(Case(load("ring"), Memory(fake, name="g"), Blind()))["modes"]
    assert found.value == 8
    assert "2,500 samples" in found.protocol


def test_quality_is_a_loop_over_samples_and_modes():
    centres, x = torch.tensor(TOYS["grid"][0]), 4 * torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    expected = [0] * 25
    for row in x.tolist():
        distances = [math.dist(row, centre) for centre in centres.tolist()]
        if min(distances) < 3 * 0.2:
            expected[distances.index(min(distances))] += 1
    assert high_quality(x, centres, 0.2).tolist() == expected
    assert high_quality(torch.full((2, 2), torch.nan), centres, 0.2).sum() == 0


def test_classes_that_a_classifier_reads():
    real = Memory(torch.tensor([[-1.0], [1.0], [1.0], [1.0]]), torch.tensor([0, 1, 1, 1]), name="r", class_names=["a", "b"])
    both = measure(Case(real, Memory(torch.tensor([[-2.0], [3.0]]), name="g"), Reads()))
    assert both["classes"].value == 2
    assert both["class kl"].value == pytest.approx(0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75))
    one = measure(Case(real, Memory(torch.tensor([[2.0], [3.0]]), name="g"), Reads()))
    assert (one["classes"].value, one["class kl"].value) == (1, pytest.approx(-math.log(0.75)))


def test_what_cannot_be_counted_says_what_it_takes(digits):
    with pytest.raises(Unsuitable, match="'ring', 'grid', stacked"):
        measure(Case(load("gaussian"), load("gaussian"), Reads()))
    with pytest.raises(Unsuitable, match="features that classify data"):
        measure(Case(digits, digits, Blind()))
    with pytest.raises(Unsuitable, match="by a classifier of this very data"):
        measure(Case(digits, digits, Reads()))


def test_kl_is_zero_of_equals_and_infinite_of_what_the_data_lack():
    assert kl(torch.tensor([1, 2, 0]), torch.tensor([2, 4, 0])) == 0
    assert kl(torch.tensor([1, 1]), torch.tensor([1, 0])) == math.inf


def test_stacked_digits_are_counted_by_a_classifier_of_the_digits(tmp_path, monkeypatch):
    monkeypatch.setattr(core, "cache_folder", lambda: tmp_path)
    real = some(load("stacked-digits"), 3000)
    found = measure(Case(real, some(load("stacked-digits"), 5000), Blind()))
    assert found["modes"].value > 980  # of 5,000 samples a thousand equal shares leave 7 modes out by chance
    assert found["mode kl"].value < 0.2
    few = load("stacked-digits").rows(torch.arange(5000), torch.device("cpu")).x
    grey = Memory(bytes_from_pictures(few[:, :1].repeat(1, 3, 1, 1)), name="g")  # three times the same digit
    found = measure(Case(real, grey, Blind()))
    assert found["modes"].value <= 10
    assert found["mode kl"].value == pytest.approx(math.log(100), abs=0.1)


def test_stacked_modes_of_a_perfect_generator():
    digits = torch.randint(10, (26_000, 3), generator=torch.Generator().manual_seed(0))
    modes, divergence = stacked_modes(digits)
    assert modes == 1000
    assert divergence == pytest.approx(999 / 52_000, rel=0.15)  # the bias of counting
    every = torch.cartesian_prod(*[torch.arange(10)] * 3)
    assert stacked_modes(every) == (1000, pytest.approx(0, abs=1e-12))
