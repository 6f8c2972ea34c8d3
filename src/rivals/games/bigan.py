"""Adversarial Feature Learning (BiGAN). Donahue, Krähenbühl and Darrell, 2016, https://arxiv.org/abs/1605.09782; and
Adversarially Learned Inference (ALI). Dumoulin, Belghazi, Poole, Mastropietro, Lamb, Arjovsky and Courville, 2016,
https://arxiv.org/abs/1606.00704

An encoder E goes the generator's way back, and neither ever sees the other: the discriminator judges pairs of a thing and a
latent,

    min_{G,E} max_D  E log D(x, E(x)) + E log(1 - D(G(z), z))                                      (BiGAN, eq. 3)

At the optimum both pairs have one law, and E and G are each other's inverse (theorem 2), though no pixel was ever compared. In
BiGAN E is a function, in ALI a Gaussian q(z|x), whose mean and log variance the encoder gives.

G and E, one player, minimise the criterion with the two kinds of pairs exchanged (section 3.4: the inverse objective), which
does not saturate.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch import Tensor, nn
from torch.optim import Adam

from rivals import chance
from rivals.criteria import Adversarial, nonsaturating
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.priors import Prior

adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))


class BiGAN(Generates):
    """A generator and an encoder against a discriminator of pairs.

    generator: (B, latent) -> (B, *shape). encoder: (B, *shape) -> (B, latent), or (B, 2 * latent) where it is stochastic.
    discriminator: (B, *shape), (B, latent) -> (B, 1) logits, high for (x, E(x)).
    """

    def __init__(
        self,
        generator: nn.Module,
        encoder: nn.Module,
        discriminator: nn.Module,
        *,
        prior: Prior,
        stochastic: bool = False,  # ALI
        adversarial: Adversarial = nonsaturating,
        optim_d: Optim = adam,
        optim_g: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        if adversarial.paired:
            raise UserError(
                "BiGAN exchanges its two kinds of pairs, which a relativistic criterion has done already: take another"
            )
        self.generator, self.encoder, self.discriminator = generator, encoder, discriminator
        self.latents, self.stochastic, self.adversarial = prior, stochastic, adversarial
        self.optim_d, self.optim_g, self.schedule = optim_d, optim_g, schedule

    def players(self) -> Iterator[Player]:
        yield Player(
            name="discriminator", owns=[self.discriminator], loss=self.loss_D, optim=self.optim_d, schedule=self.schedule
        )
        yield Player(
            name="generator and encoder",
            owns=[self.generator, self.encoder],
            loss=self.loss_GE,
            optim=self.optim_g,
            schedule=self.schedule,
        )

    def loss_D(self, batch: Batch) -> Terms:
        real, fake = self.pairs(batch.x)
        return {"adversarial": self.adversarial.critic(real, fake)}

    def loss_GE(self, batch: Batch) -> Terms:
        real, fake = self.pairs(batch.x)
        return {"adversarial": self.adversarial.critic(fake, real)}

    def pairs(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of (x, E(x)) and of (G(z), z)."""
        z = self.prior(len(x))
        return self.judged(x, self.drawn(x)), self.judged(self.decode(z), z)

    def judged(self, x: Tensor, z: Tensor) -> Tensor:
        logits: Tensor = self.discriminator(x, z)
        return logits.float()

    def drawn(self, x: Tensor) -> Tensor:
        """(B, latent): E(x), or a draw from q(z|x)."""
        if not self.stochastic:
            return self.encode(x)
        mean, log_variance = self.encoder(x).float().chunk(2, dim=1)
        z: Tensor = mean + (0.5 * log_variance).exp() * chance.normal(*mean.shape, device=mean.device)
        return z

    def encode(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, latent): E(x), or the mean of q(z|x)."""
        z: Tensor = self.encoder(x)
        return z.chunk(2, dim=1)[0] if self.stochastic else z
