"""Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks (CycleGAN). Zhu, Park, Isola and Efros, 2017,
https://arxiv.org/abs/1703.10593

Two translators and two discriminators, and two heaps of pictures that nobody paired: G turns an x into a y, F a y into an x,
D_Y and D_X judge what comes out. Either alone would be free to draw any good y of any x; so what is translated there and back
should be what it was (section 3):

    L(G, F, D_X, D_Y) = L_GAN(G, D_Y) + L_GAN(F, D_X) + lambda L_cyc + lambda_id L_identity
    L_cyc = E |F(G(x)) - x|_1 + E |G(F(y)) - y|_1                                                    (eq. 2)
    L_identity = E |G(y) - y|_1 + E |F(x) - x|_1                                                     (section 5.2)

L_GAN is that of least squares, and the discriminators see half old translations, from a pool of 50 (section 4). Other papers of
the same season differ in the criterion, the distance of the cycle and the networks: DiscoGAN (Kim, Cha, Kim, Lee and Kim, 2017,
https://arxiv.org/abs/1703.05192) and DualGAN (Yi, Zhang, Tan and Gong, 2017, https://arxiv.org/abs/1704.02510).

A translator that only has to please F can hide the picture in what nobody sees (Chu, Zhmoginov and Sandler, 2017, CycleGAN, a
Master of Steganography, https://arxiv.org/abs/1712.02950). `noise` is added to a translation before it is turned back, so that
what is hidden in little is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from torch import Tensor, nn
from torch.nn.functional import l1_loss
from torch.optim import Adam

from rivals import chance
from rivals.criteria import Adversarial, least_squares
from rivals.data.beside import two
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game, Optim, Player, Schedule, Terms
from rivals.past import Replay
from rivals.penalties import Penalty, clip_weights, of_patches

adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))
Distance = Callable[[Tensor, Tensor], Tensor]  # (B, *shape) twice -> ()


class CycleGAN(Game):
    """Two translators, F after G and G after F, and two discriminators.

    G: (B, *shape of X) -> (B, *shape of Y), F back. D_X, D_Y: (B, C, H, W) -> (B, 1, h, w) logits.
    """

    def __init__(
        self,
        G: nn.Module,
        F: nn.Module,
        D_X: nn.Module,
        D_Y: nn.Module,
        *,
        cycle: float = 5.0,  # lambda: the paper's 10 stands beside least squares without a half
        identity: float = 0.0,  # lambda_id, as a share of lambda: 0.5 in the paper, where it is used
        distance: Distance = l1_loss,  # of a thing and what comes back
        noise: float = 0.0,  # standard deviation, added to a translation before it is turned back
        adversarial: Adversarial = least_squares,
        penalty: Penalty | None = None,  # on the discriminators' gradients
        clip: float | None = None,  # of the discriminators' weights (DualGAN)
        pool_X: Replay | None = None,
        pool_Y: Replay | None = None,
        critic_turns: int = 1,
        optim_g: Optim = adam,
        optim_d: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.G, self.F, self.D_X, self.D_Y = G, F, D_X, D_Y
        self.pool_X, self.pool_Y = pool_X, pool_Y
        self.cycle, self.identity, self.distance, self.noise = cycle, identity, distance, noise
        self.adversarial, self.penalty, self.clip, self.critic_turns = adversarial, penalty, clip, critic_turns
        self.optim_g, self.optim_d, self.schedule = optim_g, optim_d, schedule

    def players(self) -> Iterator[Player]:
        yield Player(name="translators", owns=[self.G, self.F], loss=self.loss_GF, optim=self.optim_g, schedule=self.schedule)
        for name, D, loss in (("D_X", self.D_X, self.loss_D_X), ("D_Y", self.D_Y, self.loss_D_Y)):
            yield Player(
                name=name,
                owns=[D],
                loss=loss,
                optim=self.optim_d,
                turns=self.critic_turns,
                after=None if self.clip is None else partial(clip_weights, D, self.clip),
                schedule=self.schedule,
            )

    def loss_GF(self, batch: Batch) -> Terms:
        x, y = two(batch)
        fake_y, fake_x = self.G(x), self.F(y)
        terms = {
            "G": self.fooled(self.D_Y, fake_y, y),
            "F": self.fooled(self.D_X, fake_x, x),
            "cycle X": self.cycle * self.distance(self.F(self.disturbed(fake_y)).float(), x),
            "cycle Y": self.cycle * self.distance(self.G(self.disturbed(fake_x)).float(), y),
        }
        if self.identity:
            same = l1_loss(self.G(y).float(), y) + l1_loss(self.F(x).float(), x)
            terms["identity"] = self.identity * self.cycle * same
        return terms

    def loss_D_X(self, batch: Batch) -> Terms:
        x, y = two(batch)
        return self.told_apart(self.D_X, x, self.F(y), self.pool_X)

    def loss_D_Y(self, batch: Batch) -> Terms:
        x, y = two(batch)
        return self.told_apart(self.D_Y, y, self.G(x), self.pool_Y)

    def told_apart(self, D: nn.Module, real: Tensor, fake: Tensor, pool: Replay | None) -> Terms:
        fake = fake if pool is None else pool(fake)
        terms = {"adversarial": self.adversarial.critic(D(real).float(), D(fake).float())}
        if self.penalty is not None:
            terms["penalty"] = self.penalty(of_patches(D), real, fake)
        return terms

    def fooled(self, D: nn.Module, fake: Tensor, real: Tensor) -> Tensor:
        others = (D(real).float(),) if self.adversarial.paired else ()
        return self.adversarial.generator(*others, D(fake).float())

    def disturbed(self, x: Tensor) -> Tensor:
        return x + self.noise * chance.normal(*x.shape, device=x.device).to(x.dtype) if self.noise else x

    def translate(self, x: Tensor, of: int = 0, to: int = 1) -> Tensor:
        if {of, to} != {0, 1}:
            raise UserError("this game learnt two domains: translate from the one to the other")
        y: Tensor = (self.G if to else self.F)(x)
        return y.float()
