"""Minibatch discrimination against the paper's sums."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rivals.networks import FAMILIES
from rivals.networks.minibatch import MinibatchDiscrimination, minibatch_discriminating


def looped(f, T):
    """o(x_i)_b = sum_j exp(-|M_ib - M_jb|), row by row."""
    n, (_, B, _) = len(f), T.shape
    M = [(f[i] @ T.flatten(1)).view(B, -1) for i in range(n)]
    return torch.stack(
        [torch.stack([sum((-(M[i][b] - M[j][b]).abs().sum()).exp() for j in range(n)) for b in range(B)]) for i in range(n)]
    )


def test_it_is_the_papers_sum_with_its_gradients():
    torch.manual_seed(0)
    layer, f = MinibatchDiscrimination(6, 4, kernel=3), torch.randn(5, 6, requires_grad=True)
    out, expected = layer(f), torch.cat([f, looped(f, layer.T)], 1)
    assert out.shape == (5, 10)
    assert torch.allclose(out, expected, atol=1e-5)
    pull = torch.randn_like(out)
    for a, b in zip(
        torch.autograd.grad(out, [f, layer.T], pull), torch.autograd.grad(expected, [f, layer.T], pull), strict=True
    ):
        assert torch.allclose(a, b, atol=1e-5)


def test_collapsed_rows_are_seen():
    """Equal rows count each other whole: o = n. Rows far apart count themselves alone: o = 1."""
    layer = MinibatchDiscrimination(3, 2)
    assert torch.allclose(layer(torch.ones(7, 3))[:, 3:], torch.full((7, 2), 7.0))
    assert torch.allclose(layer(1e4 * torch.eye(3))[:, 3:], torch.ones(3, 2))


@pytest.mark.parametrize("network", FAMILIES)
def test_before_the_last_layer_of_any_discriminator(network):
    plain = FAMILIES[network].discriminator((1, 8, 8), width=4, norm="none")
    x = torch.randn(6, 1, 8, 8)
    before, last = plain(x), [layer for layer in plain.modules() if isinstance(layer, nn.Linear)][-1]
    net = minibatch_discriminating(plain, 5)
    wide = [layer for layer in net.modules() if isinstance(layer, nn.Linear)][-1]
    assert (wide.in_features, wide.out_features) == (last.in_features + 5, 1)
    assert not torch.allclose(net(x), before, atol=1e-3)
    with torch.no_grad():
        wide.weight[:, -5:] = 0  # without the new features it is the network that it was
    assert torch.allclose(net(x), before, atol=1e-6)
    net(x).mean().backward()
    assert all(p.grad is not None for p in net.parameters())


def test_bf16_features_are_compared_in_float32():
    torch.manual_seed(0)
    net, x = (
        minibatch_discriminating(FAMILIES["dcgan"].discriminator((1, 8, 8), width=4, norm="none"), 5),
        torch.randn(9, 1, 8, 8),
    )
    whole = net(x)
    with torch.autocast("cpu", torch.bfloat16):
        half = net(x)
    half.float().sum().backward()
    assert torch.allclose(whole, half.float(), atol=0.05)
    assert all(p.grad.isfinite().all() for p in net.parameters())
