"""DANN: the reversal, the updates of the paper's equations, who moves against whom, and that no target class is read."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Labels, turn
from rivals.games.dann import DANN, AlternatingDANN, domain_loss, reversed_gradient, rising

GAMES = (DANN, AlternatingDANN)


def game(kind, weight: float = 0.3):
    torch.manual_seed(0)
    return kind(nn.Linear(4, 5), nn.Linear(5, 3), nn.Linear(5, 1), weight=lambda progress: weight)


def batch(n: int = 8, *, y: Tensor | None = None) -> Batch:
    made = torch.Generator().manual_seed(1)
    x, there = torch.randn(2, n, 4, generator=made)
    return Batch(x, torch.arange(n) % 3, Batch(there, y))


def gradients(made, player, *names):
    made.zero_grad()
    with turn(made, player):
        terms = player.loss(batch())
        sum(terms[name] for name in names or terms).backward()
    return {name: None if p.grad is None else p.grad.clone() for name, p in made.named_parameters()}


def test_features_pass_and_their_gradient_is_reversed():
    x = torch.randn(3, 2, requires_grad=True)
    y = reversed_gradient(x, 0.7)
    assert torch.equal(x, y)
    weights = torch.randn(3, 2)
    (y * weights).sum().backward()
    assert torch.allclose(x.grad, -0.7 * weights)


def test_lambda_rises_as_the_paper_says():
    assert rising(0.0) == 0
    assert rising(0.5) == pytest.approx(2 / (1 + math.exp(-5)) - 1)
    assert rising(math.log(3) / 10) == pytest.approx(0.5)
    assert rising(1.0, gamma=3, most=0.2) == pytest.approx(0.2 * (2 / (1 + math.exp(-3)) - 1))
    made = game(DANN)
    made.weight, made.progress = rising, 0.5
    assert float(made.gauges()["lambda"]) == pytest.approx(rising(0.5))


def test_the_domain_loss_is_the_cross_entropy_of_a_source_of_0_and_a_target_of_1():
    source, target = torch.randn(2, 9, 1)
    expected = -(1 - source.sigmoid()).log().mean() - target.sigmoid().log().mean()
    assert float(domain_loss(source, target)) == pytest.approx(float(expected), rel=1e-5)
    assert float(domain_loss(torch.zeros(5, 1), torch.zeros(7, 1))) == pytest.approx(2 * math.log(2))


def test_one_step_is_the_update_of_equations_13_to_15():
    """theta_f by dL_y - lambda dL_d, theta_y by dL_y, theta_d by dL_d, whatever lambda is."""
    made, rows = game(DANN), batch()
    (player,) = made.players()
    found = gradients(made, player)
    f, there = made.G_f(rows.x), made.G_f(rows.beside.x)
    label = cross_entropy(made.G_y(f), rows.y)
    domain = domain_loss(made.G_d(f), made.G_d(there))
    named = dict(made.named_parameters())
    by_label = dict(zip(named, torch.autograd.grad(label, list(named.values()), allow_unused=True, retain_graph=True)))
    by_domain = dict(zip(named, torch.autograd.grad(domain, list(named.values()), allow_unused=True)))
    for name in named:
        expected = {
            "G_f": lambda name: by_label[name] - 0.3 * by_domain[name],
            "G_y": by_label.get,
            "G_d": by_domain.get,
        }[name.split(".")[0]](name)
        assert torch.allclose(found[name], expected, atol=1e-6)
    with torch.no_grad():
        terms = player.loss(rows)
    assert float(terms["label"]) == pytest.approx(float(label.detach()))
    assert float(terms["domain"]) == pytest.approx(float(domain.detach()))


def test_without_weight_the_features_learn_from_the_labels_alone():
    made = game(DANN, weight=0.0)
    (player,) = made.players()
    both, label = gradients(made, player), gradients(made, player, "label")
    assert torch.equal(both["G_f.weight"], label["G_f.weight"])
    assert both["G_d.weight"].any()
    made = game(AlternatingDANN, weight=0.0)
    _, features = made.players()
    assert torch.equal(gradients(made, features)["G_f.weight"], gradients(made, features, "label")["G_f.weight"])


def test_in_turns_each_moves_what_is_its_own():
    made = game(AlternatingDANN)
    domains, features = made.players()
    found = gradients(made, domains)
    assert [name for name in found if found[name] is not None] == ["G_d.weight", "G_d.bias"]
    found = gradients(made, features)
    assert [name for name in found if found[name] is None] == ["G_d.weight", "G_d.bias"]


def test_confusion_asks_for_the_other_domain():
    """At a domain classifier that cannot tell, it pulls the features the way that the reversal does."""
    made = game(AlternatingDANN, weight=1.0)
    nn.init.constant_(made.G_d.weight, 1e-4)
    nn.init.zeros_(made.G_d.bias)
    _, features = made.players()
    alternating = gradients(made, features, "confusion")["G_f.weight"]
    other = DANN(made.G_f, made.G_y, made.G_d, weight=lambda progress: 1.0)
    (player,) = other.players()
    assert torch.allclose(alternating, gradients(other, player, "domain")["G_f.weight"], atol=1e-7)
    nn.init.constant_(made.G_d.weight, 50.0)  # one that is sure: minimax saturates, this does not
    assert gradients(made, features, "confusion")["G_f.weight"].norm() > 1


@pytest.mark.parametrize("kind", GAMES)
def test_no_class_of_the_target_is_ever_read(kind):
    """Wrong ones, impossible ones and none are all the same."""
    losses = []
    for y in (None, torch.zeros(8, dtype=torch.int64), torch.full((8,), -999)):
        made = game(kind)
        with torch.no_grad():
            losses.append([player.loss(batch(y=y)) for player in made.players()])
    assert losses[0] == losses[1] == losses[2]


@pytest.mark.parametrize("kind", GAMES)
def test_domains_that_differ_by_a_shift_become_one(kind):
    """Points whose class is in one coordinate and whose domain in the other: the features keep the class alone."""
    torch.manual_seed(0)
    x, there = torch.randn(2, 256, 2)
    there[:, 1] += 4
    rows = Batch(x, (x[:, 0] > 0).long(), Batch(there))
    optim = partial(torch.optim.Adam, lr=0.01, betas=(0.0, 0.9))
    made = kind(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1), weight=lambda progress: 1.0, optim=optim)
    nn.init.eye_(made.G_f.weight)
    players = [(player, player.optim(player.parameters())) for player in made.players()]

    def apart() -> float:
        with torch.no_grad():
            f, other = made.features(x), made.features(there)
        return float(((other.mean(0) - f.mean(0)) / f.std(0)).norm())

    before = apart()
    for _ in range(600):
        for player, optimizer in players:
            with turn(made, player):
                sum(player.loss(rows).values()).backward()
            optimizer.step()
            optimizer.zero_grad()
    right = (made.classify(there).argmax(1) == (there[:, 0] > 0)).float().mean()
    assert before > 3
    assert apart() < 1
    assert right > 0.9


@pytest.mark.parametrize("kind", GAMES)
def test_what_is_missing_is_said(kind):
    made = game(kind)
    player = list(made.players())[-1]
    with pytest.raises(UserError, match="these batches bring one"):
        player.loss(batch()._replace(beside=None))
    with pytest.raises(UserError, match="this data has none"):
        player.loss(batch()._replace(y=None))
    assert isinstance(made, Labels)
    assert made.classify(torch.zeros(2, 4)).shape == (2, 3)
