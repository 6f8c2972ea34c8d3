"""f-divergences against numerical suprema, quadrature and each other."""

from __future__ import annotations

import math

import pytest
import torch

from rivals.criteria import minimax, nonsaturating, variational
from rivals.divergences import (
    DIVERGENCES,
    alpha,
    from_generator,
    gan,
    hellinger,
    jensen_shannon,
    kl,
    neyman,
    pearson,
    reverse_kl,
    steep,
    total_variation,
    weighted_js,
)
from rivals.errors import UserError

ALL = {d.name: d for d in (*DIVERGENCES.values(), *map(weighted_js, (0.1, 0.5, 0.99)), *map(alpha, (-1, -0.5, 0.3, 1.5, 2)))}
U = torch.logspace(-9, 9, 1_800_001, dtype=torch.float64)
SLOPES = {  # f', by hand
    "kl": lambda u: u.log() + 1,
    "reverse-kl": lambda u: -1 / u,
    "pearson": lambda u: 2 * (u - 1),
    "neyman": lambda u: 1 - u**-2,
    "hellinger": lambda u: 1 - u**-0.5,
    "jeffreys": lambda u: u.log() + 1 - 1 / u,
    "js": lambda u: (2 * u / (1 + u)).log(),
    "gan": lambda u: (u / (1 + u)).log(),
    "tv": lambda u: (u - 1).sign() / 2,
    "js-0.1": lambda u: 0.1 * (u / (0.9 + 0.1 * u)).log(),
    "js-0.5": lambda u: 0.5 * (2 * u / (1 + u)).log(),
    "js-0.99": lambda u: 0.99 * (u / (0.01 + 0.99 * u)).log(),
    **{f"alpha-{a:g}": lambda u, a=a: (u ** (a - 1) - 1) / (a - 1) for a in (-1, -0.5, 0.3, 1.5, 2)},
}


def gaussians():
    """Densities of N(0, 1) and N(0.7, 1.2^2) on a grid, its points and the width of its cells."""
    x = torch.linspace(-12, 12, 4801, dtype=torch.float64)
    p, q = (torch.exp(-0.5 * ((x - m) / s) ** 2) / (s * math.sqrt(2 * math.pi)) for m, s in ((0, 1), (0.7, 1.2)))
    return p, q, float(x[1] - x[0])


@pytest.mark.parametrize("name", ALL)
def test_conjugates_are_suprema(name):
    """The supremum is finite, so that the activation stays within the domain of f*."""
    divergence = ALL[name]
    v = torch.tensor([-6.0, -3, -1, -0.1, 0, 0.1, 1, 3, 6], dtype=torch.float64)
    values = divergence.f(U)
    supremum = torch.stack([(U * t - values).max() for t in divergence.activation(v)])
    assert torch.allclose(divergence.conjugate(v), supremum, rtol=1e-6, atol=1e-6)
    assert (divergence.activation(v).diff() > 0).all()


@pytest.mark.parametrize("name", ALL)
def test_slopes(name):
    u = torch.logspace(-3, 3, 60, dtype=torch.float64)
    assert torch.allclose(ALL[name].slope(u), SLOPES[name](u), rtol=1e-9)
    assert float(ALL[name].f(torch.ones(()))) == pytest.approx(-math.log(4) if name == "gan" else 0, abs=1e-6)


@pytest.mark.parametrize("name", [name for name in ALL if name != "tv"])
def test_the_bound_is_tight_at_the_slope_of_the_ratio_and_there_alone(name):
    divergence, (p, q, cell) = ALL[name], gaussians()
    logits = inverse(divergence.activation, SLOPES[name](p / q))
    inside = logits.abs() < 19  # past it the ratio is one that no sample shows
    p, q = p * inside, q * inside

    def bound(v):
        return float((p * divergence.activation(v) - q * divergence.conjugate(v)).sum()) * cell

    exact = float((q * divergence.f(torch.where(inside, p / q, 1.0))).sum()) * cell
    assert bound(logits) == pytest.approx(exact, rel=1e-6)
    for other in (logits + 0.1, 0.9 * logits, torch.zeros_like(logits)):
        assert bound(other) < exact


def inverse(increasing, y):
    """v of increasing(v) = y, by halving."""
    low, high = torch.full_like(y, -200), torch.full_like(y, 200)
    for _ in range(90):
        middle = (low + high) / 2
        below = increasing(middle) < y
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (low + high) / 2


def test_divergences_between_gaussians_in_closed_form():
    p, q, cell = gaussians()
    m, s = 0.7, 1.2
    exact = {
        "kl": math.log(s) + (1 + m**2) / (2 * s**2) - 0.5,
        "reverse-kl": -math.log(s) + (s**2 + m**2) / 2 - 0.5,
        "hellinger": 2 - 2 * math.sqrt(2 * s / (1 + s**2)) * math.exp(-(m**2) / (4 * (1 + s**2))),
        "pearson": s**2 / math.sqrt(2 * s**2 - 1) * math.exp(m**2 / (2 * s**2 - 1)) - 1,
        "neyman": 1 / (s * math.sqrt(2 - s**2)) * math.exp(m**2 / (2 - s**2)) - 1,
    }
    for name, value in exact.items():
        assert float(DIVERGENCES[name].between(p, q, cell)) == pytest.approx(value, rel=1e-6)
    both = float(kl.between(p, q, cell) + reverse_kl.between(p, q, cell))
    assert float(DIVERGENCES["jeffreys"].between(p, q, cell)) == pytest.approx(both)
    assert float(total_variation.between(p, q, cell)) == pytest.approx(float((p - q).abs().sum()) * cell / 2)
    assert float(total_variation.bound((p - q).sign()[p > q] * 1e3, torch.full((3,), -1e3))) == 1  # apart: its largest value


