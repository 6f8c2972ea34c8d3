"""Every option of the systems with a common space changes something, and wrong ones are refused."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from rivals.cli import with_target
from rivals.data import Batches, Memory
from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.recipes import RECIPES, find
from rivals.recipes.common_space import CommonSpaceOptions
from rivals.trainer import Trainer

BASE = {"pair": "blur", "width": 4, "batch": 8, "patch": "16"}
CHANGED = {
    "pair": "mask",
    "width": 5,
    "norm": "none",
    "patch": "pixel",
    "adversarial": "hinge",
    "lr": 0.01,
    "beta1": 0.1,
    "decay": "linear",
    "batch": 9,
    "average": 0.5,
    "blocks": 3,
    "share": 2,
    "judged": "reconstructions",
    "reconstruct": 1.0,
    "prior": 1.0,
    "code_noise": 1.0,
    "adversarial_weight": 0.5,
    "cycle": 1.0,
    "same": 1.0,
    "confuse": 1.0,
}
ELSEWHERE = {"target", "target_key", "further"}  # in tests of their own
NAMES = ("separate-autoencoders", "unit", "combogan", "xgan", "fader")


def pictures(name="noise"):
    x = torch.randint(0, 256, (40, 3, 12, 12), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return Memory(x, name=name)


def setup_of(name, **options):
    torch.manual_seed(0)
    base = {option: value for option, value in BASE.items() if option != "patch" or name != "fader"}
    return RECIPES[name](pictures().facts, **{**base, **options})


def played(**options):
    setup = setup_of("xgan", **{"same": 0.0, "confuse": 0.0, **options})
    trainer = Trainer(setup.game, Batches(setup.beside(pictures()), setup.batch, seed=0), average=setup.average)
    for round in range(6):
        trainer.play(round / 6)
    return torch.cat([p.detach().flatten() for p in trainer.shown().parameters()])


def test_the_list_of_options_is_whole():
    assert set(CHANGED) | ELSEWHERE == {field.name for field in dataclasses.fields(CommonSpaceOptions)}


@pytest.mark.parametrize("option", CHANGED)
def test_every_option_changes_the_run(option):
    plain, changed = played(), played(**{option: CHANGED[option]})
    assert plain.shape != changed.shape or not torch.equal(plain, changed)


@pytest.mark.parametrize("name", NAMES)
def test_layers_are_shared_as_it_is_said(name):
    options = RECIPES[name].options
    shared = 2 if options.share is None else options.share
    game = setup_of(name).game
    for coders, part in ((game.encoders, "ends"), (game.decoders, "begins")):
        assert len({getattr(coder, part) for coder in coders}) == 1
        assert len(getattr(coders[0], part)) == shared
    assert bool(game.discriminators) == (name != "fader")
    assert (game.classifier is not None) == (name in ("xgan", "fader"))


def test_any_number_of_domains():
    setup = RECIPES["combogan"](
        Facts(shape=(1, 8, 8), count=9), width=4, patch="16", target="digits", further=("digits", "digits")
    )
    assert len(setup.game.encoders) == 4
    digits = setup.beside(Memory(torch.zeros(9, 1, 8, 8, dtype=torch.uint8), name="black"))
    batch = Batches(digits, 4, seed=0)(0)
    assert batch.beside.beside.beside.x.shape == (4, 1, 8, 8)
    assert not torch.equal(batch.beside.x, batch.beside.beside.x)  # of one set, in orders of their own
    assert setup.truth is None


def test_a_third_data_is_a_further_domain():
    args = ["--data", "a", "--rounds", "3", "--data", "b", "--data", "c", "--data=d"]
    assert with_target(find("combogan"), args) == [
        *("--data", "a", "--rounds", "3", "--target", "b"),
        *("--further", "c", "d"),
    ]
    with pytest.raises(UserError, match="learns from two domains, --data is there 3 times"):
        with_target(find("cyclegan"), args[:-1])


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"share": 3}, "choose from 0 to the 2"),
        ({"share": -1}, "choose from 0 to the 2"),
        ({"judged": "reconstructions", "cycle": 1.0, "reconstruct": 1.0}, "are of translations"),
        ({"judged": "reconstructions", "reconstruct": 0.0, "cycle": 0.0}, "takes a --reconstruct"),
        ({"further": ("digits",)}, "leave out a third"),
        ({"reconstruct": 0.0, "cycle": 0.0, "adversarial_weight": 0.0}, "nothing to learn from"),
        ({"confuse": -1.0}, "0 or more"),
    ],
)
def test_wrong_options_are_refused(options, match):
    with pytest.raises(UserError, match=match):
        setup_of("combogan", **options)
