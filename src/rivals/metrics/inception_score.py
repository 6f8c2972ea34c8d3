"""Improved Techniques for Training GANs: the Inception score. Salimans et al., 2016, https://arxiv.org/abs/1606.03498

    exp E_x KL(p(y|x) | p(y))  =  exp( H(y) - E_x H(y|x) )                                             (section 4)

In [1, classes], higher is better: a classifier is sure of each picture (E H(y|x) near 0) and the pictures spread over all
classes (H(y) near log classes). Mean and standard deviation over 10 splits, as in the paper; the two entropies, in nats, over
all. It compares with published numbers with the 2015-12-05 Inception network and 50,000 samples alone.

Fails: it never looks at real data. One good picture a class scores perfectly; a class that the classifier does not know counts
for nothing; pictures made against the classifier score above the data. The value depends on the number of splits.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from rivals.metrics.core import Case, Classifies, Unsuitable, Value

SPLITS = 10


class Entropies(NamedTuple):
    """In nats."""

    marginal: float  # H(y): how evenly the classes are drawn
    conditional: float  # E_x H(y|x): how unsure the classifier is of a picture


def entropies(log_posterior: Tensor) -> Entropies:
    """log p(y|x), (N, K) -> the two entropies, in float64."""
    log_p = log_posterior.double()
    marginal = torch.logsumexp(log_p, 0) - math.log(len(log_p))
    return Entropies(float(-marginal.exp() @ marginal), float(-(log_p.exp() * log_p).sum(1).mean()))


def score(log_posterior: Tensor, splits: int = SPLITS) -> tuple[float, float]:
    """log p(y|x), (N, K), N at least `splits` -> mean and standard deviation over equal splits, in the order given.

    >>> sure = torch.full((4, 2), -40.0)
    >>> sure[[0, 1, 2, 3], [0, 1, 0, 1]] = 0.0
    >>> mean, spread = score(sure, splits=2)
    >>> round(mean, 6), round(spread, 6)
    (2.0, 0.0)
    """
    parts = [entropies(part) for part in torch.tensor_split(log_posterior, splits)]
    scores = torch.tensor([math.exp(part.marginal - part.conditional) for part in parts], dtype=torch.float64)
    return float(scores.mean()), float(scores.std(correction=0))


def measure(case: Case) -> dict[str, Value]:
    if not isinstance(case.features, Classifies):
        raise Unsuitable(f"the Inception score takes features that classify (inception, classifier), not {case.features.name}")
    if len(case.fake) < SPLITS:
        raise Unsuitable(f"the Inception score takes at least {SPLITS} samples, not {len(case.fake)}")
    log_posterior = case.features.log_posterior(case.describe(case.fake))
    mean, spread = score(log_posterior)
    found = entropies(log_posterior)
    return {
        "is": Value(mean, "higher", f"mean and spread over {SPLITS} splits", spread),
        "entropy of p(y)": Value(found.marginal, "higher", "nats"),
        "mean entropy of p(y|x)": Value(found.conditional, "lower", "nats"),
    }
