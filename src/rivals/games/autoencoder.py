"""Reducing the Dimensionality of Data with Neural Networks. Hinton and Salakhutdinov, 2006,
https://www.cs.toronto.edu/~hinton/science.pdf

One player, an encoder and a decoder, minimises the mean square error of the reconstruction; trained at once, without the
paper's layer by layer. Nothing shapes the law of the codes, so noise is decoded to nothing. To draw all the same, a Gaussian is
fitted to the codes as they go by (mean and covariance), as in Ghosh, Sajjadi, Vergari, Black and Schölkopf, 2019, From
Variational to Deterministic Autoencoders, https://arxiv.org/abs/1903.12436, section 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import Adam

from rivals import chance, processes
from rivals.data.core import Batch
from rivals.game import Game, Optim, Player, Schedule, Terms

adam: Optim = partial(Adam, lr=1e-3)
DECAY = 0.99  # of the moments of the codes, a round
LEAST = 1e-6  # variance that the codes have in each direction


class Autoencoder(Game):
    """An encoder and a decoder, one player.

    encoder: (B, *shape) -> (B, latent). decoder: (B, latent) -> (B, *shape).
    """

    mean: Tensor  # (latent,), of the codes
    second: Tensor  # (latent, latent), E z z^T

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, *, latent: int, optim: Optim = adam, schedule: Schedule | None = None
    ):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.optim, self.schedule = optim, schedule
        self.register_buffer("mean", torch.zeros(latent))
        self.register_buffer("second", torch.eye(latent))

    def players(self) -> Iterator[Player]:
        owns = [self.encoder, self.decoder]
        yield Player(name="autoencoder", owns=owns, loss=self.loss, optim=self.optim, schedule=self.schedule)

    def loss(self, batch: Batch) -> Terms:
        z = self.encode(batch.x)
        self.heed(z.detach().float())
        return {"reconstruction": mean_square_error(batch.x, self.decode(z))}

    def heed(self, z: Tensor) -> None:
        """Moves the moments of the codes towards those of this batch."""
        self.mean.lerp_(processes.mean(z.mean(0)), 1 - DECAY)
        outer = z[:, :, None] * z[:, None, :]  # a matrix product would be bf16's under autocast
        self.second.lerp_(processes.mean(outer.mean(0)), 1 - DECAY)

    def encode(self, x: Tensor) -> Tensor:
        z: Tensor = self.encoder(x)
        return z

    def prior(self, n: int) -> Tensor:
        """Draws from the Gaussian of the codes."""
        noise = chance.normal(n, len(self.mean), device=self.device)
        values, directions = torch.linalg.eigh(self.second - self.mean.outer(self.mean))
        z: Tensor = self.mean + noise * values.clamp(min=LEAST).sqrt() @ directions.T
        return z

    def decode(self, z: Tensor) -> Tensor:
        x: Tensor = self.decoder(z)
        return x

    def sample(self, n: int) -> Tensor:
        return self.decode(self.prior(n))


def mean_square_error(x: Tensor, y: Tensor) -> Tensor:
    """(B, *shape) twice -> (), over all rows and numbers."""
    return (x - y.float()).square().mean()
