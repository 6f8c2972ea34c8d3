"""Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network (SRGAN). Ledig et al., 2016,
https://arxiv.org/abs/1609.04802

The generator enlarges a small picture x to the y that it was made from. By the mean square error alone (SRResNet) it draws the
mean of all y that could be, which is blurred; so what it draws should also be the same to a fixed network (the content loss),
and pass for a picture with a discriminator, which sees large pictures alone (section 2.2):

    L_SR = l(y, G(x)) + weight * L_adv(D(G(x))),        weight 1e-3 in the paper, beside features scaled by 1/12.75
    l the mean square error, or a perceptual distance plus the mean square error
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.optim import Adam

from rivals.criteria import Adversarial, nonsaturating
from rivals.data.beside import two
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game, Optim, Player, Schedule, Terms
from rivals.networks.translators import within
from rivals.penalties import Penalty, of_patches

adam: Optim = partial(Adam, lr=2e-4, betas=(0.9, 0.999))


class SRGAN(Game):
    """What enlarges pictures, and a discriminator of large ones.

    G: (B, C, h, w) -> (B, C, H, W). D: (B, C, H, W) -> (B, 1, ...) logits; None: SRResNet. content: (y, G(x)) -> (), or None.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module | None = None,
        *,
        content: Callable[[Tensor, Tensor], Tensor] | None = None,
        content_weight: float = 1.0,
        weight: float = 1e-3,  # of the adversarial loss
        adversarial: Adversarial = nonsaturating,
        penalty: Penalty | None = None,  # on D's gradient
        optim_g: Optim = adam,
        optim_d: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.G, self.D, self.content = G, D, content
        self.content_weight, self.weight = content_weight, weight
        self.adversarial, self.penalty = adversarial, penalty
        self.optim_g, self.optim_d, self.schedule = optim_g, optim_d, schedule

    def players(self) -> Iterator[Player]:
        if self.D is not None:
            yield Player(name="D", owns=[self.D], loss=self.loss_D, optim=self.optim_d, schedule=self.schedule)
        yield Player(name="G", owns=[self.G], loss=self.loss_G, optim=self.optim_g, schedule=self.schedule)

    def loss_D(self, batch: Batch) -> Terms:
        x, y = two(batch)
        fake = self.G(x)
        terms = {"adversarial": self.adversarial.critic(self.judged(y), self.judged(fake))}
        if self.penalty is not None:
            terms["penalty"] = self.penalty(of_patches(self.judged), y, fake)
        return terms

    def loss_G(self, batch: Batch) -> Terms:
        x, y = two(batch)
        fake = self.G(x).float()
        terms = {"squares": mse_loss(fake, y)}
        if self.content is not None:
            terms["content"] = self.content_weight * self.content(y, fake)
        if self.D is not None:
            others = (self.judged(y),) if self.adversarial.paired else ()
            terms["adversarial"] = self.weight * self.adversarial.generator(*others, self.judged(fake))
        return terms

    def judged(self, y: Tensor) -> Tensor:
        assert self.D is not None
        logits: Tensor = self.D(within(y))
        return logits.float()

    def translate(self, x: Tensor, of: int = 0, to: int = 1) -> Tensor:
        if (of, to) != (0, 1):
            raise UserError("this game learnt one way, from small pictures to large ones")
        y: Tensor = self.G(x)
        return y.float().clamp(-1, 1)
