"""What adds detail to a picture of the same size."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rivals.networks.layers import Norm, hidden


class Detail(nn.Module):
    """(B, C, h, w) a picture, (B, 1, h, w) noise, (B, K) a condition -> (B, C, h, w) what to add; 3x3 convolutions throughout.

    The condition is one more map, which is learnt. The last convolution begins at 0: no detail at first."""

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        *,
        conditions: int = 0,
        width: int = 64,
        depth: int = 3,
        norm: Norm = "batch",
    ):
        super().__init__()
        self.size = size
        self.embed = nn.Linear(conditions, size[0] * size[1]) if conditions else None
        layers: list[nn.Module] = []
        for i in range(depth):
            inputs = channels + 1 + (conditions > 0) if i == 0 else width
            convolution = nn.Conv2d(inputs, width, 3, padding=1)
            layers += hidden(convolution, width, activation=nn.ReLU, norm=norm, dropout=0.0)
        self.body = nn.Sequential(*layers)
        self.last = nn.Conv2d(width, channels, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, noise: Tensor, c: Tensor) -> Tensor:
        maps = [x, noise.to(x.dtype)]
        if self.embed is not None:
            maps.append(self.embed(c.to(x.dtype)).view(-1, 1, *self.size).to(x.dtype))
        y: Tensor = self.last(self.body(torch.cat(maps, 1)))
        return y
