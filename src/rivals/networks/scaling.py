"""From maps of one size to the next smaller or larger one of a plan: the convolutions that halve sides, and those that double.

Each is called as kind(channels in, channels out, size in, size out); a side may also stay as it is. Half of an odd side is
rounded up, so on the way back a row is cut off.

A transposed convolution covers its output unevenly and draws checkerboards that it must unlearn; resize-convolution cannot
(Odena, Dumoulin and Olah, 2016, Deconvolution and Checkerboard Artifacts, https://distill.pub/2016/deconv-checkerboard). The
sub-pixel convolution computes the pixels of a block as channels of the coarse map (Shi et al., 2016, Real-Time Single Image
and Video Super-Resolution, https://arxiv.org/abs/1609.05158), each with weights of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, pad

Size = tuple[int, int]  # (H, W)
Upsample = Literal["transposed", "shuffle", "resize"]
Downsample = Literal["stride", "average"]


def halvings(side: int, times: int) -> list[int]:
    """The sides of the feature maps of `times` convolutions: each half of the one before, rounded up, down to 2.

    Rounding up lets a network take any side, not only multiples of 2^times; the way up hits the same sides.

    >>> halvings(28, 4)
    [28, 14, 7, 4, 2]
    >>> halvings(8, 4)
    [8, 4, 2, 2, 2]
    """
    sides = [side]
    for _ in range(times):
        sides.append(max(2, -(-sides[-1] // 2)))
    return sides


def strides(large: Size, small: Size) -> Size:
    """Of the convolution from `large` maps to `small` ones: 2 where a side is halved, 1 where it stays."""
    return (1 if large[0] == small[0] else 2, 1 if large[1] == small[1] else 2)


def plan(shape: tuple[int, ...], stages: int) -> list[Size]:
    """(H, W) of a (C, H, W) picture and of the maps after each stage."""
    return list(zip(*(halvings(side, stages) for side in shape[1:]), strict=True))


class Downconv(nn.Conv2d):
    """A convolution with stride 2."""

    def __init__(self, channels_in: int, channels_out: int, size_in: Size, size_out: Size, *, kernel: int = 5):
        super().__init__(channels_in, channels_out, kernel, stride=strides(size_in, size_out), padding=kernel // 2)


class AverageConv(Downconv):
    """A convolution with stride 1, then the mean of each 2x2 block; what lies beyond an odd side is convolved too, as zeros.

    It is computed as the one convolution with stride 2 that it equals, a row and a column larger: w0 w1 w2 along a side becomes
    [w0, w0 + w1, w1 + w2, w2] / 2. For 5x5 weights that is 36 products a channel of an output pixel instead of 4 * 25.
    """

    def forward(self, x: Tensor) -> Tensor:
        weight, beyond = self.weight, [0, 0]  # of the lower and the right side
        for i, stride in enumerate(self.stride):
            if stride == 2:
                weight, beyond[i] = averaged(weight, dim=2 + i), x.shape[2 + i] % 2
        x = pad(x, (0, beyond[1], 0, beyond[0])) if any(beyond) else x
        return conv2d(x, weight, self.bias, stride=self.stride, padding=self.padding)


def averaged(weight: Tensor, *, dim: int) -> Tensor:
    """[w0, w1, w2] -> [w0, w0 + w1, w1 + w2, w2] / 2 along a dimension."""
    none = torch.zeros_like(weight.narrow(dim, 0, 1))
    return (torch.cat([weight, none], dim) + torch.cat([none, weight], dim)) / 2


class Upconv(nn.ConvTranspose2d):
    """A 5x5 transposed convolution."""

    def __init__(self, channels_in: int, channels_out: int, size_in: Size, size_out: Size):
        stride = strides(size_out, size_in)
        beyond = (size_out[0] - (size_in[0] - 1) * stride[0] - 1, size_out[1] - (size_in[1] - 1) * stride[1] - 1)
        super().__init__(channels_in, channels_out, 5, stride=stride, padding=2, output_padding=beyond)


class ShuffleConv(nn.Conv2d):
    """A 3x3 convolution to 4 times the channels, which become the pixels of a 2x2 block (PixelShuffle)."""

    def __init__(self, channels_in: int, channels_out: int, size_in: Size, size_out: Size):
        self.block, self.size = strides(size_out, size_in), size_out
        super().__init__(channels_in, channels_out * self.block[0] * self.block[1], 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return shuffled(super().forward(x), self.block)[:, :, : self.size[0], : self.size[1]]


def shuffled(x: Tensor, block: Size) -> Tensor:
    """(B, a * b * C, h, w) -> (B, C, a * h, b * w), with the channels innermost in memory, which nn.PixelShuffle's order of
    channels (C outermost) would take apart one by one."""
    a, b = block
    batch, _, h, w = x.shape
    pixels = x.permute(0, 2, 3, 1).reshape(batch, h, w, a, b, -1).transpose(2, 3)
    return pixels.reshape(batch, h * a, w * b, -1).permute(0, 3, 1, 2)


class ResizeConv(nn.Conv2d):
    """Each pixel doubled to the right and downwards, and a 3x3 convolution of that.

    It is computed as the 4x4 transposed convolution of stride 2 that it equals, without ever forming the doubled maps: an
    output pixel then sums 4 products a channel instead of 9. Along one side, with weights w0 w1 w2,

        y[2i] = w0 x[i-1] + (w1 + w2) x[i]        y[2i+1] = (w0 + w1) x[i] + w2 x[i+1],

    which is the transposed convolution by [w2, w1 + w2, w0 + w1, w0].
    """

    def __init__(self, channels_in: int, channels_out: int, size_in: Size, size_out: Size):
        super().__init__(channels_in, channels_out, 3)
        self.enlarged, self.size = strides(size_out, size_in), size_out

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight
        for i, stride in enumerate(self.enlarged):
            weight = doubled(weight, dim=2 + i) if stride == 2 else weight.flip(2 + i)
        y = conv_transpose2d(x, weight.transpose(0, 1), self.bias, stride=self.enlarged, padding=1)
        return y[:, :, : self.size[0], : self.size[1]]


def doubled(weight: Tensor, *, dim: int) -> Tensor:
    """[w0, w1, w2] -> [w2, w1 + w2, w0 + w1, w0] along a dimension."""
    w0, w1, w2 = weight.unbind(dim)
    return torch.stack([w2, w1 + w2, w0 + w1, w0], dim)


UPSAMPLING: dict[str, Callable[[int, int, Size, Size], nn.Module]] = {
    "transposed": Upconv,
    "shuffle": ShuffleConv,
    "resize": ResizeConv,
}
DOWNSAMPLING: dict[str, Callable[..., nn.Module]] = {"stride": Downconv, "average": AverageConv}  # these take kernel= too
