"""Domain-adversarial training: every option changes something, wrong ones are refused, domains are brought to one shape."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from rivals.data import Batches, Beside, Memory, load
from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.game import Labels
from rivals.recipes import RECIPES
from rivals.recipes.domains import DomainOptions, annealed
from rivals.trainer import Trainer

DANN = RECIPES["dann"]
CPU = torch.device("cpu")
BASE = {"target": "digits", "width": 4, "hidden": 5, "batch": 8}
CHANGED = {
    "form": "alternating",
    "weight": 1.0,
    "gamma": 3.0,
    "width": 6,
    "hidden": 6,
    "optimizer": "adam",
    "lr": 0.02,
    "momentum": 0.5,
    "decay": "none",
    "batch": 9,
    "average": 0.5,
}


@pytest.fixture
def inverted(tmp_path: Path) -> str:
    """The digits in black on white."""
    data = load("digits")
    np.savez(tmp_path / "inverted.npz", x=255 - data.x.numpy(), y=data.y.numpy())
    return str(tmp_path / "inverted.npz")


def pictures(folder: Path, *shape: int) -> str:
    np.savez(folder / "pictures.npz", x=np.zeros((20, *shape), np.uint8))
    return str(folder / "pictures.npz")


def vectors(dimensions: int, name: str = "plain") -> Memory:
    return Memory(torch.randn(40, dimensions), torch.arange(40) % 2, name=name, class_names="ab")


def test_the_list_of_options_is_whole():
    assert {*CHANGED, "target"} == {field.name for field in dataclasses.fields(DomainOptions)}


@pytest.mark.parametrize("option", CHANGED)
def test_every_option_changes_the_run(option, weights_after):
    plain, changed = weights_after("dann", **BASE), weights_after("dann", **{**BASE, option: CHANGED[option]})
    assert plain.shape != changed.shape or not torch.equal(plain, changed)


@pytest.mark.parametrize("form", ["reversal", "alternating"])
def test_another_target_changes_what_is_learnt_but_for_weight_0(form, digits, inverted):
    for weight, same in ((1.0, False), (0.0, True)):
        ends = []
        for target in ("digits", inverted):
            torch.manual_seed(0)
            setup = DANN(digits.facts, **{**BASE, "form": form, "weight": weight, "target": target})
            trainer = Trainer(setup.game, Batches(setup.beside(digits), 8, seed=0))
            for _ in range(3):
                trainer.play(0.5)
            ends.append(torch.cat([p.detach().flatten() for net in (setup.game.G_f, setup.game.G_y) for p in net.parameters()]))
        assert torch.equal(*ends) is same


def test_constant_lambda_and_the_papers_rate():
    game = DANN(Facts(shape=(1, 8, 8), count=9, classes=3), weight=0.4, gamma=None).game
    assert game.weight(0.0) == game.weight(1.0) == 0.4
    assert annealed(0.0) == 1
    assert annealed(1.0) == pytest.approx(11**-0.75)
    player = next(iter(DANN(Facts(shape=(1, 8, 8), count=9, classes=3)).game.players()))
    assert player.schedule is annealed


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"weight": -1.0}, "0 or more"),
        ({"gamma": 0.0}, "more than 0"),
        ({"lr": 0.0}, "more than 0"),
        ({"momentum": 1.0}, "a share"),
        ({"hidden": 0}, "at least 1"),
    ],
)
def test_wrong_options_are_refused(wrong, told):
    with pytest.raises(UserError, match=told):
        DANN.but(**wrong)


def test_a_form_that_is_not_there():
    with pytest.raises(UserError, match="unknown form 'reverse': did you mean 'reversal'"):
        DANN(Facts(shape=(1, 8, 8), count=9, classes=3), form="reverse")


def test_it_takes_a_labelled_source():
    with pytest.raises(UserError, match="give labelled data"):
        DANN(Facts(shape=(1, 8, 8), count=10))
    assert DANN.needs() == "labelled pictures or vectors"
    assert DANN.can() == ["classifies"]


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 28), (3, 16, 33), (1, 4, 4), (2,)])
def test_any_data_will_do(shape):
    game = DANN(Facts(shape=shape, count=100, classes=7, bounded=len(shape) > 1), width=4).game
    assert isinstance(game, Labels)
    assert game.classify(torch.zeros(5, *shape)).shape == (5, 7)


def test_the_networks_are_those_of_the_paper():
    """Figure 4a: 32 and 48 maps, 768 features, 100 and 100 and 10 units, 100 and 1."""
    game = DANN(Facts(shape=(3, 28, 28), count=100, classes=10)).game
    shapes = [tuple(p.shape) for p in game.parameters() if p.dim() > 1]
    assert shapes == [(32, 3, 5, 5), (48, 32, 5, 5), (100, 768), (100, 100), (10, 100), (100, 768), (1, 100)]


def test_a_target_comes_to_the_sources_size(tmp_path):
    beside = DANN(load("digits").facts, target="digits").beside
    grey, colour = load("digits"), load("digits", channels=3, size=12)
    assert isinstance(beside(grey), Beside)
    assert beside(grey).second.facts.shape == (1, 8, 8)
    assert beside(colour).second.facts.shape == (3, 12, 12)


def test_colours_are_not_thrown_away(tmp_path):
    beside = DANN(load("digits").facts, target=pictures(tmp_path, 9, 9, 3)).beside
    with pytest.raises(UserError, match=r"has 3 channels, 'digits' 1: pass --channels 3$"):
        beside(load("digits"))
    assert beside(load("digits", channels=3)).second.facts.shape == (3, 8, 8)


def test_pictures_and_vectors_are_no_pair(tmp_path):
    for target, source, told in (
        ("gaussian", load("digits"), "'digits' has pictures, --target gaussian has vectors of 1: choose domains of one shape"),
        ("digits", vectors(3), "'plain' has vectors of 3, --target digits has pictures"),
        ("ring", vectors(3), "'plain' has vectors of 3, --target ring has vectors of 2"),
    ):
        with pytest.raises(UserError, match=told):
            DANN(source.facts, target=target).beside(source)


def test_classes_of_the_target_change_nothing(digits):
    ends = []
    for y in (None, torch.zeros(1797, dtype=torch.int64)):
        torch.manual_seed(0)
        setup = DANN(digits.facts, **BASE)
        target = Memory(255 - digits.x, y, name="target", class_names="0")
        trainer = Trainer(setup.game, Batches(Beside(digits, target), 8, seed=0))
        for _ in range(3):
            trainer.play(0.5)
        ends.append(torch.cat([p.detach().flatten() for p in setup.game.parameters()]))
    assert torch.equal(*ends)
