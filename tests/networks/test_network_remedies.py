"""What is done to a finished network does that, and nothing else."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rivals import chance
from rivals.networks import FAMILIES
from rivals.networks.layers import SignedSigmoid
from rivals.networks.remedies import ACTIVATIONS, activated, lasting_dropout, spectrally_normalised, weight_normalised
from rivals.trainer import channels_last

WEIGHTED = nn.Conv2d | nn.ConvTranspose2d | nn.Linear


def layers(net, kind):
    return [module for module in net.modules() if isinstance(module, kind)]


def test_spectral_normalisation_bounds_every_layer():
    net = spectrally_normalised(FAMILIES["dcgan"].discriminator((1, 16, 16), width=4, norm="none"))
    for _ in range(50):
        net(torch.randn(2, 1, 16, 16))
    for layer in layers(net, nn.Conv2d | nn.Linear):
        assert float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)) == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize("network", FAMILIES)
def test_weight_normalisation_parts_length_from_direction(network):
    """The network begins as it was; then the length of each output's weights is g, whatever v is."""
    plain = FAMILIES[network].generator((1, 8, 8), latent=6, width=4, norm="none")
    z = torch.randn(3, 6)
    before = plain(z)
    net = weight_normalised(plain)
    assert torch.allclose(net(z), before, atol=1e-6)
    for layer in layers(net, WEIGHTED):
        weights = layer.parametrizations.weight
        weights.original1.data.normal_()
        outputs = 1 if isinstance(layer, nn.ConvTranspose2d) else 0
        lengths = layer.weight.detach().transpose(0, outputs).flatten(1).norm(dim=1)
        assert lengths.shape == layer.bias.shape
        assert torch.allclose(lengths, weights.original0.detach().flatten().abs(), rtol=1e-4)


@pytest.mark.parametrize("network", FAMILIES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_hidden_activations_change_and_the_last_one_stays(network, activation):
    kind, family = type(ACTIVATIONS[activation]()), FAMILIES[network]
    net = family.generator((1, 8, 8), latent=6, width=4, activation="sigmoid", extra=1)
    count = len(layers(net, nn.ReLU | nn.LeakyReLU))
    found = layers(activated(net, ACTIVATIONS[activation]), nn.ReLU | nn.LeakyReLU | nn.PReLU | nn.Tanh)
    assert [type(layer) for layer in found] == [kind] * count
    assert len(set(found)) == count  # each its own slope
    assert len(layers(net, SignedSigmoid)) == 1
    discriminator = activated(family.discriminator((1, 8, 8), width=4), ACTIVATIONS[activation])
    assert {type(layer) for layer in layers(discriminator, nn.ReLU | nn.LeakyReLU | nn.PReLU | nn.Tanh)} == {kind}


def test_lasting_dropout_acts_where_samples_are_drawn():
    torch.manual_seed(0)
    build, z = FAMILIES["intermediate"].generator, torch.randn(3, 6)
    plain = build((1, 8, 8), latent=6, width=4, dropout=0.5).eval()
    assert torch.equal(plain(z), plain(z))
    net = lasting_dropout(plain).eval()
    assert not torch.equal(net(z), net(z))
    drawn = []
    for _ in range(2):
        with chance.fixed(3):
            drawn.append(net(z))
    assert torch.equal(*drawn)
    ones = layers(net, nn.Dropout)[0](torch.ones(10_000))
    assert set(ones.tolist()) == {0.0, 2.0}
    assert float(ones.mean()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("network", FAMILIES)
@pytest.mark.parametrize("remedy", [weight_normalised, *(lambda net, a=a: activated(net, a) for a in ACTIVATIONS.values())])
def test_gradients_in_bf16_are_near_those_in_float32(network, remedy):
    torch.manual_seed(0)
    family = FAMILIES[network]
    for net, x in [
        (family.generator((1, 8, 8), latent=6, width=16), torch.randn(16, 6)),
        (family.discriminator((1, 8, 8), width=16, norm="none"), torch.randn(16, 1, 8, 8)),
    ]:
        gradients = []
        channels_last(remedy(net))
        for enabled in (False, True):
            net.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
                loss = net(x).float().square().mean()
            loss.backward()
            gradients.append(torch.cat([p.grad.flatten() for p in net.parameters()]))
        assert float((gradients[0] - gradients[1]).norm() / gradients[0].norm()) < 0.15
