"""Every option of InfoGAN changes something, and wrong ones are refused."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from rivals.data.batches import Batches
from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.recipes import RECIPES
from rivals.recipes.codes import InfoGANOptions
from rivals.trainer import Trainer

BASE = {"network": "intermediate", "width": 4, "batch": 8, "noise": 5}
CHANGED = {
    "network": "dcgan",
    "width": 6,
    "norm_d": "none",
    "norm_g": "none",
    "categories": (3, 2),
    "continuous": 1,
    "noise": 6,
    "categorical_weight": 0.5,
    "continuous_weight": 0.5,
    "views": "translation",
    "heads": 2,
    "pretrain": 2,
    "adversarial": "relativistic",
    "activation": "sigmoid",
    "lr_d": 0.01,
    "lr_g": 0.01,
    "lr_s": 0.01,
    "beta1": 0.1,
    "decay": "linear",
    "batch": 9,
    "average": 0.5,
}
NEEDS = {name: {"pretrain": 2} for name in ("views", "heads", "lr_s")}  # changes nothing without it


def test_the_list_of_options_is_whole():
    assert set(CHANGED) == {field.name for field in dataclasses.fields(InfoGANOptions)}


@pytest.mark.parametrize("option", CHANGED)
def test_every_option_changes_the_run(option, weights_after):
    base = {**BASE, **NEEDS.get(option, {})}
    plain, changed = weights_after("infogan", **base), weights_after("infogan", **{**base, option: CHANGED[option]})
    assert plain.shape != changed.shape or not torch.equal(plain, changed)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"categories": (1,)}, "at least 2"),
        ({"categories": (), "continuous": 0}, "there is no code"),
        ({"continuous": -1}, "0 or more"),
        ({"lr_g": 0.0}, "more than 0"),
        ({"pretrain": 1, "categories": ()}, "categorical codes"),
        ({"pretrain": -1}, "0 or more"),
        ({"heads": 0, "pretrain": 1}, "at least 1"),
        ({"lr_s": 0.0, "pretrain": 1}, "more than 0"),
    ],
)
def test_wrong_options_are_refused(wrong, told):
    with pytest.raises(UserError, match=told):
        RECIPES["infogan"].but(**wrong)


def test_views_are_of_pictures_and_have_names():
    with pytest.raises(UserError, match="--pretrain is for pictures"):
        RECIPES["infogan"](Facts(shape=(2,), count=10, bounded=False), network="mlp", pretrain=1)
    with pytest.raises(UserError, match="wrap"):
        RECIPES["infogan"](Facts(shape=(1, 8, 8), count=10), pretrain=1, views="wrap")


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 24, 17), (2,)])
def test_any_data_will_do(shape):
    network = "mlp" if len(shape) == 1 else "intermediate"
    game = RECIPES["infogan"](Facts(shape=shape, count=100, bounded=len(shape) > 1), network=network, width=4).game
    assert game.sample(3).shape == (3, *shape)


@pytest.mark.parametrize("stop", [1, 2, 3])  # while the sorter plays, at its end, in the game
def test_a_run_with_a_sorter_goes_on_as_if_it_had_not_been_stopped(digits, stop):
    def trainer():
        torch.manual_seed(0)
        setup = RECIPES["infogan"](digits.facts, **BASE, pretrain=2, heads=2)
        return Trainer(setup.game, Batches(digits, setup.batch, seed=0, device=torch.device("cpu")))

    whole, first, second = trainer(), trainer(), trainer()
    for round in range(4):
        whole.play(round / 4)
    for round in range(stop):
        first.play(round / 4)
    second.load_state(first.state())
    for round in range(stop, 4):
        second.play(round / 4)
    expected, found = whole.game.state_dict(), second.game.state_dict()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert float(found["sorter.shared"].abs().max()) > 0
