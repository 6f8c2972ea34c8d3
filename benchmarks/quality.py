"""Quality against minutes of every recipe on Fashion-MNIST: python -m benchmarks.quality [recipe ...] [--minutes M] [--seeds N]

The score is the judge's (`benchmarks.judge`), 10,000 samples against the 10,000 test pictures, of the checkpoint at each mark.
It is taken after the training; the minutes are those that `rivals train` counts, its own looks and saving included.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.judge import COUNT, Judge, judged
from rivals.data import bytes_from_pictures
from rivals.game import Samples
from rivals.loading import load
from rivals.recipes import RECIPES, Recipe
from rivals.run import Run
from rivals.sampling import drawn
from rivals.training import Training, train

MARKS = 5  # scores in a training


@dataclass(frozen=True)
class Row:
    name: str
    seed: int
    scores: list[float]  # at each mark
    rounds: int
    minutes: float


def systems() -> dict[str, Recipe]:
    """Every recipe; those of large networks on the `intermediate` ones too, which suit 28 x 28 and two cores."""
    large = [name for name, recipe in RECIPES.items() if getattr(recipe.options, "network", None) == "dcgan"]
    return {**RECIPES, **{f"{name} intermediate": RECIPES[name].but(network="intermediate") for name in large}}


def measured(name: str, recipe: Recipe, judge: Judge, minutes: float, seed: int, folder: Path) -> Row:
    """Train once; judge the checkpoints that the marks left."""
    into = folder / f"{name.replace(' ', '-')}-{seed}"
    training = Training(data="fashion-mnist", into=into, minutes=minutes, seed=seed, looks=MARKS, keep=1000)
    started = time.perf_counter()
    run = train(recipe, training)
    minutes = (time.perf_counter() - started) / 60
    shutil.copy(sorted((run.path / "pictures").glob("0*.png"))[-1], folder / f"{into.name}.png")
    return Row(name, seed, judged_run(run, judge), int(run.numbered()[-1].stem), minutes)


def judged_run(run: Run, judge: Judge) -> list[float]:
    """The score at each look, but for that before the first round. (Other checkpoints are saved by the minute.)"""
    scores = []
    for event in run.scores()[1:]:
        game = load(run.file(event["round"]))
        assert isinstance(game, Samples)
        scores.append(judged(judge, bytes_from_pictures(drawn(game, COUNT, 1234))))
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("systems", nargs="*", default=list(systems()))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/quality"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    judge = Judge.trained()
    rows = []
    for name in args.systems:
        for seed in range(args.seeds):
            rows.append(measured(name, systems()[name], judge, args.minutes, seed, args.out))
            (args.out / "results.json").write_text(json.dumps([row.__dict__ for row in rows], indent=1))
            show(rows, args.minutes)


def show(rows: list[Row], minutes: float) -> None:
    marks = [f"{minutes * (k + 1) / MARKS:g} min" for k in range(MARKS)]
    table = Table("recipe", "seed", *marks, "rounds", title="Fréchet distance by the judge, lower is better")
    for row in rows:
        table.add_row(row.name, str(row.seed), *(f"{score:.2f}" for score in row.scores), f"{row.rounds:,}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
