"""InfoGAN: Interpretable Representation Learning by Information Maximizing Generative Adversarial Nets. Chen, Duan, Houthooft,
Schulman, Sutskever and Abbeel, 2016, https://arxiv.org/abs/1606.03657

A part c of the latents is a code, and the generator has to keep it readable in what it draws. Q reads it:

    min_{G,Q} max_D  V(D, G) - lambda L_I(G, Q),        L_I = E log Q(c | G(z, c)) + H(c)              (eq. 6)

Q shares D's trunk, all but its last layer. As in the authors' code both players raise L_I, G by what it draws and D, to whom Q
belongs, by what it reads; so the shared trunk learns from both. A categorical code is read as a distribution over its values, a
continuous one as a Gaussian whose mean and variance Q gives. H(c) is a constant and left out: the logged terms are -lambda E
log Q, in nats.

Additions of ours, all off unless asked for. Q may learn from real things too, by what Ji, Henriques and Vedaldi, 2019,
Invariant Information Clustering, https://arxiv.org/abs/1807.06653, maximise: the mutual information of what Q says of a thing
and of a view v of it, moved a little (their eq. 3),

    P = E Q(c | x) Q(c | v(x))^T, made symmetric,        I = sum_ij P_ij log [P_ij / (P_i P_j)].

It is largest where Q is sure of each thing, view or not, and uses all values alike; a code that the views change, as slant or
thickness, it cannot be. Nothing else is shown the views. Then the values of the code are Q's alone to give, and only the
generator raises L_I of the categorical codes: a Q that learnt from generated things too would take over whatever values the
generator began with, while its pictures were still poor, and neither had a reason to change them again.

There are many ways to sort, and where one Q ends up chance decides. So a third player, `Q`, may sort real things before the
game begins, for `pretrain` rounds and at a rate of its own. And there may be several Qs, side by side on one trunk, of which
the one that knows most of what all of them say is the game's from then on: of ways to sort that are equally clear the one that
most Qs found. That takes no label. As in Ji et al. others beside them may sort into more, `finer` values, that nothing is drawn
from: they teach the trunk what differs at all.
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
FORGETS = 0.05  # of what a Q shared with all Qs before: the share that a batch replaces
CLOSEST = 1e-3  # variance of a continuous code that Q may claim at least: a sure Q would divide by nothing

adam_d: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))
adam_g: Optim = partial(Adam, lr=1e-3, betas=(0.5, 0.999))
adam_q: Optim = partial(Adam, lr=3e-3, betas=(0.5, 0.999))


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
    trunk: (B, *shape) -> features (B, ...); discriminator: features -> (B, 1) logits; each Q: features -> (B,
    outputs_of(codes)); each finer: features -> (B, K') logits of a code that is never drawn.
    """

    latents: Codes
    shared: Tensor  # (Qs,) nats: the information that what each and what all say of real things share, over the last batches
    chosen: Tensor  # (), which Q is the game's

    def __init__(
        self,
        generator: nn.Module,
        trunk: nn.Module,
        discriminator: nn.Module,
        Q: nn.Module | Sequence[nn.Module],
        finer: Sequence[nn.Module] = (),
        *,
        codes: Codes,
        categorical: float = 1.0,  # lambda of the categorical codes
        continuous: float = 0.1,  # and of the continuous ones
        real: float = 0.0,  # factor on the information of real things and their views; 0: Q learns from generated ones alone
        views: Sequence[View] = (),  # of real things
        pretrain: int = 0,  # rounds in which trunk and Q play alone, on real things
        adversarial: Adversarial = nonsaturating,
        optim_d: Optim = adam_d,
        optim_g: Optim = adam_g,
        optim_q: Optim = adam_q,  # of those rounds
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.generator, self.trunk, self.discriminator = generator, trunk, discriminator
        self.Q, self.finer = nn.ModuleList([Q] if isinstance(Q, nn.Module) else Q), nn.ModuleList(finer)
        self.register_buffer("shared", torch.zeros(len(self.Q)))
        self.register_buffer("chosen", torch.tensor(0))
        self.latents, self.categorical, self.continuous, self.adversarial = codes, categorical, continuous, adversarial
        self.real, self.views, self.pretrain = real, Views(views), pretrain
        self.optim_d, self.optim_g, self.optim_q, self.schedule = optim_d, optim_g, optim_q, schedule

    def players(self) -> Iterator[Player]:
        if self.pretrain:
            yield Player(
                name="Q", owns=[self.trunk, self.Q, self.finer], loss=self.loss_Q, optim=self.optim_q, ends=self.pretrain
            )
        yield Player(
            name="discriminator",
            owns=[self.trunk, self.discriminator, self.Q, self.finer],
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

    def loss_Q(self, batch: Batch) -> Terms:
        return self.sorting(self.trunk(batch.x), batch.x)

    def loss_D(self, batch: Batch) -> Terms:
        features = self.trunk(batch.x)  # apart from the fakes: batch norm is of one kind of rows at a time
        real = self.discriminator(features).float()
        fake, information = self.judged(len(batch.x))
        if not self.real:
            return {"adversarial": self.adversarial.critic(real, fake), **information}
        information.pop("categorical")  # the values are Q's to give
        return {"adversarial": self.adversarial.critic(real, fake), **information, **self.sorting(features, batch.x)}

    def sorting(self, features: Tensor, x: Tensor) -> Terms:
        """How little what is said of real things and of views of them shares."""
        both = torch.cat([features, self.trunk(self.views(x, self.progress))])
        said = [read(self.latents, Q(both)).categorical for Q in self.Q]
        self.choose([torch.stack(code)[:, : len(x)] for code in zip(*said, strict=True)])
        terms = {"real": -self.real * torch.stack([self.kept(categorical) for categorical in said]).mean()}
        if self.finer:
            terms["finer"] = -self.real * torch.stack([self.kept([Q(both).float()]) for Q in self.finer]).mean()
        return terms

    def kept(self, categorical: Sequence[Tensor]) -> Tensor:
        """The information that logits of things and of their views, one below the other, share: (), nats."""
        return torch.stack([agreement(*logits.chunk(2)) for logits in categorical]).sum()

    @torch.no_grad()
    def choose(self, said: Sequence[Tensor]) -> None:
        """The Q that knows most of what all of them say of real things, until the game begins.

        said: the logits (Qs, B, K) of each code."""
        if self.round < self.pretrain:
            shared = torch.stack([between(logits) for logits in said]).sum(0).mean(1)
            self.shared.lerp_(shared, FORGETS)
            self.chosen.copy_(self.shared.argmax())

    def loss_G(self, batch: Batch) -> Terms:
        fake, information = self.judged(len(batch.x))
        if self.adversarial.paired:
            return {"adversarial": self.adversarial.generator(self.logits(batch.x), fake), **information}
        return {"adversarial": self.adversarial.generator(fake), **information}

    def judged(self, n: int) -> tuple[Tensor, Terms]:
        """The logits of n samples, and how badly their codes can be read."""
        z = self.prior(n)
        features = self.trunk(self.decode(z))
        return self.discriminator(features).float(), self.information(z, self.said(features))

    def said(self, features: Tensor) -> Read:
        """By the Q that was chosen. All are asked, so that which it is need not be known outside of the device."""
        outputs = torch.stack([Q(features) for Q in self.Q])
        return read(self.latents, outputs.index_select(0, self.chosen[None])[0])

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
        return self.said(self.trunk(x))

    def logits(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, 1)."""
        logits: Tensor = self.discriminator(self.trunk(x))
        return logits.float()


def agreement(one: Tensor, other: Tensor) -> Tensor:
    """The mutual information of what two logits (B, K) say of the same things, over the batches of all processes: (), in
    [0, log K] nats. Neither is the first of the two: their joint distribution is made symmetric."""
    joint = jointly(one[None], other[None])[0, 0]
    return mutual((joint + joint.T) / 2)


def between(logits: Tensor) -> Tensor:
    """The mutual information of what each two of the logits (Qs, B, K) say of the same things: (Qs, Qs) nats."""
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
