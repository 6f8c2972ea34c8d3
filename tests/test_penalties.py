"""Penalties against the closed form of a linear critic, whose gradient is its weight everywhere."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rivals import chance
from rivals.penalties import DRAGAN, R1, R1R2, WGANGP, WGANLP, clip_weights, gradient_norm_squared, of_patches


@pytest.fixture
def linear() -> nn.Module:
    critic = nn.Sequential(nn.Flatten(), nn.Linear(12, 1))
    critic[1].weight.data = torch.arange(12.0).view(1, 12) / 10
    return critic


real, fake = torch.randn(6, 3, 2, 2), torch.randn(6, 3, 2, 2)


def test_penalties_of_a_linear_critic(linear):
    norm = float(linear[1].weight.norm())
    assert float(WGANGP(10.0)(linear, real, fake)) == pytest.approx(10 * (norm - 1) ** 2, rel=1e-5)
    assert float(R1(3.0)(linear, real, fake)) == pytest.approx(1.5 * norm**2, rel=1e-5)
    assert float(R1R2(3.0)(linear, real, fake)) == pytest.approx(3 * norm**2, rel=1e-5)


def test_wgan_lp_leaves_slopes_under_one_free(linear):
    norm = float(linear[1].weight.norm())
    assert norm > 1
    assert float(WGANLP(10.0)(linear, real, fake)) == pytest.approx(10 * (norm - 1) ** 2, rel=1e-5)
    linear[1].weight.data *= 0.5 / norm
    assert float(WGANLP(10.0)(linear, real, fake)) == 0.0
    assert float(WGANGP(10.0)(linear, real, fake)) == pytest.approx(2.5, rel=1e-4)


def test_dragan_of_a_linear_critic(linear):
    norm = float(linear[1].weight.norm())
    assert float(DRAGAN(10.0)(linear, real, fake)) == pytest.approx(10 * (norm - 1) ** 2, rel=1e-5)


def test_dragan_stays_around_the_real_on_one_line_a_picture():
    """delta = alpha * 0.5 * std * u: from the real up, never near the fake, with the std of the whole batch."""
    seen = []

    def critic(x):
        seen.append(x.detach())
        return x.flatten(1).sum(1, keepdim=True)

    chance.reseed(3)
    x = torch.randn(400, 1, 6, 6) * torch.linspace(0, 4, 400).view(-1, 1, 1, 1)  # the first picture is blank
    DRAGAN()(critic, x, torch.full_like(x, 100.0))
    moved = (seen[0] - x) / (0.5 * x.std(correction=0))
    assert float(moved.min()) >= 0
    assert float(moved.max()) < 1
    assert float(moved[0].max()) > 0  # its own std would be 0
    chance.reseed(3)
    u, alpha = chance.uniform(400, 1, 6, 6), chance.uniform(400, 1, 1, 1)
    assert torch.allclose(moved, alpha * u, atol=1e-4)


def test_r1_is_at_the_real_and_r1r2_at_both():
    def quadratic(x):
        return x.square().flatten(1).sum(1, keepdim=True)  # gradient 2x

    at_real, at_fake = (4 * x.square().flatten(1).sum(1).mean() for x in (real, fake))
    assert float(R1(2.0)(quadratic, real, fake)) == pytest.approx(float(at_real), rel=1e-5)
    assert float(R1R2(2.0)(quadratic, real, fake)) == pytest.approx(float(at_real + at_fake), rel=1e-5)


def test_wgan_gp_mixes_whole_pictures_with_one_alpha_each():
    """The six famous wrong versions draw alpha per pixel, or take the norm over one axis."""
    seen = []

    def critic(x):
        seen.append(x.detach())
        return x.flatten(1).sum(1, keepdim=True)

    penalty = WGANGP(1.0)(critic, torch.ones(5, 3, 4, 4), torch.zeros(5, 3, 4, 4))
    (x,) = seen
    alphas = x[:, 0, 0, 0]
    assert torch.allclose(x, alphas.view(5, 1, 1, 1).expand_as(x))
    assert len(set(alphas.tolist())) == 5
    assert float(penalty) == pytest.approx((48**0.5 - 1) ** 2, rel=1e-5)


def test_the_penalty_reaches_the_weights(linear):
    WGANGP(1.0)(linear, real, fake).backward()
    w = linear[1].weight
    expected = 2 * (w.norm() - 1) * w / w.norm()
    assert torch.allclose(w.grad, expected, rtol=1e-4)


def test_penalties_are_computed_in_float32_under_autocast(linear):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        square = gradient_norm_squared(linear, real.bfloat16())
    assert square.dtype == torch.float32
    assert torch.allclose(square, linear[1].weight.square().sum().expand(6))


def test_a_flat_critic_has_a_finite_gradient():
    critic = nn.Sequential(nn.Flatten(), nn.Linear(12, 1))
    nn.init.zeros_(critic[1].weight)
    WGANGP()(critic, real, fake).backward()
    assert critic[1].weight.grad.isfinite().all()


def test_clipping(linear):
    clip_weights(linear, 0.25)
    assert float(linear[1].weight.max()) == 0.25
    assert float(linear[1].weight[0, 1]) == pytest.approx(0.1)


def test_alpha_follows_the_shared_seed(linear):
    def critic(x):
        return x.square().flatten(1).sum(1, keepdim=True)

    values = []
    for _ in range(2):
        chance.reseed(1, 1)
        values.append(float(WGANGP()(critic, real, fake)))
    assert values[0] == values[1]


def test_a_penalty_is_as_strong_whatever_the_number_of_patches():
    torch.manual_seed(0)
    patches = nn.Conv2d(1, 1, 4, stride=4)
    expected = float(patches.weight.detach().square().sum()) / 2
    for side in (4, 8, 32):
        x = torch.randn(3, 1, side, side)
        assert float(R1(1.0)(of_patches(patches), x, x).detach()) == pytest.approx(expected, rel=1e-5)
