"""The value of a discriminator that is known, and the equilibrium after a few rounds."""

from __future__ import annotations

import json
import math

import pytest
import torch

from rivals.studies import equilibrium as study
from rivals.studies import run
from rivals.studies.core import Plan
from rivals.studies.toy import normal_density


@pytest.fixture
def watched(tmp_path, monkeypatch):
    monkeypatch.setattr(Plan, "rounds", lambda plan, n: 3)
    return study.Watched(Plan(seeds=2, out=tmp_path, tell=lambda _: None), learns=True)


def test_the_best_discriminator_has_the_value_2_js_less_log_4(watched):
    watched.logits = (study.P / watched.q).log()
    assert torch.allclose(watched.value, watched.best, atol=1e-9)
    watched.logits = torch.zeros_like(watched.logits)
    assert torch.allclose(watched.value, torch.tensor(-math.log(4), dtype=torch.float64), atol=1e-9)
    assert float(watched.half_error.max()) == 0


def test_looks_are_before_the_first_round_and_after_the_last(watched):
    assert watched.rounds == [0, 1, 2, 3]
    assert watched.value.shape == (4, 2)
    assert torch.allclose(watched.q[0], normal_density(study.GRID, *study.WRONG), atol=1e-6)
    assert not torch.equal(watched.q[0], watched.q[-1])


def test_given_the_truth_the_discriminator_gives_up(tmp_path):
    plan = Plan(seeds=1, quick=True, out=tmp_path, tell=lambda _: None)
    given = study.Watched(plan, learns=False)
    assert float(given.half_error[0]) > 0.2  # it could tell the wrong generator from the data
    assert float(given.half_error[-1]) < 0.02
    assert float(given.value[-1]) == pytest.approx(-math.log(4), abs=1e-3)
    assert (given.value <= given.best + 1e-9).all()


def test_the_study_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(Plan, "rounds", lambda plan, n: max(1, n // 30))
    tree = json.loads(run("equilibrium", tmp_path, seeds=1, tell=lambda _: None).read_text())
    held = {claim["says"]: claim["holds"] for claim in tree["claims"]}
    assert held["V is never above 2 JS - log 4"]
    assert not held["The generator that learns arrives at -log 4"]
    assert tree["figures"] == ["equilibrium.png"]
