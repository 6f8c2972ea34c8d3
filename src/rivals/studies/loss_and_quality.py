"""Does the loss tell how good the samples are? Arjovsky, Chintala and Bottou, 2017, Wasserstein GAN,
https://arxiv.org/abs/1701.07875, figures 3 and 4: the critic's estimate of the Wasserstein distance falls as samples get
better, with an MLP generator, with a DCGAN, and stays flat where a learning rate makes training fail; the GAN's estimate of the
Jensen-Shannon divergence goes its own way. The paper shows curves and pictures; here the samples are judged at each mark by
their Fréchet distance, and the two are compared by Spearman's rank correlation.

The estimates are those that training minimises anyway: W = E D(x) - E D(G(z)) without the penalty, and from the discriminator's
loss L_D (the mean over real and generated would be half of it) JS = log 2 - L_D / 2, in nats.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

import numpy as np
import scipy.stats
from matplotlib.figure import Figure

from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import COLOURS, figure, plain
from rivals.studies.pictures import JUDGED, SIZE, Course, Trial, tiles, trained

ROUNDS, MARKS = 1000, 20
WARM = 1000  # steps of a critic alone at first, as in the authors' code; a discriminator would leave no gradient
SOURCE = "Arjovsky, Chintala and Bottou, 2017, figures 3 and 4 (curves: no numbers are printed)"
BASE: Mapping[str, Any] = {"network": "intermediate", "width": 16, "lr": 5e-4}
GAMES: dict[str, tuple[str, Mapping[str, Any]]] = {
    "WGAN": ("wgan", {}),
    "WGAN-GP": ("wgan-gp", {}),
    "GAN": ("dcgan", {}),
}
CRITICS = ("WGAN", "WGAN-GP")
SETTINGS: dict[str, Mapping[str, Any]] = {
    "DCGAN": {},
    "MLP generator": {"network_g": "mlp", "width_g": 256, "norm_g": "batch", "lr_g": 2e-4},
    "failing learning rate": {"network_g": "mlp", "width_g": 256, "lr_g": 1.0},
}
WANTED = 0.9


def estimates(game: str, course: Course) -> list[float]:
    """Of the distance that the game minimises, at each mark."""
    if game == "GAN":
        return [math.log(2) - loss / 2 for loss in course.losses]
    return [-loss for loss in course.losses]


def correlation(game: str, course: Course) -> float:
    """Spearman's, of estimate and Fréchet distance through training; nan where one of them never moves, or there is none."""
    pairs = np.asarray([estimates(game, course), course.scores])
    pairs = pairs[:, np.isfinite(pairs).all(0)]
    if pairs.shape[1] < 3 or (np.ptp(pairs, axis=1) == 0).any():
        return math.nan
    return float(scipy.stats.spearmanr(*pairs).statistic)


FOLLOWS = f"{{game}}: the critic's estimate follows the Fréchet distance (rank correlation at least {WANTED:g})"


@study(title="Does the loss tell how good the samples are?", source=SOURCE, seeds=3, minutes=15)
def loss_and_quality(plan: Plan) -> Findings:
    """Rank correlation of each game's own estimate with the Fréchet distance through training, also where training fails."""
    rounds, cells = plan.rounds(ROUNDS), [(game, setting) for game in GAMES for setting in SETTINGS]
    trials = [
        Trial(
            recipe=recipe,
            changes={**BASE, **own, **SETTINGS[setting]},
            seed=seed,
            rounds=rounds,
            marks=MARKS,
            warm=WARM if game in CRITICS else 0,
        )
        for game, (recipe, own), setting in ((game, GAMES[game], setting) for game, setting in cells)
        for seed in plan.each_seed
    ]
    played = iter(plan.side_by_side(trained, trials))
    courses = {cell: [next(played) for _ in range(plan.seeds)] for cell in cells}
    rows = [
        Row(system=f"{game}, {setting}", metric=metric, values=values)
        for (game, setting), found in courses.items()
        for metric, values in (
            ("rank correlation of its estimate with the Fréchet distance", [correlation(game, course) for course in found]),
            ("least Fréchet distance", [min(course.scores) for course in found]),
        )
    ]
    plan.figure(drawn(courses), "curves")
    plan.figure(samples(courses), "samples")
    protocol = f"""
        Fashion-MNIST at {SIZE} x {SIZE}, `intermediate` networks of width {BASE["width"]} and learning rate {BASE["lr"]:g} (MLP
        generator: three layers of 256, batch norm, 2e-4; failing: the generator's learning rate
        {SETTINGS["failing learning rate"]["lr_g"]:g}), batch 64, {WARM} steps of a critic alone, {rounds:,} rounds, {MARKS}
        marks; at each the estimate is the mean since the mark before, and the Fréchet distance that of {JUDGED:,} samples from
        the test part on a classifier's features. Spearman's correlation over the marks."""
    return Findings(rows=rows, claims=claims(courses), protocol=protocol)


