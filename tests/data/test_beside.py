"""Two data sets in one stream of batches: each in its own order, both complete, whatever the processes."""

from __future__ import annotations

import pytest
import torch

from rivals.data import Batches, Beside, Memory, few_labels
from rivals.errors import UserError

CPU = torch.device("cpu")


def counting(n: int, *, first: int = 0) -> Memory:
    """Row k holds first + k."""
    x = torch.arange(first, first + n, dtype=torch.float32)[:, None]
    return Memory(x, torch.arange(n) % 3, name="counting", class_names="abc")


def test_each_of_the_two_is_complete_and_in_an_order_of_its_own() -> None:
    batches = Batches(Beside(counting(30), counting(30, first=100)), 10, seed=4)
    three = [batches(k) for k in range(3)]
    first, second = torch.cat([b.x for b in three]).flatten(), torch.cat([b.beside.x for b in three]).flatten()
    assert sorted(first.tolist()) == list(range(30))
    assert sorted(second.tolist()) == list(range(100, 130))
    assert not torch.equal(first, second - 100)


def test_a_few_rows_are_repeated_equally_often() -> None:
    batches = Batches(Beside(counting(90), counting(4)), 10, seed=0)
    shown = torch.cat([batches(k).beside.x for k in range(6)]).flatten().long()
    assert torch.bincount(shown).tolist() == [15, 15, 15, 15]
    assert torch.equal(batches(3).beside.x, Batches(Beside(counting(90), counting(4)), 10, seed=0)(3).beside.x)


def test_the_processes_share_both() -> None:
    data = Beside(counting(90), counting(5))
    whole = Batches(data, 12, seed=2)(7)
    parts = [Batches(data, 12, seed=2, rank=rank, world=3)(7) for rank in range(3)]
    assert torch.equal(torch.cat([part.beside.x for part in parts]), whole.beside.x)
    assert torch.equal(torch.cat([part.x for part in parts]), whole.x)


def test_the_first_alone_may_not_repeat_its_rows() -> None:
    with pytest.raises(UserError, match="fewer than a batch"):
        Batches(Beside(counting(4), counting(90)), 10, seed=0)


def test_facts_and_fingerprint_are_of_both() -> None:
    data = Beside(counting(9), counting(5))
    assert data.facts.count == len(data) == 9
    assert data.facts.beside.count == 5
    assert data.fingerprint != Beside(counting(9), counting(6)).fingerprint
    moved = data.rows(torch.tensor([2]), CPU)._replace(beside=data.second.rows(torch.tensor([1]), CPU)).to(torch.device("meta"))
    assert moved.beside.x.is_meta
    assert moved.beside.y.is_meta


def test_few_labels_are_as_many_of_each_class_and_of_these_rows() -> None:
    data = few_labels(counting(90), 12)
    few = data.second.rows(torch.arange(12), CPU)
    assert torch.bincount(few.y).tolist() == [4, 4, 4]
    assert torch.equal(few.x.flatten().long() % 3, few.y)
    assert data.second.fingerprint != few_labels(counting(90), 12, draw=1).second.fingerprint


def test_labels_that_cannot_be_shared_by_the_classes_are_refused() -> None:
    for labels in (0, 10, 93):
        with pytest.raises(UserError, match="take a multiple of 3, up to 90"):
            few_labels(counting(90), labels)
    with pytest.raises(UserError, match="no classes"):
        few_labels(Memory(torch.zeros(5, 1), name="plain"), 2)
