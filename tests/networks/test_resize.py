"""Resize-convolution is computed as another operation that it equals."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv2d, interpolate

from rivals.networks.resize import ResizeConv, ResizeDiscriminator, ResizeGenerator


@pytest.mark.parametrize(("small", "size"), [((4, 4), (8, 8)), ((4, 7), (7, 14)), ((3, 2), (5, 3))])
def test_it_is_doubling_then_a_convolution(small, size):
    layer = ResizeConv(3, 5, size)
    x = torch.randn(2, 3, *small, requires_grad=True)
    doubled = interpolate(x, scale_factor=2, mode="nearest")
    expected = conv2d(doubled, layer.weight, layer.bias, padding=1)[:, :, : size[0], : size[1]]
    y = layer(x)
    assert torch.allclose(y, expected, atol=1e-5)
    pull = torch.randn_like(y)
    for a, b in zip(
        torch.autograd.grad(y, [x, layer.weight, layer.bias], pull),
        torch.autograd.grad(expected, [x, layer.weight, layer.bias], pull),
        strict=True,
    ):
        assert torch.allclose(a, b, atol=1e-4)


def test_a_flat_map_stays_flat_inside():
    """No checkerboard: what a transposed convolution with free weights draws on constant input."""
    y = ResizeConv(3, 2, (16, 16))(torch.ones(1, 3, 8, 8))
    inside = y[:, :, 2:-2, 2:-2]
    assert torch.allclose(inside, inside[:, :, :1, :1].expand_as(inside), atol=1e-6)


def test_the_plan_at_28_and_64():
    generator = ResizeGenerator((1, 28, 28), latent=64)
    assert (generator.body[0].channels, generator.body[0].size) == (128, (7, 7))
    assert [layer.size for layer in generator.modules() if isinstance(layer, ResizeConv)] == [(14, 14), (28, 28)]
    assert ResizeGenerator((3, 64, 64), latent=64).body[0].size == (8, 8)
    widths = [layer.out_channels for layer in ResizeDiscriminator((3, 64, 64)).modules() if isinstance(layer, torch.nn.Conv2d)]
    assert widths == [64, 128, 256]
