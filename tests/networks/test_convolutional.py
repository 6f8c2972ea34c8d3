"""The spatial plan, the layers of the tables, and every size."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn

from rivals.errors import UserError
from rivals.networks import FAMILIES
from rivals.networks.layers import SignedSigmoid
from rivals.networks.scaling import Downconv, Upconv


def layers(net, kind):
    return [module for module in net.modules() if isinstance(module, kind)]


def maps(net, kind, x):
    """The shapes that come out of each layer of a kind."""
    seen = []
    for layer in layers(net, kind):
        layer.register_forward_hook(lambda _layer, _in, out: seen.append(tuple(out.shape[1:])))
    net(x)
    return seen


def test_dcgan_is_the_table_at_64():
    family = FAMILIES["dcgan"]
    generator = family.generator((3, 64, 64), latent=100)
    assert generator.project.out_features == 1024 * 4 * 4
    z = torch.randn(2, 100)
    assert maps(generator, Upconv, z) == [(512, 8, 8), (256, 16, 16), (128, 32, 32), (3, 64, 64)]
    discriminator = family.discriminator((3, 64, 64))
    x = torch.randn(2, 3, 64, 64)
    assert maps(discriminator, Downconv, x) == [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4)]
    assert [tuple(layer.kernel_size) for layer in layers(discriminator, Downconv)] == [(5, 5)] * 4
    assert len(layers(discriminator, nn.BatchNorm2d)) == 3  # none on the first convolution
    assert len(layers(generator, nn.BatchNorm2d)) == 4
    assert [layer.negative_slope for layer in layers(discriminator, nn.LeakyReLU)] == [0.2] * 4


def test_intermediate_is_the_table_at_28():
    family = FAMILIES["intermediate"]
    generator = family.generator((1, 28, 28), latent=100)
    assert generator.project.out_features == 28 * 28 * 1 * 8  # the lecture's "height*width*depth*8"
    assert maps(generator, Upconv, torch.randn(2, 100)) == [(64, 14, 14), (1, 28, 28)]
    discriminator = family.discriminator((1, 28, 28))
    assert maps(discriminator, Downconv, torch.randn(2, 1, 28, 28)) == [(64, 14, 14), (128, 7, 7)]
    assert [layer.out_features for layer in layers(discriminator, nn.Linear)] == [128, 1]


def test_simple_is_the_table():
    family = FAMILIES["simple"]
    generator, discriminator = (
        family.generator((1, 28, 28), latent=100, width=128),
        family.discriminator((1, 28, 28), width=128),
    )
    assert [layer.out_features for layer in layers(generator, nn.Linear)] == [128, 784]
    assert [layer.out_features for layer in layers(discriminator, nn.Linear)] == [128, 1]
    assert float(layers(discriminator, nn.LeakyReLU)[0](torch.tensor(-1.0))) == 0  # ReLU


@pytest.mark.parametrize("network", FAMILIES)
@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 5, 9), (1, 8, 8), (4, 28, 28), (3, 33, 17), (3, 48, 64)])
def test_any_size_and_channels(network, shape):
    family = FAMILIES[network]
    generator, discriminator = family.generator(shape, latent=6, width=4), family.discriminator(shape, width=4)
    x = generator(torch.randn(3, 6))
    assert x.shape == (3, *shape)
    assert discriminator(x).shape == (3, 1)


@pytest.mark.parametrize("network", ["dcgan", "intermediate"])
def test_sizes_that_do_not_fit_say_what_fits(network):
    with pytest.raises(UserError, match="at least 4x4, this data is 3x9"):
        FAMILIES[network].discriminator((1, 3, 9))
    with pytest.raises(UserError, match="use --network mlp"):
        FAMILIES[network].generator((2,), latent=3)


@pytest.mark.parametrize("network", FAMILIES)
def test_widths_dropout_norm_and_activation_change_the_network(network):
    family = FAMILIES[network]

    def size(net):
        return sum(p.numel() for p in net.parameters())

    shape = (1, 8, 8)
    assert size(family.generator(shape, latent=6, width=8)) < size(family.generator(shape, latent=6, width=16))
    assert size(family.discriminator(shape, width=8)) < size(family.discriminator(shape, width=16))
    assert layers(family.discriminator(shape, width=8, dropout=0.3), nn.Dropout)[0].p == 0.3
    assert layers(family.generator(shape, latent=6, width=8, dropout=0.2), nn.Dropout)[0].p == 0.2
    assert layers(family.discriminator(shape, width=8, norm="layer"), nn.GroupNorm | nn.LayerNorm)
    assert len(layers(family.generator(shape, latent=6, activation="sigmoid"), SignedSigmoid)) == 1


@pytest.mark.parametrize("network", FAMILIES)
def test_extra_layers_follow_each_hidden_one(network):
    family, shape = FAMILIES[network], (1, 28, 28)

    def depth(net):
        return len(layers(net, nn.ReLU | nn.LeakyReLU))

    for build in (partial(family.generator, shape, latent=6, width=4), partial(family.discriminator, shape, width=4)):
        assert depth(build(extra=2)) == 3 * depth(build())
        assert len(layers(build(extra=2, norm="batch"), nn.BatchNorm1d | nn.BatchNorm2d)) >= 3 * depth(build()) - 1
    assert family.generator(shape, latent=6, width=4, extra=2)(torch.randn(3, 6)).shape == (3, *shape)
    assert family.discriminator(shape, width=4, extra=2)(torch.randn(3, *shape)).shape == (3, 1)


@pytest.mark.parametrize("network", [name for name, family in FAMILIES.items() if family.maps])
def test_constant_width_is_the_width_of_all_hidden_layers(network):
    family = FAMILIES[network]
    generator = family.generator((3, 28, 28), latent=6, width=5, constant=True)
    norms = layers(generator, nn.BatchNorm2d)
    assert {norm.num_features for norm in norms} == {5}
    discriminator = family.discriminator((3, 28, 28), width=5, constant=True)
    assert {layer.out_channels for layer in layers(discriminator, Downconv)} == {5}
    assert [layer.out_features for layer in layers(discriminator, nn.Linear)] in ([1], [5, 1])


@pytest.mark.parametrize("network", FAMILIES)
@pytest.mark.parametrize("side", [8, 28])
def test_gradients_in_bf16_are_near_those_in_float32(network, side):
    """torch 2.13 leaves gradients of 5x5 kernels over 1x1 maps uninitialised in bf16 on CPUs: no network may have one."""
    torch.manual_seed(0)
    family = FAMILIES[network]
    for net, x in [
        (family.generator((1, side, side), latent=6, width=16), torch.randn(16, 6)),
        (family.discriminator((1, side, side), width=16, norm="none"), torch.randn(16, 1, side, side)),
    ]:
        gradients = []
        for enabled in (False, True):
            net.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
                loss = net(x).float().square().mean()
            loss.backward()
            gradients.append(torch.cat([p.grad.flatten() for p in net.parameters()]))
        assert float((gradients[0] - gradients[1]).norm() / gradients[0].norm()) < 0.15
