"""What a game draws, as a picture: a grid of images, or a plot of points over the real ones."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from rivals import chance
from rivals.data import Beside, Dataset, bytes_from_pictures
from rivals.data.beside import parts
from rivals.data.order import permutation
from rivals.data.pictures import grid, scatter
from rivals.errors import UserError
from rivals.game import Couples, Game, Relabels, Samples, Translates
from rivals.sampling import drawn

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGES, POINTS, TRANSLATED = 64, 2500, 8
LINES = 10  # of labels that things are shown with
CPU = torch.device("cpu")


def picture(game: Game, data: Dataset, seed: int) -> Image:
    """64 images, or 2,500 points beside as many real ones; of a translator a line each: what it is given, what it makes of it
    in each other domain (and, of pairs, what belongs to it). Equal seeds give equal latents, so pictures of one training show
    the same samples grow."""
    if isinstance(game, Relabels):
        return relabelled(game, data)
    if isinstance(game, Translates) and isinstance(data, Beside):
        return sheet(game, data)
    assert isinstance(game, Samples)
    if isinstance(game, Couples):
        return coupled(game, seed)
    if data.facts.pictures:
        return grid(bytes_from_pictures(drawn(game, IMAGES, seed)).cpu())
    real = data.rows(torch.arange(min(POINTS, len(data))), CPU).x
    return scatter(real, drawn(game, POINTS, seed).cpu())


@torch.no_grad()
def sheet(game: Translates, data: Beside, n: int = TRANSLATED) -> Image:
    """A column each: given, translated into each other domain, the truth where there are pairs, and back where the game knows
    the way."""
    batch = data.rows(permutation(len(data), seed=0, epoch=0)[:n], CPU)
    given = batch.x.to(game.device) if isinstance(game, Game) else batch.x
    made = [game.translate(given, 0, to) for to in range(1, len(parts(data)))]
    lines = [given, *made]
    if batch.beside is not None:
        lines.append(batch.beside.x)
    with suppress(UserError):  # it knows one way alone
        lines.append(game.translate(made[0], 1, 0))
    largest = max(lines, key=lambda line: line.shape[2]).shape[2:]
    pictures = [colour(bytes_from_pictures(interpolate(line.float().cpu(), largest))) for line in lines]
    return grid(torch.cat(pictures), columns=len(given))


@torch.no_grad()
def coupled(game: Couples, seed: int, columns: int = TRANSLATED, lines: int = 4) -> Image:
    """Pairs: the second things under the first."""
    with chance.fixed(seed):
        one, other = (colour(bytes_from_pictures(x.cpu())) for x in game.draw_pair(game.prior(columns * lines)))
    both = torch.stack([x.view(lines, columns, *x.shape[1:]) for x in (one, other)], 1)
    return grid(both.flatten(0, 2), columns=columns)


@torch.no_grad()
def relabelled(game: Relabels, data: Dataset, n: int = TRANSLATED) -> Image:
    """A column each: given, then as each class, or with each attribute that it has not and without each that it has."""
    batch = data.rows(permutation(len(data), seed=0, epoch=0)[:n], game.device if isinstance(game, Game) else CPU)
    c = game.labels_of(batch)
    lines = [batch.x]
    for k in range(min(c.shape[1], LINES)):
        wanted = c.clone() if game.attributes else torch.zeros_like(c)
        wanted[:, k] = 1 - wanted[:, k]
        lines.append(game.decode(game.latents_of(batch.x, wanted)))
    return grid(torch.cat([colour(bytes_from_pictures(line.cpu())) for line in lines]), columns=len(batch.x))


def colour(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, 3, H, W)."""
    return x[:, :3] if x.shape[1] >= 3 else x[:, :1].expand(-1, 3, -1, -1)
