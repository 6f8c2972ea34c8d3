"""One translator, one discriminator, no pairs, no way back. Galanti, Wolf and Benaim, 2017, The Role of Minimal Complexity
Functions in Unsupervised Learning of Semantic Mappings, https://arxiv.org/abs/1709.00074

D asks of G(x) nothing but that it looks like a y, and any y would do. What still ties it to x (H. Lee's lectures, "direct
transformation"): a generator of few layers cannot draw far from what it sees (the paper: the simplest mapping that fits is the
one that is meant); or a fixed network, which has to see the same in both:

    L_G = L_adv(D(G(x))) + weight * d(x, G(x)),        d the distance of `rivals.perceptual`, or of pixels
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from torch import Tensor, nn
from torch.optim import Adam

from rivals.criteria import Adversarial, least_squares
from rivals.data.beside import two
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game, Optim, Player, Schedule, Terms
from rivals.penalties import Penalty, of_patches

adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))


class OneSided(Game):
    """A translator and a discriminator of the second domain.

    G: (B, *shape of X) -> (B, *shape of Y). D: (B, C, H, W) -> (B, 1, h, w) logits. kept: (x, G(x)) -> (), or None.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        *,
        kept: Callable[[Tensor, Tensor], Tensor] | None = None,
        weight: float = 1.0,
        adversarial: Adversarial = least_squares,
        penalty: Penalty | None = None,
        optim_g: Optim = adam,
        optim_d: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.G, self.D, self.kept, self.weight = G, D, kept, weight
        self.adversarial, self.penalty = adversarial, penalty
        self.optim_g, self.optim_d, self.schedule = optim_g, optim_d, schedule

    def players(self) -> Iterator[Player]:
        yield Player(name="D", owns=[self.D], loss=self.loss_D, optim=self.optim_d, schedule=self.schedule)
        yield Player(name="G", owns=[self.G], loss=self.loss_G, optim=self.optim_g, schedule=self.schedule)

    def loss_D(self, batch: Batch) -> Terms:
        x, y = two(batch)
        fake = self.G(x)
        terms = {"adversarial": self.adversarial.critic(self.D(y).float(), self.D(fake).float())}
        if self.penalty is not None:
            terms["penalty"] = self.penalty(of_patches(self.D), y, fake)
        return terms

    def loss_G(self, batch: Batch) -> Terms:
        x, y = two(batch)
        fake = self.G(x)
        others = (self.D(y).float(),) if self.adversarial.paired else ()
        terms = {"adversarial": self.adversarial.generator(*others, self.D(fake).float())}
        if self.kept is not None:
            terms["kept"] = self.weight * self.kept(x, fake.float())
        return terms

    def translate(self, x: Tensor, of: int = 0, to: int = 1) -> Tensor:
        if (of, to) != (0, 1):
            raise UserError("this game learnt one way, from the first domain to the second")
        y: Tensor = self.G(x)
        return y.float()
