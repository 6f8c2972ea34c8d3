"""Remedies against closed forms, on networks of one weight and on small real ones."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD

from rivals import chance
from rivals.criteria import Adversarial, minimax, wasserstein
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Game, Player, turn
from rivals.games.gan import GAN
from rivals.networks import FAMILIES
from rivals.networks.virtual import Referred
from rivals.recipes import RECIPES
from rivals.remedies import FeatureMatching, HistoricalAverage, Hold, Unrolled, entering_last
from rivals.trainer import Trainer
from rivals.views import Pack

SHAPE = (1, 8, 8)


def constant(n: int, device: torch.device) -> Tensor:
    """A prior that draws nothing: the fakes are the generator's weights."""
    return torch.ones(n, 1, device=device)


def gan(**options) -> GAN:
    """G(z) = theta z and D(x) = w . x, both in three dimensions, with plain descent."""
    G, D = nn.Linear(1, 3, bias=False), nn.Linear(3, 1, bias=False)
    G.weight.data = torch.tensor([[0.5], [-1.0], [2.0]])
    D.weight.data = torch.tensor([[0.3, 0.2, -0.4]])
    sgd = partial(SGD, lr=0.2)
    return GAN(G, D, **{"prior": constant, "adversarial": wasserstein, "optim_d": sgd, "optim_g": sgd, **options})


def pictures(**options) -> GAN:
    torch.manual_seed(0)
    family = FAMILIES[options.pop("network", "intermediate")]
    D = family.discriminator(SHAPE, width=4, norm=options.pop("norm_d", "none"))
    G = family.generator(SHAPE, latent=5, width=4, norm="batch")
    prior = options.pop("prior", lambda n, device: chance.normal(n, 5))
    return GAN(G, D, prior=prior, **options)


def gradient(game: GAN, batch: Batch, *, of: str = "generator") -> Tensor:
    player = next(p for p in game.players() if p.name == of)
    with turn(game, player):
        terms = player.loss(batch)
        return torch.cat([g.flatten() for g in torch.autograd.grad(sum(terms.values()), player.parameters())])


real = torch.tensor([[1.0, 2.0, -1.0], [0.0, 1.0, 3.0]])


# Unrolling


@pytest.mark.parametrize("steps", [0, 1, 2, 5])
def test_unrolling_a_bilinear_game_is_the_closed_form(steps):
    """V = w . (E x - theta), which D ascends: after k steps w + k rate (E x - theta) =: w_k, whatever theta was on the way. G
    minimises -w_k . theta, whose gradient is -w_k + k rate theta."""
    game = gan(remedies_g=[Unrolled(steps, rate=0.3)])
    theta, w = game.generator.weight.detach().flatten(), game.discriminator.weight.detach().flatten()
    w_k = w + steps * 0.3 * (real.mean(0) - theta)
    assert torch.allclose(gradient(game, Batch(real)), -w_k + steps * 0.3 * theta, atol=1e-6)


def test_unrolling_no_step_is_the_plain_loss():
    batch = Batch(torch.rand(6, *SHAPE))
    gradients = []
    for remedies in ([], [Unrolled(0, rate=0.3)]):
        chance.reseed(0)
        gradients.append(gradient(pictures(remedies_g=remedies), batch))
    assert torch.equal(gradients[0], gradients[1])


def test_unrolling_the_minimax_game_by_hand():
    """One step: w_1 = w - r g with g = s(w.theta) theta - E s(-w.x) x, s the sigmoid. G minimises -softplus(w_1 . theta):

    its gradient is -s(w_1 . theta) (w_1 - r (s'(w.theta) |theta|^2 w + s(w.theta) theta))."""
    game, r, s = gan(adversarial=minimax, remedies_g=[Unrolled(1, rate=0.7)]), 0.7, torch.sigmoid
    theta, w = game.generator.weight.detach().flatten(), game.discriminator.weight.detach().flatten()
    p = s(w @ theta)
    w_1 = w - r * (p * theta - (s(-real @ w)[:, None] * real).mean(0))
    expected = -s(w_1 @ theta) * (w_1 - r * (p * (1 - p) * theta.square().sum() * w + p * theta))
    assert torch.allclose(gradient(game, Batch(real)), expected, atol=1e-6)


def test_an_unrolled_step_is_the_step_that_plain_descent_takes():
    """The generator's adversarial loss under D one step ahead = that under the D that has moved."""
    chance.reseed(0)
    batch = Batch(torch.rand(6, *SHAPE))
    fixed = chance.normal(6, 5)
    options = {"network": "mlp", "prior": lambda n, device: fixed, "optim_d": partial(SGD, lr=0.7)}
    ahead = pictures(**options, remedies_g=[Unrolled(1, rate=0.7)])
    moved = pictures(**options)
    trainer = Trainer(moved, lambda k: batch)
    trainer.turn(trainer.players[0], batch, False)
    expected = float(moved.loss_G(batch)["adversarial"].detach())
    assert float(list(ahead.players())[1].loss(batch)["adversarial"].detach()) == pytest.approx(expected, abs=1e-6)
    assert float(ahead.loss_G(batch)["adversarial"].detach()) != pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_unrolling_leaves_the_discriminator_as_it_was_also_its_running_statistics(norm):
    game = pictures(norm_d=norm, remedies_g=[Unrolled(2, rate=0.3)])
    before = copy.deepcopy(game.discriminator.state_dict())
    trainer = Trainer(game, lambda k: Batch(torch.rand(6, *SHAPE)))
    trainer.turn(trainer.players[1], trainer.batches(0), True)
    assert all(torch.equal(before[name], tensor) for name, tensor in game.discriminator.state_dict().items())
    assert trainer.window.gradients["generator"] > 0


