"""Many small networks at once: S independent trials of one study, as one batched product a layer.

The rows of all trials lie in one batch, (B * S, ...), and row r belongs to trial r % S: that stays true where batches are put
one after another, so games, criteria and penalties need not know. To them it is one network. A mean over all rows is the mean
of S losses, so each trial's gradient comes out divided by S: `summed` gives a criterion that makes up for it (Adam would hardly
notice, SGD would).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from rivals.criteria import Adversarial
from rivals.penalties import Critic, Penalty

Layer = Callable[[int, int, int], nn.Module]  # (trials, inputs, outputs) -> (S, B, inputs) -> (S, B, outputs)


class Linears(nn.Module):
    """S layers of `nn.Linear`, each with initial weights of its own: (S, B, inputs) -> (S, B, outputs)."""

    def __init__(self, trials: int, inputs: int, outputs: int):
        super().__init__()
        bound = 1 / math.sqrt(inputs)  # as nn.Linear draws both
        self.weight = nn.Parameter(torch.empty(trials, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(trials, 1, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x, self.weight)


class SpectralLinears(Linears):
    """Each weight divided by its largest singular value, by one step of power iteration a call in training. Miyato et al.
    (2018), https://arxiv.org/abs/1802.05957"""

    u: Tensor

    def __init__(self, trials: int, inputs: int, outputs: int):
        super().__init__(trials, inputs, outputs)
        self.register_buffer("u", normalize(torch.randn(trials, inputs, 1), dim=1))

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            v = normalize(self.weight.mT @ self.u, dim=1)
            if self.training:
                self.u.copy_(normalize(self.weight @ v, dim=1))
            u = self.u.clone()
        return torch.baddbmm(self.bias, x, self.weight / (u.mT @ self.weight @ v))


class MinibatchDiscriminations(nn.Module):
    """`networks.minibatch` within each of S trials: (S, B, A) -> (S, B, A + features)."""

    def __init__(self, trials: int, inputs: int, features: int, *, kernel: int = 5):
        super().__init__()
        self.T = nn.Parameter(torch.randn(trials, inputs, features, kernel) / math.sqrt(inputs))

    def forward(self, f: Tensor) -> Tensor:
        M = torch.einsum("sna,sabc->sbnc", f, self.T)
        o = torch.exp(-torch.cdist(M, M, p=1)).sum(3)  # (S, features, B)
        return torch.cat([f, o.mT], 2)


class Trials(nn.Module):
    """(B * S, inputs) -> (B * S, outputs): S networks, each on its own B rows.

    body: of `Linears` and of layers that treat every number by itself."""

    def __init__(self, trials: int, *body: nn.Module):
        super().__init__()
        self.trials = trials
        self.body = nn.Sequential(*body)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x.view(-1, self.trials, x.shape[-1]).transpose(0, 1))
        return y.transpose(0, 1).flatten(0, 1)


def mlp(
    trials: int, sizes: Sequence[int], activation: Callable[[], nn.Module], *last: nn.Module, layer: Layer = Linears
) -> Trials:
    """Layers of these sizes with the activation between them."""
    layers: list[nn.Module] = []
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        layers += [*([activation()] if i else []), layer(trials, inputs, outputs)]
    return Trials(trials, *layers, *last)


def summed(criterion: Adversarial, trials: int) -> Adversarial:
    """The criterion of all trials together, under which each moves as if it were alone."""
    return each([criterion], trials)


def each(criteria: Sequence[Adversarial], trials: int) -> Adversarial:
    """As `summed`, where trial t has criteria[t % n] of n criteria (none or all of them paired). n divides the trials."""
    n = len(criteria)

    def total(losses: Sequence[Callable[..., Tensor]], *logits: Tensor) -> Tensor:
        own = [loss(*(rows[i::n] for rows in logits)) for i, loss in enumerate(losses)]
        return trials // n * torch.stack(own).sum()

    return Adversarial(
        critic=partial(total, [criterion.critic for criterion in criteria]),
        generator=partial(total, [criterion.generator for criterion in criteria]),
        paired=criteria[0].paired,
    )


def summed_penalty(penalty: Penalty, trials: float) -> Penalty:
    """As `summed`, of a penalty."""

    def all_trials(critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return trials * penalty(critic, real, fake)

    return all_trials
