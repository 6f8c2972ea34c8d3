"""Every option of CoGAN and of the domain transfer network changes something, and wrong ones are refused."""

from __future__ import annotations

import dataclasses

import pytest
import torch

import rivals
from rivals.data import Batches, Memory
from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.metrics.evaluation import evaluate_run
from rivals.recipes import RECIPES
from rivals.recipes.coupled import CoGANOptions, DTNOptions
from rivals.trainer import Trainer
from rivals.training import Training

COMMON = {
    "network": "simple",
    "width": 5,
    "norm_d": "layer",
    "norm_g": "none",
    "activation": "sigmoid",
    "beta1": 0.1,
    "decay": "linear",
    "batch": 9,
    "average": 0.5,
    "pair": "mask",
    "lr": 0.01,
}
CHANGED = {
    "cogan": {**COMMON, "latent": 5, "own_g": 2, "own_d": None, "adversarial": "hinge"},
    "dtn": {**COMMON, "features": 9, "same": 1.0, "identity": 1.0, "smooth": 1.0},
}
ELSEWHERE = {"target", "target_key"}  # in tests of their own
OPTIONS = {"cogan": CoGANOptions, "dtn": DTNOptions}
PAIRS = [(name, option) for name, changed in CHANGED.items() for option in changed]


def labelled():
    x = torch.randint(0, 256, (40, 1, 12, 12), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return Memory(x, torch.arange(40) % 2, name="noise", class_names=("one", "two"))


def played(name, **options):
    torch.manual_seed(0)
    data = labelled()
    setup = RECIPES[name](data.facts, **{"pair": "blur", "width": 4, "batch": 8, **options})
    trainer = Trainer(setup.game, Batches(setup.beside(data), setup.batch, seed=0), average=setup.average)
    for round in range(4):
        trainer.play(round / 4)
    return torch.cat([p.detach().flatten() for p in trainer.shown().parameters()])


def test_the_lists_of_options_are_whole():
    for name, options in OPTIONS.items():
        assert set(CHANGED[name]) | ELSEWHERE == {field.name for field in dataclasses.fields(options)}


@pytest.mark.parametrize(("name", "option"), PAIRS)
def test_every_option_changes_the_run(name, option):
    plain, changed = played(name), played(name, **{option: CHANGED[name][option]})
    assert plain.shape != changed.shape or not torch.equal(plain, changed)


@pytest.mark.parametrize(
    ("name", "facts", "options", "match"),
    [
        ("cogan", {}, {"own_g": 9}, "layers of one's own"),
        ("cogan", {}, {"own_d": 0}, "at least 1"),
        ("cogan", {}, {"pair": "blur", "target": "digits"}, "leave out --target"),
        ("dtn", {}, {}, "from the classes of --data"),
        ("dtn", {"classes": 2, "shape": (3, 12, 12)}, {"pair": "edges"}, "which differ in shape"),
        ("dtn", {"classes": 2}, {"same": -1.0}, "0 or more"),
    ],
)
def test_wrong_options_are_refused(name, facts, options, match):
    with pytest.raises(UserError, match=match):
        RECIPES[name](Facts(**{"shape": (1, 12, 12), "count": 40, **facts}), **{"width": 4, **options})


def test_pairs_are_drawn_and_the_second_domain_is_judged(tmp_path):
    recipe = RECIPES["cogan"].but(width=4, batch=16, pair="edges")
    run = rivals.train(recipe, Training(into=tmp_path / "run", rounds=2, looks=1, precision="float32"))
    rows = {row.metric: row for row in evaluate_run(run.path, metrics=("fd",), features=("pixels",), n=50).rows}
    assert rows["fd"].value > rows["fd"].floor
    assert (run.path / "pictures" / "0000002.png").exists()


def test_labels_of_one_domain_are_enough(tmp_path):
    recipe = RECIPES["dtn"].but(width=4, batch=16, pair="blur")
    run = rivals.train(recipe, Training(into=tmp_path / "run", rounds=2, looks=1, precision="float32"))
    found = {row.metric for row in evaluate_run(run.path, metrics=("paired", "fd"), features=("pixels",), n=50).rows}
    assert found >= {"psnr", "fd"}
