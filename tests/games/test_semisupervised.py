"""The semi-supervised GAN: a classifier of K logits as a discriminator, and what each part learns from."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, log_softmax

from rivals import chance
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Judges, Labels, turn
from rivals.games.semisupervised import SemiSupervisedGAN
from rivals.priors import Normal


def game(**options):
    torch.manual_seed(0)
    classifier = nn.Sequential(nn.Linear(5, 6), nn.LeakyReLU(), nn.Linear(6, 3))
    return SemiSupervisedGAN(nn.Linear(2, 5), classifier, prior=Normal(2), **options)


def batch(y=None):
    draw = torch.Generator().manual_seed(1)
    x, few = (torch.randn(8, 5, generator=draw) for _ in range(2))
    return Batch(x, y, beside=Batch(few, torch.arange(8) % 3))


@torch.no_grad()
def terms_of(made, batch):
    with chance.fixed(0):
        return {f"{player.name}/{name}": term for player in made.players() for name, term in player.loss(batch).items()}


def test_it_is_the_softmax_of_one_class_more():
    """With a logit of 0 for the generated class: D = 1 - p(K + 1), and given that it is real, p(y) is the softmax of K."""
    made, rows = game().requires_grad_(False), batch()
    extended = log_softmax(torch.cat([made.classify(rows.x), torch.zeros(8, 1)], 1), 1)
    assert torch.allclose(torch.sigmoid(made.logits(rows.x)), 1 - extended[:, 3:].exp(), atol=1e-6)
    with chance.fixed(0):
        fake = log_softmax(torch.cat([made.classify(made.sample(8)), torch.zeros(8, 1)], 1), 1)
    terms = terms_of(made, rows)
    assert float(terms["classifier/generated"]) == pytest.approx(-0.5 * float(fake[:, 3].mean()), rel=1e-5)
    assert float(terms["classifier/real"]) == pytest.approx(-0.5 * float((1 - extended[:, 3].exp()).log().mean()), rel=1e-5)
    assert torch.equal(terms["classifier/classes"], cross_entropy(made.classify(rows.beside.x), rows.beside.y))


def test_losses_of_one_who_knows_nothing():
    """Of K logits of 0: log K of the classes, D = K / (K + 1)."""
    made = game(weight=2.0, entropy=0.5)
    nn.init.zeros_(made.classifier[-1].weight)
    nn.init.zeros_(made.classifier[-1].bias)
    terms = {name: float(term) for name, term in terms_of(made, batch()).items()}
    assert terms["classifier/classes"] == pytest.approx(math.log(3))
    assert terms["classifier/real"] == pytest.approx(-math.log(3 / 4))
    assert terms["classifier/generated"] == pytest.approx(-math.log(1 / 4))
    assert terms["classifier/entropy"] == pytest.approx(0.5 * math.log(3))


def test_without_the_entropy_it_is_the_paper():
    """And one who is sure of every unlabelled row loses nothing by it."""
    made = game(entropy=0.5)
    made.classifier[-1].weight.data *= 1e4
    assert float(terms_of(made, batch())["classifier/entropy"]) == pytest.approx(0, abs=1e-4)
    assert "classifier/entropy" not in terms_of(game(), batch())


def test_logits_beyond_all_bounds_are_no_trouble():
    made = game()
    made.classifier[-1].weight.data *= 1e6
    assert all(term.isfinite() for term in terms_of(made, batch()).values())


def test_the_generator_matches_what_enters_the_last_layer():
    made, rows = game().requires_grad_(False), batch()
    with chance.fixed(0):
        apart = made.classifier[:2](rows.x).mean(0) - made.classifier[:2](made.sample(8)).mean(0)
    with chance.fixed(0):
        matching = made.loss_G(rows)["matching"]
    assert float(matching) == pytest.approx(float(apart.square().sum()), rel=1e-5)


def test_no_loss_reads_a_label_of_the_others():
    made = game()
    without, wrong = terms_of(made, batch()), terms_of(made, batch(torch.full((8,), 2)))
    assert all(torch.equal(without[name], wrong[name]) for name in without)


def test_it_takes_labelled_rows_beside():
    for rows in (batch()._replace(beside=None), batch()._replace(beside=Batch(torch.zeros(8, 5)))):
        with pytest.raises(UserError, match="few labelled rows beside"):
            next(game().players()).loss(rows)


def test_what_it_can_do():
    assert isinstance(game(), Judges)
    assert isinstance(game(), Labels)


def test_each_learns_alone():
    made = game()
    for player, others in zip(made.players(), ("generator", "classifier"), strict=True):
        made.zero_grad()
        with turn(made, player):
            sum(player.loss(batch()).values()).backward()
        assert all(p.grad is None for p in made.get_submodule(others).parameters())
