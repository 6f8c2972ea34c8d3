"""A log is read as it grows: what is new, once, whole lines, and from the start where it was written anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from rivals.log import Follower, number, part, round_of


def line(round, kind="terms"):
    return json.dumps({"kind": kind, "round": round}) + "\n"


def rounds(found):
    return [event["round"] for event in found[0]]


def test_only_what_was_added_is_read_and_a_half_written_line_waits(tmp_path):
    file = tmp_path / "log.jsonl"
    follower = Follower(file)
    assert follower.new() == ([], False)  # it is not there yet
    file.write_text(line(1) + line(2) + line(3)[:9])
    assert rounds(follower.new()) == [1, 2]
    assert follower.new() == ([], False)
    with file.open("a") as log:
        log.write(line(3)[9:] + line(4))
    assert rounds(follower.new()) == [3, 4]


def test_a_log_that_was_written_anew_is_read_from_the_start(tmp_path):
    file = tmp_path / "log.jsonl"
    file.write_text(line(1) + line(2))
    follower = Follower(file)
    assert follower.new()[1] is False
    beside = tmp_path / "beside"
    beside.write_text(line(1) + line(5) + line(6))  # another file, and longer
    os.replace(beside, file)
    events, anew = follower.new()
    assert anew
    assert rounds((events, anew)) == [1, 5, 6]
    for first in (7, 8):  # twice, so that the new file may lie where the first one lay
        beside.write_text(line(first) + line(first + 1) + line(first + 2) + line(first + 3))
        os.replace(beside, file)
    assert follower.new()[1]
    assert follower.new() == ([], False)
    file.write_text(line(9) + line(1) + line(2) + line(3) + line(4))  # the same file, and longer
    assert rounds(follower.new()) == [9, 1, 2, 3, 4]
    file.write_text(line(1))  # the same file, shorter
    assert follower.new() == ([{"kind": "terms", "round": 1}], True)
    file.unlink()
    assert follower.new() == ([], True)
    assert follower.new() == ([], False)


def test_kinds_that_are_not_wanted_and_lines_that_are_no_events_are_left_out(tmp_path):
    file = tmp_path / "log.jsonl"
    file.write_text(line(1) + line(2, "score") + "{torn\n" + "[1]\n" + '{"kind": "score", torn\n' + line(3, "finding"))
    assert rounds(Follower(file, kinds=("score", "finding")).new()) == [2, 3]
    assert rounds(Follower(file).new()) == [1, 2, 3]


def test_what_an_event_does_not_hold_is_nothing():
    assert number("3", 7.0) == number(float("nan"), 7.0) == number(None, 7.0) == 7.0
    assert round_of({"round": "x"}) == 0
    assert part({"terms": 3}, "terms") == part({}, "terms") == {}


def test_whoever_looks_over_runs_needs_no_torch():
    code = "import sys, rivals.run, rivals.report, rivals.report.words; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
