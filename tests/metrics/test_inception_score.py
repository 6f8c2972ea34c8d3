"""The Inception score of posteriors whose score is known."""

from __future__ import annotations

import math

import pytest
import torch

from rivals.metrics.inception_score import entropies, score


def test_sure_and_even_scores_the_number_of_classes():
    sure = torch.eye(10, dtype=torch.float64).repeat(20, 1).clamp(min=1e-30).log()
    assert score(sure) == (pytest.approx(10), pytest.approx(0, abs=1e-9))
    assert entropies(sure).marginal == pytest.approx(math.log(10))
    assert entropies(sure).conditional == pytest.approx(0, abs=1e-12)


def test_unsure_or_one_class_scores_one():
    unsure = torch.full((50, 4), 0.25).log()
    assert score(unsure)[0] == pytest.approx(1)
    assert entropies(unsure) == (pytest.approx(math.log(4)), pytest.approx(math.log(4)))
    assert score(torch.tensor([[0.7, 0.2, 0.1]]).log().repeat(30, 1))[0] == pytest.approx(1)


def test_it_is_the_exponential_of_the_mean_divergence_over_splits():
    p = torch.rand(60, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    p = p / p.sum(1, keepdim=True)

    def one(part):
        divergences = [sum(float(q * (q / m).log()) for q, m in zip(row, part.mean(0), strict=True)) for row in part]
        return math.exp(sum(divergences) / len(part))

    parts = [one(part) for part in torch.split(p, 20)]
    mean = sum(parts) / 3
    spread = (sum((part - mean) ** 2 for part in parts) / 3) ** 0.5
    assert score(p.log(), splits=3) == (pytest.approx(mean), pytest.approx(spread))
    found = entropies(p.log())
    assert math.exp(found.marginal - found.conditional) == pytest.approx(one(p))
    assert entropies(p[torch.randperm(60)].log()) == pytest.approx(found, rel=1e-9)
