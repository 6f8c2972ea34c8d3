"""Rethinking the Inception Architecture for Computer Vision. Szegedy et al., 2015, https://arxiv.org/abs/1512.00567

The network of the published Fréchet and Inception scores: not the paper's, but the graph `classify_image_graph_def.pb` that
TensorFlow published on 2015-12-05, with 1,008 outputs. Where it differs from other Inception-v3 networks:

- average pools leave the padding out of the count;
- the pool branch of the last block takes the maximum where the others, and the paper, take the mean;
- there is no auxiliary head, and batch normalisation has eps 0.001;
- TensorFlow 1's bilinear resize to 299 x 299, and pictures scaled by (x - 128) / 128.

The weights are those that M. Seitzer took over from that graph, https://github.com/mseitzer/pytorch-fid; modules have the names
that the file has. Heusel et al. (2017) compare the 2,048 values of the last pool; the Inception score of Salimans et al. (2016)
leaves out the bias of the last layer.

Against torch-fidelity 0.4.0 with the same random weights, on pictures from 32 x 32 to 400 x 310: features within 2.3e-5 of 37.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d

from rivals.data.download import Remote
from rivals.metrics.features.pixels import colour, colours
from rivals.metrics.features.weights import at_hand, find, frozen, pooled, read

PUBLISHED = Remote(
    "pt_inception-2015-12-05-6726825d.pth",
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
)
SIZE = 299

Kernel = tuple[int, int]  # rows, columns
ONE, THREE, FIVE, ROW_3, COLUMN_3, ROW_7, COLUMN_7 = (1, 1), (3, 3), (5, 5), (1, 3), (3, 1), (1, 7), (7, 1)
Step = tuple[int, Sequence[Kernel]]  # channels out of a convolution; two kernels: of two, side by side
Branches = Mapping[str, Sequence[Step]]

mean_pool = partial(avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
max_pool = partial(max_pool2d, kernel_size=3, stride=1, padding=1)
halving_pool = partial(max_pool2d, kernel_size=3, stride=2)


class Inception:
    """(B, channels, H, W) in [-1, 1] -> (B, 2048); `log_posterior` goes on to the 1,008 classes.

    channels: 1 or 3. weights: a state dict in the place of the published one.
    """

    class_names = ()  # those of ImageNet, which no data here has

    def __init__(self, channels: int = 3, weights: Mapping[str, Tensor] | None = None):
        self.channels = channels
        self.name = "inception" if weights is None else "inception with other weights"  # and never FID
        origin = PUBLISHED.sha256[:12] if weights is None else "synthetic"
        self.protocol = (
            f"Inception-v3 of 2015-12-05, 2048 pool features, weights {origin}, "
            f"8-bit values, TensorFlow 1 bilinear resize to {SIZE} x {SIZE}{colours(channels)}"
        )
        self.key = self.protocol if weights is None else None
        self.network = frozen(inception, read(find(PUBLISHED), PUBLISHED.sha256) if weights is None else weights)

    @staticmethod
    def at_hand() -> bool:
        """Whether the published weights are on this machine."""
        return at_hand(PUBLISHED) is not None

    def __call__(self, x: Tensor) -> Tensor:
        return pooled(self.network, lambda part: prepared(colour(part, self.channels)), x)

    @torch.no_grad()
    def log_posterior(self, features: Tensor) -> Tensor:
        """(B, 2048) -> (B, 1008), log p(y|x), without the bias as the published Inception scores have it."""
        weight = self.network.get_parameter("fc.weight").to(features.device)
        return (features @ weight.T).log_softmax(1)


def prepared(x: Tensor) -> Tensor:
    """(B, 3, H, W) in 0..255 -> (B, 3, 299, 299), as the first nodes of the graph do it."""
    return (resize(x, SIZE) - 128) / 128


def resize(x: Tensor, size: int) -> Tensor:
    """(B, C, H, W) -> (B, C, size, size), as TensorFlow 1 does it."""
    rows, columns = (bilinear(n, size).to(x.device) for n in x.shape[2:])
    return rows @ x @ columns.T


def bilinear(n: int, size: int) -> Tensor:
    """(size, n): TensorFlow 1's bilinear resize of n values to `size`. Value i lies at i n / size, not half a pixel further."""
    at = torch.arange(size) * torch.tensor(n / size)
    below = at.long()
    above = (below + 1).clamp(max=n - 1)
    part = (at - below)[:, None]
    one = torch.eye(n)
    return (1 - part) * one[below] + part * one[above]


