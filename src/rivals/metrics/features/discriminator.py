"""Features that a game has learnt without labels: the activations of its discriminator or encoder.

Radford, Metz and Chintala, 2015, https://arxiv.org/abs/1511.06434, section 5.1: the activations of all convolutional layers,
each max-pooled to a grid of 4 x 4, flattened and concatenated. Maps that are smaller than the grid stay as they are. Of a
network without maps, its hidden activations.

Fails: they belong to one trained game, so that distances in them compare nothing between games; a discriminator is blind to
what its own generator does right.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d

from rivals.metrics.core import Unsuitable, judges_alone

GRID = 4
ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.SiLU, nn.GELU, nn.Tanh)


class Discriminator:
    """(B, *shape) -> (B, D): what `game.discriminator`, or else `game.encoder`, makes of things of this shape."""

    name = "discriminator"
    key = None

    def __init__(self, game: nn.Module, shape: tuple[int, ...]):
        which = next((w for w in ("discriminator", "encoder") if isinstance(getattr(game, w, None), nn.Module)), None)
        if which is None:
            raise Unsuitable("this game has neither a discriminator nor an encoder to take features from")
        if which == "discriminator":
            judges_alone(game)
        self.network = deepcopy(getattr(game, which)).eval().requires_grad_(False)  # the game's own goes on untouched
        self.seen: list[Tensor] = []
        for module in self.network.modules():
            if isinstance(module, ACTIVATIONS):
                module.register_forward_hook(self._see)
        try:
            count = self(torch.zeros(2, *shape, device=next(self.network.parameters()).device)).shape[1]
        except TypeError as error:
            raise Unsuitable(f"the {which} of this game asks for more than a thing to describe ({error})") from None
        self.protocol = f"activations of the game's {which}, max-pooled to {GRID}x{GRID}, {count:,} features"

    def _see(self, _module: nn.Module, _given: tuple[Tensor, ...], activations: Tensor) -> None:
        self.seen.append(activations)

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        self.seen.clear()
        self.network.to(x.device)(x.float())
        seen = [a[-len(x) :] for a in self.seen]  # the rows of a reference batch go before
        found = [pooled(a) for a in seen if a.dim() == 4] or [a.flatten(1) for a in seen]
        self.seen.clear()
        if not found:
            raise Unsuitable("this network has no activation layers (as nn.ReLU) to take features from")
        return torch.cat(found, 1)


def pooled(maps: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, C * 16), fewer where a side has fewer than 4.

    >>> pooled(torch.arange(64.0).view(1, 1, 8, 8))[0, :4]
    tensor([ 9., 11., 13., 15.])
    """
    height, width = (min(side, GRID) for side in maps.shape[2:])
    return adaptive_max_pool2d(maps, (height, width)).flatten(1)
