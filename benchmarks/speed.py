"""Speed and memory: python -m benchmarks.speed [trainer dcgan data folder memory trials]

Each ratio is of two things measured in one process, alternating, as medians over the alternations; machines are noisy.
"""

from __future__ import annotations

import argparse
import copy
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.bare import bare_loop
from rivals.data import Batches, Memory, load
from rivals.recipes import RECIPES
from rivals.studies import gaussian, mixtures
from rivals.trainer import Precision, Trainer

CPU = torch.device("cpu")


def alternating(plays: dict[str, Callable[[int], None]], rounds: int, times: int) -> dict[str, list[float]]:
    """Seconds a round of each, measured in turn `times` times after one warm-up."""
    for play in plays.values():
        play(max(2, rounds // 10))
    seconds: dict[str, list[float]] = {name: [] for name in plays}
    for _ in range(times):
        for name, play in plays.items():
            started = time.perf_counter()
            play(rounds)
            seconds[name].append((time.perf_counter() - started) / rounds)
    return seconds


def ratio(seconds: dict[str, list[float]], name: str, base: str) -> str:
    """How many times the speed of `base`: the median over alternations, and their range."""
    ratios = [b / a for a, b in zip(seconds[name], seconds[base], strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def random_images(n: int, *shape: int) -> Memory:
    generator = torch.Generator().manual_seed(0)
    return Memory(torch.randint(0, 256, (n, *shape), dtype=torch.uint8, generator=generator), name="noise")


def player(network: str, data: Memory, batch: int, precision: Precision = "float32") -> tuple[Trainer, Callable[[int], None]]:
    torch.manual_seed(0)
    setup = RECIPES["gan"](data.facts, network=network, batch=batch)
    trainer = Trainer(setup.game, Batches(data, batch, seed=0, device=CPU), precision=precision)

    def play(rounds: int) -> None:
        for _ in range(rounds):
            trainer.play()

    return trainer, play


def compared(
    network: str, data: Memory, batch: int, precisions: list[Precision], *, fused: bool
) -> dict[str, Callable[[int], None]]:
    plays = {}
    for precision in precisions:
        trainer, plays[f"rivals {precision}"] = player(network, data, batch, precision)
    game = copy.deepcopy(trainer.game)
    plain = [net.to(memory_format=torch.contiguous_format) for net in (game.generator, game.discriminator)]
    rows = data.x
    return {"bare loop float32": bare_loop(*plain, rows, latent=100, batch=batch, fused=fused), **plays}


def table_of(title: str, plays: dict[str, Callable[[int], None]], batch: int, rounds: int, times: int) -> Table:
    seconds = alternating(plays, rounds, times)
    table = Table("", "ms a round", "images/s", "times the bare loop", title=title, title_justify="left")
    for name, values in seconds.items():
        middle = statistics.median(values)
        table.add_row(name, f"{1000 * middle:.2f}", f"{batch / middle:,.0f}", ratio(seconds, name, "bare loop float32"))
    return table


def trainer() -> list[Table]:
    """What the trainer costs where a round is cheapest."""
    data = random_images(60_000, 1, 28, 28)
    plays = compared("simple", data, 64, ["float32"], fused=True)
    return [table_of("two-layer MLP game, 1x28x28, batch 64, same fused Adam", plays, 64, 300, 15)]


def dcgan() -> list[Table]:
    data = random_images(2_000, 3, 64, 64)
    plays = compared("dcgan", data, 64, ["float32", "bf16"], fused=False)
    return [table_of("dcgan 3x64x64, width 64, batch 64", plays, 64, 3, 7)]


def rate(batches: Batches, size: int, calls: int, times: int = 7) -> str:
    rates = []
    for start in range(times):
        started = time.perf_counter()
        for k in range(calls):
            batches(start * calls + k)
        rates.append(calls * size / (time.perf_counter() - started))
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"


def data() -> list[Table]:
    table = Table("", "images/s", title="data path from memory, 60,000 x 1x28x28, normalised to [-1, 1]", title_justify="left")
    memory = random_images(60_000, 1, 28, 28)
    for size in (64, 256):
        table.add_row(f"batch {size}", rate(Batches(memory, size, seed=0), size, 2_000))
    return [table]


def folder() -> list[Table]:
    """10,000 PNG files: into memory, and streamed, beside what `intermediate` takes."""
    table = Table("", "images/s", title="a folder of 10,000 PNG files, 3x32x32", title_justify="left")
    with tempfile.TemporaryDirectory() as folder:
        noise = np.random.default_rng(0).integers(0, 256, (10_000, 8, 8, 3), dtype=np.uint8)
        for k, small in enumerate(noise):
            Image.fromarray(small).resize((32, 32), Image.Resampling.BICUBIC).save(f"{folder}/{k:05d}.png")
        started = time.perf_counter()
        loaded = load(folder)
        table.add_row("read into memory once", f"{10_000 / (time.perf_counter() - started):,.0f}")
        table.add_row("from memory, batch 64", rate(Batches(loaded, 64, seed=0), 64, 300))
        streamed = load(folder, stream=True)
        with Batches(streamed, 64, seed=0) as batches:
            table.add_row("streamed, batch 64", rate(batches, 64, 50))
        _, play = player("intermediate", loaded, 64, "bf16")
        play(5)
        started = time.perf_counter()
        play(40)
        needed = 2 * 64 * 40 / (time.perf_counter() - started)  # a batch for each of two turns
        table.add_row("asked for by `intermediate` in bf16", f"{needed:,.0f}")
    return [table]


RESIDENT = """
import sys, torch
from rivals.data import Batches, load
from rivals.recipes import RECIPES
from rivals.trainer import Trainer
def now(): return int(open('/proc/self/statm').read().split()[1]) * 4096 / 2**20
source, stream, rounds = sys.argv[1], sys.argv[2] == 'stream', int(sys.argv[3])
data = load(source, stream=True) if stream else load(source)
setup = RECIPES['gan'](data.facts, network='intermediate')
batches = Batches(data, setup.batch, seed=0)
trainer = Trainer(setup.game, batches, precision='bf16', average=0.999)
sizes = []
for k in range(rounds):
    trainer.play()
    if (k + 1) % (rounds // 4) == 0: sizes.append(now())
batches.close()
from rivals.machine import peak_memory
print(' '.join(f'{size:.0f}' for size in sizes), f'{peak_memory():.0f}')
"""


def whole_training(source: str, folder: str) -> list[str]:
    """The peaks that `rivals train` logs, with its looks, scores and saving."""
    script = f"""
from rivals.recipes import RECIPES
from rivals.training import Training, train
recipe = RECIPES["gan"].but(network="intermediate", average=0.999)
run = train(recipe, Training(data={source!r}, into={folder!r}, rounds=400, looks=4, precision="bf16"))
print(*(round(event["memory"]) for event in run.log() if event["kind"] == "terms" and event["round"] % 100 == 0))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    peaks = done.stdout.split()
    return [*peaks, peaks[-1]]


def resident(source: str, how: str, rounds: int) -> list[str]:
    command = [sys.executable, "-c", RESIDENT, source, how, str(rounds)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def memory() -> list[Table]:
    columns = ("", "MB after 1/4", "1/2", "3/4", "all rounds", "peak")
    table = Table(*columns, title="resident memory while `intermediate` trains, bf16", title_justify="left")
    with tempfile.TemporaryDirectory() as folder:
        images = np.random.default_rng(0).integers(0, 256, (60_000, 28, 28), dtype=np.uint8)
        np.savez(f"{folder}/sixty.npz", images=images)
        table.add_row("60,000 x 1x28x28 in memory, 400 rounds", *resident(f"{folder}/sixty.npz", "memory", 400))
        table.add_row("the same by `rivals train`, peak so far", *whole_training(f"{folder}/sixty.npz", f"{folder}/run"))
        for n in (2_000, 20_000):
            (Path(folder) / str(n)).mkdir()
            for k in range(n):
                Image.fromarray(images[k]).save(f"{folder}/{n}/{k:05d}.png")
            table.add_row(f"{n:,} PNG files streamed, 400 rounds", *resident(f"{folder}/{n}", "stream", 400))
    return [table]


def trials() -> list[Table]:
    """The trials of a study at once, as one batched network on one thread, against one after another."""
    table = Table("", "one at a time", "at once", "times as fast", title="rounds of all trials, ms, one thread")
    ring = mixtures.SYSTEMS["GAN"]

    def of_ring(n: int) -> Trainer:
        return Trainer(mixtures.game_of(n, ring), Batches(load("ring"), ring.batch * n, seed=0, device=CPU))

    def rounds_of(trainer: Trainer, times: int) -> Callable[[int], None]:
        def play(rounds: int) -> None:
            for _ in range(times * rounds):
                trainer.play()

        return play

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for name, n, trainer_of in (
        ("gaussian, 20 seeds", 20, partial(gaussian.trainer_of, gaussian.SYSTEMS[-1])),
        ("ring's GAN, 5 trials", 5, of_ring),
    ):
        plays = {"one": rounds_of(trainer_of(1), n), "all": rounds_of(trainer_of(n), 1)}
        seconds = alternating(plays, 50, 9)
        one, every = (f"{1000 * statistics.median(seconds[which]):.1f}" for which in plays)
        table.add_row(name, one, every, ratio(seconds, "all", "one"))
    torch.set_num_threads(threads)
    return [table]


PARTS = {"trainer": trainer, "dcgan": dcgan, "data": data, "folder": folder, "memory": memory, "trials": trials}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all by default")
    console = Console(width=110)
    console.print(f"torch {torch.__version__}, Python {platform.python_version()}, {torch.get_num_threads()} threads, {cpu()}")
    for part in parser.parse_args().parts or PARTS:
        for table in PARTS[part]():
            console.print(table)


def cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
