"""The equilibrium of the first GAN. Goodfellow et al., 2014, section 4 and figure 1. https://arxiv.org/abs/1406.2661

For a given generator the best discriminator is D*(x) = p(x) / (p(x) + q(x)) (proposition 1), and the value of the game is then

    V(G, D*) = 2 JS(P || Q) - log 4,                                                                (eq. 6)

least at Q = P, where D is 1/2 everywhere and V = -log 4 (theorem 1). Both are watched in one dimension, where P, Q and so D*
and JS are known exactly: once as a generator learns, once as a generator is given the truth under a discriminator that had
learnt to tell it from the data.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.optim import Adam

from rivals import chance
from rivals.criteria import minimax
from rivals.divergences import weighted_js
from rivals.games.gan import GAN
from rivals.networks.trials import mlp, summed
from rivals.priors import Normal
from rivals.recipes.duel import cosine
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import COLOURS, GENERATED, GREY, REAL, figure, plain, shades
from rivals.studies.toy import gaussians, logits_on, moments, normal_density, play

WRONG = (2.0, 0.6)  # where generators begin: N(2, 0.6^2); the data are N(0, 1)
ROWS = 256
LEAST = -math.log(4)
GRID = torch.linspace(-8, 8, 1601, dtype=torch.float64)
CELL = float(GRID[1] - GRID[0])
P = normal_density(GRID, 0.0, 1.0)
LOOKS = 40  # at the game, most of them early


@study(
    title="The equilibrium: D to 1/2, V to -log 4, V = 2 JS - log 4 on the way",
    source="Goodfellow et al., 2014, proposition 1 and theorem 1",
    seeds=5,
    minutes=1,
)
def equilibrium(plan: Plan) -> Findings:
    """The value of the minimax game against the exact Jensen-Shannon divergence, as a generator learns and at the truth."""
    plan.tell(f"{plan.seeds} generators that learn ...")
    learning = Watched(plan, learns=True)
    plan.tell(f"{plan.seeds} generators that are given the truth ...")
    given = Watched(plan, learns=False)
    plan.figure(draw(learning, given), "equilibrium")
    begun = torch.tensor(learning.rounds) >= learning.rounds[-1] / 50  # before, discriminators know nothing yet
    gap = (learning.best - learning.value)[begun]
    half = given.half_error
    rows = [
        Row(
            system="given the truth",
            metric="V",
            values=given.value[-1].tolist(),
            published="-1.386 (-log 4)",
            source="theorem 1",
        ),
        Row(
            system="given the truth",
            metric="mean distance of D(x) from 1/2",
            values=half[-1].tolist(),
            published="0",
            source="theorem 1",
        ),
        Row(
            system="learns",
            metric="V at the end",
            values=learning.value[-1].tolist(),
            published="-1.386 (-log 4)",
            source="theorem 1",
        ),
        Row(system="learns", metric="JS at the end", values=((learning.best[-1] - LEAST) / 2).tolist(), published="0"),
        Row(system="learns", metric="mean of V* - V on the way", values=gap.mean(0).tolist(), published="0", source="eq. 6"),
    ]
    return Findings(rows=rows, claims=claims(learning, given, gap), protocol=PROTOCOL)


PROTOCOL = (
    "P = N(0, 1), Q = N(m, s²) from N(2, 0.6²), G(z) = m + s z; discriminator 1-32-32-1 with SiLU; minimax. Learning: Adam "
    "1e-2 for D (five turns), 5e-3 for G, beta1 0.5, both falling to 0 (cosine), 1,500 rounds of 256 fresh rows. Given the "
    "truth: 300 rounds of D alone against N(2, 0.6²), then G becomes P and D plays 1,500 rounds on, Adam 5e-3 falling to 0. "
    "V, JS and D* by quadrature at up to 41 looks, dense at first; V is that of the discriminator as it is, V* = 2 JS - log 4."
)


class Watched:
    """A game played, and what was seen at each look: (looks, seeds), the discriminators (looks, seeds, points)."""

    def __init__(self, plan: Plan, *, learns: bool):
        torch.manual_seed(0)
        self.seeds = plan.seeds
        wrong = [torch.full((plan.seeds,), value) for value in WRONG]
        self.game = GAN(
            gaussians(*wrong),
            mlp(plan.seeds, [1, 32, 32, 1], nn.SiLU),
            prior=Normal(1),
            adversarial=summed(minimax, plan.seeds),
            critic_turns=5 if learns else 1,
            generator_turns=1 if learns else 0,
            optim_d=partial(Adam, lr=1e-2 if learns else 5e-3, betas=(0.5, 0.999)),
            optim_g=partial(Adam, lr=5e-3, betas=(0.5, 0.999)),
            schedule=cosine,
        )
        seen: list[tuple[Tensor, Tensor, Tensor]] = []
        rounds = plan.rounds(1500)
        if not learns:
            play(self.game, self.draw, plan.rounds(300))
            self.game.generator = gaussians(torch.zeros(plan.seeds), torch.ones(plan.seeds))
        self.rounds = sorted({int(rounds * (look / LOOKS) ** 3) for look in range(LOOKS + 1)})
        play(self.game, self.draw, rounds, watch=lambda round: seen.append(self.look()) if round in self.rounds else None)
        self.logits, self.q, self.best = (torch.stack(of_looks) for of_looks in zip(*seen, strict=True))

    def draw(self) -> Tensor:
        return chance.normal(ROWS * self.seeds, 1)

    def look(self) -> tuple[Tensor, Tensor, Tensor]:
        """Logits and Q's density on the grid, and 2 JS - log 4."""
        mean, deviation = moments(self.game.generator)
        q = normal_density(GRID, mean[:, None], deviation[:, None])
        return logits_on(self.game.discriminator, self.seeds, GRID), q, 2 * weighted_js(0.5).between(P, q, CELL) + LEAST

    @property
    def value(self) -> Tensor:
        """V(G, D) = E log D(x) + E log(1 - D(G(z)))."""
        return -(P * softplus(-self.logits) + self.q * softplus(self.logits)).sum(-1) * CELL

    @property
    def half_error(self) -> Tensor:
        """E over P of |D(x) - 1/2|."""
        return (P * (self.logits.sigmoid() - 0.5).abs()).sum(-1) * CELL


