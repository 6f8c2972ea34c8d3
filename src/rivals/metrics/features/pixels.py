"""Pixels: as features, and on the scale of 0 to 255 on which pretrained networks learnt."""

from __future__ import annotations

from torch import Tensor

from rivals.data.core import bytes_from_pictures
from rivals.errors import UserError


class Pixels:
    """The values themselves: (B, *shape) -> (B, D) float32, D the product of the shape."""

    name = "pixels"
    key: str | None = None
    protocol = "flattened values in [-1, 1]"

    def __call__(self, x: Tensor) -> Tensor:
        return x.float().flatten(1)


def colours(channels: int) -> str:
    """How a protocol says what `colour` does to pictures of 1 or 3 channels."""
    if channels not in (1, 3):
        raise UserError(
            f"pretrained features take pictures of 1 or 3 channels, not {channels}: choose pixels or random features"
        )
    return ", grey repeated to three channels" if channels == 1 else ""


def colour(x: Tensor, channels: int) -> Tensor:
    """(B, channels, H, W) in [-1, 1] -> (B, 3, H, W) float32, whole numbers from 0 to 255: what a file of 8 bits would hold,
    since that is what all published numbers were worked out from. Grey is repeated."""
    if x.dim() != 4 or x.shape[1] != channels:
        raise UserError(f"these features were made for pictures of shape ({channels}, H, W), not {tuple(x.shape[1:])}")
    return bytes_from_pictures(x).float().expand(-1, 3, -1, -1)
