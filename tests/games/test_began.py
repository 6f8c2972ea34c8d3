"""BEGAN's balance by hand: the losses, k's update and its bounds, the gauges."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rivals.data import Batches
from rivals.data.core import Batch
from rivals.game import turn
from rivals.games.began import BEGAN
from rivals.priors import Normal
from rivals.trainer import Trainer


class Constant(nn.Module):
    def __init__(self, value: float):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))

    def forward(self, z):
        return self.value.expand(len(z), 3)


def game_of(value: float, **options) -> BEGAN:
    """An autoencoder that says 0 to everything: the loss of x is its mean absolute value."""
    decoder = nn.Linear(2, 3)
    nn.init.zeros_(decoder.weight)
    nn.init.zeros_(decoder.bias)
    return BEGAN(Constant(value), nn.Linear(3, 2), decoder, prior=Normal(2), **options)


def round_of(game: BEGAN, real: float) -> None:
    """A round without steps: what `balance` sees is what the losses were."""
    batch = Batch(torch.full((4, 3), real))
    game.loss_D(batch)
    game.loss_G(batch)
    game.balance()


def test_k_moves_by_the_imbalance():
    game = game_of(-0.1, gamma=0.5, lambda_k=0.2)
    assert float(game.k) == 0.0
    round_of(game, real=0.8)
    assert float(game.k) == pytest.approx(0.2 * (0.5 * 0.8 - 0.1))
    round_of(game, real=0.6)
    assert float(game.k) == pytest.approx(0.2 * (0.5 * 0.8 - 0.1) + 0.2 * (0.5 * 0.6 - 0.1))


def test_k_stays_in_0_to_1():
    game = game_of(0.1, gamma=0.5, lambda_k=100.0)
    round_of(game, real=0.8)
    assert float(game.k) == 1.0
    round_of(game, real=0.1)  # samples are worse than gamma times the data
    assert float(game.k) == 0.0


def test_the_discriminator_minds_samples_by_k():
    game = game_of(0.1)
    game.k.fill_(0.3)
    batch = Batch(torch.full((4, 3), -0.8))
    discriminator = {name: float(term.detach()) for name, term in game.loss_D(batch).items()}
    assert discriminator == {"real": pytest.approx(0.8), "fake": pytest.approx(-0.3 * 0.1)}
    assert float(game.loss_G(batch)["energy"].detach()) == pytest.approx(0.1)


def test_gauges_are_k_and_the_convergence_measure():
    game = game_of(0.1, gamma=0.5, lambda_k=0.2)
    round_of(game, real=0.8)
    gauges = {name: float(value) for name, value in game.gauges().items()}
    assert gauges == {"k": pytest.approx(0.06), "convergence": pytest.approx(0.8 + abs(0.5 * 0.8 - 0.1))}


def test_k_moves_once_a_round_and_is_saved(small, digits):
    setup = small("began", lambda_k=0.5)
    trainer = Trainer(setup.game, Batches(digits, setup.batch, seed=0, device=torch.device("cpu")), average=0.9)
    expected = torch.zeros(())
    for _ in range(3):
        trainer.play()
        terms = trainer.window.take().terms
        imbalance = setup.game.gamma * terms["discriminator"]["real"] - terms["generator"]["energy"]
        expected = (expected + 0.5 * imbalance).clamp(0, 1)
        assert float(setup.game.k) == pytest.approx(float(expected), abs=1e-6)
    assert 0 < float(expected) < 1
    assert torch.equal(trainer.state()["game"]["k"], setup.game.k)


def test_a_gradient_reaches_its_owner_alone():
    torch.manual_seed(0)
    game = BEGAN(nn.Linear(2, 3), nn.Linear(3, 2), nn.Linear(2, 3), prior=Normal(2))
    owned = {"discriminator": {"encoder", "decoder"}, "generator": {"generator"}}
    for player in game.players():
        game.zero_grad()
        with turn(game, player):
            sum(player.loss(Batch(torch.randn(4, 3))).values()).backward()
        assert {name.split(".")[0] for name, p in game.named_parameters() if p.grad is not None} == owned[player.name]
