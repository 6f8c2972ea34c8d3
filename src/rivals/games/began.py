"""BEGAN: Boundary Equilibrium Generative Adversarial Networks. Berthelot, Schumm and Metz, 2017, https://arxiv.org/abs/1703.10717

Two players. The discriminator is an autoencoder with the loss L(v) = mean |v - Dec(Enc(v))| of a thing v; it learns to give the
data back and samples not. How much it minds samples is k, which holds the two losses in proportion (section 3.4):

    L_D = L(x) - k_t L(G(z_D))        L_G = L(G(z_G))
    k_{t+1} = k_t + lambda_k (gamma L(x) - L(G(z_G))),    k in [0, 1], k_0 = 0

At the equilibrium E L(G(z)) = gamma E L(x): gamma is the diversity ratio. Low, and the discriminator mostly reconstructs: clean
pictures of few kinds; high, and it tells apart more. L(x) + |gamma L(x) - L(G(z_G))| measures convergence (section 3.4.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import Adam

from rivals import processes
from rivals.data.core import Batch
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.games.ebgan import reconstruction_error
from rivals.priors import Prior

adam: Optim = partial(Adam, lr=1e-4, betas=(0.5, 0.999))


class BEGAN(Generates):
    """A generator against an autoencoder, held in balance.

    generator: (B, latent) -> (B, *shape), in [-1, 1] for pictures.
    encoder, decoder: (B, *shape) -> (B, code) -> (B, *shape); both are the discriminator's.
    """

    k: Tensor
    loss_real: Tensor
    loss_fake: Tensor

    def __init__(
        self,
        generator: nn.Module,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        prior: Prior,
        gamma: float = 0.5,  # the ratio of the two losses that is aimed at
        lambda_k: float = 1e-3,  # how far k moves a round
        optim_d: Optim = adam,
        optim_g: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.generator, self.encoder, self.decoder = generator, encoder, decoder
        self.latents, self.gamma, self.lambda_k = prior, gamma, lambda_k
        self.optim_d, self.optim_g, self.schedule = optim_d, optim_g, schedule
        for name in ("k", "loss_real", "loss_fake"):  # the losses: L(x) and L(G(z_G)) of the last batches
            self.register_buffer(name, torch.zeros(()))

    def players(self) -> Iterator[Player]:
        yield Player(
            name="discriminator",
            owns=[self.encoder, self.decoder],
            loss=self.loss_D,
            optim=self.optim_d,
            schedule=self.schedule,
        )
        yield Player(
            name="generator",
            owns=[self.generator],
            loss=self.loss_G,
            optim=self.optim_g,
            after=self.balance,
            schedule=self.schedule,
        )

    def loss_D(self, batch: Batch) -> Terms:
        real, fake = self.energy(batch.x).mean(), self.energy(self.sample(len(batch.x))).mean()
        self.loss_real.copy_(processes.mean(real))
        return {"real": real, "fake": -self.k * fake}

    def loss_G(self, batch: Batch) -> Terms:
        fake = self.energy(self.sample(len(batch.x))).mean()
        self.loss_fake.copy_(processes.mean(fake))
        return {"energy": fake}

    @torch.no_grad()
    def balance(self) -> None:
        """k_t -> k_{t+1}, of the losses of all processes."""
        self.k.add_(self.lambda_k * self.imbalance()).clamp_(0, 1)

    def imbalance(self) -> Tensor:
        return self.gamma * self.loss_real - self.loss_fake

    def gauges(self) -> dict[str, Tensor]:
        return {"k": self.k, "convergence": self.loss_real + self.imbalance().abs()}

    def energy(self, x: Tensor) -> Tensor:
        """L(x): (B, *shape) -> (B, 1), 0 or more."""
        return reconstruction_error(x, self.decoder(self.encoder(x)), power=1)

    def logits(self, x: Tensor) -> Tensor:
        """Minus the energy: (B, *shape) -> (B, 1), high for real. Only their order means something."""
        return -self.energy(x)
