"""The toys follow their laws."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rivals.data import load
from rivals.data.toys import GRID, RING
from rivals.errors import UserError


def everything(name: str, split: str = "train") -> tuple[Tensor, Tensor | None]:
    data = load(name, split=split)
    assert not data.facts.bounded
    batch = data.rows(torch.arange(100_000), torch.device("cpu"))
    return batch.x, batch.y


@pytest.mark.parametrize(("name", "centres", "deviation"), [("ring", RING, 0.01), ("grid", GRID, 0.05)])
def test_mixtures(name: str, centres: list[tuple[float, float]], deviation: float) -> None:
    x, y = everything(name)
    assert y is not None
    assert torch.bincount(y).tolist() == [100_000 // len(centres)] * len(centres)
    nearest = torch.cdist(x, torch.tensor(centres)).argmin(dim=1)
    assert torch.equal(nearest, y)
    rest = x - torch.tensor(centres)[y]
    assert rest.mean().abs() < deviation / 100
    assert abs(rest.std() / deviation - 1) < 0.01


def test_the_gaussian() -> None:
    x, y = everything("gaussian")
    assert y is None
    assert x.shape == (100_000, 1)
    assert abs(x.mean() - 4) < 0.02
    assert abs(x.std() - 1.25) < 0.02


def test_the_points_are_fixed_and_the_test_part_has_others() -> None:
    assert load("ring").fingerprint == load("ring").fingerprint
    assert not torch.equal(everything("ring")[0], everything("ring", "test")[0])


def test_one_mode() -> None:
    data = load("grid", only="mode 3")
    assert len(data) == 4000
    with pytest.raises(UserError, match="vectors"):
        load("ring", size=8)
