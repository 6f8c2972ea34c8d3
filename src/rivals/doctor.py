"""What is wrong with a training, told from its log: each symptom is a function of the events so far.

Most are those that the lectures say to watch, after Chintala, Denton, Arjovsky and Mathieu, 2016, How to Train a GAN?
(https://github.com/soumith/ganhacks, "10: Track failures early"):

    D's loss goes to 0 · gradient norms over 100 · losses of huge variance that spike · a generator whose loss falls steadily
    while it "fools D with garbage"

and, from Goodfellow et al., 2014 (https://arxiv.org/abs/1406.2661): a D so sure that G's gradient vanishes (section 3), a G
that collapses onto few points (section 6), samples that are training pictures. docs/doctor.md says what each rests on, and how
often it is right. `Doctor` says each once: what was said stands in the log itself, as events of the kind "finding", so a
resumed run repeats none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from rivals.metrics.scores import merit

Event = dict[str, Any]

LOOKS = 4  # in a row at which a sign must stand
LINES = 5  # of the log in a row


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is wrong."""

    name: str
    since: int  # round
    sees: str  # a sentence
    tries: str  # a sentence: what to try


class Point(NamedTuple):
    round: int
    value: float


@dataclass
class History:
    """The events of a log that the symptoms read, by kind."""

    terms: list[Event] = field(default_factory=list)
    signs: list[Event] = field(default_factory=list)
    score: list[Event] = field(default_factory=list)

    def sign(self, name: str) -> list[Point]:
        return [Point(e["round"], e["signs"][name]) for e in self.signs if name in e["signs"]]

    def gradient(self, player: str) -> list[Point]:
        return [Point(e["round"], e["gradients"][player]) for e in self.terms if player in e["gradients"]]

    def loss(self, player: str) -> list[Point]:
        return [Point(e["round"], sum(e["terms"][player].values())) for e in self.terms if player in e["terms"]]

    def spread(self, player: str) -> list[Point]:
        spreads = [(e["round"], e.get("spreads", {}).get(player)) for e in self.terms]
        return [Point(round, max(terms.values())) for round, terms in spreads if terms]

    def merits(self) -> list[Point]:
        """Scores so that lower is better."""
        return [Point(e["round"], merit(e)) for e in self.score]

    def players(self) -> list[str]:
        return list(self.terms[-1]["terms"]) if self.terms else []

    def stuck(self, by: float = 0.1) -> bool:
        """Whether the best score of the last few looks is not better by this share than the best before them."""
        merits = [m.value for m in self.merits()]
        before, last = merits[:-LOOKS], merits[-LOOKS:]
        return bool(before) and min(last) >= min(before) - by * abs(min(before))


def lasting(points: Sequence[Point], test: Callable[[float], bool], least: int) -> Sequence[Point]:
    """The last points as far back as the test holds, if there are so many.

    >>> lasting([Point(0, 3), Point(5, 1), Point(9, 0)], lambda v: v < 2, least=2)
    [Point(round=5, value=1), Point(round=9, value=0)]
    """
    first = len(points)
    while first and test(points[first - 1].value):
        first -= 1
    return points[first:] if len(points) - first >= least else []


Symptom = Callable[[History], Finding | None]


def d_wins(h: History) -> Finding | None:
    """D's loss is at most 2 % of that of a D which sees nothing, and the samples do not improve meanwhile."""
    low = lasting(h.sign("certainty"), lambda share: share <= 0.02, LOOKS)
    if not low or not h.stuck():
        return None
    return Finding(
        name="D wins",
        since=low[0].round,
        sees=f"The discriminator's loss has gone to 0 ({low[-1].value:.1%} of what it is where D sees nothing), and the "
        "samples do not improve: it tells them apart so surely that the generator learns little.",
        tries="Try --penalty r1 --norm-d none, a lower --lr-d, --flip 0.1, --dropout-d 0.3, or --critic-turns 1.",
    )


def d_saturated(h: History) -> Finding | None:
    """At D's answers the generator's loss is so flat that 1 % of its slope is left."""
    flat = lasting(h.sign("pull"), lambda left: left <= 0.01, LOOKS - 1)
    if not flat or not h.stuck():
        return None
    return Finding(
        name="D is saturated",
        since=flat[0].round,
        sees=f"The discriminator is saturated: at its answers the generator's loss has {flat[-1].value:.1%} of its slope left, "
        "and the samples do not improve.",
        tries="Try --adversarial non-saturating, least-squares or hinge, a lower --lr-d, or --penalty r1 --norm-d none.",
    )


