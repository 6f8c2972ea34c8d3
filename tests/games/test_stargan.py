"""StarGAN: its losses in closed form, labels to become, and domains by number."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from rivals import chance
from rivals.criteria import wasserstein
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Relabels
from rivals.games import stargan
from rivals.games.stargan import StarGAN
from rivals.penalties import WGANGP


class Adds(nn.Module):
    """x + 0.1 for each label asked for."""

    def __init__(self, channels):
        super().__init__()
        self.channels, self.step = channels, nn.Parameter(torch.tensor(0.1))

    def forward(self, z):
        asked = (z[:, self.channels :] + 1) / 2
        return z[:, : self.channels] + self.step * asked.sum(1, keepdim=True)


class Classifier(nn.Module):
    """The mean of the picture as each label's logit."""

    def __init__(self, labels):
        super().__init__()
        self.labels = labels

    def forward(self, features):
        return features.flatten(1).mean(1, keepdim=True).expand(-1, self.labels)


X = torch.stack([torch.full((1, 4, 4), 0.5), torch.full((1, 4, 4), -0.3)])


def made(**options):
    labels = options.get("classes") or options["attributes"]
    return StarGAN(Adds(1), nn.Identity(), nn.Identity(), Classifier(labels), adversarial=wasserstein, **options)


def test_classes_in_closed_form():
    game = made(classes=3, of_labels=2.0, cycle=10.0)
    batch = Batch(X, torch.tensor([0, 2]))
    found = {name: float(term.detach()) for name, term in game.loss_G(batch).items()}
    assert found["adversarial"] == pytest.approx(-(0.1 + 0.1), rel=1e-5)  # minus the mean of 0.6 and -0.2
    assert found["labels"] == pytest.approx(2 * math.log(3), rel=1e-5)  # all logits are alike
    assert found["cycle"] == pytest.approx(10 * 0.2, rel=1e-5)  # a step there and one back
    found = {name: float(term.detach()) for name, term in game.loss_D(batch).items()}
    assert found == {"adversarial": pytest.approx(0.2 - 0.1, abs=1e-6), "labels": pytest.approx(2 * math.log(3), rel=1e-5)}


def test_attributes_in_closed_form():
    game = made(attributes=2)
    a = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    found = game.loss_D(Batch(X, None, None, a))
    logits = (0.5, 0.5, -0.3, -0.3)
    each = [
        math.log(1 + math.exp(-logit if there else logit)) for logit, there in zip(logits, a.flatten().tolist(), strict=True)
    ]
    assert float(found["labels"]) == pytest.approx(sum(each) / 2, rel=1e-5)  # summed over attributes, mean over things


def test_labels_to_become_are_those_of_other_rows():
    game = made(classes=3)
    c, other = game.labels(Batch(X.repeat(2, 1, 1, 1), torch.tensor([0, 1, 2, 2])))
    assert c.argmax(1).tolist() == [0, 1, 2, 2]
    assert other.argmax(1).tolist() == [2, 0, 1, 2]
    z = game.latents_of(X, torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    assert z.shape == (2, 4, 4, 4)
    assert z[0, 1:, 0, 0].tolist() == [1, -1, -1]


def test_the_penalty_is_there_where_it_is_asked_for():
    batch = Batch(X, torch.tensor([0, 1]))
    assert "penalty" not in made(classes=2).loss_D(batch)
    assert float(made(classes=2, penalty=WGANGP()).loss_D(batch)["penalty"]) == pytest.approx(10 * (4 - 1) ** 2, rel=1e-4)


def test_one_label_is_turned_round_each_as_often():
    """Of 3,000 rows one has the second attribute, and with it the third."""
    a = torch.tensor([[1.0, 0.0, 0.0]]).repeat(3000, 1)
    a[::2, 0] = 0
    a[7] = torch.tensor([1.0, 1.0, 1.0])
    x = torch.zeros(3000, 1, 2, 2)
    with chance.fixed(0):
        c, other = made(attributes=3, turned=True).labels(Batch(x, None, None, a))
        assert torch.equal(c, a)
        kinds = {tuple(row) for row in a.tolist()}
        assert {tuple(row) for row in other.tolist()} <= kinds  # nothing that does not occur
        plain = a[:, 1] == 0
        asked = (other != a)[plain].float()
        assert asked[:, 1:].mean(0).tolist() == pytest.approx([2 / 3] * 2, abs=0.03)  # the rare row has both
        assert (other != a).any(1).all()
        _, other = made(classes=3, turned=True).labels(Batch(x, torch.ones(3000, dtype=torch.long)))
        assert other.mean(0).tolist() == pytest.approx([0.5, 0, 0.5], abs=0.03)


def test_labels_of_one_kind_alone_stay():
    a = torch.ones(4, 2)
    assert torch.equal(stargan.turned(a, torch.zeros(4, dtype=torch.long)), a)


def test_who_is_wary_reads_from_translations_what_they_were():
    batch = Batch(X, None, None, torch.tensor([[1.0, 0.0], [1.0, 1.0]]))
    assert "wary" not in made(attributes=2).loss_D(batch)
    found = made(attributes=2, wary=0.5).loss_D(batch)
    # translations are 0.5 + 2 * 0.1, with the other row's labels, and -0.3 + 0.1; asked are the labels that were
    each = [math.log(1 + math.exp(sign * logit)) for sign, logit in ((-1, 0.7), (1, 0.7), (-1, -0.2), (-1, -0.2))]
    assert float(found["wary"].detach()) == pytest.approx(0.5 * sum(each) / 2, rel=1e-5)


def test_domains_of_attributes_turn_one_and_keep_the_others():
    game = made(attributes=2)
    assert isinstance(game, Relabels)
    assert game.domains() == 4
    # the first thing is read as having both, the second as having none
    for to, steps in ((0, (2, 1)), (1, (1, 0)), (3, (1, 0))):
        wanted = X + 0.1 * torch.tensor(steps)[:, None, None, None]
        assert torch.allclose(game.translate(X, 0, to), wanted)
    with pytest.raises(UserError, match="learnt 4 domains"):
        game.translate(X, 0, 4)


def test_labels_are_needed():
    with pytest.raises(UserError, match="give data with classes or attributes"):
        made(classes=3).loss_D(Batch(X))
