"""Draws depend on (seed, round) alone."""

from __future__ import annotations

import pytest
import torch

from rivals import chance


@pytest.fixture(autouse=True)
def _alone():
    yield
    chance.share(0, 1)


def test_equal_seeds_draw_equal_numbers():
    draws = []
    for seed in (3, 3, 4):
        chance.reseed(seed, 9)
        draws.append(torch.cat([chance.normal(4, 2), chance.uniform(4, 2), torch.randn(4, 2)]))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_masks_are_not_drawn_from_the_numbers_of_the_latents():
    chance.reseed(3, 9)
    assert not torch.equal(chance.normal(64, 100), torch.randn(64, 100))


def test_processes_share_one_draw():
    chance.reseed(1, 2)
    whole = chance.normal(6, 3)
    parts, own = [], []
    for rank in range(3):
        chance.share(rank, 3)
        chance.reseed(1, 2)
        parts.append(chance.normal(2, 3))
        own.append(float(torch.randn(1)))
    assert torch.equal(torch.cat(parts), whole)
    assert len(set(own)) == 3  # dropout differs from process to process


def test_fixed_draws_leave_no_trace():
    chance.reseed(5, 0)
    expected = [chance.normal(3), torch.rand(3)]
    chance.reseed(5, 0)
    with chance.fixed(8):
        chance.normal(10)
        torch.rand(10)
    assert torch.equal(chance.normal(3), expected[0])
    assert torch.equal(torch.rand(3), expected[1])


def test_neighbouring_seeds_are_unrelated():
    keys = {chance.mix(seed, round) for seed in range(30) for round in range(30)}
    assert len(keys) == 900
    assert all(0 <= key < 2**63 for key in keys)
