"""A generator that is a mixture of generators: each row is drawn by one of them, at random.

Arora, Ge, Liang, Ma and Zhang, 2017, Generalization and Equilibrium in Generative Adversarial Nets (MIX+GAN), section 4,
https://arxiv.org/abs/1703.00573: with enough of them there is an equilibrium. Departure: all have the same weight; the paper
learns the weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rivals import chance
from rivals.errors import UserError


class Ensemble(nn.Module):
    """(B, latent) -> (B, *shape). The generators get equal shares of the rows (to one row) of each process, at random, from
    `chance`; each learns from its own. Two calls with one z draw by different generators.

    Raises `UserError` in training where a generator would get less than two rows, too few for batch norm."""

    def __init__(self, generators: Sequence[nn.Module]):
        super().__init__()
        self.generators = nn.ModuleList(generators)

    def forward(self, z: Tensor) -> Tensor:
        if self.training and len(z) < 2 * len(self.generators):
            raise UserError(f"{len(z)} rows are too few for {len(self.generators)} generators: pass --batch or --generators")
        parts = shares(len(z), len(self.generators))
        drawn = [G(z[rows]) for G, rows in zip(self.generators, parts, strict=True) if len(rows)]
        return torch.cat(drawn)[torch.cat(parts).argsort()]


def shares(n: int, generators: int) -> tuple[Tensor, ...]:
    """The rows of each generator: all n once, in random order, none with more than one above any other."""
    parts = chance.uniform(n).argsort().tensor_split(generators)
    first = int(generators * chance.uniform(1))  # else one of the generators would always draw what is left over
    return parts[first:] + parts[:first]
