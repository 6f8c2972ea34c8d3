"""Triple-GAN: its pairs and their shares in closed form, the classifier's adversarial loss, and what it may read."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, softplus

from rivals import chance, processes
from rivals.data.core import Batch
from rivals.game import Conditional, Labels
from rivals.games.triplegan import TripleGAN, balance
from rivals.priors import Codes


class OfPairs(nn.Module):
    def __init__(self):
        super().__init__()
        self.bilinear = nn.Bilinear(5, 3, 1)

    def forward(self, x, c):
        return self.bilinear(x, c)


def game(**options):
    torch.manual_seed(0)
    classifier = nn.Sequential(nn.Dropout(0.5), nn.Linear(5, 3))
    return TripleGAN(nn.Linear(2 + 3, 5), classifier, OfPairs(), latent=2, classes=3, **options)


def batch(y=None):
    draw = torch.Generator().manual_seed(1)
    x, few = (torch.randn(8, 5, generator=draw) for _ in range(2))
    return Batch(x, y, beside=Batch(few, torch.arange(8) % 3))


def terms_of(made, batch):
    found = {}
    for player in made.players():
        with chance.fixed(0):
            found |= {f"{player.name}/{name}": float(term) for name, term in player.loss(batch).items()}
    return found


def test_a_discriminator_that_sees_nothing_has_log_2_of_each_share():
    made = game(alpha=0.25, pseudo=0.75).eval()
    for p in made.discriminator.parameters():
        nn.init.zeros_(p)
    terms = terms_of(made, batch())
    assert terms["discriminator/true"] == pytest.approx(math.log(2))
    assert terms["discriminator/classified"] == pytest.approx(0.25 * math.log(2))
    assert terms["discriminator/generated"] == pytest.approx(0.75 * math.log(2))
    assert terms["generator/adversarial"] == pytest.approx(0.75 * math.log(2))


def test_true_pairs_are_the_labelled_and_a_share_of_the_classified():
    rows = batch()
    for pseudo in (0.0, 0.25):
        made = game(pseudo=pseudo).eval()
        x, y = rows.beside.x, rows.beside.y
        of_labels = softplus(-made.pair(x, y)).mean()
        of_classifier = softplus(-made.pair(rows.x, made.classify(rows.x).argmax(1))).mean()
        expected = float((1 - pseudo) * of_labels + pseudo * of_classifier)
        assert terms_of(made, rows)["discriminator/true"] == pytest.approx(expected, rel=1e-5)


def test_the_classifier_is_judged_by_its_most_probable_class():
    made, rows = game(alpha=0.5).eval(), batch()
    p, y = made.classify(rows.x).softmax(1).max(1)
    expected = 0.5 * (p * softplus(-made.pair(rows.x, y))[:, 0]).mean()
    assert terms_of(made, rows)["classifier/adversarial"] == pytest.approx(float(expected), rel=1e-5)


def test_the_classifier_goes_where_the_discriminator_sends_it():
    """The less D believes a pair, the more the probability of its class is lowered: of p softplus(-d) the slope in p is it."""
    made, rows = game(confidence=0.0, balance=0.0, generated=0.0).eval(), batch()
    logits = made.classify(rows.x).detach().requires_grad_()
    made.classify = lambda x: logits if x is rows.x else torch.zeros(8, 3)
    (slope,) = torch.autograd.grad(made.loss_C(rows)["adversarial"], logits)
    p, y = logits.softmax(1).max(1)
    own = slope.gather(1, y[:, None])[:, 0]
    assert torch.allclose(own, 0.5 / 8 * p * (1 - p) * softplus(-made.pair(rows.x, y))[:, 0], atol=1e-6)


def test_generated_pairs_are_learnt_from_after_a_while():
    made = game(generated=0.5, generated_from=0.3).eval()
    assert "classifier/generated" not in terms_of(made, batch())
    made.progress = 0.3
    with chance.fixed(0):
        z = made.prior(8)
    expected = 0.5 * cross_entropy(made.classify(made.decode(z)), made.asked(z))
    assert terms_of(made, batch())["classifier/generated"] == pytest.approx(float(expected), rel=1e-5)
    assert "classifier/generated" not in terms_of(game(generated=0.0, generated_from=0.0), batch())


def test_consistency_is_between_two_draws_of_dropout():
    made = game(consistency=1.0)
    assert terms_of(made, batch())["classifier/consistency"] > 0.01
    assert terms_of(made.eval(), batch())["classifier/consistency"] == 0


def test_balance_is_least_for_even_classes(monkeypatch):
    even, uneven = 60 * torch.eye(3), 2 * torch.eye(3)[[0, 0, 1]]
    assert float(balance(even)) == pytest.approx(math.log(3), rel=1e-5)
    p = uneven.softmax(1).mean(0)
    assert float(balance(uneven)) == pytest.approx(float(-p.log().mean()), rel=1e-5)
    logits = torch.randn(8, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    whole = -logits.softmax(1).mean(0).log().mean()
    assert torch.allclose(torch.autograd.grad(balance(logits), logits)[0], torch.autograd.grad(whole, logits)[0], atol=1e-7)
    mean = logits.softmax(1).mean(0).detach()
    monkeypatch.setattr(processes, "mean", lambda _: mean)
    assert torch.allclose(torch.stack([balance(half) for half in logits.split(4)]).mean(), balance(logits))


def test_no_loss_reads_a_label_of_the_others():
    made = game(generated_from=0.0, consistency=1.0)
    assert terms_of(made, batch()) == terms_of(made, batch(torch.full((8,), 2)))


def test_it_draws_the_class_asked_for_and_finds_classes():
    made = game()
    assert isinstance(made, Conditional)
    assert isinstance(made, Labels)
    assert made.asked(made.given(torch.tensor([2, 0]))).tolist() == [2, 0]
    assert Codes(noise=2, categories=(3,)).dimension == made.prior(1).shape[1]