def convolution(width_in: int, width: int, kernel: Kernel, stride: int = 1, padded: bool = True) -> nn.Sequential:
    """With `padded`, an odd kernel at stride 1 keeps height and width."""
    padding = (kernel[0] // 2, kernel[1] // 2) if padded else (0, 0)
    conv = nn.Conv2d(width_in, width, kernel, stride, padding, bias=False)
    return nn.Sequential(OrderedDict(conv=conv, bn=nn.BatchNorm2d(width, eps=1e-3), relu=nn.ReLU()))


class Mixed(nn.ModuleDict):
    """Branches beside each other, their channels stacked. Each is a chain of convolutions; `branch_pool` begins with the pool.
    With stride 2 the last of each chain halves height and width, without padding.

    Convolution k of `branch` is named branch_k, one alone `branch`; two side by side are branch_ka and branch_kb.
    """

    def __init__(self, width_in: int, branches: Branches, pool: Callable[[Tensor], Tensor], stride: int = 1):
        super().__init__()
        self.pool = pool
        self.chains: dict[str, list[list[str]]] = {}
        for branch, steps in branches.items():
            self.chains[branch] = []
            before = width_in
            for k, (width, kernels) in enumerate(steps, 1):
                numbered = f"{branch}_{k}" if len(steps) > 1 else branch
                names = [numbered + letter for letter in ("ab" if len(kernels) > 1 else [""])]
                halves = stride == 2 and k == len(steps)
                for name, kernel in zip(names, kernels, strict=True):
                    self[name] = convolution(before, width, kernel, stride if halves else 1, padded=not halves)
                self.chains[branch].append(names)
                before = width

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for branch, chain in self.chains.items():
            y = self.pool(x) if branch == "branch_pool" else x
            for names in chain:
                y = torch.cat([self[name](y) for name in names], 1)
            found.append(y)
        return torch.cat(found, 1)


def block_a(pooled: int) -> Branches:
    """-> 224 + pooled channels."""
    return {
        "branch1x1": [(64, [ONE])],
        "branch5x5": [(48, [ONE]), (64, [FIVE])],
        "branch3x3dbl": [(64, [ONE]), (96, [THREE]), (96, [THREE])],
        "branch_pool": [(pooled, [ONE])],
    }


BLOCK_B: Branches = {
    "branch3x3": [(384, [THREE])],
    "branch3x3dbl": [(64, [ONE]), (96, [THREE]), (96, [THREE])],
    "branch_pool": [],
}


def block_c(width: int) -> Branches:
    """-> 768 channels, through `width`."""
    return {
        "branch1x1": [(192, [ONE])],
        "branch7x7": [(width, [ONE]), (width, [ROW_7]), (192, [COLUMN_7])],
        "branch7x7dbl": [(width, [ONE]), (width, [COLUMN_7]), (width, [ROW_7]), (width, [COLUMN_7]), (192, [ROW_7])],
        "branch_pool": [(192, [ONE])],
    }


BLOCK_D: Branches = {
    "branch3x3": [(192, [ONE]), (320, [THREE])],
    "branch7x7x3": [(192, [ONE]), (192, [ROW_7]), (192, [COLUMN_7]), (192, [THREE])],
    "branch_pool": [],
}
BLOCK_E: Branches = {
    "branch1x1": [(320, [ONE])],
    "branch3x3": [(384, [ONE]), (384, [ROW_3, COLUMN_3])],
    "branch3x3dbl": [(448, [ONE]), (384, [THREE]), (384, [ROW_3, COLUMN_3])],
    "branch_pool": [(192, [ONE])],
}


def inception() -> nn.Sequential:
    """(B, 3, 299, 299) in [-1, 1] -> (B, 1008), logits."""
    return nn.Sequential(
        OrderedDict(
            Conv2d_1a_3x3=convolution(3, 32, THREE, stride=2, padded=False),
            Conv2d_2a_3x3=convolution(32, 32, THREE, padded=False),
            Conv2d_2b_3x3=convolution(32, 64, THREE),
            MaxPool_1=nn.MaxPool2d(3, stride=2),
            Conv2d_3b_1x1=convolution(64, 80, ONE),
            Conv2d_4a_3x3=convolution(80, 192, THREE, padded=False),
            MaxPool_2=nn.MaxPool2d(3, stride=2),
            Mixed_5b=Mixed(192, block_a(32), mean_pool),
            Mixed_5c=Mixed(256, block_a(64), mean_pool),
            Mixed_5d=Mixed(288, block_a(64), mean_pool),
            Mixed_6a=Mixed(288, BLOCK_B, halving_pool, stride=2),
            Mixed_6b=Mixed(768, block_c(128), mean_pool),
            Mixed_6c=Mixed(768, block_c(160), mean_pool),
            Mixed_6d=Mixed(768, block_c(160), mean_pool),
            Mixed_6e=Mixed(768, block_c(192), mean_pool),
            Mixed_7a=Mixed(768, BLOCK_D, halving_pool, stride=2),
            Mixed_7b=Mixed(1280, BLOCK_E, mean_pool),
            Mixed_7c=Mixed(2048, BLOCK_E, max_pool),
            AvgPool=nn.AdaptiveAvgPool2d(1),
            Flatten=nn.Flatten(),
            fc=nn.Linear(2048, 1008),
        )
    )
