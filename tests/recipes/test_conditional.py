"""Every option of the conditional recipes changes something, and wrong ones are refused."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch
from PIL import Image

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
    "penalty": "r1",
    "penalty_weight": 50.0,
}
BESIDE = {"penalty_weight": {"penalty": "r1"}}  # what an option needs to mean anything
CHANGED = {
    "cgan": {**BOTH, "told": "embedded", "matching": False},
    "acgan": {**BOTH, "features": 7, "class_weight": 0.5},
}
PAIRS = [(name, option) for name, changed in CHANGED.items() for option in changed]


def test_the_lists_of_options_are_whole():
    for options, name in ((ConditionalOptions, "cgan"), (ACGANOptions, "acgan")):
        assert {*CHANGED[name]} == {field.name for field in dataclasses.fields(options)} - {"condition"}  # tested below


@pytest.mark.parametrize(("name", "option"), PAIRS)
def test_every_option_changes_the_run(name, option, weights_after):
    beside = BASE | BESIDE.get(option, {})
    plain, changed = weights_after(name, **beside), weights_after(name, **beside | {option: CHANGED[name][option]})
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


def test_the_condition_is_the_class_unless_attributes_are_asked_for():
    def conditions(facts, **options):
        game = RECIPES["cgan"](facts, **BASE, **options).game
        return game.classes, game.attributes

    both = Facts(shape=(1, 8, 8), count=10, classes=3, attributes=7)
    assert conditions(both) == conditions(both, condition="class") == (3, 0)
    assert conditions(both, condition="attributes") == (0, 7)
    assert conditions(Facts(shape=(1, 8, 8), count=10, attributes=7)) == (0, 7)
    with pytest.raises(UserError, match="no attributes"):
        conditions(Facts(shape=(1, 8, 8), count=10, classes=3), condition="attributes")


def test_faces_are_trained_and_drawn_by_attributes(tmp_path, rivals_command):
    draw = np.random.default_rng(0)
    attributes = draw.integers(0, 2, (40, 3), dtype=np.uint8)
    images = draw.integers(0, 255, (40, 8, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "faces.npz", images=images, attributes=attributes, names=np.array(["female", "hat", "smile"]))
    options = ["--rounds", "3", "--width", "4", "--batch", "8", "--into", "run", "--precision", "float32"]
    done = rivals_command("train", "cgan", "--data", "faces.npz", *options)
    assert done.returncode == 0, done.stderr
    done = rivals_command("sample", "run", "--only", "female, smile", "--n", "4", "--out", "some.npz")
    assert done.returncode == 0, done.stderr
    assert np.load(tmp_path / "some.npz")["samples"].shape == (4, 3, 8, 8)
    done = rivals_command("sample", "run", "--only", "smiel", "--n", "4", "--out", "some.npz")
    assert done.returncode == 2
    assert "did you mean 'smile'" in done.stderr


def test_pictures_are_trained_and_drawn_by_captions(tmp_path, rivals_command):
    lines = []
    for k in range(24):
        Image.new("RGB", (8, 8), (10 * k, 0, 0)).save(tmp_path / f"{k}.png")
        lines.append(
            json.dumps({"file_name": f"{k}.png", "caption": f"a {('red', 'blue')[k % 2]} {('cat', 'dog')[k // 2 % 2]}"})
        )
    (tmp_path / "metadata.jsonl").write_text("\n".join(lines))
    options = ["--rounds", "3", "--width", "4", "--batch", "8", "--into", "run", "--precision", "float32"]
    done = rivals_command("train", "cgan", "--data", ".", "--caption-key", "caption", *options)
    assert done.returncode == 0, done.stderr

    def drawn(text):
        done = rivals_command("sample", "run", "--only", text, "--n", "4", "--out", "some.npz")
        assert done.returncode == 0, done.stderr
        return np.load(tmp_path / "some.npz")["samples"], done.stderr

    cats, said = drawn("red cat")
    assert not said
    told, said = drawn("Draw a RED cat")
    assert "of 'Draw a RED cat' its captions know red, cat" in said
    assert np.array_equal(cats, told)
    assert not np.array_equal(cats, drawn("blue dog")[0])
    done = rivals_command("sample", "run", "--only", "a horse", "--n", "4", "--out", "some.npz")
    assert done.returncode == 2
    assert "no word of 'a horse' is known here: known are blue, cat, dog, red" in done.stderr


def test_wrong_options_are_refused():
    for name in CHANGED:
        with pytest.raises(UserError, match="give labelled data"):
            RECIPES[name](Facts(shape=(1, 8, 8), count=10))
        assert RECIPES[name].needs() == "labelled pictures"
