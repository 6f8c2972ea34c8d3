"""What a game draws, as a picture: a grid of images, or a plot of points over the real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from rivals.data import Dataset, bytes_from_pictures
from rivals.data.pictures import grid, scatter
from rivals.game import Samples
from rivals.sampling import drawn

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGES, POINTS = 64, 2500


def picture(game: Samples, data: Dataset, seed: int) -> Image:
    """64 images, or 2,500 points beside as many real ones. Equal seeds give equal latents, so pictures of one training show
    the same samples grow."""
    if data.facts.pictures:
        return grid(bytes_from_pictures(drawn(game, IMAGES, seed)).cpu())
    real = data.rows(torch.arange(min(POINTS, len(data))), torch.device("cpu")).x
    return scatter(real, drawn(game, POINTS, seed).cpu())
