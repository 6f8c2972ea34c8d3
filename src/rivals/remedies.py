"""Remedies: what is added to a player from outside so that a game settles or finds all modes.

A remedy is a value: (game, player) -> player. It takes a player as it is and hands back one with a term more in the loss, with
an opponent seen some steps ahead, or one that sits turns out. A game applies them in the order given, so that a later one sees
what an earlier one did. One that remembers is a module, whose memory is in buffers.

    GAN(G, D, prior=..., remedies_d=[HistoricalAverage(D)], remedies_g=[FeatureMatching(), Unrolled(5, rate=0.1)])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import add
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rivals import processes
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game, Player, Terms

if TYPE_CHECKING:
    from rivals.games.gan import GAN

Remedy = Callable[[Any, Player], Player]  # (game, player) -> player; some ask for a certain kind of game
Loss = Callable[[Batch], Terms]


def treated(game: Game, player: Player, remedies: Iterable[Remedy]) -> Player:
    """The player after all remedies."""
    return reduce(lambda player, remedy: remedy(game, player), remedies, player)


@dataclass(frozen=True)
class FeatureMatching:
    """weight * |E f(x) - E f(G(z))|^2 for the generator, beside its own loss or, `alone`, instead of it: f are the activations
    that enter the discriminator's last linear layer. Salimans et al. (2016), Improved Techniques for Training GANs, section
    3.1: https://arxiv.org/abs/1606.03498

    The means run over the batch of all processes; the fakes are drawn for this term alone."""

    weight: float = 1.0
    alone: bool = False

    def __call__(self, game: GAN, player: Player) -> Player:
        return replace(player, loss=partial(self.loss, game, player.loss))

    def loss(self, game: GAN, loss: Loss, batch: Batch) -> Terms:
        real_shown, fake_shown = game.seen(batch.x), game.seen(game.sample(len(batch.x)))
        with entering_last(game.discriminator) as seen:
            game.logits(real_shown)
            game.logits(fake_shown)
        rows = slice(-len(real_shown), None)  # virtual batch norm puts its reference in front
        real, fake = (features[rows].flatten(1).float().mean(0) for features in seen)
        return {**({} if self.alone else loss(batch)), "matching": self.weight * squared_norm_of_mean(real - fake)}


@contextmanager
def entering_last(network: nn.Module) -> Iterator[list[Tensor]]:
    """Collects what enters the last linear layer, (B, features), each time the network is asked in here: uncompiled, since
    compiled code does not call hooks."""
    linear = [module for module in network.modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise UserError("features are what enters a discriminator's last linear layer, and this one has no nn.Linear")
    seen: list[Tensor] = []
    hook = linear[-1].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    try:
        with torch.compiler.set_stance("force_eager"):
            yield seen
    finally:
        hook.remove()


def squared_norm_of_mean(d: Tensor) -> Tensor:
    """|mean of d over all processes|^2: (D,) -> (), with the gradient that the mean of all processes' gradients makes right."""
    mean = processes.mean(d)
    return (2 * mean * d - mean.square()).sum()


class HistoricalAverage(nn.Module):
    """weight * |theta - (1/t) sum_i theta_i|^2 for a player who owns these networks: theta_1 are the weights at the beginning,
    the others those after each of its steps. Salimans et al. (2016), section 3.3: https://arxiv.org/abs/1606.03498"""

    mean: Tensor
    count: Tensor

    def __init__(self, *networks: nn.Module, weight: float = 1.0):
        super().__init__()
        self.weight = weight
        theta = flat(p for net in networks for p in net.parameters())
        self.register_buffer("mean", theta.detach().clone())
        self.register_buffer("count", torch.ones((), dtype=torch.long))

    def extra_repr(self) -> str:
        return f"weight={self.weight}"

    def forward(self, game: Game, player: Player) -> Player:
        return replace(player, loss=partial(self.loss, player), after=partial(self.after, player))

    def loss(self, player: Player, batch: Batch) -> Terms:
        past = self.mean.clone()  # `after` moves the buffer, backward may come later
        return {**player.loss(batch), "history": self.weight * (flat(player.parameters()) - past).square().sum()}

    @torch.no_grad()
    def after(self, player: Player) -> None:
        if player.after is not None:
            player.after()
        self.count += 1
        self.mean += (flat(player.parameters()) - self.mean) / self.count


