"""CoGAN and the domain transfer network: losses in closed form, pairs, and which way they go."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from rivals.criteria import least_squares
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Couples, Translates
from rivals.games.cogan import CoGAN
from rivals.games.dtn import DTN, variation
from rivals.networks import FAMILIES
from rivals.networks.coupled import couple, layers_of
from rivals.priors import Normal


class Times(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(float(factor)))

    def forward(self, x):
        return self.factor * x


X, Y = torch.full((2, 3), 0.5), torch.full((2, 3), -0.2)
BATCH = Batch(X, torch.tensor([0, 1]), Batch(Y))


class Fixed(Normal):
    """Latents of ones."""

    def __call__(self, n, device):
        return torch.ones(n, 3)


def test_cogan_is_two_gans_of_one_latent():
    game = CoGAN([Times(0.1), Times(0.3)], [Times(1.0), Times(2.0)], prior=Fixed(3), adversarial=least_squares)
    assert isinstance(game, Couples)
    told_apart = 0.5 * (0.5 - 1) ** 2 + 0.5 * 0.1**2 + 0.5 * (-0.4 - 1) ** 2 + 0.5 * 0.6**2
    assert float(game.loss_D(BATCH)["adversarial"].detach()) == pytest.approx(told_apart, rel=1e-5)
    fooled = 0.5 * (0.1 - 1) ** 2 + 0.5 * (0.6 - 1) ** 2
    assert float(game.loss_G(BATCH)["adversarial"].detach()) == pytest.approx(fooled, rel=1e-5)
    one, other = game.draw_pair(game.prior(4))
    assert torch.allclose(3 * one, other)
    assert torch.equal(game.decode(game.prior(4)), other)


@pytest.mark.parametrize("family", FAMILIES)
def test_coupled_networks_share_what_is_said(family):
    nets = FAMILIES[family]
    shapes = ((1, 16, 16), (3, 16, 16))
    generators = [nets.generator(shape, latent=7, width=8) for shape in shapes]
    discriminators = [nets.discriminator(shape, outputs=1, width=8) for shape in shapes]
    couple(generators, 1, shared="first")
    couple(discriminators, 1, shared="last")
    for one, other in (generators, discriminators):
        mine, theirs = ({id(p) for p in net.parameters()} for net in (one, other))
        last = one is generators[0]
        names = layers_of(one)[-1 if last else 0]
        own = {id(p) for name in names for p in one.get_submodule(name).parameters()}
        assert mine - theirs == own
        assert len(theirs) == len(mine)
    z = torch.randn(4, 7)
    assert [tuple(G(z).shape) for G in generators] == [(4, *shape) for shape in shapes]
    with pytest.raises(UserError, match="layers of one's own"):
        couple(generators, 50, shared="first")


def dtn(**options):
    class Says(nn.Module):
        def forward(self, x):
            return torch.stack([x.mean(1), torch.zeros(len(x)), -x.mean(1)], 1)

    class Classes(nn.Module):
        def forward(self, x):
            return x[:, :2]

    return DTN(Times(2.0), Classes(), Times(0.25), Says(), **options)


def logit(mean, kind):
    return float(cross_entropy(torch.tensor([[mean, 0.0, -mean]]), torch.tensor([kind])))


def test_dtn_in_closed_form():
    game = dtn(same=15.0, identity=5.0)
    s, t = 0.25, -0.1  # g(f(.)) halves
    assert float(game.loss_f(BATCH)["classes"].detach()) == pytest.approx(math.log(2), rel=1e-5)
    expected = logit(s, 0) + logit(t, 1) + logit(-0.2, 2)
    assert float(game.loss_D(BATCH)["adversarial"].detach()) == pytest.approx(expected, rel=1e-5)
    found = {name: float(term.detach()) for name, term in game.loss_g(BATCH).items()}
    assert found == {
        "adversarial": pytest.approx(logit(s, 2) + logit(t, 2), rel=1e-5),
        "same": pytest.approx(15 * (1.0 - 0.5) ** 2, rel=1e-5),
        "identity": pytest.approx(5 * 0.1**2, rel=1e-5),
    }


def test_dtn_goes_one_way_and_needs_classes():
    game = dtn()
    assert isinstance(game, Translates)
    assert torch.allclose(game.translate(X), X / 2)
    with pytest.raises(UserError, match="learnt one way"):
        game.translate(X, 1, 0)
    with pytest.raises(UserError, match="give --data with classes"):
        game.loss_f(BATCH._replace(y=None))


def test_variation_is_of_neighbours():
    x = torch.zeros(1, 1, 2, 3)
    x[..., 1, :] = 1.0
    assert float(variation(x)) == pytest.approx(1.0)
    assert float(variation(torch.ones(1, 1, 4, 4))) == 0
