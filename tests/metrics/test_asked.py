"""Whether samples are what was asked for: by a game that listens, one that does not, and on the command line's way."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rivals.data import Memory
from rivals.errors import UserError
from rivals.game import Game
from rivals.metrics import asked
from rivals.metrics.core import Case, Unsuitable
from rivals.metrics.features import Pixels
from rivals.metrics.features.classifier import Classifier
from rivals.recipes import RECIPES
from rivals.sampling import sample_to
from rivals.training import Training, train


class Book(Game):
    """Draws a real digit of the class asked for, or of the class `off` further on."""

    def __init__(self, digits, off=0):
        super().__init__()
        self.first = torch.nn.Parameter(torch.zeros(()))
        self.rows = {k: digits.rows((digits.y == (k + off) % 10).nonzero().flatten(), torch.device("cpu")).x for k in range(10)}

    def players(self):
        return []

    def prior(self, n):
        return torch.arange(n)[:, None] % 10

    def given(self, y):
        return y[:, None]

    def decode(self, z):
        return torch.stack([self.rows[int(k)][i % 100] for i, k in enumerate(z[:, 0])])

    def sample(self, n):
        return self.decode(self.prior(n))


@pytest.fixture(scope="module")
def judge(digits):
    return Classifier.trained(digits)


def case(digits, judge, game):
    return Case(digits, Memory(torch.zeros(500, 1, 8, 8, dtype=torch.uint8), name="x"), judge, game=game)


def test_one_that_listens_and_one_that_does_not(digits, judge):
    listens = asked.measure(case(digits, judge, Book(digits)))["asked"]
    assert listens.value > 0.95
    assert asked.measure(case(digits, judge, Book(digits, off=1)))["asked"].value < 0.05
    assert "each of 10 classes" in listens.protocol


def test_the_floor_is_the_classifiers_accuracy(digits, judge):
    floor = asked.measure(case(digits, judge, Book(digits)).at_the_floor())["asked"].value
    assert 0.9 < floor <= 1


def test_what_it_takes(digits, judge):
    with pytest.raises(Unsuitable, match="conditional one"):
        asked.measure(case(digits, judge, None))
    with pytest.raises(Unsuitable, match="--features classifier"):
        asked.measure(case(digits, Pixels(), Book(digits)))


def test_a_class_is_drawn_by_name(tmp_path):
    recipe = RECIPES["cgan"].but(width=4, batch=8, latent=4)
    run = train(recipe, Training(data="digits", into=tmp_path / "run", rounds=4, looks=1, precision="float32")).path
    three, again, five = (tmp_path / f"{name}.npz" for name in ("three", "again", "five"))
    for out, only in ((three, "3"), (again, "3"), (five, "5")):
        sample_to(run, out, n=4, only=only)
    assert three.read_bytes() != five.read_bytes()
    assert np.array_equal(np.load(three)["samples"], np.load(again)["samples"])
    with pytest.raises(UserError, match="unknown class 'x'"):
        sample_to(run, three, only="x")
    plain = train(RECIPES["gan"].but(width=4, batch=8), Training(data="digits", into=tmp_path / "gan", rounds=2, looks=1)).path
    with pytest.raises(UserError, match="draws nothing on demand"):
        sample_to(plain, three, only="3")
