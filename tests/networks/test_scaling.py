"""Convolutions that are computed as another operation that they equal, and the sizes that come out of each."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad, pixel_shuffle

from rivals.networks import FAMILIES
from rivals.networks.resize import ResizeDiscriminator, ResizeGenerator
from rivals.networks.scaling import DOWNSAMPLING, UPSAMPLING, AverageConv, ResizeConv, ShuffleConv, shuffled

PLANS = [((4, 4), (8, 8)), ((4, 7), (7, 14)), ((3, 2), (5, 3)), ((2, 4), (2, 7)), ((2, 2), (2, 2))]  # small, large


def assert_equal_with_gradients(layer, x, expected):
    """Of two ways to compute one thing: what comes out, and every gradient."""
    y, pull = layer(x), torch.randn_like(expected)
    assert torch.allclose(y, expected, atol=1e-5)
    to = [x, layer.weight, layer.bias]
    for a, b in zip(torch.autograd.grad(y, to, pull), torch.autograd.grad(expected, to, pull), strict=True):
        assert torch.allclose(a, b, atol=1e-4)


@pytest.mark.parametrize(("small", "large"), PLANS)
def test_resize_is_doubling_then_a_convolution(small, large):
    layer, x = ResizeConv(3, 5, small, large), torch.randn(2, 3, *small, requires_grad=True)
    doubled = interpolate(x, scale_factor=tuple(1.0 if a == b else 2.0 for a, b in zip(small, large, strict=True)))
    assert_equal_with_gradients(layer, x, conv2d(doubled, layer.weight, layer.bias, padding=1)[:, :, : large[0], : large[1]])


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize(("small", "large"), PLANS)
def test_average_is_a_convolution_then_the_mean_of_blocks(small, large, kernel):
    layer, x = AverageConv(3, 5, large, small, kernel=kernel), torch.randn(2, 3, *large, requires_grad=True)
    block = tuple(1 if a == b else 2 for a, b in zip(small, large, strict=True))
    beyond = [(block[i] * small[i] - large[i]) for i in (0, 1)]  # a row of zeros where the side is odd
    full = conv2d(pad(x, (0, beyond[1], 0, beyond[0])), layer.weight, layer.bias, padding=kernel // 2)
    assert_equal_with_gradients(layer, x, avg_pool2d(full, block))


def test_shuffled_is_pixel_shuffle_in_another_order_of_channels():
    x = torch.arange(2 * 12 * 2 * 3.0).view(2, 12, 2, 3)
    assert torch.equal(shuffled(x, (2, 2)), pixel_shuffle(x.view(2, 4, 3, 2, 3).transpose(1, 2).flatten(1, 2), 2))
    one = shuffled(torch.arange(6.0).view(1, 6, 1, 1), (1, 2))  # doubled to the right alone: 3 channels
    assert one[0, :, 0].tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize(("small", "large"), PLANS)
def test_each_kind_hits_the_sizes_with_the_channels_innermost(small, large):
    for kinds, size_in, size_out in ((UPSAMPLING, small, large), (DOWNSAMPLING, large, small)):
        for kind in kinds.values():
            layer = kind(3, 5, size_in, size_out).to(memory_format=torch.channels_last)
            y = layer(torch.randn(2, 3, *size_in).contiguous(memory_format=torch.channels_last))
            assert y.shape == (2, 5, *size_out)
            assert y.stride(1) == 1  # a cut one is no longer dense, but its channels are together


@pytest.mark.parametrize("network", [name for name, family in FAMILIES.items() if family.maps])
@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 5, 9), (1, 28, 28), (3, 33, 17)])
def test_any_kind_in_any_network_at_any_size(network, shape):
    family = FAMILIES[network]
    for upsample, kind in UPSAMPLING.items():
        generator = family.generator(shape, latent=6, width=4, upsample=upsample)
        assert any(isinstance(layer, kind) for layer in generator.modules())
        assert generator(torch.randn(3, 6)).shape == (3, *shape)
    for downsample, kind in DOWNSAMPLING.items():
        discriminator = family.discriminator(shape, width=4, downsample=downsample)
        assert any(type(layer) is kind for layer in discriminator.modules())
        assert discriminator(torch.randn(3, *shape)).shape == (3, 1)


def test_a_shuffling_generator_draws_28_by_28_from_the_plan():
    generator = FAMILIES["dcgan"].generator((1, 28, 28), latent=6, width=4, upsample="shuffle")
    ups = [layer for layer in generator.modules() if isinstance(layer, ShuffleConv)]
    assert [layer.size for layer in ups] == [(4, 4), (7, 7), (14, 14), (28, 28)]
    assert [layer.out_channels for layer in ups] == [4 * 32, 4 * 16, 4 * 8, 4 * 1]


def test_a_flat_map_stays_flat_inside():
    """No checkerboard: what a transposed convolution with free weights draws on constant input."""
    y = ResizeConv(3, 2, (8, 8), (16, 16))(torch.ones(1, 3, 8, 8))
    inside = y[:, :, 2:-2, 2:-2]
    assert torch.allclose(inside, inside[:, :, :1, :1].expand_as(inside), atol=1e-6)


def test_the_plan_at_28_and_64():
    generator = ResizeGenerator((1, 28, 28), latent=64)
    assert (generator.body[0].channels, generator.body[0].size) == (128, (7, 7))
    assert [layer.size for layer in generator.modules() if isinstance(layer, ResizeConv)] == [(14, 14), (28, 28)]
    assert ResizeGenerator((3, 64, 64), latent=64).body[0].size == (8, 8)
    widths = [layer.out_channels for layer in ResizeDiscriminator((3, 64, 64)).modules() if isinstance(layer, torch.nn.Conv2d)]
    assert widths == [64, 128, 256]
