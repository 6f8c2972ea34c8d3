"""Transposed convolutions and the checkerboards they draw. Dumoulin and Visin, 2016, A guide to convolution arithmetic for
deep learning, https://arxiv.org/abs/1603.07285 (the lectures' example: 3x3 over 4x4); Odena, Dumoulin and Olah, 2016,
Deconvolution and Checkerboard Artifacts, https://distill.pub/2016/deconv-checkerboard.

A convolution is a matrix C, and the transposed convolution is C^T. Of stride 2 it reaches some pixels by more of its weights
than others. What that leaves is measured three ways: on a constant map, by one layer as it is initialised; in the samples of
a generator as it is initialised; and after training. A checkerboard is what changes from each pixel to the next: of a
picture, the share of its power that lies at the highest frequency along either side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from rivals.data import Batches, bytes_from_pictures, load
from rivals.data.part import some
from rivals.data.pictures import grid
from rivals.game import Samples
from rivals.metrics.core import rows_of
from rivals.networks.scaling import UPSAMPLING
from rivals.recipes import RECIPES
from rivals.sampling import drawn
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import COLOURS, GREY, figure, plain
from rivals.trainer import Trainer

ROUNDS, PICTURES, SIDE = 600, 500, 16
SOURCE = "Dumoulin and Visin, 2016; Odena, Dumoulin and Olah, 2016 (figures, no numbers)"
KINDS = tuple(UPSAMPLING)


def matrix(kernel: Tensor, side: int) -> Tensor:
    """The matrix of a convolution without padding, stride 1, over side x side pixels: (k, k) -> ((side - k + 1)^2, side^2)."""
    pixels = torch.eye(side * side, dtype=kernel.dtype).view(-1, 1, side, side)
    return conv2d(pixels, kernel[None, None]).flatten(1).T


def error_of_the_transpose(seed: int) -> float:
    """How far C^T y is from the transposed convolution, and this from a convolution of padded y: the lectures' 3x3 over 4x4."""
    draw = torch.Generator().manual_seed(seed)
    kernel, y = (torch.randn(*size, generator=draw, dtype=torch.float64) for size in ((3, 3), (1, 1, 2, 2)))
    by_matrix = (matrix(kernel, 4).T @ y.flatten()).view(1, 1, 4, 4)
    transposed = conv_transpose2d(y, kernel[None, None])
    padded = conv2d(y, kernel.flip(0, 1)[None, None], padding=2)
    return float(max((by_matrix - transposed).abs().max(), (transposed - padded).abs().max()))


@torch.no_grad()
def unevenness(kind: str, seed: int) -> float:
    """Of one layer on a constant map: the variance over the four places of a 2x2 block, over the mean square; 0 is even."""
    torch.manual_seed(seed)
    layer = UPSAMPLING[kind](8, 8, (SIDE, SIDE), (2 * SIDE, 2 * SIDE))
    nn.init.zeros_(layer.get_parameter("bias"))
    inner = layer(torch.ones(1, 8, SIDE, SIDE))[0, :, 6:-6, 6:-6]  # away from the borders
    blocks = torch.stack([inner[:, i::2, j::2].mean((1, 2)) for i in (0, 1) for j in (0, 1)])
    return float(blocks.var(0, correction=0).sum() / blocks.square().mean(0).sum())


