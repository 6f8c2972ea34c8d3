"""Auto-Encoding Variational Bayes. Kingma and Welling, 2013, https://arxiv.org/abs/1312.6114

One player who owns an encoder q(z|x) and a decoder p(x|z), and minimises minus the evidence bound (eq. 3), in nats a picture:

    E_q -log p(x|z)  +  beta * KL(q(z|x) | N(0, 1))

p(x|z) is a Gaussian around the decoder's output with one variance for all, set to its optimum in each batch (Rybkin et al.,
2021, "Simple and effective VAE training with calibrated decoders", https://arxiv.org/abs/2006.13202): no weight between the two
terms is left to tune, and beta = 1 is the bound itself. Departure from the paper, which fits a Bernoulli to grey digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from torch import Tensor, nn
from torch.optim import Adam

from rivals import chance, processes
from rivals.data.core import Batch
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.priors import Normal

adam: Optim = partial(Adam, lr=1e-3)


class VAE(Generates):
    """An encoder and a decoder, one player.

    encoder: (B, *shape) -> (B, 2 * latent), means and log variances.
    decoder: (B, latent) -> (B, *shape).
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        latent: int,
        beta: float = 1.0,
        optim: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.latents, self.beta, self.optim, self.schedule = Normal(latent), beta, optim, schedule

    def players(self) -> Iterator[Player]:
        yield Player(name="vae", owns=[self.encoder, self.decoder], loss=self.loss, optim=self.optim, schedule=self.schedule)

    def loss(self, batch: Batch) -> Terms:
        mean, log_variance = self.encoder(batch.x).float().chunk(2, dim=1)
        noise = chance.normal(*mean.shape, device=mean.device)
        x = self.decode(mean + noise * (0.5 * log_variance).exp())
        return {
            "reconstruction": gaussian_nll(batch.x, x),
            "kl": self.beta * kl_to_standard_normal(mean, log_variance),
        }

    def encode(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, latent): the means of q(z|x)."""
        mean: Tensor = self.encoder(x).chunk(2, dim=1)[0]
        return mean

    def decode(self, z: Tensor) -> Tensor:
        """(B, latent) -> (B, *shape): the means of p(x|z); no pixel noise is added."""
        x: Tensor = self.decoder(z)
        return x


def gaussian_nll(x: Tensor, mean: Tensor) -> Tensor:
    """-log N(x; mean, v), summed over a row, mean over rows, at the best v for the batch of all processes, which is the mean
    square error: D / 2 * (1 + log(2 pi v)). At the optimum the gradient through v is zero, so v is a constant here."""
    error = (x - mean.float()).square().mean()
    v = processes.mean(error) + 1e-6  # a decoder that fits flat data to the last bit
    return 0.5 * x[0].numel() * (error / v + (2 * math.pi * v).log())


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) | N(0, 1)) in nats: (B, d) -> (), summed over d, mean over rows (appendix B)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
