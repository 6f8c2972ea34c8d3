"""Sorting things without a label. Ji, Henriques and Vedaldi, 2019, Invariant Information Clustering for Unsupervised Image
Classification and Segmentation, https://arxiv.org/abs/1807.06653

What a network says of a thing x and of a view v of it, moved a little, is to share as much information as it can (eq. 3):

    P = E S(x) S(v(x))^T, made symmetric,        I = sum_ij P_ij log [P_ij / (P_i P_j)],

S(x) the probabilities of the values. It is largest where S is sure of each thing, view or not, and uses all values alike; what
the views change, as slant or thickness, S cannot say.

There are many ways to sort, and where one head ends up chance decides. So several learn side by side on one trunk, and the one
whose I is largest is kept, as in the paper. Heads beside them sort into more, `finer` values, and teach the trunk what differs
at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rivals import processes
from rivals.game import Terms
from rivals.views import View, Views

LEAST = 1e-12  # of a probability under a logarithm
FORGETS = 0.02  # of what a head's I was before: the share that a batch replaces


class Sorter(nn.Module):
    """(B, *shape) -> (B, K), the logits of the values by the best of its heads.

    trunk: (B, *shape) -> features (B, ...); each head: features -> (B, K) logits; each finer: features -> (B, K') logits.
    """

    shared: Tensor  # (heads,) nats: I of each, over the last batches
    chosen: Tensor  # (), the head whose I is largest

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
        shared = self.information(self.heads, features)
        with torch.no_grad():
            self.shared.lerp_(processes.mean(shared), FORGETS)
            self.chosen.copy_(self.shared.argmax())
        terms = {"sorted": -shared.mean()}
        if self.finer:
            terms["finer"] = -self.information(self.finer, features).mean()
        return terms

    def information(self, heads: nn.ModuleList, features: Tensor) -> Tensor:
        """I of each head, of the features of things and of their views, one below the other: (heads,)."""
        return torch.stack([agreement(*head(features).float().chunk(2)) for head in heads])


def agreement(one: Tensor, other: Tensor) -> Tensor:
    """The mutual information of what two logits (B, K) say of the same things, over the batches of all processes: (), in
    [0, log K] nats.

    The logarithms are constants here, as in `rivals.games.catgan.marginal_entropy`."""
    joint = (one.softmax(1)[:, :, None] * other.softmax(1)[:, None]).mean(0)  # not @, which autocast would do in bf16
    joint = (joint + joint.T) / 2
    whole = processes.mean(joint).clamp(min=LEAST)
    marginal = whole.sum(1, keepdim=True)
    return (joint * (whole / (marginal * marginal.T)).log()).sum()
