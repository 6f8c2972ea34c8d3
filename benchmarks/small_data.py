"""Does augmentation help where data is small? python -m benchmarks.small_data DATA [--counts N ...] [--rounds R]

`auto` on the first so many pictures of a fixed order of DATA (a name or a path): without augmentation, with it on every picture
(`diff`), and as the discriminator's overfitting asks for it (`adaptive`). Equal rounds, judged at each mark by pictures that
were left out. The networks are of half of `auto`'s width, or of --width.
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
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--policy", help="of the augmentation, as --augment-policy")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--marks", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("small-data.png"))
    args = parser.parse_args()
    data, console, shown = load(args.data), Console(width=110), []
    table = Table("pictures", "augment", "rounds", *COLUMNS, title=f"auto, width {args.width}, seed {args.seed}")
    for count in args.counts:
        few, others = apart(data, count)
        for kind in args.kinds:
            for trainer in trained(few, kind, args):
                numbers, samples = judged(trainer, few, others)
                row = (f"{count:,}", kind, f"{trainer.round:,}", *(f"{numbers[name]:.3g}" for name in COLUMNS))
                console.print(*row)
                table.add_row(*row)
            shown.append(samples)
            grid(torch.cat(shown), columns=SHOWN).save(args.out)
    console.print(table)


def trained(few: Dataset, kind: Augmented, args: argparse.Namespace) -> Iterator[Trainer]:
    """The trainer at each mark."""
    torch.manual_seed(args.seed)
    chosen, _ = for_pictures(few.facts)
    batch = max(2, min(64, len(few) // 4))  # as `auto` has it
    policy = None if kind == "none" else args.policy
    setup = duel(few.facts, replace(chosen, batch=batch, width=args.width, augment=kind, augment_policy=policy))
    batches = Batches(few, setup.batch, seed=args.seed, device=CPU)
    trainer = Trainer(setup.game, batches, seed=args.seed, precision="bf16", average=setup.average)
    for round in range(args.rounds):
        trainer.play(round / args.rounds)
        if (round + 1) * args.marks // args.rounds > round * args.marks // args.rounds:
            yield trainer


def judged(trainer: Trainer, few: Dataset, others: Dataset) -> tuple[dict[str, float], Tensor]:
    """Numbers by name, and some samples as bytes."""
    game = trainer.shown()
    fake = generated(game, JUDGED, 0, bounded=True)
    judge = choose("random", others, device=CPU)
    case = Case(some(others, JUDGED), fake, judge, train=few, game=game)
    found = {**frechet.measure(case), **memorisation.measure(case), **realness.measure(case)}
    numbers = {name: value.value for name, value in found.items()}
    return {**numbers, "p": float(trainer.game.gauges().get("augmented", float("nan")))}, fake.x[:SHOWN]


if __name__ == "__main__":
    main()
