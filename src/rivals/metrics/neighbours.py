"""Distances between many rows, a block at a time: no loop over rows and no table of all pairs."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

PAIRS = 20_000_000  # distances held at once: 80 MB


def squared_distances(x: Tensor, y: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """|x_i - y_j|^2, some rows i at a time: x (N, D), y (M, D) -> pairs of those rows and (rows, M).

    By the product of matrices, of rows moved to have their mean at 0: what is subtracted then is small beside what is left.
    """
    centre = y.mean(0)
    x, y = x - centre, y - centre
    lengths = y.square().sum(1)
    step = max(1, PAIRS // len(y))
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        block = torch.addmm(lengths, x[rows], y.T, alpha=-2).add_(x[rows].square().sum(1, keepdim=True))
        yield rows, block.clamp_(min=0)


def nearest(x: Tensor, y: Tensor, k: int = 1, *, itself: bool = True) -> tuple[Tensor, Tensor]:
    """The k rows of y nearest to each row of x: distances (N, k), ascending, and their numbers (N, k).

    With `itself` False x and y are the same rows, and none is its own neighbour.
    """
    found = []
    for rows, block in squared_distances(x, y):
        if not itself:
            block[torch.arange(len(block)), torch.arange(rows.start, rows.start + len(block))] = torch.inf
        found.append(block.topk(k, largest=False))
    return torch.cat([f.values for f in found]).sqrt(), torch.cat([f.indices for f in found])
