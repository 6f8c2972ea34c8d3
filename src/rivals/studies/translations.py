"""What studies of translation share: two tasks whose truth is known, what a translator is compared with, and its numbers.

clothes     edges -> garments of Fashion-MNIST, 28 x 28: many garments have the same edges
emoji       emoji of one maker -> the same symbols of another, 32 x 32; 200 symbols are held out
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from rivals.data import Beside, Memory, load
from rivals.data.beside import side_by_side
from rivals.data.core import Facts
from rivals.data.part import apart, bytes_of, some
from rivals.data.partners import made_pairs, partners
from rivals.data.sources import test_part
from rivals.errors import UserError, pick
from rivals.game import Game, Translates
from rivals.metrics import cycle, frechet, paired
from rivals.metrics.choice import choose
from rivals.metrics.core import Case, Features, Translations, Unsuitable
from rivals.metrics.evaluation import translations
from rivals.pictures import colour
from rivals.recipes import Setup, find
from rivals.studies.drawing import figure
from rivals.studies.pictures import CPU, shown_after, tiles

SIZE, HELD = 32, 200
LARGE, HELD_STAMPS = 64, 100
CLOTHES, JUDGED = "fashion-mnist", 1000
NEIGHBOURS = 10_000  # training rows among which the nearest is sought
COPY, MEAN, NEIGHBOUR, STRANGERS = "copy", "mean of the training rows", "nearest training row", "other real pictures"
SHOWN = 10
NUMBERS = {
    "psnr": "PSNR, dB",
    "l1": "mean absolute error",
    "ssim": "SSIM",
    "perceptual": "perceptual distance",
    "fd": "Fréchet distance",
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """Pairs to learn from (or to hide), pairs to be judged by, and features to judge with."""

    train: Beside
    test: Beside
    facts: Facts  # that a recipe is given
    features: Features
    sees: Features  # of the perceptual distance
    options: Mapping[str, Any] = field(default_factory=dict)  # that every recipe is given
    part: Callable[[Tensor], Tensor] | None = None  # of a picture that is judged; None: all of it

    def hidden(self, further: Sequence[str] = ()) -> Beside:
        """The same rows, no longer side by side; further: domains beside them, folders of the data."""
        if not further:
            return Beside(self.train.first, self.train.second)
        return side_by_side([self.train.first, self.train.second, *(load(folder(name), size=SIZE) for name in further)])


@cache
def task(name: str) -> Task:
    return pick("task", TASKS, name)()


def clothes() -> Task:
    whole, test = load(CLOTHES), test_part(CLOTHES)
    assert test is not None
    return Task(
        train=made_pairs(whole, "edges"),
        test=made_pairs(some(test, JUDGED), "edges"),
        facts=whole.facts,
        features=choose("classifier", whole, test, device=CPU),
        sees=choose("efficientnet-lite0", whole, None, device=CPU),
        options={"pair": "edges"},
    )


def emoji() -> Task:
    both = partners(*(load(folder("emoji"), size=SIZE, image_key=f"{style}.png") for style in ("google", "twitter")))
    (first, left), (second, others) = apart(both.first, HELD), apart(both.second, HELD)
    sees = choose("efficientnet-lite0", others, None, device=CPU)
    test, train = Beside(first, second, paired=True), Beside(left, others, paired=True)
    return Task(train=train, test=test, facts=left.facts, features=sees, sees=sees)


def stamps(change: str, part: Callable[[Tensor], Tensor] | None = None) -> Task:
    held, others = apart(load(folder("stamps"), size=LARGE), HELD_STAMPS)
    sees = choose("efficientnet-lite0", others, None, device=CPU)
    train, test = made_pairs(others, change), made_pairs(held, change)
    return Task(train=train, test=test, facts=others.facts, features=sees, sees=sees, part=part)


def middle(x: Tensor) -> Tensor:
    """Half of each side."""
    height, width = x.shape[2:]
    return x[:, :, height // 4 : height - height // 4, width // 4 : width - width // 4]


TASKS: Mapping[str, Callable[[], Task]] = {
    "clothes": clothes,
    "emoji": emoji,
    "twice as large": partial(stamps, "2 times smaller"),
    "four times as large": partial(stamps, "4 times smaller"),
    "grey": partial(stamps, "grey"),
    "hole": partial(stamps, "hole in the middle", middle),
    "strokes": partial(stamps, "strokes"),
}


def folder(name: str) -> Path:
    """Of data that has no name of its own."""
    given = os.environ.get("RIVALS_DATA")
    if given is None or not (found := Path(given) / name).is_dir():
        raise UserError(f"this study takes '{name}': set RIVALS_DATA to a folder that holds it")
    return found


class Outcome(NamedTuple):
    numbers: Mapping[str, float]  # by `NUMBERS`, and of games that translate back what `cycle` measures
    pictures: Tensor  # (SHOWN, C, H, W) bytes


def trained(name: str, recipe: str, changes: Mapping[str, Any], seed: int, rounds: int, *, hidden: bool) -> Outcome:
    """A translator after so many rounds on a task, judged. hidden: it does not see which rows are pairs."""
    given = task(name)
    torch.manual_seed(seed)
    made = find(recipe)
    setup = made(given.facts, **{**given.options, **changes})
    learnt = Setup(game=setup.game, batch=setup.batch, average=setup.average)
    game = shown_after(learnt, given.hidden(changes.get("further", ())) if hidden else given.train, seed, rounds)
    assert isinstance(game, Translates)
    found = translations(game, given.test, len(given.test), 0, name=recipe)
    return judged(given, found, game)


def judged(given: Task, found: Translations, game: Game | nn.Module | None = None) -> Outcome:
    whole = found.made
    if given.part is not None:
        found = cut(found, given.part)
    assert found.truth is not None
    case = Case(found.truth, found.made, given.features, game=game if isinstance(game, Game) else None, translated=found)
    numbers = {key: value.value for metric in (paired, frechet) for key, value in metric.measure(case).items()}
    if given.sees is not given.features:
        seen = Case(found.truth, found.made, given.sees, translated=first_of(found, HELD))
        numbers["perceptual"] = paired.measure(seen)["perceptual"].value
    if game is not None:
        with suppress(Unsuitable):  # it knows one way alone
            numbers |= {key: value.value for key, value in cycle.measure(case).items()}
    return Outcome(numbers, bytes_of(whole, SHOWN))


def cut(found: Translations, part: Callable[[Tensor], Tensor]) -> Translations:
    assert found.truth is not None
    made, truth = (Memory(part(bytes_of(data)), name=data.name) for data in (found.made, found.truth))
    return Translations(found.given, made, truth)


def first_of(found: Translations, n: int) -> Translations:
    """Some of them: the perceptual distance's network is slow."""
    assert found.truth is not None
    given, made, truth = (Memory(bytes_of(part, n), name=part.name) for part in (found.given, found.made, found.truth))
    return Translations(given, made, truth)


