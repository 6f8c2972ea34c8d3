"""What is measured on critics that we know by heart."""

from __future__ import annotations

import json
import math

import pytest
import torch
from torch import nn

from rivals.games.gan import GAN
from rivals.studies import parallel_lines as study
from rivals.studies import run
from rivals.studies.core import Plan


def game_of(critic):
    """One trial for each theta."""
    return GAN(study.Line(torch.tensor(study.THETAS)), critic, prior=study.heights)


class Slopes(nn.Module):
    """f(x, y) = slope * x, the slope of row r being that of trial r % 9."""

    def __init__(self, slopes):
        super().__init__()
        self.slopes = slopes

    def forward(self, x):
        return x[:, :1] * self.slopes.repeat(len(x) // len(self.slopes)).view(-1, 1)


def test_the_best_critic_measures_the_distance_at_any_scale():
    thetas = torch.tensor(study.THETAS)
    for scale in (1.0, 7.0):
        w, pull = study.earth_mover(game_of(Slopes(-scale * thetas.sign() + (thetas == 0) * scale)))
        assert torch.allclose(w[:, 0].float(), thetas.abs())
        assert torch.allclose(pull[:, 0].float()[thetas != 0], -scale * thetas.sign()[thetas != 0])


def test_a_sure_discriminator_says_log_2_and_pulls_at_nothing():
    thetas = torch.tensor(study.THETAS)

    class Sure(nn.Module):
        def forward(self, x):
            return 50 - 1000 * x[:, :1].abs()

    js, pull = study.jensen_shannon(game_of(Sure()))
    assert torch.allclose(js[thetas != 0], torch.tensor(math.log(2), dtype=torch.float64))
    assert float(pull[thetas != 0].abs().max()) < 1e-6
    undecided, _ = study.jensen_shannon(game_of(Slopes(torch.zeros(9))))
    assert float(undecided.abs().max()) < 1e-6


def test_lines_are_where_they_should_be():
    line = study.Line(torch.tensor([2.0, -1.0]))
    assert line(torch.tensor([[0.1], [0.2], [0.3], [0.4]])).tolist() == [
        [2, pytest.approx(0.1)],
        [-1, pytest.approx(0.2)],
        [2, pytest.approx(0.3)],
        [-1, pytest.approx(0.4)],
    ]


def test_discriminators_learn_log_2_in_a_few_rounds(tmp_path, monkeypatch):
    monkeypatch.setattr(Plan, "rounds", lambda plan, n: 60)
    tree = json.loads(run("parallel-lines", tmp_path, seeds=1, tell=lambda _: None).read_text())
    js = {row["system"]: row["mean"] for row in tree["rows"] if row["metric"] == "JS"}
    assert js["theta = 1"] == pytest.approx(math.log(2), rel=0.1)
    assert js["theta = 0"] == pytest.approx(0, abs=0.02)
    assert tree["figures"] == ["lines.png"]
