"""What a discriminator is told beside the thing."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rivals.networks.conditioned import Concatenated, Embedded, Projection, TwoScores, Untold

C = torch.eye(3)


def flat(shape, *, outputs=1):
    size = int(torch.tensor(shape).prod())
    return nn.Sequential(nn.Flatten(), nn.Linear(size, outputs))


@pytest.mark.parametrize("kind", [Concatenated, Embedded, Projection, TwoScores])
@pytest.mark.parametrize("shape", [(2, 4, 5), (6,)])
def test_the_condition_is_seen(kind, shape):
    torch.manual_seed(0)
    D = kind(flat, shape, 3)
    x = torch.randn(1, *shape).expand(3, *shape)
    logits = D(x, C)
    assert logits.shape == (3, 2 if kind is TwoScores else 1)
    assert len(set(logits[:, -1].tolist())) == 3
    logits.sum().backward()
    assert all(p.grad is not None for p in D.parameters())


def test_the_first_of_two_scores_does_not_see_it():
    D = TwoScores(flat, (2, 4, 4), 3)
    x = torch.randn(1, 2, 4, 4).expand(3, 2, 4, 4)
    assert torch.allclose(D(x, C)[:, 0], D(x, C)[:1, 0].expand(3))


def test_untold_sees_nothing():
    D = Untold(flat, (2, 4, 4), 3)
    x = torch.randn(1, 2, 4, 4).expand(3, 2, 4, 4)
    assert torch.allclose(D(x, C), D(x, C)[:1].expand(3, 1))


def test_concatenated_spreads_each_number_over_a_map():
    seen = []

    class Spy(nn.Module):
        def forward(self, x):
            seen.append(x)
            return x.flatten(1).sum(1, keepdim=True)

    Concatenated(lambda shape, outputs: Spy(), (1, 2, 2), 3)(torch.zeros(3, 1, 2, 2), C)
    assert seen[0].shape == (3, 4, 2, 2)
    assert torch.equal(seen[0][:, 1:], C[:, :, None, None].expand(3, 3, 2, 2))


def test_projection_is_an_inner_product():
    D = Projection(flat, (4,), 3, features=5)
    x = torch.randn(3, 4)
    f = nn.functional.leaky_relu(D.phi(x), 0.2)
    expected = D.psi(f)[:, 0] + (D.E.weight.T * f).sum(1)  # row i has condition i
    assert torch.allclose(D(x, C)[:, 0], expected, atol=1e-6)
