"""Which tip helps. A student project of 2017 on DCGAN trained five variants on CIFAR-10's horses, judged 100 samples of each by
the inception score, and found: "most of the implemented features do not have any significant impact", but for a sigmoid as the
generator's last activation, which learns slower than tanh. No other number of it can be compared: the score of 100 samples has
a spread of the size of what it saw. Here the same five on Fashion-MNIST, one class and all, and then every further tip of the
field, a row each, by the Fréchet distance of 2,000 samples. The tips' sources stand at their options in `rivals.recipes.duel`.

A tip helps or hurts where its mean score at the end is further from the baseline's than twice the standard error of their
difference. With three seeds that is a weak test, and thirty tips are looked at: one or two may be called so by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from rivals.data import load
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import COLOURS, GREY, figure, plain
from rivals.studies.pictures import DATA, JUDGED, PRECISION, SIZE, Course, Trial, at_end, curves, real_pictures, tiles, trained

ONLY = "sneaker"  # the class that is learnt alone
ROUNDS, MARKS = 1000, 4
BASE: Mapping[str, Any] = {"network": "intermediate", "width": 16, "prior": "normal", "lr": 2e-3}
BASELINE = "baseline"
SOURCE = "a student project on DCGAN, 2017, its figure of inception scores (no numbers are printed)"
PROJECT: dict[str, Mapping[str, Any]] = {
    BASELINE: {},
    "10 % flipped labels": {"flip": 0.1},
    "dropout 0.5 in D, 0.2 in G": {"dropout_d": 0.5, "dropout_g": 0.2},
    "uniform noise": {"prior": "uniform"},
    "sigmoid output": {"activation": "sigmoid"},
}
FURTHER: dict[str, Mapping[str, Any]] = {
    "one-sided label smoothing 0.1": {"smooth": 0.1},
    "minimax instead of non-saturating": {"adversarial": "minimax"},
    "least squares": {"adversarial": "least-squares"},
    "hinge": {"adversarial": "hinge"},
    "relativistic, R1 + R2, no batch norm in D": {"adversarial": "relativistic", "penalty": "r1+r2", "norm_d": "none"},
    "DRAGAN's penalty, layer norm in D": {"penalty": "dragan", "norm_d": "layer"},
    "feature matching, added": {"matching": "added"},
    "feature matching, alone": {"matching": "alone"},
    "historical averaging": {"history": 0.01},
    "minibatch discrimination": {"minibatch_features": 16},
    "virtual batch norm in G": {"norm_g": "virtual"},
    "spectral norm in D": {"norm_d": "spectral"},
    "weight norm in D": {"norm_d": "weight"},
    "layer norm in D": {"norm_d": "layer"},
    "unrolled, 1 step": {"unroll": 1},
    "two time scales (G a quarter)": {"lr": None, "lr_d": 2e-3, "lr_g": 5e-4},
    "experience replay": {"replay": 20},
    "old checkpoints for a few rounds": {"recall": 100},
    "instance noise": {"instance_noise": 0.3},
    "packing by 2": {"pack": 2},
    "dropout in G, also when sampling": {"dropout_g": 0.5, "dropout_g_sampling": True},
    "PReLU in both": {"hidden_d": "prelu", "hidden_g": "prelu"},
    "average pooling in D": {"downsample": "average"},
    "PixelShuffle in G": {"upsample": "shuffle"},
    "resize-convolution in G": {"upsample": "resize"},
    "4 generators": {"generators": 4},
    "differentiable augmentation": {"augment": "diff"},
    "averaged weights 0.99": {"average": 0.99},
    "learning rate falls to 0": {"decay": "linear"},
    "SGD with momentum, 1e-2": {"optimizer": "sgd", "momentum": 0.9, "lr": 1e-2},
    "RMSprop, 5e-4": {"optimizer": "rmsprop", "lr": 5e-4},
    "train D only while its loss is over 1": {"hold": 1.0},
}


FEATURES = "Flips, dropout and uniform noise have no significant effect ({})"
WHY = {
    FEATURES.format("all classes"): "flips and dropout make D less sure and slow the training, and a thousand rounds are where "
    "that shows (flips: still falling at the end). The project judged 100 samples, whose score has a spread of the size of "
    "such differences",
}


@study(why=WHY, title="Which tip helps", source=SOURCE, seeds=3, minutes=25)
def tips(plan: Plan) -> Findings:
    """The project's five variants on one class and on all, and each further tip: helps, no effect, hurts."""
    rounds = plan.rounds(ROUNDS)

    def trials(only: str | None, changes: Mapping[str, Any]) -> list[Trial]:
        every = {**BASE, **changes}
        return [
            Trial(recipe="dcgan", changes=every, only=only, seed=seed, rounds=rounds, marks=MARKS) for seed in plan.each_seed
        ]

    asked: list[tuple[str | None, str, Mapping[str, Any]]] = [(ONLY, name, changes) for name, changes in PROJECT.items()]
    asked += [(None, name, changes) for name, changes in {**PROJECT, **FURTHER}.items()]
    played = iter(plan.side_by_side(trained, [trial for only, _, changes in asked for trial in trials(only, changes)]))
    courses = {(only, name): [next(played) for _ in range(plan.seeds)] for only, name, _ in asked}
    one, every = ({name: found for (only, name), found in courses.items() if only == which} for which in (ONLY, None))
    rows = [
        Row(system=name, metric=f"Fréchet distance, {what}: {said(name, among)}", values=at_end(found))
        for what, among in (("one class", one), ("all classes", every))
        for name, found in among.items()
    ]
    plan.figure(drawn(one, every), "curves")
    plan.figure(ranked(every), "tips")
    plan.figure(samples(every), "samples")
    protocol = f"""
        Fashion-MNIST at {SIZE} x {SIZE}, all classes or sneakers alone; `dcgan` with the `intermediate` networks of width
        {BASE["width"]}, normal noise, Adam {BASE["lr"]:g}, batch 64, {PRECISION}, {rounds:,} rounds; Fréchet distance of
        {JUDGED:,} samples from the test part on a classifier's features, at {MARKS} marks. Helps, hurts: beyond twice the
        standard error of the difference of means."""
    return Findings(rows=rows, claims=claims(one, every), protocol=protocol)


