"""Why too good a discriminator teaches nothing, and a critic does. Arjovsky, Chintala and Bottou, 2017, Wasserstein GAN,
https://arxiv.org/abs/1701.07875, figure 2: the optimal discriminator and the critic between two Gaussians. Arjovsky and Bottou,
2017, Towards Principled Methods for Training GANs, https://arxiv.org/abs/1701.04862, figure 2: of a DCGAN that was stopped in
its training, D alone is trained on, and the norm of the generator's gradient is watched.

**Gaussians**: data N(0, 0.5), generated N(4, 0.5). What counts is the slope d loss_G / d x at the generated points. The exact
discriminator is known, D(x) = sigmoid(32 - 16 x). **Pictures**: Fashion-MNIST, the `intermediate` networks, at 16 x 16: what
counts is the number of further steps, 4,000 as in the paper.

The slope is positive where descent moves a generated point towards the data; the claim asks for the sign too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Adam

from rivals import chance
from rivals.criteria import Adversarial, minimax, nonsaturating, wasserstein
from rivals.data import Batches, load
from rivals.data.core import Batch
from rivals.game import turn
from rivals.games.gan import GAN
from rivals.networks.trials import mlp, summed, summed_penalty
from rivals.penalties import WGANGP, Penalty
from rivals.recipes import RECIPES
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import COLOURS, GREY, figure, plain
from rivals.studies.pictures import CPU, DATA, SIZE
from rivals.studies.toy import gradients, normal_density
from rivals.trainer import Trainer, norm_of

REAL, FAKE, DEVIATION = 0.0, 4.0, 0.5
STEPS, BATCH = 3000, 256
LINE = torch.linspace(-2, 6, 161)
STOPPED, FURTHER = 300, (0, 10, 30, 100, 300, 1000, 4000)  # rounds, and then steps of D alone
WIDTH, PICTURES = 16, 256  # maps of the first convolution; samples that the gradient is taken over
CRITERIA = {"minimax": minimax, "non-saturating": nonsaturating, "Wasserstein": wasserstein}
BARE = ", no batch norm in D"
Stopped = tuple[str, Mapping[str, Any], tuple[str, ...]]  # recipe, changes, criteria
STOPPABLE: dict[str, Stopped] = {  # by what the names of its curves end in
    "": ("dcgan", {}, ("minimax", "non-saturating")),
    BARE: ("dcgan", {"norm_d": "none"}, ("minimax", "non-saturating")),
    " critic": ("wgan-gp", {}, ("Wasserstein",)),
}
SOURCE = "Arjovsky, Chintala and Bottou, 2017, figure 2; Arjovsky and Bottou, 2017, figure 2 (no numbers are printed)"


class Judge(NamedTuple):
    """What stands between the Gaussians after training, on the line, of S trials."""

    logits: NDArray[np.float64]  # (161, S)
    slopes: dict[str, NDArray[np.float64]]  # d loss_G / d x by criterion, (161, S)


def trained(asked: tuple[tuple[str, ...], Penalty | None, int, int]) -> Judge:
    """D between two fixed Gaussians by the first of these criteria, its slopes by all of them; all seeds at once."""
    by, penalty, seeds, steps = asked
    torch.manual_seed(0)
    game = GAN(
        nn.Identity(),
        mlp(seeds, [1, 64, 64, 1], nn.Softplus),
        prior=lambda n, device: FAKE + DEVIATION * chance.normal(n, 1, device=device),
        adversarial=summed(CRITERIA[by[0]], seeds),
        penalty=penalty and summed_penalty(penalty, seeds),
        optim_d=partial(Adam, lr=2e-3, betas=(0.5, 0.999)),
    )
    player = next(iter(game.players()))
    optimizer = player.optim(player.parameters())
    for step in range(steps):
        chance.reseed(0, step)
        real = REAL + DEVIATION * chance.normal(BATCH * seeds, 1)
        gradients(game, player, Batch(real))
        optimizer.step()
        optimizer.zero_grad()
    x = LINE.repeat_interleave(seeds)[:, None].requires_grad_()
    logits = game.logits(x)
    slopes = {name: slope(CRITERIA[name], logits, x).view(-1, seeds).double().numpy() for name in by}
    return Judge(logits.detach().view(-1, seeds).double().numpy(), slopes)


def slope(criterion: Adversarial, logits: Tensor, x: Tensor) -> Tensor:
    """d loss_G / d x of each row, as if it were the only one."""
    (gradient,) = torch.autograd.grad(criterion.generator(logits) * len(x), x, retain_graph=True)
    return gradient.flatten()


def exact() -> Judge:
    """Of the optimal discriminator, in float64."""
    x = LINE.double()[:, None].requires_grad_()
    logits = ((x - FAKE).square() - (x - REAL).square()) / (2 * DEVIATION**2)
    slopes = {name: slope(CRITERIA[name], logits, x)[:, None].numpy() for name in ("minimax", "non-saturating")}
    return Judge(logits.detach().numpy(), slopes)


def at_samples(on_line: NDArray[np.float64]) -> list[float]:
    """The mean of a curve over the generated points, (161, S) -> S numbers."""
    weights = normal_density(LINE.double(), FAKE, DEVIATION).numpy()
    return [float(value) for value in (weights[:, None] * on_line).sum(0) / weights.sum()]


def on_pictures(asked: tuple[str, int, int]) -> dict[str, list[float]]:
    """Norms of G's gradient by criterion as D of a stopped game is trained on alone, after each of `FURTHER`."""
    name, seed, rounds = asked
    recipe, changes, by = STOPPABLE[name]
    data = load(DATA, size=SIZE)
    torch.manual_seed(seed)
    setup = RECIPES[recipe](data.facts, network="intermediate", width=WIDTH, **changes)
    with Batches(data, setup.batch, seed=seed, device=CPU) as batches:
        trainer = Trainer(setup.game, batches, seed=seed)
        for round in range(rounds):
            trainer.play(round / rounds)
        critic, number = trainer.players[0], trainer.round * trainer.turns
        found: dict[str, list[float]] = {name: [] for name in by}
        for before, after in zip((0, *FURTHER), FURTHER, strict=False):
            for _ in range(after - before):
                trainer.turn(critic, batches(number), False)
                number += 1
            for name in by:
                found[name].append(gradient_of_G(trainer, CRITERIA[name]))
    return found


