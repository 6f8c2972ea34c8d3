"""Features by name, and which to take where nobody has an opinion."""

from __future__ import annotations

import torch

from rivals.data.core import Dataset
from rivals.errors import UserError, unknown
from rivals.game import Game
from rivals.metrics.core import Features, rows_of
from rivals.metrics.features import (
    Classifier,
    Discriminator,
    EfficientNetLite0,
    Inception,
    Pixels,
    RandomConvolutions,
    RandomWaves,
)

FEATURES = ("auto", "inception", "efficientnet-lite0", "classifier", "discriminator", "random", "pixels")
SCALE = 1000  # rows that random features take their scale from


def choose(
    name: str, data: Dataset, test: Dataset | None = None, *, device: torch.device, game: Game | None = None
) -> Features:
    """The features of this name for this data.

    data: what a classifier is trained on, on the device, and random features are scaled by. test: what its accuracy is
    measured on. game: whose discriminator it is, for features of that name.
    """
    facts = data.facts
    name = best_for(data) if name == "auto" else name
    if name in ("inception", "efficientnet-lite0") and not facts.pictures:
        raise UserError(f"features '{name}' are for pictures, this data has vectors: pass --features pixels or random")
    made: Features
    if name == "inception":
        made = Inception(channels=facts.shape[0])
    elif name == "efficientnet-lite0":
        made = EfficientNetLite0(channels=facts.shape[0])
    elif name == "classifier":
        made = Classifier.trained(data, test, device=device)
    elif name == "discriminator":
        if game is None:
            raise UserError("features 'discriminator' take a run: a folder of pictures has no discriminator")
        made = Discriminator(game, facts.shape)
    elif name == "random":
        rows = rows_of(data, SCALE).view(-1, *facts.shape)
        made = RandomConvolutions(rows) if facts.pictures else RandomWaves(rows)
    elif name == "pixels":
        made = Pixels()
    else:
        raise unknown("features", name, FEATURES)
    return made


def best_for(data: Dataset) -> str:
    """The Inception network where its weights are at hand, since its numbers compare with the world's; else one trained on
    photographs for colour, one trained on this very data where it has classes, and a random one where nothing is known."""
    if not data.facts.pictures:
        return "pixels"
    if Inception.at_hand():
        return "inception"
    if data.facts.shape[0] == 3 and EfficientNetLite0.at_hand():
        return "efficientnet-lite0"
    return "classifier" if data.facts.classes > 1 else "random"