def d_blind(h: History) -> Finding | None:
    """D's loss is that of a D which sees nothing; from look to look it is now right and now wrong, in all no more often right
    than chance; and the samples do not improve. (At a game's equilibrium it is right half of the time at every look.)"""
    signs = [p for p in h.sign("area") if p.round > 0][-LOOKS - 2 :]
    area = [p.value for p in signs]
    turns = sum((a > 0.5) != (b > 0.5) for a, b in pairwise(area))
    guesses = len(area) == LOOKS + 2 and sum(area) <= 0.6 * len(area) and min(area) <= 0.3 and max(area) >= 0.6 and turns >= 2
    if not guesses or not lasting(h.sign("certainty"), lambda share: abs(share - 1) <= 0.15, LOOKS + 2) or not h.stuck():
        return None
    return Finding(
        name="D sees nothing",
        since=signs[0].round,
        sees=f"The discriminator guesses: of a pair, real and generated, it was right {min(area):.0%} to {max(area):.0%} of "
        "the time, from look to look. The samples do not improve: where it learns nothing, the generator cannot.",
        tries="Try a higher --lr-d or --critic-turns 2, less --flip and --dropout-d, a wider --clip, and look for dead units.",
    )


def g_still(h: History) -> Finding | None:
    """The score has stayed within 2 % of what it was before the first round, for twice as many looks."""
    merits = h.merits()
    if len(merits) <= 2 * LOOKS or not all(abs(m.value - merits[0].value) <= 0.02 * abs(merits[0].value) for m in merits):
        return None
    return Finding(
        name="G stands still",
        since=merits[0].round,
        sees="The score has not moved since the first round: the generator hardly changes.",
        tries="Try a higher --lr, and see that the generator's gradient norm is not 0.",
    )


def g_fools_d(h: History) -> Finding | None:
    """D takes generated for real, look after look, and the samples do not improve; or the generator's loss falls by a fifth
    over the last lines, from nearly each to the next, and the samples do not improve in the least."""
    loss = h.loss("generator")[-3 * LOOKS :]
    falls = sum(a.value > b.value for a, b in pairwise(loss)) >= 0.8 * (3 * LOOKS - 1)
    steady = falls and loss[0].value - loss[-1].value >= 0.2 * max(abs(p.value) for p in loss)
    area = lasting(h.sign("area"), lambda area: area <= 0.2, LOOKS)
    fooled = area if area and h.stuck() else loss if steady and h.stuck(by=0.0) else []
    if not fooled:
        return None
    what = "The discriminator takes samples for real things" if area else "The generator's loss against the discriminator falls"
    return Finding(
        name="G fools D with garbage",
        since=fooled[0].round,
        sees=f"{what}, and yet the samples do not improve: it is fooled with garbage.",
        tries="Try a higher --lr-d, --critic-turns 2, or a larger --width: the discriminator is too weak or too slow.",
    )


def collapse(h: History) -> Finding | None:
    """Samples far more alike than the data is, while they do not improve."""
    few = lasting(h.sign("diversity"), lambda share: share <= 0.15, LOOKS)
    repeated = lasting(h.sign("crowding"), lambda share: share <= 0.05, LOOKS)
    found = few or repeated
    if not found or not h.stuck() or g_still(h):
        return None
    what = "as far from each other" if few else "as far from their nearest neighbours"
    return Finding(
        name="collapse",
        since=found[0].round,
        sees=f"The samples are {found[-1].value:.0%} {what} as real rows are, and do not improve: the generator has collapsed.",
        tries="Try --adversarial relativistic, --penalty r1 --norm-d none, a lower --lr, or --generator-turns 1.",
    )


def memorisation(h: History) -> Finding | None:
    """Samples that are training rows again."""
    copies = lasting(h.sign("copies"), lambda share: share >= 0.5, LOOKS - 1)
    if not copies:
        return None
    return Finding(
        name="memorisation",
        since=copies[0].round,
        sees=f"{copies[-1].value:.0%} of the samples are less than half as far from a training row as another training row "
        "is: the generator hands its data back.",
        tries="Try more data, or a smaller --width; see `rivals evaluate RUN --metrics memorisation` for the pairs.",
    )