def error(scores: Sequence[float], baseline: Sequence[float]) -> float:
    """The standard error of the difference of two means; of single seeds it is not known, and infinite."""
    if min(len(scores), len(baseline)) < 2 or not np.isfinite([*scores, *baseline]).all():
        return float("inf")
    return float(np.sqrt(stdev(scores) ** 2 / len(scores) + stdev(baseline) ** 2 / len(baseline)))


def verdict(scores: Sequence[float], baseline: Sequence[float]) -> str:
    """
    >>> verdict([1.0, 1.2], [5.0, 5.1]), verdict([5.0, 6.0], [5.2, 5.7]), verdict([9.0, float("inf")], [5.0, 5.1])
    ('helps', 'no effect seen', 'hurts')
    """
    if not np.isfinite(scores).all():
        return "hurts"
    difference = mean(scores) - mean(baseline)
    if abs(difference) <= 2 * error(scores, baseline):
        return "no effect seen"
    return "helps" if difference < 0 else "hurts"


def through(courses: Sequence[Course]) -> float:
    """The mean score of all seeds and marks."""
    return mean(score for course in courses for score in course.scores)


def said(name: str, among: Mapping[str, list[Course]]) -> str:
    """The verdict of a system among those it was trained with."""
    return "to compare with" if name == BASELINE else verdict(at_end(among[name]), at_end(among[BASELINE]))


def claims(one: Mapping[str, list[Course]], every: Mapping[str, list[Course]]) -> list[Claim]:
    found = []
    for what, among in (("one class", one), ("all classes", every)):
        told = {name: said(name, among) for name in PROJECT if name != BASELINE}
        features = [name for name in told if name != "sigmoid output"]
        found.append(
            Claim(
                FEATURES.format(what),
                all(told[name] == "no effect seen" for name in features),
                "; ".join(f"{name}: {told[name]}" for name in features),
            )
        )
        slow, quick = (through(among[name]) for name in ("sigmoid output", BASELINE))
        found.append(
            Claim(
                f"A sigmoid output learns slower than tanh ({what})",
                slow > quick,
                f"mean distance through training {slow:.3g} against {quick:.3g}",
            )
        )
    return found


def drawn(one: Mapping[str, list[Course]], every: Mapping[str, list[Course]]) -> Figure:
    """The project's variants through training."""
    made = figure(11, 4)
    for axes, (title, among) in zip(made.subplots(1, 2), (("Sneakers alone", one), ("All classes", every)), strict=True):
        plain(axes, f"{title}: Fréchet distance", "rounds")
        for name, colour in zip(PROJECT, COLOURS, strict=False):
            curves(axes, among[name], colour, name)
        axes.set_yscale("log")
    made.axes[1].legend(frameon=False, fontsize=8)
    return made


def ranked(every: Mapping[str, list[Course]]) -> Figure:
    """All tips, the best on top; what counts as an effect has a colour."""
    order = sorted(every, key=lambda name: -mean(at_end(every[name])))
    made = figure(8, 0.24 * len(order) + 1)
    axes = plain(made.subplots(), "Fréchet distance at the end, a dot a seed", "lower is better")
    colours = {"helps": COLOURS[2], "hurts": COLOURS[1], "no effect seen": GREY, "to compare with": COLOURS[0]}
    for height, name in enumerate(order):
        scores = at_end(every[name])
        colour = colours[said(name, every)]
        axes.plot(scores, [height] * len(scores), "o", color=colour, markersize=4, alpha=0.6)
        axes.plot(mean(scores), height, "|", color=colour, markersize=12)
    axes.axvline(mean(at_end(every[BASELINE])), color=COLOURS[0], linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(order)), order, fontsize=8)
    axes.set_xscale("log")
    for what, colour in colours.items():
        axes.plot([], [], "o", color=colour, label=BASELINE if what == "to compare with" else what)
    axes.legend(frameon=False, fontsize=8, loc="upper right")
    return made


def samples(every: Mapping[str, list[Course]]) -> Figure:
    """Of the first seed of the project's variants, and of the three best and the three worst of the other tips."""
    order = sorted((name for name in every if name not in PROJECT), key=lambda name: mean(at_end(every[name])))
    chosen = [*PROJECT, *order[:3], *order[-3:]]
    made = figure(13, 5)
    panels = made.subplots(2, 6).flatten()
    tiles(panels[0], real_pictures(load(DATA, size=SIZE)), "real")
    for axes, name in zip(panels[1:], chosen, strict=True):
        tiles(axes, every[name][0].samples, name, below=f"{at_end(every[name])[0]:.3g}")
    return made
