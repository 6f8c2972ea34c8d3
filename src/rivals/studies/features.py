"""What a DCGAN's discriminator has learnt without labels. Radford, Metz and Chintala, 2015, https://arxiv.org/abs/1511.06434,
tables 1 and 2: a linear machine (L2-SVM) on the discriminator's features, from few labels, beside others' features and nearest
neighbours. Theirs is of SVHN (1,000 labels) and CIFAR-10, ours of digits and garments: the probe of `rivals.metrics.probe`,
which chooses the machine's C and the neighbours' k on a fifth of the labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import mean
from typing import Any

import torch
from matplotlib.figure import Figure

from rivals.data import load
from rivals.data.sources import test_part
from rivals.metrics.features.discriminator import Discriminator
from rivals.metrics.probe import PIXELS, Space, probed
from rivals.recipes import find
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import COLOURS, figure, plain
from rivals.studies.pictures import CPU, PRECISION, shown_after

SETS = ("fashion-mnist", "mnist-10k")
LABELS = (100, 1000)
ROUNDS = 2000
OPTIONS: Mapping[str, Any] = {"network": "intermediate", "width": 32, "lr": 5e-4}
LEARNT = "DCGAN"
SOURCE = "Radford, Metz and Chintala, 2015, table 2 (error on SVHN from 1,000 labels, as accuracy)"
PUBLISHED = {("k-NN", PIXELS): "22.07", ("SVM", LEARNT): "77.52"}  # SVHN: K-NN 77.93 % error, DCGAN + L2-SVM 22.48 %
TABLE = (  # the paper's errors, turned into % right
    "k-NN 22.07, TSVM 33.45, M1 + k-NN 34.37, M1 + TSVM 45.67, M1 + M2 63.98, SWWAE without dropout 72.17, with dropout 76.44, "
    "DCGAN + L2-SVM 77.52, supervised CNN of the same architecture 71.13 (validation)"
)
Accuracies = Mapping[tuple[str, int, str], float]  # by learner, labels, features


def trained(asked: tuple[str, int, int]) -> Accuracies:
    name, seed, rounds = asked
    data, test = load(name), test_part(name)
    assert test is not None
    torch.manual_seed(seed)
    setup = find("dcgan")(data.facts, **OPTIONS)
    shown_after(setup, data, seed, rounds)  # the game itself has learnt too, and its discriminator is what we are after
    spaces: dict[str, Space] = {
        LEARNT: Discriminator(setup.game, data.facts.shape),
        PIXELS: partial(torch.flatten, start_dim=1),
    }
    found = probed(spaces, data, test, LABELS, CPU, "")
    return {
        (learner, labels, space): found[f"probe {learner} {labels} labels ({space})"].value
        for learner in ("SVM", "k-NN")
        for labels in LABELS
        for space in spaces
    }


@study(title="What a discriminator has learnt without labels", source=SOURCE, seeds=3, minutes=6, page="control")
def features(plan: Plan) -> Findings:
    """A linear machine and nearest neighbours on a DCGAN's features and on pixels, from 100 and from 1,000 labels."""
    rounds = plan.rounds(ROUNDS)
    asked = [(name, seed, rounds) for name in SETS for seed in plan.each_seed]
    played = iter(plan.side_by_side(trained, asked))
    outcomes = {name: [next(played) for _ in range(plan.seeds)] for name in SETS}
    rows = []
    for name, found in outcomes.items():
        for learner, labels, space in found[0]:
            published = PUBLISHED.get((learner, space), "") if labels == LABELS[-1] else ""
            rows.append(
                Row(
                    system=f"{space} + {learner}",
                    metric=f"% right on {name}, {labels:,} labels",
                    values=[100 * each[learner, labels, space] for each in found],
                    published=f"{published} (SVHN)" if published else "",
                    source=SOURCE if published else "",
                )
            )
    plan.figure(drawn(outcomes), "accuracy")
    protocol = f"""
        `dcgan` with the `intermediate` networks of width {OPTIONS["width"]}, {rounds:,} rounds of batch 64, {PRECISION}, no
        labels; then all convolutional activations of its discriminator, max-pooled to 4 x 4, centred and scaled; three draws of
        the labels a seed, as many of each class; test part of each set. The published rows are of another data set, with
        networks and hours of their own; all of that table, in % right on SVHN: {TABLE}."""
    return Findings(rows=rows, claims=claims(outcomes), protocol=protocol)


def claims(outcomes: Mapping[str, Sequence[Accuracies]]) -> list[Claim]:
    most = LABELS[-1]
    found = []
    for name, each in outcomes.items():
        means = {key: mean(100 * accuracies[key] for accuracies in each) for key in each[0]}
        ours, pixels, neighbours = means["SVM", most, LEARNT], means["SVM", most, PIXELS], means["k-NN", most, PIXELS]
        found.append(
            Claim(
                f"At {most:,} labels of {name} its features are better than pixels with the same machine, and than neighbours",
                ours > max(pixels, neighbours),
                f"{ours:.1f} % right, {pixels:.1f} % from pixels, {neighbours:.1f} % by neighbours",
            )
        )
    return found


def drawn(outcomes: Mapping[str, Sequence[Accuracies]]) -> Figure:
    """Bars of each learner and space, a panel a set and number of labels."""
    made = figure(11, 3)
    panels = made.subplots(1, len(SETS) * len(LABELS), sharey=True)
    cells = [(name, labels) for name in SETS for labels in LABELS]
    for axes, (name, labels) in zip(panels, cells, strict=True):
        plain(axes, f"{name}, {labels:,} labels")
        axes.title.set_fontsize(9)
        kinds = [(learner, space) for learner in ("SVM", "k-NN") for space in (LEARNT, PIXELS)]
        for place, (learner, space) in enumerate(kinds):
            values = [100 * each[learner, labels, space] for each in outcomes[name]]
            axes.bar(place, mean(values), color=COLOURS[0 if space == LEARNT else 1], alpha=0.75)
            axes.plot([place] * len(values), values, "k.", markersize=4)
        axes.set_xticks(range(len(kinds)), [f"{space}\n{learner}" for learner, space in kinds], fontsize=7)
    panels[0].set_ylim(50, 100)
    panels[0].set_ylabel("% right")
    return made
