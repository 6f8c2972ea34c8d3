"""f-divergences. Nowozin, Cseke and Tomioka, 2016, f-GAN: Training Generative Neural Samplers using Variational Divergence
Minimization. https://arxiv.org/abs/1606.00709

Of each convex f with f(1) = 0 comes a divergence between the data P and the samples Q, and a bound on it from below:

    D_f(P || Q) = E_Q f(p/q)                                                                        (eq. 2)
               >= E_P T(x) - E_Q f*(T(x)),    f*(t) = sup over u > 0 of u t - f(u)                  (eq. 4)

It is tight at T = f'(p/q). A critic ends in a logit v, which an activation g_f takes into the domain of f*: T = g_f(v), higher
for what looks real. f, g_f and f* are those of the paper's tables 1, 2 and 6. We depart in five places:

- f* stands here as one function of the logit, v -> f*(g_f(v)): apart, the two lose all digits (log(2 - e^t) at t = log 2).
- Table 2 prints -exp(v) and 1 - exp(v). The text asks for increasing activations: here it is -exp(-v) and 1 - exp(-v).
- Pearson's f* is t^2/4 + t only down to t = -2, and -1 below: u is a ratio of densities and cannot be negative. The parabola
  would turn upwards there and drive the generator the wrong way.
- Jeffreys and alpha take v = log u, which spares Lambert's W; the weighted Jensen-Shannon has a factor pi before its softplus.
- Where e^v would overflow it goes on as its tangent (`steep`): the bound is then that of an f which is infinite past a ratio
  of R = e^19 or more, and the optimum at all lesser ratios stays where it was. E_Q p/q = 1, so a generated row has a ratio
  above R with a probability below 1/R = 6e-9, and a real row one below 1/R likewise: no batch shows what is given up, and
  losses and gradients are finite at any logit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from rivals.errors import UserError

Function = Callable[[Tensor], Tensor]  # of each number by itself

STEEP = 20.0  # log of the ratio at which exponentials go on as their tangents


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """An f-divergence and its variational bound."""

    name: str
    f: Function = field(repr=False)  # u = p/q > 0 -> f(u), convex, f(1) = 0
    activation: Function = field(repr=False)  # logit v -> T = g_f(v), increasing
    conjugate: Function = field(repr=False)  # logit v -> f*(g_f(v))

    def slope(self, u: Tensor) -> Tensor:
        """f'(u), by automatic differentiation: what T is at its best, where u = p/q."""
        return derivative(self.f, u)

    def bound(self, real: Tensor, fake: Tensor) -> Tensor:
        """Logits of real and of generated rows -> (): E T(real) - E f*(T(fake)), at most the divergence in expectation."""
        return self.activation(real).mean() - self.conjugate(fake).mean()

    def between(self, p: Tensor, q: Tensor, cell: float) -> Tensor:
        """The divergence itself by quadrature. p, q: (..., points) > 0, densities at even points, each for `cell` of the
        space -> (...)."""
        return (q * self.f(p / q)).sum(-1) * cell


def derivative(f: Function, u: Tensor) -> Tensor:
    again = torch.is_grad_enabled() and u.requires_grad
    with torch.enable_grad():
        u = u if again else u.detach().requires_grad_()
        (slope,) = torch.autograd.grad(f(u).sum(), u, create_graph=again)
    return slope


def steep(x: Tensor, beyond: float = STEEP) -> Tensor:
    """e^x up to `beyond`, from there on its tangent: convex, increasing, once differentiable, finite."""
    inside = x.clamp(max=beyond)
    return inside.exp() * (1 + x - inside)


def continued(function: Function, v: Tensor) -> Tensor:
    """The function within +-`STEEP`, outside as its tangents."""
    inside = v.clamp(-STEEP, STEEP)
    return function(inside) + derivative(function, inside) * (v - inside)


def from_generator(name: str, f: Function) -> Divergence:
    """The divergence of any convex f, a torch function of positive numbers with f(1) = 0: v is the log of the density ratio,

        T = f'(e^v),    f*(T) = e^v f'(e^v) - f(e^v),

    f' by automatic differentiation, computed in float64, past |v| = 20 as tangents.

    >>> le_cam = from_generator("le-cam", lambda u: (u - 1) ** 2 / (u + 1))
    >>> print(f"{float(le_cam.activation(torch.zeros(()))):.3f}")
    0.000
    """
    u = torch.logspace(-4, 4, 401, dtype=torch.float64)  # u[200] is 1
    if abs(float(f(u)[200])) > 1e-9:
        raise UserError(f"f of '{name}' must be 0 at 1, not {float(f(u)[200]):g}: subtract that")
    if bool((derivative(f, u).diff() < -1e-9).any()):
        raise UserError(f"f of '{name}' is not convex: it gives no divergence")

    def activation(v: Tensor) -> Tensor:
        return continued(lambda v: derivative(f, v.exp()), v.double()).to(v.dtype)

    def conjugate(v: Tensor) -> Tensor:
        return continued(lambda v: v.exp() * derivative(f, v.exp()) - f(v.exp()), v.double()).to(v.dtype)

    return Divergence(name=name, f=f, activation=activation, conjugate=conjugate)


