"""Unsupervised Cross-Domain Image Generation (the Domain Transfer Network). Taigman, Polyak and Wolf, 2016,
https://arxiv.org/abs/1611.02200

A function f knows what is meant. A generator g draws what f has seen in the style of a target domain t, so that f sees the same
in it; of a thing of the target it draws the thing itself (section 4):

    L_G = L_GANG + alpha L_CONST + beta L_TID + gamma L_TV
    L_CONST = E_s |f(s) - f(g(f(s)))|^2        L_TID = E_t |t - g(f(t))|^2

D tells three kinds apart: g(f(s)), g(f(t)), and t; g wants both of its kinds taken for t (eq. 3, 4).

The paper's f was trained before, on classes of the source domain. Here it is a player that learns them beside the others: it
soon knows most of them, and nothing that the others want reaches it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss
from torch.optim import Adam

from rivals.data.beside import two
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game, Optim, Player, Schedule, Terms

adam: Optim = partial(Adam, lr=2e-4, betas=(0.5, 0.999))
OF_SOURCE, OF_TARGET, REAL = range(3)


class DTN(Game):
    """f: (B, *shape) -> (B, F); head: (B, F) -> (B, classes) logits, for f to learn by; g: (B, F) -> (B, *shape of the target);
    D: (B, *shape of the target) -> (B, 3) logits."""

    def __init__(
        self,
        f: nn.Module,
        head: nn.Module,
        g: nn.Module,
        D: nn.Module,
        *,
        same: float = 15.0,  # alpha
        identity: float = 15.0,  # beta
        smooth: float = 0.0,  # gamma
        optim_f: Optim = adam,
        optim_d: Optim = adam,
        optim_g: Optim = adam,
        schedule: Schedule | None = None,
    ):
        super().__init__()
        self.f, self.head, self.g, self.D = f, head, g, D
        self.same, self.identity, self.smooth = same, identity, smooth
        self.optim_f, self.optim_d, self.optim_g, self.schedule = optim_f, optim_d, optim_g, schedule

    def players(self) -> Iterator[Player]:
        for name, owns, loss, optim in (
            ("f", [self.f, self.head], self.loss_f, self.optim_f),
            ("D", [self.D], self.loss_D, self.optim_d),
            ("g", [self.g], self.loss_g, self.optim_g),
        ):
            yield Player(name=name, owns=owns, loss=loss, optim=optim, schedule=self.schedule)

    def loss_f(self, batch: Batch) -> Terms:
        if batch.y is None:
            raise UserError("f learns what is meant from classes, and this data has none: give --data with classes")
        return {"classes": cross_entropy(self.head(self.f(batch.x)).float(), batch.y)}

    def loss_D(self, batch: Batch) -> Terms:
        s, t = two(batch)
        kinds = ((self.translate(s), OF_SOURCE), (self.translate(t), OF_TARGET), (t, REAL))
        return {"adversarial": torch.stack([self.taken_for(x, kind) for x, kind in kinds]).sum()}

    def loss_g(self, batch: Batch) -> Terms:
        s, t = two(batch)
        meant = self.f(s)
        drawn, again = self.draw(meant), self.translate(t)
        terms = {
            "adversarial": self.taken_for(drawn, REAL) + self.taken_for(again, REAL),
            "same": self.same * mse_loss(self.f(drawn).float(), meant.float()),
            "identity": self.identity * mse_loss(again, t),
        }
        if self.smooth:
            terms["smooth"] = self.smooth * variation(drawn)
        return terms

    def taken_for(self, x: Tensor, kind: int) -> Tensor:
        """How little D takes things for this kind: cross-entropy."""
        said = self.D(x).float()
        return cross_entropy(said, torch.full((len(x),), kind, device=said.device))

    def draw(self, meant: Tensor) -> Tensor:
        x: Tensor = self.g(meant)
        return x.float()

    def translate(self, x: Tensor, of: int = 0, to: int = 1) -> Tensor:
        if (of, to) != (0, 1):
            raise UserError("this game learnt one way, from the first domain to the second")
        return self.draw(self.f(x))


def variation(x: Tensor) -> Tensor:
    """Mean square difference of neighbouring pixels."""
    return (x[:, :, 1:] - x[:, :, :-1]).square().mean() + (x[:, :, :, 1:] - x[:, :, :, :-1]).square().mean()
