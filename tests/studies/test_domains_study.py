"""The study of domains: its measure of distance, what its claims ask, that its systems differ and its figures can be drawn."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from rivals.data.core import Facts
from rivals.recipes import find
from rivals.studies import domains
from rivals.studies.core import Plan
from rivals.studies.domains import ALONE, REVERSAL, SYSTEMS, TARGET, TURNS, Outcome, Trial

NONE = np.zeros((0, 4), np.float32)


def outcome(target: float, apart: float) -> Outcome:
    return Outcome((target, 95.0, apart), NONE)


def test_the_distance_is_0_of_like_and_2_of_unlike_features():
    x, y = np.random.default_rng(0).normal(size=(2, 1000, 5)).astype(np.float32)
    assert domains.distance(x, y) < 0.25
    assert domains.distance(x, y + 9 * np.eye(5)[0]) == 2
    assert 1 < domains.distance(x, y + 2 * np.eye(5)[0]) < 1.9  # a threshold half way errs on 16 %: 2 (1 - 0.32) = 1.36


def test_systems_differ_and_can_be_built():
    built = {str((labelled, changes)) for labelled, _, changes in SYSTEMS.values()}
    assert len(built) == len(SYSTEMS)
    for _, _, changes in SYSTEMS.values():
        find("dann")(Facts(shape=(3, 28, 28), count=100, classes=10), **changes)
    assert SYSTEMS[ALONE][2]["weight"] == SYSTEMS[TARGET][2]["weight"] == 0


def test_claims_ask_for_the_gain_and_for_closer_domains():
    good = {
        ALONE: [outcome(40, 1.9), outcome(42, 1.9)],
        REVERSAL: [outcome(60, 0.9), outcome(58, 1.0)],
        TURNS: [outcome(62, 0.8), outcome(57, 0.7)],
        TARGET: [outcome(90, 2.0), outcome(91, 2.0)],
    }
    assert [claim.holds for claim in domains.claims(good)] == [True] * 4
    assert [claim.holds for claim in domains.claims({**good, REVERSAL: [outcome(50, 1.0)] * 2})] == [False, True, True, True]
    assert [claim.holds for claim in domains.claims({**good, TURNS: [outcome(92, 1.95)] * 2})] == [True, True, False, False]


def test_the_features_can_be_drawn():
    f = np.random.default_rng(0).normal(size=(24, 4)).astype(np.float32)
    made = domains.drawn({ALONE: f, REVERSAL: f})
    made.canvas.draw()
    assert [axes.get_title(loc="left") for axes in made.axes] == [ALONE, REVERSAL]


@pytest.mark.skipif("RIVALS_DATA" not in os.environ, reason="RIVALS_DATA is not set")
def test_a_trial_is_judged_on_both_domains():
    if not (Path(os.environ["RIVALS_DATA"]) / "mnist-10k").is_dir():
        pytest.skip("there is no mnist-10k in RIVALS_DATA")
    first, second = (domains.trained(Trial(system=REVERSAL, seed=seed, rounds=2)) for seed in (0, 1))
    assert first.features.shape == (2 * domains.DRAWN, 768)
    assert second.features.shape == (0, 768)
    assert all(0 <= number <= 100 for number in first.numbers)
    assert first.numbers != second.numbers
    domains.pictures().canvas.draw()


def test_the_study_puts_it_together(monkeypatch, tmp_path):
    f = np.random.default_rng(0).normal(size=(24, 4)).astype(np.float32)
    monkeypatch.setattr(domains, "trained", lambda trial: Outcome((40.0 + 20 * (trial.system != ALONE), 95.0, 1.0), f))
    monkeypatch.setattr(Plan, "side_by_side", lambda plan, function, trials: [function(x) for x in trials])
    monkeypatch.setattr(domains, "pictures", lambda: domains.figure(1, 1))
    plan = Plan(seeds=2, quick=True, out=tmp_path)
    found = domains.domains.run(plan)
    assert plan.figures == ["pictures.png", "features.png"]
    assert [row.published for row in found.rows if row.published] == ["52.25", "76.66", "95.96"]
    assert len(found.rows) == 4 * 3
    assert found.claims[0].holds
    assert "300 rounds" in found.protocol
