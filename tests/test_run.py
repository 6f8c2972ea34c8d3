"""The run folder survives torn lines and answers for what it lacks."""

from __future__ import annotations

import pytest

from rivals.errors import UserError
from rivals.run import Run, differences


@pytest.fixture
def run(tmp_path):
    return Run.open(tmp_path / "run", {"recipe": "gan", "seed": 0, "options": {"lr": 1}, "precision": "float32"})


def test_a_torn_line_is_left_out(run):
    run.note({"kind": "note", "round": 1, "text": "a"})
    with (run.path / "log.jsonl").open("a") as file:
        file.write('{"kind": "note", "rou')
    assert [event["text"] for event in run.log()] == ["a"]
    run.rewind(1)
    run.note({"kind": "note", "round": 2, "text": "b"})
    assert [event["text"] for event in run.log()] == ["a", "b"]


def test_rewinding_forgets_what_will_happen_again(run):
    for round in range(5):
        run.note({"kind": "note", "round": round, "text": ""})
    run.rewind(2)
    assert [event["round"] for event in run.log()] == [0, 1, 2]


def test_only_the_last_checkpoints_are_kept(run):
    with run.locked():
        for round in (1, 2, 30, 400):
            run.save({"round": round}, keep=2)
    assert [file.stem for file in run.numbered()] == ["0000030", "0000400"]
    tree, said = run.checkpoint()
    assert tree["round"] == 400
    assert said == []


def test_differences_are_named():
    old = {"recipe": "gan", "options": {"lr": 1, "width": 8}, "seed": 0, "precision": "bf16"}
    assert differences(old, old) == []
    assert differences(old, {**old, "options": {"lr": 2, "width": 8}}) == ["lr: 1 -> 2"]
    assert differences(old, {**old, "precision": "auto"}) == []
    assert differences(old, {**old, "precision": "float32"}) == ["precision: bf16 -> float32"]


def test_what_is_no_run_says_so(tmp_path):
    with pytest.raises(UserError, match="no run folder"):
        Run(tmp_path)