def dead_units(h: History) -> Finding | None:
    """Rectifiers that are 0 whatever comes in: no gradient passes, and they stay so."""
    for name in dict.fromkeys(name for event in h.signs[-1:] for name in event["signs"] if name.startswith("dead")):
        dead = lasting(h.sign(name), lambda share: share >= 0.75, LOOKS - 1)
        if dead:
            who = name.removeprefix("dead units of the ")
            return Finding(
                name="dead units",
                since=dead[0].round,
                sees=f"{dead[-1].value:.0%} of the units of a layer of the {who} are 0 for every input: they learn no more.",
                tries="Try a lower --lr, a network with leaky rectifiers (--network intermediate or mlp), or normalisation.",
            )
    return None


def large_gradients(h: History) -> Finding | None:
    """Gradient norms over 100, line after line, and ten times the first line's: a loss in nats a picture starts there."""
    for player in h.players():
        known = h.gradient(player)
        most = max(100.0, 10 * known[0].value) if known else 0.0
        norms = lasting(known, most.__lt__, LINES)
        if norms:
            return Finding(
                name="large gradients",
                since=norms[0].round,
                sees=f"The gradient norm of the {player} stays over {most:.3g} ({norms[-1].value:.3g}): its loss runs away.",
                tries="Try a lower --lr, and bind the discriminator: --penalty wgan-gp, --norm-d spectral, or --clip 0.01.",
            )
    return None


def spikes(h: History) -> Finding | None:
    """A player's loss strays from turn to turn by many times its level."""
    for player in h.players():
        losses, spreads = h.loss(player), h.spread(player)
        level = max(0.1, median(abs(p.value) for p in losses)) if losses else 0.1
        wild = [p for p in spreads[-LINES:] if p.value > 10 * level]
        if wild and len(losses) >= LINES:
            return Finding(
                name="spikes",
                since=wild[0].round,
                sees=f"The loss of the {player} spikes: from turn to turn it strays by {wild[0].value:.3g}, and its usual size "
                f"is {level:.3g}.",
                tries="Try a lower --lr, a larger --batch, or --penalty r1 --norm-d none.",
            )
    return None


SYMPTOMS: dict[str, Symptom] = {
    "D wins": d_wins,
    "D is saturated": d_saturated,
    "D sees nothing": d_blind,
    "G stands still": g_still,
    "G fools D with garbage": g_fools_d,
    "collapse": collapse,
    "memorisation": memorisation,
    "dead units": dead_units,
    "large gradients": large_gradients,
    "spikes": spikes,
}


def not_finite(round: int, what: str) -> Finding:
    """Of a training that cannot go on; `what` went bad."""
    return Finding(
        name="not finite",
        since=round,
        sees=f"NaN or infinity: {what}.",
        tries="Try a lower --lr or another criterion, or --rescue; where it comes at the same round again, look at the data.",
    )


class Doctor:
    """Hears the events of a training as they are logged, and says each finding once."""

    def __init__(self, log: Iterable[Event] = ()):
        self.history, self.said = History(), set[str]()
        for event in log:
            self.remember(event)

    def remember(self, event: Event) -> None:
        kinds = {"terms": self.history.terms, "signs": self.history.signs, "score": self.history.score}
        if event["kind"] in kinds:
            kinds[event["kind"]].append(event)
        elif event["kind"] == "finding":
            self.said.add(event["name"])

    def hear(self, event: Event) -> list[Finding]:
        """What is new to say after this event."""
        self.remember(event)
        if event["kind"] not in ("terms", "score"):
            return []
        found = [symptom(self.history) for name, symptom in SYMPTOMS.items() if name not in self.said]
        new = [finding for finding in found if finding is not None]
        self.said |= {finding.name for finding in new}
        return new


def diagnose(log: Iterable[Event]) -> list[Finding]:
    """What the doctor would have said, event by event, of a training that had none."""
    doctor = Doctor()
    return [finding for event in log if event["kind"] != "finding" for finding in doctor.hear(event)]
