"""What studies of pictures share: a short training on Fashion-MNIST whose samples are judged again and again as it goes on.

The pictures are averaged down to 16 x 16. A study of a hundred trainings would take a day at their full size; here each plays
some thousand rounds, enough to see what helps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from rivals.data import Batches, Dataset, bytes_from_pictures, load, pictures_from_bytes
from rivals.data.part import some
from rivals.data.sources import test_part
from rivals.errors import UserError
from rivals.game import Game, Samples
from rivals.machine import native_precision
from rivals.metrics import frechet
from rivals.metrics.core import Case
from rivals.metrics.features.classifier import Classifier
from rivals.recipes import Setup, find
from rivals.sampling import checked, generated
from rivals.studies.drawing import plain
from rivals.trainer import Precision, Trainer

CPU = torch.device("cpu")
PRECISION = native_precision()  # which a study's protocol tells
DATA, SIZE = "fashion-mnist", 16  # pixels of a side: a training of some thousand rounds takes a core half a minute
JUDGED = 2000  # samples at each mark
SHOWN = 16
SEED = 1234  # of the samples that are judged


def shown_after(setup: Setup, data: Dataset, seed: int, rounds: int, *, precision: Precision = PRECISION) -> Game:
    """The game as samples are drawn with, after so many rounds on a core."""
    with Batches(setup.beside(data) if setup.beside else data, setup.batch, seed=seed, device=CPU) as batches:
        trainer = Trainer(setup.game, batches, seed=seed, precision=precision, average=setup.average)
        while trainer.round < rounds:
            trainer.play(trainer.round / rounds)
        return trainer.shown()


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training. Two of equal fields come out equal."""

    recipe: str
    changes: Mapping[str, Any] = field(default_factory=dict)  # of the recipe's options
    only: str | None = None  # this class alone
    seed: int
    rounds: int
    marks: int  # how often it is judged, evenly through the training
    warm: int = 0  # turns of the discriminator alone before the first round


class Course(NamedTuple):
    """What a training came to. One that diverged has infinite scores from there on."""

    rounds: list[int]  # at the marks
    scores: list[float]  # Fréchet distances there
    losses: list[float]  # the discriminator's adversarial term, its mean since the mark before
    samples: Tensor | None  # (SHOWN, C, H, W) bytes at the end


class Judge:
    """Fréchet distance of samples from the test part (where there is one), by features of a classifier of all of the data."""

    def __init__(self, only: str | None = None):
        self.features = Classifier.trained(load(DATA, size=SIZE), test_part(DATA, size=SIZE))
        self.real = test_part(DATA, size=SIZE, only=only) or load(DATA, size=SIZE, only=only)

    def __call__(self, game: Game) -> tuple[float, Tensor]:
        """The distance, and some of the samples; infinite where the samples are no pictures any more."""
        assert isinstance(game, Samples)
        try:
            fake = generated(game, JUDGED, SEED, bounded=True)
        except UserError:  # NaN
            return math.inf, torch.zeros(SHOWN, *self.real.facts.shape, dtype=torch.uint8)
        case = Case(self.real, fake, self.features)
        return frechet.measure(case)["fd"].value, fake.x[:SHOWN]


def trained(trial: Trial, watch: Callable[[Trainer], None] = lambda trainer: None) -> Course:
    """Train and judge; watch: called at each mark, before it is judged."""
    judge, data = Judge(trial.only), load(DATA, size=SIZE, only=trial.only)
    torch.manual_seed(trial.seed)
    setup = find(trial.recipe)(data.facts, **trial.changes)
    course = Course([], [], [], None)
    with Batches(data, setup.batch, seed=trial.seed, device=CPU) as batches:
        trainer = Trainer(setup.game, batches, seed=trial.seed, precision=PRECISION, average=setup.average)
        for number in range(trial.warm):
            trainer.turn(trainer.players[0], batches(number), watch=False)
        trainer.window.take()
        for mark in range(1, trial.marks + 1):
            course.rounds.append(trial.rounds * mark // trial.marks)
            try:
                while trainer.round < course.rounds[-1]:
                    trainer.play(trainer.round / trial.rounds)
                shown = trainer.shown()
            except UserError:  # diverged, and stays so
                course.scores.append(math.inf)
                course.losses.append(math.nan)
                continue
            watch(trainer)
            course.losses.append(trainer.window.take().terms[trainer.players[0].name]["adversarial"])
            score, samples = judge(shown)
            course.scores.append(score)
            course = course._replace(samples=samples)
    return course


def real_pictures(data: Dataset, n: int = SHOWN) -> Tensor:
    """(n, C, H, W) bytes."""
    return bytes_from_pictures(some(data, n).rows(torch.arange(n), CPU).x)


def as_shown(x: Tensor) -> Tensor:
    """Pictures (N, C, H, W) in [-1, 1] as they would be saved, in 8 bits: what a judge is given. Raises `UserError` where some
    are NaN or infinite."""
    return pictures_from_bytes(checked(x, bounded=True))


def tiles(axes: Axes, samples: Tensor | None, title: str, *, columns: int = 4, below: str = "") -> None:
    """(N, C, H, W) bytes as one picture within a figure; nothing of a training that has no samples."""
    plain(axes, title, below)
    axes.title.set_fontsize(8)
    axes.xaxis.label.set_fontsize(8)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    if samples is None:
        return
    n, channels, height, width = samples.shape
    sheet = samples[: n // columns * columns].view(-1, columns, channels, height, width).permute(0, 3, 1, 4, 2)
    shown = sheet.reshape(-1, columns * width, channels).numpy()
    axes.imshow(shown if channels == 3 else shown[..., 0], cmap="gray", vmin=0, vmax=255, interpolation="nearest")


def at_end(courses: Sequence[Course]) -> list[float]:
    return [course.scores[-1] for course in courses]


def curves(axes: Axes, courses: Sequence[Course], colour: str, label: str) -> None:
    """The mean score through training, and between its least and its greatest seed a shade."""
    scores = np.asarray([course.scores for course in courses])
    axes.plot(courses[0].rounds, scores.mean(0), color=colour, label=label)
    axes.fill_between(courses[0].rounds, scores.min(0), scores.max(0), color=colour, alpha=0.15, linewidth=0)
