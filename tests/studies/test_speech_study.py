"""The study of speech: what can be read from codes, what its claims ask, that a trial can be judged and drawn."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from rivals.data import Memory
from rivals.data.part import some
from rivals.errors import UserError
from rivals.metrics.features.classifier import Classifier, Network
from rivals.recipes import find
from rivals.studies import speech
from rivals.studies.core import Plan
from rivals.studies.speech import APART, FREE, Outcome


def test_a_fresh_network_reads_what_is_there():
    torch.manual_seed(0)
    y = torch.arange(600) % 3
    x = torch.randn(600, 4)
    told = x.clone()
    told[:, 0] += 6 * y
    assert speech.readable(told[:300], y[:300], told[300:], y[300:]) > 0.95
    assert speech.readable(x[:300], y[:300], x[300:], y[300:]) < 0.45


def test_claims_ask_for_a_code_that_tells_and_one_that_does_not():
    def outcome(*numbers: float) -> Outcome:
        return Outcome(numbers, np.zeros((3, 3, 4, 4), np.float32))

    good = {APART: [outcome(97, 45, 6, 90), outcome(96, 47, 6, 88)], FREE: [outcome(97, 80, 5, 40)]}
    assert [claim.holds for claim in speech.claims(good, 3)] == [True] * 3
    bad = {APART: [outcome(94, 49, 6, 45)], FREE: [outcome(97, 80, 5, 40)]}
    assert [claim.holds for claim in speech.claims(bad, 3)] == [False] * 3
    speech.drawn(good[APART][0].pictures, ("en", "es", "fr")).canvas.draw()


def test_without_speech_it_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("RIVALS_DATA", str(tmp_path))
    with pytest.raises(UserError, match=r"holds speech/SPEAKER/\*.wav"):
        speech.sounds("train")


@pytest.mark.skipif("RIVALS_DATA" not in os.environ, reason="RIVALS_DATA is not set")
def test_a_trial_is_judged():
    if not (Path(os.environ["RIVALS_DATA"]) / "speech").is_dir():
        pytest.skip("there is no speech in RIVALS_DATA")
    data, test = some(speech.sounds("train"), 100), some(speech.sounds("test"), 60)
    game = find("disentangle")(data.facts, width=4).game.eval()
    outcome = speech.judged(game, data, test, Classifier(Network(data.facts), "untrained"))
    assert outcome.pictures.shape == (3, 3, 64, 48)
    assert all(0 <= number <= 100 for number in outcome.numbers)


def test_the_study_puts_it_together(monkeypatch, tmp_path):
    rows = Memory(
        torch.zeros(6, 1, 4, 4, dtype=torch.uint8), torch.arange(6) % 3, name="s", class_names="abc", notes=["6 pieces"]
    )
    made = Outcome((96.0, 45.0, 6.0, 90.0), np.zeros((3, 3, 4, 4), np.float32))
    monkeypatch.setattr(speech, "sounds", lambda split: rows)
    monkeypatch.setattr(speech.Classifier, "trained", lambda *data: None)
    monkeypatch.setattr(speech, "trained", lambda trial: made)
    monkeypatch.setattr(Plan, "side_by_side", lambda plan, function, trials: [function(x) for x in trials])
    plan = Plan(seeds=2, out=tmp_path)
    found = speech.speech.run(plan)
    assert plan.figures == ["voices.png"]
    assert len(found.rows) == 2 * 4
    assert [claim.holds for claim in found.claims] == [True, True, False]  # no better than without the discriminator
    assert "3 speakers" in found.protocol
