"""The loop: order of turns, averaging, schedules, batch-norm statistics, divergence, layouts."""

from __future__ import annotations

import copy
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD

from rivals.data.core import Batch
from rivals.game import Game, Player
from rivals.trainer import Trainer, refresh_statistics
from rivals.window import Diverged


class Count(Game):
    """One weight per player; each loss is the weight times the batch's first number, so a step moves it by lr * number."""

    def __init__(self, turns=(1, 1), starts=(0, 0), ends=(None, None), schedule=None, bad_round=None):
        super().__init__()
        self.a, self.b = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
        for net in (self.a, self.b):
            nn.init.zeros_(net.weight)
        self.turns, self.starts, self.ends, self.schedule = turns, starts, ends, schedule
        self.bad_round, self.order = bad_round, []

    def players(self):
        kinds = zip(("first", "second"), (self.a, self.b), self.turns, self.starts, self.ends, strict=True)
        for name, net, turns, starts, ends in kinds:
            yield Player(
                name=name,
                owns=[net],
                loss=partial(self.loss, name, net),
                optim=partial(SGD, lr=1.0),
                turns=turns,
                starts=starts,
                ends=ends,
                schedule=self.schedule,
                after=partial(self.order.append, f"{name} moved"),
            )

    def loss(self, name, net, batch):
        self.order.append((name, int(batch.x[0, 0])))
        term = (net.weight * batch.x[0, 0]).sum()
        bad = term * float("nan") if self.round == self.bad_round and name == "second" else term * 0
        return {"pull": term, "other": bad}


def numbered(k: int) -> Batch:
    return Batch(torch.full((2, 1), float(k)))


def test_turns_follow_in_order_each_on_a_fresh_batch():
    game = Count(turns=(2, 1))
    trainer = Trainer(game, numbered)
    trainer.play()
    trainer.play()
    assert [x for x in game.order if isinstance(x, tuple)] == [
        ("first", 0), ("first", 1), ("second", 2), ("first", 3), ("first", 4), ("second", 5)
    ]  # fmt: skip
    assert game.order.count("first moved") == 4
    assert float(game.a.weight.detach()) == -(0 + 1 + 3 + 4)
    assert trainer.round == 2


def test_a_player_who_starts_later_is_not_moved_before():
    game = Count(starts=(0, 2))
    trainer = Trainer(game, numbered)
    for _ in range(2):
        trainer.play()
    assert float(game.b.weight.detach()) == 0.0
    terms = trainer.window.take().terms
    assert set(terms) == {"first"}
    trainer.play()
    assert [x for x in game.order if isinstance(x, tuple)] == [("first", 0), ("first", 2), ("first", 4), ("second", 5)]
    assert float(game.b.weight.detach()) == -5.0


def test_a_player_who_ends_is_not_moved_afterwards():
    game = Count(ends=(1, None))
    trainer = Trainer(game, numbered)
    for _ in range(3):
        trainer.play()
    assert [x for x in game.order if isinstance(x, tuple)] == [("first", 0), ("second", 1), ("second", 2), ("second", 4)]
    assert set(trainer.window.take().terms) == {"first", "second"}
    trainer.play()
    assert set(trainer.window.take().terms) == {"second"}


def test_the_average_is_the_exponential_one_with_a_warm_start():
    game = Count()
    trainer = Trainer(game, numbered, average=0.5)
    expected = torch.zeros(1, 1)
    for round in range(1, 8):
        trainer.play()
        decay = min(0.5, (1 + round) / (10 + round))
        expected = decay * expected + (1 - decay) * game.a.weight.detach()
    assert torch.allclose(trainer.average.a.weight, expected)
    assert torch.equal(trainer.shown().a.weight, trainer.average.a.weight)


def test_without_averaging_the_present_weights_are_shown():
    trainer = Trainer(Count(), numbered)
    trainer.play()
    trainer.play()
    assert torch.equal(trainer.shown().a.weight, trainer.game.a.weight)
    assert not trainer.shown().training
    assert trainer.game.training


def test_a_schedule_scales_the_learning_rate():
    game = Count(schedule=lambda progress: 1 - progress)
    trainer = Trainer(game, lambda k: Batch(torch.ones(2, 1)))
    for progress in (0.0, 0.5, 0.75):
        trainer.play(progress)
    assert float(game.a.weight.detach()) == pytest.approx(-(1 + 0.5 + 0.25))


def test_the_bad_term_is_named_with_its_player_and_round():
    trainer = Trainer(Count(bad_round=3), numbered)
    for _ in range(3):
        trainer.play()
    with pytest.raises(Diverged, match="term 'other' of player 'second' is nan at round 3"):
        trainer.play()


