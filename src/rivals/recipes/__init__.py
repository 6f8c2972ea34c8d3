"""Recipes: games with networks and settings, ready to train. `RECIPES` holds them by name."""

from rivals.recipes import (
    auto,
    codes,
    common_space,
    conditional,
    coupled,
    domains,
    duel,
    encoders,
    energy,
    few_labels,
    pyramids,
    relabelling,
    restoration,
    speech,
    translation,
)
from rivals.recipes.core import RECIPES, Recipe, Setup, find, recipe

__all__ = [
    "RECIPES", "Recipe", "Setup", "auto", "codes", "common_space", "conditional", "coupled", "domains", "duel", "encoders",
    "energy", "few_labels", "find", "pyramids", "recipe", "relabelling", "restoration", "speech", "translation",
]  # fmt: skip
