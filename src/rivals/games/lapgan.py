"""Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks. Denton, Chintala, Szlam and Fergus, 2015,
https://arxiv.org/abs/1506.05751

A picture is drawn coarse to fine. With I_k the picture halved k times and l_k = u(I_{k+1}) the coarser one enlarged, the
coarsest generator draws I_K from noise, and each finer one the detail h_k = I_k - l_k that l_k lacks (section 2.2):

    I_k = u(I_{k+1}) + G_k(z_k, u(I_{k+1}))

Each level is a conditional GAN of its own, with a discriminator of (I_k, l_k): real ones are those of the data's pyramid, and
the generator is given the data's l_k too, so that levels do not wait for each other; only when samples are drawn do they form a
chain. Both are told the class, where the data has classes. Players of a finer level may start later: low to high resolution.
In code levels are counted from the coarsest.

Departure: D_k is shown I_k and l_k side by side and not their sum alone, so that it can see whether the detail fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate, one_hot
from torch.optim import Adam

from rivals import chance
from rivals.criteria import Adversarial, nonsaturating
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Generates, Optim, Player, Schedule, Terms
from rivals.priors import Codes

adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))
Size = tuple[int, int]


def sizes_of(size: Size, levels: int) -> list[Size]:
    """Of the pictures from the coarsest to the finest, each half of the next, rounded up.

    >>> sizes_of((28, 24), 2)
    [(7, 6), (14, 12), (28, 24)]
    """
    found = [size]
    for _ in range(levels):
        found.insert(0, (-(-found[0][0] // 2), -(-found[0][1] // 2)))
    return found


class Level(NamedTuple):
    I: Tensor  # (B, C, h, w)  # noqa: E741
    low: Tensor | None  # (B, C, h, w), the level below enlarged; None of the coarsest


def enlarged(x: Tensor, size: Size) -> Tensor:
    """u: (B, C, h, w) -> (B, C, *size)."""
    return interpolate(x, size=size, mode="bilinear", align_corners=False)


class LAPGAN(Generates):
    """A generator and a discriminator for each level.

    generators: the first (B, latent + K) -> (B, C, *sizes[0]); the others (B, C, h, w), (B, 1, h, w), (B, K) -> (B, C, h, w):
    enlarged picture, noise and class -> detail. discriminators: (B, C or 2 C, h, w), (B, K) -> (B, 1) logits.
    """

    latents: Codes

    def __init__(
        self,
        generators: Sequence[nn.Module],
        discriminators: Sequence[nn.Module],
        *,
        sizes: Sequence[Size],
        latent: int,
        classes: int = 0,
        later: int = 0,  # rounds after which the next level starts
        adversarial: Adversarial = nonsaturating,
        optim_d: Optim = adam,
        optim_g: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.generators, self.discriminators = nn.ModuleList(generators), nn.ModuleList(discriminators)
        self.sizes, self.latent, self.classes, self.later = list(sizes), latent, classes, later
        noise = latent + sum(height * width for height, width in self.sizes[1:])
        self.latents = Codes(noise=noise, categories=(classes,) if classes else ())
        self.adversarial, self.optim_d, self.optim_g, self.schedule = adversarial, optim_d, optim_g, schedule

    def players(self) -> Iterator[Player]:
        for k, (height, width) in enumerate(self.sizes):
            for name, network, loss, optim in (
                ("discriminator", self.discriminators[k], self.loss_D, self.optim_d),
                ("generator", self.generators[k], self.loss_G, self.optim_g),
            ):
                yield Player(
                    name=f"{name} {width}x{height}",
                    owns=[network],
                    loss=partial(loss, k),
                    optim=optim,
                    starts=k * self.later,
                    schedule=self.schedule,
                )

    def loss_D(self, k: int, batch: Batch) -> Terms:
        level, c = self.level(k, batch.x), self.asked(batch)
        real, fake = self.judged(k, level.I, level.low, c), self.judged(k, self.drawn(k, level.low, c), level.low, c)
        return {"adversarial": self.adversarial.critic(real, fake)}

    def loss_G(self, k: int, batch: Batch) -> Terms:
        level, c = self.level(k, batch.x), self.asked(batch)
        others = (self.judged(k, level.I, level.low, c),) if self.adversarial.paired else ()
        return {"adversarial": self.adversarial.generator(*others, self.judged(k, self.drawn(k, level.low, c), level.low, c))}

    def level(self, k: int, x: Tensor) -> Level:
        """Level k of a picture's pyramid, counted from the coarsest."""
        image = x if k == len(self.sizes) - 1 else adaptive_avg_pool2d(x, self.sizes[k])
        return Level(image, enlarged(adaptive_avg_pool2d(x, self.sizes[k - 1]), self.sizes[k]) if k else None)

    def drawn(self, k: int, low: Tensor | None, c: Tensor) -> Tensor:
        """A picture of level k for each row of conditions."""
        height, width = self.sizes[k]
        n = self.latent if low is None else height * width
        return self.finer(k, low, chance.normal(len(c), n, device=c.device), c)

    def finer(self, k: int, low: Tensor | None, z: Tensor, c: Tensor) -> Tensor:
        """The picture of level k, (B, C, h, w), from the enlarged one below and the noise of this level, (B, n)."""
        if low is None:
            coarsest: Tensor = self.generators[k](torch.cat([z, c], 1))
            return coarsest
        detail: Tensor = self.generators[k](low, z.view(-1, 1, *self.sizes[k]), c)
        return low + detail

    def judged(self, k: int, x: Tensor, low: Tensor | None, c: Tensor) -> Tensor:
        logits: Tensor = self.discriminators[k](x if low is None else torch.cat([x, low], 1), c)
        return logits.float()

    def asked(self, batch: Batch) -> Tensor:
        """(B, K), the classes of the batch's rows."""
        if not self.classes:
            return batch.x.new_empty(len(batch.x), 0)
        if batch.y is None:
            raise UserError("this pyramid draws by class, and these rows have none: give data with classes")
        return one_hot(batch.y, self.classes).float()

    def given(self, c: Tensor) -> Tensor:
        """(B,) class numbers -> latents that ask for them."""
        if not self.classes:
            raise UserError("this pyramid was trained without classes: it draws none on demand")
        return self.latents.replaced(self.prior(len(c)), 0, c)

    def decode(self, z: Tensor) -> Tensor:
        """(B, latent + noise of the finer levels + K) -> (B, C, H, W), level by level."""
        parts = [self.latent, *(height * width for height, width in self.sizes[1:]), self.classes]
        *noises, c = torch.split(z, parts, dim=1)
        x: Tensor | None = None
        for k, noise in enumerate(noises):
            x = self.finer(k, None if x is None else enlarged(x, self.sizes[k]), noise, c)
        assert x is not None
        return x.clamp(-1, 1)
