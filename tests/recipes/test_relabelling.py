"""Every option of StarGAN changes something, wrong ones are refused, and its domains are classes or attributes."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from rivals.data import Batches, Memory
from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.recipes import RECIPES
from rivals.recipes.relabelling import StarGANOptions
from rivals.trainer import Trainer

CHANGED = {
    "condition": "attributes",
    "width": 5,
    "generator": "unet",
    "changes": True,
    "blocks": 2,
    "norm": "none",
    "adversarial": "least-squares",
    "penalty": "none",
    "penalty_weight": 1.0,
    "label_weight": 3.0,
    "cycle": 1.0,
    "noise": 0.3,
    "turned": True,
    "wary": 0.5,
    "critic_turns": 2,
    "lr": 0.01,
    "beta1": 0.1,
    "decay": "none",
    "batch": 9,
    "average": 0.5,
}


def labelled():
    draw = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (40, 3, 12, 12), generator=draw, dtype=torch.uint8)
    a = torch.randint(0, 2, (40, 3), generator=draw, dtype=torch.uint8)
    names = ("one", "two")
    return Memory(x, torch.arange(40) % 2, name="noise", class_names=names, a=a, attribute_names=("hat", "cap", "smile"))


def played(**options):
    torch.manual_seed(0)
    few = {"blocks": 1} if options.get("generator", "resnet") == "resnet" else {}
    setup = RECIPES["stargan"](labelled().facts, **{"width": 4, **few, "batch": 8, "critic_turns": 1, **options})
    trainer = Trainer(setup.game, Batches(labelled(), setup.batch, seed=0), average=setup.average)
    for round in range(6):
        trainer.play(round / 6)
    return torch.cat([p.detach().flatten() for p in trainer.shown().parameters()])


def test_the_list_of_options_is_whole():
    assert set(CHANGED) == {field.name for field in dataclasses.fields(StarGANOptions)}


@pytest.mark.parametrize("option", CHANGED)
def test_every_option_changes_the_run(option):
    plain, changed = played(), played(**{option: CHANGED[option]})
    assert plain.shape != changed.shape or not torch.equal(plain, changed)


@pytest.mark.parametrize(
    ("facts", "options", "match"),
    [
        ({}, {}, "has no classes"),
        ({"classes": 3}, {"condition": "attributes"}, "has no attributes"),
        ({"classes": 1}, {}, "has no classes"),
        ({"classes": 3}, {"label_weight": 0.0}, "more than 0"),
        ({"classes": 3}, {"wary": -1.0}, "0 or more"),
        ({"classes": 3, "shape": (2,)}, {}, "this data has vectors of 2"),
    ],
)
def test_wrong_options_are_refused(facts, options, match):
    with pytest.raises(UserError, match=match):
        RECIPES["stargan"](Facts(**{"shape": (1, 8, 8), "count": 40, **facts}), **options)


def test_domains_are_classes_or_else_attributes():
    def domains(facts, **options):
        game = RECIPES["stargan"](Facts(shape=(1, 8, 8), count=40, **facts), width=4, **options).game
        return game.classes, game.attributes

    assert domains({"classes": 3}) == (3, 0)
    assert domains({"attributes": 5}) == (0, 5)
    assert domains({"classes": 3, "attributes": 5}) == (3, 0)
    assert domains({"classes": 3, "attributes": 5}, condition="attributes") == (0, 5)


@pytest.mark.parametrize("generator", ["resnet", "unet"])
def test_labels_get_through_the_first_layer(generator):
    """Constant maps add a constant, which normalising each map would take away."""
    game = RECIPES["stargan"](Facts(shape=(3, 16, 16), count=40, classes=3), width=4, generator=generator).game
    x = torch.randn(2, 3, 16, 16)
    one, other = game.translate(x, 0, 0), game.translate(x, 0, 1)
    assert (one - other).abs().max() > 1e-3
