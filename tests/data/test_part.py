"""Parts of a data set: some rows, halves, all in order."""

from __future__ import annotations

import pytest
import torch

from rivals.data import Memory, load
from rivals.data.part import Part, apart, balanced, halves, hashes, in_order, overlap, settled, some
from rivals.errors import UserError

CPU = torch.device("cpu")


@pytest.fixture
def hundred():
    return Memory(torch.arange(100.0)[:, None], torch.arange(100) % 3, name="numbers", class_names=["a", "b", "c"])


def values(data):
    return torch.cat([batch.x[:, 0] for batch in in_order(data, CPU, rows=7)])


def test_a_part_has_its_rows_in_its_order(hundred):
    part = Part(hundred, torch.tensor([5, 3, 99]))
    assert len(part) == part.facts.count == 3
    batch = part.rows(torch.tensor([2, 0]), CPU)
    assert batch.x.tolist() == [[99.0], [5.0]]
    assert batch.y.tolist() == [0, 2]
    assert part.fingerprint != Part(hundred, torch.tensor([5, 3, 98])).fingerprint


def test_all_rows_come_once_and_in_order(hundred):
    assert values(hundred).tolist() == list(range(100))


def test_some_are_the_same_each_time_and_all_stay_as_they_are(hundred):
    assert some(hundred, 100) is some(hundred, 1000) is hundred
    assert len(set(values(some(hundred, 10)).tolist())) == 10
    assert values(some(hundred, 10)).tolist() == values(some(hundred, 10)).tolist()


def test_halves_share_nothing_and_are_everything(hundred):
    one, other = halves(hundred)
    assert sorted([*values(one).tolist(), *values(other).tolist()]) == list(range(100))
    few, rest = apart(hundred, 9)
    assert (len(few), len(rest)) == (9, 91)


def test_overlap_is_seen(hundred):
    one, other = halves(hundred)
    assert overlap(one, hundred)
    assert overlap(hundred, hundred)
    assert not overlap(one, other)


def test_pictures_of_unlike_sizes_have_no_native_size(tmp_path):
    from PIL import Image

    for number, size in enumerate([(200, 200), (200, 200), (90, 150)]):
        Image.new("L", size, number).save(tmp_path / f"{number}.png")
    with pytest.raises(UserError, match=r"2 sizes \(200x200, 90x150 ...\): pass --size"):
        load(tmp_path, native=True)
    (tmp_path / "2.png").unlink()
    assert load(tmp_path, native=True).facts.shape == (1, 200, 200)  # which `load` alone would make smaller
    assert load(tmp_path).facts.shape == (1, 64, 64)


def test_settled_rows_stand_in_an_order_of_their_own(digits):
    def rows(data):
        return data.rows(torch.arange(len(data)), torch.device("cpu")).x

    elsewhere = Part(digits, torch.randperm(len(digits), generator=torch.Generator().manual_seed(3)))
    once = settled(digits)
    assert torch.equal(rows(once), rows(settled(elsewhere)))
    assert settled(once) is once
    assert not torch.equal(rows(once), rows(digits))
    positions = once.numbers.double() / len(digits)  # as a sample: neither sorted nor grouped
    assert abs(float(positions[: len(digits) // 4].mean()) - 0.5) < 0.05
    x = torch.zeros(65, 8, 8)
    x[torch.arange(64), torch.arange(64) // 8, torch.arange(64) % 8] = 1
    assert len(hashes(Memory((255 * x[:, None]).byte(), name="one pixel each")).unique()) == 65


def test_draws_are_balanced_in_every_part():
    y = torch.cat([torch.zeros(50), torch.ones(9), torch.full((30,), 2)]).long()
    numbers = balanced(y, 9, 3, draw=0)
    assert len(set(numbers.tolist())) == 27
    assert y[numbers].tolist() == [0, 1, 2] * 9
    assert not torch.equal(numbers, balanced(y, 9, 3, draw=1))
