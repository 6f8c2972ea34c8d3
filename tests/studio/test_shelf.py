"""The runs of a folder at a glance: found, read as they grow, told apart; what leads out of the folder is refused."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket

import pytest

from rivals.errors import UserError
from rivals.report.watch import MOST, Watch
from rivals.run import Run
from rivals.studio.shelf import Shelf


def by_name(shelf):
    return {glance.name: glance for glance in shelf.refresh()}


def test_runs_are_found_at_any_depth_and_told(folder):
    (folder / "no-run").mkdir()
    glances = by_name(Shelf(folder))
    assert set(glances) == {"gan-digits", "more/seed-1"}
    glance = glances["gan-digits"]
    assert (glance.recipe, glance.data, glance.round, glance.state, glance.progress) == ("gan", "digits", 40, "finished", 1.0)
    assert glance.score == "fd"
    assert glance.final == glance.values[-1]
    assert glance.best == min(glance.values)
    assert glance.speed > 0
    assert glance.words == []


def test_only_what_is_new_is_read(folder):
    shelf = Shelf(folder)
    glance = by_name(shelf)["gan-digits"]
    looks, end = len(glance.scores), glance.follower.end
    score = {"kind": "score", "round": 50, "seconds": 9.0, "images": 1, "scores": {"fd": 0.5}, "best": True}
    finding = {"kind": "finding", "round": 51, "seconds": 9.5, "name": "collapse", "since": 40}
    run = Run(glance.path)
    for event in (score, finding):
        run.note(event)
    again = by_name(shelf)["gan-digits"]
    assert again is glance
    assert (len(glance.scores), glance.best, glance.words, glance.round) == (looks + 1, 0.5, ["collapse"], 51)
    assert glance.follower.end > end
    run.rewind(40)  # as a resumed run does
    assert (len(by_name(shelf)["gan-digits"].scores), glance.words, glance.round) == (looks, [], 40)


def test_a_run_that_is_being_trained_stopped_or_was_killed_is_told(folder):
    shelf, path = Shelf(folder), folder / "gan-digits"
    (path / "checkpoints" / "final.safetensors").unlink()
    assert by_name(shelf)["gan-digits"].state == "stopped"
    run = Run(path)
    with run.locked():
        assert run.trained_by() == (os.getpid(), socket.gethostname())
        assert by_name(shelf)["gan-digits"].state == "training"
        with pytest.raises(UserError, match="being trained"), run.locked():
            pass
        assert run.trained_by().process == os.getpid()  # whoever came second has not wiped it out
    assert (path / ".lock").read_text().split()[0] == str(os.getpid())  # as a kill leaves it
    assert run.trained_by() is None


def test_whoever_looks_does_not_keep_a_training_from_beginning(folder):
    run = Run(folder / "gan-digits")
    with (run.path / ".lock").open() as looker:
        fcntl.flock(looker, fcntl.LOCK_SH)
        os.set_inheritable(looker.fileno(), True)
        child = os.fork()
        if not child:
            import time

            time.sleep(0.02)
            os._exit(0)
    with run.locked():  # the child held it for a moment more
        assert run.trained_by().process == os.getpid()
    os.waitpid(child, 0)


def test_a_run_that_is_to_train_longer_or_is_another_one_is_read_again(folder):
    shelf, path = Shelf(folder), folder / "gan-digits"
    (path / "checkpoints" / "final.safetensors").unlink()
    assert by_name(shelf)["gan-digits"].progress == 1.0
    run = Run(path)
    run.extend({**run.settings, "budget": {"rounds": 400}})
    assert by_name(shelf)["gan-digits"].progress == 0.1
    for budget in ({"rounds": 0}, {"minutes": 0}, {}):
        run.extend({**run.settings, "budget": budget})
        assert by_name(shelf)["gan-digits"].progress == 0.0
    assert shelf.glance("gan-digits").round == 40
    shutil.rmtree(path)
    with pytest.raises(UserError, match="no run 'gan-digits' here"):
        shelf.glance("gan-digits")


def test_what_is_deleted_or_damaged_is_left_out(folder):
    shelf = Shelf(folder)
    assert len(shelf.refresh()) == 2
    shutil.rmtree(folder / "more")
    assert set(by_name(shelf)) == {"gan-digits"}
    for wrong in ("{torn", "[1, 2]"):
        broken = folder / f"broken-{len(wrong)}"
        broken.mkdir()
        (broken / "settings.json").write_text(wrong)
    assert set(by_name(shelf)) == {"gan-digits"}
    with pytest.raises(UserError, match="rivals train auto"):
        Shelf(folder / "nothing")


def test_no_path_leads_out_of_the_folder(folder, trained):
    shelf = Shelf(folder)
    assert shelf.path("more/seed-1") == folder / "more" / "seed-1"
    (folder / "link").symlink_to(trained)
    for name in ("..", "../runs/../..", str(trained), "link", "more/../../trained", "gan-digits/pictures", "", "no\0thing"):
        with pytest.raises(UserError, match="no run"):
            shelf.path(name)
    assert "link" not in by_name(shelf)  # links are not followed


@pytest.mark.parametrize("part", ["settings.json", "log.jsonl", "checkpoints", "checkpoints/best.safetensors", "pictures"])
def test_no_part_of_a_run_leads_out_of_the_folder(folder, trained, part):
    led = folder / "gan-digits" / part
    if led.is_dir():
        shutil.rmtree(led)
    else:
        led.unlink()
    led.symlink_to(trained / part)
    assert set(by_name(Shelf(folder))) == {"more/seed-1"}
    with pytest.raises(UserError, match="no run"):
        Shelf(folder).path("gan-digits")


def test_hours_of_watching_keep_no_more_than_minutes(folder):
    watch = Watch(folder / "gan-digits", "gan-digits")
    assert watch.refresh()
    assert not watch.refresh()
    story = watch.story()
    assert (story.rounds, story.recipe) == (40, "gan")
    event = {**story.terms[-1]}
    with (folder / "gan-digits" / "log.jsonl").open("a") as log:
        for round in range(41, 41 + 3 * MOST):
            log.write(json.dumps({**event, "round": round}) + "\n")
    assert watch.refresh()
    assert MOST / 2 <= len(watch.events["terms"]) <= MOST
    assert watch.story().rounds > 41 + 2.9 * MOST  # the newest stay
    Run(folder / "gan-digits").rewind(40)
    assert watch.refresh()
    assert watch.story().rounds == 40
    assert [event["round"] for event in watch.pictures()] == [0, 10, 20, 30, 40]
    (folder / "gan-digits" / "settings.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        Watch(folder / "gan-digits", "gan-digits")
