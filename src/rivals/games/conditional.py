"""Conditional Generative Adversarial Nets. Mirza and Osindero, 2014, https://arxiv.org/abs/1411.1784

Generator and discriminator are both given a condition c, a class or attributes, and play for the pairs (x, c):

    min_G max_D  E log D(x, c) + E log(1 - D(G(z, c), c))                                          (eq. 2)

The conditions of a batch are those of its real rows, for its fakes too. The condition is a part of the latents, so that
whatever draws, walks or inverts latents does so here: `decode` takes (z, c) as one vector; `prior` draws classes evenly, and
attributes as they were met together.

A *matching-aware* discriminator also sees real things with a wrong condition, which are as false as fakes. Reed, Akata, Yan,
Logeswaran, Schiele and Lee, 2016, Generative Adversarial Text to Image Synthesis, https://arxiv.org/abs/1605.05396, algorithm
1:

    log D(x, c) + (log(1 - D(x, c')) + log(1 - D(G(z, c), c))) / 2

Of a discriminator with two scores the first one plays real against fake, the second (x, c) against (x, c'), and the generator
wants both high.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot
from torch.optim import Adam

from rivals import chance
from rivals.criteria import Adversarial, nonsaturating
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.penalties import Penalty
from rivals.priors import Codes, Met

adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))


class ConditionalGAN(Generates):
    """A generator that is asked for a class, or for attributes, against a discriminator that knows what was asked for.

    generator: (B, latent + K) -> (B, *shape), latents and condition: a one-hot class, or K attributes, each 0 or 1.
    discriminator: (B, *shape), (B, K) -> (B, 1) logits, or (B, 2) of two scores.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        *,
        latent: int,
        classes: int = 0,
        attributes: int = 0,  # instead of classes
        adversarial: Adversarial = nonsaturating,
        matching: bool = False,  # real things with a wrong condition are shown as false
        two_scores: bool = False,  # the discriminator has two; then matching is what the second one is for
        penalty: Penalty | None = None,  # on the slope of D's answer (of two, of their sum) to things with their conditions
        optim_d: Optim = adam,
        optim_g: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        if two_scores and not matching:
            raise UserError("a discriminator of two scores learns the second one from wrong conditions: pass matching too")
        if (classes > 0) == (attributes > 0):
            raise UserError("a condition is a class or attributes: give how many there are of one of them")
        self.generator, self.discriminator = generator, discriminator
        self.latent, self.classes, self.attributes = latent, classes, attributes
        self.latents = latents_of(latent, classes, attributes)
        self.adversarial, self.matching, self.two_scores = adversarial, matching, two_scores
        self.penalty = penalty
        self.optim_d, self.optim_g, self.schedule = optim_d, optim_g, schedule

    def players(self) -> Iterator[Player]:
        schedule = self.schedule
        yield Player(name="discriminator", owns=[self.discriminator], loss=self.loss_D, optim=self.optim_d, schedule=schedule)
        yield Player(name="generator", owns=[self.generator], loss=self.loss_G, optim=self.optim_g, schedule=schedule)

    def loss_D(self, batch: Batch) -> Terms:
        c = self.asked(batch)
        if isinstance(self.latents, Met):
            self.latents.keep(c, self.round)
        drawn = self.decode(self.given(c))
        real, fake = self.judged(batch.x, c), self.judged(drawn, c)
        terms = {} if self.penalty is None else {"penalty": self.penalty(partial(self.judged, c=c), batch.x, drawn)}
        if not self.matching:
            return {"adversarial": self.adversarial.critic(real, fake), **terms}
        wrong = self.judged(batch.x, self.wrong(c))
        if self.two_scores:
            return {
                "adversarial": self.adversarial.critic(real[:, :1], fake[:, :1]),
                "matching": self.adversarial.critic(real[:, 1:], wrong[:, 1:]),
                **terms,
            }
        return {
            "adversarial": 0.5 * self.adversarial.critic(real, fake),
            "matching": 0.5 * self.adversarial.critic(real, wrong),
            **terms,
        }

    def loss_G(self, batch: Batch) -> Terms:
        c = self.asked(batch)
        fake = self.judged(self.decode(self.given(c)), c)
        others = (self.judged(batch.x, c),) if self.adversarial.paired else ()
        names = ("adversarial", "matching")[: fake.shape[1]]
        return {
            name: self.adversarial.generator(*(scores[:, i : i + 1] for scores in (*others, fake)))
            for i, name in enumerate(names)
        }

    def asked(self, batch: Batch) -> Tensor:
        """(B, K), the conditions of the batch's rows."""
        told = batch.y if self.classes else batch.a
        if told is None:
            raise UserError("a conditional game learns from classes or attributes, and this data has none: give labelled data")
        return one_hot(told, self.classes).float() if self.classes else told

    def wrong(self, c: Tensor) -> Tensor:
        """For each row another class, each as likely as any other; or the attributes of another row, and where those are the
        same, its own with one of them turned round."""
        if not self.classes:
            other, k = c.roll(1, 0), self.attributes
            turned = one_hot((k * chance.uniform(len(c), device=c.device)).long().clamp_(max=k - 1), k).to(c.dtype)
            return torch.where((other == c).all(1, keepdim=True), (c - turned).abs(), other)
        further = 1 + ((self.classes - 1) * chance.uniform(len(c), device=c.device)).long().clamp_(max=self.classes - 2)
        return one_hot((c.argmax(1) + further) % self.classes, self.classes).float()

    def judged(self, x: Tensor, c: Tensor) -> Tensor:
        """(B, scores), always float32."""
        logits: Tensor = self.discriminator(x, c)
        return logits.float()

    def logits_of(self, x: Tensor, c: Tensor) -> Tensor:
        """(B, 1): of two scores the first, whether it is real."""
        return self.judged(x, c)[:, :1]

    def given(self, c: Tensor) -> Tensor:
        """(B,) class numbers or (B, K) conditions -> latents that ask for them."""
        c = one_hot(c, self.classes).float() if c.dim() == 1 else c
        return torch.cat([chance.normal(len(c), self.latent, device=c.device), c], 1)

    def met_with(self, wanted: Sequence[int]) -> bool:
        """Whether a thing with all of these was met in training."""
        assert isinstance(self.latents, Met)
        return self.latents.knows(wanted)

    def having(self, wanted: Sequence[int], n: int) -> Tensor:
        """(n, attributes) conditions that hold these attributes, by number."""
        assert isinstance(self.latents, Met)
        return self.latents.having(wanted, n)


def latents_of(noise: int, classes: int, attributes: int) -> Codes | Met:
    return Codes(noise=noise, categories=(classes,)) if classes else Met(noise=noise, attributes=attributes)
