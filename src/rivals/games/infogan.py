"""InfoGAN: Interpretable Representation Learning by Information Maximizing Generative Adversarial Nets. Chen, Duan, Houthooft,
Schulman, Sutskever and Abbeel, 2016, https://arxiv.org/abs/1606.03657

A part c of the latents is a code, and the generator has to keep it readable in what it draws. Q reads it:

    min_{G,Q} max_D  V(D, G) - lambda L_I(G, Q),        L_I = E log Q(c | G(z, c)) + H(c)              (eq. 6)

Q shares D's trunk, all but its last layer. As in the authors' code both players raise L_I, G by what it draws and D, to whom Q
belongs, by what it reads; so the shared trunk learns from both. A categorical code is read as a distribution over its values, a
continuous one as a Gaussian whose mean and variance Q gives. H(c) is a constant and left out: the logged terms are -lambda E
log Q, in nats.

An addition of ours, off unless a `sorter` is given: what a categorical code means is found on real things first. The sorter
(`rivals.games.sorter`) plays alone for `pretrain` rounds and not after. Then Q learns to say of real things what the sorter
says, on D's turn, as an ACGAN's classifier learns the classes: the first code's values get the meaning of the sorter's, and a
generator that wants to be read has to draw that. No label is used.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus
from torch.optim import Adam

from rivals.criteria import Adversarial, nonsaturating
from rivals.data.core import Batch
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.games.sorter import Sorter
from rivals.priors import Codes

CLOSEST = 1e-3  # variance of a continuous code that Q may claim at least: a sure Q would divide by nothing

adam_d: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))
adam_g: Optim = partial(Adam, lr=1e-3, betas=(0.5, 0.999))
adam_s: Optim = partial(Adam, lr=1e-3, betas=(0.5, 0.999))


class Read(NamedTuple):
    """What Q says of things."""

    categorical: Sequence[Tensor]  # (B, K) logits of each code
    mean: Tensor  # (B, continuous)
    variance: Tensor  # (B, continuous)


def outputs_of(codes: Codes) -> int:
    """Numbers that Q gives: logits of the categorical codes, means and variances of the continuous ones."""
    return sum(codes.categories) + 2 * codes.continuous


def read(codes: Codes, outputs: Tensor) -> Read:
    """(B, outputs) -> what they say."""
    kinds = [*codes.categories, codes.continuous, codes.continuous]
    *categorical, mean, spread = torch.split(outputs.float(), kinds, dim=1)
    return Read(categorical, mean, CLOSEST + softplus(spread))


class InfoGAN(Generates):
    """A generator against a discriminator that also reads the codes.

    generator: (B, codes.dimension) -> (B, *shape).
    trunk: (B, *shape) -> features (B, ...); discriminator: features -> (B, 1) logits; Q: features -> (B, outputs_of(codes)).
    """

    latents: Codes

    def __init__(
        self,
        generator: nn.Module,
        trunk: nn.Module,
        discriminator: nn.Module,
        Q: nn.Module,
        sorter: Sorter | None = None,  # of as many values as the first categorical code
        *,
        codes: Codes,
        categorical: float = 1.0,  # lambda of the categorical codes
        continuous: float = 0.1,  # and of the continuous ones
        pretrain: int = 0,  # rounds in which the sorter plays, and nobody else
        adversarial: Adversarial = nonsaturating,
        optim_d: Optim = adam_d,
        optim_g: Optim = adam_g,
        optim_s: Optim = adam_s,  # of the sorter
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.generator, self.trunk, self.discriminator, self.Q, self.sorter = generator, trunk, discriminator, Q, sorter
        self.latents, self.categorical, self.continuous, self.adversarial = codes, categorical, continuous, adversarial
        self.pretrain, self.schedule = pretrain, schedule
        self.optim_d, self.optim_g, self.optim_s = optim_d, optim_g, optim_s

    def players(self) -> Iterator[Player]:
        if self.sorter is not None:
            yield Player(name="sorter", owns=[self.sorter], loss=self.loss_S, optim=self.optim_s, ends=self.pretrain)
        yield Player(
            name="discriminator",
            owns=[self.trunk, self.discriminator, self.Q],
            loss=self.loss_D,
            optim=self.optim_d,
            starts=self.pretrain,
            schedule=self.schedule,
        )
        yield Player(
            name="generator",
            owns=[self.generator],
            loss=self.loss_G,
            optim=self.optim_g,
            starts=self.pretrain,
            schedule=self.schedule,
        )

    def loss_S(self, batch: Batch) -> Terms:
        assert self.sorter is not None  # it is its turn
        return self.sorter.loss(batch.x, self.progress)

    def loss_D(self, batch: Batch) -> Terms:
        features = self.trunk(batch.x)  # apart from the fakes: batch norm is of one kind of rows at a time
        real = self.discriminator(features).float()
        fake, information = self.judged(len(batch.x))
        terms = {"adversarial": self.adversarial.critic(real, fake), **information}
        if self.sorter is not None:
            said = read(self.latents, self.Q(features)).categorical[0]
            terms["sorted"] = self.categorical * cross_entropy(said, self.sorter(batch.x).softmax(1))
        return terms

    def loss_G(self, batch: Batch) -> Terms:
        fake, information = self.judged(len(batch.x))
        if self.adversarial.paired:
            return {"adversarial": self.adversarial.generator(self.logits(batch.x), fake), **information}
        return {"adversarial": self.adversarial.generator(fake), **information}

    def judged(self, n: int) -> tuple[Tensor, Terms]:
        """The logits of n samples, and how badly their codes can be read."""
        z = self.prior(n)
        features = self.trunk(self.decode(z))
        return self.discriminator(features).float(), self.information(z, read(self.latents, self.Q(features)))

    def information(self, z: Tensor, said: Read) -> Terms:
        """-lambda E log Q(c | x), summed over the codes of each kind."""
        categorical, continuous = self.latents.parts(z)
        terms: Terms = {}
        if categorical:
            losses = [cross_entropy(logits, code) for logits, code in zip(said.categorical, categorical, strict=True)]
            terms["categorical"] = self.categorical * torch.stack(losses).sum()
        if self.latents.continuous:
            squared = (continuous - said.mean).square() / said.variance
            nll = 0.5 * (squared + said.variance.log() + math.log(2 * math.pi))
            terms["continuous"] = self.continuous * nll.sum(1).mean()
        return terms

    def read(self, x: Tensor) -> Read:
        """What the codes of things are."""
        return read(self.latents, self.Q(self.trunk(x)))

    def logits(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, 1)."""
        logits: Tensor = self.discriminator(self.trunk(x))
        return logits.float()
