"""Autoencoding beyond pixels using a learned similarity metric (VAE-GAN). Larsen, Sønderby, Larochelle and Winther, 2015,
https://arxiv.org/abs/1512.09300

A VAE whose decoder is a GAN's generator, and whose error is not of pixels but of what a layer l of the discriminator makes of
them. Three players, each with a gradient of its own (algorithm 1):

    Enc:  L_prior + L_llike          Dec:  gamma L_llike - L_GAN          Dis:  L_GAN
    L_llike = -E_q log p(Dis_l(x) | z)                                                              (eq. 8)
    L_GAN = log Dis(x) + log(1 - Dis(Dec(z))) + log(1 - Dis(Dec(Enc(x))))                           (eq. 10)

Departures: the Gaussian of eq. 8 has the batch's best variance (as in `rivals.games.vae`) instead of 1, so that the features'
unit does not matter; the decoder's gamma is then on L_llike of one feature, so that their number does not either; and L_GAN is
any criterion, the decoder's side of which need not saturate.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import Adam

from rivals import chance
from rivals.criteria import Adversarial, nonsaturating
from rivals.data.core import Batch
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.games.vae import gaussian_nll, kl_to_standard_normal
from rivals.priors import Normal

adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))


class VAEGAN(Generates):
    """An encoder, a decoder and a discriminator, a player each.

    encoder: (B, *shape) -> (B, 2 * latent), means and log variances. decoder: (B, latent) -> (B, *shape).
    trunk: (B, *shape) -> (B, ...), the features Dis_l. discriminator: (B, ...) -> (B, 1), from there to the logits.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        trunk: nn.Module,
        discriminator: nn.Module,
        *,
        latent: int,
        gamma: float = 1.0,  # likeness against looking real, of the decoder
        adversarial: Adversarial = nonsaturating,
        optim: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.encoder, self.decoder, self.trunk, self.discriminator = encoder, decoder, trunk, discriminator
        self.latents, self.gamma, self.adversarial = Normal(latent), gamma, adversarial
        self.optim, self.schedule = optim, schedule

    def players(self) -> Iterator[Player]:
        for name, owns, loss in (
            ("encoder", [self.encoder], self.loss_Enc),
            ("decoder", [self.decoder], self.loss_Dec),
            ("discriminator", [self.trunk, self.discriminator], self.loss_Dis),
        ):
            yield Player(name=name, owns=owns, loss=loss, optim=self.optim, schedule=self.schedule)

    def loss_Enc(self, batch: Batch) -> Terms:
        mean, log_variance = self.posterior(batch.x)
        like = gaussian_nll(self.trunk(batch.x).float(), self.trunk(self.reconstructed(mean, log_variance)))
        return {"likeness": like, "kl": kl_to_standard_normal(mean, log_variance)}

    def loss_Dec(self, batch: Batch) -> Terms:
        features = self.trunk(batch.x).float()
        same = self.trunk(self.reconstructed(*self.posterior(batch.x)))
        fakes = self.judged(same), self.logits(self.sample(len(batch.x)))
        others = (self.judged(features),) if self.adversarial.paired else ()
        return {
            "likeness": self.gamma / features[0].numel() * gaussian_nll(features, same),
            "adversarial": torch.stack([self.adversarial.generator(*others, fake) for fake in fakes]).mean(),
        }

    def loss_Dis(self, batch: Batch) -> Terms:
        real = self.logits(batch.x)
        fakes = self.logits(self.reconstructed(*self.posterior(batch.x))), self.logits(self.sample(len(batch.x)))
        return {"adversarial": torch.stack([self.adversarial.critic(real, fake) for fake in fakes]).mean()}

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log variances of q(z|x), (B, latent) each."""
        mean, log_variance = self.encoder(x).float().chunk(2, dim=1)
        return mean, log_variance

    def reconstructed(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """The decoder's picture of a draw from q(z|x)."""
        return self.decode(mean + chance.normal(*mean.shape, device=mean.device) * (0.5 * log_variance).exp())

    def judged(self, features: Tensor) -> Tensor:
        logits: Tensor = self.discriminator(features)
        return logits.float()

    def logits(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, 1)."""
        return self.judged(self.trunk(x))

    def encode(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, latent): the means of q(z|x)."""
        return self.posterior(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        x: Tensor = self.decoder(z)
        return x
