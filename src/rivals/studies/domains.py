"""Labels of one domain, work in another. Ganin, Ustinova, Ajakan, Germain, Larochelle, Laviolette, Marchand and Lempitsky,
2016, Domain-Adversarial Training of Neural Networks, https://arxiv.org/abs/1505.07818: table 2, digits in white on black
(MNIST) to digits on photographs (MNIST-M), and figure 5, their features before and after.

Learning from the source alone is the same game with lambda = 0: then the domain classifier looks on and changes nothing. How
far apart the domains lie in the features is measured by the paper's proxy A-distance, 2 (1 - 2 epsilon), with epsilon the error
of a linear classifier of the domain on rows that it did not learn from: 0 where the domains cannot be told apart, 2 where
always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rivals.data import Dataset, load
from rivals.data.part import some
from rivals.games.dann import DANN, AlternatingDANN
from rivals.metrics.error import mistakes
from rivals.recipes import find
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import COLOURS, figure, plain
from rivals.studies.pictures import CPU, real_pictures, shown_after, tiles

PLAIN, PHOTOGRAPHS = "mnist-10k", "mnist-m-10k"
ROUNDS = 3000
JUDGED = 1000  # test rows of each domain whose features are compared
DRAWN = 400  # of those, in the figure
GAIN = 15  # points
ALONE, REVERSAL, TURNS, TARGET = "source alone", "reversal", "in turns", "labels of the target"
SYSTEMS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {  # labelled data, unlabelled data, options
    ALONE: (PLAIN, PHOTOGRAPHS, {"weight": 0.0}),
    REVERSAL: (PLAIN, PHOTOGRAPHS, {}),
    TURNS: (PLAIN, PHOTOGRAPHS, {"form": "alternating"}),
    TARGET: (PHOTOGRAPHS, PLAIN, {"weight": 0.0}),
}
PUBLISHED = {ALONE: "52.25", REVERSAL: "76.66", TARGET: "95.96"}
METRICS = ("target: accuracy, %", "source: accuracy, %", "proxy A-distance")
SOURCE = "Ganin et al., 2016, table 2 and figure 5"


@dataclass(frozen=True, kw_only=True)
class Trial:
    system: str
    seed: int
    rounds: int


class Outcome(NamedTuple):
    numbers: tuple[float, float, float]  # by `METRICS`
    features: NDArray[np.float32]  # (2 DRAWN, F) of the first seed, those of the plain digits first; of the others none


def coloured(name: str, split: str = "train") -> Dataset:
    return load(name, split=split, channels=3)


def trained(trial: Trial) -> Outcome:
    """Train, and judge on the test parts of both domains."""
    labelled, unlabelled, changes = SYSTEMS[trial.system]
    data = coloured(labelled)
    torch.manual_seed(trial.seed)
    setup = find("dann")(data.facts, target=unlabelled, **changes)
    game = shown_after(setup, data, trial.seed, trial.rounds, precision="float32")
    assert isinstance(game, DANN | AlternatingDANN)
    plain, photographs = coloured(PLAIN, "test"), coloured(PHOTOGRAPHS, "test")
    found = [features(game, data) for data in (plain, photographs)]
    right = [100 * (1 - mistakes(game, part, CPU)) for part in (photographs, plain)]
    numbers = right[0], right[1], distance(*found)
    return Outcome(numbers, np.concatenate([f[: DRAWN if trial.seed == 0 else 0] for f in found]))


def features(game: DANN | AlternatingDANN, data: Dataset) -> NDArray[np.float32]:
    """(JUDGED, F) of some rows, always the same."""
    with torch.no_grad():
        f: NDArray[np.float32] = game.features(some(data, JUDGED).rows(torch.arange(JUDGED), CPU).x).numpy()
    return f


def distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The proxy A-distance: learnt on one half of each, measured on the other half."""
    x, domain = np.concatenate([one, other]), np.arange(2).repeat(len(one))
    half = np.arange(2 * len(one)) % 2 == 0
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    error = 1 - classifier.fit(x[half], domain[half]).score(x[~half], domain[~half])
    return float(max(0.0, 2 * (1 - 2 * error)))


