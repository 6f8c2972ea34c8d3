"""Conditional Generative Adversarial Nets. Mirza and Osindero, 2014, https://arxiv.org/abs/1411.1784

Generator and discriminator are both given a condition c, a class or attributes, and play for the pairs (x, c):

    min_G max_D  E log D(x, c) + E log(1 - D(G(z, c), c))                                          (eq. 2)

The conditions of a batch are those of its real rows, for its fakes too. The condition is a part of the latents, so that
whatever draws, walks or inverts latents does so here: `decode` takes (z, c) as one vector, and `prior` draws classes evenly.

A *matching-aware* discriminator also sees real things with a wrong condition, which are as false as fakes. Reed, Akata, Yan,
Logeswaran, Schiele and Lee, 2016, Generative Adversarial Text to Image Synthesis, https://arxiv.org/abs/1605.05396, algorithm
1:

    log D(x, c) + (log(1 - D(x, c')) + log(1 - D(G(z, c), c))) / 2

Of a discriminator with two scores the first one plays real against fake, the second (x, c) against (x, c'), and the generator
wants both high.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch import Tensor, nn
from torch.nn.functional import one_hot
from torch.optim import Adam

from rivals import chance
from rivals.criteria import Adversarial, nonsaturating
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game, Optim, Player, Schedule, Terms
from rivals.priors import Codes

adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))


class ConditionalGAN(Game):
    """A generator that is asked for a class, against a discriminator that knows what was asked for.

    generator: (B, latent + classes) -> (B, *shape), latents and one-hot class.
    discriminator: (B, *shape), (B, classes) -> (B, 1) logits, or (B, 2) of two scores.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        *,
        latent: int,
        classes: int,
        adversarial: Adversarial = nonsaturating,
        matching: bool = False,  # real things with a wrong condition are shown as false
        two_scores: bool = False,  # the discriminator has two; then matching is what the second one is for
        optim_d: Optim = adam,
        optim_g: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        if two_scores and not matching:
            raise UserError("a discriminator of two scores learns the second one from wrong conditions: pass matching too")
        self.generator, self.discriminator = generator, discriminator
        self.latents = Codes(noise=latent, categories=(classes,))
        self.adversarial, self.matching, self.two_scores = adversarial, matching, two_scores
        self.optim_d, self.optim_g, self.schedule = optim_d, optim_g, schedule

    def players(self) -> Iterator[Player]:
        schedule = self.schedule
        yield Player(name="discriminator", owns=[self.discriminator], loss=self.loss_D, optim=self.optim_d, schedule=schedule)
        yield Player(name="generator", owns=[self.generator], loss=self.loss_G, optim=self.optim_g, schedule=schedule)

    def loss_D(self, batch: Batch) -> Terms:
        c = self.asked(batch)
        real, fake = self.judged(batch.x, c), self.judged(self.drawn(c), c)
        if not self.matching:
            return {"adversarial": self.adversarial.critic(real, fake)}
        wrong = self.judged(batch.x, self.wrong(c))
        if self.two_scores:
            return {
                "adversarial": self.adversarial.critic(real[:, :1], fake[:, :1]),
                "matching": self.adversarial.critic(real[:, 1:], wrong[:, 1:]),
            }
        return {
            "adversarial": 0.5 * self.adversarial.critic(real, fake),
            "matching": 0.5 * self.adversarial.critic(real, wrong),
        }

    def loss_G(self, batch: Batch) -> Terms:
        c = self.asked(batch)
        fake = self.judged(self.drawn(c), c)
        others = (self.judged(batch.x, c),) if self.adversarial.paired else ()
        names = ("adversarial", "matching")[: fake.shape[1]]
        return {
            name: self.adversarial.generator(*(scores[:, i : i + 1] for scores in (*others, fake)))
            for i, name in enumerate(names)
        }

    def asked(self, batch: Batch) -> Tensor:
        """(B, classes), the conditions of the batch's rows."""
        if batch.y is None:
            raise UserError("a conditional game learns from labels, and this data has none: give data with classes")
        return self.condition(batch.y)

    def condition(self, y: Tensor) -> Tensor:
        """(B,) class numbers -> (B, classes)."""
        return one_hot(y, self.latents.categories[0]).float()

    def wrong(self, c: Tensor) -> Tensor:
        """Another class for each row, each as likely as any other."""
        classes = c.shape[1]
        further = 1 + ((classes - 1) * chance.uniform(len(c), device=c.device)).long().clamp_(max=classes - 2)
        return self.condition((c.argmax(1) + further) % classes)

    def drawn(self, c: Tensor) -> Tensor:
        """A thing for each condition."""
        return self.decode(self.given(c.argmax(1)))

    def judged(self, x: Tensor, c: Tensor) -> Tensor:
        """(B, scores), always float32."""
        logits: Tensor = self.discriminator(x, c)
        return logits.float()

    def prior(self, n: int) -> Tensor:
        return self.latents(n, self.device)

    def decode(self, z: Tensor) -> Tensor:
        x: Tensor = self.generator(z)
        return x

    def sample(self, n: int) -> Tensor:
        return self.decode(self.prior(n))

    def given(self, y: Tensor) -> Tensor:
        """(B,) class numbers -> latents that ask for them."""
        return self.latents.replaced(self.prior(len(y)), 0, y)
