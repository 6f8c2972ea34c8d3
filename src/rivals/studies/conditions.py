"""Does a conditional generator draw what it is asked for, and what does that cost? The ways to tell the discriminator the
class: further channels (Mirza and Osindero, 2014, https://arxiv.org/abs/1411.1784), a projection (Miyato and Koyama, 2018,
https://arxiv.org/abs/1802.05637), a second score (lectures; Zhang et al., 2018, https://arxiv.org/abs/1710.10916), wrong pairs
(Reed et al., 2016, https://arxiv.org/abs/1605.05396), having it name the class (ACGAN, Odena et al., 2016,
https://arxiv.org/abs/1610.09585), telling it at every size of a pyramid (LAPGAN, Denton et al., 2015,
https://arxiv.org/abs/1506.05751), all sizes at once or low to high; and the failure that lectures warn of, a discriminator that
is not told. Beside them the same networks without a condition.

A classifier that saw none of them reads the class asked for from the samples; the Fréchet distance on its features tells how
good they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any, NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor

from rivals.data import Dataset, bytes_from_pictures, load
from rivals.data.sources import test_part
from rivals.game import Conditional, Samples
from rivals.metrics import asked as as_asked
from rivals.metrics import frechet
from rivals.metrics.core import Case
from rivals.metrics.features.classifier import Classifier
from rivals.recipes import find
from rivals.sampling import drawn, generated
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import figure
from rivals.studies.pictures import PRECISION, SEED, shown_after, tiles

SIZE, ROUNDS, JUDGED = 16, 3000, 2000
WANTED = {"mnist-10k": 97.0, "fashion-mnist": 90.0}  # % read as asked for
OPTIONS: Mapping[str, Any] = {"network": "intermediate", "width": 32, "lr": 5e-4, "decay": "linear", "average": 0.99}
PYRAMID: Mapping[str, Any] = {"levels": 1, "lr": 2e-4}  # at 5e-4 the detail turns to noise after 600 rounds
UNMATCHED: Mapping[str, Any] = {"matching": False}  # no real things with a wrong class
ALONE, BEST, UNTOLD = "no condition", "projection, wrong pairs too", "not told"
SYSTEMS: dict[str, tuple[str, Mapping[str, Any]]] = {
    ALONE: ("dcgan", {"prior": "normal"}),
    BEST: ("cgan", {"told": "projection"}),
    "projection": ("cgan", {"told": "projection", **UNMATCHED}),
    "further channels": ("cgan", {"told": "concatenated", **UNMATCHED}),
    "one learnt channel": ("cgan", {"told": "embedded", **UNMATCHED}),
    "two scores": ("cgan", {"told": "two-scores"}),
    "dropout for noise": ("cgan", {"told": "projection", "noise": "dropout", **UNMATCHED}),
    "ACGAN": ("acgan", {}),
    "LAPGAN": ("lapgan", PYRAMID),
    "LAPGAN, low to high": ("lapgan", {**PYRAMID, "later": ROUNDS // 3}),
    UNTOLD: ("cgan", {"told": "untold"}),
}
SOURCE = "Mirza and Osindero, 2014, and the papers that are named (no number of theirs is of this data and this judge)"


class Outcome(NamedTuple):
    asked: float  # % of samples that are read as asked for; nan without a condition
    fd: float
    samples: Tensor  # (20, C, H, W) bytes: two of each class


def trained(asked: tuple[str, str, int, int]) -> Outcome:
    name, source, seed, rounds = asked
    train, test, judge = judged_by(source)
    torch.manual_seed(seed)
    recipe, changes = SYSTEMS[name]
    if "later" in changes:
        changes = {**changes, "later": changes["later"] * rounds // ROUNDS}
    setup = find(recipe)(train.facts, **{**OPTIONS, **changes})
    shown = shown_after(setup, train, seed, rounds)
    assert isinstance(shown, Samples)
    fake = generated(shown, JUDGED, SEED, bounded=True)
    case = Case(test, fake, judge, game=shown, sampled=True)
    told = isinstance(shown, Conditional)
    wanted = torch.arange(20) % 10
    return Outcome(
        asked=100 * as_asked.measure(case)["asked"].value if told else float("nan"),
        fd=frechet.measure(case)["fd"].value,
        samples=drawn(shown, 20, SEED, bytes_from_pictures, asked=wanted if told else None),
    )


def judged_by(source: str) -> tuple[Dataset, Dataset, Classifier]:
    train, test = load(source, size=SIZE), test_part(source, size=SIZE)
    assert test is not None
    return train, test, Classifier.trained(train, test)


@study(title="Does it draw what it is asked for?", source=SOURCE, seeds=2, minutes=39, page="control")
def conditions(plan: Plan) -> Findings:
    """The ways to tell a discriminator the class, and not to tell it, on digits and garments."""
    rounds = plan.rounds(ROUNDS)
    for source in WANTED:
        judged_by(source)  # learnt once, before the trials want it
    cells = [(name, source) for source in WANTED for name in SYSTEMS]
    trials = [(name, source, seed, rounds) for name, source in cells for seed in plan.each_seed]
    played = iter(plan.side_by_side(trained, trials))
    outcomes = {cell: [next(played) for _ in range(plan.seeds)] for cell in cells}
    rows = [
        Row(system=name, metric=f"{source}: {metric}", values=values)
        for (name, source), found in outcomes.items()
        for metric, values in (
            ("% read as asked for", [outcome.asked for outcome in found]),
            ("Fréchet distance", [outcome.fd for outcome in found]),
        )
        if name != ALONE or metric == "Fréchet distance"
    ]
    plan.figure(shown_side_by_side(outcomes), "samples")
    protocol = f"""
        mnist-10k and Fashion-MNIST at {SIZE} x {SIZE}; `intermediate` networks of width {OPTIONS["width"]}, Adam
        {OPTIONS["lr"]:g} falling to 0, batch 64, {PRECISION}, averaged weights, {rounds:,} rounds; {JUDGED:,} samples, every
        class asked for equally often; classifier of the data's own classes; Fréchet distance on its features from the test
        part. LAPGAN draws {SIZE // 2} x {SIZE // 2} pixels and then the detail, at a rate of {PYRAMID["lr"]:g}; low to high:
        the detail begins after a third. The claims are about "{BEST}"; it and the rates were chosen on seed 100."""
    return Findings(rows=rows, claims=claims(outcomes), protocol=protocol)


def claims(outcomes: Mapping[tuple[str, str], Sequence[Outcome]]) -> list[Claim]:
    def of(name: str, source: str, what: str) -> float:
        return mean(float(getattr(outcome, what)) for outcome in outcomes[name, source])

    found = []
    for source, wanted in WANTED.items():
        found += [
            Claim(
                f"{source}: a classifier reads the class asked for from at least {wanted:g} % of the samples",
                of(BEST, source, "asked") >= wanted,
                f"{of(BEST, source, 'asked'):.1f} %",
            ),
            Claim(
                f"{source}: asking costs nothing: the Fréchet distance is no more than without a condition",
                of(BEST, source, "fd") <= of(ALONE, source, "fd"),
                f"{of(BEST, source, 'fd'):.1f} against {of(ALONE, source, 'fd'):.1f}",
            ),
            Claim(
                f"{source}: a generator whose discriminator is not told ignores what it is asked for (a tenth would be chance)",
                of(UNTOLD, source, "asked") < 20,
                f"{of(UNTOLD, source, 'asked'):.1f} %",
            ),
        ]
    return found


def shown_side_by_side(outcomes: Mapping[tuple[str, str], Sequence[Outcome]]) -> Figure:
    """Two samples of each class asked for, a column a class; the first seed."""
    made = figure(11, 1.15 * len(SYSTEMS))
    panels = made.subplots(len(SYSTEMS), len(WANTED), squeeze=False)
    for line, name in zip(panels, SYSTEMS, strict=True):
        for axes, source in zip(line, WANTED, strict=True):
            first = outcomes[name, source][0]
            told = "" if name == ALONE else f"{first.asked:.0f} % as asked, "
            tiles(axes, first.samples, name, columns=10, below=f"{told}distance {first.fd:.1f}")
    return made
