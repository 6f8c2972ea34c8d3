"""Wasserstein distances that can be worked out: on the line exactly, in more dimensions sliced.

Rabin et al., 2011, Wasserstein Barycenter and its Application to Texture Mixing. Generators are judged by it since Karras et
al., 2018, Progressive Growing of GANs, https://arxiv.org/abs/1710.10196

    W_p(a, b)^p = integral over q in [0, 1] of |F_a^-1(q) - F_b^-1(q)|^p             on the line
    SW_p(a, b)^p = mean over directions u of W_p(a.u, b.u)^p                         sliced

In [0, inf), in the units of what is compared; lower is better.

Fails: a random direction of many dimensions sees little, so sliced distances tell apart less than their numbers suggest; with N
samples they are above 0 for equal laws, by about 1 / sqrt(N): see the floor.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rivals.metrics.core import Case, Value, rows_of

DIRECTIONS = 512


def on_the_line(a: Tensor, b: Tensor, p: int = 1) -> Tensor:
    """W_p^p of samples on the line, exactly, for each column: (N, K), (M, K) -> (K,).

    >>> on_the_line(torch.tensor([[0.0], [1.0]]), torch.tensor([[5.0], [6.0], [5.0], [6.0]]))
    tensor([5.])
    """
    a, b, n, m = a.sort(0).values, b.sort(0).values, len(a), len(b)
    if n == m:
        return (a - b).abs().pow(p).mean(0)
    # between two cuts both quantile functions are constant; cuts in units of 1 / (n m), so that none is rounded
    cuts = torch.unique(torch.cat([torch.arange(n + 1) * m, torch.arange(m + 1) * n])).to(a.device)
    start, width = cuts[:-1], cuts.diff().to(a)
    costs: Tensor = (a[start // m] - b[start // n]).abs().pow(p) * width[:, None]
    return costs.sum(0) / (n * m)


def sliced(a: Tensor, b: Tensor, *, p: int = 2, directions: int = DIRECTIONS) -> float:
    """SW_p of samples (N, D), (M, D) over fixed random directions."""
    u = torch.randn(a.shape[1], directions, generator=torch.Generator().manual_seed(2011), dtype=torch.float64).to(a)
    u = u / u.norm(dim=0)
    found = [on_the_line(a @ part, b @ part, p) for part in torch.split(u, 64, dim=1)]  # 64 at a time bound the memory
    return float(torch.cat(found).cpu().double().mean() ** (1 / p))


def measure(case: Case) -> dict[str, Value]:
    if case.real.facts.shape == (1,):
        value = float(on_the_line(rows_of(case.real).double(), rows_of(case.fake).double()))
        return {"wasserstein": Value(value, "lower", "W_1 on the line, exact, of the values themselves")}
    value = sliced(case.describe(case.real).to(case.device), case.describe(case.fake).to(case.device))
    return {"sliced wasserstein": Value(value, "lower", f"SW_2, {DIRECTIONS} directions")}
