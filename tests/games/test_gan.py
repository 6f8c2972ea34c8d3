"""The game of two: what flipping labels is."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rivals import chance
from rivals.criteria import Adversarial
from rivals.data.core import Batch
from rivals.games.gan import GAN, exchanged
from rivals.priors import Normal


def test_flipped_labels_change_places():
    real, fake = torch.ones(4000, 1), torch.zeros(4000, 1)
    as_real, as_fake = exchanged(real, fake, 0.1)
    assert torch.equal(as_real + as_fake, real)
    assert float(as_fake.mean()) == pytest.approx(0.1, abs=0.02)


def test_flipped_labels_are_not_given_away_by_batch_norm():
    """A few fake rows among real ones would stand out in the batch's statistics. Where labels alone are exchanged, D's answer
    to a thing cannot depend on them."""
    torch.manual_seed(0)
    D = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1))
    seen = []
    told = Adversarial(critic=lambda real, fake: seen.append((real, fake)) or real.mean(), generator=lambda fake: fake.mean())
    game = GAN(nn.Linear(3, 2), D, prior=Normal(3), adversarial=told, flip=0.25)
    x = torch.randn(400, 2) + 5
    with chance.fixed(1):
        game.loss_D(Batch(x))
    with chance.fixed(1):
        fake = D(game.sample(400))
    real, (shown_real, shown_fake) = D(x), seen[0]
    swapped = (shown_real == fake)[:, 0]
    assert 0.15 < float(swapped.float().mean()) < 0.35
    assert torch.equal(shown_real, torch.where(swapped[:, None], fake, real))
    assert torch.equal(shown_fake, torch.where(swapped[:, None], real, fake))
