"""Generative Adversarial Networks. Goodfellow et al., 2014, https://arxiv.org/abs/1406.2661

Two players. The discriminator D learns to tell real from generated, the generator G to fool it:

    min_G max_D  E log D(x) + E log(1 - D(G(z)))                                                  (eq. 1)

Which criterion, penalty, clipping, prior, how many turns, which networks, what D is shown: all handed over, as objects. Papers
that change only these (DCGAN, LSGAN, WGAN, WGAN-GP, SNGAN, f-GAN, R3GAN ...) are recipes of this one game.

A penalty is on D's slope at what D is shown, views included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import Adam

from rivals import chance
from rivals.criteria import Adversarial, nonsaturating
from rivals.data.core import Batch
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.past import Past, Replay
from rivals.penalties import Penalty, clip_weights
from rivals.priors import Prior
from rivals.remedies import Remedy, treated
from rivals.views import View, Views

dcgan_adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))


class GAN(Generates):
    """A generator against a discriminator.

    generator: (B, latent) -> (B, *shape), in [-1, 1] for pictures.
    discriminator: (B, *shape) -> (B, 1) logits; of the shape that the views make of it.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        *,
        prior: Prior,
        adversarial: Adversarial = nonsaturating,
        penalty: Penalty | None = None,
        penalty_every: int = 1,  # the penalty on each k-th round alone, times k: the same pull at a k-th of the cost
        penalty_schedule: Schedule | None = None,  # a factor on it
        critic_turns: int = 1,
        generator_turns: int = 1,
        clip: float | None = None,  # every weight of D into [-clip, clip] after its step
        flip: float = 0.0,  # share of the rows that D is shown with the wrong label
        views: Sequence[View] = (),  # what D is shown instead of the things themselves, one after another
        replay: Replay | None = None,  # old samples among the new ones, on D's turn
        recall: int | None = None,  # at the end of each so many rounds, some against the networks of their beginning
        optim_d: Optim = dcgan_adam,
        optim_g: Optim = dcgan_adam,
        schedule: Schedule | None = None,
        remedies_d: Sequence[Remedy] = (),
        remedies_g: Sequence[Remedy] = (),
    ):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.latents, self.adversarial, self.penalty = prior, adversarial, penalty
        self.penalty_every, self.penalty_schedule = penalty_every, penalty_schedule
        self.critic_turns, self.generator_turns, self.clip, self.flip = critic_turns, generator_turns, clip, flip
        self.optim_d, self.optim_g, self.schedule = optim_d, optim_g, schedule
        self.remedies_d, self.remedies_g = tuple(remedies_d), tuple(remedies_g)
        if memories := [remedy for remedy in (*remedies_d, *remedies_g) if isinstance(remedy, nn.Module)]:
            self.memories = nn.ModuleList(memories)
        self.views, self.replay = Views(views), replay
        self.past = None if recall is None else Past(generator, discriminator, every=recall)

    def players(self) -> Iterator[Player]:
        critic = Player(
            name="discriminator",
            owns=[self.discriminator],
            loss=self.loss_D,
            optim=self.optim_d,
            turns=self.critic_turns,
            after=None if self.clip is None else partial(clip_weights, self.discriminator, self.clip),
            schedule=self.schedule,
        )
        yield treated(self, critic, self.remedies_d)
        generator = Player(
            name="generator",
            owns=[self.generator],
            loss=self.loss_G,
            optim=self.optim_g,
            turns=self.generator_turns,
            after=None if self.past is None else partial(self.past.keep, self),
            schedule=self.schedule,
        )
        yield treated(self, generator, self.remedies_g)

    def gauges(self) -> dict[str, Tensor]:
        return self.views.gauges()

    def loss_D(self, batch: Batch) -> Terms:
        real, fake = self.seen(batch.x), self.seen(self.generated(len(batch.x)))
        logits = self.logits(real), self.logits(fake)
        # labels change places and not rows: among real rows batch norm would give a few fake ones away
        labelled = exchanged(*logits, self.flip) if self.flip else logits
        terms = {"adversarial": self.adversarial.critic(*labelled)}
        if self.penalty is not None and self.round % self.penalty_every == 0:
            factor = self.penalty_every * (1.0 if self.penalty_schedule is None else self.penalty_schedule(self.progress))
            terms["penalty"] = factor * self.penalty(self.logits, real, fake)
        self.views.heed(logits[0])
        return terms

    def loss_G(self, batch: Batch) -> Terms:
        fake = self.judged(self.sample(len(batch.x)))
        if self.adversarial.paired:
            return {"adversarial": self.adversarial.generator(self.judged(batch.x), fake)}
        return {"adversarial": self.adversarial.generator(fake)}

    def logits(self, x: Tensor, discriminator: nn.Module | None = None) -> Tensor:
        """(B, *shape) -> (B, 1), always float32: of bf16 logits the losses would move in steps of 1/128."""
        logits: Tensor = (self.discriminator if discriminator is None else discriminator)(x)
        return logits.float()

    def judged(self, x: Tensor) -> Tensor:
        """The logits of what D is shown of x, on G's turn."""
        return self.logits(self.seen(x), self.met.discriminator)

    def generated(self, n: int) -> Tensor:
        """What D learns to tell from real, on its turn."""
        fake: Tensor = self.met.generator(self.prior(n))
        return fake if self.replay is None else self.replay(fake)

    @property
    def met(self) -> GAN | Past:
        """Whose networks a player meets: those of today, or in the rounds of a recall those of the past."""
        return self.past if self.past is not None and self.past.met(self.round) else self

    def seen(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B', *shape'): what D is shown of it."""
        shown: Tensor = self.views(x, self.progress)
        return shown


def exchanged(real: Tensor, fake: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Logits (B, 1) of real and of fake things, a share of the rows in each other's place."""
    swap = chance.uniform(len(real), 1, device=real.device) < share
    return torch.where(swap, fake, real), torch.where(swap, real, fake)
