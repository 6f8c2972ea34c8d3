"""The pool by its contents, the old opponents by whom each player meets when; all of it resumes."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from rivals import chance
from rivals.data import Batches
from rivals.errors import UserError
from rivals.past import Past, Replay, unowned
from rivals.recipes import RECIPES
from rivals.trainer import Trainer


def numbered(start, rows=50):
    """Samples that tell when they were made and as which row: (rows, 2)."""
    return torch.stack([torch.full((rows,), float(start)), torch.arange(rows).float()], 1)


def test_the_pool_takes_all_until_it_is_full():
    replay = Replay(3, rows=50, shape=(2,))
    for time in range(3):
        assert torch.equal(replay(numbered(time)), numbered(time))
        assert torch.equal(replay.pool[time], numbered(time))
        assert int(replay.held) == time + 1


def test_then_half_are_old_and_the_new_half_goes_in():
    replay = Replay(4, rows=50, shape=(2,))
    for time in range(4):
        replay(numbered(time))
    old = 0
    for time in range(4, 60):
        before = replay.pool.clone()
        shown = replay(numbered(time))
        assert torch.equal(shown[:, 1], torch.arange(50.0))  # each row meets its own past alone
        new = shown[:, 0] == time
        old += int((~new).sum())
        for row in range(50):
            column, was = replay.pool[:, row, 0], before[:, row, 0]
            if new[row]:  # has taken the place of one
                assert int((column != was).sum()) == 1
                assert time in column
            else:  # was there, and still is
                assert torch.equal(column, was)
                assert shown[row, 0] in was
    assert old / (56 * 50) == pytest.approx(0.5, abs=0.03)
    assert replay.pool[..., 0].min() < 56  # some stay for long


def test_rows_of_two_processes_are_those_of_one():
    together = Replay(2, rows=8, shape=(2,))
    parts = [Replay(2, rows=8, shape=(2,)) for _ in range(2)]
    for time in range(6):
        chance.reseed(0, time)
        shown = together(numbered(time, 8))
        try:
            for rank, part in enumerate(parts):
                chance.share(rank, 2)
                chance.reseed(0, time)
                rows = slice(4 * rank, 4 * rank + 4)
                assert torch.equal(part(numbered(time, 8)[rows]), shown[rows])
        finally:
            chance.share(0, 1)


def test_a_larger_batch_is_refused():
    with pytest.raises(UserError, match="made for 4"):
        Replay(2, rows=4, shape=(2,))(numbered(0, 5))


def test_pools_keep_no_gradients():
    replay, fake = Replay(1, rows=3, shape=(2,)), torch.ones(3, 2, requires_grad=True)
    assert not replay(2 * fake).requires_grad
    assert not replay.pool.requires_grad


@pytest.mark.parametrize("norm_d", ["none", "batch", "layer", "spectral"])
def test_an_unowned_copy_does_what_the_network_does(norm_d, digits):
    game = RECIPES["gan"](digits.facts, network="intermediate", width=4, norm_d=norm_d).game
    copied = unowned(game.discriminator).eval()
    x = torch.rand(5, 1, 8, 8)
    assert list(copied.parameters()) == []
    assert copied.state_dict().keys() == game.discriminator.state_dict().keys()
    assert torch.equal(copied(x), game.discriminator.eval()(x))
    with torch.no_grad():
        next(game.discriminator.parameters()).add_(1)
    assert not torch.equal(copied(x), game.discriminator(x))  # it is a copy


def test_the_last_tenth_of_a_period_is_against_the_past():
    past = Past(nn.Linear(1, 1), nn.Linear(1, 1), every=20)
    assert [round for round in range(50) if past.met(round)] == [18, 19, 38, 39]
    past.every = 3
    assert [round for round in range(9) if past.met(round)] == [2, 5, 8]


def game_of(digits, **options):
    torch.manual_seed(0)
    return RECIPES["gan"](digits.facts, width=8, batch=8, norm_d="none", **options).game


def test_opponents_are_swapped_and_come_back(digits):
    """A period of 5 rounds, the last of them against the networks as they were after the first."""
    game = game_of(digits, recall=5, generator_turns=2, critic_turns=2)
    trainer = Trainer(game, Batches(digits, 8, seed=0, device=torch.device("cpu")))
    old = {}
    for round in range(12):
        game.round = round
        met = old if round % 5 == 4 else {"generator": game.generator, "discriminator": game.discriminator}
        z, x = torch.randn(3, 100), torch.rand(3, 1, 8, 8)
        with torch.no_grad():
            assert torch.equal(game.met.generator(z), met["generator"](z))
            assert torch.equal(game.judged(x), met["discriminator"](x))
            assert torch.equal(game.logits(x), game.discriminator(x))
            assert torch.equal(game.decode(z), game.generator(z))  # samples are of today
        trainer.play()
        if round % 5 == 0:
            old = {name: copy.deepcopy(getattr(game, name)) for name in ("generator", "discriminator")}


def test_what_is_only_imagined_is_not_remembered(digits):
    """Unrolling takes D's turns ahead of time; neither the pool nor p notices."""
    game = game_of(digits, unroll=2, replay=2, augment="adaptive", recall=2)
    trainer = Trainer(game, Batches(digits, 8, seed=0, device=torch.device("cpu")))
    discriminator, generator = trainer.players
    before = {name: value.clone() for name, value in game.named_buffers() if not name.startswith("past")}
    trainer.turn(generator, trainer.batches(0), False)
    assert {"replay.pool", "replay.held", "views.0.p", "views.0.r"} <= set(before)
    assert [name for name, value in before.items() if not torch.equal(game.get_buffer(name), value)] == []
    trainer.turn(discriminator, trainer.batches(1), False)
    assert int(game.replay.held) == 1


def test_against_the_past_both_still_learn(digits):
    game = game_of(digits, recall=2)
    trainer = Trainer(game, Batches(digits, 8, seed=0, device=torch.device("cpu")))
    trainer.play()
    assert game.past.met(1)
    before = {name: value.clone() for name, value in game.state_dict().items()}
    trainer.round = 1
    trainer.play()
    moved = {name.split(".")[0] for name, p in game.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {"generator", "discriminator"}


REMEDIES = {"instance_noise": 0.1, "pack": 2, "augment": "adaptive", "replay": 2, "recall": 3, "average": 0.9}


@pytest.mark.parametrize("network", ["simple", "intermediate"])
def test_all_remedies_resume_exactly(network, digits):
    def trainer():
        game = game_of(digits, network=network, **REMEDIES)
        game.views[0].p.fill_(0.5)
        return Trainer(game, Batches(digits, 8, seed=0, device=torch.device("cpu")), average=0.9)

    whole, first, second = trainer(), trainer(), trainer()
    for round in range(7):
        whole.play(round / 7)
        if round < 4:
            first.play(round / 7)
    second.load_state(copy.deepcopy(first.state()))
    for round in range(4, 7):
        second.play(round / 7)
    ours, theirs = whole.state()["game"], second.state()["game"]
    assert {"views.0.p", "views.0.r", "replay.pool", "replay.held"} < set(ours)
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def test_nobody_owns_the_past(digits):
    game = game_of(digits, **REMEDIES)
    owned = {p for player in game.players() for p in player.parameters()}
    assert owned == set(game.parameters())
