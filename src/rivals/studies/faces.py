"""What is measured on faces that are to get one attribute more: two judges of attributes, trials, and how they ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from rivals.data import Dataset, load
from rivals.data.part import Part, apart, halves
from rivals.explore.attributes import logits_of
from rivals.game import Game
from rivals.metrics.features.attributes import AttributeJudge, columns_of, grouped
from rivals.sampling import latents
from rivals.studies.pictures import CPU

DATA, HELD = "punks", 1000  # faces that no generator learns from
ATTRIBUTES: Mapping[str, Sequence[str]] = {  # which names make each; fixed by names and how frequent they are alone
    "female": ["female"],
    "smile": ["smile"],
    "glasses": [
        "nerdGlasses", "hornedRimGlasses", "classicShades", "regularShades", "bigShades", "smallShades", "3DGlasses",
    ],
    "hat": [
        "bandana", "knittedCap", "cap", "doRag", "hoodie", "capForward", "policeCap", "fedora", "tassleHat", "cowboyHat",
        "topHat", "pinkWithHat", "pilotHelmet", "beanie",
    ],
    "beard": [
        "shadowBeard", "muttonchops", "goat", "normalBeard", "normalBeardBlack", "mustache", "luxuriousBeard", "chinstrap",
        "frontBeard", "handlebars", "frontBeardDark", "bigBeard",
    ],
}  # fmt: skip
EACH = 40  # trials of each attribute
POOL = 6000  # samples that trials start from


class Trials(NamedTuple):
    """Faces that are each to get one attribute more."""

    z: Tensor  # (T, d)
    k: Tensor  # (T,) number of the attribute that each lacks
    has: Tensor  # (T, A), true or false: read at the start

    @property
    def wanted(self) -> Tensor:
        return self.has | self.asked

    @property
    def asked(self) -> Tensor:
        return torch.nn.functional.one_hot(self.k, self.has.shape[1]).bool()


class Score(NamedTuple):
    """Percent of the trials."""

    hit: float  # end in the wanted attribute
    each: float  # of the other attributes, each by itself: stay
    stay: float  # all others stay
    both: float  # hit, and all others stay
    hits: Sequence[float]  # hit, of each attribute's trials; NaN of none


@dataclass(frozen=True)
class Faces:
    """The data in its parts, and the two judges: of the half that leads the search, and of the half that says how it ended."""

    held: Dataset
    learnt: Part
    leads: AttributeJudge
    tells: AttributeJudge

    @classmethod
    def parted(cls) -> Faces:
        data = load(DATA)
        held, learnt = apart(data, HELD)
        parts = [learnt.numbers[half.numbers] for half in halves(learnt)]
        judges = [
            AttributeJudge.trained(Part(data, own), Part(data, torch.cat([held.numbers, other])), groups=ATTRIBUTES, seed=seed)
            for seed, (own, other) in enumerate((parts, parts[::-1]))
        ]
        return cls(held, learnt, *judges)

    def combinations(self) -> Tensor:
        """(N,) which combination of the attributes each face has, as a number, of those that the generator learns from."""
        found = self.learnt.rows(torch.arange(len(self.learnt)), CPU).a
        assert found is not None  # the data has attributes
        return coded(grouped(found, columns_of(ATTRIBUTES, self.learnt.attribute_names)) > 0)


def coded(has: Tensor) -> Tensor:
    """(N, A), true or false -> (N,) numbers of the combinations.

    >>> coded(torch.tensor([[True, False], [True, True]])).tolist()
    [1, 3]
    """
    return (has.long() << torch.arange(has.shape[1])).sum(1)


def drawn_trials(game: Game, faces: Faces, seed: int, known: Tensor | None) -> Trials:
    """Samples that both judges read alike and that lack an attribute, EACH of every attribute; known: combinations one of which
    it would then have (None: whatever it would have)."""
    z = latents(game, POOL, seed)
    has, other = (logits_of(game, judge, z) > 0 for judge in (faces.tells, faces.leads))
    rows, k = [], []
    for number in range(has.shape[1]):
        wanted = has.clone()
        wanted[:, number] = True
        fit = ~has[:, number] & (has == other).all(1)
        if known is not None:
            fit &= torch.isin(coded(wanted), known)
        rows.append(fit.nonzero()[:EACH, 0])
        k.append(torch.full_like(rows[-1], number))
    at = torch.cat(rows)
    return Trials(z[at], torch.cat(k), has[at])


def scored(trials: Trials, has: Tensor) -> Score:
    """has: (T, A), what a judge reads at the end."""
    asked = trials.asked
    hit, kept = has[asked], (has == trials.has) | asked
    stay = kept.all(1)
    hits = [percent(hit[trials.k == k]) for k in range(has.shape[1])]
    return Score(percent(hit), percent(kept[~asked]), percent(stay), percent(hit & stay), hits)


def percent(true: Tensor) -> float:
    return 100 * float(true.double().mean())
