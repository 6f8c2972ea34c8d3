"""Which game survives bad networks. Gulrajani et al., 2017, Improved Training of Wasserstein GANs,
https://arxiv.org/abs/1704.00028, figure 2: four games (DCGAN, LSGAN, WGAN, WGAN-GP) with eight pairs of networks, bedrooms of
64 x 64, 200,000 steps each, as pictures alone; WGAN-GP was the only one "to successfully train every architecture with a shared
set of hyperparameters". Here in small, with spectral norm and RpGAN + R1 + R2 beside them, and with a number for each.

Each game keeps its settings whatever the networks are. A game has failed where its samples are further from the data than
`FAILED`, which is about what half-trained blurs score.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import mean
from typing import Any

from matplotlib.figure import Figure

from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import figure
from rivals.studies.pictures import JUDGED, SIZE, Course, Trial, at_end, tiles, trained

ROUNDS = 600
FAILED = 200.0
SOURCE = "Gulrajani et al., 2017, figure 2 (pictures alone: no numbers are printed)"
BASE: Mapping[str, Any] = {"network": "intermediate", "width": 16, "lr": 5e-4}
GAMES = {  # and their recipes
    "DCGAN": "dcgan",
    "LSGAN": "lsgan",
    "WGAN": "wgan",
    "WGAN-GP": "wgan-gp",
    "SNGAN": "sngan",
    "RpGAN + R1 + R2": "r3gan",
}
NETWORKS: dict[str, Mapping[str, Any]] = {
    "as they are": {},
    "no batch norm": {"norm_g": "none", "norm_d": "none"},
    "constant width": {"constant_width": True, "width": 32},
    "MLP generator": {"network_g": "mlp", "width_g": 256},
    "tanh everywhere": {"hidden_d": "tanh", "hidden_g": "tanh"},
    "deep": {"extra_layers": 2},
}
KEEPS = ("SNGAN",)  # its norm is on the discriminator's weights, which is the method, and stays


def asked(game: str, networks: str) -> tuple[str, dict[str, Any]]:
    """The recipe and its options."""
    changes = {**BASE, **NETWORKS[networks]}
    if game in KEEPS:
        changes.pop("norm_d", None)
    return GAMES[game], changes


SEVEN = "RpGAN + R1 + R2, of seven years later, does too"
WHY = {
    SEVEN: "too few turns: it has one of the discriminator a round, WGAN-GP has five, and it begins slowly. With the networks "
    "as they are 2,000 rounds brought it to 49.6 (seed 0)"
}


@study(title="Six games with six pairs of networks", source=SOURCE, seeds=2, minutes=18, why=WHY)
def robustness(plan: Plan) -> Findings:
    """Final Fréchet distances and pictures: no batch norm, constant width, MLP generator, tanh everywhere, deep."""
    rounds, cells = plan.rounds(ROUNDS), [(game, networks) for networks in NETWORKS for game in GAMES]
    trials = [
        Trial(recipe=recipe, changes=changes, seed=seed, rounds=rounds, marks=1)
        for recipe, changes in (asked(*cell) for cell in cells)
        for seed in plan.each_seed
    ]
    played = iter(plan.side_by_side(trained, trials))
    courses = {cell: [next(played) for _ in range(plan.seeds)] for cell in cells}
    rows = [
        Row(system=game, metric=f"Fréchet distance, {networks}", values=at_end(courses[game, networks]))
        for game in GAMES
        for networks in NETWORKS
    ]
    plan.figure(drawn(courses), "samples")
    protocol = f"""
        Fashion-MNIST at {SIZE} x {SIZE}, `intermediate` networks of width {BASE["width"]} (constant width:
        {NETWORKS["constant width"]["width"]} maps everywhere; MLP generator: three layers of 256; deep: two more layers after
        each hidden one), batch 64, {rounds:,} rounds (of WGAN and WGAN-GP with five turns of the critic each), the recipes'
        settings but for one learning rate, {BASE["lr"]:g}. Fréchet distance of {JUDGED:,} samples from the test part on a
        classifier's features."""
    return Findings(rows=rows, claims=claims(courses), protocol=protocol)


def claims(courses: Mapping[tuple[str, str], list[Course]]) -> list[Claim]:
    scores = {cell: mean(at_end(found)) for cell, found in courses.items()}
    worst = {game: max((scores[game, networks], networks) for networks in NETWORKS) for game in GAMES}
    failed = {game: [networks for networks in NETWORKS if not scores[game, networks] < FAILED] for game in GAMES}
    told = "; ".join(f"{game}: {score:.3g} ({networks})" for game, (score, networks) in worst.items())
    return [
        Claim(
            f"WGAN-GP trains every pair of networks (below {FAILED:g})",
            not failed["WGAN-GP"],
            f"failed: {', '.join(failed['WGAN-GP']) or 'none'}; the worst of each game {told}",
        ),
        Claim(
            "It alone of the paper's four does",
            not failed["WGAN-GP"] and all(failed[game] for game in ("DCGAN", "LSGAN", "WGAN")),
            "; ".join(f"{game}: {', '.join(failed[game]) or 'none failed'}" for game in ("DCGAN", "LSGAN", "WGAN")),
        ),
        Claim(
            SEVEN,
            not failed["RpGAN + R1 + R2"],
            f"failed: {', '.join(failed['RpGAN + R1 + R2']) or 'none'}",
        ),
    ]


def drawn(courses: Mapping[tuple[str, str], list[Course]]) -> Figure:
    """Samples of the first seed: a game a column, a pair of networks a row."""
    made = figure(2 * len(GAMES), 2.3 * len(NETWORKS))
    panels = made.subplots(len(NETWORKS), len(GAMES), squeeze=False)
    for line, networks in zip(panels, NETWORKS, strict=True):
        for axes, game in zip(line, GAMES, strict=True):
            first = courses[game, networks][0]
            tiles(axes, first.samples, f"{game.split(' +')[0]}, {networks}", below=f"{first.scores[-1]:.3g}")
    return made
