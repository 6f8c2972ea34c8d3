"""From a path to a game that draws: run folders, checkpoints and exports describe themselves."""

from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from typing import Any

import torch

from rivals import checkpoint as checkpoints
from rivals import data, files
from rivals.data.core import Dataset, Facts
from rivals.errors import UserError
from rivals.game import Game
from rivals.recipes import Setup, find
from rivals.run import Run, Which

WEIGHTS, DESCRIPTION = "weights.safetensors", "game.json"  # of an export


def load(path: Path | str, *, checkpoint: Which = "best", game: Game | None = None) -> Game:
    """The game of a run folder, a checkpoint file or an export folder, in eval mode, with its averaged weights.

    checkpoint: 'best', 'final', 'latest' or a round, for run folders. game: for a run of a game of your own, that game with any
    weights; runs of recipes need nothing but the path.
    """
    tree, said = read(Path(path), checkpoint)
    for text in said:
        warnings.warn(text, stacklevel=2)
    game = built(tree, game)
    game.load_state_dict(tree["average"])
    game.round, game.progress = tree["round"], 1.0
    return game.eval().requires_grad_(False)


def read(path: Path, which: Which = "best") -> tuple[dict[str, Any], list[str]]:
    """The tree of a checkpoint with everything that describes it, and what had to be said on the way."""
    if path.name == WEIGHTS and (path.parent / DESCRIPTION).is_file():
        path = path.parent
    if path.is_file():
        return checkpoints.read(path), []
    if (path / DESCRIPTION).is_file():
        weights = checkpoints.read(path / WEIGHTS)
        return {**json.loads((path / DESCRIPTION).read_text()), **weights}, []
    if not path.exists():
        raise UserError(f"nothing at {path}: give a run folder, a checkpoint or an export")
    run = Run(path)
    if which == "best" and not run.file("best").exists():
        which = "latest"  # nothing scored yet, or a game that does not draw
    tree, said = run.checkpoint(which)
    if tree is None:
        raise UserError(f"{path} has no whole checkpoint to draw from" + "".join(f"; {text}" for text in said))
    return tree, said


def learnt(path: Path | str) -> Dataset:
    """What the run of a folder learnt from."""
    told = {name: value for name, value in Run(path).settings["data"].items() if name != "fingerprint"}
    return data.load(told.pop("source"), **told)


def built(tree: dict[str, Any], game: Game | None) -> Game:
    if game is not None:
        return copy.deepcopy(game)
    return setup_of(tree["settings"]).game


def setup_of(settings: dict[str, Any]) -> Setup:
    """The game of a run as its recipe makes it, with weights of its own, and how it was trained."""
    if settings["recipe"] is None:
        raise UserError("this run is of a game that no recipe made: rivals.load(path, game=YOUR_GAME)")
    facts = Facts(**{**settings["facts"], "shape": tuple(settings["facts"]["shape"])})
    with torch.random.fork_rng(devices=[]):
        return find(settings["recipe"]).as_it_was(facts, settings["options"])


def export(path: Path | str, out: Path | str, *, checkpoint: Which = "best") -> Path:
    """Write a game's averaged weights as safetensors and what it takes to build it as JSON into a folder."""
    tree, said = read(Path(path), checkpoint)
    for text in said:
        warnings.warn(text, stacklevel=2)
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {out} ({error.strerror})") from None
    described = {"round": tree["round"], "settings": tree["settings"]}
    checkpoints.write(out / WEIGHTS, {"average": tree["average"]})
    files.replace(out / DESCRIPTION, json.dumps(described, indent=1).encode())
    return out
