"""Back to the best checkpoint with learning rates halved, and the same to the last bit when resumed."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch

from rivals import checkpoint
from rivals.doctor import Finding
from rivals.metrics.core import Value
from rivals.metrics.scores import Scores
from rivals.recipes import RECIPES
from rivals.stop import Interrupted
from rivals.training import Session, Training, train
from rivals.window import Diverged

GAME = RECIPES["gan"].but(width=64, batch=32, lr=2e-3, decay="linear", average=0.5)  # whose score falls from look to look


@pytest.fixture
def training(tmp_path):
    return Training(data="digits", into=tmp_path / "run", rounds=60, looks=6, precision="float32", rescue=True)


def texts(run, kind="note", key="text"):
    return [event[key] for event in run.log() if event["kind"] == kind]


def poisoned(training, *, above):
    """A session whose discriminator's loss is NaN from round 25 on while the learning rates are above a factor."""
    session = Session(GAME, training)
    game = session.setup.game
    loss = game.loss_D

    def loss_D(batch):
        bad = game.round >= 25 and session.trainer.factor > above
        return {name: value * float("nan") if bad else value for name, value in loss(batch).items()}

    game.loss_D = loss_D
    return session


def final(run):
    return checkpoint.read(run.file("final"))


def assert_same(a, b):
    assert all(torch.equal(a[part][name], b[part][name]) for part in ("game", "average") for name in a[part])


def test_nan_goes_back_and_halves_the_rates(training):
    run = poisoned(training, above=0.3).play()
    notes = texts(run)
    assert [note.split(":")[0] for note in notes] == ["rescue 1 of 3", "rescue 2 of 3"]
    assert notes[1].endswith("Now back to round 20, with all learning rates times 0.25.")
    assert "term 'adversarial' of player 'discriminator' is nan at round 25" in notes[0]
    assert final(run)["factor"] == 0.25
    rates = [group["lr"] for group in final(run)["optimizers"]["generator"]["param_groups"]]
    assert rates == [pytest.approx(2e-3 * 0.25 * (1 - 59 / 60))]
    rounds = [event["round"] for event in run.scores()]
    assert rounds == sorted(set(rounds)) == [0, 10, 20, 30, 40, 50, 60]


@pytest.mark.parametrize("stop", [22, 26, 40])
def test_a_rescued_run_resumes_exactly(training, tmp_path, monkeypatch, stop):
    """Stopped before the rescue, just after it and later."""
    whole = poisoned(training, above=0.6).play()
    part = replace(training, into=tmp_path / "part")
    session = poisoned(part, above=0.6)

    def wish():
        return 15 if session.trainer.round == stop and (stop < 25 or session.trainer.factor < 1) else 0

    with monkeypatch.context() as patch:
        patch.setattr("rivals.training.wishes", lambda: nullcontext(wish))
        with pytest.raises(Interrupted):
            session.play()
    resumed = poisoned(part, above=0.6).play()
    assert_same(final(whole), final(resumed))
    assert final(resumed)["factor"] == 0.5
    assert [text for text in texts(resumed) if text.startswith("rescue")] == [t for t in texts(whole) if t.startswith("rescue")]


def test_it_gives_up_after_three(training):
    with pytest.raises(Diverged, match="round 20 is the last good checkpoint"):
        poisoned(training, above=0.0).play()
    run = Session(GAME, training).open()
    assert [note.split(":")[0] for note in texts(run)[:3]] == ["rescue 1 of 3", "rescue 2 of 3", "rescue 3 of 3"]
    assert texts(run, "finding", "name") == ["not finite"]


def test_without_rescue_nan_stops_at_once(training):
    with pytest.raises(Diverged):
        poisoned(replace(training, rescue=False), above=0.6).play()


def test_collapse_goes_back_to_before_it(training, monkeypatch):
    """Collapsed since round 20, as heard at round 40; then no more."""
    values = iter([5.0, 4.0, 4.5, 4.6, 4.7, 3.9, 3.8, 3.7, 3.6, 3.5])
    heard = []

    def hear(doctor, event):
        if event["kind"] == "score" and event["round"] == 40 and not heard:
            heard.append(event["round"])
            return [Finding(name="collapse", since=20, sees="All alike.", tries="Try another.")]
        return []

    monkeypatch.setattr("rivals.doctor.Doctor.hear", hear)
    monkeypatch.setattr(Session, "check_scores", lambda self: None)
    monkeypatch.setattr(Scores, "__call__", lambda self, samples, game: {"fd": Value(next(values), "lower", "given")})
    run = train(GAME, training)
    assert texts(run) == ["rescue 1 of 3: All alike. Now back to round 10, with all learning rates times 0.5."]
    assert [(event["round"], event["scores"]["fd"]) for event in run.scores()] == [
        (0, 5.0), (10, 4.0), (20, 3.9), (30, 3.8), (40, 3.7), (50, 3.6), (60, 3.5)
    ]  # fmt: skip
    assert checkpoint.read(run.file("best"))["round"] == final(run)["round"] == 60


def test_a_collapse_with_nothing_good_before_it_is_left_alone(training, monkeypatch):
    finding = Finding(name="collapse", since=0, sees="All alike.", tries="Try another.")
    monkeypatch.setattr("rivals.doctor.Doctor.hear", lambda doctor, event: [finding] if event["kind"] == "score" else [])
    run = train(GAME, training)
    assert texts(run) == []
    assert final(run)["factor"] == 1.0
