"""Stacked digits: three digits as channels, and their number as the class."""

from __future__ import annotations

import numpy as np

from rivals.data import load
from rivals.data.arrays import Table
from rivals.data.stacked import COUNT, stacked


def test_every_channel_is_its_digit():
    y = np.arange(10)
    x = np.broadcast_to(y.astype(np.uint8).reshape(10, 1, 1, 1), (10, 1, 2, 2))  # every pixel tells the digit
    found = stacked(Table(x, y), "train")
    assert found.x.shape == (COUNT, 3, 2, 2)
    assert (found.x[..., 0, 0] @ np.array([100, 10, 1], dtype=np.int64) == found.y).all()
    assert len(np.unique(found.y)) == 1000
    assert (stacked(Table(x, y), "train").x == found.x).all()
    assert (stacked(Table(x, y), "test").x != found.x).any()


def test_they_load_by_name():
    data = load("stacked-digits")
    assert data.facts.shape == (3, 8, 8)
    assert data.facts.classes == 1000
    assert data.class_names[42] == "042"
