"""A look into a run's discriminator and its weights: what it answers to real and to drawn things, and which pixels it minds.

The map of where D looks is the gradient of its answer by the pixels: Simonyan, Vedaldi and Zisserman, 2013, Deep Inside
Convolutional Networks, section 3, https://arxiv.org/abs/1312.6034 (the largest absolute value over the channels).
"""

from __future__ import annotations

from functools import lru_cache, reduce
from operator import add
from pathlib import Path
from typing import NamedTuple

import numpy as np
import PIL.Image
import torch
from torch import Tensor

from rivals import chance
from rivals.data import Batches, bytes_from_pictures
from rivals.data.part import some
from rivals.data.pictures import image
from rivals.errors import UserError
from rivals.game import Game, Judges, Samples, turn
from rivals.loading import learnt, load, read, setup_of
from rivals.studio.alone import DRAWING
from rivals.studio.explorer import stamp
from rivals.studio.png import as_png

ROWS = 500  # real and drawn things that D answers to
LOOKED = 8  # of each, whose map is shown
BINS = 40
HEAT = np.array([213, 94, 0])


class Answers(NamedTuple):
    real: Tensor  # (n,) logits
    fake: Tensor
    judged: tuple[Tensor, Tensor]  # some of the things themselves, real and drawn


@lru_cache(maxsize=4)
def opened(path: Path, _stamp: int) -> tuple[Game, Tensor]:
    """The game of a run, and rows of what it learnt from."""
    data = some(learnt(path), ROWS)
    return load(path), data.rows(torch.arange(len(data)), torch.device("cpu")).x


def answers(path: Path) -> Answers:
    """What D says of real and of drawn things. Raises `UserError` for games without such a discriminator."""
    game, real = opened(path, stamp(path))
    if not isinstance(game, Judges) or not isinstance(game, Samples):
        raise UserError("this game has no discriminator that judges one thing by itself")
    with DRAWING, chance.fixed(0), torch.no_grad():
        fake = torch.cat([game.sample(len(part)) for part in torch.split(real, 100)])
        logits = [torch.cat([game.logits(part) for part in torch.split(x, 100)]).flatten(1).mean(1) for x in (real, fake)]
    return Answers(logits[0].float(), logits[1].float(), (real[:LOOKED], fake[:LOOKED]))


def histogram(found: Answers) -> tuple[list[float], list[int], list[int]]:
    """(middles of the bins, how many real ones, how many drawn ones)."""
    both = torch.cat([found.real, found.fake])
    low, high = float(both.min()), float(both.max())
    ends = (low, high) if high > low else (low - 0.5, high + 0.5)
    counts = [np.histogram(x.numpy(), BINS, ends) for x in (found.real, found.fake)]
    edges = counts[0][1]
    return ((edges[:-1] + edges[1:]) / 2).tolist(), counts[0][0].tolist(), counts[1][0].tolist()


def minded(path: Path, x: Tensor) -> Tensor:
    """(n, C, H, W) -> (n, H, W) in [0, 1]: how much D's answer changes with each pixel, beside the pixel it minds most."""
    game, _ = opened(path, stamp(path))
    assert isinstance(game, Judges)
    x = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(game.logits(x).sum(), x)
    most: Tensor = gradient.abs().amax(1)
    return most / most.flatten(1).amax(1).clamp(min=1e-12)[:, None, None]


def shown(x: Tensor, where: Tensor) -> bytes:
    """(C, H, W) a picture under its map, (H, W): grey, and orange where D looks."""
    grey = np.asarray(image(bytes_from_pictures(x)).convert("L"), dtype=float)[..., None]
    share = where.numpy()[..., None] * 0.85
    mixed = (1 - share) * np.repeat(grey, 3, 2) * 0.8 + share * HEAT
    return as_png(PIL.Image.fromarray(mixed.round().clip(0, 255).astype(np.uint8), "RGB"))


class Layer(NamedTuple):
    """A weight of a player."""

    name: str
    shape: str
    size: float  # root mean square
    gradient: float | None  # of the same batch each time; None: no player owns it


def layers(path: Path) -> list[Layer]:
    """Every weight, and how strongly its player pulls at it."""
    game, _ = opened(path, stamp(path))
    pulls = gradients(path)
    return [
        Layer(name, " \N{MULTIPLICATION SIGN} ".join(map(str, p.shape)), rms(p), pulls.get(name))
        for name, p in game.named_parameters()
    ]


def gradients(path: Path) -> dict[str, float]:
    """The root mean square of each weight's gradient on its player's turn, as the game stands in training."""
    tree, _ = read(path)
    setup = setup_of(tree["settings"])
    game, data = setup.game, learnt(path)
    both = data if setup.beside is None else setup.beside(data)
    game.load_state_dict(tree["game"])
    game.round = tree["round"]
    found: dict[str, float] = {}
    with (
        DRAWING,
        chance.fixed(0),
        Batches(both, setup.batch, seed=0) as batches,
    ):
        batch = batches(0)
        for player in game.players():
            with turn(game, player):
                torch.autograd.backward(reduce(add, player.loss(batch).values()))
            found |= {name: rms(p.grad) for name, p in game.named_parameters() if p.grad is not None}
            game.zero_grad(set_to_none=True)
    return found


def rms(x: Tensor) -> float:
    return float(x.detach().float().square().mean().sqrt())
