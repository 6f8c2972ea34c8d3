"""From a picture back to a latent. Zhu, Krähenbühl, Shechtman and Efros, 2016, Generative Visual Manipulation on the Natural
Image Manifold, https://arxiv.org/abs/1609.03552, section 3.1: minimise the distance between G(z) and the picture over z; here
that of pixels, from the best of many draws (or from what an encoder says), by Adam, with a pull towards what the prior draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from rivals.errors import UserError
from rivals.game import Encodes, Game, Samples
from rivals.sampling import latents

DRAWS = 2000  # latents that the best start is taken from
CHUNK = 250


class Inverted(NamedTuple):
    z: Tensor  # (B, d)
    x: Tensor  # (B, *shape), G(z)
    error: Tensor  # (B,) mean squared errors of G(z)
    nearest: Tensor  # (B,) those of the best draw, where it began


def invert(
    game: Game, x: Tensor, *, steps: int = 300, lr: float = 0.05, pull: float = 1e-3, draws: int = DRAWS, seed: int = 0
) -> Inverted:
    """Latents whose samples are nearest to x, (B, *shape) in [-1, 1]. pull: factor on the mean square of z. draws: how many
    latents the start is the best of; where the game encodes, what it says is one more. The game's weights stay as they are.

    Raises `UserError` for pictures of another shape than the game draws."""
    if not isinstance(game, Samples):
        raise UserError("this game draws nothing from noise alone: there is no latent to look for")
    with held(game):
        z, nearest = started(game, x, draws, seed)
        z.requires_grad_()
        optimizer = torch.optim.Adam([z], lr=lr)
        best, error = z.detach().clone(), nearest.clone()
        for step in range(steps + 1):
            errors = per_row(game.decode(z), x)
            better = errors.detach() < error
            best[better], error[better] = z.detach()[better], errors.detach()[better]
            if step == steps:
                break
            optimizer.zero_grad()
            torch.autograd.backward((errors + pull * z.square().mean(1)).sum())
            optimizer.step()
        with torch.no_grad():
            return Inverted(best, game.decode(best), error, nearest)


@contextmanager
def held(game: Game) -> Iterator[None]:
    """The game in eval mode, its weights constants; what asked for a gradient does so again afterwards."""
    asked = [p.requires_grad for p in game.parameters()]
    game.eval().requires_grad_(False)
    try:
        yield
    finally:
        for p, flag in zip(game.parameters(), asked, strict=True):
            p.requires_grad_(flag)


@torch.no_grad()
def started(game: Game, x: Tensor, draws: int, seed: int) -> tuple[Tensor, Tensor]:
    """The best start of each row, (B, d), and its error, (B,)."""
    assert isinstance(game, Samples)
    z = latents(game, draws, seed)
    found = torch.cat([game.decode(part) for part in torch.split(z, CHUNK)])
    if found.shape[1:] != x.shape[1:]:
        raise UserError(f"this game draws {tuple(found.shape[1:])}, the picture is {tuple(x.shape[1:])}: bring it to that size")
    squares = torch.cdist(x.flatten(1), found.flatten(1)).square() / x[0].numel()
    error, at = squares.min(1)
    start = z[at].clone()
    if isinstance(game, Encodes):
        said = game.encode(x)
        errors = per_row(game.decode(said), x)
        start[errors < error] = said[errors < error]
        error = torch.minimum(error, errors)
    return start, error


def per_row(a: Tensor, b: Tensor) -> Tensor:
    return (a.float() - b).square().flatten(1).mean(1)
