"""Moving in the latent space, measured. Radford, Metz and Chintala, 2015, DCGAN, section 6.3.2,
https://arxiv.org/abs/1511.06434, show arithmetic with faces; Shen, Gu, Tang and Zhou, 2020, InterFaceGAN,
https://arxiv.org/abs/1907.10786, move one attribute and leave others; Zhu, Krähenbühl, Shechtman and Efros, 2016,
https://arxiv.org/abs/1609.03552, go back from a picture. Here a judge that has no part in it counts how many end as wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import mean
from typing import NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from rivals import chance
from rivals.data import Dataset, bytes_from_pictures
from rivals.explore import across, difference, invert, sought, until
from rivals.explore.attributes import LEAST, logits_of
from rivals.explore.showing import decoded
from rivals.game import Game
from rivals.metrics.features.attributes import AttributeJudge
from rivals.recipes.auto import for_pictures
from rivals.recipes.duel import duel
from rivals.sampling import latents
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import figure
from rivals.studies.faces import ATTRIBUTES, DATA, EACH, HELD, POOL, Faces, Score, Trials, coded, drawn_trials, scored
from rivals.studies.pictures import CPU, shown_after, tiles

ROUNDS, WIDTH, LATENT = 6000, 32, 128
READ = 8000  # samples that concepts are made of
CONCEPT, TUNE, START, ANY = 100, 200, 300, 400  # seeds of latents: of the concepts, of the trials for tuning, of those reported
STRENGTHS = (1.0, 1.5, 2.0, 3.0, 4.0)
FAR = tuple(k / 4 for k in range(1, 33))  # times the turn vector, as far as it takes
SURE = 4.0  # logit at which "as far as it takes" ends
FACES, DRAWS = 100, 10_000  # inverted; samples that inversion has to beat

FORMULA, PLAIN, TUNED = "A - B + C, three latents each", "mean difference", "mean difference, tuned strength"
UNTIL, ACROSS = "mean difference, as far as it takes", "across the others, as far as it takes"
SOUGHT = "across the others, then a search nearby"
BY_ITSELF = "Arithmetic alone does both in at least 80 % of the trials, by one of its ways"
FROM_ANYWHERE = "With the search both hold in at least 80 % of the trials from any start"
WHY = {
    BY_ITSELF: "means of latents carry with them what else their faces have in common: who goes far enough for the wanted "
    "attribute moves others too. Turns at right angles to the others' keep more, and a search on a judge's logits keeps enough",
    FROM_ANYWHERE: "some of what is asked for does not exist among the faces, as a woman with a beard, and the generator has "
    "not learnt to draw it",
}
LABELS = {ACROSS: "across the others", SOUGHT: "then a search"}  # in the figure
SYSTEMS = (FORMULA, PLAIN, TUNED, UNTIL, ACROSS, SOUGHT)
STARTS, INVERTED = "start", ("held out", f"best of {DRAWS:,}", "inversion")  # shown beside
SHOWN, SHOWN_FACES = 16, 16  # trials of each attribute, and inverted faces: always the first ones
SOURCE = "Radford et al., 2015, section 6.3.2; Shen et al., 2020; Zhu et al., 2016 (pictures, no such numbers)"


class Outcome(NamedTuple):
    """Of one generator."""

    scores: Mapping[str, Score]
    anywhere: Score  # the search, whatever the start
    strength: float  # that was chosen
    errors: tuple[Sequence[float], Sequence[float]]  # of held-out faces: best draw, inversion
    k: Tensor  # of the trials shown
    shown: Mapping[str, Tensor]  # pictures as bytes


def trained(faces: Dataset, seed: int, rounds: int) -> Game:
    """`auto` at half its width, with a latent of twice the size."""
    torch.manual_seed(seed)
    setup = duel(faces.facts, replace(for_pictures(faces.facts)[0], width=WIDTH, latent=LATENT))
    return shown_after(setup, faces, seed, rounds).eval()


class Ways:
    """The systems: (trials) -> latents, (T, d). They know the judge that leads alone."""

    def __init__(self, game: Game, judge: AttributeJudge, seed: int):
        self.game, self.judge, self.seed = game, judge, seed
        self.z = latents(game, READ, CONCEPT)
        logits = logits_of(game, judge, self.z)
        self.has = logits > 0
        self.turns = [self.turn(column) for column in logits.unbind(1)]
        self.across = [across(v, [w for w in self.turns if w is not v]) for v in self.turns]

    def turn(self, logits: Tensor) -> Tensor:
        """From those without to those with an attribute; the likeliest few stand for one that fewer samples have, or lack."""
        order = logits.argsort(descending=True)
        count = min(max(LEAST, int((logits > 0).sum())), len(logits) - LEAST)
        return difference(self.z, order[:count], order[count:])

    def straight(self, trials: Trials, strength: float = 1.0) -> Tensor:
        return trials.z + strength * torch.stack(self.turns)[trials.k]

    def as_far(self, trials: Trials, turns: Sequence[Tensor], margin: float = SURE) -> Tensor:
        return until(self.game, self.judge, trials.z, torch.stack(list(turns))[trials.k], trials.k, FAR, margin=margin)[0]

    def search(self, trials: Trials) -> Tensor:
        begun = self.as_far(trials, self.across, margin=0.0)
        return sought(self.game, self.judge, begun, 2.0 * trials.wanted - 1, steps=100, margin=6.0, stay=0.02)

    def formula(self, trials: Trials) -> Tensor:
        """A: the start and two more of its combination; B and C: three each of the two combinations that differ in the wanted
        attribute alone and of which there are most. Where there is no such pair nothing is added."""
        codes, bits = coded(self.has), 1 << torch.arange(self.has.shape[1])
        counts = torch.bincount(codes, minlength=2 * int(bits[-1]))
        ends = []
        with chance.fixed(CONCEPT, self.seed):
            for z, k, code in zip(trials.z, trials.k, coded(trials.has), strict=True):
                without = [b for b in range(len(counts)) if not b & int(bits[k])]
                b = max(without, key=lambda b: int(torch.minimum(counts[b], counts[b + int(bits[k])])))
                like, lacking, having = (self.some(codes, c) for c in (int(code), b, b + int(bits[k])))
                turned = having.mean(0) - lacking.mean(0) if min(len(having), len(lacking)) else torch.zeros_like(z)
                ends.append(torch.cat([z[None], like[:2]]).mean(0) + turned)
        return torch.stack(ends)

    def some(self, codes: Tensor, code: int) -> Tensor:
        """(3, d), or fewer if there are not so many: latents of this combination, at random."""
        found = (codes == code).nonzero()[:, 0]
        return self.z[found[torch.randperm(len(found))[:3]]]

    def __call__(self, trials: Trials, strength: float) -> dict[str, Tensor]:
        return {
            FORMULA: self.formula(trials),
            PLAIN: self.straight(trials),
            TUNED: self.straight(trials, strength),
            UNTIL: self.as_far(trials, self.turns),
            ACROSS: self.as_far(trials, self.across),
            SOUGHT: self.search(trials),
        }


def played(asked: tuple[int, int]) -> Outcome:
    """Train a generator and move in its latents."""
    seed, rounds = asked
    faces = Faces.parted()
    return explored(trained(faces.learnt, seed, rounds), faces, seed)


def explored(game: Game, faces: Faces, seed: int) -> Outcome:
    known = faces.combinations()
    ways, tune, trials, anywhere = (
        Ways(game, faces.leads, seed),
        *(drawn_trials(game, faces, mark, which) for mark, which in ((TUNE, known), (START, known), (ANY, None))),
    )

    def judged(trials: Trials, z: Tensor, judge: AttributeJudge) -> Score:
        return scored(trials, logits_of(game, judge, z) > 0)

    strength = max(STRENGTHS, key=lambda s: judged(tune, ways.straight(tune, s), faces.leads).both)
    ends = ways(trials, strength)
    x = faces.held.rows(torch.arange(FACES), CPU).x
    found = invert(game, x, draws=DRAWS, seed=seed)
    near = invert(game, x[:SHOWN_FACES], draws=DRAWS, seed=seed, steps=0)
    some = torch.cat([(trials.k == k).nonzero()[:SHOWN, 0] for k in range(len(ATTRIBUTES))])
    shown = {name: decoded(game, z[some]) for name, z in {STARTS: trials.z, **ends}.items()}
    shown |= {name: part[:SHOWN_FACES] for name, part in zip(INVERTED, (x, near.x, found.x), strict=True)}
    return Outcome(
        {name: judged(trials, z, faces.tells) for name, z in ends.items()},
        judged(anywhere, ways.search(anywhere), faces.tells),
        strength,
        (found.nearest.tolist(), found.error.tolist()),
        trials.k[some],
        {name: bytes_from_pictures(part) for name, part in shown.items()},
    )


@study(title="Arithmetic with attributes, and inversion, on faces", source=SOURCE, seeds=2, minutes=5, why=WHY, page="control")
def moving(plan: Plan) -> Findings:
    """How often latents moved by arithmetic end in the wanted attribute and keep the others; how near inversion comes."""
    faces = Faces.parted()  # the judges are trained once, before the generators
    rounds = plan.rounds(ROUNDS)
    outcomes = plan.side_by_side(played, [(seed, rounds) for seed in plan.each_seed])
    plan.figure(drawn(outcomes[0]), "arithmetic")
    plan.figure(inverted(outcomes[0]), "inversion")
    return Findings(rows=[*judged(faces), *rows(outcomes)], claims=claims(outcomes), protocol=protocol(faces, outcomes, rounds))


def judged(faces: Faces) -> list[Row]:
    """How good the judges are, on the rows that they did not learn from."""
    return [
        Row(
            system=f"judge that {what}",
            metric=f"{name}: balanced accuracy, % ({100 * found.right:.1f} right, {100 * found.base:.1f} have it)",
            values=[100 * found.balanced],
        )
        for what, judge in (("tells", faces.tells), ("leads", faces.leads))
        for name, found in judge.accuracy.items()
    ]


def rows(outcomes: Sequence[Outcome]) -> list[Row]:
    measures: dict[str, Callable[[Score], float]] = {
        "ends in the wanted attribute, % of trials": lambda score: score.hit,
        "another attribute stays, %": lambda score: score.each,
        "all others stay, % of trials": lambda score: score.stay,
        "both, % of trials": lambda score: score.both,
    }
    found = [
        Row(system=name, metric=metric, values=[of(each.scores[name]) for each in outcomes])
        for name in SYSTEMS
        for metric, of in measures.items()
    ]
    found += [
        Row(system=SOUGHT, metric=f"ends in {name}, % of its trials", values=[each.scores[SOUGHT].hits[k] for each in outcomes])
        for k, name in enumerate(ATTRIBUTES)
    ]
    found += [
        Row(system=f"{SOUGHT}, any start", metric=metric, values=[of(each.anywhere) for each in outcomes])
        for metric, of in measures.items()
    ]
    near, back = ([mean(each.errors[k]) for each in outcomes] for k in range(2))
    found += [
        Row(system=INVERTED[1], metric="mean squared error of held-out faces", values=near),
        Row(system=INVERTED[2], metric="mean squared error of held-out faces", values=back),
        Row(system=INVERTED[2], metric="of faces at least twice as near, %", values=[100 * twice(each) for each in outcomes]),
    ]
    return found


def twice(outcome: Outcome) -> float:
    """Share of the faces whose error inversion halves."""
    return mean(float(back <= near / 2) for near, back in zip(*outcome.errors, strict=True))


def claims(outcomes: Sequence[Outcome]) -> list[Claim]:
    def of(name: str, what: str) -> float:
        return mean(float(getattr(each.scores[name], what)) for each in outcomes)

    hit, stay = of(SOUGHT, "hit"), of(SOUGHT, "stay")
    near, back = (mean(mean(each.errors[k]) for each in outcomes) for k in range(2))
    seen = "; ".join(f"{name} {of(name, 'both'):.1f} %" for name in (TUNED, UNTIL, ACROSS, SOUGHT))
    alone = {name: (of(name, "hit"), of(name, "stay")) for name in SYSTEMS if name != SOUGHT}
    anywhere = [mean(getattr(each.anywhere, what) for each in outcomes) for what in ("hit", "stay")]
    return [
        Claim(
            "Arithmetic and a search nearby end in the wanted attribute in at least 80 % of the trials",
            hit >= 80,
            f"{hit:.1f} %; the plain difference of means {of(PLAIN, 'hit'):.1f} %",
        ),
        Claim(
            "and all the other attributes stay in at least 80 % of the trials",
            stay >= 80,
            f"{stay:.1f} %; after the plain difference of means {of(PLAIN, 'stay'):.1f} %",
        ),
        Claim(
            BY_ITSELF,
            max(min(both) for both in alone.values()) >= 80,
            "; ".join(f"{name} {found:.1f} and {kept:.1f} %" for name, (found, kept) in alone.items()),
        ),
        Claim(FROM_ANYWHERE, min(anywhere) >= 80, "{:.1f} and {:.1f} %".format(*anywhere)),
        Claim(
            "Turn vectors at right angles to the others' do better than those of plain means, as far as each takes",
            of(ACROSS, "both") > of(UNTIL, "both"),
            f"wanted attribute and all others: {seen}",
        ),
        Claim(
            f"Inversion of held-out faces has at most half the mean squared error of the best of {DRAWS:,} samples",
            back <= near / 2,
            f"{back:.4f}, the best samples {near:.4f}: {near / back:.1f} times",
        ),
    ]


def protocol(faces: Faces, outcomes: Sequence[Outcome], rounds: int) -> str:
    members = "; ".join(f"{name}: {', '.join(each)}" for name, each in ATTRIBUTES.items() if len(each) > 1)
    strengths = ", ".join(f"{each.strength:g}" for each in outcomes)
    return f"""
        {len(faces.learnt):,} of the 10,000 faces of {DATA}, 24 x 24; {HELD:,} are held out. The generator: `auto` at width
        {WIDTH} with a latent of {LATENT}, {rounds:,} rounds, no labels. Attributes that any of several make: {members}.
        Two judges, each learnt from one half of those faces: one leads (it reads the {READ:,} samples that concepts are made
        of, chooses the strength, steers the search), the other tells how it ended. A trial: a sample that lacks an attribute
        and that both judges read alike, the first {EACH} of {POOL:,} for each attribute, {EACH * len(ATTRIBUTES)} in all,
        such that what is wanted occurs among the faces (no woman here has a beard or smiles); "any start" leaves that out.
        "Mean difference": z + v, v the mean latent of the samples with the attribute less that of all others; the tuned
        strength (of {STRENGTHS}, on other trials, by the judge that leads): {strengths}. "As far as it takes": along v in
        steps of 1/4, at most {FAR[-1]:g}, until that judge's logit is above {SURE:g}. "Across": v at right angles to the v of
        the others. "Search": from there (logit above 0), 100 steps of Adam on the latent, on the hinge of that judge's logits,
        margin 6, which holds the others too (not skin and hair). "A - B + C": the start and two more samples of its
        combination; three each of the two combinations that differ in the wanted attribute alone and of which there are most.
        Margins and steps were chosen with other trials of the generator of seed 0. Inversion: {FACES} held-out faces, 300 steps
        of Adam from the best of {DRAWS:,} samples. Figures: seed 0, always the first trials and faces."""


def drawn(outcome: Outcome) -> Figure:
    """A panel an attribute: a row of starts, and below them what three systems made of them."""
    systems = (STARTS, PLAIN, ACROSS, SOUGHT)
    made = figure(9, 9.5)
    grid = made.subplots(len(ATTRIBUTES), 1)
    for k, (axes, name) in enumerate(zip(grid, ATTRIBUTES, strict=True)):
        mine = outcome.k == k
        sheet(axes, {LABELS.get(system, system): outcome.shown[system][mine] for system in systems}, f"+ {name}")
    return made


def inverted(outcome: Outcome) -> Figure:
    """Held-out faces, the nearest samples, what inversion found."""
    made = figure(9, 2)
    sheet(made.subplots(), {name: outcome.shown[name] for name in INVERTED}, "Faces that no generator saw")
    return made


def sheet(axes: Axes, rows: Mapping[str, Tensor], title: str) -> None:
    """Rows of as many pictures, their names at the left."""
    shown = torch.cat(list(rows.values()))
    tiles(axes, shown if len(shown) else None, title, columns=max(1, len(shown) // len(rows)))
    axes.set_yticks([shown.shape[2] * (row + 0.5) for row in range(len(rows))], list(rows), fontsize=8)
    axes.tick_params(length=0)
