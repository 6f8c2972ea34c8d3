"""A turn: only what the player owns asks for a gradient."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn
from torch.optim import SGD

from rivals.game import Player, turn


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(2, 2), nn.Linear(2, 1)


def player(*owns: nn.Module) -> Player:
    return Player(name="p", owns=owns, loss=lambda batch: {}, optim=partial(SGD, lr=0.1))


def test_on_a_turn_only_what_is_owned_asks_for_a_gradient():
    game = Pair()
    with turn(game, player(game.a)):
        assert all(p.requires_grad for p in game.a.parameters())
        assert not any(p.requires_grad for p in game.b.parameters())
        game.b(game.a(torch.ones(1, 2))).sum().backward()
    assert all(p.requires_grad for p in game.parameters())
    assert all(p.grad is not None for p in game.a.parameters())
    assert all(p.grad is None for p in game.b.parameters())


def test_what_is_frozen_stays_frozen_also_for_its_owner():
    game = Pair()
    game.a.weight.requires_grad_(False)
    with turn(game, player(game.a)):
        assert not game.a.weight.requires_grad
        assert game.a.bias.requires_grad
    assert not game.a.weight.requires_grad
    assert game.b.weight.requires_grad


def test_a_turn_that_fails_gives_everything_back():
    game = Pair()
    with pytest.raises(RuntimeError, match="boom"), turn(game, player(game.a)):
        raise RuntimeError("boom")
    assert all(p.requires_grad for p in game.parameters())


def test_a_parameter_owned_twice_is_moved_once():
    game = Pair()
    assert len(player(game.a, game.a, nn.Sequential(game.a)).parameters()) == 2
