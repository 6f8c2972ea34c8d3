"""Recipes: games with networks and settings, ready to train. `RECIPES` holds them by name."""

from rivals.recipes import auto, codes, conditional, duel, encoders, energy, few_labels
from rivals.recipes.core import RECIPES, Recipe, Setup, find, recipe

__all__ = [
    "RECIPES", "Recipe", "Setup", "auto", "codes", "conditional", "duel", "encoders", "energy", "few_labels", "find", "recipe",
]  # fmt: skip
