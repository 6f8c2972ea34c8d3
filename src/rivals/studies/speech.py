"""Who speaks and what is said, apart: "feature disentangle" of H. Lee's lectures, after Chen, Huang, Shen, Lee and Lee, 2018,
Phonetic-and-Semantic Embedding of Spoken Words with Applications in Spoken Content Retrieval, https://arxiv.org/abs/1807.08089.

The lectures show that it works and print no number. Here: after training, a fresh classifier learns to read the speaker from
each code of the training pieces, and is asked about pieces of sounds that neither has met. The speaker code should tell, the
phonetic code should not; without the discriminator it does. Voices are converted by exchanging the speaker codes; a judge, a
classifier of the pieces themselves, says whom it hears.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from rivals.data import Dataset, load
from rivals.data.part import in_order
from rivals.data.sounds import DEPTH
from rivals.errors import UserError
from rivals.games.disentangle import Disentangle
from rivals.metrics.features.classifier import Classifier
from rivals.recipes import find
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import figure, plain
from rivals.studies.pictures import CPU, shown_after

ROUNDS, WIDTH = 1500, 16
READABLE, MORE = 95, 15  # per cent; points over chance
SHOWN = 3
APART, FREE = "with the discriminator", "without it"
SYSTEMS: Mapping[str, Mapping[str, Any]] = {APART: {}, FREE: {"weight": 0.0}}
METRICS = (
    "speaker read from the speaker code, %",
    "speaker read from the phonetic code, %",
    "error of the reconstruction, dB",
    "converted pieces heard as the other speaker, %",
)
SOURCE = "H. Lee, lectures, feature disentangle; Chen et al., 2018 (no such numbers are printed)"


@dataclass(frozen=True, kw_only=True)
class Trial:
    system: str
    seed: int
    rounds: int


class Outcome(NamedTuple):
    numbers: tuple[float, float, float, float]  # by `METRICS`
    pictures: NDArray[np.float32]  # (3, SHOWN, H, W): pieces, made again, in the next speaker's voice


def sounds(split: str) -> Dataset:
    given = os.environ.get("RIVALS_DATA")
    if not given or not (Path(given) / "speech").is_dir():
        raise UserError("this study takes speech: set RIVALS_DATA to a folder that holds speech/SPEAKER/*.wav")
    return load(Path(given) / "speech", split=split)


def trained(trial: Trial) -> Outcome:
    data, test = sounds("train"), sounds("test")
    torch.manual_seed(trial.seed)
    setup = find("disentangle")(data.facts, width=WIDTH, **SYSTEMS[trial.system])
    game = shown_after(setup, data, trial.seed, trial.rounds)
    assert isinstance(game, Disentangle)
    return judged(game, data, test, Classifier.trained(data, test))


@torch.no_grad()
def judged(game: Disentangle, data: Dataset, test: Dataset, judge: Classifier) -> Outcome:
    learnt, asked = codes(game, data), codes(game, test)
    numbers = [100 * readable(learnt[k], learnt.y, asked[k], asked.y) for k in (0, 1)]
    x = torch.cat([batch.x for batch in in_order(test, CPU)])
    again = game.decode(torch.cat([asked.s, asked.p], 1))
    classes = test.facts.classes
    voices = torch.stack([learnt.s[learnt.y == label].mean(0) for label in range(classes)])
    wanted = (asked.y + 1) % classes
    other = game.converted(x, voices[wanted])
    heard = judge.read(other)
    numbers += [float((again - x).abs().mean()) * DEPTH / 2, 100 * float((heard == wanted).float().mean())]
    shown = [int((asked.y == label).nonzero()[len(x) // (4 * classes)]) for label in range(classes)][:SHOWN]
    pictures = torch.stack([x[shown, 0], again[shown, 0], other[shown, 0]]).float().numpy()
    return Outcome((numbers[0], numbers[1], numbers[2], numbers[3]), pictures)


class Codes(NamedTuple):
    s: Tensor  # (N, S)
    p: Tensor  # (N, P)
    y: Tensor  # (N,)


def codes(game: Disentangle, data: Dataset) -> Codes:
    found = [(game.voice(batch.x), game.E_p(batch.x).float(), batch.y) for batch in in_order(data, CPU) if batch.y is not None]
    s, p, y = zip(*found, strict=True)
    return Codes(torch.cat(s), torch.cat(p), torch.cat(y))


def readable(learnt: Tensor, y: Tensor, asked: Tensor, answer: Tensor) -> float:
    """The share of rows whose class a fresh network of one hidden layer reads from their codes."""
    network = MLPClassifier((64,), early_stopping=True, max_iter=100, random_state=0)
    read = make_pipeline(StandardScaler(), network).fit(learnt.numpy(), y.numpy())
    return float(read.score(asked.numpy(), answer.numpy()))


@study(title="Who speaks and what is said, in codes apart", source=SOURCE, seeds=3, minutes=15, page="control")
def speech(plan: Plan) -> Findings:
    """What a fresh classifier reads from the speaker code and the phonetic code, and whom converted speech sounds like."""
    rounds = plan.rounds(ROUNDS)
    trials = [Trial(system=system, seed=seed, rounds=rounds) for system in SYSTEMS for seed in plan.each_seed]
    outcomes: dict[str, list[Outcome]] = {system: [] for system in SYSTEMS}
    data = sounds("train")
    Classifier.trained(data, sounds("test"))  # into the cache, or each trial would train it
    for trial, outcome in zip(trials, plan.side_by_side(trained, trials), strict=True):
        outcomes[trial.system].append(outcome)
    rows = [
        Row(system=system, metric=metric, values=[outcome.numbers[i] for outcome in found])
        for system, found in outcomes.items()
        for i, metric in enumerate(METRICS)
    ]
    plan.figure(drawn(outcomes[APART][0].pictures, data.class_names), "voices")
    protocol = f"""
        {data.facts.classes} speakers, each of another language; {data.notes[0]}, a fifth of the sounds apart for the test.
        `disentangle`, width {WIDTH}, {rounds:,} rounds. The fresh classifier has one hidden layer of 64 and learns from the
        codes of the training pieces. Converted: a test piece's phonetic code with the next speaker's mean speaker code."""
    return Findings(rows=rows, claims=claims(outcomes, data.facts.classes), protocol=protocol)


def claims(outcomes: Mapping[str, Sequence[Outcome]], classes: int) -> list[Claim]:
    apart, free = (np.array([outcome.numbers for outcome in outcomes[system]]).mean(0) for system in (APART, FREE))
    most = 100 / classes + MORE
    return [
        Claim(
            f"The speaker is read from at least {READABLE} % of the speaker codes",
            bool(apart[0] >= READABLE),
            f"{apart[0]:.1f} %",
        ),
        Claim(
            f"And from no more than {most:.0f} % of the phonetic codes, {MORE} points over chance",
            bool(apart[1] <= most),
            f"{apart[1]:.1f} %; without the discriminator {free[1]:.1f} %",
        ),
        Claim(
            "Converted speech is mostly heard as the other speaker, more often than without the discriminator",
            bool(apart[3] > max(50, free[3])),
            f"{apart[3]:.1f} %; without the discriminator {free[3]:.1f} %",
        ),
    ]


def drawn(pictures: NDArray[np.float32], names: Sequence[str]) -> Figure:
    """A piece of each speaker, made again, and in the next speaker's voice; low pitch below."""
    made = figure(7, 6)
    panels = made.subplots(pictures.shape[1], 3, squeeze=False)
    for k, line in enumerate(panels):
        titles = (names[k], "made again", f"as {names[(k + 1) % len(names)]}")
        for axes, picture, title in zip(line, pictures[:, k], titles, strict=True):
            plain(axes, title)
            axes.imshow(picture, origin="lower", aspect="auto", cmap="magma", vmin=-1, vmax=1)
            axes.set(xticks=[], yticks=[])
    return made
