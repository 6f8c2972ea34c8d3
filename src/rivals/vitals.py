"""Vital signs of a game in training, measured at each look and written into the log, where `rivals.doctor` reads them.

Of its samples, by distances of pixels (pictures at 32 to a side at most) or of values:

    diversity           mean distance of two samples / that of two real rows: 1 is the data's, 0 one thing for ever
    crowding            median distance of a sample to the nearest other one / that of real rows: 0 where samples repeat
    copies              share of samples within half the median distance of training rows to each other's nearest, where there
                        are at most 2,000 of these; `rivals.metrics.memorisation` asks it of any data, and better. Honest: 0 of
                        pictures, less than a third in any number of dimensions

Of its players as they are in training, on one batch, where the game has a discriminator D of logits and a criterion (l_D, l_G):

    area                P(D(x) > D(G(z))): 1 where D tells all apart, 0.5 where it tells none
    certainty           l_D(D(x), D(G(z))) / l_D(0, 0): D's loss over that of a D which sees nothing, 1 there and 0 where D
                        always wins; of criteria that have such a level (the Wasserstein one has none)
    pull                |dl_G / dD(G(z))| at D's answers / at 0: what is left of the pull on G, 0 where D is saturated

and of all networks with rectifiers: the largest share of a layer's units that are 0 for the whole batch ("dead").
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from rivals import chance
from rivals.criteria import Adversarial
from rivals.data.core import Dataset
from rivals.data.part import in_order, some
from rivals.game import Game, Samples
from rivals.metrics.diversity import mean_distance
from rivals.metrics.memorisation import reduced
from rivals.metrics.neighbours import nearest
from rivals.metrics.realness import area

ROWS = 500  # samples and real rows whose distances are taken
BATCH = 256  # rows that the networks are asked on
FEW = 2000  # training rows among which copies are looked for
RECTIFIERS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU)  # a leak of 0 is there too; another leak is never 0

Signs = dict[str, float]


@runtime_checkable
class Duels(Samples, Protocol):
    """A game whose discriminator answers each thing with one logit."""

    adversarial: Adversarial

    def logits(self, x: Tensor) -> Tensor: ...


class Vitals:
    """What the signs of a game are measured against: some rows of the data, and how far these are from each other."""

    def __init__(self, data: Dataset, device: torch.device):
        self.device = device
        rows = torch.cat([batch.x for batch in in_order(some(data, FEW), torch.device("cpu"))])
        self.batch = rows[:BATCH].to(device)
        self.rows = flat(rows)
        self.whole = len(data) <= FEW
        self.near = 0.5 * median_gap(self.rows)
        some_rows = self.rows[:ROWS]
        self.distance = mean_distance(some_rows)
        self.gap = median_gap(some_rows)

    def __call__(self, game: Game, samples: Dataset, seed: int) -> Signs:
        """Of the game in training and the samples that were drawn from it; training does not notice."""
        return {name: value for name, value in {**self.of(samples), **self.inside(game, seed)}.items() if math.isfinite(value)}

    def of(self, samples: Dataset) -> Signs:
        x = flat(samples.rows(torch.arange(min(ROWS, len(samples))), torch.device("cpu")).x)
        signs = {"diversity": mean_distance(x) / max(self.distance, 1e-12), "crowding": median_gap(x) / max(self.gap, 1e-12)}
        if self.whole:
            signs["copies"] = float((nearest(x, self.rows)[0] <= self.near).double().mean())
        return signs

    @torch.no_grad()
    def inside(self, game: Game, seed: int) -> Signs:
        """What D answers and which units are dead: of a copy, since batch norm in training mode remembers what it sees."""
        game = copy.deepcopy(game)
        if not isinstance(game, Samples):
            return {}
        with chance.fixed(seed), rectified(game) as heard:
            fake = game.sample(len(self.batch))
            signs = dead("generator", heard())
            if isinstance(game, Duels):
                real_logits, of_real = game.logits(self.batch), heard()
                fake_logits, of_fake = game.logits(fake), heard()
                both = [a & b for a, b in zip(of_real, of_fake, strict=True)]
                signs |= dead("discriminator", both) | answers(game.adversarial, real_logits, fake_logits)
        return signs


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
    if (level := float(criterion.critic(nothing, nothing))) > 0:
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


@contextmanager
def rectified(net: nn.Module) -> Iterator[Callable[[], list[Tensor]]]:
    """In here the rectifiers are listened to: hands out, and forgets, of each call since the last time which units (channels of
    maps) were 0 for the whole batch, (units,) of bool."""
    heard: list[Tensor] = []

    def hear(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        heard.append((output.detach() == 0).flatten(2).all(2).all(0) if output.dim() > 2 else (output.detach() == 0).all(0))

    def told() -> list[Tensor]:
        found = list(heard)
        heard.clear()
        return found

    hooks = [module.register_forward_hook(hear) for module in net.modules() if isinstance(module, RECTIFIERS)]
    try:
        yield told
    finally:
        for hook in hooks:
            hook.remove()


def dead(who: str, layers: list[Tensor]) -> Signs:
    """The worst layer's share of units that are 0."""
    return {f"dead units of the {who}": max(float(layer.double().mean()) for layer in layers)} if layers else {}
