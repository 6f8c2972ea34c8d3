"""Speed and memory of the metrics: python -m benchmarks.metrics

Each task runs in a process of its own, so that its peak of memory is its own; times of two ways of doing one thing alternate
in one process.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table

from rivals.machine import peak_memory

FILES = 5_000  # of pictures


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def features(n: int, d: int, seed: int) -> torch.Tensor:
    """Rows of a law whose covariance has a spectrum that falls, as that of networks' features does."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator) * torch.linspace(1, 0.01, d) + 0.1 * seed


def frechet() -> str:
    """Fréchet distance of two sets of 2,048 features, 10,000 rows each, beside scipy.linalg.sqrtm"""
    from scipy.linalg import sqrtm

    from rivals.metrics.frechet import distance
    from rivals.metrics.frechet import statistics as fitted

    a, b = fitted(features(10_000, 2048, 0)), fitted(features(10_000, 2048, 1))

    def reference() -> float:
        cross = sqrtm((a.covariance @ b.covariance).numpy()).real.trace()
        return float((a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace()) - 2 * float(cross)

    error = abs(distance(a, b) / reference() - 1)
    times = [(seconds(lambda: distance(a, b)), seconds(reference)) for _ in range(3)]
    ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    ratios = sorted(t / o for o, t in times)
    return f"{ours:.2f} s, SciPy {theirs:.1f} s: {theirs / ours:.1f} x ({ratios[0]:.1f} to {ratios[-1]:.1f}); error {error:.1e}"


def streamed() -> str:
    """Statistics of 2,048 features, streamed: 10,000 rows, then 100,000"""
    from rivals.metrics.moments import Moments

    found = Moments()
    peaks = []
    for step in range(100):
        found.add(features(1000, 2048, step))
        if step in (9, 99):
            peaks.append(peak_memory())
    return f"{peaks[0]:.0f} MB after 10,000 rows, {peaks[1]:.0f} MB after 100,000"


def prdc() -> str:
    """Precision, recall, density, coverage of 10,000 x 10,000 x 1,280"""
    from rivals.metrics.prdc import prdc

    a, b = features(10_000, 1280, 0), features(10_000, 1280, 1)
    return f"{seconds(lambda: prdc(a, b)):.1f} s"


def two_sample() -> str:
    """1-NN accuracy of 5,000 and 5,000 rows of 1,280 features"""
    from rivals.metrics.two_sample import accuracy, neighbour_is_real

    a, b = features(5_000, 1280, 0), features(5_000, 1280, 1)
    return f"{seconds(lambda: accuracy(neighbour_is_real(a, b))):.1f} s"


def kernel() -> str:
    """Kernel distance (KID) of 10,000 x 10,000 x 2,048, all pairs and 30 subsets"""
    from rivals.metrics import kid

    a, b = features(10_000, 2048, 0).double(), features(10_000, 2048, 1).double()
    return f"{seconds(lambda: kid.distance(a, b)):.1f} s and {seconds(lambda: kid.over_subsets(a, b)):.1f} s"


def parzen() -> str:
    """Parzen windows, 10,000 samples x 10,000 rows x 784 values, sigma of 10 by 1,000 others"""
    from rivals.metrics.parzen import SIGMAS, best_sigma, log_likelihoods

    centres, test, validation = (torch.rand(n, 784, generator=torch.Generator().manual_seed(n)) for n in (10_000, 9_999, 1_000))

    def work() -> None:
        log_likelihoods(test, centres, best_sigma(validation, centres, SIGMAS)[None])

    return f"{seconds(work):.1f} s"


def extraction() -> str:
    """Random features of 5,000 PNG files of 3x32x32, decoded meanwhile, beside decoding alone"""
    import tempfile
    from pathlib import Path

    from rivals.data import load
    from rivals.data.part import in_order
    from rivals.data.pictures import image
    from rivals.metrics.choice import choose
    from rivals.metrics.core import Case

    cpu = torch.device("cpu")
    with tempfile.TemporaryDirectory() as folder:
        noise = torch.Generator().manual_seed(0)
        for number in range(FILES):
            image(torch.randint(0, 256, (3, 32, 32), dtype=torch.uint8, generator=noise)).save(Path(folder) / f"{number}.png")
        data = load(folder, stream=True)
        case = Case(data, data, choose("random", data, device=cpu))
        decoding = seconds(lambda: [None for _ in in_order(data, cpu)])
        both = seconds(lambda: case.statistics(data))
        memory = data.rows(torch.arange(2560), cpu).x
        alone = seconds(lambda: [case.features(part) for part in memory.split(256)]) * FILES / 2560
    return f"{both:.1f} s; decoding alone {decoding:.1f} s, features alone {alone:.1f} s"


TASKS = {task.__name__: task for task in (frechet, streamed, extraction, prdc, two_sample, kernel, parzen)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", default=list(TASKS))
    parser.add_argument("--here", action="store_true", help="one task, in this process")
    args = parser.parse_args()
    if args.here:
        (name,) = args.tasks
        print(f"{TASKS[name]()}|{peak_memory():.0f} MB")
        return
    title = f"metrics, {torch.get_num_threads()} threads, torch {torch.__version__}"
    table = Table("what", "measured", "peak of memory", title=title)
    for name in args.tasks:
        command = [sys.executable, "-m", "benchmarks.metrics", name, "--here"]
        found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        table.add_row((TASKS[name].__doc__ or "").strip(), *found.split("|"))
        print(name, found, flush=True)  # what was measured is not lost with what comes after
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
