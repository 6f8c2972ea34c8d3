"""Studies of pictures: how a training is judged, that every system of theirs can be built, and what their claims ask."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rivals.data.core import Facts
from rivals.recipes import find
from rivals.studies import ensemble, loss_and_quality, pictures, robustness, stacked_digits, tips
from rivals.studies.pictures import JUDGED, SHOWN, Course, Trial, trained

FACTS = Facts(shape=(1, 16, 16), count=60_000)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(pictures, "DATA", "digits")
    monkeypatch.setattr(pictures, "SIZE", 8)
    monkeypatch.setattr(pictures, "JUDGED", 300)


def course(scores, losses=None, rounds=None) -> Course:
    n = len(scores)
    return Course(rounds or list(range(1, n + 1)), scores, losses or [0.0] * n, torch.zeros(SHOWN, 1, 8, 8, dtype=torch.uint8))


def test_a_trial_repeats_itself_and_is_judged_at_its_marks(small):
    trial = Trial(recipe="gan", changes={"width": 16}, seed=3, rounds=40, marks=2)
    seen = []
    one, two = trained(trial, lambda trainer: seen.append(trainer.round)), trained(trial)
    assert one.rounds == seen == [20, 40]
    assert one.scores == two.scores
    assert one.scores[1] < one.scores[0]  # of noise, which it begins with
    assert one.losses[1] != one.losses[0]
    assert one.samples is not None
    assert one.samples.shape == (SHOWN, 1, 8, 8)


def test_a_class_alone_is_further_from_all_of_them(small):
    everything, three = pictures.Judge(), pictures.Judge("3")
    assert len(three.real) < len(everything.real)
    assert three.features.protocol == everything.features.protocol


def test_a_training_that_diverges_scores_infinity(small):
    found = trained(Trial(recipe="gan", changes={"optimizer": "sgd", "lr": 1e30}, seed=0, rounds=6, marks=3))
    assert found.scores == [math.inf] * 3
    assert found.samples is None


@pytest.mark.parametrize("changes", [*tips.PROJECT.values(), *tips.FURTHER.values()], ids=[*tips.PROJECT, *tips.FURTHER])
def test_every_tip_can_be_built_and_changes_something(changes):
    recipe = find("dcgan")
    recipe(FACTS, **{**tips.BASE, **changes})
    assert recipe.but(**{**tips.BASE, **changes}).options != recipe.but(**tips.BASE).options or changes == {}


def test_verdicts_need_more_than_the_spread():
    base = [10.0, 12.0, 11.0]
    assert tips.verdict([9.0, 11.5, 10.0], base) == "no effect seen"
    assert tips.verdict([5.0, 6.0, 5.5], base) == "helps"
    assert tips.verdict([25.0, 26.0, 24.0], base) == "hurts"
    assert tips.verdict([5.0], [9.0]) == "no effect seen"  # of one seed each nothing is known


def test_tips_claims_ask_for_each():
    plain, slower = [course([20.0, 10.0]), course([22.0, 12.0])], [course([40.0, 30.0]), course([42.0, 31.0])]
    same = dict.fromkeys(tips.PROJECT, plain)
    held = [claim.holds for claim in tips.claims({**same, "sigmoid output": slower}, same)]
    assert held == [True, True, True, False]


@pytest.mark.parametrize("game", robustness.GAMES)
def test_every_game_meets_every_pair_of_networks(game):
    sizes = set()
    for networks in robustness.NETWORKS:
        recipe, changes = robustness.asked(game, networks)
        setup = find(recipe)(FACTS, **changes)
        sizes.add(str(setup.game))
    assert len(sizes) == len(robustness.NETWORKS)
    if game == "SNGAN":  # its norm is the method
        assert "spectral" in str(find("sngan")(FACTS, **robustness.asked(game, "no batch norm")[1]).game).lower()


def test_a_game_fails_by_its_worst_networks():
    cells = {(game, networks): [course([50.0])] for game in robustness.GAMES for networks in robustness.NETWORKS}
    assert [claim.holds for claim in robustness.claims(cells)] == [True, False, True]
    for game in ("DCGAN", "LSGAN", "WGAN"):
        cells[game, "deep"] = [course([math.inf])]
    assert [claim.holds for claim in robustness.claims(cells)] == [True, True, True]


def test_the_estimates_are_of_the_distance():
    """At its best D's loss is log 4 - 2 JS, the critic's -W."""
    assert loss_and_quality.estimates("GAN", course([1.0], [math.log(4) - 2 * 0.3])) == pytest.approx([0.3])
    assert loss_and_quality.estimates("WGAN", course([1.0], [-2.5])) == [2.5]


def test_correlations_are_of_ranks():
    falling = course([9.0, 5.0, 4.0, 1.0], [-8.0, -3.0, -2.5, -0.1])
    assert loss_and_quality.correlation("WGAN", falling) == pytest.approx(1)
    assert loss_and_quality.correlation("WGAN", course([1.0, 4.0, 5.0], [-8.0, -3.0, -2.5])) == pytest.approx(-1)
    assert math.isnan(loss_and_quality.correlation("WGAN", course([1.0, 2.0, 3.0], [-1.0, -1.0, -1.0])))
    for game, setting in ((game, setting) for game in loss_and_quality.GAMES for setting in loss_and_quality.SETTINGS):
        recipe, own = loss_and_quality.GAMES[game]
        find(recipe)(FACTS, **{**loss_and_quality.BASE, **own, **loss_and_quality.SETTINGS[setting]})


def test_stacked_systems_are_built_and_claims_ask_for_all_modes():
    for recipe, changes in stacked_digits.SYSTEMS.values():
        find(recipe)(Facts(shape=(3, 28, 28), count=60_000), **changes)
    x = torch.zeros(SHOWN, 3, 8, 8, dtype=torch.uint8)
    good = {name: [stacked_digits.Outcome(1000, 0.05, x)] for name in stacked_digits.SYSTEMS}
    good["DCGAN"] = [stacked_digits.Outcome(950, 0.9, x)]
    assert all(claim.holds for claim in stacked_digits.claims(good))
    good["PacDCGAN2"] = [stacked_digits.Outcome(999, 0.05, x)]
    assert [claim.holds for claim in stacked_digits.claims(good)] == [False, True, True]


def test_generators_of_an_ensemble_share_each_trials_rows():
    class Times(torch.nn.Module):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def forward(self, x):
            return self.factor * x

    z = torch.arange(1.0, 13.0)[:, None]  # rows 0, 3, 6, 9 are of the first of three trials
    x = ensemble.Several([Times(1), Times(-1)], 3)(z)
    assert torch.equal(x, torch.cat([z[:6], -z[6:]]))


def test_pools_take_equal_shares_of_games_of_their_own():
    x = np.arange(4, dtype=np.float32)[:, None, None].repeat(2500, 1).repeat(2, 2)
    pools = ensemble.pooled(x, 2, 2)
    assert pools.shape == (2, 2500, 2)
    assert [set(np.unique(pool)) for pool in pools] == [{0.0, 1.0}, {2.0, 3.0}]
    assert (pools[0, :, 0] == 0).sum() == 1250


def test_more_generators_play():
    assert ensemble.played(("ring", 2, 2, 3)).shape == (2, 2500, 2)
    assert JUDGED % ensemble.OF_PICTURES == 0


def test_figures_can_be_drawn_of_any_course(real_data):
    """Also of trainings that diverged, and of curves that never move."""
    good, gone = course([30.0, 20.0, 10.0], [1.0, 0.9, 0.5]), Course([1, 2, 3], [math.inf] * 3, [math.nan] * 3, None)
    every = {name: [good, good] for name in {**tips.PROJECT, **tips.FURTHER}} | {"sigmoid output": [good, gone]}
    for figure in (tips.drawn(every, every), tips.ranked(every), tips.samples(every)):
        figure.canvas.draw()
    cells = {(game, networks): [good, gone] for game in robustness.GAMES for networks in robustness.NETWORKS}
    cells["WGAN", "deep"] = [gone]
    robustness.drawn(cells).canvas.draw()
    for flat in (good, gone):
        curves = {(game, setting): [good, flat] for game in loss_and_quality.GAMES for setting in loss_and_quality.SETTINGS}
        loss_and_quality.drawn(curves).canvas.draw()
        loss_and_quality.samples(curves).canvas.draw()
        assert loss_and_quality.claims(curves)
