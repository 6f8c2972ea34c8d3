"""What the studies of conditions, encoders and features say of the numbers they get, and that their systems are built."""

from __future__ import annotations

import pytest
import torch

from rivals.data.core import Facts
from rivals.recipes import find
from rivals.studies import conditions, encoders, features

X = torch.zeros(20, 1, 4, 4, dtype=torch.uint8)
FACTS = Facts(shape=(1, 16, 16), count=100, classes=10)


@pytest.mark.parametrize("study", [conditions, encoders])
def test_every_system_is_built(study):
    options = conditions.OPTIONS if study is conditions else encoders.NETWORKS
    for recipe, changes in study.SYSTEMS.values():
        assert find(recipe)(FACTS, **{**options, **changes}).game.sample(2).shape == (2, 1, 16, 16)


def conditional(asked, fd, untold):
    found = {}
    for source in conditions.WANTED:
        found |= {(name, source): [conditions.Outcome(99.0, 20.0, X)] for name in conditions.SYSTEMS}
        found[conditions.BEST, source] = [conditions.Outcome(asked, fd, X)]
        found[conditions.UNTOLD, source] = [conditions.Outcome(untold, 20.0, X)]
    return [claim.holds for claim in conditions.claims(found)]


def test_a_conditional_generator_has_to_listen_at_no_cost():
    assert conditional(98.0, 19.0, 10.0) == [True] * 6
    assert conditional(95.0, 19.0, 10.0) == [False, True, True, True, True, True]
    assert conditional(98.0, 21.0, 50.0) == [True, False, False] * 2


def test_sharpness_meaning_and_codes_each_decide_a_claim():
    def said(**of_bigan):
        plain = {"error": 0.02, "sharpness": 0.8, "same": 0.95, "fd": 100.0, "read": {"SVM": 0.9, "k-NN": 0.9}, "pictures": X}
        found = {name: [encoders.Outcome(**plain)] for name in encoders.SYSTEMS}
        found["VAE-GAN"] = [encoders.Outcome(**{**plain, "sharpness": 1.0})]
        found["BiGAN"] = [encoders.Outcome(**{**plain, "error": 0.2, **of_bigan})]
        return [claim.holds for claim in encoders.claims(found, {"SVM": 0.9, "k-NN": 0.91})]

    assert said() == [True, True, True]
    assert said(same=0.4) == [True, False, True]
    assert said(error=0.05) == [True, False, True]
    assert said(read={"SVM": 0.9, "k-NN": 0.88}) == [True, True, False]


def test_features_have_to_beat_pixels_and_neighbours():
    def said(ours, pixels, neighbours):
        of = {("SVM", features.LEARNT): ours, ("SVM", features.PIXELS): pixels, ("k-NN", features.PIXELS): neighbours}
        table = {(learner, 1000, space): value for (learner, space), value in of.items()}
        return [claim.holds for claim in features.claims({"digits": [table]})]

    assert said(0.9, 0.8, 0.85) == [True]
    assert said(0.9, 0.95, 0.85) == [False]
    assert said(0.9, 0.8, 0.91) == [False]