def test_a_patient_window_finds_the_bad_round_before_anything_is_saved():
    """On a GPU the terms are read in bundles; saving reads them first."""
    trainer = Trainer(Count(bad_round=1), numbered)
    trainer.window.patience = 1000
    for _ in range(5):
        trainer.play()
    with pytest.raises(Diverged, match="at round 1"):
        trainer.state()


def test_weights_that_are_not_finite_are_never_saved():
    """Some arithmetic leaves the losses finite and ruins a weight that no loss depends on."""
    trainer = Trainer(Count(), numbered)
    trainer.play()
    trainer.game.b.weight.data.fill_(float("inf"))
    with pytest.raises(Diverged, match="weights of player 'second'"):
        trainer.state()


def test_an_infinite_gradient_is_named():
    game = Count()
    trainer = Trainer(game, numbered)
    game.a.weight.register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(Diverged, match="gradient of player 'first'"):
        trainer.play(watch=True)


def test_logged_terms_are_the_mean_of_what_was_minimised():
    trainer = Trainer(Count(turns=(2, 1)), lambda k: Batch(torch.ones(2, 1)))
    trainer.play(watch=True)
    trainer.play(watch=True)
    terms, spreads, gradients, _ = trainer.window.take()
    assert terms["first"]["pull"] == pytest.approx((0 - 1 - 2 - 3) / 4)
    assert terms["second"]["pull"] == pytest.approx((0 - 1) / 2)
    assert gradients == {"first": pytest.approx(1.0), "second": pytest.approx(1.0)}
    assert spreads["first"]["pull"] == pytest.approx(1.25**0.5)  # of 0, -1, -2, -3
    assert trainer.window.take() == ({}, {}, {}, {})


class Normed(Game):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        self.aside = nn.BatchNorm1d(2)

    def players(self):
        return []

    def prior(self, n: int) -> Tensor:
        return torch.randn(n, 3)

    def decode(self, z: Tensor) -> Tensor:
        return self.net(z)

    def sample(self, n: int) -> Tensor:
        return self.decode(self.prior(n))


def test_samples_in_eval_mode_look_as_in_training():
    """The field's best-known complaint: running statistics that lag behind. Here the weights have just moved far."""
    game = Normed()
    game.net[0].weight.data *= 30
    game.aside.running_mean.fill_(7)
    torch.manual_seed(0)
    trained = game.train().sample(4000)
    stale = Normed().eval()
    stale.net[0].load_state_dict(game.net[0].state_dict())
    refresh_statistics(game, 0)
    torch.manual_seed(0)
    shown = game.eval().sample(4000)
    assert float((shown - trained).detach().square().mean().sqrt()) < 0.1
    torch.manual_seed(0)
    assert (stale.sample(4000) - trained).abs().max() > 10  # what would have been seen
    assert (game.aside.running_mean == 7).all()  # not on the way to a sample
    assert game.net[1].momentum == 0.1


def test_codes_in_eval_mode_are_as_in_training(small, digits):
    """An encoder is no part of the way to a sample: its statistics are those of real things."""
    game = small("vae", norm_d="batch", width=4).game
    with torch.no_grad():
        for p in game.encoder.parameters():
            p.mul_(3)
    x = digits.rows(torch.arange(1024), torch.device("cpu")).x
    with torch.no_grad():
        trained, stale = game.train().encode(x), copy.deepcopy(game).eval().encode(x)
        refresh_statistics(game, 0, lambda number: x[128 * number : 128 * (number + 1)])
        shown = game.eval().encode(x)
    error = (shown - trained).square().mean()
    assert error < 0.01 * trained.square().mean()
    assert error < 0.01 * (stale - trained).square().mean()


def test_convolutions_lie_channels_last(small):
    trainer = Trainer(small("dcgan").game, numbered)
    weights = [p for p in trainer.game.parameters() if p.dim() == 4]
    assert weights
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in weights)


def test_a_penalty_works_through_a_compiled_critic(small, digits):
    """A second derivative through compiled code raises: the helper runs it uncompiled."""
    rows = digits.rows(torch.arange(16), torch.device("cpu"))
    plain = Trainer(small("wgan-gp", network="simple").game, lambda k: rows)
    compiled = Trainer(small("wgan-gp", network="simple").game, lambda k: rows, compile=True)
    for trainer in (plain, compiled):
        trainer.play()
    assert list(plain.game.state_dict()) == list(compiled.game.state_dict())
    for a, b in zip(plain.game.parameters(), compiled.game.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-4)
