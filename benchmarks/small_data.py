"""Does augmentation help where data is small? python -m benchmarks.small_data DATA [--counts 500 2000] [--rounds R] [--marks M]

`auto` on the first so many pictures of a fixed order of DATA (a name or a path): without augmentation, with it on every picture
(`diff`), and as the discriminator's overfitting asks for it (`adaptive`). Equal rounds, judged at each mark by pictures that
were left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from rivals.data import Batches, Dataset, load
from rivals.data.part import apart, some
from rivals.data.pictures import grid
from rivals.metrics import frechet, memorisation, realness
from rivals.metrics.choice import choose
from rivals.metrics.core import Case
from rivals.recipes.auto import for_pictures
from rivals.recipes.duel import duel
from rivals.sampling import generated
from rivals.trainer import Trainer

Augmented = Literal["none", "diff", "adaptive"]
KINDS: tuple[Augmented, ...] = ("none", "diff", "adaptive")
JUDGED = 5_000  # samples, and pictures left out
SHOWN = 16  # samples of each training in the picture
CPU = torch.device("cpu")


COLUMNS = ("fd", "copies (pixels)", "copies (features)", "D AUC train/test", "p")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--counts", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--marks", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("small-data.png"))
    args = parser.parse_args()
    data, console, shown = load(args.data), Console(width=110), []
    table = Table("pictures", "augment", "rounds", *COLUMNS, title=f"auto, seed {args.seed}")
    for count in args.counts:
        few, others = apart(data, count)
        for kind in args.kinds:
            for trainer in trained(few, kind, args.rounds, args.marks, args.seed):
                numbers, samples = judged(trainer, few, others)
                row = (f"{count:,}", kind, f"{trainer.round:,}", *(f"{numbers[name]:.3g}" for name in COLUMNS))
                console.print(*row)
                table.add_row(*row)
            shown.append(samples)
            grid(torch.cat(shown), columns=SHOWN).save(args.out)
    console.print(table)


def trained(few: Dataset, kind: Augmented, rounds: int, marks: int, seed: int) -> Iterator[Trainer]:
    """The trainer at each mark."""
    torch.manual_seed(seed)
    chosen, _ = for_pictures(few.facts)
    setup = duel(few.facts, replace(chosen, augment=kind))
    batches = Batches(few, setup.batch, seed=seed, device=CPU)
    trainer = Trainer(setup.game, batches, seed=seed, precision="bf16", average=setup.average)
    for round in range(rounds):
        trainer.play(round / rounds)
        if (round + 1) * marks // rounds > round * marks // rounds:
            yield trainer


def judged(trainer: Trainer, few: Dataset, others: Dataset) -> tuple[dict[str, float], Tensor]:
    """Numbers by name, and some samples as bytes."""
    game = trainer.shown()
    fake = generated(game, JUDGED, 0, bounded=True)
    judge = choose("random", others, device=CPU)
    case = Case(some(others, JUDGED), fake, judge, train=few, game=game)
    found = {**frechet.measure(case), **memorisation.measure(case), **realness.measure(case)}
    numbers = {name: value.value for name, value in found.items()}
    return {**numbers, "p": float("nan"), **dict(probability(trainer))}, fake.x[:SHOWN]


def probability(trainer: Trainer) -> Iterator[tuple[str, float]]:
    """Of an adaptive augmentation, at the end."""
    for name, value in trainer.game.named_buffers():
        if name == "views.0.p":
            yield "p", float(value)


if __name__ == "__main__":
    main()
