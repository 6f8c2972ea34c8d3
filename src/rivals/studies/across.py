"""Digits in two domains that nobody paired: what is meant goes over (DTN), and pairs are drawn (CoGAN).

Taigman, Polyak and Wolf, 2016, Unsupervised Cross-Domain Image Generation, table 1, https://arxiv.org/abs/1611.02200: house
numbers become digits, and a classifier of plain digits reads 90.66 % of them. Here the digits stand on photographs.

Liu and Tuzel, 2016, Coupled Generative Adversarial Networks, section 4 and figure 4, https://arxiv.org/abs/1606.07536: digits
and their edges; the edges of what the second generator draws are compared with what the first one draws, pixel by pixel (0.952
of the pixels agree in the paper; 0.909 of a conditional GAN's).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from statistics import mean
from typing import Any, NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor

from rivals import chance
from rivals.data import Dataset, Memory, bytes_from_pictures, load
from rivals.data.changed import edges
from rivals.data.part import in_order
from rivals.data.sources import test_part
from rivals.game import Couples, Translates
from rivals.metrics import frechet
from rivals.metrics.core import Case
from rivals.metrics.features.classifier import Classifier
from rivals.pictures import colour
from rivals.recipes import find
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import figure
from rivals.studies.pictures import CPU, PRECISION, SEED, as_shown, shown_after, tiles

PASTED, PLAIN = "mnist-m-10k", "mnist-10k"
READ, DRAWN, SHOWN = 80.0, 2000, 12  # per cent of translated digits; pairs that are judged; columns of a figure
MEANT, BLIND, GIVEN = "DTN", "DTN, nothing has to stay the same", "as they are"
SHARED, ALONE = "CoGAN", "two GANs, nothing shared"
BASE: Mapping[str, Any] = {"width": 16, "batch": 32, "average": 0.99, "decay": "linear"}
DTN: Mapping[str, Any] = {**BASE, "target": PLAIN}
COGAN: Mapping[str, Any] = {**BASE, "pair": "edges", "lr": 5e-4}
SYSTEMS: Mapping[str, tuple[str, int, Mapping[str, Any]]] = {  # recipe, rounds, options
    MEANT: ("dtn", 2500, DTN),
    BLIND: ("dtn", 2500, {**DTN, "same": 0.0, "identity": 0.0}),
    SHARED: ("cogan", 5000, COGAN),
    ALONE: ("cogan", 5000, {**COGAN, "own_g": None, "own_d": None}),
}
PUBLISHED = {MEANT: "90.66", SHARED: "0.952"}
SOURCE = "Taigman et al., 2016, table 1 (SVHN to MNIST); Liu and Tuzel, 2016, section 4 (60,000 digits)"


class Outcome(NamedTuple):
    number: float  # % of the digits that are read; or the share of the pixels that agree
    pictures: Tensor  # (2 * SHOWN, C, H, W) bytes: what is given and what is made of it, or pairs
    looks: float | None = None  # Fréchet distance of digits that were drawn, on the features of the judge


@cache
def plain() -> tuple[Dataset, Classifier]:
    """Test digits on photographs, and a judge who has learnt plain digits alone, in three channels."""
    pasted = test_part(PASTED)
    assert pasted is not None
    return pasted, Classifier.trained(load(PLAIN, channels=3), test_part(PLAIN, channels=3))


def played(asked: tuple[str, int, int]) -> Outcome:
    system, seed, rounds = asked
    recipe, _, changes = SYSTEMS[system]
    data = load(PASTED if recipe == "dtn" else PLAIN)
    torch.manual_seed(seed)
    game = shown_after(find(recipe)(data.facts, **changes), data, seed, rounds)
    with torch.no_grad():
        if isinstance(game, Couples):
            return agreeing(game)
        assert isinstance(game, Translates)
        return read(game)


def read(game: Translates | None) -> Outcome:
    """How many translated digits the judge reads right; None: as they are."""
    pasted, judge = plain()
    right, shown = 0, list[Tensor]()
    for batch in in_order(pasted, CPU):
        made = batch.x if game is None else as_shown(game.translate(batch.x))
        assert batch.y is not None
        right += int((judge.read(made) == batch.y).sum())
        if not shown:
            shown = [batch.x[:SHOWN], made[:SHOWN]]
    return Outcome(100 * right / len(pasted), bytes_from_pictures(torch.cat(shown)))


def agreeing(game: Couples) -> Outcome:
    """The share of the pixels in which the edges of a drawn digit are what the other generator draws as its edges."""
    with chance.fixed(SEED):
        drawn, digits = game.draw_pair(game.prior(DRAWN))
    drawn, digits = as_shown(drawn), as_shown(digits)
    shown = bytes_from_pictures(torch.cat([drawn[:SHOWN], digits[:SHOWN]]))
    real, made = test_part(PLAIN, channels=3), Memory(colour(bytes_from_pictures(digits)), name="drawn")
    assert real is not None
    return Outcome(same(edges(digits), drawn), shown, frechet.measure(Case(real, made, plain()[1]))["fd"].value)


def same(one: Tensor, other: Tensor) -> float:
    """The share of the pixels that are light in both, or dark in both.

    >>> same(torch.tensor([-1.0, -0.2, 0.7]), torch.tensor([-1.0, 0.1, 0.2]))
    0.6666666666666666
    """
    return float(((one > 0) == (other > 0)).double().mean())


def strangers() -> float:
    """The same of the edges of one real digit and another: white agrees with white."""
    x = load(PLAIN).rows(torch.arange(DRAWN), CPU).x
    return same(edges(x), edges(x.roll(1, 0)))


@study(title="Digits across domains", source=SOURCE, seeds=3, minutes=40, page="translation")
def across(plan: Plan) -> Findings:
    """Digits on photographs become plain ones that mean the same; and digits are drawn with their edges."""
    plain()
    trials = [(name, seed, plan.rounds(rounds)) for name, (_, rounds, _) in SYSTEMS.items() for seed in plan.each_seed]
    found = iter(plan.side_by_side(played, trials))
    outcomes = {name: [next(found) for _ in range(plan.seeds)] for name in SYSTEMS}
    untouched, apart = read(None).number, strangers()
    reads, agrees = "translated digits read right, %", "pixels of the edges that agree"
    rows = [Row(system=GIVEN, metric=reads, values=[untouched])]
    rows += [
        Row(
            system=name,
            metric=reads if recipe == "dtn" else agrees,
            values=[each.number for each in outcomes[name]],
            published=PUBLISHED.get(name, ""),
        )
        for name, (recipe, _, _) in SYSTEMS.items()
    ]
    for name in (SHARED, ALONE):
        looks = [each.looks for each in outcomes[name] if each.looks is not None]
        rows.append(Row(system=name, metric="Fréchet distance of the digits drawn", values=looks))
    rows.append(Row(system="edges of one real digit and another", metric=agrees, values=[apart]))
    plan.figure(drawn(outcomes), "digits")
    lengths = ", ".join(f"{name} {plan.rounds(rounds):,}" for name, (_, rounds, _) in SYSTEMS.items())
    protocol = f"""
        DTN: {PASTED}, 8,000 digits on patches of pictures with their classes, to {PLAIN}, 28 x 28 in three channels (the same
        8,000, which it is not told, in another order); a classifier that learnt plain digits alone reads the 2,000 translated
        test digits; f is of convolutions and maxima, as in the paper. CoGAN: the digits of {PLAIN} and their edges (Sobel; the
        paper has Canny), {DRAWN:,} pairs, Fréchet distance on the features of that classifier. `resize` networks of width
        {BASE["width"]}, batch {BASE["batch"]}, averaged weights, {PRECISION}; rounds: {lengths}. Settings were chosen on seed
        100."""
    return Findings(rows=rows, claims=claims(outcomes, untouched, apart), protocol=protocol)


def claims(outcomes: Mapping[str, Sequence[Outcome]], untouched: float, apart: float) -> list[Claim]:
    of = {name: mean(each.number for each in found) for name, found in outcomes.items()}
    return [
        Claim(
            f"DTN: a classifier of plain digits reads at least {READ:g} % of the translated ones",
            of[MEANT] >= READ,
            f"{of[MEANT]:.1f} %; as they are {untouched:.1f} %; where nothing has to stay the same {of[BLIND]:.1f} %",
        ),
        Claim(
            "CoGAN: more pixels agree than of two GANs that share nothing, on every seed",
            min(each.number for each in outcomes[SHARED]) > max(each.number for each in outcomes[ALONE]),
            f"{of[SHARED]:.3f} against {of[ALONE]:.3f}; strangers {apart:.3f}",
        ),
    ]


def drawn(outcomes: Mapping[str, Sequence[Outcome]]) -> Figure:
    """Two lines each, of the first seed: given and made, or edges and digits."""
    made = figure(11, 2.2 * len(outcomes))
    for axes, (name, found) in zip(made.subplots(len(outcomes), 1), outcomes.items(), strict=True):
        tiles(axes, found[0].pictures, name, columns=SHOWN)
    return made