def gradient_of_G(trainer: Trainer, criterion: Adversarial) -> float:
    """The norm of d loss_G / d theta over the same samples each time."""
    game, player = trainer.game, trainer.players[1]
    assert isinstance(game, GAN)
    with turn(game, player), chance.fixed(7):
        loss = criterion.generator(game.logits(game.sample(PICTURES)))
        gradients = torch.autograd.grad(loss, player.parameters())
    return norm_of(gradients)


CRITIC = "Wasserstein critic"
CLEAN = "The critic's slope is clean: about 1, towards the data, for every seed"
FALLS = "On pictures the gradient of {} falls as D is trained on, at least tenfold"
WHY = {
    CLEAN: "a critic can be caught with the wrong sign: with slope s away from the data its loss is W s + lambda (s - 1)^2, "
    "which has a minimum at s = 1 - W / (2 lambda) = 0.8 for any lambda over W / 2, and the seed that began on that side "
    "stayed there. A lambda below 2 would free it, and give a slope of more than 2",
    FALLS.format("minimax"): "batch norm: a batch of generated pictures is brought to mean 0 and variance 1 in each layer, "
    "whatever D has learnt, and so its logits saturate less. The same D without it loses the gradient (the claim above)",
}


@study(why=WHY, title="The gradient that a perfect discriminator leaves, and a critic's", source=SOURCE, seeds=5, minutes=8)
def vanishing(plan: Plan) -> Findings:
    """Slopes at generated points between two Gaussians; the generator's gradient on pictures while D is trained on."""
    steps, rounds = plan.rounds(STEPS), plan.rounds(STOPPED)
    discriminator, critic = plan.side_by_side(
        trained,
        [
            (("minimax", "non-saturating"), None, plan.seeds, steps),
            (("Wasserstein",), WGANGP(10.0), plan.seeds, steps),
        ],
    )
    rows = [
        Row(system=name, metric="Gaussians: slope at the generated points", values=at_samples(judge.slopes[name]))
        for judge in (discriminator, critic)
        for name in judge.slopes
    ]
    perfect = exact()
    rows += [
        Row(system=f"{name}, exact D", metric="Gaussians: slope at the generated points", values=at_samples(slopes))
        for name, slopes in perfect.slopes.items()
    ]
    asked = [(name, seed, rounds) for name in STOPPABLE for seed in plan.each_seed]
    norms: dict[str, list[list[float]]] = {}
    for (name, *_), found in zip(asked, plan.side_by_side(on_pictures, asked), strict=True):
        for criterion, curve in found.items():
            norms.setdefault(f"{criterion}{name}", []).append(curve)
    for name, curves in norms.items():
        for i, k in enumerate(FURTHER):
            metric = f"pictures: norm of G's gradient, D {k} steps further"
            rows.append(Row(system=name, metric=metric, values=[curve[i] for curve in curves]))
    plan.figure(drawn(perfect, discriminator, critic, norms), "gradients")
    protocol = f"""
        Gaussians: N({REAL:g}, {DEVIATION:g}) and N({FAKE:g}, {DEVIATION:g}), an MLP of two layers of 64 (softplus), Adam 2e-3,
        {steps:,} steps of {BATCH}; the critic with WGAN-GP's penalty, weight 10. Pictures: Fashion-MNIST at {SIZE} x {SIZE},
        `intermediate`, width {WIDTH}, {rounds:,} rounds of dcgan (with batch norm in D, and without) and of wgan-gp, then D
        alone; the gradient over the same {PICTURES} latents."""
    return Findings(rows=rows, claims=claims(perfect, discriminator, critic, norms), protocol=protocol)


