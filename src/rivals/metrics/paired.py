"""How far is each translation from what it should have been? For pairs alone.

    l1           mean absolute difference, pixels in [0, 1] · lower
    psnr         10 log10(1 / mean square difference), of each picture, their mean · dB, higher
    ssim         Wang, Bovik, Sheikh and Simoncelli, 2004, Image Quality Assessment, https://doi.org/10.1109/TIP.2003.819861:
                 Gaussian window of 11 pixels and sigma 1.5 (smaller pictures: what fits), K1 0.01, K2 0.03, mean over places
                 and channels · in [-1, 1], higher
    perceptual   1 - the cosine between the features of the two, minus the mean of the truth's features · in [0, 2], lower;
                 1 is what strangers have

Against scikit-image's `structural_similarity` with a Gaussian window: equal to 1e-6.

Fails: l1 and psnr prefer the mean of all that could be there, which is blurred; a translation that is right in another way (a
red bag for a blue one) is as wrong as noise. Read them beside the Fréchet distance, which sees blur and no pairs.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import conv2d, cosine_similarity

from rivals.data.part import in_order
from rivals.metrics.core import Case, Unsuitable, Value

WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03


def measure(case: Case) -> Mapping[str, Value]:
    if case.translated is None or case.translated.truth is None:
        raise Unsuitable("how far translations are from what they should be takes pairs: a run of pix2pix, or data with pairs")
    made, truth = case.translated.made, case.translated.truth
    apart: list[Tensor] = []
    features: list[tuple[Tensor, Tensor]] = []
    for one, other in zip(in_order(made, case.device), in_order(truth, case.device), strict=True):
        apart.append(distances(one.x, other.x).cpu())
        features.append((case.features(one.x).cpu(), case.features(other.x).cpu()))
    numbers = torch.cat(apart).double().mean(0).tolist()
    of_made, of_truth = (torch.cat(found) for found in zip(*features, strict=True))
    how = f"mean over {len(made):,} translations beside what belongs to them"
    return {
        "l1": Value(numbers[0], "lower", f"mean absolute difference, pixels in [0, 1], {how}"),
        "psnr": Value(numbers[1], "higher", f"dB, {how}"),
        "ssim": Value(numbers[2], "higher", f"Gaussian window of {WINDOW}, {how}"),
        "perceptual": Value(perceptual(of_made, of_truth), "lower", f"1 - cosine of centred features, {how}"),
    }


def distances(x: Tensor, y: Tensor) -> Tensor:
    """(B, C, H, W) twice, in [-1, 1] -> (B, 3): l1, psnr, ssim of each pair."""
    x, y = (x.float() + 1) / 2, (y.float() + 1) / 2
    square = (x - y).square().flatten(1).mean(1)
    return torch.stack([(x - y).abs().flatten(1).mean(1), -10 * square.clamp(min=1e-10).log10(), ssim(x, y)], 1)


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """(B, C, H, W) twice, in [0, 1] -> (B,)."""
    channels = x.shape[1]
    lines = [window(min(WINDOW, side - (side + 1) % 2), x) for side in x.shape[2:]]
    weights = (lines[0][:, None] * lines[1]).expand(channels, 1, -1, -1)

    def mean(z: Tensor) -> Tensor:
        return conv2d(z, weights, groups=channels)

    a, b = mean(x), mean(y)
    aa, bb, ab = mean(x * x) - a * a, mean(y * y) - b * b, mean(x * y) - a * b
    c1, c2 = K1**2, K2**2
    found = (2 * a * b + c1) * (2 * ab + c2) / ((a * a + b * b + c1) * (aa + bb + c2))
    return found.flatten(1).mean(1)


def window(size: int, like: Tensor) -> Tensor:
    places = torch.arange(size, device=like.device, dtype=like.dtype) - (size - 1) / 2
    weights = torch.exp(-places.square() / (2 * SIGMA**2))
    return weights / weights.sum()


def perceptual(made: Tensor, truth: Tensor) -> float:
    """(N, D) features twice."""
    centre = truth.mean(0)
    return float(1 - cosine_similarity(made - centre, truth - centre, dim=1).mean())
