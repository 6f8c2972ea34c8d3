"""Virtual batch normalisation against its formula, and rows that do not see each other."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from rivals.metrics.features.discriminator import Discriminator
from rivals.networks import FAMILIES
from rivals.networks.virtual import Referred, VirtualBatchNorm
from rivals.penalties import gradient_norm_squared


def normed(x, m, s, norm):
    apart = (-1, *[1] * (x.dim() - 1))
    scale = norm.weight.view(apart) / (s - m**2 + norm.eps).sqrt().view(apart)
    return (x - m.view(apart)) * scale + norm.bias.view(apart)


@pytest.mark.parametrize("shape", [(3, 4, 5), (3,)])
def test_the_formula_row_by_row(shape):
    torch.manual_seed(0)
    R, norm = 4, nn.BatchNorm2d(3)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    x = 2 * torch.randn(R + 6, *shape) + 3
    y = VirtualBatchNorm(norm, R)(x)
    axes = tuple(range(1, len(shape)))

    def moment(row, power):
        return (row**power).mean(axes) if axes else row**power

    m, s = (torch.stack([moment(row, power) for row in x[:R]]).mean(0) for power in (1, 2))
    expected = [normed(row, m, s, norm) for row in x[:R]]
    expected += [normed(row, *((R * a + moment(row, p)) / (R + 1) for a, p in ((m, 1), (s, 2))), norm) for row in x[R:]]
    assert torch.allclose(y, torch.stack(expected), atol=1e-4)
    if axes:  # the reference alone is plain batch norm
        assert torch.allclose(y[:R], norm(x[:R]), atol=1e-4)


@pytest.mark.parametrize("network", FAMILIES)
def test_the_reference_is_the_first_batch_of_training_and_stays(network):
    family = FAMILIES[network]
    for build, shape in ((family.generator, (6,)), (family.discriminator, (1, 8, 8))):
        given = {"latent": 6} if build is family.generator else {}
        net = Referred(build((1, 8, 8), width=4, norm="batch", **given), shape, rows=5)
        assert not any(isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) for layer in net.modules())
        first, later = torch.randn(5, *shape), torch.randn(7, *shape)
        with torch.no_grad():
            net.train()(later)  # somebody looks
        net.eval()(later)
        assert not net.chosen
        net.train()(first)
        net(later)
        assert torch.equal(net.reference, first)
        y = net(later)
        assert torch.allclose(torch.cat([net(row) for row in later.split(1)]), y, atol=1e-5)  # no row sees another
        assert torch.equal(net.eval()(later), y)
        other = Referred(build((1, 8, 8), width=4, norm="batch", **given), shape, rows=5)
        other.load_state_dict(net.state_dict())
        assert torch.equal(other.train()(later), y)


def test_few_rows_are_repeated():
    """A reference of whole repetitions has the statistics of the rows."""
    rows = torch.randn(3, 4)
    layers = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6))
    once, twice = Referred(copy.deepcopy(layers), (4,), rows=3), Referred(layers, (4,), rows=6)
    once(rows)
    twice(rows)
    assert torch.equal(twice.reference, torch.cat([rows, rows]))
    assert torch.allclose(twice.net(twice.reference)[3:], once.net(once.reference), atol=1e-5)


def test_a_penalty_is_on_each_row_by_itself():
    torch.manual_seed(0)
    net = Referred(FAMILIES["dcgan"].discriminator((1, 8, 8), width=4), (1, 8, 8), rows=6)
    net(torch.randn(6, 1, 8, 8))
    x = torch.randn(4, 1, 8, 8)
    alone = torch.cat([gradient_norm_squared(net, row) for row in x.split(1)])
    assert torch.allclose(gradient_norm_squared(net, x), alone, rtol=1e-3)
    gradient_norm_squared(net, x).mean().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in net.parameters())


def test_bf16_is_near_float32():
    torch.manual_seed(0)
    net = Referred(FAMILIES["intermediate"].generator((1, 8, 8), latent=6, width=16), (6,), rows=16)
    x, gradients = torch.randn(16, 6), []
    for enabled in (False, True):
        net.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            net(x).float().square().mean().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in net.parameters()]))
    assert float((gradients[0] - gradients[1]).norm() / gradients[0].norm()) < 0.1


def test_its_features_are_those_of_the_rows():
    """A discriminator's hidden activations, without those of the reference."""
    net = Referred(FAMILIES["dcgan"].discriminator((1, 8, 8), width=4), (1, 8, 8), rows=6)
    net(torch.randn(6, 1, 8, 8))
    game, x = nn.Module(), torch.randn(4, 1, 8, 8)
    game.discriminator = net
    features = Discriminator(game, (1, 8, 8))
    assert len(features(x)) == 4
    assert torch.allclose(features(x)[1:2], features(x[1:2]), atol=1e-5)
