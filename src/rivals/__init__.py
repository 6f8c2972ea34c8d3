"""rivals trains, measures and explores generative adversarial networks.

    import rivals
    run = rivals.train(rivals.recipes.find("dcgan"), rivals.Training(data="fashion-mnist", minutes=5))
    pictures = rivals.load(run.path).sample(64)

Everything here is imported when it is first asked for, so that `import rivals` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rivals import criteria, networks, penalties, recipes
    from rivals.data import Batch, Facts
    from rivals.errors import UserError
    from rivals.game import Game, Player, turn
    from rivals.games import BEGAN, EBGAN, GAN, VAE
    from rivals.loading import export, load
    from rivals.priors import Normal, Uniform
    from rivals.recipes import RECIPES, Recipe, Setup
    from rivals.report import write_report
    from rivals.run import Run
    from rivals.trainer import Trainer
    from rivals.training import Training, train

__version__ = "0.1.0"

_HOMES = {
    "rivals.data": ("Batch", "Facts"),
    "rivals.errors": ("UserError",),
    "rivals.game": ("Game", "Player", "turn"),
    "rivals.games": ("BEGAN", "EBGAN", "GAN", "VAE"),
    "rivals.loading": ("export", "load"),
    "rivals.priors": ("Normal", "Uniform"),
    "rivals.recipes": ("RECIPES", "Recipe", "Setup"),
    "rivals.report": ("write_report",),
    "rivals.run": ("Run",),
    "rivals.trainer": ("Trainer",),
    "rivals.training": ("Training", "train"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "BEGAN",
    "EBGAN",
    "GAN",
    "RECIPES",
    "VAE",
    "Batch",
    "Facts",
    "Game",
    "Normal",
    "Player",
    "Recipe",
    "Run",
    "Setup",
    "Trainer",
    "Training",
    "Uniform",
    "UserError",
    "criteria",
    "export",
    "load",
    "networks",
    "penalties",
    "recipes",
    "train",
    "turn",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in __all__:
        return import_module(f"rivals.{name}")
    raise AttributeError(f"module 'rivals' has no attribute '{name}'")
