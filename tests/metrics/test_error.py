"""A game's classification error: of one that knows, one that guesses, in a training and on the command line's way."""

from __future__ import annotations

import pytest
import torch

from rivals.cli import main
from rivals.data import Memory
from rivals.errors import UserError
from rivals.game import Game
from rivals.metrics import error
from rivals.metrics.core import Case, Unsuitable
from rivals.metrics.evaluation import evaluate_run
from rivals.metrics.features import Pixels
from rivals.recipes import RECIPES
from rivals.training import Training, train


class Oracle(Game):
    """Reads the class from the first pixel, where it was written; for the classes below `knows`."""

    def __init__(self, knows):
        super().__init__()
        self.knows = knows

    def players(self):
        return []

    def classify(self, x):
        y = ((x.flatten(1)[:, 0] + 1) * 127.5).round().long()
        return torch.nn.functional.one_hot(torch.where(y < self.knows, y, (y + 1) % 10), 10).float()


@pytest.fixture(scope="module")
def written():
    y = torch.arange(200) % 10
    x = torch.zeros(200, 1, 4, 4, dtype=torch.uint8)
    x[:, 0, 0, 0] = y
    return Memory(x, y, name="written", class_names=[str(k) for k in range(10)])


@pytest.mark.parametrize(("knows", "wrong"), [(10, 0.0), (7, 0.3), (0, 1.0)])
def test_it_is_the_share_of_wrong_answers(written, knows, wrong):
    value = error.measure(Case(written, written, Pixels(), game=Oracle(knows)))["error"]
    assert value.value == pytest.approx(wrong)
    assert value.better == "lower"
    assert "200 real rows" in value.protocol


def test_what_it_takes(written):
    plain = Memory(written.x, name="plain")
    with pytest.raises(Unsuitable, match="a game's own classifier"):
        error.measure(Case(written, written, Pixels(), game=None))
    fewer = Memory(written.x, written.y % 4, name="fewer", class_names=list("abcd"))
    with pytest.raises(Unsuitable, match="knows 10 classes, and 'fewer' has 4"):
        error.measure(Case(fewer, fewer, Pixels(), game=Oracle(10)))
    with pytest.raises(Unsuitable, match="no classes"):
        error.measure(Case(plain, plain, Pixels(), game=Oracle(10)))


def test_a_run_is_scored_and_judged_by_it(tmp_path):
    recipe = RECIPES["ssgan"].but(width=4, width_c=3, batch=16, latent=4)
    training = Training(data="digits", into=tmp_path / "run", rounds=4, looks=2, precision="float32", score="error,fd")
    run = train(recipe, training)
    assert all(0 <= event["scores"]["error"] <= 1 for event in run.scores())
    (row, *_) = evaluate_run(run.path, metrics=["error"], features=["pixels"], n=100).rows
    assert (row.metric, row.better, row.features) == ("error", "lower", "")
    plain = train(RECIPES["gan"].but(width=4, batch=8), Training(data="digits", into=tmp_path / "gan", rounds=2, looks=1)).path
    with pytest.raises(UserError, match="it takes one that has one"):
        evaluate_run(plain, metrics=["error"], features=["pixels"], n=100)


def test_a_game_that_draws_nothing_is_judged_by_its_classifier(tmp_path, capsys):
    recipe = RECIPES["dann"].but(width=4, batch=16, hidden=8, target="digits")
    run = train(recipe, Training(data="digits", into=tmp_path / "dann", rounds=2, looks=1, precision="float32")).path
    found = evaluate_run(run, n=100)
    (row,) = [row for row in found.rows if row.metric == "error"]
    assert 0 <= row.value <= 1
    assert row.counts.startswith("100 of digits (t")
    assert "generated" not in row.protocol
    assert "fd" not in found.left_out
    with pytest.raises(UserError, match="'fd' judges samples, and this game draws nothing"):
        evaluate_run(run, metrics=["fd"], n=100)
    main(["evaluate", str(run), "--n", "100"])
    assert "error" in capsys.readouterr().out
    voices = RECIPES["disentangle"].but(width=4, batch=8, hidden=4)
    silent = train(voices, Training(data="digits", into=tmp_path / "voices", rounds=1, looks=1, precision="float32")).path
    with pytest.raises(UserError, match="nothing here can judge this game"):
        evaluate_run(silent, n=100)
