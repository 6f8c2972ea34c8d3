"""Energy-based Generative Adversarial Network. Zhao, Mathieu and LeCun, 2016, https://arxiv.org/abs/1609.03126

Two players. The discriminator is an autoencoder, and what it thinks of a thing is how badly it gives it back: an energy, low on
the data and raised, up to a margin m, where the generator goes (eq. 1 to 4 of the paper):

    D(x) = |Dec(Enc(x)) - x|        L_D = D(x) + [m - D(G(z))]+        L_G = D(G(z)) + w f_PT(Enc(G(z)))

f_PT, the pulling-away term, keeps the codes of a batch of samples from pointing all one way (section 2.4).

An autoencoder needs no negative examples to learn: it may play alone on real data for the first `pretrain` rounds.
Departure: |.| is the mean of the squares over the numbers of a thing, so that a margin does not depend on a picture's size
(the paper's is a norm over all of them: its margins, 10 for MNIST and 20 for CelebA, are in other units).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, relu
from torch.optim import Adam

from rivals.data.core import Batch
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.priors import Prior

adam: Optim = partial(Adam, lr=1e-3, betas=(0.5, 0.999))


class EBGAN(Generates):
    """A generator against an autoencoder.

    generator: (B, latent) -> (B, *shape), in [-1, 1] for pictures.
    encoder, decoder: (B, *shape) -> (B, code) -> (B, *shape); both are the discriminator's.
    margin: in units of the energy, the mean square error of a number.
    """

    def __init__(
        self,
        generator: nn.Module,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        prior: Prior,
        margin: float = 0.1,
        pulling_away: float = 0.1,  # the weight of f_PT; 0: without
        pretrain: int = 0,  # rounds in which the autoencoder plays alone, on real data
        optim_d: Optim = adam,
        optim_g: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.generator, self.encoder, self.decoder = generator, encoder, decoder
        self.latents, self.margin, self.pulling_away, self.pretrain = prior, margin, pulling_away, pretrain
        self.optim_d, self.optim_g, self.schedule = optim_d, optim_g, schedule

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
            starts=self.pretrain,
            schedule=self.schedule,
        )

    def loss_D(self, batch: Batch) -> Terms:
        terms = {"real": self.energy(batch.x).mean()}
        if self.round >= self.pretrain:
            terms["margin"] = relu(self.margin - self.energy(self.sample(len(batch.x)))).mean()
        return terms

    def loss_G(self, batch: Batch) -> Terms:
        fake = self.sample(len(batch.x))
        code = self.encoder(fake)
        terms = {"energy": reconstruction_error(fake, self.decoder(code), power=2).mean()}
        if self.pulling_away:
            terms["pulling away"] = self.pulling_away * pulling_away(code)
        return terms

    def energy(self, x: Tensor) -> Tensor:
        """D(x): (B, *shape) -> (B, 1), 0 or more."""
        return reconstruction_error(x, self.decoder(self.encoder(x)), power=2)

    def logits(self, x: Tensor) -> Tensor:
        """Minus the energy: (B, *shape) -> (B, 1), high for real. Only their order means something."""
        return -self.energy(x)


def reconstruction_error(x: Tensor, again: Tensor, *, power: float) -> Tensor:
    """mean |x - again|^power over the numbers of each thing: (B, ...) -> (B, 1), float32."""
    return (x.float() - again.float()).abs().pow(power).flatten(1).mean(1, keepdim=True)


def pulling_away(codes: Tensor) -> Tensor:
    """The mean squared cosine over all pairs of a batch (of one process): (B, code) -> (), in [0, 1]. Equation 8."""
    n = len(codes)
    with torch.autocast(codes.device.type, enabled=False):
        directions = normalize(codes.float())
        cosines = directions @ directions.T
    of_pairs = cosines.square().sum() - cosines.diagonal().square().sum()
    return of_pairs / max(1, n * (n - 1))
