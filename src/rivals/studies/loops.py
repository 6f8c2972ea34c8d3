"""Who moves when. Goodfellow et al., 2014, https://arxiv.org/abs/1406.2661, algorithm 1: k steps of D, then one of G (a double
loop, k large enough that D stays near its optimum). Nowozin et al., 2016, f-GAN, https://arxiv.org/abs/1606.00709, algorithm 1:
a single step, both gradients taken at the same weights before anyone moves. Mescheder et al., 2018, Which Training Methods for
GANs do actually Converge?, https://arxiv.org/abs/1801.04406: near the equilibrium the game turns about it.

Two games. **Gaussians**: data N(2, 1), G(z) = z + theta, D(x) = w x + b, which can be exact, since the log ratio of two
Gaussians of equal deviation is linear. Expectations are taken over 200 quantiles instead of draws, so all motion is the game's
own. The equilibrium is theta = 2, w = 0, and (theta, w) is drawn. **Ring**: eight Gaussians, networks, Adam.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer

from rivals import chance
from rivals.criteria import nonsaturating
from rivals.data import Batches, load
from rivals.data.core import Batch
from rivals.data.toys import TOYS
from rivals.games.gan import GAN
from rivals.metrics.modes import high_quality
from rivals.networks.trials import Linears, mlp, summed
from rivals.priors import Normal
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import COLOURS, GREY, figure, plain
from rivals.studies.toy import gradients
from rivals.trainer import Trainer

MU = 2.0
QUANTILES = 200
STEPS, MIDWAY, LR = 1000, 100, 0.1  # of the Gaussians; at the end only rounding is left of the distance
ROUNDS, BATCH, WIDTH, SAMPLES = 2000, 128, 64, 2500  # of the ring
CONVERGED = 20  # D's steps that stand for "to convergence"
SOURCE = "Goodfellow et al., 2014, algorithm 1; Nowozin et al., 2016, algorithm 1; Mescheder et al., 2018"


@dataclass(frozen=True)
class Scheme:
    name: str
    turns: int = 1  # of D for one of G
    together: bool = False  # every player's gradient is taken before any moves


SCHEMES = (
    Scheme("simultaneous (f-GAN)", together=True),
    Scheme("in turns, k = 1"),
    Scheme("double loop, k = 5", turns=5),
    Scheme(f"double loop, to convergence (k = {CONVERGED})", turns=CONVERGED),
)


def played_together(game: GAN, optimizers: Iterable[Optimizer], batch: Batch) -> None:
    """One round in which everyone moves at once, by gradients at the same weights."""
    for player in game.players():
        gradients(game, player, batch)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()


class Shift(nn.Module):
    """z + theta, a theta for each trial: (B * S, 1) -> (B * S, 1)."""

    def __init__(self, theta: Tensor):
        super().__init__()
        self.theta = nn.Parameter(theta.clone())

    def forward(self, z: Tensor) -> Tensor:
        return z + self.theta.repeat(len(z) // len(self.theta))[:, None]


class Path(NamedTuple):
    """Of S trials, through the steps of G."""

    theta: NDArray[np.float64]  # (K, S)
    w: NDArray[np.float64]  # (K, S)

    @property
    def distances(self) -> NDArray[np.float64]:
        """From the equilibrium, (K, S)."""
        return np.hypot(self.theta - MU, self.w)

    @property
    def turns(self) -> NDArray[np.float64]:
        """How often each trial went about the equilibrium, until it came within a hundredth: (S,)."""
        angles = np.unwrap(np.arctan2(self.w, self.theta - MU), axis=0)
        ends = [int(np.argmax(column)) if (column := self.distances[:, s] < 0.01).any() else -1 for s in range(angles.shape[1])]
        return np.asarray([abs(angles[end, s] - angles[0, s]) / (2 * math.pi) for s, end in enumerate(ends)])


def on_gaussians(asked: tuple[Scheme, int, int]) -> Path:
    """All starts of one scheme at once."""
    scheme, seeds, steps = asked
    with chance.fixed(0):
        theta, w = chance.normal(seeds), chance.normal(seeds)
    z = torch.special.ndtri((torch.arange(QUANTILES) + 0.5) / QUANTILES)[:, None].repeat_interleave(seeds, 0)
    D = mlp(seeds, [1, 1], nn.Identity)
    slopes = next(layer for layer in D.modules() if isinstance(layer, Linears))
    with torch.no_grad():
        slopes.weight[:, 0, 0], slopes.bias[:] = w, 0.0
    sgd = partial(SGD, lr=LR)
    game = GAN(Shift(theta), D, prior=lambda n, device: z, adversarial=summed(nonsaturating, seeds), optim_d=sgd, optim_g=sgd)
    optimizers = [player.optim(player.parameters()) for player in game.players()]
    path = []
    for _ in range(steps):
        path.append((game.generator.get_parameter("theta").tolist(), slopes.weight.flatten().tolist()))
        if scheme.together:
            played_together(game, optimizers, Batch(MU + z))
            continue
        for player, optimizer, turns in zip(game.players(), optimizers, (scheme.turns, 1), strict=True):
            for _ in range(turns):
                gradients(game, player, Batch(MU + z))
                optimizer.step()
                optimizer.zero_grad()
    thetas, ws = zip(*path, strict=True)
    return Path(np.asarray(thetas), np.asarray(ws))


class Drawn(NamedTuple):
    """What the trials of a ring came to."""

    modes: list[float]
    quality: list[float]  # percent
    x: NDArray[np.float64]  # (N, 2) of the first trial


def on_ring(asked: tuple[Scheme, int, int]) -> Drawn:
    scheme, seeds, rounds = asked
    torch.manual_seed(0)
    adam = partial(Adam, lr=1e-3, betas=(0.5, 0.999))
    game = GAN(
        mlp(seeds, [2, WIDTH, WIDTH, 2], nn.ReLU),
        mlp(seeds, [2, WIDTH, WIDTH, 1], nn.ReLU),
        prior=Normal(2),
        adversarial=summed(nonsaturating, seeds),
        critic_turns=scheme.turns,
        optim_d=adam,
        optim_g=adam,
    )
    batches = Batches(load("ring"), BATCH * seeds, seed=0, device=torch.device("cpu"))
    trainer = Trainer(game, batches)
    for round in range(rounds):
        if scheme.together:
            chance.reseed(0, round)
            played_together(game, trainer.optimizers.values(), batches(round))
        else:
            trainer.play(round / rounds)
    centres, deviation = TOYS["ring"]
    with torch.no_grad(), chance.fixed(1):
        x = game.sample(SAMPLES * seeds).view(SAMPLES, seeds, 2)
    counts = [high_quality(x[:, seed], torch.tensor(centres), deviation) for seed in range(seeds)]
    quality = [100 * float(each.sum()) / SAMPLES for each in counts]
    return Drawn([float((each > 0).sum()) for each in counts], quality, x[:, 0].double().numpy())


SINGLE = "A single step is enough on the ring (Nowozin et al.: it converges, and is simpler than the double loop)"
WHY = {
    SINGLE: "large steps and Adam's momentum, which carry both players on along gradients that the other's move made stale. "
    "Without momentum (beta1 0) eight seeds gave 5.4 modes against 6.9 in turns; with a quarter of the learning rate 3.4 "
    "against 3.5, no difference"
}


@study(title="The double loop against a single step and simultaneous gradients", source=SOURCE, seeds=8, minutes=5, why=WHY)
def loops(plan: Plan) -> Findings:
    """Trajectories and turns about the equilibrium of two Gaussians, distance at the end; modes of the ring."""
    rounds, steps = plan.rounds(ROUNDS), plan.rounds(STEPS)
    paths = dict(zip(SCHEMES, plan.side_by_side(on_gaussians, [(each, plan.seeds, steps) for each in SCHEMES]), strict=True))
    rings = dict(zip(SCHEMES, plan.side_by_side(on_ring, [(each, plan.seeds, rounds) for each in SCHEMES]), strict=True))
    rows = []
    for scheme in SCHEMES:
        path, ring = paths[scheme], rings[scheme]
        for metric, values in (
            (
                f"Gaussians: distance from the equilibrium after {MIDWAY} steps of G",
                path.distances[min(MIDWAY, steps) - 1].tolist(),
            ),
            ("Gaussians: turns about the equilibrium", path.turns.tolist()),
            (f"ring: modes of 8 after {rounds:,} rounds", ring.modes),
            ("ring: % high quality", ring.quality),
        ):
            rows.append(Row(system=scheme.name, metric=metric, values=values))
    plan.figure(trajectories(paths), "trajectories")
    plan.figure(rings_drawn(rings), "rings")
    protocol = f"""
        Non-saturating criterion. Gaussians: data N({MU:g}, 1), G(z) = z + theta, D(x) = w x + b, expectations over {QUANTILES}
        quantiles, SGD with learning rate {LR:g}, theta and w start from N(0, 1). Ring: networks of two layers of {WIDTH}, ReLU,
        Adam 1e-3 with beta1 0.5, batch {BATCH}, {SAMPLES:,} samples. All seeds of a scheme at once."""
    return Findings(rows=rows, claims=claims(paths, rings), protocol=protocol)


def claims(paths: dict[Scheme, Path], rings: dict[Scheme, Drawn]) -> list[Claim]:
    together, one, five, converged = SCHEMES
    turns = {scheme: float(path.turns.mean()) for scheme, path in paths.items()}
    left = {scheme: float(path.distances[:MIDWAY][-1].mean()) for scheme, path in paths.items()}
    told = "; ".join(f"{scheme.name}: {value:.2f}" for scheme, value in turns.items())
    modes = {scheme: float(np.mean(ring.modes)) for scheme, ring in rings.items()}
    return [
        Claim(
            "The more steps of D, the less the game turns about its equilibrium",
            turns[converged] < turns[one],
            f"turns: {told}",
        ),
        Claim(
            "Simultaneous gradients turn at least as much as taking turns (Mescheder et al.)",
            turns[together] >= 0.99 * turns[one] and left[together] >= 0.99 * left[one],
            f"turns {turns[together]:.2f} and {turns[one]:.2f}; distances after {MIDWAY} steps {left[together]:.2g} and "
            f"{left[one]:.2g}",
        ),
        Claim(
            SINGLE,
            modes[together] >= modes[five] - 0.5,
            "modes: " + "; ".join(f"{scheme.name}: {value:.1f}" for scheme, value in modes.items()),
        ),
    ]


def trajectories(paths: dict[Scheme, Path]) -> Figure:
    drawn = figure(3 * len(paths), 3)
    for axes, (scheme, path), colour in zip(drawn.subplots(1, len(paths), sharex=True, sharey=True), paths.items(), COLOURS):
        plain(axes, scheme.name, "theta", "w" if colour == COLOURS[0] else "")
        axes.plot(path.theta, path.w, color=colour, linewidth=0.8, alpha=0.6)
        axes.plot(path.theta[0], path.w[0], "o", color=colour, markersize=3)
        axes.plot([MU], [0], "+", color="black", markersize=10)
    return drawn


def rings_drawn(rings: dict[Scheme, Drawn]) -> Figure:
    drawn = figure(3 * len(rings), 3.9)
    for axes, (scheme, ring), colour in zip(drawn.subplots(1, len(rings), sharex=True, sharey=True), rings.items(), COLOURS):
        plain(axes, scheme.name, f"{np.mean(ring.modes):.1f} modes, {np.mean(ring.quality):.0f} % high quality")
        centres = np.asarray(TOYS["ring"][0])
        axes.scatter(centres[:, 0], centres[:, 1], s=80, facecolors="none", edgecolors=GREY)
        axes.scatter(ring.x[:, 0], ring.x[:, 1], s=2, color=colour, alpha=0.4, linewidths=0)
        axes.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal")
    return drawn
