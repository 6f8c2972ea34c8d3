"""pix2pix and CycleGAN: their losses in closed form, and which ways they go."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rivals import chance
from rivals.criteria import least_squares, nonsaturating, relativistic
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Samples, Translates
from rivals.games.cyclegan import CycleGAN
from rivals.games.onesided import OneSided
from rivals.games.pix2pix import Pix2Pix
from rivals.past import Replay
from rivals.penalties import R1, R1R2


class Times(nn.Module):
    """x -> factor x, of a factor that could be learnt."""

    def __init__(self, factor):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(float(factor)))

    def forward(self, x):
        return self.factor * x


class Mean(nn.Module):
    """The mean of the channels, as a logit a patch."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return self.factor * x.mean(1, keepdim=True)


X, Y = torch.full((2, 3, 4, 4), 0.5), torch.full((2, 3, 4, 4), -0.2)
BATCH = Batch(X, None, Batch(Y))


def values(terms):
    return {name: float(term.detach()) for name, term in terms.items()}


def test_pix2pix_shows_the_discriminator_both():
    game = Pix2Pix(Times(2.0), Mean(), l1=10.0, adversarial=least_squares)
    real, fake = (0.5 - 0.2) / 2, (0.5 + 1.0) / 2  # means of (x, y) and of (x, 2x)
    assert values(game.loss_D(BATCH)) == {"adversarial": pytest.approx(0.5 * (real - 1) ** 2 + 0.5 * fake**2)}
    terms = values(game.loss_G(BATCH))
    assert terms == {"L1": pytest.approx(10 * 1.2), "adversarial": pytest.approx(0.5 * (fake - 1) ** 2)}


def test_pix2pix_of_one_kind():
    regression = Pix2Pix(Times(2.0))
    assert [player.name for player in regression.players()] == ["G"]
    assert list(regression.loss_G(BATCH)) == ["L1"]
    alone = Pix2Pix(Times(2.0), Mean(), l1=0.0)
    assert list(alone.loss_G(BATCH)) == ["adversarial"]
    assert list(Pix2Pix(Times(2.0), Mean(), adversarial=relativistic).loss_G(BATCH)) == ["L1", "adversarial"]


def test_penalties_are_on_what_each_discriminator_sees():
    """Of the mean of C channels the squared gradient of each patch, here a pixel, is 1 / C; R1 takes half of it."""
    assert values(Pix2Pix(Times(2.0), Mean(), penalty=R1(3.0)).loss_D(BATCH))["penalty"] == pytest.approx(1.5 / 6)
    assert values(Pix2Pix(Times(2.0), Mean(), penalty=R1R2(3.0)).loss_D(BATCH))["penalty"] == pytest.approx(3 / 6)
    for loss in (OneSided(Times(2.0), Mean(), penalty=R1(3.0)).loss_D, cycle(penalty=R1(3.0)).loss_D_X):
        assert values(loss(BATCH))["penalty"] == pytest.approx(1.5 / 3)


def cycle(**options):
    return CycleGAN(Times(2.0), Times(0.25), Mean(), Mean(), adversarial=least_squares, **options)


def test_a_cycle_costs_what_does_not_come_back():
    """G doubles and F quarters: half of everything comes back, either way."""
    terms = values(cycle(cycle=10.0).loss_GF(BATCH))
    assert terms["cycle X"] == pytest.approx(10 * 0.25)
    assert terms["cycle Y"] == pytest.approx(10 * 0.1)
    assert terms["G"] == pytest.approx(0.5 * (1.0 - 1) ** 2)  # of 2 x = 1
    assert terms["F"] == pytest.approx(0.5 * (-0.05 - 1) ** 2)  # of y / 4
    assert "identity" not in terms
    squared = values(cycle(cycle=1.0, distance=nn.functional.mse_loss).loss_GF(BATCH))
    assert squared["cycle X"] == pytest.approx(0.25**2)


def test_identity_is_what_a_translator_does_to_its_own():
    terms = values(cycle(cycle=10.0, identity=0.5).loss_GF(BATCH))
    assert terms["identity"] == pytest.approx(5 * (0.2 + 0.75 * 0.5))  # |2y - y| + |x / 4 - x|


def test_noise_disturbs_what_is_turned_back():
    quiet, loud = (values(cycle(noise=noise).loss_GF(BATCH)) for noise in (0.0, 0.5))
    assert loud["cycle X"] != quiet["cycle X"]
    assert loud["G"] == quiet["G"]  # the discriminators see no noise


def test_each_discriminator_judges_its_domain():
    game = cycle()
    assert values(game.loss_D_X(BATCH))["adversarial"] == pytest.approx(0.5 * (0.5 - 1) ** 2 + 0.5 * 0.05**2)
    assert values(game.loss_D_Y(BATCH))["adversarial"] == pytest.approx(0.5 * (-0.2 - 1) ** 2 + 0.5 * 1.0**2)


def test_the_pool_shows_old_translations():
    pool = Replay(1, rows=2, shape=(3, 4, 4))
    game = cycle(pool_Y=pool)
    with chance.fixed(0):
        for _ in range(20):
            game.loss_D_Y(BATCH)
        game.G.factor.data.fill_(0.0)
        seen = {float(game.loss_D_Y(BATCH)["adversarial"].detach()) for _ in range(20)}
    assert len(seen) > 1  # some are still of the old translator


def test_the_ways_they_go():
    assert isinstance(cycle(), Translates)
    assert not isinstance(cycle(), Samples)
    assert torch.equal(cycle().translate(X), 2 * X)
    assert torch.equal(cycle().translate(Y, 1, 0), 0.25 * Y)
    one_way = Pix2Pix(Times(2.0), adversarial=nonsaturating)
    assert torch.equal(one_way.translate(X), 2 * X)
    with pytest.raises(UserError, match="one way"):
        one_way.translate(Y, 1, 0)
    with pytest.raises(UserError, match="from the one to the other"):
        cycle().translate(X, 0, 0)


def test_one_side_pleases_the_discriminator_and_keeps_what_it_is_told_to():
    plain = OneSided(Times(2.0), Mean())
    assert values(plain.loss_D(BATCH)) == {"adversarial": pytest.approx(0.5 * (-0.2 - 1) ** 2 + 0.5)}
    assert values(plain.loss_G(BATCH)) == {"adversarial": pytest.approx(0)}
    keeping = OneSided(Times(2.0), Mean(), kept=nn.functional.l1_loss, weight=3.0)
    assert values(keeping.loss_G(BATCH)) == {"adversarial": pytest.approx(0), "kept": pytest.approx(1.5)}
    with pytest.raises(UserError, match="one way"):
        plain.translate(Y, 1, 0)


def test_they_take_two_domains():
    for loss in (OneSided(Times(1.0), Mean()).loss_G, Pix2Pix(Times(1.0)).loss_G, cycle().loss_GF):
        with pytest.raises(UserError, match="two domains"):
            loss(Batch(X))
