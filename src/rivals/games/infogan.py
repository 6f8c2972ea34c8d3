"""InfoGAN: Interpretable Representation Learning by Information Maximizing Generative Adversarial Nets. Chen, Duan, Houthooft,
Schulman, Sutskever and Abbeel, 2016, https://arxiv.org/abs/1606.03657

A part c of the latents is a code, and the generator has to keep it readable in what it draws. Q reads it:

    min_{G,Q} max_D  V(D, G) - lambda L_I(G, Q),        L_I = E log Q(c | G(z, c)) + H(c)              (eq. 6)

Q shares D's trunk, all but its last layer. As in the authors' code both players raise L_I, G by what it draws and D, to whom Q
belongs, by what it reads; so the shared trunk learns from both. A categorical code is read as a distribution over its values, a
continuous one as a Gaussian whose mean and variance Q gives. H(c) is a constant and left out: the logged terms are -lambda E
log Q, in nats.

Two additions of ours, both off unless asked for. Q may learn from real things too, by what Ji, Henriques and Vedaldi, 2019,
Invariant Information Clustering, https://arxiv.org/abs/1807.06653, maximise: the mutual information of what Q says of a thing
and of a view v of it, moved a little (their eq. 3),

    P = E Q(c | x) Q(c | v(x))^T, made symmetric,        I = sum_ij P_ij log [P_ij / (P_i P_j)].

It is largest where Q is sure of each thing, view or not, and uses all values alike; a code that the views change, as slant
or thickness, it cannot be. Nothing else is shown the views. And with a `rise` Q sorts real things first: lambda grows from 0 to
its full value over that share of the training. For a code that is readable has no reason to change its meaning, and without a
rise that is settled before the pictures are any good.
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

from rivals import processes
from rivals.criteria import Adversarial, nonsaturating
from rivals.data.core import Batch
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.priors import Codes
from rivals.views import View, Views

LEAST = 1e-12  # of a probability under a logarithm
CLOSEST = 1e-3  # variance of a continuous code that Q may claim at least: a sure Q would divide by nothing

adam_d: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))
adam_g: Optim = partial(Adam, lr=1e-3, betas=(0.5, 0.999))


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
    trunk: (B, *shape) -> (B, F) features; discriminator: (B, F) -> (B, 1) logits; Q: (B, F) -> (B, outputs_of(codes)).
    """

    latents: Codes

    def __init__(
        self,
        generator: nn.Module,
        trunk: nn.Module,
        discriminator: nn.Module,
        Q: nn.Module,
        *,
        codes: Codes,
        categorical: float = 1.0,  # lambda of the categorical codes
        continuous: float = 0.1,  # and of the continuous ones
        real: float = 0.0,  # factor on the information of real things and their views; 0: Q learns from generated ones alone
        views: Sequence[View] = (),  # of real things
        rise: float = 0.0,  # share of the training until both lambdas are what they are; 0: from the start
        adversarial: Adversarial = nonsaturating,
        optim_d: Optim = adam_d,
        optim_g: Optim = adam_g,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.generator, self.trunk, self.discriminator, self.Q = generator, trunk, discriminator, Q
        self.latents, self.categorical, self.continuous, self.adversarial = codes, categorical, continuous, adversarial
        self.real, self.views, self.rise = real, Views(views), rise
        self.optim_d, self.optim_g, self.schedule = optim_d, optim_g, schedule

    def players(self) -> Iterator[Player]:
        yield Player(
            name="discriminator",
            owns=[self.trunk, self.discriminator, self.Q],
            loss=self.loss_D,
            optim=self.optim_d,
            schedule=self.schedule,
        )
        yield Player(name="generator", owns=[self.generator], loss=self.loss_G, optim=self.optim_g, schedule=self.schedule)

    def loss_D(self, batch: Batch) -> Terms:
        features = self.trunk(batch.x)  # apart from the fakes: batch norm is of one kind of rows at a time
        real = self.discriminator(features).float()
        fake, information = self.judged(len(batch.x))
        terms = {"adversarial": self.adversarial.critic(real, fake), **information}
        if self.real:
            again = self.trunk(self.views(batch.x, self.progress))
            said = read(self.latents, self.Q(torch.cat([features, again])))
            shared = [agreement(*logits.chunk(2)) for logits in said.categorical]
            terms["real"] = -self.real * torch.stack(shared).sum()
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
        share = min(1.0, self.progress / self.rise) if self.rise else 1.0
        information = self.information(z, read(self.latents, self.Q(features)))
        return self.discriminator(features).float(), {name: share * term for name, term in information.items()}

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


def agreement(one: Tensor, other: Tensor) -> Tensor:
    """The mutual information of what two logits (B, K) say of the same things, over the batches of all processes: (), in
    [0, log K] nats.

    The logarithms are constants here, as in `rivals.games.catgan.marginal_entropy`."""
    joint = (one.softmax(1)[:, :, None] * other.softmax(1)[:, None]).mean(0)  # not @, which autocast would do in bf16
    joint = (joint + joint.T) / 2
    whole = processes.mean(joint).clamp(min=LEAST)
    marginal = whole.sum(1, keepdim=True)
    return (joint * (whole / (marginal * marginal.T)).log()).sum()