def checkerboard(x: Tensor) -> float:
    """(N, C, H, W), even sides -> the share of the power, mean apart, that is at the highest frequency along either side."""
    power = torch.fft.fft2(x.double() - x.double().mean((2, 3), keepdim=True)).abs().square().sum((0, 1))
    height, width = power.shape
    highest = power[height // 2].sum() + power[:, width // 2].sum() - power[height // 2, width // 2]
    return float(highest / power.sum())


class Trained(NamedTuple):
    first: float  # the share before training
    last: float  # and after
    x: NDArray[np.float32]  # eight samples


def trained(asked: tuple[str, int, int]) -> Trained:
    kind, seed, rounds = asked
    data = load("fashion-mnist")
    torch.manual_seed(seed)
    setup = RECIPES["dcgan"](data.facts, network="intermediate", width=32, upsample=kind)
    with Batches(data, setup.batch, seed=seed, device=torch.device("cpu")) as batches:
        trainer = Trainer(setup.game, batches, seed=seed)
        first = samples(trainer)
        for round in range(rounds):
            trainer.play(round / rounds)
        last = samples(trainer)
    return Trained(checkerboard(first), checkerboard(last), last[:8].numpy())


def samples(trainer: Trainer) -> Tensor:
    game = trainer.shown()
    assert isinstance(game, Samples)
    return drawn(game, PICTURES, seed=0)


@study(title="What transposed convolution, PixelShuffle and resize-convolution draw", source=SOURCE, seeds=3, minutes=5)
def upsampling(plan: Plan) -> Findings:
    """The transpose of a matrix; unevenness of a layer; checkerboards of generators before and after training."""
    rounds = plan.rounds(ROUNDS)
    errors = [error_of_the_transpose(seed) for seed in plan.each_seed]
    rows = [Row(system="transposed", metric="largest difference to the transposed matrix", values=errors)]
    asked = [(kind, seed, rounds) for kind in KINDS for seed in plan.each_seed]
    found = dict(zip(asked, plan.side_by_side(trained, asked), strict=True))
    uneven: dict[str, list[float]] = {}
    shares: dict[str, tuple[list[float], list[float]]] = {}
    for kind in KINDS:
        each = [found[kind, seed, rounds] for seed in plan.each_seed]
        uneven[kind] = [unevenness(kind, seed) for seed in plan.each_seed]
        shares[kind] = [outcome.first for outcome in each], [outcome.last for outcome in each]
        for metric, values in (
            ("unevenness of a layer on a constant map", uneven[kind]),
            ("checkerboard share of samples, untrained", shares[kind][0]),
            (f"checkerboard share of samples after {rounds:,} rounds", shares[kind][1]),
        ):
            rows.append(Row(system=kind, metric=metric, values=values))
    data = load("fashion-mnist")
    real = checkerboard(rows_of(some(data, PICTURES)).view(-1, *data.facts.shape))
    rows.append(Row(system="real pictures", metric="checkerboard share", values=[real]))
    plan.figure(drawing(uneven, shares, real, {kind: found[kind, 0, rounds].x for kind in KINDS}), "checkerboards")
    protocol = f"""
        Layers of 8 channels from {SIDE}x{SIDE} to {2 * SIDE}x{2 * SIDE} (transposed: 5x5, stride 2), PyTorch's initial
        weights, no bias, a constant map of ones. Generators: dcgan on Fashion-MNIST, `intermediate` of width 32, {rounds:,}
        rounds, {PICTURES} samples; share of the power, mean apart, at the highest frequency along either side."""
    return Findings(rows=rows, claims=claims(errors, uneven, shares, real), protocol=protocol)


def claims(
    errors: list[float], uneven: dict[str, list[float]], shares: dict[str, tuple[list[float], list[float]]], real: float
) -> list[Claim]:
    first, last = ({kind: both[i] for kind, both in shares.items()} for i in (0, 1))
    told = ["; ".join(f"{kind} {min(each):.4f} to {max(each):.4f}" for kind, each in seeds.items()) for seeds in (first, last)]
    layers = "; ".join(f"{kind} {np.mean(values):.2g}" for kind, values in uneven.items())
    return [
        Claim(
            "A transposed convolution is the transpose of the convolution's matrix, and a convolution of the padded map",
            max(errors) < 1e-12,
            f"largest difference {max(errors):.1g}",
        ),
        Claim(
            "Of a constant map resize-convolution makes a constant map; the others do not",
            max(uneven["resize"]) < 1e-9 and min(uneven["transposed"] + uneven["shuffle"]) > 0.01,
            f"unevenness: {layers}",
        ),
        Claim("Untrained, it draws the least checkerboard, in every seed", least(first) == "resize", told[0]),
        Claim(
            "After training too, and the others draw more than real pictures have",
            least(last) == "resize" and min(last["transposed"] + last["shuffle"]) > real,
            f"{told[1]}; real {real:.4f}",
        ),
    ]


def least(seeds: dict[str, list[float]]) -> str:
    """The kind whose largest value is below the smallest of all others; "" where there is none."""
    below = [kind for kind in seeds if all(max(seeds[kind]) < min(seeds[other]) for other in seeds if other != kind)]
    return below[0] if below else ""


def drawing(
    uneven: dict[str, list[float]],
    shares: dict[str, tuple[list[float], list[float]]],
    real: float,
    x: dict[str, NDArray[np.float32]],
) -> Figure:
    made = figure(12, 6)
    above, below = np.asarray(made.subfigures(2, 1, height_ratios=(1, 0.8)))
    panels, shown = above.subplots(1, 4), below.subplots(1, len(x))
    kernel = torch.arange(1.0, 10.0).view(3, 3)
    axes = plain(panels[0], "C of 3x3 over 4x4, and its transpose")
    both = torch.zeros(16, 16 + 2 + 4)
    both[6:10, :16], both[:, 18:] = matrix(kernel, 4), matrix(kernel, 4).T
    axes.imshow(both.masked_fill(both == 0, torch.nan), cmap="viridis")
    axes.set_axis_off()
    for column, (title, values) in enumerate(
        (
            ("Unevenness of one layer", [uneven[kind] for kind in KINDS]),
            ("Checkerboard, untrained", [shares[kind][0] for kind in KINDS]),
            ("Checkerboard, trained", [shares[kind][1] for kind in KINDS]),
        ),
        1,
    ):
        axes = plain(panels[column], title)
        for i, each in enumerate(values):
            axes.plot([i - 0.25, i + 0.25], [np.median(each)] * 2, color=COLOURS[i], linewidth=2)
            axes.plot([i] * len(each), each, "o", color=COLOURS[i], markersize=5, alpha=0.7)
        axes.set_xticks(range(len(KINDS)), KINDS)
        axes.set_xlim(-0.6, len(KINDS) - 0.4)
        if column > 1:
            axes.set_yscale("log")
            axes.axhline(real, color=GREY, linestyle=":", label="real pictures")
            axes.legend(frameon=False, fontsize=8)
    for axes, (kind, pictures) in zip(shown, x.items(), strict=True):
        plain(axes, f"samples, {kind}")
        axes.imshow(np.asarray(grid(bytes_from_pictures(torch.from_numpy(pictures)), columns=4, scale=3)))
        axes.set_axis_off()
    return made
