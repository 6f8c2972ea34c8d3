"""Recipes with an encoder: every option changes something, any data will do, a thing comes back as a code."""

from __future__ import annotations

import dataclasses

import pytest

from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.recipes import RECIPES

COMMON = {
    "network": "dcgan",
    "width": 6,
    "norm_d": "none",
    "norm_g": "none",
    "activation": "sigmoid",
    "beta1": 0.1,
    "decay": "linear",
    "batch": 9,
    "average": 0.5,
    "latent": 6,
    "lr": 0.01,
}
CHANGED = {
    "autoencoder": {"dropout": 0.3},
    "vae": {"dropout": 0.3, "beta": 3.0},
    "aae": {"dropout": 0.3, "prior": "uniform", "units": 7, "adversarial": "relativistic", "lr_z": 0.01},
    "vaegan": {"gamma": 9.0, "adversarial": "relativistic"},
    "bigan": {"prior": "uniform", "stochastic": True, "features": 7, "adversarial": "hinge", "lr_d": 0.01},
}
CASES = [(name, option) for name, own in CHANGED.items() for option in {**COMMON, **own}]


@pytest.mark.parametrize("name", CHANGED)
def test_the_list_of_options_is_whole(name):
    assert {*COMMON, *CHANGED[name]} == {field.name for field in dataclasses.fields(RECIPES[name].options)}


@pytest.mark.parametrize(("name", "option"), CASES)
def test_every_option_changes_the_run(name, option, weights_after):
    base = {"network": "intermediate", "width": 4, "batch": 8, "latent": 5}
    changed = weights_after(name, **{**base, option: {**COMMON, **CHANGED[name]}[option]})
    plain = weights_after(name, **base)
    assert plain.shape != changed.shape or not (plain == changed).all()


@pytest.mark.parametrize("name", [*CHANGED, "ali"])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 24, 17), (2,)])
def test_any_data_will_do(name, shape):
    network = "mlp" if len(shape) == 1 else "intermediate"
    facts = Facts(shape=shape, count=100, bounded=len(shape) > 1)
    game = RECIPES[name](facts, network=network, width=4, latent=3).game
    assert game.encode(game.sample(4)).shape == (4, 3)
    assert RECIPES[name].can() == ["samples", "encodes"]


@pytest.mark.parametrize("name", CHANGED)
def test_wrong_options_are_refused(name):
    for wrong in ({"latent": 0}, {"lr": 0.0}, {"average": 1.0}, {"width": 0}):
        with pytest.raises(UserError):
            RECIPES[name].but(**wrong)
