"""The 1-NN test against a loop, and on sets of which the answer is known."""

from __future__ import annotations

import pytest
import torch

from rivals.data import Memory
from rivals.metrics.core import Case
from rivals.metrics.two_sample import accuracy, measure, neighbour_is_real


class Values:
    name, protocol, key = "values", "values", None

    def __call__(self, x):
        return x.flatten(1)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def judge(real, fake):
    return {key: v.value for key, v in measure(Case(Memory(real, name="r"), Memory(fake, name="g"), Values())).items()}


def test_it_is_the_loop():
    real, fake = normal(20, 3), normal(20, 3, seed=1) + 0.5
    rows = [(x, True) for x in real.double()] + [(x, False) for x in fake.double()]
    right = [
        min(((float((x - y).norm()), other) for y, other in rows if y is not x), key=lambda found: found[0])[1] == is_real
        for x, is_real in rows
    ]
    found = accuracy(neighbour_is_real(real, fake))
    assert found == (sum(right) / 40, sum(right[:20]) / 20, sum(right[20:]) / 20)


def test_disjoint_sets_are_told_apart():
    assert judge(normal(100, 4), normal(100, 4, seed=1) + 50) == dict.fromkeys(
        ["1-NN accuracy", "1-NN accuracy (real)", "1-NN accuracy (fake)"], 1.0
    )


def test_the_same_law_cannot_be_told():
    assert judge(normal(2000, 4), normal(2000, 4, seed=1))["1-NN accuracy"] == pytest.approx(0.5, abs=0.03)


def test_copies_lie_below_a_half():
    real = normal(500, 8)
    found = judge(real, real + 1e-3 * normal(500, 8, seed=1))
    assert set(found.values()) == {0.0}


def test_a_collapsed_generator_splits_the_two():
    found = judge(normal(500, 8), 1e-2 * normal(500, 8, seed=1) + normal(1, 8, seed=2))
    assert found["1-NN accuracy (real)"] > 0.9
    assert found["1-NN accuracy (fake)"] > 0.9
    few = normal(10, 8, seed=3).repeat(50, 1)  # each ten places fifty times over
    assert judge(normal(500, 8), few)["1-NN accuracy (fake)"] == 1.0


def test_as_many_of_each():
    real, fake = Memory(normal(300, 2), name="r"), Memory(normal(120, 2), name="g")
    assert "120 real and 120 generated" in measure(Case(real, fake, Values()))["1-NN accuracy"].protocol
