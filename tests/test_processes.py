"""Two processes over gloo play the game that one plays."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from rivals import checkpoint

SCRIPT = """
import sys, torch
from pathlib import Path
import rivals
from rivals import processes
from rivals.recipes import RECIPES
from rivals.training import Session, Training
torch.set_num_threads(1)
name, out = sys.argv[1], Path(sys.argv[2])
changes = {
    "vae": {"norm_d": "none", "norm_g": "none"},
    "began": {"norm_d": "none", "norm_g": "none", "lambda_k": 0.5},
    "wgan-gp": {"norm_d": "none", "norm_g": "none", "flip": 0.2},
    "dragan": {"norm_d": "none", "norm_g": "none", "matching": "added", "history": 0.1, "hold": 1.37, "smooth": 0.1},
    # by a reference of all processes; Adam would blow up what rounding leaves of a bias' gradient before a norm
    "gan": {"norm_d": "virtual", "norm_g": "virtual", "flip": 0.2, "optimizer": "sgd", "lr": 0.1}
    | {"instance_noise": 0.1, "augment": "adaptive", "recall": 3},
}
recipe = RECIPES[name].but(network="simple", width=16, batch=32, average=0.9, **changes[name])
session = Session(recipe, Training(rounds=6, looks=2, into=out, precision="float32"))
session.play()
torch.save(session.trainer.game.state_dict(), f"{out}-{processes.rank()}-of-{processes.world()}.pt")
processes.stop()
"""


def weights(file):
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("name", ["gan", "wgan-gp", "dragan", "vae", "began"])
def test_two_processes_equal_one(tmp_path, name):
    (tmp_path / "play.py").write_text(SCRIPT)
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    together = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for command, out in (([sys.executable], "alone"), (together, "together")):
        done = subprocess.run(
            [*command, "play.py", name, out], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
    alone = weights(tmp_path / "alone-0-of-1.pt")
    first, second = (weights(tmp_path / f"together-{rank}-of-2.pt") for rank in (0, 1))
    for key in alone:
        assert torch.equal(first[key], second[key])
        assert torch.allclose(first[key], alone[key], atol=1e-5)
    one, two = (
        checkpoint.read(tmp_path / out / "checkpoints" / "final.safetensors")["average"] for out in ("alone", "together")
    )
    for key in one:
        assert torch.allclose(one[key], two[key], atol=1e-5)


def test_the_command_line_runs_under_torchrun(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "rivals"]
    args = ["train", "gan", "--rounds", "8", "--looks", "2", "--width", "8", "--batch", "16", "--into", "run"]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, *args], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("final") == 1
    assert checkpoint.read(tmp_path / "run" / "checkpoints" / "final.safetensors")["round"] == 8
    refused = subprocess.run(
        [*command, *args[:-4], "--batch", "15", "--into", "other"],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "15" in refused.stderr
    assert refused.returncode != 0


BAD = """
import torch
from rivals import processes
from rivals.recipes import RECIPES
from rivals.window import Diverged
from rivals.training import Session, Training
torch.set_num_threads(1)
training = Training(rounds=9, looks=1, into="run", precision="float32")
session = Session(RECIPES["gan"].but(network="simple", width=8, batch=16), training)
loss = session.setup.game.loss_G
def bad(batch):
    return {"adversarial": loss(batch)["adversarial"] * (float("nan") if session.setup.game.round == 4 else 1)}
if processes.rank() == 1:
    session.setup.game.loss_G = bad
try:
    session.play()
except Diverged as error:
    print(f"rank {processes.rank()}: {error}", flush=True)
processes.stop()
"""


def test_what_goes_bad_in_one_process_stops_all_of_them(tmp_path):
    (tmp_path / "play.py").write_text(BAD)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "play.py"]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    for rank in (0, 1):
        assert f"rank {rank}: the term 'adversarial' of player 'generator' is nan at round 4" in done.stdout
    assert checkpoint.read(tmp_path / "run" / "checkpoints" / "best.safetensors")["round"] == 0


RESCUE = """
import sys, torch
from pathlib import Path
from rivals import processes
from rivals.recipes import RECIPES
from rivals.training import Session, Training
torch.set_num_threads(1)
session = Session(
    RECIPES["gan"].but(width=64, batch=32, lr=2e-3),
    Training(data="digits", into=Path("run"), rounds=30, looks=6, precision="float32", rescue=True),
)
game = session.setup.game
loss = game.loss_D
def loss_D(batch):
    bad = processes.rank() == 1 and game.round >= 17 and session.trainer.factor > 0.6
    return {name: value * float("nan") if bad else value for name, value in loss(batch).items()}
game.loss_D = loss_D
session.play()
torch.save(session.trainer.game.state_dict(), f"{processes.rank()}.pt")
processes.stop()
"""


def test_nan_in_one_process_sends_both_back(tmp_path):
    (tmp_path / "play.py").write_text(RESCUE)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "play.py"]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    last = checkpoint.read(tmp_path / "run" / "checkpoints" / "final.safetensors")
    assert (last["round"], last["factor"]) == (30, 0.5)
    one, two = weights(tmp_path / "0.pt"), weights(tmp_path / "1.pt")
    assert all(torch.equal(one[key], two[key]) and one[key].isfinite().all() for key in one)
    log = (tmp_path / "run" / "log.jsonl").read_text()
    assert log.count("rescue 1 of 3") == 1
    assert "rescue 2 of 3" not in log
