"""Does the generator hand back its training pictures? Nearest training neighbours, judged by unseen real pictures.

The question is as old as the samples beside their nearest neighbours in Generative Adversarial Nets, Goodfellow et al., 2014,
https://arxiv.org/abs/1406.2661; as in A Non-Parametric Test to Detect Data-Copying in Generative Models, Meehan, Chaudhuri,
Dasgupta, 2020, https://arxiv.org/abs/2004.05675, it is asked of samples and of unseen real rows alike.

    copies = share of samples x with d(x) <= t,    d(x) = min |x - y| over training rows y,    t: the 1st percentile of d of the
                                                                                              unseen real rows

In [0, 1]; 0.01 is honest (that is the floor), 1 is a generator that has its data by heart. Why 1 %: a copy is nearer than all
but the nearest unseen pictures, yet with 250 of these t still stands on two or three; a lower share would stand on one. A
distance is measured in three ways:

- by pixels: |x - y|;
- by pixels under shifts of up to k and mirroring: over all of these, the least of |x' - y'|^2 HW / overlap, x' and y' being
  what of the two pictures lies on one another. Plain pixels fail here: a picture that is moved by three pixels is nearer to
  a strange one than to itself (Theis, van den Oord, Bethge, 2016, https://arxiv.org/abs/1511.01844);
- by features.

Where the data has no unseen rows, a thousand training rows (of few, a fifth) take their part: they are left out of those that
copies are looked for among.

Pictures of more than 32 pixels are first made smaller, by means over areas, to 32 at most.

Fails: it sees copies of whole pictures, not of parts, turned or of another colour; blurred or empty samples are near to
everything, and copies by pixels though nobody would call them so (look at `pairs`); where more than 1 % of unseen rows are
themselves copies of training rows (data with duplicates) t is 0; 0 may also mean samples so bad that they are near to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from rivals.data.core import Dataset, bytes_from_pictures
from rivals.data.part import apart, in_order, some
from rivals.data.pictures import grid
from rivals.metrics.core import Case, Unsuitable, Value
from rivals.metrics.neighbours import nearest

if TYPE_CHECKING:
    from PIL.Image import Image

ROWS = 1_000  # samples, and unseen real rows
SHIFTED = 250  # of each where shifts are tried, 98 times the work
TRAIN = 60_000
DESCRIBED = 10_000  # training rows that are compared by features, which may take a large network
SHIFT = 3  # pixels
SIDE = 32  # pixels that pictures are compared at
HONEST = 0.01  # share of unseen real rows that is called copies


def measure(case: Case) -> dict[str, Value]:
    """`copies` by pixels, by pixels under shifts, and by features; of vectors by values and by features."""
    train = _learnt_from(case)
    if case.unseen:
        others, honest = train, some(case.real, ROWS)
    else:  # training rows stand in for unseen ones: left out of those that copies are looked for among
        honest, others = apart(train, min(ROWS, len(train) // 5))
    called = "unseen real" if case.unseen else "left-out training"
    seen, fake, unseen = (_reduced(data, n).to(case.device) for data, n in ((others, TRAIN), (case.fake, ROWS), (honest, ROWS)))
    found = {}

    def judge(by: str, rows: int, fake: Tensor, unseen: Tensor, distance: Callable[[Tensor], Tensor]) -> None:
        both = distance(torch.cat([fake, unseen]))  # together: the training rows are read once
        of_fake, of_unseen = both[: len(fake)], both[len(fake) :]
        t = threshold(of_unseen)
        near = f"as near as {HONEST:.0%} of {len(unseen):,} {called} rows: within {t:.4g}"
        protocol = f"{len(fake):,} samples, {rows:,} training rows; {near}"
        found[f"copies ({by})"] = Value(copies(of_fake, t), "near the floor", protocol)

    pictures = case.real.facts.pictures
    judge(
        "pixels" if pictures else "values", len(seen), fake, unseen, lambda x: nearest(x.flatten(1), seen.flatten(1))[0][:, 0]
    )
    if pictures:
        k = _shift(seen)
        judge(f"pixels, shifts of {k}", len(seen), fake[:SHIFTED], unseen[:SHIFTED], lambda x: nearest_shifted(x, seen, k)[0])
    known = case.describe(some(others, DESCRIBED)).to(case.device)
    fake, unseen = case.describe(case.fake)[:ROWS].to(case.device), case.describe(honest).to(case.device)
    judge("features", len(known), fake, unseen, lambda x: nearest(x, known)[0][:, 0])
    return found


def pairs(case: Case, n: int = 32) -> Image:
    """The n samples of 250 that are nearest to a training picture, each beside it, the most alike first."""
    train, fake = _learnt_from(case), some(case.fake, SHIFTED)
    if not case.real.facts.pictures:
        raise Unsuitable(f"pairs are shown of pictures, and '{case.real.name}' has none")
    seen = _reduced(train, TRAIN).to(case.device)
    distance, number = (x.cpu() for x in nearest_shifted(_reduced(fake, SHIFTED).to(case.device), seen, _shift(seen)))
    worst = distance.argsort()[:n]
    samples, originals = fake.rows(worst, torch.device("cpu")).x, train.rows(number[worst], torch.device("cpu")).x
    return grid(bytes_from_pictures(torch.stack([samples, originals], dim=1).flatten(0, 1)), columns=8)


def _learnt_from(case: Case) -> Dataset:
    if case.train is None:
        raise Unsuitable("memorisation takes the training rows: judge a run, not a folder of its samples")
    return some(case.train, TRAIN)


def _shift(x: Tensor) -> int:
    return min(SHIFT, min(x.shape[2:]) // 4)


def _reduced(data: Dataset, n: int) -> Tensor:
    """n rows, chosen at random but always the same: (n, C, H, W) of at most 32 pixels, or (n, D)."""
    return torch.cat([reduced(batch.x) for batch in in_order(some(data, n), torch.device("cpu"))])


def reduced(x: Tensor) -> Tensor:
    """(B, C, H, W) -> the same with neither side above 32, by means over areas; what is small, or no picture, stays.

    >>> reduced(torch.zeros(1, 3, 64, 48)).shape
    torch.Size([1, 3, 32, 24])
    """
    if x.ndim < 4 or max(x.shape[2:]) <= SIDE:
        return x
    return interpolate(x, [max(1, side * SIDE // max(x.shape[2:])) for side in x.shape[2:]], mode="area")


def nearest_shifted(x: Tensor, y: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Pictures x (N, C, H, W) and y (M, C, H, W) -> the distance of each x to its nearest y and the number of that, both (N,),
    over all shifts of x by up to k pixels each way, mirrored or not.
    """
    (height, width), both = x.shape[2:], torch.cat([x, x.flip(3)])
    best, number = x.new_full((len(x),), torch.inf), torch.zeros(len(x), dtype=torch.int64, device=x.device)
    for down in range(-k, k + 1):
        for right in range(-k, k + 1):
            of_x = (..., _overlap(height, -down), _overlap(width, -right))
            of_y = (..., _overlap(height, down), _overlap(width, right))
            distance, at = (found.view(2, -1) for found in nearest(both[of_x].flatten(1), y[of_y].flatten(1)))
            distance = distance * (height * width / ((height - abs(down)) * (width - abs(right)))) ** 0.5
            distance, mirrored = distance.min(0)
            at = at.gather(0, mirrored[None])[0]
            nearer = distance < best
            best, number = torch.where(nearer, distance, best), torch.where(nearer, at, number)
    return best, number


def _overlap(size: int, shift: int) -> slice:
    """Where a picture of this size lies on another that is moved by -shift."""
    return slice(max(0, shift), size + min(0, shift))


def threshold(unseen: Tensor) -> float:
    """Distances (N,) of unseen real rows -> the one that 1 % of them do not exceed."""
    return float(unseen.quantile(HONEST))


def copies(distances: Tensor, threshold: float) -> float:
    """(N,) -> share that does not exceed the threshold.

    >>> copies(torch.tensor([0.0, 1.0, 2.0, 3.0]), 1.0)
    0.5
    """
    return float((distances <= threshold).double().mean())
