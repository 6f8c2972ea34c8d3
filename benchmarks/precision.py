"""Is bf16 worse? Equal rounds in both precisions, the judge's score: python -m benchmarks.precision [--rounds R] [--seeds N]"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from benchmarks.judge import Judge
from benchmarks.quality import judged_run, systems
from rivals.training import Training, train

PRECISIONS: tuple[Literal["float32", "bf16"], ...] = ("float32", "bf16")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("systems", nargs="*", default=["auto", "dcgan intermediate"])
    parser.add_argument("--rounds", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    judge = Judge.trained()
    title = f"judge's score after {args.rounds} rounds, seeds 0 to {args.seeds - 1}"
    table = Table("system", "precision", "mean", "spread", "each seed", "seconds a run", title=title)
    for name in args.systems:
        for precision in PRECISIONS:
            scores, seconds = [], []
            for seed in range(args.seeds):
                with tempfile.TemporaryDirectory() as folder:
                    training = Training(
                        data="fashion-mnist",
                        into=Path(folder) / "run",
                        rounds=args.rounds,
                        looks=1,
                        seed=seed,
                        precision=precision,
                    )
                    run = train(systems()[name], training)
                    scores += judged_run(run, judge)
                    seconds.append(run.log()[-1]["seconds"])
            spread = statistics.stdev(scores) if len(scores) > 1 else float("nan")
            each = ", ".join(f"{score:.2f}" for score in scores)
            row = (f"{statistics.mean(scores):.2f}", f"{spread:.2f}", each, f"{statistics.median(seconds):.0f}")
            table.add_row(name, precision, *row)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
