"""How much of the classes a game has learnt without being told: a linear machine on its features, from few labels.

Radford, Metz and Chintala, 2015, Unsupervised Representation Learning with Deep Convolutional GANs,
https://arxiv.org/abs/1511.06434, section 5: a linear support vector machine (squared hinge, one class against the rest, L2) on
the discriminator's features (`features.discriminator`), trained on a few labelled rows, as many of each class (section 5.2).

    min_w  |w|^2 / 2 + C sum_i max(0, 1 - y_i w.x_i)^2

The value is the accuracy on rows that the labelled ones have no part in, in [0, 1], higher is better; mean and standard
deviation over draws of the labelled rows. C is chosen on a fifth of the labelled rows, then all of them are learnt from. Beside
it stand, of the same rows, the machine on raw pixels, and the nearest neighbours (k chosen likewise) on both: the game has
learnt something if its features beat the pixels by both.

Features are centred, and each divided by its standard deviation over the labelled rows (by no less than a tenth of the mean
one: a feature that is nearly constant would be noise enlarged), because layers have scales of their own. Pixels share one
scale and are centred alone. Both are then brought to a mean square length of 1, so that one grid of C serves all.

Fails: it says what a linear machine finds, not what is there; a generator may be poor and its discriminator's features good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from statistics import mean, stdev
from typing import NamedTuple

import torch
from torch import Tensor

from rivals.data.core import Dataset
from rivals.data.part import Part, balanced, halves, in_order, labels_of, some
from rivals.metrics.core import Case, Unsuitable, Value
from rivals.metrics.features.discriminator import Discriminator
from rivals.metrics.neighbours import nearest

Space = Callable[[Tensor], Tensor]  # (B, *shape) -> (B, D)

DRAWS = 3
POOL = 20_000  # rows that the labelled ones are drawn from
TEST, WIDE, TEST_WIDE = 10_000, 3000, 2000  # test rows; and where there are more features than 3,000: bounds the memory
PIXELS = "pixels"
LEAST = 0.1  # of the mean standard deviation


class Learner(NamedTuple):
    name: str
    settings: Sequence[float]  # of which validation chooses
    predict: Callable[[Tensor, Tensor, Tensor, float], Tensor]  # labelled x, y; other x; a setting -> their classes


def svm(x: Tensor, y: Tensor, others: Tensor, C: float) -> Tensor:
    from sklearn.svm import LinearSVC

    machine = LinearSVC(C=C, loss="squared_hinge", penalty="l2", dual="auto", tol=1e-3, max_iter=10_000, random_state=0)
    return torch.from_numpy(machine.fit(x.numpy(), y.numpy()).predict(others.numpy()))


def neighbours(x: Tensor, y: Tensor, others: Tensor, k: float) -> Tensor:
    numbers = nearest(others, x, min(int(k), len(x)))[1]
    return y[numbers].mode(1).values  # of classes with equally many votes the first


LEARNERS = (Learner("SVM", (0.1, 1.0, 10.0, 100.0), svm), Learner("k-NN", (1, 3, 5), neighbours))


def measure(case: Case) -> Mapping[str, Value]:
    """Accuracies from so many labels as the case asks for, as far as there are as many rows of each class."""
    if case.game is None:
        raise Unsuitable("only samples are here: a probe takes the discriminator of a run or a checkpoint")
    network = Discriminator(case.game, case.real.facts.shape)
    train, test, told = case.train, case.real, ""
    if train is None or not case.unseen:
        (train, test), told = halves(train or case.real), " (the labelled are others of the same part)"
    spaces: dict[str, Space] = {network.name: network, PIXELS: partial(torch.flatten, start_dim=1)}
    return probed(spaces, train, test, case.labels, case.device, told)


def probed(
    spaces: Mapping[str, Space], train: Dataset, test: Dataset, labels: Sequence[int], device: torch.device, told: str
) -> dict[str, Value]:
    """For each number of labels, learner and space of features: the accuracy."""
    pool = some(train, POOL)
    y_pool, classes = class_numbers(pool), train.facts.classes
    fewest = int(torch.bincount(y_pool, minlength=classes).min())
    counts = [n for n in labels if 2 <= n // classes <= fewest]
    if not counts:
        raise Unsuitable(
            f"a probe takes {min(labels, default=2)} labelled rows, as many of each of {classes} classes, two at least: "
            f"'{train.name}' has {fewest:,} of one, ask for other --labels"
        )
    wide = max(described(space, some(test, 1), device).shape[1] for space in spaces.values()) > WIDE
    test = some(test, TEST_WIDE if wide else TEST)
    y_test = class_numbers(test)
    right: dict[str, list[float]] = {}
    for where, space in spaces.items():
        x_test = described(space, test, device)
        for n, draw in product(counts, range(DRAWS)):
            numbers = balanced(y_pool, n // classes, classes, draw)
            x, y = described(space, Part(pool, numbers), device), y_pool[numbers]
            x, others = scaled(x, x_test, apart=where != PIXELS)
            for learner in LEARNERS:
                name = f"probe {learner.name} {n} labels ({where})"
                right.setdefault(name, []).append(accuracy(learner, x, y, classes, others, y_test))
    protocol = f"share of {len(test):,} test rows{told}; mean and spread over {DRAWS} draws of the labelled rows"
    return {name: Value(mean(found), "higher", protocol, stdev(found)) for name, found in right.items()}


def class_numbers(data: Dataset) -> Tensor:
    y = labels_of(data) if data.facts.classes > 1 else None
    if y is None:
        raise Unsuitable(f"a probe takes labelled rows: '{data.name}' has no classes")
    return y


def described(space: Space, data: Dataset, device: torch.device) -> Tensor:
    return torch.cat([space(batch.x).float().cpu() for batch in in_order(data, device)])


def scaled(x: Tensor, others: Tensor, *, apart: bool) -> tuple[Tensor, Tensor]:
    """Both centred and scaled by what x is: each feature by its own standard deviation (apart), or all by one."""
    centre = x.mean(0)
    spread = x.std(0)
    spread = spread.clamp(min=LEAST * float(spread.mean()) + 1e-12) if apart else torch.ones_like(spread)
    spread = spread * ((x - centre) / spread).square().sum(1).mean().sqrt().clamp(min=1e-12)
    return (x - centre) / spread, (others - centre) / spread


def accuracy(learner: Learner, x: Tensor, y: Tensor, classes: int, others: Tensor, truth: Tensor) -> float:
    """The share of the others that is classed right, by the setting that classes a fifth of x best."""
    held = classes * max(1, len(x) // classes // 5)

    def validated(setting: float) -> float:
        return share(learner.predict(x[:-held], y[:-held], x[-held:], setting), y[-held:])

    return share(learner.predict(x, y, others, max(learner.settings, key=validated)), truth)


def share(classes: Tensor, truth: Tensor) -> float:
    return float((classes == truth).double().mean())
