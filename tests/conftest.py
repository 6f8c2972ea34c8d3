"""Shared by all tests: small real data, the catalogue of recipes made small, one thread."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from rivals.data import Batches, Dataset, load
from rivals.data.core import Facts
from rivals.recipes import RECIPES, Setup, find
from rivals.recipes.core import Idle
from rivals.trainer import Trainer
from rivals.training import Training, train

SMALL = {
    "width": 8,
    "batch": 16,
    "target": "digits",
    "levels": 1,
    "patch": "16",
    "blocks": 1,
}  # at which a round of a recipe takes milliseconds; of those options that it has


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A run of a few rounds, with pictures of several looks."""
    into = tmp_path_factory.mktemp("trained") / "gan-digits"
    return train(find("gan").but(width=16), Training(data="digits", into=into, rounds=40, looks=4, precision="float32")).path


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return load("digits")


@pytest.fixture(scope="session")
def small(digits: Dataset) -> Callable[..., Setup]:
    """small(name, **changes): a recipe made small, with the same weights each time."""

    def make(name: str, facts: Facts = digits.facts, **changes: object) -> Setup:
        torch.manual_seed(0)
        recipe = RECIPES[name]
        known = {field.name for field in dataclasses.fields(recipe.options)}
        asked = {option: value for option, value in {**SMALL, **changes}.items() if option in known}
        options = dataclasses.replace(recipe.options, **asked)
        idle = {option for option, _ in options.idle()} if isinstance(options, Idle) else set()
        return recipe(facts, **{option: value for option, value in asked.items() if option not in idle})

    return make


@pytest.fixture(scope="session")
def weights_after(digits: Dataset) -> Callable[..., Tensor]:
    """weights_after(name, **options): all weights of a recipe that has played four rounds on the digits, as they are shown."""

    def play(name: str, **options: object) -> Tensor:
        torch.manual_seed(0)
        setup = RECIPES[name](digits.facts, **options)
        learnt = digits if setup.beside is None else setup.beside(digits)
        batches = Batches(learnt, setup.batch, seed=0, device=torch.device("cpu"))
        trainer = Trainer(setup.game, batches, average=setup.average)
        for round in range(4):
            trainer.play(round / 4)
        return torch.cat([p.detach().flatten() for p in trainer.shown().parameters()])

    return play


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("RIVALS_DATA")
    if not folder or not (Path(folder) / "fashion-mnist").is_dir():
        pytest.skip("RIVALS_DATA does not name a folder with fashion-mnist/")
    return Path(folder)


@pytest.fixture
def rivals_command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line in an empty folder, as a user does."""

    def run(*args: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rivals", *args],
            cwd=tmp_path,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run