def claims(perfect: Judge, discriminator: Judge, critic: Judge, norms: dict[str, list[list[float]]]) -> list[Claim]:
    best, learnt = at_samples(perfect.slopes["minimax"])[0], max(map(abs, at_samples(discriminator.slopes["minimax"])))
    clean = at_samples(critic.slopes["Wasserstein"])
    falls = {name: np.asarray(curves)[:, -1] / np.asarray(curves)[:, 0] for name, curves in norms.items()}
    told = {name: f"x {np.median(ratio):.2g} ({ratio.min():.2g} to {ratio.max():.2g})" for name, ratio in falls.items()}
    return [
        Claim(
            "The discriminator saturates: minimax leaves no slope",
            learnt < 1e-2,
            f"trained {learnt:.2g} at most, exact {best:.2g}",
        ),
        Claim(
            CLEAN,
            all(0.7 < slope < 1.3 for slope in clean),
            f"{', '.join(f'{slope:.2f}' for slope in clean)}; the penalty's best is 1 + W / 20 = 1.2",
        ),
        *(
            Claim(FALLS.format(name), bool((falls[name] < 0.1).all()), f"after {FURTHER[-1]:,} further steps: {told[name]}")
            for name in ("minimax" + BARE, "minimax")
        ),
        Claim("The critic's does not", bool((falls[CRITIC] > 0.3).all()), told[CRITIC]),
    ]


def drawn(perfect: Judge, discriminator: Judge, critic: Judge, norms: dict[str, list[list[float]]]) -> Figure:
    made = figure(12, 3.4)
    left, middle, right = made.subplots(1, 3)
    x = LINE.double().numpy()
    plain(left, "What stands between two Gaussians", "x")
    for centre, label in ((REAL, "real"), (FAKE, "generated")):
        left.fill_between(
            x,
            normal_density(LINE.double(), centre, DEVIATION),
            color=GREY if centre == REAL else COLOURS[1],
            alpha=0.35,
            linewidth=0,
            label=label,
        )
    left.plot(x, 1 / (1 + np.exp(-discriminator.logits)), color=COLOURS[0], linewidth=0.8)
    height = critic.logits - critic.logits.min(0)
    left.plot(x, height / height.max(0), color=COLOURS[2], linewidth=0.8)
    left.plot([], [], color=COLOURS[0], label="D(x)")
    left.plot([], [], color=COLOURS[2], label="critic, scaled")
    left.legend(frameon=False, fontsize=8)
    plain(middle, "Slope of the generator's loss", "x")
    for name, judge in (("minimax", discriminator), ("non-saturating", discriminator), ("Wasserstein", critic)):
        middle.semilogy(x, np.abs(judge.slopes[name]).mean(1), color=colour_of(name), label=name)
        if name in perfect.slopes:
            middle.semilogy(x, np.abs(perfect.slopes[name][:, 0]), color=colour_of(name), linestyle=":")
    middle.set_ylim(1e-9, 1e3)
    middle.legend(frameon=False, fontsize=8, title="dotted: exact D", title_fontsize=8)
    plain(right, "Norm of G's gradient on Fashion-MNIST", "further steps of D")
    for name, curves in norms.items():
        right.plot(FURTHER, np.asarray(curves).T, color=colour_of(name), linewidth=0.8, linestyle="--" if BARE in name else "-")
    right.plot([], [], color=GREY, linestyle="--", label=BARE.strip(", "))
    right.legend(frameon=False, fontsize=8)
    right.set_yscale("log")
    right.set_xscale("symlog", linthresh=10)
    right.set_xlim(0, FURTHER[-1])
    return made


def colour_of(name: str) -> str:
    """By the criterion that the name begins with."""
    colours = dict(zip(CRITERIA, (COLOURS[0], COLOURS[3], COLOURS[2]), strict=True))
    return next(colour for criterion, colour in colours.items() if criterion in name)
