"""Random numbers that depend on (seed, round) alone, however many processes play.

Each round reseeds everything, so no generator state is ever saved: a run that was stopped continues to the last bit. What a
game draws through this module is drawn for the whole batch of all processes, and each process takes its rows of it; hence
N processes play the very game that one process with the same global batch plays. What a network draws by itself (dropout)
comes from torch's own generator, which is seeded differently in each process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

_rank, _world = 0, 1
_key = 0
_generators: dict[torch.device, torch.Generator] = {}


def share(rank: int, world: int) -> None:
    """Say which rows of each draw are this process's."""
    global _rank, _world
    _rank, _world = rank, world


def mix(*numbers: int) -> int:
    """One 63-bit seed from several integers; neighbouring inputs give unrelated seeds (splitmix64's finaliser).

    >>> mix(0, 1) != mix(1, 0)
    True
    """
    h = 0
    for number in numbers:
        h = (h ^ number) + 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
        h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
        h = (h ^ h >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
        h ^= h >> 31
    return h >> 1


def reseed(*numbers: int) -> None:
    """Start every generator afresh from these numbers: (seed, round) in training."""
    global _key
    _key = mix(*numbers)
    for generator in _generators.values():
        generator.manual_seed(_key)
    own = mix(_key, 1 + _rank)  # never the shared seed itself: a mask must not be drawn from the numbers of the latents
    # what torch.manual_seed does, less its queueing of a call for each GPU that was never used, a tenth of a millisecond long
    torch.default_generator.manual_seed(own)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(own)


@contextmanager
def fixed(*numbers: int) -> Iterator[None]:
    """Draw from these numbers in here, whole batches; afterwards go on as if nothing had been drawn.

    >>> with fixed(7):
    ...     a = normal(2, 3)
    >>> with fixed(7):
    ...     b = normal(2, 3)
    >>> bool((a == b).all())
    True
    """
    before = _rank, _world, _key
    states = {device: generator.get_state() for device, generator in _generators.items()}
    with torch.random.fork_rng(list(_used_gpus())):
        share(0, 1)
        reseed(*numbers)
        try:
            yield
        finally:
            share(before[0], before[1])
            _restore(before[2], states)


def _restore(key: int, states: dict[torch.device, Tensor]) -> None:
    global _key
    _key = key
    for device, generator in _generators.items():
        if device in states:
            generator.set_state(states[device])
        else:
            generator.manual_seed(key)


def _used_gpus() -> Iterator[int]:
    for device in _generators:
        if device.type == "cuda":
            yield device.index or 0


def _generator(device: torch.device) -> torch.Generator:
    if device not in _generators:
        _generators[device] = torch.Generator(device).manual_seed(_key)
    return _generators[device]


def _mine(whole: Tensor, n: int) -> Tensor:
    return whole if _world == 1 else whole[_rank * n : (_rank + 1) * n]


def normal(n: int, *shape: int, device: torch.device | str = "cpu") -> Tensor:
    """(n, *shape) standard normal numbers: this process's rows of the draw that all processes share."""
    where = torch.device(device)
    return _mine(torch.randn(n * _world, *shape, generator=_generator(where), device=where), n)


def uniform(n: int, *shape: int, device: torch.device | str = "cpu") -> Tensor:
    """(n, *shape) uniform numbers in [0, 1): this process's rows of the draw that all processes share."""
    where = torch.device(device)
    return _mine(torch.rand(n * _world, *shape, generator=_generator(where), device=where), n)
