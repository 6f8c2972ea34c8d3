"""SRResNet: pictures enlarged. Ledig et al., 2016, Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
Network, https://arxiv.org/abs/1609.04802, figure 4.

Departures: what the network draws is added to the bicubic enlargement, so that it begins as that and learns what is missing;
and there is no batch norm, which Lim et al., 2017, https://arxiv.org/abs/1707.02921, found to cost more than it gives here.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate

from rivals.networks.maps import Residual, reflecting


class SRResNet(nn.Module):
    """(B, C, h, w) -> (B, C, times h, times w), times 2 or 4: 9x9 w, `blocks` residual blocks, 3x3, a PixelShuffle for each
    doubling, 9x9."""

    def __init__(self, channels: int, *, times: int = 4, width: int = 64, blocks: int = 16):
        super().__init__()
        self.times = times
        self.first = nn.Sequential(nn.Conv2d(channels, width, 9, padding=4), nn.PReLU())
        self.body = nn.Sequential(*(Residual(width, norm="none") for _ in range(blocks)), reflecting(width, width, 3))
        layers: list[nn.Module] = []
        for _ in range(times.bit_length() - 1):
            layers += [reflecting(width, 4 * width, 3), nn.PixelShuffle(2), nn.PReLU()]
        self.last = nn.Sequential(*layers, nn.Conv2d(width, channels, 9, padding=4))
        last = self.last[-1]
        assert isinstance(last, nn.Conv2d)
        assert last.bias is not None
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, x: Tensor) -> Tensor:
        z = self.first(x)
        y: Tensor = self.last(z + self.body(z)) + enlarged(x, self.times)
        return y


def enlarged(x: Tensor, times: int) -> Tensor:
    """By bicubic interpolation."""
    return interpolate(x.float(), scale_factor=times, mode="bicubic")
