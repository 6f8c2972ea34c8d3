"""Conditional GAN and ACGAN: which pairs are true, which are false, and what is asked for."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from rivals.criteria import nonsaturating, relativistic, wasserstein
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.games.acgan import ACGAN
from rivals.games.conditional import ConditionalGAN
from rivals.penalties import R1

CLASSES, LATENT = 4, 3
BATCH = Batch(torch.randn(64, 5), torch.arange(64) % CLASSES)


class Match(nn.Module):
    """D(x, c) = c itself as a score: the number of the class that it is told, and nothing of x."""

    def __init__(self, scores=1):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.scores, self.told = scores, []

    def forward(self, x, c):
        self.told.append(c)
        number = (c * torch.arange(c.shape[1])).sum(1, keepdim=True)
        return self.scale * torch.cat([x.sum(1, keepdim=True), number][-self.scores :], 1)


def game(discriminator=None, **options):
    torch.manual_seed(0)
    return ConditionalGAN(nn.Linear(LATENT + CLASSES, 5), discriminator or Match(), latent=LATENT, classes=CLASSES, **options)


def test_fakes_have_the_conditions_of_the_real_rows():
    made = game()
    made.loss_D(BATCH)
    real, fake = made.discriminator.told
    assert torch.equal(real, fake)
    assert torch.equal(real.argmax(1), BATCH.y)
    assert torch.equal(real.sum(1), torch.ones(64))


def test_a_matching_aware_discriminator_sees_every_other_class():
    made = game(matching=True)
    terms = made.loss_D(BATCH)
    real, _, wrong = made.discriminator.told
    assert not (wrong.argmax(1) == BATCH.y).any()
    assert torch.equal(wrong.sum(1), torch.ones(64))
    further = (wrong.argmax(1) - BATCH.y) % CLASSES
    assert set(further.tolist()) == {1, 2, 3}
    numbers = [c.argmax(1, keepdim=True).float() for c in (real, wrong)]
    assert float(terms["matching"].detach()) == pytest.approx(0.5 * float(nonsaturating.critic(*numbers)))


def test_two_scores_play_two_games():
    made = game(Match(2), matching=True, two_scores=True, adversarial=wasserstein)
    terms = made.loss_D(BATCH)
    real, _, wrong = made.discriminator.told
    expected = wrong.argmax(1).float().mean() - real.argmax(1).float().mean()
    assert float(terms["matching"].detach()) == pytest.approx(float(expected), abs=1e-6)
    assert set(made.loss_G(BATCH)) == {"adversarial", "matching"}
    with pytest.raises(UserError, match="wrong conditions"):
        game(Match(2), two_scores=True)


class Inner(nn.Module):
    """D(x, c) = <W c, x>, whose slope at x is W c."""

    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.randn(5, CLASSES))

    def forward(self, x, c):
        return (c @ self.W.T * x).sum(1, keepdim=True)


@pytest.mark.parametrize("matching", [False, True])
def test_a_penalty_is_on_the_slope_in_x_under_the_rows_own_condition(matching):
    made = game(Inner(), penalty=R1(3.0), matching=matching)
    terms = made.loss_D(BATCH)
    slopes = made.discriminator.W.detach().square().sum(0)  # of each class
    assert float(terms["penalty"].detach()) == pytest.approx(0.5 * 3 * float(slopes[BATCH.y].mean()), rel=1e-5)
    terms["penalty"].backward()
    assert made.discriminator.W.grad.abs().sum() > 0
    assert made.generator.weight.grad is None
    assert "penalty" not in game(Inner(), matching=matching).loss_D(BATCH)


def test_a_penalty_of_an_acgan_is_on_what_it_says_of_real_and_not_of_classes():
    made = acgan(penalty=R1(3.0))
    terms = made.loss_D(BATCH)
    slope = made.discriminator.weight @ made.trunk.weight
    assert float(terms["penalty"].detach()) == pytest.approx(1.5 * float(slope.detach().square().sum()), rel=1e-5)
    assert set(terms) == {"adversarial", "classes", "penalty"}
    assert set(acgan().loss_D(BATCH)) == {"adversarial", "classes"}


def test_a_paired_criterion_gets_the_real_pairs():
    made = game(adversarial=relativistic)
    made.loss_G(BATCH)
    fake, real = made.discriminator.told
    assert torch.equal(fake, real)


@pytest.mark.parametrize("kind", ["conditional", "acgan"])
def test_latents_ask_for_classes_evenly_or_as_given(kind):
    made = game() if kind == "conditional" else acgan()
    z = made.prior(4000)
    assert z.shape == (4000, LATENT + CLASSES)
    assert torch.allclose(z[:, LATENT:].mean(0), torch.full((CLASSES,), 0.25), atol=0.03)
    y = torch.tensor([2, 0, 3])
    assert torch.equal(made.given(y)[:, LATENT:].argmax(1), y)
    assert made.sample(3).shape == (3, 5)


def test_data_without_labels_is_refused():
    for made in (game(), acgan()):
        with pytest.raises(UserError, match="has none: give"):
            made.loss_D(Batch(BATCH.x))


def acgan(**options):
    torch.manual_seed(0)
    return ACGAN(
        nn.Linear(LATENT + CLASSES, 5),
        nn.Linear(5, 6),
        nn.Linear(6, 1),
        nn.Linear(6, CLASSES),
        latent=LATENT,
        classes=CLASSES,
        **options,
    )


def test_a_classifier_that_knows_nothing_costs_log_k_twice():
    made = acgan(weight=0.5)
    with torch.no_grad():
        for p in made.classifier.parameters():
            p.zero_()
    assert float(made.loss_D(BATCH)["classes"].detach()) == pytest.approx(0.5 * 2 * math.log(CLASSES), rel=1e-5)
    assert float(made.loss_G(BATCH)["classes"].detach()) == pytest.approx(0.5 * math.log(CLASSES), rel=1e-5)


def test_the_generator_is_told_by_the_classifier():
    """Where the classifier reads x itself, a generator that writes its condition into x costs nothing."""
    made = acgan()
    with torch.no_grad():
        for p in made.parameters():
            p.zero_()
        made.generator.weight[:CLASSES, LATENT:] = 100 * torch.eye(CLASSES)
        made.trunk.weight[:CLASSES, :CLASSES] = torch.eye(CLASSES)
        made.classifier.weight[:, :CLASSES] = torch.eye(CLASSES)
    assert float(made.loss_G(BATCH)["classes"].detach()) == pytest.approx(0, abs=1e-6)


FACES = Batch(torch.randn(8, 5), a=torch.tensor([[1.0, 0, 1], [0, 1, 0]]).repeat(4, 1))


def by_attributes(**options):
    torch.manual_seed(0)
    return ConditionalGAN(nn.Linear(LATENT + 3, 5), Match(), latent=LATENT, attributes=3, **options)


def test_attributes_are_asked_for_as_they_were_met():
    made = by_attributes(matching=True)
    made.loss_D(FACES)
    real, fake, wrong = made.discriminator.told
    assert torch.equal(real, FACES.a)
    assert torch.equal(fake, FACES.a)
    assert torch.equal(wrong, FACES.a.roll(1, 0))
    conditions = made.prior(5000)[:, LATENT:]
    met = {tuple(row) for row in conditions.tolist()}
    assert met == {(0, 0, 0), (1, 0, 1), (0, 1, 0)}  # what was not met yet has none
    assert made.having([0], 3).tolist() == [[1, 0, 1]] * 3
    assert [made.met_with(wanted) for wanted in ([], [0], [0, 2], [0, 1])] == [True, True, True, False]
    assert made.having([0, 1], 2).tolist() == [[1, 1, 0]] * 2  # never met: these alone
    z = made.given(made.having([1], 4))
    assert z[:, LATENT:].tolist() == [[0, 1, 0]] * 4


def test_a_condition_is_of_one_kind():
    for wrong in ({}, {"classes": 3, "attributes": 3}):
        with pytest.raises(UserError, match="class or attributes"):
            ConditionalGAN(nn.Linear(6, 5), Match(), latent=3, **wrong)
    with pytest.raises(UserError, match="has none"):
        by_attributes().loss_D(BATCH)


def test_attributes_that_are_wrong_are_never_the_right_ones():
    torch.manual_seed(0)
    made = ConditionalGAN(nn.Linear(LATENT + 2, 5), Match(), latent=LATENT, attributes=2)
    alike = torch.tensor([[1.0, 0.0]]).repeat(400, 1)
    wrong = made.wrong(alike)
    assert set(map(tuple, wrong.tolist())) == {(0.0, 0.0), (1.0, 1.0)}  # one of them turned round, either
    some = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    found = made.wrong(some)
    assert found[[0, 1, 3]].tolist() == [[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]  # another row's
    assert (found != some).any(1).all()
