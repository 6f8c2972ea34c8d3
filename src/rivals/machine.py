"""Of the machine: which device, which precision is faster on it, how much memory is taken."""

from __future__ import annotations

import copy
import platform
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from rivals import processes
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game
from rivals.trainer import Precision, Trainer


def find_device(name: str) -> torch.device:
    """'auto', 'cpu', 'cuda', 'cuda:1', 'mps' -> a device that is there; UserError if it is not."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if not re.fullmatch(r"cpu|cuda(:\d+)?|mps", name):
        raise UserError(f"unknown device '{name}': use auto, cpu, cuda, cuda:N or mps")
    device = torch.device(name)
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise UserError("--device cuda: torch sees no GPU here; use --device cpu, or install a CUDA build of torch")
        number = processes.local_rank() if device.index is None else device.index
        if number >= torch.cuda.device_count():
            raise UserError(f"--device cuda:{number}: there are {torch.cuda.device_count()} GPUs, numbered from 0")
        device = torch.device("cuda", number)
        torch.cuda.set_device(device)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UserError("--device mps: torch sees no Apple GPU here; use --device cpu")
    return device


def faster_precision(game: Game, batches: Callable[[int], Batch]) -> Precision:
    """bf16 where it is at least a tenth faster here: a few rounds of each on copies of the game, alternating."""
    precisions: tuple[Precision, ...] = ("float32", "bf16")
    trainers = [Trainer(copy.deepcopy(game), batches, precision=precision) for precision in precisions]
    (slow,) = processes.agree(float(max(seconds(trainer) for trainer in trainers) > 1))  # warms up, too
    times = [[seconds(trainer) for trainer in trainers] for _ in range(3 if slow else 9)]
    float32, bf16 = (min(column) for column in zip(*times, strict=True))
    return "bf16" if processes.agree(float(bf16 < 0.9 * float32))[0] else "float32"


def native_precision() -> Precision:
    """What this processor computes in without loss of speed: bf16 where it has instructions for it. Elsewhere torch emulates
    bf16, and a convolution takes ten times as long and more. Nothing is measured, so that every process answers alike."""
    there = torch.cpu.get_capabilities()
    return "bf16" if there.get("avx512_bf16") or there.get("amx_bf16") or there.get("bf16") else "float32"


def seconds(trainer: Trainer) -> float:
    """How long a round takes."""
    started = time.perf_counter()
    trainer.play()
    trainer.window.check()
    if trainer.game.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def peak_memory() -> float:
    """The most memory this process has had resident, in MB. (Linux's own count: `getrusage` starts from the parent's.)"""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def processor() -> str:
    """What the processor is called, as far as the system says."""
    try:
        told = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in told.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()
