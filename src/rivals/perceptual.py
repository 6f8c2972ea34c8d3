"""How far two pictures are apart in what a fixed network sees, with a gradient to the pictures. Johnson, Alahi and Fei-Fei,
2016, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, https://arxiv.org/abs/1603.08155; Zhang, Isola,
Efros, Shechtman and Wang, 2018, The Unreasonable Effectiveness of Deep Features as a Perceptual Metric,
https://arxiv.org/abs/1801.03924, eq. 1 without its learnt weights:

    d(x, y) = mean over layers l and places of |f_l(x) / |f_l(x)| - f_l(y) / |f_l(y)||^2

The networks are two of the metrics' features (`rivals.metrics.features`), at the pictures' own size, or convolutions by chance;
from Python the stages of any network, such as `Classifier.trained(data).network.trunk`. Their weights are nobody's to change
and are in no checkpoint: they come from where they came from.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Literal, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from rivals.errors import UserError, pick
from rivals.metrics.features.efficientnet import EfficientNetLite0
from rivals.metrics.features.inception import Inception

Sight = Literal["efficientnet-lite0", "inception", "random"]
TAPS = (3, 5, 11)  # blocks of EfficientNet after which it is read: 24, 40 and 112 maps, at a quarter, an eighth, a sixteenth
LAYERS = (3, 6, 10)  # and of Inception: 64, 192 and 288 maps, at a half, a quarter and an eighth
LEAST = {"inception": 28}  # pixels of a side: of smaller ones nothing is left
WIDTHS = (16, 32, 64)  # of random convolutions


class Perceptual(nn.Module):
    """d(x, y): (B, C, H, W) in [-1, 1] twice -> (). sight: a network by name, of which grey pictures are seen three times; or
    the stages of one for pictures of `channels`, each (B, F, h, w) -> (B, F', h', w') maps or (B, F) features."""

    def __init__(self, sight: Sight | Sequence[nn.Module], channels: int):
        super().__init__()
        if channels not in (1, 3):
            raise UserError(f"a perceptual distance is of pictures of 1 or 3 channels, not {channels}")
        if isinstance(sight, str):
            self.stages = nn.ModuleList(pick("network", NETWORKS, sight)())
            self.channels, self.least = 3, LEAST.get(sight, 1)
        else:
            self.stages = nn.ModuleList(copy.deepcopy(stage) for stage in sight)
            self.channels, self.least = channels, 1
        for module in self.stages.modules():
            fix(module)
        super().train(False)

    def train(self, mode: bool = True) -> Self:
        """It stays as it is: its batch norm has the statistics that it learnt with."""
        return self

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        apart = [(one - other).square().sum(1).mean() for one, other in zip(self.seen(x), self.seen(y), strict=True)]
        return torch.stack(apart).mean()

    def seen(self, x: Tensor) -> Iterator[Tensor]:
        """The maps after each stage, of length 1 at each place."""
        if min(x.shape[2:]) < self.least:
            raise UserError(f"this network sees pictures of at least {self.least}x{self.least}: pass --size, or take another")
        x = x.float().expand(-1, self.channels, -1, -1)
        with torch.autocast(x.device.type, enabled=False):
            for stage in self.stages:
                x = stage(x)
                yield normalize(x, dim=1, eps=1e-6)


def efficient() -> list[nn.Module]:
    network = EfficientNetLite0().network
    blocks = list(network.get_submodule("_blocks").children())
    stem = [network.get_submodule(name) for name in ("_conv_stem", "_bn0", "relu_0")]
    starts = (0, *TAPS[:-1])
    return [nn.Sequential(*(stem if not start else []), *blocks[start:end]) for start, end in zip(starts, TAPS, strict=True)]


def inception() -> list[nn.Module]:
    layers = list(Inception().network.children())
    starts = (0, *LAYERS[:-1])
    return [nn.Sequential(*layers[start:end]) for start, end in zip(starts, LAYERS, strict=True)]


def random() -> list[nn.Module]:
    """Three 3x3 convolutions with weights from a fixed seed, each followed by a ReLU and the mean of 2x2."""
    stages: list[nn.Module] = []
    with torch.random.fork_rng([]), torch.device("cpu"):
        torch.default_generator.manual_seed(2016)
        for width_in, width in zip((3, *WIDTHS), WIDTHS, strict=False):
            convolution = nn.Conv2d(width_in, width, 3, padding=1)
            nn.init.kaiming_normal_(convolution.weight)
            stages.append(nn.Sequential(convolution, nn.ReLU(), nn.AvgPool2d(2, ceil_mode=True)))
    return stages


NETWORKS = {"efficientnet-lite0": efficient, "inception": inception, "random": random}


def fix(module: nn.Module) -> None:
    """Its weights become buffers that no checkpoint holds."""
    named = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    for name, value in named:
        delattr(module, name)
        module.register_buffer(name, value.detach().clone(), persistent=False)
