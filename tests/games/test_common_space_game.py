"""The common space: each term in closed form, who plays, and the pairs in turn."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from rivals import chance
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.games.common_space import CommonSpace, Weights


class Times(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(float(factor)))

    def forward(self, x):
        return self.factor * x


class Says(nn.Module):
    """Logits 0 and the mean."""

    def forward(self, x):
        mean = x.flatten(1).mean(1, keepdim=True)
        return torch.cat([torch.zeros_like(mean), mean], 1)


X, Y, Z = (torch.full((2, 1, 4, 4), value) for value in (0.5, -0.2, 0.1))
BATCH = Batch(X, None, Batch(Y))
THREE = Batch(X, None, Batch(Y, None, Batch(Z)))
ENCODE, DECODE = (2.0, 3.0, 5.0), (0.5, 0.25, 1.0)


def made(weights, *, domains=2, judges=True, **options):
    return CommonSpace(
        [Times(factor) for factor in ENCODE[:domains]],
        [Times(factor) for factor in DECODE[:domains]],
        [Times(1.0) for _ in range(domains)] if judges else (),
        Says() if weights.confuse else None,
        weights=weights,
        **options,
    )


def terms(game, batch=BATCH):
    return {name: float(term.detach()) for name, term in game.loss_EG(batch).items()}


def test_each_term_is_the_papers():
    game = made(Weights(reconstruct=10, prior=0.1, adversarial=2, cycle=5, same=3, confuse=7))
    codes = {0: 1.0, 1: -0.6}  # 2 * 0.5 and 3 * -0.2
    translated = {0: codes[0] * 0.25, 1: codes[1] * 0.5}  # by the other's decoder
    again = {0: translated[0] * 3, 1: translated[1] * 2}  # and its encoder
    given = {0: 0.5, 1: -0.2}
    assert terms(game) == {
        "reconstruct": pytest.approx(10 * (abs(0.5 - 0.5) + abs(-0.6 * 0.25 + 0.2)), abs=1e-6),
        "prior": pytest.approx(0.1 * (1.0 + 0.36 + 0.75**2 + 0.6**2), rel=1e-5),
        "adversarial": pytest.approx(2 * sum(0.5 * (translated[k] - 1) ** 2 for k in (0, 1)), rel=1e-5),
        "cycle": pytest.approx(5 * sum(abs(again[k] * DECODE[k] - given[k]) for k in (0, 1)), rel=1e-5),
        "same": pytest.approx(3 * sum(abs(again[k] - codes[k]) for k in (0, 1)), rel=1e-5),
        "confuse": pytest.approx(
            7 * sum(-0.5 * (code - 2 * math.log(1 + math.exp(code))) for code in codes.values()), rel=1e-5
        ),
    }


def test_a_term_of_weight_0_is_not_there():
    assert terms(made(Weights(adversarial=0, reconstruct=1), judges=False)).keys() == {"reconstruct"}
    assert terms(made(Weights(cycle=1))).keys() == {"adversarial", "cycle"}


def test_autoencoders_by_themselves_are_judged_by_what_they_reconstruct():
    game = made(Weights(reconstruct=1), reconstructions=True)
    reconstructed = {0: 0.5, 1: -0.15}
    assert terms(game)["adversarial"] == pytest.approx(sum(0.5 * (x - 1) ** 2 for x in reconstructed.values()), rel=1e-5)
    told_apart = sum(0.5 * (real - 1) ** 2 + 0.5 * reconstructed[k] ** 2 for k, real in ((0, 0.5), (1, -0.2)))
    assert float(game.loss_D(BATCH)["adversarial"].detach()) == pytest.approx(told_apart, rel=1e-5)
    before = float(game.loss_EG(BATCH)["adversarial"].detach())
    with torch.no_grad():
        game.decoders[1].factor.mul_(2)  # the other domain's decoder
    found = game.loss_EG(BATCH._replace(beside=Batch(torch.zeros_like(Y))))
    assert float(found["adversarial"]) == pytest.approx(before - 0.5 * (-0.15 - 1) ** 2 + 0.5, rel=1e-5)


def test_the_classifier_learns_the_domain_of_codes():
    game = made(Weights(confuse=1))
    expected = math.log(1 + math.exp(1.0)) + math.log(1 + math.exp(0.6))
    assert float(game.loss_C(BATCH)["domain"]) == pytest.approx(expected, rel=1e-5)
    assert [player.name for player in game.players()] == ["discriminators", "classifier", "coders"]
    assert [player.name for player in made(Weights(reconstruct=1), judges=False).players()] == ["coders"]


def test_every_pair_has_its_round():
    game = made(Weights(reconstruct=1), domains=3)
    met = []
    for game.round in range(6):
        met.append([(i, j, float(x[0, 0, 0, 0])) for i, j, x in game.turns(THREE)])
    x, y, z = (pytest.approx(value) for value in (0.5, -0.2, 0.1))
    assert met[:3] == [[(0, 1, x), (1, 0, y)], [(0, 2, x), (2, 0, z)], [(1, 2, y), (2, 1, z)]]
    assert met[3:] == met[:3]
    with pytest.raises(UserError, match="3 domains, and these batches bring 2"):
        game.loss_EG(BATCH)


def test_any_domain_into_any_other():
    game = made(Weights(), domains=3).eval()
    for of in range(3):
        for to in range(3):
            assert torch.allclose(game.translate(X, of, to), X * ENCODE[of] * DECODE[to])
    with pytest.raises(UserError, match="learnt 3 domains"):
        game.translate(X, 0, 3)


def test_codes_are_noisy_in_training_alone():
    game = made(Weights(reconstruct=1), noise=1.0)
    with chance.fixed(0):
        noisy = terms(game)["reconstruct"]
    assert noisy > terms(made(Weights(reconstruct=1)))["reconstruct"] + 0.1
    assert torch.equal(game.eval().translate(X), game.translate(X))
