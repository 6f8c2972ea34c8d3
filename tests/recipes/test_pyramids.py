"""Every option of LAPGAN changes something; pictures of any size that its levels leave room for."""

from __future__ import annotations

import dataclasses

import pytest

from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.recipes import RECIPES
from rivals.recipes.pyramids import LAPGANOptions

BASE = {"network": "intermediate", "width": 4, "width_detail": 3, "levels": 1, "batch": 8, "latent": 5}
CHANGED = {
    "network": "resize",
    "width": 6,
    "norm_d": "none",
    "norm_g": "none",
    "activation": "sigmoid",
    "beta1": 0.1,
    "decay": "linear",
    "batch": 9,
    "average": 0.5,
    "latent": 6,
    "width_detail": 4,
    "later": 2,
    "adversarial": "relativistic",
    "lr": 0.01,
}


def test_the_list_of_options_is_whole():
    assert {*CHANGED, "levels"} == {field.name for field in dataclasses.fields(LAPGANOptions)}


@pytest.mark.parametrize("option", CHANGED)
def test_every_option_changes_the_run(option, weights_after):
    plain, changed = weights_after("lapgan", **BASE), weights_after("lapgan", **{**BASE, option: CHANGED[option]})
    assert plain.shape != changed.shape or not (plain == changed).all()


@pytest.mark.parametrize(("shape", "levels"), [((1, 28, 28), 2), ((3, 17, 24), 2), ((1, 64, 48), 3)])
@pytest.mark.parametrize("classes", [0, 4])
def test_levels_halve_any_size(shape, levels, classes):
    game = RECIPES["lapgan"](Facts(shape=shape, count=100, classes=classes), width=4, levels=levels).game
    assert game.sample(2).shape == (2, *shape)
    assert len(game.sizes) == levels + 1


def test_wrong_options_are_refused():
    with pytest.raises(UserError, match="begin at 2x2: take fewer levels"):
        RECIPES["lapgan"](Facts(shape=(1, 8, 8), count=10), levels=2)
    with pytest.raises(UserError, match="vectors"):
        RECIPES["lapgan"](Facts(shape=(2,), count=10, bounded=False))
    for wrong in ({"levels": 0}, {"later": -1}, {"lr": 0.0}):
        with pytest.raises(UserError):
            RECIPES["lapgan"].but(**wrong)