def baselines(name: str) -> dict[str, list[Outcome]]:
    """What a translator is compared with, by name."""
    return {COPY: [copied(name)], MEAN: [average(name)], NEIGHBOUR: [nearest(name)], STRANGERS: [strangers(name)]}


def copied(name: str) -> Outcome:
    """What is given, as it is."""
    given = task(name)
    shape = given.test.second.facts.shape
    x = bytes_of(given.test.first)
    x = colour(x) if shape[0] == 3 else x
    return as_made(given, x, "copy")


def average(name: str) -> Outcome:
    """The same for all: the mean of what belongs to training rows. Who is not nearer than that has not looked."""
    given = task(name)
    mean = bytes_of(given.train.second, NEIGHBOURS).double().mean(0).round().to(torch.uint8)
    return as_made(given, mean.expand(len(given.test), -1, -1, -1), "mean")


def nearest(name: str) -> Outcome:
    """The truth of the training row whose input is nearest, by the pixels."""
    given = task(name)
    x, y = (bytes_of(part, n).flatten(1).float() for part, n in ((given.test.first, None), (given.train.first, NEIGHBOURS)))
    near = torch.cat([torch.cdist(rows, y).argmin(1) for rows in torch.split(x, 100)])
    return as_made(given, bytes_of(given.train.second, NEIGHBOURS)[near], "nearest")


def strangers(name: str) -> Outcome:
    """Real things of the second domain, which have nothing to do with what is given: no other Fréchet distance of so few is
    as good as one of them that looks right."""
    given = task(name)
    return as_made(given, bytes_of(some(given.train.second, len(given.test))), "strangers")


def as_made(given: Task, x: Tensor, name: str) -> Outcome:
    return judged(given, Translations(given.test.first, Memory(x, name=name), given.test.second))


def compared(name: str, lines: Mapping[str, Tensor | None]) -> Figure:
    """A line each: what is given, what each system makes of it, the truth."""
    given = task(name)
    first, truth = (colour(bytes_of(part, SHOWN)) for part in (given.test.first, given.test.second))
    if first.shape != truth.shape:
        first = first.repeat_interleave(truth.shape[2] // first.shape[2], 2).repeat_interleave(
            truth.shape[3] // first.shape[3], 3
        )
    shown = {"given": first, **lines, "truth": truth}
    made = figure(11, 1.15 * len(shown))
    for axes, (title, pictures) in zip(made.subplots(len(shown), 1), shown.items(), strict=True):
        tiles(axes, pictures, title, columns=SHOWN)
    return made