def test_steps_that_are_only_looked_at_leave_no_trace(digits):
    """Neither in a pool of old samples nor in what controls the augmentation."""
    game = RECIPES["gan"](digits.facts, network="mlp", width=8, batch=8, unroll=2, replay=2, augment="adaptive").game
    trainer = Trainer(game, lambda k: digits.rows(torch.arange(k, k + 8), torch.device("cpu")))
    trainer.turn(trainer.players[0], trainer.batches(0), False)
    before = {name: buffer.clone() for name, buffer in game.named_buffers()}
    trainer.turn(trainer.players[1], trainer.batches(8), False)
    assert before
    assert [name for name, buffer in game.named_buffers() if not torch.equal(before[name], buffer)] == []


def test_the_rate_falls_with_the_opponents_own():
    game = gan(remedies_g=[Unrolled(1, rate=0.6)], schedule=lambda progress: 1 - progress)
    game.progress = 0.5
    assert torch.equal(gradient(game, Batch(real)), gradient(gan(remedies_g=[Unrolled(1, rate=0.3)]), Batch(real)))


def test_unrolling_under_bf16_is_in_float32():
    game, batch = pictures(remedies_g=[Unrolled(2, rate=0.3)]), Batch(torch.rand(6, *SHAPE))
    losses = []
    for enabled in (False, True):
        chance.reseed(0)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            losses.append(list(game.players())[1].loss(batch)["adversarial"])
    assert losses[1].dtype == torch.float32
    assert torch.equal(*losses)


# Feature matching


def test_feature_matching_is_the_squared_distance_of_the_means():
    """The features of a linear critic are the things themselves: |E x - theta|^2, whose gradient is 2 (theta - E x)."""
    game = gan(remedies_g=[FeatureMatching(weight=3.0, alone=True)])
    theta = game.generator.weight.detach().flatten()
    terms = list(game.players())[1].loss(Batch(real))
    assert list(terms) == ["matching"]
    assert float(terms["matching"].detach()) == pytest.approx(3 * float((real.mean(0) - theta).square().sum()), rel=1e-6)
    assert torch.allclose(gradient(game, Batch(real)), 6 * (theta - real.mean(0)))


def test_feature_matching_beside_the_loss_adds_a_term():
    game = gan(remedies_g=[FeatureMatching()])
    terms = list(game.players())[1].loss(Batch(real))
    assert list(terms) == ["adversarial", "matching"]
    assert float(terms["adversarial"].detach()) == pytest.approx(float(game.loss_G(Batch(real))["adversarial"].detach()))


@pytest.mark.parametrize("network", FAMILIES)
def test_every_family_hands_out_what_enters_its_last_layer(network):
    game = pictures(network=network)
    x = torch.rand(3, *SHAPE)
    with entering_last(game.discriminator) as seen:
        logits = game.discriminator(x)
    (features,) = seen
    assert torch.equal([m for m in game.discriminator.modules() if isinstance(m, nn.Linear)][-1](features), logits)
    game.discriminator(x)
    assert len(seen) == 1  # the hook is gone


def test_feature_matching_leaves_out_the_reference_of_virtual_batch_norm():
    """Rows that a network puts in front of every batch are features of nothing that was asked about."""

    game = gan(remedies_g=[FeatureMatching(alone=True)])
    plain = float(list(game.players())[1].loss(Batch(real))["matching"].detach())
    game.discriminator = Referred(game.discriminator, (3,), rows=5)
    game.logits(torch.full((5, 3), 100.0))  # the reference
    assert float(list(game.players())[1].loss(Batch(real))["matching"].detach()) == pytest.approx(plain)


def test_a_discriminator_without_a_linear_layer_says_so():
    with pytest.raises(UserError, match=r"nn\.Linear"), entering_last(nn.Sequential(nn.Conv2d(1, 1, 8))):
        pass


def test_features_are_of_what_the_discriminator_is_shown():
    """Packs of two: D reads six numbers, the first three of each pack from the first half of the batch."""
    game = gan(views=[Pack(2)], remedies_g=[FeatureMatching(alone=True)])
    game.discriminator = nn.Linear(6, 1)
    packed = torch.cat([real[:1], real[1:]], 1)
    theta = game.generator.weight.detach().flatten().repeat(2)
    expected = float((packed.mean(0) - theta).square().sum())
    assert float(list(game.players())[1].loss(Batch(real))["matching"].detach()) == pytest.approx(expected)


# Historical averaging


