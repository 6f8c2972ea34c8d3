"""What the latents are drawn from. A prior is a value: (n, device) -> (n, dimension)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rivals import chance

Prior = Callable[[int, torch.device], Tensor]


@dataclass(frozen=True)
class Normal:
    """Standard normal in `dimension` dimensions."""

    dimension: int

    def __call__(self, n: int, device: torch.device) -> Tensor:
        return chance.normal(n, self.dimension, device=device)


@dataclass(frozen=True)
class Uniform:
    """Uniform on [-1, 1] in each of `dimension` dimensions, as in the DCGAN paper."""

    dimension: int

    def __call__(self, n: int, device: torch.device) -> Tensor:
        return chance.uniform(n, self.dimension, device=device).mul_(2).sub_(1)


PRIORS: dict[str, Callable[[int], Prior]] = {"normal": Normal, "uniform": Uniform}
