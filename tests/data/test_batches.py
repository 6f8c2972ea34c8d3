"""Order properties: a batch is a function of its number, whatever the workers, ranks and the order of the calls."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rivals.data import Batches, Memory, load
from rivals.data.order import permutation
from rivals.errors import UserError


def counting(n: int) -> Memory:
    """Row k holds k."""
    return Memory(torch.arange(n, dtype=torch.float32)[:, None], torch.arange(n) % 3, name="counting", class_names="abc")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for k in range(37):
        Image.fromarray(np.full((4, 4), k, np.uint8)).save(tmp_path / f"{k:02}.png")
    return tmp_path


def test_each_epoch_is_a_permutation_of_its_own() -> None:
    batches = Batches(counting(60), 10, seed=1)
    epochs = [torch.cat([batches.numbers(6 * e + k) for k in range(6)]) for e in range(3)]
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(60))
    assert not torch.equal(epochs[0], epochs[1])
    assert not torch.equal(permutation(60, 1, 0), permutation(60, 0, 1))


def test_a_batch_straddles_epochs_and_leaves_no_row_out() -> None:
    data = counting(23)
    batches = Batches(data, 10, seed=3)
    stream = torch.cat([batches.numbers(k) for k in range(23)])  # ten epochs
    for epoch in range(10):
        assert torch.equal(stream[epoch * 23 : (epoch + 1) * 23], permutation(23, 3, epoch))


def test_any_batch_can_be_asked_for_at_any_time() -> None:
    batches = Batches(counting(23), 10, seed=3)
    forward = [batches(k).x for k in range(12)]
    for k in (11, 0, 5, 5, 2):
        assert torch.equal(batches(k).x, forward[k])
    assert torch.equal(Batches(counting(23), 10, seed=3)(10**9).x, batches(10**9).x)


def test_the_ranks_share_the_global_batch() -> None:
    whole = Batches(counting(23), 12, seed=0)
    parts = [Batches(counting(23), 12, seed=0, rank=rank, world=3) for rank in range(3)]
    for k in range(8):
        assert torch.equal(torch.cat([part.numbers(k) for part in parts]), whole.numbers(k))


def test_rows_carry_their_classes() -> None:
    batch = Batches(counting(23), 5, seed=0)(1)
    assert batch.y is not None
    assert torch.equal(batch.y, batch.x[:, 0].long() % 3)


def test_a_batch_comes_to_the_device_asked_for() -> None:
    batch = Batches(load("digits"), 5, seed=0, device="meta")(0)
    assert batch.y is not None
    assert (batch.x.device.type, batch.y.device.type, batch.x.dtype) == ("meta", "meta", torch.float32)
    moved = Batches(load("digits"), 5, seed=0)(0).to(torch.device("meta"))
    assert moved.y is not None
    assert (moved.x.device.type, moved.y.device.type) == ("meta", "meta")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_gets_the_same_rows() -> None:
    here, there = (Batches(load("digits"), 64, seed=0, device=device)(7) for device in ("cpu", "cuda"))
    assert here.y is not None
    assert there.y is not None
    assert torch.equal(here.y, there.y.cpu())
    assert torch.allclose(here.x, there.x.cpu())


def test_the_seed_changes_the_order() -> None:
    assert not torch.equal(Batches(counting(23), 20, seed=0).numbers(0), Batches(counting(23), 20, seed=1).numbers(0))


@pytest.mark.parametrize(
    ("size", "world", "says"),
    [(10, 4, "choose a multiple, as 8"), (24, 1, "choose a batch size of 23 or less"), (0, 1, "at least 1")],
)
def test_impossible_sizes_say_what_to_do(size: int, world: int, says: str) -> None:
    with pytest.raises(UserError, match=says):
        Batches(counting(23), size, seed=0, world=world)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_stream_gives_the_rows_that_memory_gives(folder: Path, workers: int) -> None:
    memory, stream = load(folder), load(folder, stream=True)
    assert torch.equal(
        memory.rows(torch.arange(37), torch.device("cpu")).x, stream.rows(torch.arange(37), torch.device("cpu")).x
    )
    with Batches(memory, 8, seed=5) as expected, Batches(stream, 8, seed=5, workers=workers) as got:
        for k in (0, 1, 2, 3, 4, 5, 20, 21, 3, 4):
            assert torch.equal(got(k).x, expected(k).x)


def test_closing_stops_the_threads(folder: Path) -> None:
    with Batches(load(folder, stream=True), 8, seed=0, workers=3) as batches:
        batches(0)
        assert any(t.name.startswith("rivals-data") for t in threading.enumerate())
    assert not any(t.name.startswith("rivals-data") for t in threading.enumerate())


@pytest.mark.parametrize("end", ["pass", "raise KeyboardInterrupt"])
def test_a_program_ends_though_nobody_closed(folder: Path, end: str) -> None:
    program = f"from rivals.data import *\nb = Batches(load({str(folder)!r}, stream=True), 8, seed=0)\nb(0)\n{end}"
    done = subprocess.run([sys.executable, "-c", program], timeout=60, capture_output=True, check=False)
    assert done.returncode == (0 if end == "pass" else -2), done.stderr


def test_a_stream_stays_flat_in_memory(folder: Path) -> None:
    import tracemalloc

    with Batches(load(folder, stream=True), 16, seed=0, workers=2) as batches:
        tracemalloc.start()
        for k in range(20):
            batches(k)
        before = tracemalloc.get_traced_memory()[0]
        for k in range(20, 320):
            batches(k)
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert after - before < 50_000  # bytes; the decoded rows of 300 batches are 77 kB, their Python objects far more
