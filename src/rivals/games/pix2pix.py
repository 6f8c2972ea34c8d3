"""Image-to-Image Translation with Conditional Adversarial Networks (pix2pix). Isola, Zhu, Zhou and Efros, 2016,
https://arxiv.org/abs/1611.07004

Two players, and pairs: x, and the y that belongs to it. The discriminator sees both, so that it is no use to draw a good y of
another x; the generator's only noise is dropout, which acts at test time too (section 3.1):

    L_cGAN(G, D) = E log D(x, y) + E log(1 - D(x, G(x)))
    L_L1(G) = E |y - G(x)|_1
    G* = arg min_G max_D L_cGAN + lambda L_L1,        lambda = 100

D gives a logit for each patch of the picture, and the mean over patches is its answer. Without a discriminator there is the
regression that the paper compares with, which is blurred wherever y is not certain.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss
from torch.optim import Adam

from rivals.criteria import Adversarial, nonsaturating
from rivals.data.beside import two
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game, Optim, Player, Schedule, Terms
from rivals.penalties import Penalty, of_patches

adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))


class Pix2Pix(Game):
    """A translator that learns from pairs.

    G: (B, *shape of x) -> (B, *shape of y). D: (B, channels of x and of y, H, W) -> (B, 1, h, w) logits; None: L1 alone.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module | None = None,
        *,
        l1: float = 100.0,  # lambda
        adversarial: Adversarial = nonsaturating,
        penalty: Penalty | None = None,  # on D's gradient, of both pictures
        optim_g: Optim = adam,
        optim_d: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.G, self.D = G, D
        self.l1, self.adversarial, self.penalty = l1, adversarial, penalty
        self.optim_g, self.optim_d, self.schedule = optim_g, optim_d, schedule

    def players(self) -> Iterator[Player]:
        if self.D is not None:
            yield Player(name="D", owns=[self.D], loss=self.loss_D, optim=self.optim_d, schedule=self.schedule)
        yield Player(name="G", owns=[self.G], loss=self.loss_G, optim=self.optim_g, schedule=self.schedule)

    def loss_D(self, batch: Batch) -> Terms:
        x, y = two(batch)
        real, fake = both(x, y), both(x, self.G(x))
        terms = {"adversarial": self.adversarial.critic(self.judge(real), self.judge(fake))}
        if self.penalty is not None:
            terms["penalty"] = self.penalty(of_patches(self.judge), real, fake)
        return terms

    def loss_G(self, batch: Batch) -> Terms:
        x, y = two(batch)
        fake = self.G(x)
        terms = {"L1": self.l1 * l1_loss(fake.float(), y)} if self.l1 else {}
        if self.D is not None:
            others = (self.judge(both(x, y)),) if self.adversarial.paired else ()
            terms["adversarial"] = self.adversarial.generator(*others, self.judge(both(x, fake)))
        return terms

    def judge(self, pair: Tensor) -> Tensor:
        """(B, channels of x and of y, H, W) -> (B, 1, h, w) logits."""
        assert self.D is not None
        logits: Tensor = self.D(pair)
        return logits.float()

    def translate(self, x: Tensor, of: int = 0, to: int = 1) -> Tensor:
        if (of, to) != (0, 1):
            raise UserError("this game learnt one way, from the first domain to the second")
        y: Tensor = self.G(x)
        return y.float()


def both(x: Tensor, y: Tensor) -> Tensor:
    """What the discriminator sees as one."""
    return torch.cat([x, y.to(x.dtype)], 1)
