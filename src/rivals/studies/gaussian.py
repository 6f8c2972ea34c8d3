"""A Gaussian on the line, the first experiment of many lectures. C. Silva, Generative Adversarial Nets (lecture slides), after
D. Nag, 2017, Generative Adversarial Networks in 50 lines of code.

Real numbers are N(4, 1.25). G: 1-100-100-1, ELU then sigmoid, of uniform noise on [0, 1]. D: 100-50-50-1, ELU, of a batch of
100 numbers as one vector: it judges whole batches, so it could see that all numbers of a batch are alike. Binary cross-entropy,
one step each a round, learning rate 2e-4, 30,000 rounds. The lecture shows one run of each optimiser.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import SGD, Adam

from rivals import chance
from rivals.criteria import nonsaturating
from rivals.data.core import Batch
from rivals.game import Optim
from rivals.games.gan import GAN
from rivals.networks.trials import Linears, Trials, summed
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import COLOURS, GREY, figure, plain
from rivals.studies.toy import normal_density
from rivals.trainer import Trainer

MEAN, DEVIATION = 4.0, 1.25
BATCH, LR, ROUNDS = 100, 2e-4, 30_000
COLLAPSED = DEVIATION / 4  # a run whose samples deviate by less has collapsed
SAMPLES = 10_000
FEW = 0.1  # share of collapsed runs
LOOKS = 60
BINS = np.linspace(-2, 10, 97)
SOURCE = "C. Silva, Generative Adversarial Nets, lecture slides, experiment 1-3 (one run each)"


@dataclass(frozen=True)
class System:
    name: str
    optim: Optim
    published: tuple[str, str] = ("", "")  # mean and deviation of the lecture's one run


SYSTEMS = (
    System("SGD", partial(SGD, lr=LR), ("4.21", "0.03")),
    System("SGD with momentum 0.9", partial(SGD, lr=LR, momentum=0.9), ("3.82", "1.13")),
    System("Adam", partial(Adam, lr=LR), ("4.26", "1.09")),
)
REPAIRS = (
    System("SGD, 10 x the learning rate", partial(SGD, lr=10 * LR)),
    System("SGD, 100 x the learning rate", partial(SGD, lr=100 * LR)),
)


class Whole(nn.Module):
    """D: (B * S, 1) -> (S, 1), the B numbers of each of S trials as one vector."""

    def __init__(self, trials: int):
        super().__init__()
        layers = [Linears(trials, BATCH, 50), nn.ELU(), Linears(trials, 50, 50), nn.ELU(), Linears(trials, 50, 1)]
        self.trials, self.body = trials, nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x.view(BATCH, self.trials).T[:, None])
        return logits[:, 0]


def generator(trials: int) -> Trials:
    layers = [Linears(trials, 1, 100), nn.ELU(), Linears(trials, 100, 100), nn.Sigmoid(), Linears(trials, 100, 1)]
    return Trials(trials, *layers)


def noise(n: int, device: torch.device) -> Tensor:
    return chance.uniform(n, 1, device=device)


class History(NamedTuple):
    """What was seen at each of K looks, of S trials."""

    rounds: NDArray[np.int64]  # (K,)
    means: NDArray[np.float64]  # (K, S)
    deviations: NDArray[np.float64]  # (K, S)
    densities: NDArray[np.float64]  # (K, bins), of the first trial's samples
    answers: NDArray[np.float64]  # (K, bins), D(x) of the first trial, for a batch of N(x, 1.25)


def trainer_of(system: System, seeds: int) -> Trainer:
    """The games of all seeds of one system, as one."""
    torch.manual_seed(0)
    draw = torch.Generator()

    def batches(number: int) -> Batch:
        draw.manual_seed(number)
        return Batch(MEAN + DEVIATION * torch.randn(BATCH * seeds, 1, generator=draw))

    game = GAN(
        generator(seeds),
        Whole(seeds),
        prior=noise,
        adversarial=summed(nonsaturating, seeds),
        optim_d=system.optim,
        optim_g=system.optim,
    )
    return Trainer(game, batches)


def played(asked: tuple[System, int, int]) -> History:
    """All seeds of one system at once, for so many rounds."""
    system, seeds, rounds = asked
    trainer = trainer_of(system, seeds)
    game = trainer.game
    assert isinstance(game, GAN)
    looks = np.unique(np.linspace(0, rounds, min(LOOKS, rounds) + 1).astype(int))
    seen = []
    for look, following in zip(looks, [*looks[1:], looks[-1]], strict=True):
        seen.append(looked(game, seeds))
        for round in range(look, following):
            trainer.play(round / rounds)
    means, deviations, densities, answers = (np.stack(values) for values in zip(*seen, strict=True))
    return History(looks, means, deviations, densities, answers)


@torch.no_grad()
def looked(game: GAN, seeds: int) -> tuple[NDArray[np.float64], ...]:
    with chance.fixed(1):
        x = game.sample(SAMPLES * seeds).view(SAMPLES, seeds).double()
        batch = DEVIATION * chance.normal(BATCH, 1)
        answers = [float(torch.sigmoid(game.logits((c + batch).repeat(1, seeds).view(-1, 1)))[0]) for c in BINS.tolist()]
    density, _ = np.histogram(x[:, 0].numpy(), bins=BINS, density=True)
    return x.mean(0).numpy(), x.std(0).numpy(), density, np.asarray(answers)


@study(title="A Gaussian by SGD, momentum and Adam, and what repairs the collapse", source=SOURCE, seeds=20, minutes=15)
def gaussian(plan: Plan) -> Findings:
    """Mean and standard deviation of the samples, share of collapsed runs, densities and D(x) through time."""
    rounds = plan.rounds(ROUNDS)
    asked = [(system, plan.seeds, rounds) for system in SYSTEMS + REPAIRS]
    histories = dict(zip((system.name for system in SYSTEMS + REPAIRS), plan.side_by_side(played, asked), strict=True))
    rows = [row for system in SYSTEMS + REPAIRS for row in rows_of(system, histories[system.name])]
    plan.figure(through_time(histories), "through-time")
    plan.film([frame(histories, look) for look in range(len(histories["SGD"].rounds))], "densities")
    protocol = f"""
        Real numbers N({MEAN:g}, {DEVIATION:g}); G 1-100-100-1 (ELU, sigmoid) of uniform noise on [0, 1]; D 100-50-50-1 (ELU) of
        a batch of {BATCH} numbers as one vector; binary cross-entropy; one step each a round, learning rate {LR:g}, {rounds:,}
        rounds; mean and standard deviation of {SAMPLES:,} samples; collapsed: a deviation below {COLLAPSED:.3g}. The
        {plan.seeds} seeds of a system are played at once, as one batched network."""
    return Findings(rows=rows, claims=claims(histories), protocol=protocol)


def rows_of(system: System, history: History) -> list[Row]:
    means, deviations = history.means[-1].tolist(), history.deviations[-1].tolist()
    collapsed = [float(deviation < COLLAPSED) for deviation in deviations]
    source = SOURCE if system.published[0] else ""
    return [
        Row(system=system.name, metric="mean (real 4)", values=means, published=system.published[0], source=source),
        Row(
            system=system.name, metric="deviation (real 1.25)", values=deviations, published=system.published[1], source=source
        ),
        Row(system=system.name, metric="share collapsed", values=collapsed),
    ]


def share_collapsed(history: History) -> float:
    return float((history.deviations[-1] < COLLAPSED).mean())


def claims(histories: dict[str, History]) -> list[Claim]:
    lost = {name: share_collapsed(history) for name, history in histories.items()}
    told = {name: f"{share:.0%} of the runs collapsed" for name, share in lost.items()}
    sgd, momentum, adam = (system.name for system in SYSTEMS)
    first, last = (histories[sgd].deviations[look].mean() for look in (0, -1))
    grew = (
        f"the mean deviation is {first:.3f} before the first round and {last:.3f} after the last: not lost, but not yet learnt"
    )
    repaired = [system.name for system in REPAIRS if lost[system.name] < FEW]
    return [
        Claim("SGD collapses", lost[sgd] > 0.5, f"{told[sgd]}; {grew}"),
        Claim("SGD with momentum does not", lost[momentum] < FEW, told[momentum]),
        Claim("Adam does not", lost[adam] < FEW, told[adam]),
        Claim(
            "A larger learning rate repairs SGD (ours, not the lecture's)",
            bool(repaired),
            "; ".join(f"{system.name}: {told[system.name]}" for system in REPAIRS),
        ),
    ]


def through_time(histories: dict[str, History]) -> Figure:
    """Mean and deviation of every run, round by round."""
    drawn = figure(2.4 * len(histories), 4.2)
    axes = drawn.subplots(2, len(histories), sharex=True, sharey="row", squeeze=False)
    for column, (colour, (name, history)) in zip(axes.T, zip(COLOURS, histories.items(), strict=False), strict=True):
        for at, values, real, label in ((0, history.means, MEAN, "mean"), (1, history.deviations, DEVIATION, "deviation")):
            plain(column[at], name if at == 0 else "", "round" if at else "", label if column is axes.T[0] else "")
            column[at].plot(history.rounds, values, color=colour, alpha=0.35, linewidth=0.8)
            column[at].plot(history.rounds, values.mean(1), color=colour, linewidth=2)
            column[at].axhline(real, color=GREY, linestyle=":")
        column[1].axhline(COLLAPSED, color=GREY, linewidth=0.6)
    axes[0, 0].set_ylim(-1, 9)
    axes[1, 0].set_ylim(0, 3)
    return drawn


def frame(histories: dict[str, History], look: int) -> Figure:
    """Of the first seed: the data's density, the samples', and D's answer to batches of N(x, 1.25)."""
    drawn = figure(2.4 * len(histories), 2.5)
    centres = (BINS[1:] + BINS[:-1]) / 2
    real = normal_density(torch.from_numpy(centres), MEAN, DEVIATION)
    for number, (axes, (name, history)) in enumerate(zip(drawn.subplots(1, len(histories)), histories.items(), strict=True)):
        plain(axes, name, f"round {history.rounds[look]:,}" if number == 0 else "")
        axes.fill_between(centres, real, color=GREY, alpha=0.4, linewidth=0, label="data")
        axes.stairs(np.minimum(history.densities[look], 1.2), BINS, color=COLOURS[1], fill=True, alpha=0.7, label="generated")
        axes.plot(BINS, history.answers[look], color=COLOURS[0], label="D(x)")
        axes.axhline(0.5, color=COLOURS[0], linewidth=0.5, linestyle=":")
        axes.set_ylim(0, 1.2)
        if number == 0:
            axes.legend(frameon=False, fontsize=7, loc="upper left")
    return drawn
