"""Recipes: games with networks and settings, ready to train. `RECIPES` holds them by name."""

from rivals.recipes import auto, codes, conditional, domains, duel, encoders, energy, few_labels, pyramids, speech
from rivals.recipes.core import RECIPES, Recipe, Setup, find, recipe

__all__ = [
    "RECIPES", "Recipe", "Setup", "auto", "codes", "conditional", "domains", "duel", "encoders", "energy", "few_labels", "find",
    "pyramids", "recipe", "speech",
]  # fmt: skip
