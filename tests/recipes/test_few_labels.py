"""Every option of the recipes that learn from few labels changes something, wrong ones are refused, and few labels are all they
read."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from rivals.data import Batches, Memory, load
from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.recipes import RECIPES
from rivals.recipes.few_labels import CatGANOptions, SSGANOptions, TripleGANOptions
from rivals.trainer import Trainer
from rivals.training import Training, train

BASE = {"network": "intermediate", "width": 4, "width_c": 3, "batch": 8, "latent": 5, "average": 0.0}
ALL = {
    "labels": 50,
    "draw": 1,
    "network": "dcgan",
    "width": 6,
    "norm_g": "none",
    "classifier": "intermediate",
    "width_c": 4,
    "norm_d": "none",
    "dropout": 0.3,
    "latent": 6,
    "activation": "sigmoid",
    "lr": 0.01,
    "lr_g": 0.01,
    "beta1": 0.1,
    "decay": "linear",
    "batch": 9,
    "average": 0.5,
}
CHANGED = {
    "ssgan": {**ALL, "weight": 0.5, "entropy": 0.6},
    "catgan": {**ALL, "weight": 0.5},
    "triplegan": {
        **ALL,
        "alpha": 0.25,
        "pseudo": 0.5,
        "generated_weight": 0.5,
        "generated_from": 0.2,
        "confidence": 0.5,
        "balance": 0.5,
        "consistency": 1.0,
    },
}
PAIRS = [(name, option) for name, changed in CHANGED.items() for option in changed]
OPTIONS = {"ssgan": SSGANOptions, "catgan": CatGANOptions, "triplegan": TripleGANOptions}


def test_the_lists_of_options_are_whole():
    for name, options in OPTIONS.items():
        assert set(CHANGED[name]) == {field.name for field in dataclasses.fields(options)}


@pytest.mark.parametrize(("name", "option"), PAIRS)
def test_every_option_changes_the_run(name, option, weights_after):
    plain, changed = weights_after(name, **BASE), weights_after(name, **{**BASE, option: CHANGED[name][option]})
    assert plain.shape != changed.shape or not torch.equal(plain, changed)


@pytest.mark.parametrize("name", CHANGED)
def test_the_labels_of_all_other_rows_are_never_read(name, digits):
    """The same run, to the last bit, on rows whose classes are all wrong: but those few that are told."""
    wrong = Memory(digits.x, (digits.y + 1) % 10, name="wrong", class_names=digits.class_names)
    weights = []
    for data in (digits, wrong):
        torch.manual_seed(0)
        setup = RECIPES[name](digits.facts, **BASE)
        learnt = setup.beside(digits)
        learnt.first = data
        trainer = Trainer(setup.game, Batches(learnt, setup.batch, seed=0))
        for round in range(2):
            trainer.play(round / 2)
        weights.append(torch.cat([p.flatten() for p in setup.game.parameters()]))
    assert torch.equal(*weights)


@pytest.mark.parametrize("name", CHANGED)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 21, 17), (2,)])
def test_any_labelled_data_will_do(name, shape):
    networks = {"network": "mlp", "classifier": "mlp"} if len(shape) == 1 else {}
    facts = Facts(shape=shape, count=100, classes=3, bounded=len(shape) > 1)
    game = RECIPES[name](facts, width=4, width_c=4, **networks).game
    assert game.classify(game.sample(3)).shape == (3, 3)


@pytest.mark.parametrize("name", CHANGED)
def test_what_it_needs_and_can_do(name):
    recipe = RECIPES[name]
    assert recipe.needs() == "labelled pictures"
    assert recipe.can() == ["samples", *(["classes"] if name == "triplegan" else []), "classifies"]
    with pytest.raises(UserError, match="give labelled data"):
        recipe(Facts(shape=(1, 8, 8), count=100))


@pytest.mark.parametrize(
    ("name", "wrong", "told"),
    [
        ("ssgan", {"labels": 0}, "at least 1"),
        ("ssgan", {"weight": 0.0}, "more than 0"),
        ("catgan", {"lr_g": 0.0}, "more than 0"),
        ("catgan", {"dropout": 1.0}, "share in"),
        ("triplegan", {"alpha": 1.0}, "share in"),
        ("triplegan", {"confidence": -1.0}, "0 or more"),
        ("ssgan", {"entropy": -0.1}, "0 or more"),
    ],
)
def test_wrong_options_are_refused(name, wrong, told):
    with pytest.raises(UserError, match=told):
        RECIPES[name].but(**wrong)


def test_labels_that_no_class_can_share_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UserError, match="take a multiple of 10"):
        train(RECIPES["ssgan"].but(labels=15), Training(data="digits", into=tmp_path / "run", rounds=1))
    assert not (tmp_path / "run").exists()


def test_the_toys_have_classes_too():
    """Vectors: the modes of the ring are its classes."""
    data = load("ring")
    torch.manual_seed(0)
    setup = RECIPES["ssgan"](data.facts, network="mlp", classifier="mlp", width=8, width_c=8, labels=16, batch=16)
    trainer = Trainer(setup.game, Batches(setup.beside(data), setup.batch, seed=0))
    trainer.play()
    trainer.check()
