"""Trainings that the studio starts, stops and continues are the command line's, and outlive it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rivals.errors import UserError
from rivals.run import Run
from rivals.studio.jobs import Jobs

SMALL = ["gan", "--width", "8", "--data", "digits", "--precision", "float32"]


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_training_is_started_stopped_and_continued_to_its_end(tmp_path):
    jobs, into = Jobs(tmp_path), tmp_path / "run"
    jobs.train([*SMALL, "--minutes", "5"], into)
    with pytest.raises(UserError, match="already"):
        jobs.train([*SMALL, "--minutes", "5"], into)
    until(lambda: (into / "log.jsonl").is_file() and Run(into).trained_by() is not None)
    jobs.stop(into)
    until(lambda: not jobs.running(into))
    assert jobs.failed(into) is None  # it was asked to
    stopped = Run(into).log()[-1]
    assert "stopped" in stopped["text"]
    with pytest.raises(UserError, match="nothing is training"):
        jobs.stop(into)
    assert Run(into).begun_in == Path.cwd()
    jobs.train([*SMALL, "--rounds", str(stopped["round"] + 5)], into, begun_in=tmp_path)
    until(lambda: not jobs.running(into))
    assert jobs.failed(into) is None, jobs.said(into).read_text()
    assert Run(into).file("final").is_file()
    assert Run(into).begun_in == tmp_path
    assert jobs.said(into).read_text().startswith("rivals train gan --width 8")


def test_what_a_training_could_not_begin_with_is_told(tmp_path):
    jobs, into = Jobs(tmp_path), tmp_path / "run"
    jobs.train(["gan", "--data", "no-such-thing"], into)
    until(lambda: jobs.failed(into) is not None)
    assert "no-such-thing" in jobs.failed(into)
    assert not into.exists()
