"""Rows of an ensemble come from different generators, and teach those."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rivals import chance
from rivals.errors import UserError
from rivals.networks import FAMILIES
from rivals.networks.ensemble import Ensemble, shares


def constant(value):
    """A generator that adds its number to the latent."""
    net = nn.Linear(1, 1)
    nn.init.ones_(net.weight)
    nn.init.constant_(net.bias, value)
    return net


def test_each_row_is_drawn_by_one_and_stays_in_its_place():
    ensemble, z = Ensemble([constant(v) for v in (100.0, 200.0, 300.0)]), torch.arange(11.0).view(-1, 1)
    with chance.fixed(0):
        by = (ensemble(z) - z).flatten()
        again = (ensemble(z) - z).flatten()
    assert sorted(torch.bincount(by.long())[[100, 200, 300]].tolist()) == [3, 4, 4]
    assert not torch.equal(by, again)
    with chance.fixed(0):
        assert torch.equal((ensemble(z) - z).flatten(), by)


def test_all_get_the_same_chance_also_of_a_single_row():
    with chance.fixed(1):
        counts = sum(torch.tensor([len(rows) for rows in shares(4, 3)]) for _ in range(600))
        assert torch.equal(torch.cat(shares(9, 4)).sort().values, torch.arange(9))
        single = Ensemble([constant(v) for v in (0.0, 1.0)]).eval()
        drawn = [single(torch.zeros(1, 1)).item() for _ in range(200)]
    assert (counts.float() / 800 - 1).abs().max() < 0.1
    assert 70 < sum(drawn) < 130


def test_each_learns_from_its_own_rows():
    ensemble, z = Ensemble([constant(0.0) for _ in range(2)]), torch.randn(6, 1)
    x = ensemble(z)
    x.sum().backward()
    assert [float(G.bias.grad) for G in ensemble.generators] == [3, 3]
    assert sum(float(G.weight.grad) for G in ensemble.generators) == pytest.approx(float(z.sum()), abs=1e-5)


def test_too_few_rows_say_so():
    ensemble = Ensemble([constant(0.0) for _ in range(3)])
    with pytest.raises(UserError, match="5 rows are too few for 3 generators"):
        ensemble(torch.zeros(5, 1))
    assert ensemble.eval()(torch.zeros(2, 1)).shape == (2, 1)


def test_pictures_keep_their_channels_innermost_and_bf16_gradients_are_finite():
    build = FAMILIES["intermediate"].generator
    ensemble = Ensemble([build((3, 8, 8), latent=6, width=4) for _ in range(2)]).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        x = ensemble(torch.randn(8, 6))
    assert x.is_contiguous(memory_format=torch.channels_last)
    x.float().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in ensemble.parameters())
