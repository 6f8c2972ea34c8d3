"""The distance in what a fixed network sees: a gradient to the pictures, and nothing of it in a game's weights."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from rivals import perceptual
from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.metrics import features
from rivals.metrics.features.classifier import Network
from rivals.metrics.features.efficientnet import EfficientNetLite0, prepared
from rivals.perceptual import TAPS, Perceptual

SIGHTS = ("efficientnet-lite0", "random") if EfficientNetLite0.at_hand() else ("random",)


def pictures(n=2, channels=3, seed=0):
    return torch.rand(n, channels, 32, 32, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_a_distance_with_a_gradient(sight, channels):
    d = Perceptual(sight, channels)
    x, y = pictures(channels=channels), pictures(channels=channels, seed=1).requires_grad_()
    assert float(d(x, x)) == 0
    apart = d(x, y)
    assert float(apart.detach()) == pytest.approx(float(d(y, x).detach()), rel=1e-5)
    apart.backward()
    assert (y.grad.abs() > 0).float().mean() > 0.9
    near = d(x, x + 0.01 * torch.randn(x.shape, generator=torch.Generator().manual_seed(2)))
    assert 0 < float(near) < float(apart.detach())


@pytest.mark.parametrize("sight", SIGHTS)
def test_nothing_of_it_is_learnt_or_saved(sight):
    class Holder(nn.Module):
        def __init__(self):
            super().__init__()
            self.d = Perceptual(sight, 3)

    holder = Holder().train()
    assert list(holder.parameters()) == []
    assert holder.state_dict() == {}
    assert not any(module.training for module in holder.d.modules())
    x, y = pictures(), pictures(seed=1)
    before = holder.d(x, y)
    assert torch.equal(copy.deepcopy(holder).d(x, y), before)
    assert torch.equal(Perceptual(sight, 3)(x, y), before)  # always the same network


@pytest.mark.skipif(len(SIGHTS) < 2, reason="the weights of efficientnet-lite0 are not installed")
def test_it_sees_what_the_features_see():
    whole = EfficientNetLite0().network
    x = prepared((pictures() + 1) * 127.5)
    with torch.no_grad():
        z = whole.relu_0(whole._bn0(whole._conv_stem(x)))
        for block in list(whole._blocks)[: TAPS[0]]:
            z = block(z)
        ours = Perceptual("efficientnet-lite0", 3).stages[0](x)
    assert torch.allclose(z, ours, atol=1e-5)


@pytest.fixture
def inception(monkeypatch):
    """Its layers with weights by chance: the published ones are nowhere to be had without a network."""
    torch.manual_seed(0)
    weights = features.inception.inception().state_dict()
    monkeypatch.setattr(perceptual, "Inception", lambda: features.inception.Inception(weights=weights))
    return weights


def test_inception_is_looked_through_too(inception):
    d = Perceptual("inception", 3)
    x, y = pictures(), pictures(seed=1)
    assert float(d(x, x)) == 0 < float(d(x, y))
    assert [maps.shape[1] for maps in d.seen(x)] == [64, 192, 288]
    assert not list(d.parameters())
    assert not d.state_dict()
    with pytest.raises(UserError, match="at least 28x28"):
        d(x[..., :20], y[..., :20])


def test_any_network_may_see():
    """Such as a classifier of the data: its trunk ends in features without places."""
    torch.manual_seed(0)
    trunk = Network(Facts(shape=(1, 32, 32), count=9, classes=2)).trunk
    d = Perceptual([trunk], 1)
    x, y = pictures(channels=1), pictures(channels=1, seed=1)
    one, other = (nn.functional.normalize(trunk.eval()(each), dim=1) for each in (x, y))
    assert float(d(x, y)) == pytest.approx(float((one - other).square().sum(1).mean().detach()), rel=1e-5)
    assert trunk[0].weight.requires_grad  # it is a copy that is fixed


def test_wrong_input_is_refused():
    with pytest.raises(UserError, match="1 or 3 channels, not 4"):
        Perceptual("random", 4)
    with pytest.raises(UserError, match="did you mean 'random'"):
        Perceptual("radnom", 3)