def claims(learning: Watched, given: Watched, gap: Tensor) -> list[Claim]:
    off, half = float((given.value[-1] - LEAST).abs().max()), float(given.half_error[-1].max())
    above = float(torch.cat([learning.value - learning.best, given.value - given.best]).max())
    end = float((learning.value[-1] - LEAST).abs().max())
    return [
        Claim(
            "Given the truth, V goes to -log 4 = -1.3863",
            off < 0.002,
            f"{float(given.value[-1].mean()):.4f}, off by {off:.4f} at most",
        ),
        Claim(
            "Given the truth, D(x) goes to 1/2 where the data are",
            half < 0.02,
            f"its mean distance falls from {float(given.half_error[0].mean()):.3f} to {half:.4f} at most",
        ),
        Claim("V is never above 2 JS - log 4", above < 1e-9, f"V - V* is at most {above:.1e}"),
        Claim(
            "V follows 2 JS - log 4 while the generator learns",
            float(gap.mean()) < 0.01,
            f"below it by {float(gap.mean()):.4f} in the mean, {float(gap.max()):.4f} at most past the first 2 % of rounds, "
            f"while it falls by {float((learning.best[0] - learning.best[-1]).mean()):.3f}",
        ),
        Claim("The generator that learns arrives at -log 4", end < 0.005, f"off by {end:.4f} at most"),
    ]


def draw(learning: Watched, given: Watched) -> Figure:
    drawing = figure(11.5, 3.6)
    value, truth, best = drawing.subplots(1, 3)
    plain(value, "The value of the game", "round", "V")
    value.plot(learning.rounds, learning.best, color=REAL, linestyle="--", linewidth=1, zorder=3)
    value.plot(learning.rounds, learning.value, color=GENERATED, alpha=0.6)
    value.plot(given.rounds, given.value, color=COLOURS[0], alpha=0.6)
    for label, colour, style in (
        ("2 JS - log 4, exact", REAL, "--"),
        ("V of the players", GENERATED, "-"),
        ("V, given the truth", COLOURS[0], "-"),
    ):
        value.plot([], [], color=colour, linestyle=style, label=label)
    value.axhline(LEAST, color=GREY, linestyle=":")
    value.text(learning.rounds[-1], LEAST, "-log 4", color=GREY, fontsize=8, ha="right", va="bottom")
    value.set_ylim(-2.2, 0)
    value.set_xscale("symlog", linthresh=1)
    value.set_xlim(0, None)
    value.legend(frameon=False, fontsize=8, loc="upper right")
    at = (GRID > -3.5) & (GRID < 4)
    plain(truth, "D(x), once the generator is the truth", "x")
    truth.fill_between(GRID[at], P[at], color="#e6e6e6", linewidth=0)
    shown = some_of(given.rounds, (0, 0.08, 0.15, 0.25, 0.5, 1))
    for look, shade in zip(shown, shades("viridis", len(shown)), strict=True):
        truth.plot(GRID[at], given.logits[look, 0].sigmoid()[at], color=shade, label=f"round {given.rounds[look]}")
    plain(best, "D(x) on the way, over the best p/(p + q)", "x")
    best.fill_between(GRID[at], P[at], color="#e6e6e6", linewidth=0)
    shown = some_of(learning.rounds, (0.3, 0.5, 0.65, 0.8, 1))
    for look, shade in zip(shown, shades("viridis", len(shown)), strict=True):
        q = learning.q[look, 0]
        best.plot(GRID[at], learning.logits[look, 0].sigmoid()[at], color=shade, label=f"round {learning.rounds[look]}")
        best.plot(GRID[at], (P / (P + q))[at], color=REAL, linestyle="--", linewidth=0.8)
    for axes in (truth, best):
        axes.axhline(0.5, color=GREY, linestyle=":")
        axes.set_ylim(0, 1.02)
        axes.legend(frameon=False, fontsize=8, loc="upper right")
    return drawing


def some_of(rounds: list[int], shares: tuple[float, ...]) -> list[int]:
    """The numbers of the looks that lie these shares of all of them down the list."""
    return [round(share * (len(rounds) - 1)) for share in shares]
