"""Context Encoders: Feature Learning by Inpainting. Pathak, Krähenbühl, Donahue, Darrell and Efros, 2016,
https://arxiv.org/abs/1604.07379

The generator sees a picture x with holes, M = 1 there, and where they are, and fills them:

    L_rec = |M (x - F((1 - M) x, M))|^2,     the mean over the holes                                  (eq. 1)
    L_adv = max_D E log D(x) + log(1 - D(what was filled))                                           (eq. 2, 3)
    L = lambda_rec L_rec + lambda_adv L_adv,    0.999 and 0.001

What is known is never drawn again: it is taken over. Squares alone are blurred, since the mean of all that could be there is
nearest to it. Departures: the holes may be strokes of a brush, drawn anew for each row; the discriminator sees the whole
picture, filled, and judges patches of it. A batch brings pictures with holes and, beside them, the whole ones; training makes
its own holes in these.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim import Adam

from rivals import chance
from rivals.criteria import Adversarial, nonsaturating
from rivals.data.beside import two
from rivals.data.changed import STROKES, centre, holed, strokes
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game, Optim, Player, Schedule, Terms
from rivals.penalties import Penalty, of_patches

adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))
Holes = Literal["centre", "strokes"]


class ContextEncoder(Game):
    """What fills holes, and a discriminator of filled pictures.

    G: (B, C + 1, H, W), the picture and as a last channel -1 in the holes and 1 elsewhere -> (B, C, H, W).
    D: (B, C, H, W) -> (B, 1, h, w) logits; None: squares alone.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module | None = None,
        *,
        holes: Holes = "centre",
        weight: float = 1e-3,  # lambda_adv; lambda_rec is 1 - that
        adversarial: Adversarial = nonsaturating,
        penalty: Penalty | None = None,  # on D's gradient
        optim_g: Optim = adam,
        optim_d: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.G, self.D, self.holes = G, D, holes
        self.weight = weight if D is not None else 0.0
        self.adversarial, self.penalty = adversarial, penalty
        self.optim_g, self.optim_d, self.schedule = optim_g, optim_d, schedule

    def players(self) -> Iterator[Player]:
        if self.D is not None:
            yield Player(name="D", owns=[self.D], loss=self.loss_D, optim=self.optim_d, schedule=self.schedule)
        yield Player(name="G", owns=[self.G], loss=self.loss_G, optim=self.optim_g, schedule=self.schedule)

    def loss_D(self, batch: Batch) -> Terms:
        _, x = two(batch)
        filled = self.translate(holed(x, self.drawn(x)))
        terms = {"adversarial": self.adversarial.critic(self.judged(x), self.judged(filled))}
        if self.penalty is not None:
            terms["penalty"] = self.penalty(of_patches(self.judged), x, filled)
        return terms

    def loss_G(self, batch: Batch) -> Terms:
        _, x = two(batch)
        holes = self.drawn(x)
        filled = self.translate(holed(x, holes))
        squares = (holes * (filled - x).square()).sum() / (holes.sum() * x.shape[1]).clamp(min=1)
        terms = {"squares": (1 - self.weight) * squares}
        if self.D is not None:
            others = (self.judged(x),) if self.adversarial.paired else ()
            terms["adversarial"] = self.weight * self.adversarial.generator(*others, self.judged(filled))
        return terms

    def drawn(self, x: Tensor) -> Tensor:
        """(B, 1, H, W): 1 in the holes of this turn."""
        if self.holes == "centre":
            return centre(x)
        return strokes(chance.uniform(len(x), STROKES, 5, device=x.device), (x.shape[2], x.shape[3]))

    def judged(self, x: Tensor) -> Tensor:
        assert self.D is not None
        logits: Tensor = self.D(x)
        return logits.float()

    def translate(self, x: Tensor, of: int = 0, to: int = 1) -> Tensor:
        """(B, C + 1, H, W) -> (B, C, H, W): filled where the last channel is below 0, elsewhere as it was."""
        if (of, to) != (0, 1):
            raise UserError("this game learnt one way, from pictures with holes to whole ones")
        known = (x[:, -1:] >= 0).to(x.dtype)
        return torch.lerp(self.G(x).float(), x[:, :-1].float(), known.float())
