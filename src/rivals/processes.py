"""Several processes that play one game: started by torchrun, they average gradients and agree on everything else.

Parameters are broadcast at the start, then each player's gradients are averaged with one flat all-reduce after `backward`.
No wrapper is put around a network. With one process each function here does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn

from rivals import chance


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def world() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def start(device: torch.device) -> None:
    """Join the processes that torchrun started, if it did."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")


def stop() -> None:
    """Leave the others: from here on this process is alone."""
    if dist.is_initialized():
        dist.destroy_process_group()
    chance.share(0, 1)


def local_rank() -> int:
    """On this machine: which of its GPUs is ours."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def rank_of_launch() -> int:
    """As torchrun set it, also before `start` and after `stop`."""
    return int(os.environ.get("RANK", "0"))


@torch.no_grad()
def same(net: nn.Module) -> None:
    """Everyone takes the first process's parameters and buffers."""
    if world() > 1:
        for tensor in [*net.parameters(), *net.buffers()]:
            shared = tensor.contiguous()
            dist.broadcast(shared, 0)
            tensor.copy_(shared)


@torch.no_grad()
def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """The mean of all processes' gradients, in place, by one all-reduce."""
    if world() == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.reshape(-1) for g in gradients])
    dist.all_reduce(flat)
    flat /= world()
    means = torch.split(flat, [g.numel() for g in gradients])
    for gradient, averaged in zip(gradients, means, strict=True):
        gradient.copy_(averaged.view_as(gradient))


def gathered(rows: Tensor) -> Tensor:
    """The rows of all processes, in the order of the global batch; constants, no gradient passes."""
    if world() == 1:
        return rows.detach()
    parts = [torch.empty_like(rows, memory_format=torch.contiguous_format) for _ in range(world())]
    dist.all_gather(parts, rows.detach().contiguous())
    return torch.cat(parts)


def mean(numbers: Tensor) -> Tensor:
    """The mean over all processes of each number; constants, no gradient passes."""
    if world() == 1:
        return numbers.detach()
    shared = numbers.detach().clone()
    dist.all_reduce(shared)
    return shared / world()


def agree(*numbers: float) -> list[float]:
    """The largest of each number over all processes: a clock, or a wish to stop (0 or 1)."""
    if world() == 1:
        return list(numbers)
    shared = torch.tensor(numbers, dtype=torch.float64)
    if dist.get_backend() == "nccl":
        shared = shared.cuda()
    dist.all_reduce(shared, dist.ReduceOp.MAX)
    return [float(x) for x in shared]