def test_historical_averaging_is_the_distance_to_the_mean_of_all_weights_so_far():
    game = gan(remedies_d=[HistoricalAverage(gan().discriminator, weight=0.5)])
    trainer = Trainer(game, lambda k: Batch(real))
    past = [game.discriminator.weight.detach().clone()]
    for _ in range(4):
        value = trainer.players[0].loss(Batch(real))["history"].detach()
        mean = torch.stack(past).mean(0)
        assert float(value) == pytest.approx(0.5 * float((past[-1] - mean).square().sum()), rel=1e-5, abs=1e-9)
        trainer.turn(trainer.players[0], Batch(real), False)
        theta = game.generator.weight.detach().T
        pull = theta - real.mean(0) + (past[-1] - mean)  # of the critic's loss, and of the term: 2 * 0.5 * (w - mean)
        assert torch.allclose(game.discriminator.weight.detach(), past[-1] - 0.2 * pull, atol=1e-6)
        past.append(game.discriminator.weight.detach().clone())


def test_history_is_resumed_exactly(small, digits):
    """As the contract of all recipes, with every remedy."""
    options = {
        "network": "intermediate",
        "width": 4,
        "history": 0.1,
        "unroll": 1,
        "matching": "added",
        "hold": 1.3,
        "average": 0.9,
    }

    def trainer():
        return Trainer(small("gan", **options).game, lambda k: digits.rows(torch.arange(k, k + 8), torch.device("cpu")))

    whole, first, second = trainer(), trainer(), trainer()
    for _ in range(4):
        whole.play()
    for _ in range(2):
        first.play()
    second.load_state(copy.deepcopy(first.state()))
    for _ in range(2):
        second.play()
    ours, theirs = whole.game.state_dict(), second.game.state_dict()
    assert any("memories" in name for name in ours)
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def test_a_remedy_tells_games_apart_in_the_settings_of_a_run():
    described = [gan(remedies_d=[HistoricalAverage(gan().discriminator, weight=w)]).described() for w in (0.1, 0.2)]
    assert described[0]["remedies_d"] != described[1]["remedies_d"]


def test_a_game_without_memories_has_none():
    assert "memories" not in dict(gan(remedies_g=[FeatureMatching()]).named_children())


# Holding back


class Ramp(Game):
    """One weight whose loss is a number of the round and whose gradient is 1."""

    def __init__(self, losses, at):
        super().__init__()
        self.net, self.losses, self.at = nn.Linear(1, 1, bias=False), losses, at
        nn.init.zeros_(self.net.weight)

    def players(self):
        player = Player(name="only", owns=[self.net], loss=self.loss, optim=partial(SGD, lr=1.0), after=self.after)
        yield Hold(self.at)(self, player)

    def loss(self, batch):
        weight = self.net.weight.sum()
        return {"adversarial": weight - weight.detach() + self.losses[self.round], "penalty": torch.ones(())}

    def after(self):
        self.moved = [*getattr(self, "moved", []), self.round]


def test_a_player_on_hold_moves_only_above_the_line():
    game = Ramp([2.0, 0.5, 0.4, 1.5, 0.5], at=0.5)
    trainer = Trainer(game, lambda k: Batch(torch.ones(1, 1)))
    for _ in range(5):
        trainer.play()
    assert game.moved == [0, 3]  # nothing happens after a turn that was skipped, either
    assert float(game.net.weight.detach()) == -2
    taken = trainer.window.take()
    assert taken.skipped == {"only": 3 / 5}
    # as they were seen, also on turns that were skipped
    assert taken.terms == {"only": {"adversarial": pytest.approx(4.9 / 5), "penalty": 1.0}}
    assert trainer.window.take().skipped == {}


def test_who_may_not_skip_is_not_counted():
    trainer = Trainer(gan(), lambda k: Batch(real))
    trainer.play()
    assert trainer.window.take().skipped == {}


def test_processes_that_see_different_losses_agree(monkeypatch):
    """The answer is asked of the mean over all processes."""
    from rivals import processes

    monkeypatch.setattr(processes, "mean", lambda numbers: numbers.detach() + 1.0)  # the others see more
    game = Ramp([0.0], at=0.5)
    trainer = Trainer(game, lambda k: Batch(torch.ones(1, 1)))
    trainer.play()
    assert game.moved == [0]


# All together


def test_remedies_apply_in_order_to_any_player():
    player = next(iter(gan().players()))
    doubled = lambda game, p: replace(p, loss=lambda batch: {n: 2 * v for n, v in p.loss(batch).items()})  # noqa: E731
    plain = float(player.loss(Batch(real))["adversarial"].detach())
    both = next(iter(gan(remedies_d=[doubled, doubled]).players()))
    assert float(both.loss(Batch(real))["adversarial"].detach()) == pytest.approx(4 * plain)


def test_a_generator_that_matches_alone_never_asks_its_criterion():
    def asked(*logits):
        raise AssertionError

    game = gan(adversarial=Adversarial(wasserstein.critic, asked), remedies_g=[FeatureMatching(alone=True)])
    assert gradient(game, Batch(real)).isfinite().all()
