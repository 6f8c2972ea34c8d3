"""Sheets and plots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rivals.data import Memory, contact_sheet, grid, load, scatter
from rivals.data.pictures import image


def test_a_grid_shows_every_picture_in_its_place() -> None:
    images = torch.arange(5, dtype=torch.uint8)[:, None, None, None].expand(5, 1, 8, 8) * 10
    sheet = np.asarray(grid(images, columns=3, scale=2, gap=1))
    assert sheet.shape == (2 * 17 + 1, 3 * 17 + 1, 3)
    for k in range(5):
        top, left = 1 + k // 3 * 17, 1 + k % 3 * 17
        assert (sheet[top : top + 16, left : left + 16] == 10 * k).all()
    assert (sheet[18:, 35:] == 255).all()


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_a_grid_of_any_channels(channels: int) -> None:
    images = torch.randint(0, 256, (4, channels, 6, 9), dtype=torch.uint8)
    sheet = np.asarray(grid(images, scale=1, gap=0))
    shown = [0, 1, 2] if channels >= 3 else [0, 0, 0]
    assert np.array_equal(sheet[:6, :9].transpose(2, 0, 1), images[0, shown].numpy())


def test_one_picture_is_saved_as_it_is(tmp_path: Path) -> None:
    x = torch.randint(0, 256, (3, 6, 9), dtype=torch.uint8)
    for channels, mode in ((1, "L"), (3, "RGB")):
        image(x[:channels]).save(tmp_path / f"{channels}.png")
        with Image.open(tmp_path / f"{channels}.png") as saved:
            assert saved.mode == mode
            assert np.array_equal(np.atleast_3d(np.asarray(saved)).transpose(2, 0, 1), x[:channels].numpy())
    with pytest.raises(ValueError, match="uint8"):
        image(x.float())


@pytest.mark.parametrize(("side", "expected"), [(8, 8 * 48 + 18), (32, 8 * 64 + 18), (300, 8 * 300 + 18)])
def test_small_pictures_are_enlarged(side: int, expected: int) -> None:
    assert grid(torch.zeros(64, 1, side, side, dtype=torch.uint8)).size == (expected, expected)


def test_a_grid_refuses_other_things() -> None:
    with pytest.raises(ValueError, match="uint8"):
        grid(torch.zeros(4, 1, 8, 8))


def test_a_contact_sheet_stays_within_its_size() -> None:
    big = Memory(torch.zeros(64, 3, 200, 200, dtype=torch.uint8), name="big")
    assert max(contact_sheet(big).size) == 1024
    assert contact_sheet(load("digits"), 16).size == (202, 202)


def test_plots_do_not_stumble_over_bad_points() -> None:
    real, fake = torch.randn(100, 2), torch.randn(50, 2)
    fake[3] = torch.nan
    assert scatter(real, fake).size == scatter(real).size == (640, 640)
    assert scatter(torch.randn(100, 1), torch.full((10, 1), 99.0)).size == (640, 640)
    assert scatter(torch.zeros(5, 1)).size == (640, 640)
    assert scatter(torch.randn(9, 7)).size == (640, 640)
    assert contact_sheet(load("ring")).size == (640, 640)