def claims(courses: Mapping[tuple[str, str], Sequence[Course]]) -> list[Claim]:
    learning = [setting for setting in SETTINGS if not setting.startswith("failing")]
    means = {cell: mean(correlation(cell[0], course) for course in found) for cell, found in courses.items()}
    found = [
        Claim(
            FOLLOWS.format(game=game),
            all(means[game, setting] >= WANTED for setting in learning),
            "; ".join(f"{setting}: {means[game, setting]:.2f}" for setting in learning),
        )
        for game in CRITICS
    ]
    found.append(
        Claim(
            f"The GAN's own estimate does not (below {WANTED:g})",
            all(means["GAN", setting] < WANTED for setting in learning),
            "; ".join(f"{setting}: {means['GAN', setting]:.2f}" for setting in learning),
        )
    )
    left = {game: [course.scores[-1] / course.scores[0] for course in courses[game, "failing learning rate"]] for game in GAMES}
    found.append(
        Claim(
            "Where the learning rate fails nothing is learnt: the Fréchet distance stays above half of its first value",
            all(ratio > 0.5 for ratios in left.values() for ratio in ratios),
            "last over first: "
            + "; ".join(f"{game}: {', '.join(f'{r:.2g}' for r in ratios)}" for game, ratios in left.items()),
        )
    )
    return found


def drawn(courses: Mapping[tuple[str, str], Sequence[Course]]) -> Figure:
    """A row a game, a column a setting: the estimate (left axis) and the Fréchet distance (right)."""
    made = figure(4 * len(SETTINGS), 2.6 * len(GAMES))
    panels = made.subplots(len(GAMES), len(SETTINGS), squeeze=False)
    for line, game in zip(panels, GAMES, strict=True):
        for axes, setting in zip(line, SETTINGS, strict=True):
            found = courses[game, setting]
            rho = mean(correlation(game, course) for course in found)
            plain(
                axes,
                f"{game}, {setting}: rank correlation {rho:.2f}" if math.isfinite(rho) else f"{game}, {setting}",
                "rounds" if game == "GAN" else "",
            )
            axes.title.set_fontsize(9)
            other = axes.twinx()
            other.spines["top"].set_visible(False)
            other.set_yscale("log")
            for course in found:
                axes.plot(course.rounds, estimates(game, course), color=COLOURS[0], linewidth=0.9)
                other.plot(course.rounds, course.scores, color=COLOURS[1], linewidth=0.9)
            axes.tick_params(axis="y", colors=COLOURS[0])
            other.tick_params(axis="y", which="both", colors=COLOURS[1], labelsize=8)
        line[0].set_ylabel("JS estimate" if game == "GAN" else "W estimate", color=COLOURS[0])
        other.set_ylabel("Fréchet distance", color=COLOURS[1])
    return made


def samples(courses: Mapping[tuple[str, str], Sequence[Course]]) -> Figure:
    """Of the first seed, at the end."""
    made = figure(2.2 * len(SETTINGS), 2.5 * len(GAMES))
    panels = made.subplots(len(GAMES), len(SETTINGS), squeeze=False)
    for line, game in zip(panels, GAMES, strict=True):
        for axes, setting in zip(line, SETTINGS, strict=True):
            first = courses[game, setting][0]
            tiles(axes, first.samples, f"{game}, {setting}", below=f"{first.scores[-1]:.3g}")
    return made
