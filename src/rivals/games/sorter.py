"""Sorting things without a label. Ji, Henriques and Vedaldi, 2019, Invariant Information Clustering for Unsupervised Image
Classification and Segmentation, https://arxiv.org/abs/1807.06653

What a network says of a thing x and of a view v of it, moved a little, is to share as much information as it can (eq. 3):

    P = E S(x) S(v(x))^T, made symmetric,        I = sum_ij P_ij log [P_ij / (P_i P_j)],

S(x) the probabilities of the values. It is largest where S is sure of each thing, view or not, and uses all values alike; what
the views change, as slant or thickness, S cannot say.

There are many ways to sort, and where one head ends up chance decides. So several learn side by side on one trunk, as in the
paper. It keeps the one whose I is largest; we the one that knows most of what all of them say: of ways to sort that are equally
clear the one that most heads found. Heads beside them sort into more, `finer` values, and teach the trunk what differs at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rivals import processes
from rivals.game import Terms
from rivals.views import View, Views

LEAST = 1e-12  # of a probability under a logarithm
FORGETS = 0.05  # of what a head shared with all heads before: the share that a batch replaces


class Sorter(nn.Module):
    """(B, *shape) -> (B, K), the logits of the values by the head that most agree with.

    trunk: (B, *shape) -> features (B, ...); each head: features -> (B, K) logits; each finer: features -> (B, K') logits.
    """

    shared: Tensor  # (heads,) nats: the information that what each and what all say share, over the last batches
    chosen: Tensor  # (), the head with most of it

    def __init__(self, trunk: nn.Module, heads: Sequence[nn.Module], finer: Sequence[nn.Module] = (), *, views: Sequence[View]):
        super().__init__()
        self.trunk, self.heads, self.finer, self.views = trunk, nn.ModuleList(heads), nn.ModuleList(finer), Views(views)
        self.register_buffer("shared", torch.zeros(len(heads)))
        self.register_buffer("chosen", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        features = self.trunk(x)
        logits = torch.stack([head(features) for head in self.heads])  # all, so that none need know which outside of the device
        return logits.index_select(0, self.chosen[None])[0].float()

    def loss(self, x: Tensor, progress: float) -> Terms:
        """How little what is said of things and of views of them shares: minus the means of I, in nats."""
        features = self.trunk(torch.cat([x, self.views(x, progress)]))
        said = torch.stack([head(features).float() for head in self.heads])
        self.choose(said[:, : len(x)])
        terms = {"sorted": -torch.stack([agreement(*logits.chunk(2)) for logits in said]).mean()}
        if self.finer:
            terms["finer"] = -torch.stack([agreement(*head(features).float().chunk(2)) for head in self.finer]).mean()
        return terms

    @torch.no_grad()
    def choose(self, said: Tensor) -> None:
        self.shared.lerp_(between(said).mean(1), FORGETS)
        self.chosen.copy_(self.shared.argmax())


def agreement(one: Tensor, other: Tensor) -> Tensor:
    """The mutual information of what two logits (B, K) say of the same things, over the batches of all processes: (), in
    [0, log K] nats. Neither is the first of the two: their joint distribution is made symmetric."""
    joint = jointly(one[None], other[None])[0, 0]
    return mutual((joint + joint.T) / 2)


def between(logits: Tensor) -> Tensor:
    """The mutual information of what each two of the logits (heads, B, K) say of the same things: (heads, heads) nats."""
    return mutual(jointly(logits, logits))


def jointly(one: Tensor, other: Tensor) -> Tensor:
    """(n, B, K), (m, B, L) logits -> (n, m, K, L): the joint distributions of what each two say of a thing."""
    return (one.softmax(2)[:, None, :, :, None] * other.softmax(2)[:, :, None, :]).mean(2)  # no @: autocast's would be bf16


def mutual(joint: Tensor) -> Tensor:
    """The mutual information of the last two dimensions of joint distributions, averaged over all processes: (..., K, L) ->
    (...), nats. The logarithms are constants here, as in `rivals.games.catgan.marginal_entropy`."""
    whole = processes.mean(joint.detach()).clamp(min=LEAST)
    marginals = whole.sum(-1, keepdim=True) * whole.sum(-2, keepdim=True)
    return (joint * (whole / marginals).log()).sum((-2, -1))
