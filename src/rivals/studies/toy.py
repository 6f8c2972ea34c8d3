"""What studies of small numbers share: games played on what is drawn afresh, gradients without a step, normal densities."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

from rivals.data.core import Batch
from rivals.game import Game, Player, turn
from rivals.networks.trials import Linears, Trials
from rivals.trainer import Trainer

AnyGame = TypeVar("AnyGame", bound=Game)


def play(
    game: AnyGame,
    draw: Callable[[], Tensor],
    rounds: int,
    *,
    average: float = 0.0,
    watch: Callable[[int], None] = lambda round: None,
) -> AnyGame:
    """Play the rounds on fresh real rows, `draw()` by `rivals.chance` each turn. watch: called with the number of rounds done,
    from 0 to all. Returns the game as it is shown: with averaged weights where there is an average."""
    trainer = Trainer(game, lambda number: Batch(draw()), average=average)
    for round in range(rounds):
        watch(round)
        trainer.play(round / rounds)
    watch(rounds)
    return cast(AnyGame, trainer.shown())


def gradients(game: Game, player: Player, batch: Batch) -> None:
    """Those of a player's loss, on what it owns; nobody moves yet."""
    with turn(game, player):
        torch.autograd.backward(reduce(add, player.loss(batch).values()))


def gaussians(mean: Tensor, deviation: Tensor) -> Trials:
    """Generators z -> mean + deviation * z of one number, a trial for each of (S,) means and deviations."""
    layer = Linears(len(mean), 1, 1)
    with torch.no_grad():
        layer.weight.copy_(deviation.view(-1, 1, 1))
        layer.bias.copy_(mean.view(-1, 1, 1))
    return Trials(len(mean), layer)


def moments(generator: nn.Module) -> tuple[Tensor, Tensor]:
    """The means and deviations, each (S,), of what `gaussians` made."""
    (layer,) = (module for module in generator.modules() if isinstance(module, Linears))
    return layer.bias.detach().flatten().double(), layer.weight.detach().flatten().abs().double()


def normal_density(x: Tensor, mean: Tensor | float, deviation: Tensor | float) -> Tensor:
    result: Tensor = torch.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))
    return result


@torch.no_grad()
def logits_on(critic: nn.Module, trials: int, x: Tensor) -> Tensor:
    """What the critics of all trials say at the same points: (N,) or (N, D) -> (S, N)."""
    logits: Tensor = critic(x.float().view(len(x), -1).repeat_interleave(trials, 0))
    return logits.view(len(x), trials).T.double()