@study(title="Digits on photographs, learnt from labels of plain ones", source=SOURCE, seeds=5, minutes=40, page="control")
def domains(plan: Plan) -> Findings:
    """Accuracy on the target's test part: the source alone, gradient reversal, players in turns, labels of the target."""
    rounds = plan.rounds(ROUNDS)
    trials = [Trial(system=system, seed=seed, rounds=rounds) for system in SYSTEMS for seed in plan.each_seed]
    outcomes: dict[str, list[Outcome]] = {system: [] for system in SYSTEMS}
    for trial, outcome in zip(trials, plan.side_by_side(trained, trials), strict=True):
        outcomes[trial.system].append(outcome)
    rows = [
        Row(
            system=system,
            metric=metric,
            values=[outcome.numbers[i] for outcome in found],
            published=PUBLISHED.get(system, "") if i == 0 else "",
            source=SOURCE if i == 0 and system in PUBLISHED else "",
        )
        for system, found in outcomes.items()
        for i, metric in enumerate(METRICS)
    ]
    plan.figure(pictures(), "pictures")
    plan.figure(drawn({system: outcomes[system][0].features for system in (ALONE, REVERSAL, TURNS)}), "features")
    options = find("dann").options
    protocol = f"""
        {PLAIN} in colour (8,000 labelled) to {PHOTOGRAPHS} (8,000 unlabelled, the same digits on patches of pictures; those of
        the test part are other pictures). The paper has 60,000 of each and the photographs of BSDS500. The paper's networks;
        SGD with momentum {options.momentum}, learning rate {options.lr} annealed as in the paper, lambda rising to
        {options.weight:g}, batches of {options.batch} of each domain, {rounds:,} rounds. Accuracies on the 2,000 test rows of
        each; the distance by logistic regression on {JUDGED:,} of each."""
    return Findings(rows=rows, claims=claims(outcomes), protocol=protocol)


def claims(outcomes: Mapping[str, Sequence[Outcome]]) -> list[Claim]:
    on_target, _, apart = (
        {system: np.array([outcome.numbers[i] for outcome in found]) for system, found in outcomes.items()} for i in range(3)
    )
    gains = {system: on_target[system] - on_target[ALONE] for system in (REVERSAL, TURNS)}
    told = "{:.1f} points on average, {:.1f} at least"
    left = ", ".join(f"{system} {apart[system].mean():.2f}" for system in (ALONE, REVERSAL, TURNS))
    return [
        Claim(
            f"Gradient reversal finds the class of {GAIN} points more of the target's digits than the source alone does",
            bool(gains[REVERSAL].mean() >= GAIN),
            told.format(gains[REVERSAL].mean(), gains[REVERSAL].min()),
        ),
        Claim(
            "Players in turns do too",
            bool(gains[TURNS].mean() >= GAIN),
            told.format(gains[TURNS].mean(), gains[TURNS].min()),
        ),
        Claim(
            "Labels of the target do better than both",
            all(bool(on_target[TARGET].min() > on_target[system].max()) for system in (REVERSAL, TURNS)),
            f"{on_target[TARGET].mean():.1f} %",
        ),
        Claim(
            "The domains come closer together in the features, for every seed",
            all(bool((apart[system] < apart[ALONE]).all()) for system in (REVERSAL, TURNS)),
            f"proxy A-distance, of 2: {left}",
        ),
    ]


def pictures() -> Figure:
    """Some of each domain."""
    made = figure(7, 2.2)
    for axes, name, title in zip(made.subplots(1, 2), (PLAIN, PHOTOGRAPHS), ("Source", "Target"), strict=True):
        tiles(axes, real_pictures(coloured(name), 24), title, columns=8)
    return made


def drawn(found: Mapping[str, NDArray[np.float32]]) -> Figure:
    """The features in the plane, by t-SNE as in the paper."""
    made = figure(3.6 * len(found), 3.6)
    for axes, (system, f) in zip(made.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
        scattered(axes, TSNE(random_state=0, init="pca", perplexity=min(30, len(f) // 4)).fit_transform(f), system)
    made.axes[0].legend(frameon=False, fontsize=8, markerscale=3)
    return made


def scattered(axes: Axes, points: NDArray[np.float32], title: str) -> None:
    """The first half of the points are the source's."""
    plain(axes, title)
    for half, label, colour in zip(np.split(points, 2), ("source", "target"), COLOURS, strict=False):
        axes.scatter(half[:, 0], half[:, 1], s=4, alpha=0.6, linewidths=0, color=colour, label=label)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
