"""Domain-Adversarial Training of Neural Networks. Ganin, Ustinova, Ajakan, Germain, Larochelle, Laviolette, Marchand and
Lempitsky, 2016, https://arxiv.org/abs/1505.07818

Labels are known of a source, not of the target on which the classifier will have to work. So the features that G_f extracts are
to say the class and not the domain: a label predictor G_y reads the one from them, a domain classifier G_d the other, and

    E(theta_f, theta_y, theta_d) = L_y - lambda L_d                                                       (section 4.2)

is at a saddle point: theta_f and theta_y minimise it, theta_d maximises it. L_y is the cross-entropy of the classes over source
rows; L_d that of the domains, 0 for the source and 1 for the target, the sum of a mean over each. It is 2 log 2 where the
features tell nothing.

`DANN` is the paper's: one player makes all updates at once. Between G_f and G_d stands a gradient reversal, which hands
features on as they are and multiplies their gradient by -lambda. So G_d itself learns at full rate whatever lambda is, as in
the paper's experiments (section 5.2.2), where lambda rises through the training.

`AlternatingDANN` is the lectures' other way, two players who take turns as in a GAN: G_d minimises L_d; then G_f and G_y
minimise L_y + lambda L_d with the domains exchanged, which is to -L_d what the non-saturating criterion is to minimax: from a
G_d that is sure of itself there is still something to learn.

The classes of the target are never read. The paper's networks have no batch norm: source and target are one batch to G_f.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus
from torch.optim import SGD

from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game, Optim, Player, Schedule, Terms

Weight = Callable[[float], float]  # progress in [0, 1] -> lambda

sgd: Optim = partial(SGD, lr=0.01, momentum=0.9)


def rising(progress: float, *, gamma: float = 10.0, most: float = 1.0) -> float:
    """lambda_p of section 5.2.2: from 0 to nearly `most`, half of it at a progress of 1.1 / gamma.

    >>> rising(0.0), round(rising(0.1), 3), round(rising(1.0), 4)
    (0.0, 0.462, 0.9999)
    """
    return most * (2 / (1 + math.exp(-gamma * progress)) - 1)


class Reversal(torch.autograd.Function):
    """R(x) = x, dR / dx = -factor (section 4.2)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.factor * gradients[0], None


def reversed_gradient(x: Tensor, factor: float) -> Tensor:
    y: Tensor = Reversal.apply(x, factor)  # type: ignore[no-untyped-call]
    return y


def features_of(G_f: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """(B, F) of the source rows and (B, F) of the target rows beside them, read as one batch."""
    if batch.beside is None:
        raise UserError("a DANN learns from two data sets, and these batches bring one: give it batches of a Beside")
    source, target = G_f(torch.cat([batch.x, batch.beside.x])).split(len(batch.x))
    return source, target


def label_loss(logits: Tensor, batch: Batch) -> Tensor:
    """L_y: (B, K) logits of the source rows -> ()."""
    if batch.y is None:
        raise UserError("a DANN learns from the labels of its source, and this data has none: give data with classes")
    return cross_entropy(logits.float(), batch.y)


def domain_loss(source: Tensor, target: Tensor) -> Tensor:
    """L_d: (B, 1) logits of being of the target, of rows that are source and of rows that are target -> ()."""
    return softplus(source.float()).mean() + softplus(-target.float()).mean()


class DANN(Game):
    """All at once, by gradient reversal.

    G_f: (B, *shape) -> (B, F) features; G_y: (B, F) -> (B, K) logits; G_d: (B, F) -> (B, 1) logits of being of the target.
    """

    def __init__(
        self,
        G_f: nn.Module,
        G_y: nn.Module,
        G_d: nn.Module,
        *,
        weight: Weight = rising,  # lambda
        optim: Optim = sgd,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.G_f, self.G_y, self.G_d = G_f, G_y, G_d
        self.weight, self.optim, self.schedule = weight, optim, schedule

    def players(self) -> Iterator[Player]:
        yield Player(
            name="network", owns=[self.G_f, self.G_y, self.G_d], loss=self.loss, optim=self.optim, schedule=self.schedule
        )

    def loss(self, batch: Batch) -> Terms:
        source, target = features_of(self.G_f, batch)
        weight = self.weight(self.progress)
        domains = [self.G_d(reversed_gradient(f, weight)) for f in (source, target)]
        return {"label": label_loss(self.G_y(source), batch), "domain": domain_loss(*domains)}

    def gauges(self) -> dict[str, Tensor]:
        return {"lambda": torch.tensor(self.weight(self.progress))}

    def features(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, F)."""
        f: Tensor = self.G_f(x)
        return f

    def classify(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, K) logits."""
        logits: Tensor = self.G_y(self.G_f(x))
        return logits.float()


class AlternatingDANN(Game):
    """In turns: the domain classifier, then the features and the label predictor. Networks as for `DANN`."""

    def __init__(
        self,
        G_f: nn.Module,
        G_y: nn.Module,
        G_d: nn.Module,
        *,
        weight: Weight = rising,  # lambda
        optim: Optim = sgd,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.G_f, self.G_y, self.G_d = G_f, G_y, G_d
        self.weight, self.optim, self.schedule = weight, optim, schedule

    def players(self) -> Iterator[Player]:
        yield Player(name="domains", owns=[self.G_d], loss=self.loss_d, optim=self.optim, schedule=self.schedule)
        yield Player(name="features", owns=[self.G_f, self.G_y], loss=self.loss_f, optim=self.optim, schedule=self.schedule)

    def loss_d(self, batch: Batch) -> Terms:
        source, target = features_of(self.G_f, batch)
        return {"domain": domain_loss(self.G_d(source), self.G_d(target))}

    def loss_f(self, batch: Batch) -> Terms:
        source, target = features_of(self.G_f, batch)
        confusion = domain_loss(self.G_d(target), self.G_d(source))  # each as if it were of the other domain
        return {"label": label_loss(self.G_y(source), batch), "confusion": self.weight(self.progress) * confusion}

    def gauges(self) -> dict[str, Tensor]:
        return {"lambda": torch.tensor(self.weight(self.progress))}

    def features(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, F)."""
        f: Tensor = self.G_f(x)
        return f

    def classify(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, K) logits."""
        logits: Tensor = self.G_y(self.G_f(x))
        return logits.float()
