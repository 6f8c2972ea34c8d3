"""Features of a small classifier that was trained, once, on the labelled data at hand.

A judge should know the data it judges: features learnt from ImageNet's photographs describe digits or garments badly (Barratt
and Sharma, 2018, "A Note on the Inception Score", https://arxiv.org/abs/1801.01973). The penultimate layer, 128 ReLU
features, describes a thing; the last one reads p(y|x) from it.

Pictures go through two stages of 3x3 convolution, max-pooling by 2, batch norm and ReLU (those with sides above 32 pixels are
averaged down to 32 first, which bounds the cost), vectors through one hidden layer.

Fails: numbers compare only where the weights, whose hash stands in the protocol, are the same; a classifier sees what tells
its classes apart and may be blind to all else: noise, background, variety within a class.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax

from rivals.data.batches import Batches
from rivals.data.core import Batch, Dataset, Facts
from rivals.data.order import permutation
from rivals.data.part import Part, in_order
from rivals.errors import UserError
from rivals.metrics.core import kept

WIDTH = 128  # features
LARGEST = 32  # pixels of a side that the convolutions see
SEED, BATCH, RATE = 0, 128, 2e-3
SEEN, PASSES = 180_000, 30  # rows to learn from: three passes over 60,000, and never more passes than 30
VERSION = 1  # raise it whenever anything above or below changes the weights


class Network(nn.Module):
    """(B, *shape) -> (B, outputs) logits; a class each, where nothing else is asked for."""

    def __init__(self, facts: Facts, outputs: int | None = None):
        super().__init__()
        self.trunk = nn.Sequential(*(convolutions if facts.pictures else layers)(facts.shape), nn.ReLU())  # -> (B, 128)
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(WIDTH, facts.classes if outputs is None else outputs))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.trunk(x))
        return logits


def convolutions(shape: tuple[int, ...]) -> list[nn.Module]:
    channels, *sides = shape
    seen = [min(side, LARGEST) for side in sides]
    found: list[nn.Module] = [] if seen == sides else [nn.AdaptiveAvgPool2d((seen[0], seen[1]))]
    for width_in, width in ((channels, 32), (32, 64)):
        # pooled first, the rest has a quarter of the work; rounding up, a side of one pixel stays one pixel
        found += [nn.Conv2d(width_in, width, 3, padding=1), nn.MaxPool2d(2, ceil_mode=True), nn.BatchNorm2d(width), nn.ReLU()]
    return [*found, nn.Flatten(), nn.Dropout(0.25), nn.Linear(64 * math.prod(-(-side // 4) for side in seen), WIDTH)]


def layers(shape: tuple[int, ...]) -> list[nn.Module]:
    # vectors come in any unit: the first batch norm, whose statistics are those of all batches, takes it away
    standard = nn.BatchNorm1d(shape[0], momentum=None, affine=False)
    return [standard, nn.Linear(shape[0], 2 * WIDTH), nn.ReLU(), nn.Linear(2 * WIDTH, WIDTH)]


class Classifier:
    """(B, *shape) -> (B, 128), the features of a trained network; `log_posterior` goes on to log p(y|x)."""

    name = "classifier"

    def __init__(self, network: Network, protocol: str, class_names: Sequence[str] = ()):
        self.network, self.protocol = network.eval().requires_grad_(False), protocol
        self.key, self.class_names = protocol, tuple(class_names)

    @classmethod
    def trained(cls, train: Dataset, test: Dataset | None = None, *, device: torch.device | str = "cpu") -> Self:
        """The classifier of this data, from the cache; trained first where there is none.

        Its accuracy is that on the test part or, where there is none, on a tenth of the rows that it then does not learn
        from. Training repeats itself to the last bit on one machine, and leaves all random states as they were.
        """
        if train.facts.classes < 2:
            raise UserError(f"'{train.name}' has no classes to learn: choose other features than the classifier's")
        one, other = (train, test) if test is not None else tenth_apart(train)
        where = torch.device(device)
        saved = kept(f"classifier {VERSION} {one.fingerprint} {other.fingerprint}", lambda: learnt(one, other, where))
        accuracy, digest = float(saved.pop("accuracy")), hash_of(saved)[:12]
        network = fresh(train.facts)
        network.load_state_dict(saved)
        return cls(
            network,
            f"classifier trained on {train.name} ({train.facts.classes} classes), {100 * accuracy:.1f} % of "
            f"{len(other):,} held-out rows, {WIDTH} features, weights {digest}",
            train.class_names,
        )

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        features: Tensor = self.network.to(x.device).trunk(x.float())
        return features

    @torch.no_grad()
    def log_posterior(self, features: Tensor) -> Tensor:
        """(B, 128) -> (B, classes), log p(y|x)."""
        return log_softmax(self.network.to(features.device).head(features), dim=1)

    def read(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B,), the most likely class of each."""
        return self.log_posterior(self(x)).argmax(1)


def tenth_apart(data: Dataset) -> tuple[Dataset, Dataset]:
    """What to learn from, and a tenth of the rows to test on."""
    order = permutation(len(data), seed=SEED, epoch=0)
    tenth = -(-len(data) // 10)
    return Part(data, order[tenth:]), Part(data, order[:tenth])


def fresh(facts: Facts, outputs: int | None = None, seed: int = SEED) -> Network:
    with torch.random.fork_rng([]):
        torch.default_generator.manual_seed(seed)  # of the CPU alone, where weights are made
        return Network(facts, outputs).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def learnt(train: Dataset, test: Dataset, device: torch.device) -> dict[str, Tensor]:
    """The weights, and beside them the share of the test rows whose class has the largest logit."""
    network = learn(fresh(train.facts), train, device, of_classes)
    with torch.no_grad():
        right = sum(float((network(x).argmax(1) == y).sum()) for x, y, *_ in in_order(test, device))
    return {**network.state_dict(), "accuracy": torch.tensor(right / len(test), dtype=torch.float64)}


def learn(
    network: Network, data: Dataset, device: torch.device, loss: Callable[[Tensor, Batch], Tensor], seed: int = SEED
) -> Network:
    """AdamW with a rate that falls to 0 in a straight line; loss: (logits, batch) -> (). Hands it back in eval mode."""
    network = network.to(device).train()
    size = min(BATCH, len(data))
    rounds = min(SEEN, PASSES * len(data)) // size
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01, fused=True)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, rounds)
    with (
        torch.enable_grad(),  # whoever asks for it may only want to look
        torch.random.fork_rng([device] if device.type == "cuda" else []),
        Batches(data, size, seed=seed, device=device) as batches,
    ):
        torch.manual_seed(seed)  # of dropout
        for k in range(rounds):
            batch = batches(k)
            optimizer.zero_grad()
            torch.autograd.backward(loss(network(batch.x), batch))
            optimizer.step()
            falling.step()
    return network.eval()


def of_classes(logits: Tensor, batch: Batch) -> Tensor:
    assert batch.y is not None  # the data has classes
    return cross_entropy(logits, batch.y)


def hash_of(weights: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode() + weights[name].cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
