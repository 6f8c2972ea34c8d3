"""The trials of a study: side by side, kept when they end, taken up by the next run, forgotten when the study is done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rivals.errors import UserError
from rivals.studies import STUDIES, Findings, Row, core, run, trials
from rivals.studies.trials import Kept, side_by_side


def squared(x):
    """Leaves a mark, so that one can see that it ran."""
    number, folder = x
    with (folder / f"ran-{number}").open("a") as file:
        file.write("x")
    if number == 3 and (folder / "break").exists():
        raise UserError("the third fails")
    return number**2


def times(folder):
    """How often each trial ran."""
    return {int(file.name[4:]): len(file.read_text()) for file in folder.glob("ran-*")}


@pytest.fixture
def study(monkeypatch, tmp_path):
    monkeypatch.setattr(core, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(trials.os, "cpu_count", lambda: 1)  # in this process, one after the other

    def squares(plan):
        values = plan.side_by_side(squared, [(number, tmp_path) for number in range(6)])
        return Findings(rows=[Row(system="squares", metric="square", values=values)], claims=[], protocol="p.")

    made = core.Study(name="squares", title="Squares", source="Nobody", seeds=1, minutes=1, run=squares)
    monkeypatch.setitem(STUDIES.known, "squares", made)


def test_a_study_that_was_stopped_goes_on_where_it_was(study, tmp_path):
    (tmp_path / "break").touch()
    with pytest.raises(UserError, match="the third fails"):
        run("squares", tmp_path / "out", tell=lambda _: None)
    assert times(tmp_path) == {0: 1, 1: 1, 2: 1, 3: 1}
    (tmp_path / "break").unlink()
    told = []
    tree = json.loads(run("squares", tmp_path / "out", tell=told.append).read_text())
    assert tree["rows"][0]["values"] == [0, 1, 4, 9, 16, 25]
    assert times(tmp_path) == {0: 1, 1: 1, 2: 1, 3: 2, 4: 1, 5: 1}
    assert told[0] == "3 of 6 trials are at hand from a run that was stopped"
    assert not list((tmp_path / "cache" / "trials").iterdir())  # done: nothing is kept
    run("squares", tmp_path / "out", tell=lambda _: None)
    assert times(tmp_path)[0] == 2


def test_nothing_is_taken_from_other_sources_or_another_trial(tmp_path, monkeypatch):
    store = Kept(tmp_path)
    store.write(squared, (1, tmp_path), 2.0, "one")
    assert store.read(squared, (1, tmp_path)) == ("one",)
    assert store.taken == 2.0
    assert store.read(squared, (2, tmp_path)) == ()
    assert store.read(times, (1, tmp_path)) == ()
    monkeypatch.setattr(trials, "sources", lambda: "another line of code")
    assert store.read(squared, (1, tmp_path)) == ()


def test_what_nobody_went_on_with_is_forgotten(tmp_path):
    store = Kept(tmp_path)
    store.write(squared, (1, tmp_path), 1.0, 1)
    store.files.clear()  # as if of a study that was stopped
    store.forget()
    assert store.read(squared, (1, tmp_path)) == (1,)
    store.files.clear()
    long_ago = time.time() - 8 * 86400
    os.utime(store.file(squared, (1, tmp_path)), (long_ago, long_ago))
    store.forget()
    assert store.read(squared, (1, tmp_path)) == ()


def test_processes_give_the_same_in_order_and_stop_at_the_first_error(tmp_path):
    told = []
    assert side_by_side(abs, range(-20, 0), tell=told.append) == [*range(20, 0, -1)]
    assert told[0].startswith("2 of 20 trials in ")
    with pytest.raises(TypeError):
        side_by_side(abs, ["no number", -1])


def sleeping(parent, file):
    trials.ready(parent)
    Path(file).write_text(str(os.getpid()))
    time.sleep(60)


def test_a_worker_ends_when_its_parent_was_killed(tmp_path):
    file = tmp_path / "worker"
    parent = (
        "import multiprocessing, os, sys; sys.path.insert(0, sys.argv[2]); import test_trials_study as t\n"
        "multiprocessing.get_context('fork').Process(target=t.sleeping, args=(os.getpid(), sys.argv[1])).start()"
    )
    process = subprocess.Popen([sys.executable, "-c", parent, str(file), str(Path(__file__).parent)])
    until = time.monotonic() + 60
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < until
        time.sleep(0.05)
    process.kill()
    process.wait()
    worker = int(file.read_text())
    while alive(worker):
        assert time.monotonic() < until
        time.sleep(0.05)


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().split(")")[-1].split()[0] != "Z"
    except FileNotFoundError:
        return False
