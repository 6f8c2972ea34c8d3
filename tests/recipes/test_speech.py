"""Disentangling: every option changes something, and wrong ones are refused."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.recipes import RECIPES
from rivals.recipes.speech import DisentangleOptions

BASE = {"width": 4, "batch": 8, "speaker_code": 3, "phonetic_code": 4, "hidden": 5, "critic_turns": 1}
CHANGED = {
    "network": "dcgan",
    "width": 6,
    "norm_d": "none",
    "activation": "sigmoid",
    "norm_g": "none",
    "speaker_code": 4,
    "phonetic_code": 5,
    "hidden": 6,
    "critic_turns": 2,
    "weight": 0.5,
    "speaker_weight": 0.5,
    "margin": 1e-9,
    "lr": 0.01,
    "lr_d": 0.01,
    "beta1": 0.1,
    "decay": "linear",
    "batch": 9,
    "average": 0.5,
}


def test_the_list_of_options_is_whole():
    assert set(CHANGED) == {field.name for field in dataclasses.fields(DisentangleOptions)}


@pytest.mark.parametrize("option", CHANGED)
def test_every_option_changes_the_run(option, weights_after):
    plain, changed = weights_after("disentangle", **BASE), weights_after("disentangle", **{**BASE, option: CHANGED[option]})
    assert plain.shape != changed.shape or not torch.equal(plain, changed)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"weight": -1.0}, "0 or more"),
        ({"margin": 0.0}, "more than 0"),
        ({"phonetic_code": 0}, "at least 1"),
        ({"critic_turns": 0}, "at least 1"),
        ({"beta1": 1.0}, "a share"),
    ],
)
def test_wrong_options_are_refused(wrong, told):
    with pytest.raises(UserError, match=told):
        RECIPES["disentangle"].but(**wrong)


def test_it_takes_speakers():
    with pytest.raises(UserError, match="a folder for each speaker"):
        RECIPES["disentangle"](Facts(shape=(1, 64, 48), count=10))
    game = RECIPES["disentangle"](Facts(shape=(1, 64, 48), count=10, classes=3), width=4).game
    codes = game.encode(torch.randn(5, 1, 64, 48))
    assert codes.shape == (5, 16 + 16)
    assert game.decode(codes).shape == (5, 1, 64, 48)
    assert torch.allclose(codes[:, 16:].mean(0), torch.zeros(16), atol=1e-5)  # of phonetic codes the scale is fixed
    assert torch.allclose(codes[:, 16:].var(0, unbiased=False), torch.ones(16), atol=0.01)
