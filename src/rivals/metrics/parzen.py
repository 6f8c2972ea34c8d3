"""The Parzen-window log-likelihood of Generative Adversarial Nets, Goodfellow et al., 2014, https://arxiv.org/abs/1406.2661
(section 5; the estimator is that of Breuleux, Bengio, Vincent, 2011).

    log p(x) = log (1/m) sum_j N(x; g_j, sigma^2 I),    g_1 .. g_m generated

averaged over unseen real rows. There are 10,000 samples g; sigma is the one of ten from 0.1 to 1, evenly on the logarithm,
under which other real rows are likeliest. Pictures are put to [0, 1]. In nats of a density, in (-inf, inf), higher is better;
the spread is the standard error of the mean over the real rows.

Fails: by A note on the evaluation of generative models, Theis, van den Oord, Bethge, 2016, https://arxiv.org/abs/1511.01844, it
is neither near the true log-likelihood nor in its order: k-means centres beat the data's own distribution on MNIST. Nor would
the true one tell of quality: a generator that shows noise 99 times in 100 and a perfect picture once loses no more than
log 100 = 4.6 nats, of hundreds; and one that never shows a bad picture may have -inf. Copies of training rows make sigma too
narrow where training rows choose it. For comparison with old tables alone.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from rivals.data.part import halves
from rivals.metrics.core import Case, Value, rows_of
from rivals.metrics.neighbours import squared_distances

SAMPLES, TESTED, VALIDATION = 10_000, 10_000, 1_000
SIGMAS = torch.logspace(-1, 0, 10)


def measure(case: Case) -> dict[str, Value]:
    """`parzen`, in nats, with its standard error. Any data will do."""
    chosen_by, tested = (case.train, case.real) if case.train is not None and case.unseen else halves(case.real)
    centres, validation, test = (
        _in_unit_range(rows_of(data, n), bounded=case.real.facts.bounded).to(case.device)
        for data, n in ((case.fake, SAMPLES), (chosen_by, VALIDATION), (tested, TESTED))
    )
    sigma = best_sigma(validation, centres, SIGMAS)
    found = log_likelihoods(test, centres, sigma[None])[0]
    protocol = (
        f"nats; {len(centres):,} samples as centres, sigma {float(sigma):.3g} of 10 in [0.1, 1] by {len(validation):,} "
        f"{'training' if case.unseen else 'real'} rows, {len(test):,} other real rows; +- standard error; "
        "says little of the likelihood and nothing of quality (Theis et al., 2016)"
    )
    return {"parzen": Value(float(found.mean()), "higher", protocol, float(found.std()) / len(found) ** 0.5)}


def _in_unit_range(x: Tensor, *, bounded: bool) -> Tensor:
    """Pictures go from [-1, 1] to [0, 1], in which the table of 2014 and its sigmas are; other values stay."""
    return x.add(1).div(2) if bounded else x


def best_sigma(x: Tensor, centres: Tensor, sigmas: Tensor) -> Tensor:
    """The sigma () of (S,) under which the rows x (N, D) are likeliest."""
    return sigmas[log_likelihoods(x, centres, sigmas).mean(1).argmax()]


def log_likelihoods(x: Tensor, centres: Tensor, sigmas: Tensor) -> Tensor:
    """x (N, D), centres (M, D), sigmas (S,) -> (S, N) float64 on the CPU, nats: log of the mean of M Gaussians of each width.

    The distances are worked out once for all sigmas, a block at a time.

    >>> log_likelihoods(torch.zeros(1, 2), torch.zeros(3, 2), torch.ones(1))  # -log 2 pi
    tensor([[-1.8379]], dtype=torch.float64)
    """
    found = [
        torch.stack([torch.logsumexp(block / (-2 * sigma**2), dim=1) for sigma in sigmas.tolist()]).cpu()
        for _, block in squared_distances(x, centres)
    ]
    normaliser = math.log(len(centres)) + x.shape[1] / 2 * torch.log(2 * math.pi * sigmas.double() ** 2)
    return torch.cat(found, dim=1).double() - normaliser[:, None]
