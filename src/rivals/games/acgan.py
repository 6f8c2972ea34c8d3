"""Conditional Image Synthesis with Auxiliary Classifier GANs. Odena, Olah and Shlens, 2016, https://arxiv.org/abs/1610.09585

The discriminator is not told the class: it has to find it out, of real things and of generated ones, and the generator has to
draw things whose class it finds.

    L_S = E log P(real | x) + E log P(fake | G(z, c))                                              (eq. 2)
    L_C = E log P(C = y | x) + E log P(C = c | G(z, c))                                            (eq. 3)

D maximises L_S + L_C, G maximises L_C - L_S. Here L_S is any criterion. The classes of a batch's fakes are drawn evenly.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Adam

from rivals.criteria import Adversarial, nonsaturating
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.penalties import Penalty
from rivals.priors import Codes

adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))


class ACGAN(Generates):
    """A generator that is asked for a class, against a discriminator that names the class.

    generator: (B, latent + classes) -> (B, *shape), latents and one-hot class.
    trunk: (B, *shape) -> (B, F) features; discriminator: (B, F) -> (B, 1) logits; classifier: (B, F) -> (B, classes) logits.
    """

    latents: Codes

    def __init__(
        self,
        generator: nn.Module,
        trunk: nn.Module,
        discriminator: nn.Module,
        classifier: nn.Module,
        *,
        latent: int,
        classes: int,
        adversarial: Adversarial = nonsaturating,
        weight: float = 1.0,  # of L_C
        penalty: Penalty | None = None,  # on the slope of D's logits of being real
        optim_d: Optim = adam,
        optim_g: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.generator, self.trunk, self.discriminator, self.classifier = generator, trunk, discriminator, classifier
        self.latents = Codes(noise=latent, categories=(classes,))
        self.adversarial, self.weight, self.penalty = adversarial, weight, penalty
        self.optim_d, self.optim_g, self.schedule = optim_d, optim_g, schedule

    def players(self) -> Iterator[Player]:
        yield Player(
            name="discriminator",
            owns=[self.trunk, self.discriminator, self.classifier],
            loss=self.loss_D,
            optim=self.optim_d,
            schedule=self.schedule,
        )
        yield Player(name="generator", owns=[self.generator], loss=self.loss_G, optim=self.optim_g, schedule=self.schedule)

    def loss_D(self, batch: Batch) -> Terms:
        if batch.y is None:
            raise UserError("an ACGAN learns from labels, and this data has none: give data with classes")
        z = self.prior(len(batch.x))
        drawn = self.decode(z)
        (real, of_real), (fake, of_fake) = self.read(batch.x), self.read(drawn)
        classes = cross_entropy(of_real, batch.y) + cross_entropy(of_fake, self.asked(z))
        terms = {"adversarial": self.adversarial.critic(real, fake), "classes": self.weight * classes}
        if self.penalty is not None:
            terms["penalty"] = self.penalty(self.logits, batch.x, drawn)
        return terms

    def loss_G(self, batch: Batch) -> Terms:
        z = self.prior(len(batch.x))
        fake, of_fake = self.read(self.decode(z))
        others = (self.logits(batch.x),) if self.adversarial.paired else ()
        return {
            "adversarial": self.adversarial.generator(*others, fake),
            "classes": self.weight * cross_entropy(of_fake, self.asked(z)),
        }

    def asked(self, z: Tensor) -> Tensor:
        """Latents -> (B,) the classes that they ask for."""
        return z[:, self.latents.noise :].argmax(1)

    def read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, *shape) -> (B, 1) logits of being real, and (B, classes)."""
        f = self.trunk(x)
        return self.discriminator(f).float(), self.classifier(f).float()

    def logits(self, x: Tensor) -> Tensor:
        return self.read(x)[0]

    def given(self, c: Tensor) -> Tensor:
        """(B,) class numbers -> latents that ask for them."""
        return self.latents.replaced(self.prior(len(c)), 0, c)
