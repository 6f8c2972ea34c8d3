"""Vital signs of a game in training, measured at each look and written into the log, where `rivals.doctor` reads them.

Of its samples, by distances of pixels (pictures at 32 to a side at most) or of values:

    diversity           mean distance of two samples / that of two real rows: 1 is the data's, 0 one thing for ever
    crowding            median distance of a sample to the nearest other one / that of real rows: 0 where samples repeat
    copies              share of samples within half the median distance of training rows to each other's nearest, where there
                        are at most 2,000 of these; `rivals.metrics.memorisation` asks it of any data, and better. Honest: 0 of
                        pictures, less than a third in any number of dimensions

Of its players as they are in training, where the game has a discriminator D of logits and a criterion (l_D, l_G):

    area                P(D(x) > D(G(z))): 1 where D tells all apart, 0.5 where it tells none
    certainty           l_D(D(x), D(G(z))) / l_D(0, 0): D's loss over that of a D which sees nothing, 1 there and 0 where D
                        always wins; of criteria that stop at 0 (the Wasserstein one falls for ever)
    pull                |dl_G / dD(G(z))| at D's answers / at 0: what is left of the pull on G, 0 where D is saturated

and of networks with rectifiers: the largest share of a layer's units that are 0 whatever comes in ("dead").
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from rivals import chance
from rivals.criteria import Adversarial
from rivals.data.core import Dataset
from rivals.data.order import permutation
from rivals.data.part import in_order, some
from rivals.game import Game, Judges, Samples
from rivals.metrics.diversity import mean_distance
from rivals.metrics.memorisation import reduced
from rivals.metrics.neighbours import nearest
from rivals.metrics.realness import area

ROWS = 500  # samples and real rows whose distances are taken
ASKED = 128  # rows that the networks are asked, in whole batches
FEW = 2000  # training rows among which copies are looked for
SURE = 50.0  # a logit beyond doubt
RECTIFIERS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU)  # a leak of 0 is there too; another leak is never 0

Signs = dict[str, float]


@runtime_checkable
class Duels(Samples, Judges, Protocol):
    """A game whose discriminator answers with logits, which a criterion weighs."""

    adversarial: Adversarial

    def seen(self, x: Tensor) -> Tensor: ...


class Vitals:
    """What the signs of a game are measured against: some rows of the data, and how far these are from each other.

    batch: rows that the networks are asked at a time, as many as in training: they fit, and batch norm sees as many."""

    def __init__(self, data: Dataset, device: torch.device, *, batch: int = 64):
        self.data, self.device, self.whole = data, device, len(data) <= FEW
        self.rows = torch.cat([flat(rows.x) for rows in in_order(some(data, FEW), torch.device("cpu"))])
        whole_batches = max(1, min(ASKED, len(data)) // batch)
        self.numbers = torch.split(permutation(len(data), seed=0, epoch=0)[: whole_batches * batch], batch)
        self.near = 0.5 * median_gap(self.rows)
        self.distance, self.gap = mean_distance(self.rows[:ROWS]), median_gap(self.rows[:ROWS])

    def __call__(self, game: Game, samples: Dataset, seed: int) -> Signs:
        """Of the game in training and the samples that were drawn from it; training does not notice."""
        signs = self.of(samples) | self.inside(game, seed)
        return {name: value for name, value in signs.items() if math.isfinite(value)}

    def of(self, samples: Dataset) -> Signs:
        x = flat(samples.rows(torch.arange(min(ROWS, len(samples))), torch.device("cpu")).x)
        signs = {"diversity": mean_distance(x) / max(self.distance, 1e-12), "crowding": median_gap(x) / max(self.gap, 1e-12)}
        if self.whole:
            signs["copies"] = float((nearest(x, self.rows)[0] <= self.near).double().mean())
        return signs

    @torch.no_grad()
    def inside(self, game: Game, seed: int) -> Signs:
        """What D answers and which units are dead: of a copy, since batch norm in training mode remembers what it sees."""
        if not isinstance(game, Samples):
            return {}
        game = copy.deepcopy(game)
        real, fake = [], []
        with chance.fixed(seed), rectified(game) as dead:
            for numbers in self.numbers:
                x = game.sample(len(numbers))
                dead("generator")
                if isinstance(game, Duels):
                    real.append(game.logits(game.seen(self.data.rows(numbers, self.device).x)))
                    dead("discriminator")
                    fake.append(game.logits(game.seen(x)))
                    dead("discriminator")
            shares = {f"dead units of the {who}": share for who, share in dead.worst().items()}
        return shares | (answers(game.adversarial, torch.cat(real), torch.cat(fake)) if isinstance(game, Duels) else {})


def flat(x: Tensor) -> Tensor:
    return reduced(x.float()).flatten(1)


def median_gap(x: Tensor) -> float:
    """(N, D) -> median over rows of the distance to the nearest other row."""
    return float(nearest(x, x, itself=False)[0].median())


def answers(criterion: Adversarial, real: Tensor, fake: Tensor) -> Signs:
    """D's standing, from its logits (B, 1) of real and of fake things.

    >>> from rivals.criteria import nonsaturating
    >>> nothing = torch.zeros(4, 1)
    >>> answers(nonsaturating, nothing, nothing)
    {'area': 0.5, 'certainty': 1.0, 'pull': 1.0}
    """
    signs = {"area": area(real.flatten().cpu(), fake.flatten().cpu())}
    nothing = torch.zeros_like(real)
    bounded = float(criterion.critic(nothing + SURE, nothing - SURE)) >= 0
    if bounded and (level := float(criterion.critic(nothing, nothing))) > 0:
        signs["certainty"] = float(criterion.critic(real, fake)) / level
    if (most := pull(criterion, nothing, nothing)) > 0:
        signs["pull"] = pull(criterion, real, fake) / most
    return signs


def pull(criterion: Adversarial, real: Tensor, fake: Tensor) -> float:
    """The sum over rows of |d generator's loss / d logit of the fake|."""
    with torch.enable_grad():
        fake = fake.clone().requires_grad_()
        loss = criterion.generator(real, fake) if criterion.paired else criterion.generator(fake)
        (gradient,) = torch.autograd.grad(loss, fake)
    return float(gradient.abs().sum())


class Dead:
    """Which units were 0 whenever their network was asked, layer by layer."""

    def __init__(self) -> None:
        self.heard: list[Tensor] = []
        self.layers: dict[str, list[Tensor]] = {}

    def hear(self, _module: nn.Module, _inputs: object, output: Tensor) -> None:
        """(B, units) or maps (B, units, ...)"""
        self.heard.append((output == 0).transpose(0, 1).flatten(1).all(1))

    def __call__(self, who: str) -> None:
        """What was heard since the last time was this network's."""
        before = self.layers.get(who, self.heard)
        self.layers[who] = [a & b for a, b in zip(before, self.heard, strict=True)]
        self.heard = []

    def worst(self) -> dict[str, float]:
        """The largest share of a layer, by network; of those that have rectifiers."""
        return {who: max(float(layer.double().mean()) for layer in layers) for who, layers in self.layers.items() if layers}


@contextmanager
def rectified(net: nn.Module) -> Iterator[Dead]:
    """In here the rectifiers of a network are listened to."""
    dead = Dead()
    hooks = [module.register_forward_hook(dead.hear) for module in net.modules() if isinstance(module, RECTIFIERS)]
    try:
        yield dead
    finally:
        for hook in hooks:
            hook.remove()
