"""Two parallel lines. Arjovsky, Chintala and Bottou, 2017, Wasserstein GAN, example 1 and figure 1.
https://arxiv.org/abs/1701.07875

P is uniform on the segment {0} x [0, 1] of the plane, Q_theta on {theta} x [0, 1]. Unless theta = 0 the two share no point, so

    KL = infinity,    JS = log 2,    W = |theta|:

of the three W alone says how far apart they are and which way to go. Trained critics say the same: the GAN's discriminator by
(log 4 - its loss) / 2 <= JS, the Wasserstein critic by its mean difference over its steepest slope, <= W.
"""

from __future__ import annotations

import math
from functools import partial
from typing import cast

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.optim import Adam

from rivals import chance
from rivals.criteria import Adversarial, minimax, wasserstein
from rivals.games.gan import GAN
from rivals.networks.trials import mlp, summed, summed_penalty
from rivals.penalties import WGANGP, Penalty, gradient_norm_squared
from rivals.recipes.duel import cosine
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import COLOURS, REAL, figure, plain
from rivals.studies.toy import play

THETAS = (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)
ROWS = 64  # of a trial, a turn


@study(
    title="Two parallel lines: KL, JS and W between them",
    source="Arjovsky et al., 2017, example 1 and figure 1",
    seeds=5,
    minutes=1,
)
def parallel_lines(plan: Plan) -> Findings:
    """JS and W between lines at distance theta, by trained critics, and the pull that each exerts on theta."""
    trials = len(THETAS) * plan.seeds
    plan.tell(f"{trials} discriminators and {trials} Wasserstein critics ...")
    js, js_pull = jensen_shannon(trained(minimax, None, plan))
    w, w_pull = earth_mover(trained(wasserstein, WGANGP(10), plan))
    plan.figure(draw(js, w, js_pull, w_pull), "lines")
    rows = []
    for i, theta in enumerate(THETAS):
        system = f"theta = {theta:g}"
        exact = math.log(2) if theta else 0.0
        rows.append(Row(system=system, metric="JS", values=js[i].tolist(), published=f"{exact:.4g}", source="example 1"))
        rows.append(Row(system=system, metric="W", values=w[i].tolist(), published=f"{abs(theta):g}", source="example 1"))
        rows.append(Row(system=system, metric="pull of minimax on theta", values=js_pull[i].tolist()))
        rows.append(
            Row(
                system=system,
                metric="pull of W on theta",
                values=w_pull[i].tolist(),
                published=pull_of_w(theta),
                source="theorem 3",
            )
        )
    return Findings(rows=rows, claims=claims(js, w, js_pull, w_pull), protocol=PROTOCOL)


PROTOCOL = (
    "Lines of length 1 at nine distances; critics 2-32-32-1, discriminators with SiLU, Wasserstein critics with LeakyReLU 0.2 "
    "and the penalty of WGAN-GP (10); Adam 5e-3 (betas 0.5, 0.9) falling to 0 (cosine), 1,500 rounds of 64 fresh rows of each "
    "line; measured over 256 even rows of each. JS: (log 4 - loss) / 2. W: mean difference over the steepest slope on the "
    "points between the lines. Pull: minus the generator's gradient in theta; under the penalty the best slope is not 1 but "
    "1 + abs(theta)/20. KL is infinite at every theta but 0."
)


def pull_of_w(theta: float) -> str:
    """Minus the slope of |theta|, which has none at 0."""
    return f"{-math.copysign(1, theta):g}" if theta else ""


