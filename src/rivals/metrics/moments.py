"""Mean and covariance of features, worked out as they come."""

from __future__ import annotations

from typing import NamedTuple, Self

import torch
from torch import Tensor


class Statistics(NamedTuple):
    mean: Tensor  # (D,) float64
    covariance: Tensor  # (D, D) float64


class Moments:
    """Mean and covariance of rows that come a few at a time, in float64 and in memory that does not grow.

    >>> x = torch.randn(100, 3, dtype=torch.float64)
    >>> together, apart = Moments().add(x), Moments().add(x[:7]).add(x[7:])
    >>> torch.allclose(together.statistics().covariance, apart.statistics().covariance, rtol=1e-12)
    True
    """

    def __init__(self) -> None:
        self.count = 0
        self.origin = self.total = self.products = torch.zeros(0)

    def add(self, features: Tensor) -> Self:
        """(N, D), any N."""
        x = features.cpu().double()  # not every device has float64
        if self.count == 0:  # sums are taken from the first rows' mean: nothing large is subtracted at the end
            self.origin = x.mean(0)
            self.total, self.products = torch.zeros_like(self.origin), x.new_zeros(x.shape[1], x.shape[1])
        x = x - self.origin
        self.total += x.sum(0)
        self.products.addmm_(x.T, x)
        self.count += len(x)
        return self

    def statistics(self) -> Statistics:
        """Mean and unbiased covariance of all that was added, at least two rows."""
        mean = self.total / self.count
        covariance = (self.products - self.count * torch.outer(mean, mean)) / (self.count - 1)
        return Statistics(self.origin + mean, covariance)
