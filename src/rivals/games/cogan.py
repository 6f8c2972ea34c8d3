"""Coupled Generative Adversarial Networks (CoGAN). Liu and Tuzel, 2016, https://arxiv.org/abs/1606.07536

Two GANs, one for each domain, that draw from one z. The generators share their first layers, which decide what is drawn, and
have last layers of their own, which decide how; the discriminators share their last layers. No pairs are shown to anyone, and z
draws pairs (eq. 2):

    max_{G_1, G_2} min_{D_1, D_2}  L(D_1, G_1) + L(D_2, G_2),   with the weights shared

Without shared layers the two would be as if the other was not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import Adam

from rivals.criteria import Adversarial, nonsaturating
from rivals.data.beside import two
from rivals.data.core import Batch
from rivals.game import Game, Optim, Player, Schedule, Terms
from rivals.priors import Prior

adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))


class CoGAN(Game):
    """A generator and a discriminator for each of two domains. Which layers they share is theirs (`rivals.networks.coupled`).

    generators: (B, latent) -> (B, *shape of domain i). discriminators: (B, *shape of domain i) -> (B, 1) logits.
    """

    def __init__(
        self,
        generators: Sequence[nn.Module],
        discriminators: Sequence[nn.Module],
        *,
        prior: Prior,
        adversarial: Adversarial = nonsaturating,
        optim_d: Optim = adam,
        optim_g: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.generators, self.discriminators = nn.ModuleList(generators), nn.ModuleList(discriminators)
        self.latents, self.adversarial = prior, adversarial
        self.optim_d, self.optim_g, self.schedule = optim_d, optim_g, schedule

    def players(self) -> Iterator[Player]:
        for name, nets, loss, optim in (
            ("discriminators", self.discriminators, self.loss_D, self.optim_d),
            ("generators", self.generators, self.loss_G, self.optim_g),
        ):
            yield Player(name=name, owns=[nets], loss=loss, optim=optim, schedule=self.schedule)

    def loss_D(self, batch: Batch) -> Terms:
        z = self.prior(len(batch.x))
        losses = [
            self.adversarial.critic(D(x).float(), D(G(z)).float())
            for D, G, x in zip(self.discriminators, self.generators, two(batch), strict=True)
        ]
        return {"adversarial": torch.stack(losses).sum()}

    def loss_G(self, batch: Batch) -> Terms:
        z = self.prior(len(batch.x))
        losses = []
        for D, G, x in zip(self.discriminators, self.generators, two(batch), strict=True):
            others = (D(x).float(),) if self.adversarial.paired else ()
            losses.append(self.adversarial.generator(*others, D(G(z)).float()))
        return {"adversarial": torch.stack(losses).sum()}

    def prior(self, n: int) -> Tensor:
        return self.latents(n, self.device)

    def draw_pair(self, z: Tensor) -> tuple[Tensor, Tensor]:
        one, other = (G(z).float() for G in self.generators)
        return one, other

    def decode(self, z: Tensor) -> Tensor:
        return self.draw_pair(z)[1]

    def sample(self, n: int) -> Tensor:
        return self.decode(self.prior(n))