kl = Divergence(
    name="kl",
    f=lambda u: torch.xlogy(u, u),
    activation=lambda v: v,
    conjugate=lambda v: steep(v - 1),
)
"""E_P log p/q: covers all of P."""

reverse_kl = Divergence(
    name="reverse-kl",
    f=lambda u: -u.log(),
    activation=lambda v: -steep(-v),
    conjugate=lambda v: v - 1,
)
"""E_Q log q/p: seeks a mode of P."""

pearson = Divergence(
    name="pearson",
    f=lambda u: (u - 1).square(),
    activation=lambda v: v,
    conjugate=lambda v: relu(v + 2).square() / 4 - 1,
)
"""Chi-squared, the integral of (p - q)^2 / q."""

neyman = Divergence(
    name="neyman",
    f=lambda u: (1 - u).square() / u,
    activation=lambda v: 1 - steep(-v, 2 * STEEP),  # the two turn into tangents at the same v
    conjugate=lambda v: 2 - 2 * steep(-v / 2),
)
"""Chi-squared the other way round, the integral of (p - q)^2 / p."""

hellinger = Divergence(
    name="hellinger",
    f=lambda u: (u.sqrt() - 1).square(),
    activation=lambda v: 1 - steep(-v),
    conjugate=lambda v: steep(v) - 1,
)
"""Squared Hellinger distance, the integral of (sqrt p - sqrt q)^2."""

jeffreys = Divergence(
    name="jeffreys",
    f=lambda u: (u - 1) * u.log(),
    activation=lambda v: v + 1 - steep(-v),
    conjugate=lambda v: v - 1 + steep(v),
)
"""KL and reverse KL together."""

jensen_shannon = Divergence(
    name="js",
    f=lambda u: torch.xlogy(u, u) - (1 + u) * ((1 + u) / 2).log(),
    activation=lambda v: math.log(2) - softplus(-v),
    conjugate=lambda v: softplus(v) - math.log(2),
)
"""Of table 1's f, KL(P || M) + KL(Q || M) with M halfway between: twice what most call JS, at most log 4."""

gan = Divergence(
    name="gan",
    f=lambda u: torch.xlogy(u, u) - (1 + u) * (1 + u).log(),
    activation=lambda v: -softplus(-v),
    conjugate=softplus,
)
"""The GAN's own: 2 JS - log 4, hence the one f here that is -log 4 at 1. The bound is minus `criteria.minimax`'s loss."""

total_variation = Divergence(
    name="tv",
    f=lambda u: (u - 1).abs() / 2,
    activation=lambda v: torch.tanh(v) / 2,
    conjugate=lambda v: torch.tanh(v) / 2,
)
"""Half the integral of |p - q|. tanh saturates: a critic who is sure learns no more."""


def weighted_js(pi: float) -> Divergence:
    """pi KL(P || M) + (1 - pi) KL(Q || M), M = pi P + (1 - pi) Q. Towards pi = 0 it becomes KL (over pi), towards 1 reverse KL
    (over 1 - pi), at 1/2 it is the Jensen-Shannon divergence, at most log 2. Huszar, 2015, https://arxiv.org/abs/1511.05101"""
    if not 0 < pi < 1:
        raise UserError(f"pi is a weight between 0 and 1, not {pi}")
    return Divergence(
        name=f"js-{pi:g}",
        f=lambda u: pi * torch.xlogy(u, u) - (1 - pi + pi * u) * (1 - pi + pi * u).log(),
        activation=lambda v: -pi * (math.log(pi) + softplus(-v)),
        conjugate=lambda v: (1 - pi) * (math.log(1 - pi) + softplus(v)),
    )


def alpha(a: float) -> Divergence:
    """The alpha-divergences: 2 is half of Pearson's, 1/2 twice the squared Hellinger, -1 half of Neyman's; 1 and 0 would be KL
    and reverse KL. a: from -1 to 2; beyond, the squares of the gradients of a row would overflow."""
    if not -1 <= a <= 2 or a in (0, 1):
        raise UserError(f"alpha is in [-1, 2] and neither 0 (reverse_kl) nor 1 (kl), not {a}")

    def power(v: Tensor, k: float) -> Tensor:
        return steep(k * v, abs(k) * STEEP)

    return Divergence(
        name=f"alpha-{a:g}",
        f=lambda u: (u**a - 1 - a * (u - 1)) / (a * (a - 1)),
        activation=lambda v: (power(v, a - 1) - 1) / (a - 1),
        conjugate=lambda v: (power(v, a) - 1) / a,
    )


DIVERGENCES: dict[str, Divergence] = {
    divergence.name: divergence
    for divergence in (kl, reverse_kl, pearson, neyman, hellinger, jeffreys, jensen_shannon, gan, total_variation)
}
