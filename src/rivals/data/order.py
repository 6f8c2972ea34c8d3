"""The order of the rows in an epoch."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def permutation(n: int, seed: int, epoch: int) -> Tensor:
    """The order of the rows in an epoch: (n,) int64, the same for the same (n, seed, epoch).

    >>> sorted(permutation(5, seed=0, epoch=3).tolist())
    [0, 1, 2, 3, 4]
    """
    # A hash, not seed + epoch: epoch 1 of seed 0 must not be epoch 0 of seed 1.
    mixed = int.from_bytes(hashlib.sha256(f"{seed} {epoch}".encode()).digest()[:7], "big")
    return torch.randperm(n, generator=torch.Generator().manual_seed(mixed))
