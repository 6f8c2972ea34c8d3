"""The best Gaussians are those of closed forms, and a few rounds already bring the bound near."""

from __future__ import annotations

import json
import math

import pytest
import torch

from rivals.divergences import kl, reverse_kl, weighted_js
from rivals.studies import divergences as study
from rivals.studies import run
from rivals.studies.core import Plan


def test_kl_matches_moments_and_reverse_kl_takes_a_mode():
    mean = study.SHARE * study.SECOND
    variance = study.SIGMA**2 + study.SHARE * (1 - study.SHARE) * study.SECOND**2
    assert study.best_gaussian(kl) == pytest.approx((mean, math.sqrt(variance)), abs=1e-3)
    assert study.best_gaussian(reverse_kl) == pytest.approx((0, study.SIGMA), abs=0.06)


def test_weighted_js_goes_from_the_moments_to_a_mode():
    """In the plane: near pi = 0 it is KL, whose best isotropic Gaussian has the mean and the mean variance of the data."""
    axis = torch.linspace(-6, 6, 91, dtype=torch.float64)
    points, cell = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1), float(axis[1] - axis[0]) ** 2
    p = study.blobs(points) * cell
    assert float(p.sum()) == pytest.approx(1, abs=1e-4)
    centre = (p[..., None] * points).sum((0, 1))
    variance = (p[..., None] * (points - centre).square()).sum((0, 1)).mean()
    x, y, log_deviation = study.best_isotropic(weighted_js(1e-4), points, cell)
    assert (x, y) == pytest.approx(tuple(centre.tolist()), abs=0.01)
    assert math.exp(log_deviation) == pytest.approx(float(variance.sqrt()), abs=0.01)
    assert study.best_isotropic(weighted_js(0.99), points, cell)[:2] == pytest.approx(study.CENTRES[0], abs=0.1)


def test_a_few_rounds_bring_the_bounds_near(tmp_path):
    torch.manual_seed(0)
    exact, bounds, learnt = study.estimated(Plan(seeds=1, quick=True, out=tmp_path, tell=lambda _: None))
    assert bounds.shape == (len(study.CHOSEN), 1)
    assert learnt.shape == (len(study.CHOSEN), 1, len(study.GRID))
    assert (bounds <= exact[:, None]).all()
    near = dict(zip([d.name for d in study.CHOSEN], (bounds[:, 0] / exact).tolist(), strict=True))
    assert all(near[name] > 0.97 for name in ("kl", "reverse-kl", "hellinger", "js", "jeffreys", "js-0.1"))


def test_the_study_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(Plan, "rounds", lambda plan, n: 2)
    tree = json.loads(run("divergences", tmp_path, seeds=2, tell=lambda _: None).read_text())
    assert len(tree["rows"]) == 3 * len(study.CHOSEN)
    assert {claim["says"] for claim in tree["claims"] if claim["holds"]} == {"No bound is above its divergence"}
    assert tree["figures"] == ["estimates.png", "fits.png", "weights.png"]
