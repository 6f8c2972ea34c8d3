"""Photo editing by painting: a few pixels are painted, and the latent follows. Zhu, Krähenbühl, Shechtman and Efros, 2016,
Generative Visual Manipulation on the Natural Image Manifold, https://arxiv.org/abs/1609.03552, eq. 5:

    z* = argmin_z  |f(G(z)) - v|^2  +  lambda_s |z - z_0|^2  +  E_D,        E_D = lambda_D log(1 - D(G(z)))

v are the painted pixels and f takes those pixels of a sample; the second term stays near the latent of before, and the third
keeps D's good opinion. Ours is softplus(-logit), which does not saturate; of a game without a discriminator it is left out.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus

from rivals.errors import UserError
from rivals.explore.inversion import held
from rivals.game import Game, Judges, Samples

REAL = 0.01  # lambda_D


class Edited(NamedTuple):
    z: Tensor  # (d,)
    x: Tensor  # shape, G(z)
    before: float  # mean squared error on the painted numbers at z_0
    after: float  # and at z


def painted(picture: Tensor, paint: Tensor, *, least: float = 2 / 255) -> Tensor:
    """Where two pictures (C, H, W) in [-1, 1] differ in any channel by more than `least`: (H, W), true or false.

    >>> painted(torch.zeros(1, 1, 3), torch.tensor([[[0.0, 0.5, 0.001]]]))
    tensor([[False,  True, False]])
    """
    return ((picture - paint).abs() > least).any(0)


def edit(
    game: Game,
    z: Tensor,
    paint: Tensor,
    where: Tensor,
    *,
    steps: int = 200,
    lr: float = 0.05,
    stay: float = 0.1,
    real: float | None = None,
) -> Edited:
    """The latent near z, (d,), whose sample has the painted values, shape (C, H, W), where that is true, (H, W).

    stay: lambda_s, on the mean square of z - z_0. real: lambda_D, None: 0.01 where the game's discriminator judges a picture by
    itself, else it is not asked. The game's weights stay as they are."""
    assert isinstance(game, Samples)
    if real and not isinstance(game, Judges):
        raise UserError("this game has no discriminator that judges a picture by itself: leave out what it should think of it")
    d = game.prior(2).shape[1]
    if z.shape != (d,):
        raise UserError(f"a latent of this game is ({d},), this one is {tuple(z.shape)}")
    with torch.no_grad():
        shape = game.decode(z[None]).shape[1:]
    if paint.shape != shape:
        raise UserError(f"this game draws {tuple(shape)}, the painting is {tuple(paint.shape)}: bring it to that size")
    weight = REAL if real is None else real
    start, moved = z.detach(), z.detach().clone().requires_grad_()
    wanted = where.expand_as(paint)
    with held(game):
        optimizer = torch.optim.Adam([moved], lr=lr)
        for _ in range(steps):
            x = game.decode(moved[None])
            loss = (x[0].float() - paint)[wanted].square().mean() + stay * (moved - start).square().mean()
            if isinstance(game, Judges):
                loss = loss + weight * softplus(-game.logits(x)).mean()
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        with torch.no_grad():
            before, after = (game.decode(each[None])[0].float() for each in (start, moved))
    errors = [float((x - paint)[wanted].square().mean()) for x in (before, after)]
    return Edited(moved.detach(), after, *errors)
