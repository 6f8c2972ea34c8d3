"""Criteria against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from rivals.criteria import CRITERIA, hinge, least_squares, minimax, nonsaturating, relativistic, smoothed, wasserstein

# f*(T) or T itself is flat where the critic is sure
SATURATES = {
    "critic": ("f-neyman", "f-tv"),
    "generator": ("minimax", "f-kl", "f-pearson", "f-hellinger", "f-js", "f-gan", "f-tv"),
}
real, fake = torch.tensor([[0.3], [-1.2], [2.0]]), torch.tensor([[-0.7], [0.1], [1.5]])


def test_minimax_is_the_equation_of_the_paper():
    def log_d(x):
        return torch.log(torch.sigmoid(x.double()))

    value = log_d(real).mean() + log_d(-fake).mean()  # 1 - sigmoid(x) = sigmoid(-x)
    assert float(minimax.critic(real, fake)) == pytest.approx(-float(value), rel=1e-6)
    assert float(minimax.generator(fake)) == pytest.approx(float(log_d(-fake).mean()), rel=1e-6)
    assert float(nonsaturating.generator(fake)) == pytest.approx(-float(log_d(fake).mean()), rel=1e-6)


def test_an_undecided_critic_pays_log_4():
    zero = torch.zeros(5, 1)
    assert float(minimax.critic(zero, zero)) == pytest.approx(math.log(4))
    assert float(relativistic.critic(zero, zero)) == pytest.approx(math.log(2))


def test_least_squares_hinge_wasserstein_by_hand():
    assert float(least_squares.critic(real, fake)) == pytest.approx((0.49 + 4.84 + 1) / 6 + (0.49 + 0.01 + 2.25) / 6)
    assert float(least_squares.generator(fake)) == pytest.approx((2.89 + 0.81 + 0.25) / 6)
    assert float(hinge.critic(real, fake)) == pytest.approx((0.7 + 2.2 + 0) / 3 + (0.3 + 1.1 + 2.5) / 3)
    assert float(wasserstein.critic(real, fake)) == pytest.approx(0.9 / 3 - 1.1 / 3)
    assert float(hinge.generator(fake)) == float(wasserstein.generator(fake)) == pytest.approx(-0.3)


def test_one_sided_smoothing_moves_the_target_of_real_rows_alone():
    """The cross entropy with targets 0.9 and 0, as the library computes it; squares by hand; the generator's loss stays."""
    targets = torch.full_like(real, 0.9), torch.zeros_like(fake)
    expected = sum(bce(x, t) for x, t in zip((real, fake), targets, strict=True))
    for criterion in (minimax, nonsaturating):
        assert float(smoothed(criterion, 0.1).critic(real, fake)) == pytest.approx(float(expected), rel=1e-6)
        assert smoothed(criterion, 0.1).generator is criterion.generator
    squares = 0.5 * ((real - 0.9) ** 2).mean() + 0.5 * (fake**2).mean()
    assert float(smoothed(least_squares, 0.1).critic(real, fake)) == pytest.approx(float(squares), rel=1e-6)
    assert torch.equal(smoothed(minimax, 0.0).critic(real, fake), minimax.critic(real, fake))


def test_a_smoothed_critic_is_not_driven_to_certainty():
    """Where all is real the best D(x) is 0.9 and not 1: the gradient is 0 at its logit."""
    best = torch.full((1, 1), math.log(0.9 / 0.1), requires_grad=True)
    smoothed(minimax, 0.1).critic(best, torch.full((1, 1), -50.0)).backward()
    assert float(best.grad) == pytest.approx(0, abs=1e-6)


def test_relativistic_compares_pairs():
    expected = torch.nn.functional.softplus(fake - real).mean()
    assert torch.equal(relativistic.critic(real, fake), expected)
    assert torch.equal(relativistic.generator(fake, real), expected)
    assert [name for name, criterion in CRITERIA.items() if criterion.paired] == ["relativistic"]


@pytest.mark.parametrize("name", CRITERIA)
def test_each_player_pulls_its_way_and_stays_finite(name):
    """The critic wants real up and fake down, the generator fake up, also at logits of a thousand."""
    criterion = CRITERIA[name]
    for size in (0.1, 1000.0):
        r, f = torch.full((4, 1), -size, requires_grad=True), torch.full((4, 1), size, requires_grad=True)
        loss = criterion.critic(r, f)
        loss.backward()
        assert loss.isfinite()
        saturated = name in SATURATES["critic"] and size > 100
        assert (r.grad < 0).all() or saturated
        assert (f.grad > 0).all() or saturated
        f = torch.full((4, 1), -size, requires_grad=True)
        r = torch.full((4, 1), size)
        loss = criterion.generator(r, f) if criterion.paired else criterion.generator(f)
        loss.backward()
        assert loss.isfinite()
        assert (f.grad < 0).all() or (name in SATURATES["generator"] and size > 100)  # that is their fault
