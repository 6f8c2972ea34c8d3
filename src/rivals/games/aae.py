"""Adversarial Autoencoders. Makhzani, Shlens, Jaitly, Goodfellow and Frey, 2015, https://arxiv.org/abs/1511.05644

An autoencoder whose codes a discriminator holds to the prior, where the VAE has a KL term (figure 1). Each round has two phases
(section 2): the *reconstruction phase* moves encoder and decoder by the square error, the *regularization phase* first the
discriminator, which tells draws from p(z) from codes, and then the encoder, its generator, which wants to be taken for p(z).
The encoder is deterministic, so that the data alone makes q(z) (section 2, the first of the three choices).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch import Tensor, nn
from torch.optim import Adam

from rivals.criteria import Adversarial, nonsaturating
from rivals.data.core import Batch
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.games.autoencoder import mean_square_error
from rivals.priors import Prior

adam: Optim = partial(Adam, lr=1e-3)
adam_z: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))


class AAE(Generates):
    """An autoencoder, and a discriminator of its codes.

    encoder: (B, *shape) -> (B, latent). decoder: (B, latent) -> (B, *shape).
    discriminator: (B, latent) -> (B, 1) logits, high for draws from the prior.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        discriminator: nn.Module,
        *,
        prior: Prior,
        adversarial: Adversarial = nonsaturating,
        optim: Optim = adam,  # of the reconstruction
        optim_z: Optim = adam_z,  # of the two who play for the codes
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.encoder, self.decoder, self.discriminator = encoder, decoder, discriminator
        self.latents, self.adversarial = prior, adversarial
        self.optim, self.optim_z, self.schedule = optim, optim_z, schedule

    def players(self) -> Iterator[Player]:
        for name, owns, loss, optim in (
            ("autoencoder", [self.encoder, self.decoder], self.loss_R, self.optim),
            ("discriminator", [self.discriminator], self.loss_D, self.optim_z),
            ("encoder", [self.encoder], self.loss_E, self.optim_z),
        ):
            yield Player(name=name, owns=owns, loss=loss, optim=optim, schedule=self.schedule)

    def loss_R(self, batch: Batch) -> Terms:
        return {"reconstruction": mean_square_error(batch.x, self.decode(self.encode(batch.x)))}

    def loss_D(self, batch: Batch) -> Terms:
        real, fake = self.judged(self.prior(len(batch.x))), self.judged(self.encode(batch.x))
        return {"adversarial": self.adversarial.critic(real, fake)}

    def loss_E(self, batch: Batch) -> Terms:
        fake = self.judged(self.encode(batch.x))
        if self.adversarial.paired:
            return {"adversarial": self.adversarial.generator(self.judged(self.prior(len(batch.x))), fake)}
        return {"adversarial": self.adversarial.generator(fake)}

    def judged(self, z: Tensor) -> Tensor:
        logits: Tensor = self.discriminator(z)
        return logits.float()

    def encode(self, x: Tensor) -> Tensor:
        z: Tensor = self.encoder(x)
        return z

    def decode(self, z: Tensor) -> Tensor:
        x: Tensor = self.decoder(z)
        return x