class Line(nn.Module):
    """The generators y -> (theta, y), one a trial; they are given and take no turns."""

    def __init__(self, thetas: Tensor):
        super().__init__()
        self.thetas = nn.Parameter(thetas)

    def forward(self, y: Tensor) -> Tensor:
        return torch.stack([self.thetas.repeat(len(y) // len(self.thetas)), y.flatten()], 1)


def heights(n: int, device: torch.device) -> Tensor:
    return chance.uniform(n, 1, device=device)


def trained(criterion: Adversarial, penalty: Penalty | None, plan: Plan) -> GAN:
    """A critic for each theta and seed; trial t has theta number t % 9."""
    torch.manual_seed(0)
    trials = len(THETAS) * plan.seeds
    critic = mlp(trials, [2, 32, 32, 1], nn.SiLU if penalty is None else partial(nn.LeakyReLU, 0.2))
    game = GAN(
        Line(torch.tensor(THETAS).repeat(plan.seeds)),
        critic,
        prior=heights,
        adversarial=summed(criterion, trials),
        penalty=penalty and summed_penalty(penalty, trials),
        generator_turns=0,
        optim_d=partial(Adam, lr=5e-3, betas=(0.5, 0.9)),
        schedule=cosine,
    )
    line = Line(torch.zeros(trials)).requires_grad_(False)
    return play(game, lambda: line(chance.uniform(ROWS * trials, 1)), plan.rounds(1500))


def by_theta(values: Tensor) -> Tensor:
    """(S,) of all trials -> (thetas, seeds), float64."""
    return values.detach().double().view(-1, len(THETAS)).T


def judged(game: GAN, share: float) -> tuple[Tensor, Tensor]:
    """Logits of the points a share of the way from P to Q, (256, S), and how steep the critics are there."""
    line = cast(Line, game.generator)
    trials = len(line.thetas)
    y = torch.linspace(0, 1, 256).repeat_interleave(trials).view(-1, 1)
    x = line(y) * torch.tensor([share, 1.0])
    slope = gradient_norm_squared(game.discriminator, x).detach().sqrt()
    return game.discriminator(x).view(256, trials), slope.view(256, trials)


def pull(game: GAN, loss: Tensor) -> Tensor:
    """Minus the gradient of the generators' losses (S,) in their thetas."""
    (gradient,) = torch.autograd.grad(loss.sum(), cast(Line, game.generator).thetas)
    return -by_theta(gradient)


def jensen_shannon(game: GAN) -> tuple[Tensor, Tensor]:
    """What discriminators say of JS, and how minimax pulls at theta, both (thetas, seeds)."""
    game.generator.requires_grad_(True)
    real, fake = judged(game, 0.0)[0], judged(game, 1.0)[0]
    loss = softplus(-real).mean(0) + softplus(fake).mean(0)
    return by_theta((math.log(4) - loss) / 2), pull(game, -softplus(fake).mean(0))


def earth_mover(game: GAN) -> tuple[Tensor, Tensor]:
    """What Wasserstein critics say of W, and how they pull at theta, both (thetas, seeds)."""
    game.generator.requires_grad_(True)
    real, fake = judged(game, 0.0)[0], judged(game, 1.0)[0]
    steepest = torch.stack([judged(game, share)[1].amax(0) for share in torch.linspace(0, 1, 21).tolist()]).amax(0)
    return by_theta((real.mean(0) - fake.mean(0)) / steepest), pull(game, -fake.mean(0))


def claims(js: Tensor, w: Tensor, js_pull: Tensor, w_pull: Tensor) -> list[Claim]:
    thetas = torch.tensor(THETAS, dtype=torch.float64)[:, None]
    apart = thetas.flatten() != 0
    zero = ~apart
    js_off = (js / math.log(2) - 1).abs()[apart]
    w_off = (w / thetas.abs() - 1).abs()[apart]
    right = w_pull * -thetas.sign()
    return [
        Claim(
            "JS = log 2 wherever theta is not 0, within 2 %", bool((js_off < 0.02).all()), f"off by {percent(js_off)} at most"
        ),
        Claim("W = abs(theta), within 2 %", bool((w_off < 0.02).all()), f"off by {percent(w_off)} at most"),
        Claim(
            "Both are 0 at theta = 0",
            float(torch.stack([js[zero], w[zero]]).abs().max()) < 0.01,
            f"JS {float(js[zero].mean()):.4f}, W {float(w[zero].mean()):.4f}",
        ),
        Claim(
            "A good discriminator leaves theta without a gradient: JS is flat",
            float(js_pull[apart].abs().max()) < 0.1,
            f"at most {float(js_pull[apart].abs().max()):.3f}",
        ),
        Claim(
            "W pulls theta towards 0 by 1 from everywhere",
            bool(((right[apart] - 1).abs() < 0.1).all()),
            f"{float(right[apart].min()):.3f} to {float(right[apart].max()):.3f}",
        ),
    ]


def percent(off: Tensor) -> str:
    return f"{100 * float(off.max()):.2f} %"


def draw(js: Tensor, w: Tensor, js_pull: Tensor, w_pull: Tensor) -> Figure:
    drawing = figure(11, 3.4)
    panels = drawing.subplots(1, 3)
    plain(panels[0], "W = |θ|", "θ")
    plain(panels[1], "JS = log 2, but 0 at θ = 0", "θ")
    plain(panels[2], "what pulls at θ", "θ")
    panels[0].plot([-1, 0, 1], [1, 0, 1], color=REAL, linewidth=1, label="exact")
    panels[1].plot([-1, 1], [math.log(2)] * 2, color=REAL, linewidth=1, label="exact")
    panels[1].plot(0, math.log(2), "o", markerfacecolor="white", markeredgecolor=REAL, markersize=5, zorder=3)
    panels[1].plot(0, 0, "o", color=REAL, markersize=5)
    panels[1].set_ylim(-0.05, 0.8)
    panels[2].plot([-1, 0], [1, 1], color=REAL, linewidth=1)
    panels[2].plot([0, 1], [-1, -1], color=REAL, linewidth=1)
    panels[2].plot([-1, 1], [0, 0], color=REAL, linewidth=1)
    apart = [i for i, theta in enumerate(THETAS) if theta]
    for axes, values, colour, which, label in (
        (panels[0], w, COLOURS[1], range(len(THETAS)), "trained Wasserstein critics"),
        (panels[1], js, COLOURS[0], range(len(THETAS)), "trained discriminators"),
        (panels[2], w_pull, COLOURS[1], apart, "Wasserstein"),
        (panels[2], js_pull, COLOURS[0], apart, "minimax"),
    ):
        x = [THETAS[i] for i in which for _ in range(values.shape[1])]
        axes.plot(x, values[list(which)].flatten(), "o", color=colour, alpha=0.5, markersize=6, markeredgewidth=0, label=label)
    for axes in panels:
        axes.legend(frameon=False, fontsize=8, loc="upper right" if axes is panels[2] else "best")
    return drawing
