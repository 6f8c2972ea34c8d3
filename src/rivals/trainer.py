"""The one loop: rounds of turns. It knows players and losses, and names no system.

Precision, averaging of weights, several processes, compilation, saving and resuming each stand here once. A round reseeds
everything from (seed, round) and a batch is a function of its number, so two rounds of equal number are equal to the last bit,
whether or not the run was stopped in between.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import add
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rivals import chance, processes
from rivals.data.core import Batch
from rivals.game import Encodes, Game, Player, Samples, turn
from rivals.window import Diverged, Window

Precision = Literal["float32", "bf16"]


class Trainer:
    """Plays a game, round by round.

    game: on its device already. batches: number -> this process's rows of that batch. average: decay of the averaged weights
    (0: none). The averaged game, `shown()`, is what samples, scores and exports come from.
    """

    def __init__(
        self,
        game: Game,
        batches: Callable[[int], Batch],
        *,
        seed: int = 0,
        precision: Precision = "float32",
        average: float = 0.0,
        compile: bool = False,
    ):
        self.game = channels_last(game).train()
        self.batches, self.seed, self.precision, self.decay = batches, seed, precision, average
        self.round = 0
        self.players: list[Player] = list(game.players())
        self.parameters = {player.name: player.parameters() for player in self.players}
        self.optimizers = {player.name: player.optim(self.parameters[player.name]) for player in self.players}
        self.rates = {name: [g["lr"] for g in optimizer.param_groups] for name, optimizer in self.optimizers.items()}
        self.factor = 1.0  # on all learning rates
        self.turns = sum(player.turns for player in self.players)
        self.window = Window(patience=1 if game.device.type == "cpu" else 32)
        chance.share(processes.rank(), processes.world())
        processes.same(game)
        self.average = copy.deepcopy(game).requires_grad_(False)
        if compile:
            compile_networks(self.players)

    def play(self, progress: float = 0.0, *, watch: bool = False) -> None:
        """One round: the turns of each player who plays in it, in order. With `watch` the gradients' norms are noted too."""
        for _ in self.turn_by_turn(progress, watch=watch):
            pass

    def turn_by_turn(self, progress: float = 0.0, *, watch: bool = False) -> Iterator[Player]:
        """One round, each player who has just moved: whoever asks may look at the game in between."""
        self.game.progress, self.game.round = progress, self.round
        chance.reseed(self.seed, self.round)
        number = self.round * self.turns
        for player in self.players:
            for _ in range(player.turns if player.plays(self.round) else 0):
                self.turn(player, self.batches(number), watch)
                yield player
                number += 1
        self.round += 1
        if self.decay:
            move_towards(self.average, self.game, 1 - min(self.decay, (1 + self.round) / (10 + self.round)))

    def turn(self, player: Player, batch: Batch, watch: bool) -> None:
        optimizer, parameters = self.optimizers[player.name], self.parameters[player.name]
        factor = self.factor if player.schedule is None else self.factor * player.schedule(self.game.progress)
        for group, rate in zip(optimizer.param_groups, self.rates[player.name], strict=True):
            group["lr"] = rate * factor
        with turn(self.game, player):
            with self.precise():
                terms = player.loss(batch)
                loss = reduce(add, terms.values())
            if self.window.add(self.round, player, terms):
                return
            torch.autograd.backward(loss)
        processes.average_gradients(parameters)
        if watch:
            self.window.gradients[player.name] = norm = norm_of([p.grad for p in parameters if p.grad is not None])
            if not math.isfinite(norm):
                raise Diverged(f"the gradient of player '{player.name}' is {norm} at round {self.round}")
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if player.after is not None:
            player.after()

    @contextmanager
    def precise(self) -> Iterator[None]:
        with torch.autocast(self.game.device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16"):
            yield

    def shown(self) -> Game:
        """The game that is looked at and saved: averaged weights, or a copy of the present ones, in eval mode, with fresh
        batch-norm statistics. Training does not notice. `Diverged` where there is nothing to show."""
        self.check()
        self.average.round, self.average.progress = self.round, self.game.progress
        if not self.decay:
            self.average.load_state_dict(self.game.state_dict())
        with self.precise():
            refresh_statistics(self.average, self.seed, lambda number: self.batches(number).x)
        return self.average.eval()

    def check(self) -> None:
        """`Diverged` if a term or a weight is not finite."""
        self.window.check()
        for name, parameters in self.parameters.items():
            if not math.isfinite(norm_of(parameters)):
                raise Diverged(f"the weights of player '{name}' are not finite at round {self.round}")

    def state(self) -> dict[str, Any]:
        """Everything that the next round depends on, and the game as it is shown."""
        self.check()
        return {
            "round": self.round,
            "factor": self.factor,
            "game": self.game.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
        }

    def load_state(self, state: dict[str, Any]) -> None:
        self.round, self.factor = state["round"], state.get("factor", 1.0)  # none in checkpoints of 0.1
        self.window.clear()
        self.game.load_state_dict(state["game"])
        self.average.load_state_dict(state["average"])
        for name, optimizer in self.optimizers.items():
            load_optimizer(optimizer, state["optimizers"][name])
            optimizer.zero_grad(set_to_none=True)  # NaN may be left of a turn that was broken off


def channels_last(game: Game) -> Game:
    """Convolutions run fastest on both CPU and GPU with the channels innermost. The weight decides for the maps that come out.

    Not `.contiguous`: with one channel it leaves the strides as they are, the maps come out in the other order, and where a
    gradient in one order meets maps in the other each product is taken one by one, 25 times slower."""
    for weight in (*game.parameters(), *game.buffers()):  # of old networks that a game keeps the weights are buffers
        if weight.dim() == 4:
            weight.data = torch.empty_like(weight, memory_format=torch.channels_last).copy_(weight.data)
    return game


@torch.no_grad()
def move_towards(average: Game, game: Game, step: float) -> None:
    """Parameters move a step towards the game's; buffers are taken over."""
    torch._foreach_lerp_(list(average.parameters()), list(game.parameters()), step)
    if buffers := list(average.buffers()):
        torch._foreach_copy_(buffers, list(game.buffers()))


@torch.no_grad()
def refresh_statistics(
    game: Game, seed: int, things: Callable[[int], Tensor] | None = None, *, batches: int = 8, rows: int = 128
) -> None:
    """Batch norm's running statistics lag behind the weights, and those of averaged weights are nobody's. So they are
    measured anew, over samples as the game draws them now, and over batches of real things where it encodes them: what is
    drawn or encoded in eval mode is as it was in training."""
    norms = [m for m in game.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats]
    if not norms or not isinstance(game, Samples | Encodes):
        return
    before = [(norm.momentum, copy.deepcopy(norm.state_dict())) for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
    game.train()
    with chance.fixed(seed, 0x5EED):
        for number in range(batches):
            if isinstance(game, Samples):
                game.sample(rows)
            if isinstance(game, Encodes) and things is not None:
                game.encode(things(number))
    for norm, (momentum, state) in zip(norms, before, strict=True):
        norm.momentum = momentum
        if norm.num_batches_tracked is not None and int(norm.num_batches_tracked) == 0:
            norm.load_state_dict(state)  # on neither way: a critic's


def norm_of(tensors: Sequence[Tensor]) -> float:
    """The Euclidean norm of all of them together."""
    return float(torch.stack(torch._foreach_norm([t.detach() for t in tensors])).norm()) if tensors else 0.0


def load_optimizer(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Load what was saved as JSON and plain tensors: numbered keys are numbers again, and each tensor lies in memory as its
    parameter does (a fused step over unlike layouts would go wrong or slow)."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state = {**state, "state": {int(key): dict(value) for key, value in state["state"].items()}}
    for number, values in state["state"].items():
        for name, value in values.items():
            if isinstance(value, Tensor) and value.shape == parameters[number].shape:
                values[name] = torch.empty_like(parameters[number]).copy_(value)
    optimizer.load_state_dict(state)


def compile_networks(players: list[Player]) -> None:
    """In place, so that the keys of the weights stay clean. Each turn asks for other gradients: a variant each."""
    torch._dynamo.config.cache_size_limit = 64
    for net in {net: None for player in players for net in player.owns}:
        net.compile()
