"""Slopes: of the exact discriminator, row by row, and what training does to them."""

from __future__ import annotations

import math

import pytest
import torch

from rivals.criteria import minimax, nonsaturating, wasserstein
from rivals.penalties import WGANGP
from rivals.studies.vanishing import LINE, at_samples, exact, slope, trained


def test_slopes_of_the_exact_discriminator():
    """D(x) = sigmoid(32 - 16 x): minimax leaves 16 D(x), non-saturating 16 (1 - D(x))."""
    judge = exact()
    for x in (0.0, 2.0, 4.0):
        i = int((LINE - x).abs().argmin())
        D = 1 / (1 + math.exp(16 * x - 32))
        assert judge.slopes["minimax"][i, 0] == pytest.approx(16 * D, rel=1e-4)
        assert judge.slopes["non-saturating"][i, 0] == pytest.approx(16 * (1 - D), rel=1e-4)


def test_the_slope_of_a_row_is_that_of_the_row_alone():
    x = torch.tensor([[0.5], [-1.0], [2.0]], requires_grad=True)
    for criterion, expected in (
        (wasserstein, torch.full((3,), -3.0)),
        (minimax, -3 * torch.sigmoid(3 * x[:, 0])),
        (nonsaturating, -3 * torch.sigmoid(-3 * x[:, 0])),
    ):
        assert torch.allclose(slope(criterion, 3 * x, x), expected)


def test_a_trained_discriminator_saturates_and_a_critic_does_not():
    discriminator = trained((("minimax", "non-saturating"), None, 2, 300))
    critic = trained((("Wasserstein",), WGANGP(1.0), 2, 300))
    assert max(at_samples(discriminator.slopes["minimax"])) < 0.3 * min(at_samples(critic.slopes["Wasserstein"]))
    assert discriminator.logits.shape == (len(LINE), 2)
    assert (discriminator.logits[20] > 0).all()  # x = -1: real
    assert (discriminator.logits[140] < 0).all()  # x = 5: generated
