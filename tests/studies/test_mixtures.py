"""Ring and grid: how trials are judged, and that every system plays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from rivals.data import load
from rivals.studies import mixtures
from rivals.studies.core import QUICK
from rivals.studies.mixtures import RECOMMENDED, SYSTEMS, UNROLLED, claims, game_of, judged, played


@pytest.mark.parametrize(("data", "modes"), [("ring", 8), ("grid", 25)])
def test_the_data_themselves_are_perfect(data, modes):
    x = load(data).x[:2500]
    assert judged(x, data)[0] == modes
    assert judged(x, data)[1] == pytest.approx(98.9, abs=0.7)
    assert judged(x, data)[2] < 0.01
    assert judged(torch.zeros(2500, 2) + 0.5, data)[:2] == (0, 0)


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_system_plays_its_trials_apart(name, monkeypatch):
    monkeypatch.setattr(mixtures, "SYSTEMS", {name: replace(SYSTEMS[name], rounds=3 * QUICK, width=8, batch=8)})
    outcome = played(("ring", name, 0, 2, True))
    assert len(outcome.numbers) == 2
    assert outcome.x.shape == (2, 2500, 2)
    assert not np.array_equal(outcome.x[0], outcome.x[1])


def test_packs_and_minibatches_are_of_one_trial():
    game = game_of(2, replace(SYSTEMS["PacGAN2"], width=4))
    x = torch.randn(8, 2)  # rows 0, 2, 4, 6 are of the first trial
    packs = game.seen(x)
    assert torch.equal(packs[0], torch.cat([x[0], x[4]]))
    logits, other = game.logits(packs), x.clone()
    other[1::2] += 1
    assert torch.equal(game.logits(game.seen(other))[0::2], logits[0::2])
    mini = game_of(2, replace(SYSTEMS["minibatch discrimination"], width=4))
    assert torch.allclose(mini.logits(other)[0::2], mini.logits(x)[0::2])


def test_claims_ask_for_every_column():
    table = np.tile([25.0, 96.0, 0.01], (10, 1))
    numbers = dict.fromkeys(SYSTEMS, table)
    assert [claim.holds for claim in claims("grid", numbers, minutes=60)] == [True] * 4
    worse = table.copy()
    worse[0, 0] = 24
    held = [claim.holds for claim in claims("grid", {**numbers, RECOMMENDED: worse}, minutes=90)]
    assert held == [False, False, True, True]
    for system, place in (("PacGAN2", 2), (UNROLLED, 3)):
        held = [claim.holds for claim in claims("grid", {**numbers, system: worse}, minutes=1)]
        assert held == [k != place for k in range(4)]
