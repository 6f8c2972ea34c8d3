"""CatGAN: its entropies in closed form, who wants what, and that few labels are all it reads."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from rivals import chance, processes
from rivals.data.core import Batch
from rivals.games.catgan import CatGAN, conditional_entropy, marginal_entropy
from rivals.priors import Normal

SURE = 60.0  # a logit so far above the others that nothing is left for them


def game(**options):
    torch.manual_seed(0)
    return CatGAN(nn.Linear(2, 5), nn.Linear(5, 4), prior=Normal(2), **options)


def batch(y=None):
    draw = torch.Generator().manual_seed(1)
    x, few = (torch.randn(8, 5, generator=draw) for _ in range(2))
    return Batch(x, y, beside=Batch(few, torch.arange(8) % 4))


def terms_of(made, batch):
    with chance.fixed(0):
        return {f"{player.name}/{name}": term for player in made.players() for name, term in player.loss(batch).items()}


@pytest.mark.parametrize(
    ("logits", "each", "mean"),
    [
        (torch.zeros(4, 4), math.log(4), math.log(4)),  # knows nothing
        (SURE * torch.eye(4), 0.0, math.log(4)),  # sure, and all classes alike
        (SURE * torch.eye(4)[[0, 0, 0, 0]], 0.0, 0.0),  # sure, of one class alone
        (SURE * torch.eye(4)[[0, 1, 0, 1]], 0.0, math.log(2)),
    ],
)
def test_entropies(logits, each, mean):
    assert float(conditional_entropy(logits)) == pytest.approx(each, abs=1e-6)
    assert float(marginal_entropy(logits)) == pytest.approx(mean, abs=1e-6)


def test_entropies_are_those_of_torch():
    logits = torch.randn(16, 5, generator=torch.Generator().manual_seed(0))
    of_each = torch.distributions.Categorical(logits=logits)
    assert torch.allclose(conditional_entropy(logits), of_each.entropy().mean())
    whole = torch.distributions.Categorical(probs=of_each.probs.mean(0))
    assert torch.allclose(marginal_entropy(logits), whole.entropy())


def test_the_gradient_of_the_marginal_entropy_is_right_though_its_logarithm_is_a_constant():
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    (ours,) = torch.autograd.grad(marginal_entropy(logits), logits)
    p = logits.softmax(1).mean(0)
    (plain,) = torch.autograd.grad(-(p * p.log()).sum(), logits)
    assert torch.allclose(ours, plain, atol=1e-7)


def test_processes_have_the_marginal_entropy_of_the_whole(monkeypatch):
    """The mean of the values and gradients of two halves, each of which knows the mean over both."""
    logits = torch.randn(8, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    whole = marginal_entropy(logits)
    (gradient,) = torch.autograd.grad(whole, logits)
    mean = logits.softmax(1).mean(0).detach()
    monkeypatch.setattr(processes, "mean", lambda _: mean)
    halves = torch.stack([marginal_entropy(half) for half in logits.split(4)]).mean()
    assert torch.allclose(halves, whole)
    assert torch.allclose(torch.autograd.grad(halves, logits)[0], gradient, atol=1e-7)


def test_the_two_want_the_opposite_of_generated_things():
    made = game(weight=3.0)
    terms = terms_of(made, batch())
    with chance.fixed(0):
        fake = made.classify(made.sample(8))
        again = made.classify(made.sample(8))
    assert torch.allclose(terms["classifier/generated"], -conditional_entropy(fake))
    assert torch.allclose(terms["generator/generated"], conditional_entropy(again))
    assert torch.allclose(terms["generator/balance"], -marginal_entropy(again))
    assert torch.allclose(terms["classifier/real"], conditional_entropy(made.classify(batch().x)))
    assert torch.allclose(terms["classifier/balance"], -marginal_entropy(made.classify(batch().x)))
    assert torch.allclose(terms["classifier/classes"], 3 * terms_of(game(), batch())["classifier/classes"])


def test_no_loss_reads_a_label_of_the_others():
    made = game()
    without, wrong = terms_of(made, batch()), terms_of(made, batch(torch.full((8,), 2)))
    assert all(torch.equal(without[name], wrong[name]) for name in without)
