"""A look into a run's discriminator and its weights: what it answers to real and to drawn things, and which pixels it minds.

The map of where D looks is the gradient of its answer by the pixels: Simonyan, Vedaldi and Zisserman, 2013, Deep Inside
Convolutional Networks, section 3, https://arxiv.org/abs/1312.6034 (the largest absolute value over the channels).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
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
from rivals.data.core import Batch, Dataset
from rivals.data.pictures import image
from rivals.errors import UserError
from rivals.game import Game, Judges, JudgesAsked, Samples, turn
from rivals.loading import learnt, read, setup_of
from rivals.recipes.core import Setup
from rivals.run import Which
from rivals.studio.alone import DRAWING
from rivals.studio.explorer import stamp
from rivals.studio.png import as_png

ROWS = 512  # real and drawn things that D answers to, in whole batches
LOOKED = 8  # of each, whose map is shown
BINS = 40
HEAT = np.array([213, 94, 0])


class Answers(NamedTuple):
    real: Tensor  # (n,) logits
    fake: Tensor
    judged: tuple[Tensor, Tensor]  # the first batch of the things themselves, real and drawn
    round: int  # whose weights answer


class Opened(NamedTuple):
    """A game as it plays, and what it plays for."""

    setup: Setup  # the weights of its game are those of the round, not averaged
    round: int
    data: Dataset  # both sets, where there are two
    rows: Batch  # whole batches of it

    @property
    def game(self) -> Game:
        return self.setup.game


Judge = Callable[[Tensor, slice], Tensor]  # things, and which rows' conditions are theirs -> (n, ...) logits


@lru_cache(maxsize=4)
def opened(path: Path, which: Which, _stamp: int) -> Opened:
    tree, _ = read(path, which)
    setup, data = setup_of(tree["settings"]), learnt(path)
    setup.game.load_state_dict(tree["game"])
    setup.game.round = tree["round"]
    both = data if setup.beside is None else setup.beside(data)
    n = min(ROWS, len(both))
    rows = both.rows(torch.arange(max(n - n % setup.batch, min(n, setup.batch))), torch.device("cpu"))
    return Opened(setup, tree["round"], both, rows)


def judge_of(game: Game, rows: Batch) -> Judge:
    """D, of a thing by itself or with what was asked for. Raises `UserError` where there is none such."""
    if isinstance(game, Judges):
        return lambda x, at: game.logits(x)
    if isinstance(game, JudgesAsked):
        c = game.asked(rows)
        return lambda x, at: game.logits_of(x, c[at])
    raise UserError("This game has no discriminator that judges one thing, by itself or with what was asked for.")


def answers(path: Path, which: Which = "latest") -> Answers:
    """What D says of real and of drawn things on its turn: batch by batch, for with batch norm it sees the others too. Raises
    `UserError` for games without such a discriminator."""
    found = opened(path, which, stamp(path))
    game, rows = copy.deepcopy(found.game).train(), found.rows  # a copy: batch norm remembers what it sees
    judge = judge_of(game, rows)
    if not isinstance(game, Samples):
        raise UserError("This game draws nothing from noise alone that its discriminator could judge.")
    parts = [slice(k, k + found.setup.batch) for k in range(0, len(rows.x), found.setup.batch)]
    with DRAWING, chance.fixed(0), torch.no_grad():
        if isinstance(game, JudgesAsked) and not isinstance(game, Judges):
            c = game.asked(rows)
            drawn = [game.decode(game.given(c[part])) for part in parts]
        else:
            drawn = [game.sample(len(rows.x[part])) for part in parts]
        fake = torch.cat(drawn)
        real, answered = (torch.cat([judge(x[part], part) for part in parts]).flatten(1).mean(1) for x in (rows.x, fake))
    return Answers(real.float(), answered.float(), (rows.x[parts[0]], fake[parts[0]]), found.round)


def histogram(found: Answers) -> tuple[list[float], list[int], list[int]]:
    """(middles of the bins, how many real ones, how many drawn ones)."""
    both = torch.cat([found.real, found.fake])
    low, high = float(both.min()), float(both.max())
    ends = (low, high) if high > low else (low - 0.5, high + 0.5)
    counts = [np.histogram(x.numpy(), BINS, ends) for x in (found.real, found.fake)]
    edges = counts[0][1]
    return ((edges[:-1] + edges[1:]) / 2).tolist(), counts[0][0].tolist(), counts[1][0].tolist()


def minded(path: Path, x: Tensor, which: Which = "latest") -> Tensor:
    """(n, C, H, W) of `Answers.judged` -> (LOOKED, H, W) in [0, 1], of the first: how much D's answer changes with each pixel,
    beside the pixel it minds most."""
    found = opened(path, which, stamp(path))
    game = copy.deepcopy(found.game).train()
    x = x.detach().clone().requires_grad_()
    with DRAWING, chance.fixed(0), torch.enable_grad():
        logits = judge_of(game, found.rows)(x, slice(len(x)))
        (gradient,) = torch.autograd.grad(logits[:LOOKED].sum(), x)
    gradient = gradient[:LOOKED]
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


def layers(path: Path, which: Which = "latest") -> list[Layer]:
    """Every weight, and how strongly its player pulls at it."""
    pulls = gradients(path, which)
    return [
        Layer(name, " \N{MULTIPLICATION SIGN} ".join(map(str, p.shape)), rms(p), pulls.get(name))
        for name, p in opened(path, which, stamp(path)).game.named_parameters()
    ]


def gradients(path: Path, which: Which = "latest") -> dict[str, float]:
    """The root mean square of each weight's gradient on its player's turn, as the game stands in training."""
    setup, _, data, _ = opened(path, which, stamp(path))
    game = copy.deepcopy(setup.game).train()
    found: dict[str, float] = {}
    with DRAWING, chance.fixed(0), Batches(data, setup.batch, seed=0) as batches:
        batch = batches(0)
        for player in game.players():
            with turn(game, player):
                torch.autograd.backward(reduce(add, player.loss(batch).values()))
            found |= {name: rms(p.grad) for name, p in game.named_parameters() if p.grad is not None}
            game.zero_grad(set_to_none=True)
    return found


def rms(x: Tensor) -> float:
    return float(x.detach().float().square().mean().sqrt())
