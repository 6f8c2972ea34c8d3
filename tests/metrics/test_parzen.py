"""The Parzen window against sums written out, entropies, and what it misses."""

from __future__ import annotations

import math

import pytest
import torch

from rivals.data import Memory
from rivals.metrics.core import Case
from rivals.metrics.parzen import SIGMAS, best_sigma, log_likelihoods, measure


def normal(*shape, seed=0, scale=1.0):
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_sum_written_out():
    x, centres, sigmas = normal(7, 30, seed=1), normal(11, 30, seed=2), torch.tensor([0.3, 1.0, 2.0])
    squared = (x.double()[:, None] - centres.double()).square().sum(2)
    expected = [(torch.exp(-squared / (2 * s**2)) / (2 * math.pi * s**2) ** 15).mean(1).log() for s in sigmas.double().tolist()]
    expected[0] = torch.logsumexp(-squared / (2 * 0.3**2), 1) - math.log(11) - 15 * math.log(2 * math.pi * 0.3**2)  # underflows
    found = log_likelihoods(x, centres, sigmas)
    assert found.dtype == torch.float64
    assert torch.allclose(found, torch.stack(expected), rtol=1e-5)


def test_blocks_change_nothing(monkeypatch):
    x, centres = normal(23, 5, seed=1), normal(10, 5, seed=2)
    whole = log_likelihoods(x, centres, SIGMAS)
    monkeypatch.setattr("rivals.metrics.neighbours.PAIRS", 40)
    assert torch.allclose(log_likelihoods(x, centres, SIGMAS), whole, rtol=1e-5)


def test_one_centre_is_a_gaussian():
    x, centre = normal(5, 4), torch.ones(1, 4)
    expected = torch.distributions.Normal(1.0, 0.5).log_prob(x).sum(1)
    assert torch.allclose(log_likelihoods(x, centre, torch.tensor([0.5]))[0].float(), expected, rtol=1e-5)


def test_the_sigma_is_the_likeliest():
    centres = torch.zeros(1, 50)  # under one centre it is the rows' own deviation
    assert float(best_sigma(normal(500, 50, scale=float(SIGMAS[4])), centres, SIGMAS)) == pytest.approx(float(SIGMAS[4]))
    assert float(SIGMAS[0]) == pytest.approx(0.1)
    assert float(SIGMAS[9]) == 1.0
    assert len(SIGMAS) == 10


def test_a_gaussian_approaches_its_negative_entropy():
    real, train, fake = (Memory(normal(n, 2, seed=s), name="g") for n, s in ((2000, 1), (2000, 2), (10_000, 3)))
    found = measure(Case(real, fake, None, train))["parzen"]
    exact = log_likelihoods(real.x, torch.zeros(1, 2), torch.ones(1))[0]  # under the true law
    assert float(exact.mean()) == pytest.approx(-math.log(2 * math.pi * math.e), abs=0.05)
    assert found.value == pytest.approx(float(exact.mean()), abs=0.02)
    assert found.spread == pytest.approx(1 / 2000**0.5, rel=0.1)  # log p is -|x|^2 / 2, of deviation 1
    assert "10,000 samples as centres" in found.protocol
    assert "Theis" in found.protocol


def test_pictures_are_put_to_0_and_1():
    grey = Memory(torch.full((40, 1, 4, 4), 128, dtype=torch.uint8), name="grey")
    found = measure(Case(grey, grey, None))["parzen"]  # every row is a centre: the density's top at sigma 0.1
    assert found.value == pytest.approx(-8 * math.log(2 * math.pi * 0.01), rel=1e-5)
    black = Memory(torch.zeros(40, 1, 4, 4, dtype=torch.uint8), name="black")
    sigma = float(best_sigma(torch.full((1, 16), 128 / 255), torch.zeros(1, 16), SIGMAS))
    expected = -16 * (128 / 255) ** 2 / (2 * sigma**2) - 8 * math.log(2 * math.pi * sigma**2)
    assert measure(Case(grey, black, None))["parzen"].value == pytest.approx(expected, rel=1e-5)


def test_validation_rows_are_not_tested():
    real, fake = Memory(normal(600, 2), name="g"), Memory(normal(500, 2, seed=1), name="g")
    assert "300 real rows, 300 other real rows" in measure(Case(real, fake, None))["parzen"].protocol
    assert (
        "100 training rows, 600 other" in measure(Case(real, fake, None, Memory(normal(100, 2), name="t")))["parzen"].protocol
    )


@pytest.mark.parametrize("d", [10, 1000])
def test_99_percent_noise_costs_4_6_nats_at_most(d):
    """A likelihood says little of samples: log(0.01 p + 0.99 q) >= log p - log 100, whatever the number of dimensions."""
    x = normal(2000, d, scale=0.2)  # from the perfect model p
    p, q = (log_likelihoods(x, torch.zeros(1, d), torch.tensor([s]))[0] for s in (0.2, 5.0))
    mixed = torch.logaddexp(p + math.log(0.01), q + math.log(0.99))
    lost = p.mean() - mixed.mean()
    assert 0 < lost <= math.log(100)
    assert lost == pytest.approx(4.6, abs=0.01)
    assert p.mean() - q.mean() > 2 * d  # and noise alone is hopeless
