"""Every option of the translators changes something, wrong ones are refused, and a second --data is the other domain."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from PIL import Image

from rivals.cli import with_target
from rivals.data import Batches, Memory
from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.recipes import RECIPES, find
from rivals.recipes.between import late
from rivals.recipes.translation import CycleOptions, OneSidedOptions, Pix2PixOptions
from rivals.trainer import Trainer

BASE = {"pair": "edges", "width": 4, "batch": 8, "patch": "16"}
ALL = {
    "pair": "blur",
    "generator": "resnet",
    "width": 5,
    "norm": "none",
    "patch": "pixel",
    "adversarial": "hinge",
    "lr": 0.01,
    "beta1": 0.1,
    "decay": "linear",
    "batch": 9,
    "average": 0.5,
    "changes": True,
    "penalty": "r1",
    "penalty_weight": 9.0,
}
CHANGED = {
    "pix2pix": {**ALL, "depth": 1, "l1": 1.0, "rival": False, "noise": 0.1},
    "cyclegan": {
        **ALL,
        "generator": "unet",
        "blocks": 2,
        "cycle": 1.0,
        "identity": 0.5,
        "distance": "l2",
        "hidden_noise": 0.5,
        "pool": 0,
        "clip": 0.01,
        "critic_turns": 2,
        "optimizer": "rmsprop",
    },
    "onesided": {**ALL, "depth": 2, "keep": "random", "keep_weight": 9.0},
}
NEEDS = {
    "identity": {"pair": "blur"},
    "changes": {"pair": "blur"},
    "keep_weight": {"keep": "random"},
    "penalty_weight": {"penalty": "r1"},
    "rival": {"patch": "34"},
}  # of pictures that keep their channels
ELSEWHERE = {"target", "target_key"}  # in tests of their own
OPTIONS = {"pix2pix": Pix2PixOptions, "cyclegan": CycleOptions, "onesided": OneSidedOptions}
PAIRS = [(name, option) for name, changed in CHANGED.items() for option in changed]


def played(name, **options):
    torch.manual_seed(0)
    x = torch.randint(0, 256, (40, 3, 12, 12), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    data = Memory(x, name="noise")
    generator = options.get("generator", getattr(RECIPES[name].options, "generator", None))
    few = {"blocks": 1} if generator == "resnet" else {}
    setup = RECIPES[name](data.facts, **{**few, **BASE, **options})
    trainer = Trainer(setup.game, Batches(setup.beside(data), setup.batch, seed=0), average=setup.average)
    for round in range(12):
        trainer.play(round / 12)
    return torch.cat([p.detach().flatten() for p in trainer.shown().parameters()])


def test_the_lists_of_options_are_whole():
    both = {"pix2pix": {"blocks"}, "cyclegan": {"depth"}, "onesided": {"blocks"}}
    for name, options in OPTIONS.items():
        assert set(CHANGED[name]) | ELSEWHERE | both[name] == {field.name for field in dataclasses.fields(options)}


@pytest.mark.parametrize(("name", "option"), PAIRS)
def test_every_option_changes_the_run(name, option):
    needed = NEEDS.get(option, {})
    plain, changed = played(name, **needed), played(name, **{**needed, option: CHANGED[name][option]})
    assert plain.shape != changed.shape or not torch.equal(plain, changed)


def test_the_options_of_the_other_network_change_it():
    assert played("pix2pix", generator="resnet").shape != played("pix2pix", generator="resnet", blocks=2).shape
    assert played("cyclegan", generator="unet").shape != played("cyclegan", generator="unet", depth=1).shape


@pytest.mark.parametrize(
    ("name", "options", "match"),
    [
        ("pix2pix", {"target": "digits"}, "leave out --target"),
        ("pix2pix", {"rival": False, "l1": 0.0}, "nothing to learn from"),
        ("pix2pix", {"changes": True}, "the domains have 1 and 3 channels"),
        ("pix2pix", {"l1": -1.0}, "0 or more"),
        ("pix2pix", {"noise": 1.0}, "is a share"),
        ("cyclegan", {"identity": 0.5}, "they differ in shape"),
        ("cyclegan", {"pool": -1}, "0 or more"),
        ("onesided", {"keep": "pixels"}, "pictures of one shape"),
        ("onesided", {"keep": "random", "keep_weight": 0.0}, "more than 0"),
        ("discogan", {"patch": "70"}, "pass a smaller --patch"),
    ],
)
def test_wrong_options_are_refused(name, options, match):
    with pytest.raises(UserError, match=match):
        RECIPES[name](Facts(shape=(3, 12, 12), count=40), **{**BASE, **options})


def test_data_that_does_not_fit_is_refused(tmp_path):
    for number in range(8):
        Image.new("RGB", (12, 12), (number, 0, 0)).save(tmp_path / f"{number}.png")
    grey = Memory(torch.zeros(8, 1, 12, 12, dtype=torch.uint8), name="grey")
    with pytest.raises(UserError, match="this data has vectors of 2"):
        RECIPES["pix2pix"](Facts(shape=(2,), count=10, bounded=False))
    plain = RECIPES["cyclegan"](grey.facts, width=4, blocks=1, patch="16")
    with pytest.raises(UserError, match="give --data A --data B"):
        plain.beside(grey)
    with pytest.raises(UserError, match="pass --channels 3"):
        RECIPES["cyclegan"](grey.facts, width=4, blocks=1, patch="16", target=str(tmp_path)).beside(grey)


def test_pairs_are_known_where_one_was_made_from_the_other():
    facts = Facts(shape=(3, 12, 12), count=40)
    assert RECIPES["cyclegan"](facts, **BASE).truth is not None
    assert RECIPES["cyclegan"](facts, width=4, patch="16", target="digits").truth is None
    assert RECIPES["pix2pix"](facts, width=4, patch="16", target="digits").truth is not None


def test_a_second_data_is_the_target():
    recipe = find("cyclegan")
    assert with_target(recipe, ["--data", "a", "--lr", "1", "--data", "b"]) == ["--data", "a", "--lr", "1", "--target", "b"]
    assert with_target(recipe, ["--data=a", "--data=b"]) == ["--data", "a", "--target", "b"]
    assert with_target(find("dcgan"), ["--data", "a"]) == ["--data", "a"]
    with pytest.raises(UserError, match="'dcgan' learns from one data set"):
        with_target(find("dcgan"), ["--data", "a", "--data", "b"])
    with pytest.raises(UserError, match="two domains, --data is there 3 times"):
        with_target(recipe, ["--data", "a"] * 3)


@pytest.mark.parametrize("generator", ["unet", "resnet", "shallow"])
def test_what_draws_changes_begins_with_copying(generator):
    torch.manual_seed(0)
    setup = RECIPES["onesided"](
        Facts(shape=(3, 12, 12), count=40), **{**BASE, "pair": "blur"}, generator=generator, changes=True
    )
    x = torch.rand(4, 3, 12, 12) * 1.8 - 0.9
    assert (setup.game.translate(x) - x).abs().max() < 0.1


def test_late_decay_is_flat_and_then_falls():
    assert [late(progress) for progress in (0, 0.5, 0.75, 1)] == [1, 1, 0.5, 0]
