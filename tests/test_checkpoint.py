"""One file, whole or not at all, and never a pickle."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from rivals import checkpoint
from rivals.errors import UserError

TREE = {
    "round": 7,
    "nested": {"weights": torch.randn(3, 4), "list": [torch.arange(5), 1.5, None, "text"], "empty": torch.zeros(0)},
    "same memory": [torch.ones(2, 2)] * 2,
    "scalar": torch.tensor(3.0),
    "half": torch.randn(4).bfloat16(),
    "innermost": torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last),
}


@pytest.fixture
def file(tmp_path):
    checkpoint.write(tmp_path / "a.safetensors", TREE)
    return tmp_path / "a.safetensors"


def test_what_is_read_is_what_was_written(file):
    tree = checkpoint.read(file)
    assert tree["round"] == 7
    assert tree["nested"]["list"][1:] == [1.5, None, "text"]
    for a, b in [
        (tree["nested"]["weights"], TREE["nested"]["weights"]),
        (tree["nested"]["list"][0], TREE["nested"]["list"][0]),
        (tree["scalar"], TREE["scalar"]),
        (tree["half"], TREE["half"]),
        (tree["innermost"], TREE["innermost"]),
        (tree["nested"]["empty"], TREE["nested"]["empty"]),
    ]:
        assert a.dtype == b.dtype
        assert torch.equal(a, b)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_found_out(file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(checkpoint.Damaged, match="truncated"):
        checkpoint.read(file)


def test_one_altered_byte_is_found_out(file):
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    with pytest.raises(checkpoint.Damaged, match="checksum"):
        checkpoint.read(file)


def test_altered_plain_values_are_found_out(file):
    content = file.read_bytes()
    assert content.count(b'\\"round\\": 7') == 1
    file.write_bytes(content.replace(b'\\"round\\": 7', b'\\"round\\": 8'))
    with pytest.raises(checkpoint.Damaged, match="checksum"):
        checkpoint.read(file)


class Bomb:
    def __reduce__(self):
        return os.system, ("touch exploded",)


@pytest.mark.parametrize("save", [torch.save, lambda tree, path: path.write_bytes(pickle.dumps(tree))])
def test_a_pickle_is_refused_and_not_run(tmp_path, monkeypatch, save):
    monkeypatch.chdir(tmp_path)
    save({"weights": Bomb()}, tmp_path / "evil.safetensors")
    with pytest.raises(UserError, match="pickle"):
        checkpoint.read(tmp_path / "evil.safetensors")
    assert not (tmp_path / "exploded").exists()


def test_another_safetensors_file_is_no_checkpoint(tmp_path):
    from safetensors.torch import save_file

    save_file({"a": torch.ones(1)}, tmp_path / "other.safetensors")
    with pytest.raises(checkpoint.Damaged, match="not a checkpoint of rivals"):
        checkpoint.read(tmp_path / "other.safetensors")


def test_a_missing_file_is_said():
    with pytest.raises(UserError, match="no checkpoint at"):
        checkpoint.read(Path("/nowhere/a.safetensors"))


SAVER = """
import sys, torch
from pathlib import Path
from rivals import checkpoint
torch.set_num_threads(1)
n = 0
while True:
    checkpoint.write(Path(sys.argv[1]), {"round": n, "w": torch.full((400_000,), float(n))})
    if n == 0:
        print("saving", flush=True)
    n += 1
"""


def test_killed_in_the_middle_of_a_save_the_previous_file_is_whole(tmp_path):
    file = tmp_path / "a.safetensors"
    for delay in (0.0, 0.013, 0.037, 0.051):
        saver = subprocess.Popen([sys.executable, "-c", SAVER, str(file)], stdout=subprocess.PIPE)
        saver.stdout.readline()
        time.sleep(delay)
        saver.send_signal(signal.SIGKILL)
        saver.wait()
        tree = checkpoint.read(file)
        assert torch.equal(tree["w"], torch.full((400_000,), float(tree["round"])))
