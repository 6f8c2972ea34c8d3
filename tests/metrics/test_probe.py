"""A linear machine on features: it finds what is linearly there, and no more."""

from __future__ import annotations

import pytest
import torch
from sklearn.svm import LinearSVC

from rivals.data import load
from rivals.data.part import halves
from rivals.metrics import probe
from rivals.metrics.core import Case, Unsuitable
from rivals.metrics.features.pixels import Pixels


@pytest.fixture(scope="module")
def parts(digits):
    return halves(digits)


def case_of(parts, game, train=True, labels=(100, 1000)):
    return Case(parts[1], parts[1], Pixels(), parts[0] if train else None, game, labels=labels)


def test_digits_from_few_labels(parts, small):
    found = probe.measure(case_of(parts, small("dcgan").game, labels=(50, 300, 1000)))
    names = {
        f"probe {how} {n} labels ({where})"
        for how in ("SVM", "k-NN")
        for n in (50, 300)
        for where in ("discriminator", "pixels")
    }
    assert set(found) == names  # there are not 100 of each class for 1,000
    for how in ("SVM", "k-NN"):
        few, more = (found[f"probe {how} {n} labels (pixels)"] for n in (50, 300))
        assert 0.6 < few.value < more.value < 1
        assert few.better == "higher"
        assert few.spread is not None
    assert found["probe SVM 300 labels (discriminator)"].value > 0.6
    assert f"{len(parts[1])} test rows;" in few.protocol


def test_without_unseen_rows_the_real_ones_are_halved(digits, small):
    found = probe.measure(Case(digits, digits, Pixels(), None, small("gan", network="mlp").game, labels=[100]))
    assert "899 test rows (the labelled are others of the same part)" in found["probe SVM 100 labels (pixels)"].protocol


def test_a_machine_is_fitted_on_all_labelled_rows_with_the_best_setting():
    seen = []

    def predict(x, y, others, setting):
        seen.append((len(x), setting))
        return others[:, 0].long() if setting == 2 else torch.zeros(len(others)).long()

    y = torch.arange(40) % 4
    x = y[:, None].float()
    assert probe.accuracy(probe.Learner("told", (1, 2, 3), predict), x, y, 4, x, y) == 1
    assert seen == [(32, 1), (32, 2), (32, 3), (40, 2)]


def test_svm_is_scikit_learns_and_neighbours_vote(parts):
    x, y, *_ = parts[0].rows(torch.arange(200), torch.device("cpu"))
    x = x.flatten(1)
    expected = LinearSVC(C=0.1, random_state=0).fit(x[:100].numpy(), y[:100].numpy()).predict(x[100:].numpy())
    assert (probe.svm(x[:100], y[:100], x[100:], 0.1).numpy() == expected).mean() > 0.97
    points, classes = torch.tensor([[0.0], [0.1], [0.2], [5.0]]), torch.tensor([7, 7, 3, 3])
    assert probe.neighbours(points, classes, torch.tensor([[0.19], [4.0]]), 1).tolist() == [3, 3]
    assert probe.neighbours(points, classes, torch.tensor([[0.19]]), 3).tolist() == [7]


def test_scales_are_taken_from_the_labelled_rows():
    x, others = torch.randn(50, 3) * torch.tensor([1.0, 100.0, 5.0]) + 7, torch.randn(20, 3)
    for apart in (True, False):
        a, b = probe.scaled(x, others, apart=apart)
        assert torch.allclose(a.mean(0), torch.zeros(3), atol=1e-5)
        assert float(a.square().sum(1).mean()) == pytest.approx(1, rel=1e-4)
        assert torch.allclose(b, (others - x.mean(0)) * (a[0] / (x[0] - x.mean(0))), rtol=1e-3, atol=1e-5)
    assert float(a.std(0)[1] / a.std(0)[0]) == pytest.approx(float(x.std(0)[1] / x.std(0)[0]), rel=1e-4)


def test_what_cannot_be_probed_says_so(parts, small):
    with pytest.raises(Unsuitable, match="only samples"):
        probe.measure(case_of(parts, None))
    grey = load("gaussian")
    with pytest.raises(Unsuitable, match="no classes"):
        probe.measure(Case(grey, grey, Pixels(), None, small("gan", facts=grey.facts, network="mlp").game))
