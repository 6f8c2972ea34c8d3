"""How unlike each other the generated things are, beside how unlike the real ones are: a collapsed generator repeats itself.

**Mean pairwise distance.** The mean Euclidean distance of two rows in the features, over all pairs of unlike rows (unbiased);
in [0, inf). The ratio of generated to real is 1 for a perfect generator, below 1 where variety is lost.

**MS-SSIM.** Wang, Simoncelli and Bovik, 2003, Multi-scale structural similarity for image quality assessment,
https://doi.org/10.1109/ACSSC.2003.1292216; the mean over random pairs as a measure of diversity is that of Odena, Olah and
Shlens, 2017, https://arxiv.org/abs/1610.09585, section 4.2 (theirs are pairs of one class). For pictures x, y in [0, 1]:

    l = (2 mx my + C1) / (mx^2 + my^2 + C1)      cs = (2 sxy + C2) / (sx^2 + sy^2 + C2)
    MS-SSIM = l_M^w_M  prod_j cs_j^w_j                                                             (eq. 7)

Means, variances and covariance under a Gaussian window of 11 x 11, sigma 1.5; l cs, and cs, are means over all places where
the window fits; each scale is the one before averaged over 2 x 2; C1 = 0.01^2, C2 = 0.03^2. Five scales, w = 0.0448, 0.2856,
0.3001, 0.2363, 0.1333; a picture too small for five has as many as the window fits, its weights divided by their sum (28 x 28
has two). A negative mean counts as 0. Channels by themselves, then their mean. At most 1; lower is more diverse, but noise is
the most diverse of all: better is near the value of real pictures.

Fails: both are blind to quality and to which modes are there, a generator of a few modes far apart scores well; with fewer
than five scales MS-SSIM compares with published numbers no more.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from rivals.data.core import Dataset
from rivals.data.part import in_order, some
from rivals.metrics.core import Case, Unsuitable, Value
from rivals.metrics.neighbours import squared_distances

ROWS = 5000  # whose distances are taken
PAIRS = 1000  # of pictures that are compared
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2


def measure(case: Case) -> Mapping[str, Value]:
    """Both, of generated and of real; MS-SSIM where there are pictures that hold its window."""
    return distances(case) | (similarity(case) if scales_of(case.real.facts.shape) else {})


def distances(case: Case) -> dict[str, Value]:
    # in float64, for the sake of rows that are nearly alike
    fake, real = (case.describe(data)[:ROWS].double() for data in (case.fake, case.real))
    of_fake, of_real = mean_distance(fake), mean_distance(real)
    protocol = f"all pairs of {len(fake):,} generated and of {len(real):,} real rows"
    return {
        "mean pairwise distance": Value(of_fake, "near the floor", protocol),
        "mean pairwise distance (real)": Value(of_real, "near the floor", protocol),
        "mean pairwise distance (generated / real)": Value(of_fake / max(of_real, 1e-12), "near the floor", protocol),
    }


def mean_distance(x: Tensor) -> float:
    """|x_i - x_j|, (N, D) -> mean over all i != j.

    >>> mean_distance(torch.tensor([[0.0], [1.0], [3.0]]))
    2.0
    """
    if len(x) < 2:
        raise Unsuitable("distances of pairs take at least two rows")
    total = 0.0
    for rows, block in squared_distances(x, x):
        block.diagonal(rows.start).zero_()  # rounding leaves a little of the distance of a row to itself
        total += float(block.sqrt().sum())
    return total / (len(x) * (len(x) - 1))


def similarity(case: Case) -> dict[str, Value]:
    scales = scales_of(case.real.facts.shape)
    found = {}
    for name, data in (("ms-ssim", case.fake), ("ms-ssim (real)", case.real)):
        one, other = pairs(data)
        similar = torch.cat([ms_ssim(a, b) for a, b in zip(torch.split(one, 100), torch.split(other, 100))])
        protocol = f"{len(similar):,} random pairs, {scales} of 5 scales, spread over pairs, on the pictures themselves"
        found[name] = Value(float(similar.mean()), "near the floor", protocol, float(similar.std()))
    return found


def pairs(data: Dataset) -> tuple[Tensor, Tensor]:
    """(P, C, H, W) twice, on the CPU: up to 1,000 pairs of pictures, none of which is in two pairs."""
    part = some(data, 2 * PAIRS)
    x = torch.cat([batch.x for batch in in_order(part, torch.device("cpu"))])
    half = len(x) // 2
    if half < 2:
        raise Unsuitable("MS-SSIM takes at least four pictures")
    return x[:half], x[half : 2 * half]


def scales_of(shape: tuple[int, ...]) -> int:
    """How many times, up to 5, things of this shape hold the window: 0 for vectors and for the smallest pictures.

    >>> [scales_of((1, side, side)) for side in (8, 11, 28, 64, 176)]
    [0, 1, 2, 3, 5]
    """
    side = min(shape[1:]) if len(shape) == 3 else 0
    return sum(side >> scale >= WINDOW for scale in range(len(WEIGHTS)))


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    """(B, C, H, W) in [-1, 1], twice -> (B,)."""
    scales, channels = scales_of(x.shape[1:]), x.shape[1]
    if scales == 0:
        raise Unsuitable(f"MS-SSIM takes pictures of at least {WINDOW}x{WINDOW} pixels")
    weights = [weight / sum(WEIGHTS[:scales]) for weight in WEIGHTS[:scales]]
    x, y = ((p.flatten(0, 1)[:, None] + 1) / 2 for p in (x, y))  # (B * C, 1, H, W) in [0, 1]
    product = x.new_ones(len(x))
    for scale, weight in enumerate(weights):
        both, structure = ssim(x, y)
        product = product * (structure if scale < scales - 1 else both).clamp(min=0) ** weight
        x, y = avg_pool2d(x, 2), avg_pool2d(y, 2)
    return product.view(-1, channels).mean(1)


def ssim(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 1, H, W) in [0, 1], twice -> the means of l cs and of cs, (N,) each."""
    offsets = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    window = torch.exp(-offsets.square() / (2 * SIGMA**2))
    window = window / window.sum()
    moments = torch.cat([x, y, x * x, y * y, x * y])  # the window is a product: first down, then across
    moments = conv2d(conv2d(moments, window.view(1, 1, -1, 1)), window.view(1, 1, 1, -1))
    mx, my, mxx, myy, mxy = moments.chunk(5)
    structure = (2 * (mxy - mx * my) + C2) / (mxx - mx * mx + myy - my * my + C2)
    both = (2 * mx * my + C1) / (mx * mx + my * my + C1) * structure
    return both.mean((1, 2, 3)), structure.mean((1, 2, 3))
