"""Every option of the conditional recipes changes something, and wrong ones are refused."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.recipes import RECIPES
from rivals.recipes.conditional import TOLD, ACGANOptions, ConditionalOptions

BASE = {"network": "intermediate", "width": 4, "batch": 8, "latent": 5}
BOTH = {
    "network": "dcgan",
    "width": 6,
    "norm_d": "none",
    "norm_g": "none",
    "latent": 6,
    "noise": "dropout",
    "adversarial": "relativistic",
    "activation": "sigmoid",
    "lr": 0.01,
    "beta1": 0.1,
    "decay": "linear",
    "batch": 9,
    "average": 0.5,
}
CHANGED = {
    "cgan": {**BOTH, "told": "embedded", "matching": True},
    "acgan": {**BOTH, "features": 7, "class_weight": 0.5},
}
PAIRS = [(name, option) for name, changed in CHANGED.items() for option in changed]


def test_the_lists_of_options_are_whole():
    for options, name in ((ConditionalOptions, "cgan"), (ACGANOptions, "acgan")):
        assert set(CHANGED[name]) == {field.name for field in dataclasses.fields(options)}


@pytest.mark.parametrize(("name", "option"), PAIRS)
def test_every_option_changes_the_run(name, option, weights_after):
    plain, changed = weights_after(name, **BASE), weights_after(name, **{**BASE, option: CHANGED[name][option]})
    assert plain.shape != changed.shape or not torch.equal(plain, changed)


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 24, 17), (2,)])
def test_every_way_of_telling_takes_any_data(told, shape):
    network = "mlp" if len(shape) == 1 else "intermediate"
    facts = Facts(shape=shape, count=100, classes=3, bounded=len(shape) > 1)
    game = RECIPES["cgan"](facts, network=network, width=4, told=told).game
    assert game.sample(3).shape == (3, *shape)


def test_dropout_is_the_only_chance_where_there_are_no_latents(digits):
    game = RECIPES["cgan"](digits.facts, **BASE | {"noise": "dropout"}).game.eval()
    z = game.given(torch.tensor([3, 3]))
    assert z.shape == (2, 10)
    assert torch.equal(z[0], z[1])
    one, two = game.decode(z)
    assert not torch.equal(one, two)


def test_wrong_options_are_refused():
    with pytest.raises(UserError, match="cannot see which one is wrong"):
        RECIPES["cgan"].but(told="untold", matching=True)
    for name in CHANGED:
        with pytest.raises(UserError, match="give labelled data"):
            RECIPES[name](Facts(shape=(1, 8, 8), count=10))
        assert RECIPES[name].needs() == "labelled pictures"
