"""Descriptions say what there is."""

from __future__ import annotations

import inspect
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from rivals.data import describe, load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, count in (("cats", 3), ("dogs", 2)):
        (tmp_path / name).mkdir()
        for k in range(count):
            Image.fromarray(np.zeros((8, 8 + 4 * (k == 2), 3), np.uint8)).save(tmp_path / name / f"{k}.png")
    return tmp_path


@pytest.mark.parametrize("stream", [False, True])
def test_a_folder(folder: Path, stream: bool) -> None:
    description = describe(folder, size=8, stream=stream)
    assert description.count == 5
    assert description.sizes == {(8, 8): 4, (8, 12): 1}
    assert description.modes == {"RGB": 5}
    assert description.classes == {"cats": 3, "dogs": 2}
    assert description.memory == (0 if stream else 5 * 3 * 64)
    assert description.fingerprint == load(folder, size=8, stream=stream).fingerprint


def test_it_prints_plainly_and_richly(folder: Path) -> None:
    text = str(describe(folder))
    console = Console(width=200, file=io.StringIO())
    console.print(describe(folder))
    assert isinstance(console.file, io.StringIO)
    rich_text = console.file.getvalue()
    for said in ("8x8 4, 12x8 1", "cats 3, dogs 2", "RGB 5"):
        assert said in text
        assert said in rich_text


def test_a_stream_is_described_by_a_part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rivals.data.description.LOOK", 2)
    description = describe(folder, size=8, stream=True)
    assert description.looked == 2
    assert "2 pictures looked at" in str(description)


def test_it_takes_the_options_of_load() -> None:
    assert inspect.signature(describe).parameters == inspect.signature(load).parameters


def test_importing_is_cheap() -> None:
    late = ["sklearn", "scipy", "matplotlib", "webdataset", "PIL", "rich"]
    program = f"import sys, torch, rivals.data; print([m for m in {late} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
