"""A sorter: information in closed form, which head is kept, and that it sorts what has kinds."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from rivals.games.sorter import FORGETS, Sorter, agreement
from rivals.views import View


class Halved(View):
    def forward(self, x, progress):
        return x / 2


class Says(nn.Module):
    """A head that is sure of the sign of one feature, or knows nothing."""

    def __init__(self, sure: float, feature: int = 0):
        super().__init__()
        self.sure, self.feature = nn.Parameter(torch.tensor(sure)), feature

    def forward(self, features):
        value = self.sure * features[:, self.feature, None]
        return torch.cat([value, -value], 1)


def test_agreement_is_the_mutual_information_of_two_answers():
    sure = 50 * torch.eye(4).repeat(6, 1)
    assert float(agreement(sure, sure)) == pytest.approx(math.log(4), rel=1e-5)  # the same, and all values alike
    assert float(agreement(sure, sure.roll(1, 1))) == pytest.approx(math.log(2), rel=1e-5)  # symmetric: one of two neighbours
    assert float(agreement(sure, torch.zeros(24, 4))) == pytest.approx(0, abs=1e-6)  # one knows nothing
    assert float(agreement(sure[:1].repeat(9, 1), sure[:1].repeat(9, 1))) == pytest.approx(0, abs=1e-6)  # one value for all


def test_the_gradient_of_agreement_is_that_of_its_formula():
    one, other = torch.randn(2, 7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    one.requires_grad_()
    joint = one.softmax(1).T @ other.softmax(1) / 7
    joint = (joint + joint.T) / 2
    formula = (joint * (joint / joint.sum(1, keepdim=True) / joint.sum(0)).log()).sum()
    (expected,) = torch.autograd.grad(formula, one)
    (found,) = torch.autograd.grad(agreement(one, other), one)
    assert torch.allclose(found, expected, atol=1e-12)


def test_the_loss_is_the_mean_information_of_things_and_their_views():
    torch.manual_seed(0)
    heads, finer, x = [Says(0.5), Says(50.0), Says(0.0)], nn.Linear(5, 7), torch.randn(64, 5)
    sorter = Sorter(nn.Identity(), heads, [finer], views=[Halved()])
    terms = sorter.loss(x, 0.0)
    each = torch.stack([agreement(head(x), head(x / 2)) for head in heads]).detach()
    assert float(terms["sorted"].detach()) == pytest.approx(-float(each.mean()), rel=1e-5)
    assert float(terms["finer"].detach()) == pytest.approx(-float(agreement(finer(x), finer(x / 2)).detach()), rel=1e-4)


def test_the_head_that_keeps_most_of_what_it_says_is_kept():
    x = torch.randn(64, 5, generator=torch.Generator().manual_seed(0))
    heads = [Says(0.01), Says(50.0), Says(0.0)]
    sorter = Sorter(nn.Identity(), heads, views=[Halved()])
    assert torch.equal(sorter(x), heads[0](x))  # nothing was learnt of them yet
    sorter.loss(x, 0.0)
    assert int(sorter.chosen) == 1
    assert torch.equal(sorter(x), heads[1](x))
    assert torch.allclose(sorter.shared, FORGETS * torch.stack([agreement(head(x), head(x / 2)) for head in heads]))
    assert {"shared", "chosen"} <= set(sorter.state_dict())
    with torch.no_grad():
        heads[1].sure.zero_()
        heads[2].sure.fill_(50)
    for _ in range(200):
        sorter.loss(x, 0.0)
    assert int(sorter.chosen) == 2


class Moved(View):
    def forward(self, x, progress):
        return x + 0.3 * torch.randn_like(x)


def test_it_sorts_what_has_kinds():
    torch.manual_seed(0)
    y = torch.randint(3, (600,))
    x = torch.tensor([[0.0, 4.0], [4.0, 0.0], [-4.0, -4.0]])[y] + torch.randn(600, 2) / 2
    trunk = nn.Sequential(nn.Linear(2, 32), nn.ReLU())
    sorter = Sorter(trunk, [nn.Linear(32, 3) for _ in range(4)], views=[Moved()])
    optimizer = torch.optim.Adam(sorter.parameters(), lr=0.01)
    for _ in range(150):
        optimizer.zero_grad()
        sum(sorter.loss(x, 0.0).values()).backward()
        optimizer.step()
    joint = torch.zeros(3, 3).index_put_((sorter(x).argmax(1), y), torch.ones(600), accumulate=True)
    assert float(joint.max(0).values.sum()) > 0.97 * 600
    assert len(set(joint.argmax(0).tolist())) == 3
