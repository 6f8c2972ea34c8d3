"""Recipes: games with networks and settings, ready to train. `RECIPES` holds them by name."""

from rivals.recipes import auto, codes, conditional, domains, duel, energy, speech, vae
from rivals.recipes.core import RECIPES, Recipe, Setup, find, recipe

__all__ = [
    "RECIPES", "Recipe", "Setup", "auto", "codes", "conditional", "domains", "duel", "energy", "find", "recipe",
    "speech", "vae",
]  # fmt: skip
