"""What the latents are drawn from. A prior is a value: (n, device) -> (n, dimension)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from rivals import chance

Prior = Callable[[int, torch.device], Tensor]
ROWS = 2048  # of attributes, that are remembered to draw from


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


@dataclass(frozen=True, kw_only=True)
class Codes:
    """Latents of which some mean something: (n, device) -> (n, dimension). First the noise, N(0, 1), then each categorical code
    as one-hot, every value equally likely, then the continuous ones, uniform on [-1, 1]."""

    noise: int
    categories: tuple[int, ...] = ()  # how many values each categorical code has
    continuous: int = 0

    @property
    def dimension(self) -> int:
        return self.noise + sum(self.categories) + self.continuous

    def __call__(self, n: int, device: torch.device) -> Tensor:
        noise = chance.normal(n, self.noise, device=device)
        values = [(k * chance.uniform(n, device=device)).long().clamp_(max=k - 1) for k in self.categories]
        categorical = [one_hot(value, k).float() for value, k in zip(values, self.categories, strict=True)]
        return torch.cat([noise, *categorical, 2 * chance.uniform(n, self.continuous, device=device) - 1], 1)

    def parts(self, z: Tensor) -> tuple[Sequence[Tensor], Tensor]:
        """(B, dimension) -> the categorical codes, each (B, K) one-hot, and the continuous ones, (B, continuous)."""
        _, *categorical, continuous = torch.split(z, [self.noise, *self.categories, self.continuous], dim=1)
        return categorical, continuous

    def replaced(self, z: Tensor, code: int, value: int | float | Tensor) -> Tensor:
        """Latents with one code set, to one value or to one for each row: (B, dimension) -> the same. The categorical codes
        count from 0, the continuous ones go on from there."""
        z, categories = z.clone(), len(self.categories)
        start = self.noise + sum(self.categories[:code])
        if code < categories:
            k = self.categories[code]
            z[:, start : start + k] = one_hot(torch.as_tensor(value, device=z.device).long(), k).to(z.dtype)
        else:
            z[:, start + code - categories] = torch.as_tensor(value, dtype=z.dtype, device=z.device)
        return z


class Met(nn.Module):
    """Noise, and beside it the attributes of a thing that was met in training, (n, device) -> (n, noise + attributes): which of
    them go together only the data knows. Before any was met, none of them."""

    met: Tensor  # (ROWS, attributes) of the last ones

    def __init__(self, *, noise: int, attributes: int):
        super().__init__()
        self.noise = noise
        self.register_buffer("met", torch.zeros(ROWS, attributes, dtype=torch.uint8))

    def keep(self, a: Tensor, round: int) -> None:
        """Attributes of a batch, (B, attributes), in the place of the oldest."""
        places = (round * len(a) + torch.arange(len(a), device=a.device)) % ROWS
        self.met[places] = a.to(torch.uint8)

    def __call__(self, n: int, device: torch.device) -> Tensor:
        noise = chance.normal(n, self.noise, device=device)  # first, as where something is asked for: equal seeds, equal noise
        rows = (ROWS * chance.uniform(n, device=device)).long().clamp_(max=ROWS - 1)
        return torch.cat([noise, self.met[rows].float()], 1)

    def knows(self, wanted: Sequence[int]) -> bool:
        """Whether one of the met has all of these."""
        return bool(self.met[:, list(wanted)].bool().all(1).any())

    def having(self, wanted: Sequence[int], n: int) -> Tensor:
        """(n, attributes) of met things that have all of these; where there is none, these and no others."""
        found = self.met[self.met[:, list(wanted)].bool().all(1)].float()
        if not len(found):
            found = self.met.new_zeros(1, self.met.shape[1], dtype=torch.float32)
            found[:, list(wanted)] = 1
        return found[torch.arange(n, device=found.device) % len(found)]


PRIORS: dict[str, Callable[[int], Prior]] = {"normal": Normal, "uniform": Uniform}