def test_relatives():
    u = torch.logspace(-2, 2, 50, dtype=torch.float64)
    assert torch.allclose(gan.f(u) + (1 + u) * math.log(2), jensen_shannon.f(u))
    assert torch.allclose(2 * weighted_js(0.5).f(u), jensen_shannon.f(u))
    assert torch.allclose(2 * alpha(2).f(u), pearson.f(u))
    assert torch.allclose(2 * alpha(-1).f(u) - neyman.f(u), torch.zeros_like(u), atol=1e-9)
    assert torch.allclose(alpha(0.5).f(u), 2 * hellinger.f(u))
    p, q, cell = gaussians()
    assert float(weighted_js(1e-4).between(p, q, cell)) * 1e4 == pytest.approx(float(kl.between(p, q, cell)), rel=1e-3)
    near_1 = float(weighted_js(1 - 1e-4).between(p, q, cell)) * 1e4
    assert near_1 == pytest.approx(float(reverse_kl.between(p, q, cell)), rel=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_a_users_generator_gives_the_same_bound(name):
    """The logit is then the log of the ratio, so it is the pairs (T, f*) that agree, not their logits."""
    if name == "gan":
        return  # f(1) is not 0
    ours, users = ALL[name], from_generator("mine", ALL[name].f)
    v = torch.linspace(-4, 4, 40, dtype=torch.float64)
    same = inverse(ours.activation, users.activation(v))
    if name == "tv":
        same = 1000 * v  # f' jumps: its T is -1/2 or 1/2
    assert torch.allclose(ours.activation(same), users.activation(v), atol=1e-9)
    assert torch.allclose(ours.conjugate(same), users.conjugate(v), rtol=1e-6, atol=1e-9)


def test_a_users_generator_trains_a_critic():
    mine = variational(from_generator("mine", hellinger.f))
    real, fake = torch.tensor([[0.4], [-1000.0]], requires_grad=True), torch.tensor([[-0.2], [1000.0]], requires_grad=True)
    loss = mine.critic(real, fake)
    loss.backward()
    assert loss.dtype == torch.float32
    assert loss.isfinite()
    assert float(real.grad[0]) == pytest.approx(-0.5 * 0.5 * math.exp(-0.2), rel=1e-5)  # T = 1 - e^(-v/2)
    assert float(fake.grad[0]) == pytest.approx(0.5 * 0.5 * math.exp(-0.1), rel=1e-5)  # f* = e^(v/2) - 1
    assert float(fake.grad[1]) == pytest.approx(0.5 * 0.5 * math.exp(10), rel=1e-5)  # a tangent past 20
    with torch.no_grad():
        assert torch.equal(mine.critic(real, fake), loss)


def test_wrong_generators_say_so():
    with pytest.raises(UserError, match="f of 'x' must be 0 at 1, not 1"):
        from_generator("x", lambda u: u.square())
    with pytest.raises(UserError, match="'x' is not convex"):
        from_generator("x", torch.log)
    for pi in (0, 1, -0.2):
        with pytest.raises(UserError, match="between 0 and 1"):
            weighted_js(pi)
    for a in (0, 1, 2.5, -1.5):
        with pytest.raises(UserError, match="alpha is in"):
            alpha(a)


def test_the_gans_own_is_minimax():
    real, fake = torch.tensor([[0.3], [-1.2], [900.0]]), torch.tensor([[-0.7], [0.1], [-900.0]])
    own, js = variational(gan), variational(jensen_shannon)
    assert torch.equal(own.critic(real, fake), minimax.critic(real, fake))
    assert torch.equal(own.generator(fake), minimax.generator(fake))
    assert torch.equal(variational(gan, alternative=True).generator(fake), nonsaturating.generator(fake))
    assert torch.allclose(js.critic(real, fake), minimax.critic(real, fake) - math.log(4))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("v", [-1000.0, -50.0, 50.0, 1000.0])
def test_big_logits_have_finite_losses_and_gradients(name, v):
    logit = torch.full((3, 1), v, requires_grad=True)
    for function in (ALL[name].activation, ALL[name].conjugate):
        value = function(logit)
        (slope,) = torch.autograd.grad(value.sum(), logit)
        assert value.isfinite().all()
        assert slope.isfinite().all()
        assert (slope >= 0).all()
        assert slope.square().isfinite().all()  # as Adam takes it


def test_the_tangent_is_one():
    x = torch.tensor([-1000.0, 0, 19, 20, 21, 1000], dtype=torch.float64, requires_grad=True)
    y = steep(x)
    y.sum().backward()
    top = math.exp(20)
    assert torch.allclose(y, torch.tensor([0, 1, math.exp(19), top, 2 * top, 981 * top], dtype=torch.float64))
    assert torch.allclose(x.grad, torch.tensor([0, 1, math.exp(19), top, top, top], dtype=torch.float64))


def test_names_tell_divergences_apart():
    """They stand in the settings of a run, where no address may."""
    assert repr(weighted_js(0.1)) == "Divergence(name='js-0.1')"
