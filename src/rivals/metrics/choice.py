"""Features by name, and which to take where nobody has an opinion."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch

from rivals.data.core import Dataset
from rivals.errors import UserError, pick
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

SCALE = 1000  # rows that random features take their scale from


class Asked(NamedTuple):
    """What features may be made of."""

    data: Dataset  # what a classifier is trained on, and random features are scaled by
    test: Dataset | None  # what the classifier's accuracy is measured on
    device: torch.device  # where it is trained
    game: Game | None  # whose discriminator it is


def pretrained(kind: Callable[..., Features], asked: Asked) -> Features:
    if not asked.data.facts.pictures:
        raise UserError("pretrained features are for pictures, this data has vectors: pass --features pixels or random")
    return kind(channels=asked.data.facts.shape[0])


def discriminator(asked: Asked) -> Features:
    if asked.game is None:
        raise UserError("features 'discriminator' take a run: a folder of pictures has no discriminator")
    return Discriminator(asked.game, asked.data.facts.shape)


def random(asked: Asked) -> Features:
    facts = asked.data.facts
    rows = rows_of(asked.data, SCALE).view(-1, *facts.shape)
    return RandomConvolutions(rows) if facts.pictures else RandomWaves(rows)


FEATURES: dict[str, Callable[[Asked], Features]] = {
    "auto": lambda asked: FEATURES[best_for(asked.data)](asked),
    "inception": partial(pretrained, Inception),
    "efficientnet-lite0": partial(pretrained, EfficientNetLite0),
    "classifier": lambda asked: Classifier.trained(asked.data, asked.test, device=asked.device),
    "discriminator": discriminator,
    "random": random,
    "pixels": lambda asked: Pixels(),
}


def choose(
    name: str, data: Dataset, test: Dataset | None = None, *, device: torch.device, game: Game | None = None
) -> Features:
    """The features of this name for this data; see `Asked`."""
    return pick("features", FEATURES, name)(Asked(data, test, device, game))


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
