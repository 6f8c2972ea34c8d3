"""A judge of attributes: which of many things a picture is or is not, read by a small network that learnt it from labels.

The network is that of `classifier`, with a logit for each attribute; it minimises the mean binary cross-entropy, so a logit
above 0 says "more likely than not". Attributes are rare: what always says no is right about 98 of 100 who do not smile. Its
accuracy is therefore told as the balanced one, the mean of how many who have it are found and how many who have it not are left
alone (0.5: it knows nothing), beside the share that has it.

Fails: it reads what its data shows. Things unlike that (blurred, half-made) have some answer too, and a search for the latents
that it likes may find one of these: judge what was found by a second judge, of other rows (`seed` and rows make it another).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Self

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from rivals.data.core import Batch, Dataset
from rivals.data.part import in_order
from rivals.errors import UserError, pick
from rivals.metrics.core import kept
from rivals.metrics.features.classifier import SEED, Network, fresh, hash_of, learn, tenth_apart

VERSION = 1  # raise it whenever anything here or in `classifier` changes the weights

Groups = Mapping[str, Sequence[str]]  # an attribute -> those of the data any of which makes it


class Accuracy(NamedTuple):
    """Of one attribute, on held-out rows."""

    balanced: float  # mean of the shares that are found and that are left alone; NaN where all rows have it, or none
    right: float
    base: float  # share of the rows that has it


class AttributeJudge:
    """(B, *shape) -> (B, A) logits; above 0: has it. Differentiable, so that a search may follow it."""

    def __init__(self, network: Network, names: Sequence[str], accuracy: Mapping[str, Accuracy], protocol: str):
        self.network, self.names = network.eval().requires_grad_(False), tuple(names)
        self.accuracy, self.protocol = accuracy, protocol

    @classmethod
    def trained(
        cls,
        train: Dataset,
        test: Dataset | None = None,
        *,
        groups: Groups | None = None,
        seed: int = SEED,
        device: torch.device | str = "cpu",
    ) -> Self:
        """The judge of this data, from the cache; trained first where there is none.

        groups: the attributes to learn, each made by any of some of the data's; None: the data's own. test: what its accuracy
        is measured on; None: a tenth of the rows, which it then does not learn from. Raises `UserError` for data without
        attributes, and for groups of such as it has not."""
        if not train.facts.attributes:
            raise UserError(
                f"'{train.name}' has no attributes: give an .npz with 'attributes' (N, A) of 0 and 1 and their 'names'"
            )
        groups = groups or {name: [name] for name in train.attribute_names}
        columns = columns_of(groups, train.attribute_names)
        one, other = (train, test) if test is not None else tenth_apart(train)
        where = torch.device(device)

        def learnt() -> dict[str, Tensor]:
            network = learn(fresh(one.facts, len(groups), seed), one, where, loss_of(columns), seed)
            return {**network.state_dict(), "accuracies": measured(network, other, columns, where)}

        asked = " ".join(f"{name}={','.join(members)}" for name, members in groups.items())
        saved = kept(f"attributes {VERSION} {seed} {one.fingerprint} {other.fingerprint} {asked}", learnt)
        found = {name: Accuracy(*row) for name, row in zip(groups, saved.pop("accuracies").tolist(), strict=True)}
        network = fresh(train.facts, len(groups))
        network.load_state_dict(saved)
        balanced = torch.tensor([accuracy.balanced for accuracy in found.values()])
        digest = hash_of(saved)[:12]
        protocol = (
            f"judge of {len(groups)} attributes trained on {len(one):,} rows of {train.name}, balanced accuracy "
            f"{100 * float(balanced.nanmean()):.1f} % in the mean on {len(other):,} held-out rows, weights {digest}"
        )
        return cls(network, tuple(groups), found, protocol)

    def __call__(self, x: Tensor) -> Tensor:
        logits: Tensor = self.network.to(x.device)(x.float())
        return logits


def columns_of(groups: Groups, names: Sequence[str]) -> list[list[int]]:
    """For each group the numbers of its attributes."""
    numbers = {name: k for k, name in enumerate(names)}
    return [[pick("attribute", numbers, member) for member in members] for members in groups.values()]


def grouped(a: Tensor, columns: Sequence[Sequence[int]]) -> Tensor:
    """(B, A) -> (B, groups): has any of each.

    >>> grouped(torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), [[0, 1], [2]]).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    return torch.stack([a[:, list(each)].amax(1) for each in columns], dim=1)


def loss_of(columns: Sequence[Sequence[int]]) -> Callable[[Tensor, Batch], Tensor]:
    """Mean binary cross-entropy of these groups."""

    def loss(logits: Tensor, batch: Batch) -> Tensor:
        assert batch.a is not None  # the data has attributes
        return binary_cross_entropy_with_logits(logits, grouped(batch.a, columns))

    return loss


@torch.no_grad()
def measured(network: Network, test: Dataset, columns: Sequence[Sequence[int]], device: torch.device) -> Tensor:
    """(groups, 3) float64: an `Accuracy` a row."""
    said, true = [], []
    for batch in in_order(test, device):
        assert batch.a is not None
        said.append(network(batch.x) > 0)
        true.append(grouped(batch.a, columns) > 0)
    return accuracies(torch.cat(said), torch.cat(true))


def accuracies(said: Tensor, true: Tensor) -> Tensor:
    """(N, A) what was said and what is -> (A, 3): balanced, right, base."""
    right = said == true
    found, left_alone = ((right & side).sum(0).double() / side.sum(0) for side in (true, ~true))
    return torch.stack([(found + left_alone) / 2, right.double().mean(0), true.double().mean(0)], dim=1)