def flat(parameters: Iterable[Tensor]) -> Tensor:
    """All numbers in one row."""
    return torch.cat([p.reshape(-1) for p in parameters])


@dataclass(frozen=True)
class Unrolled:
    """The loss under an opponent who is `steps` of its own steps ahead, with the gradient through those steps too. The opponent
    itself is not moved. Metz et al. (2017), Unrolled Generative Adversarial Networks, eq. 7 to 10:
    https://arxiv.org/abs/1611.02163

    Each step is on the same real batch and fresh latents, of plain gradient descent (eq. 7) at `rate`, on the opponent's whole
    loss, penalty and all. Here we depart from the paper's experiments, which unroll Adam: Adam moves each weight by about its
    learning rate, plain descent by rate times gradient, so `rate` has to be far larger than Adam's for the same way: on
    Fashion-MNIST 0.08, 0.28 and 1.8 for the networks simple, resize and intermediate at Adam's 1e-3, 2e-3 and 2e-3. With
    several processes each looks ahead on its own rows. Batch norm normalises by the batch in each step; its running
    statistics, as all buffers of the opponent, are copies that are thrown away. In float32 and uncompiled, since gradients are
    taken of gradients."""

    steps: int
    rate: float
    opponent: str = "discriminator"

    def __call__(self, game: Game, player: Player) -> Player:
        return replace(player, loss=partial(self.loss, game, player.loss))

    def loss(self, game: Game, loss: Loss, batch: Batch) -> Terms:
        opponent = next(player for player in game.players() if player.name == self.opponent)
        rate = self.rate * (1.0 if opponent.schedule is None else opponent.schedule(game.progress))
        asked, (weights, buffers) = Asked(game), copies(game, opponent)
        with torch.autocast(game.device.type, enabled=False), torch.compiler.set_stance("force_eager"), torch.enable_grad():
            for _ in range(self.steps):
                terms: Terms = functional_call(asked, {**weights, **buffers}, (opponent.loss, batch))
                gradients = torch.autograd.grad(
                    reduce(add, terms.values()), list(weights.values()), create_graph=True, materialize_grads=True
                )
                weights = {name: w - rate * g for (name, w), g in zip(weights.items(), gradients, strict=True)}
            ahead: Terms = functional_call(asked, {**weights, **buffers}, (loss, batch))
        return ahead


class Asked(nn.Module):
    """A game whose losses `functional_call` can ask for under other weights."""

    def __init__(self, game: Game):
        super().__init__()
        self.game = game

    def forward(self, loss: Loss, batch: Batch) -> Terms:
        return loss(batch)


def copies(game: Game, player: Player) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A player's weights, asking for a gradient, and all buffers but other players', by their names in `Asked`: nobody must
    remember what was only imagined, neither the player nor the game (its pool of old samples)."""
    mine = {id(p) for p in player.parameters()}
    theirs = {id(b) for other in game.players() if other.name != player.name for net in other.owns for b in net.buffers()}
    weights = {f"game.{n}": p.detach().requires_grad_() for n, p in game.named_parameters() if id(p) in mine}
    return weights, {f"game.{n}": b.clone() for n, b in game.named_buffers() if id(b) not in theirs}


@dataclass(frozen=True)
class Hold:
    """The player moves only while this term of its loss is above `at`: "while lossD > A: train D" of the lectures' list of
    tricks, which advises against it ("don't balance loss via statistics"). So do we: a discriminator that is held back is no
    estimate of anything, neither of a divergence nor of the odds that a picture is real, since nobody brought it near its
    optimum; the generator then learns from what D happened to know last. A lower learning rate or a penalty slows D down and
    leaves it a goal. The log says which share of the turns was skipped."""

    at: float
    term: str = "adversarial"

    def __call__(self, game: Game, player: Player) -> Player:
        return replace(player, skips=self.skips)

    def skips(self, terms: Terms) -> bool:
        return float(terms[self.term]) <= self.at
