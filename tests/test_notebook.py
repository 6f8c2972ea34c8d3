"""A notebook, in a real kernel: a training shows itself as it goes on, and a run shows itself afterwards."""

from __future__ import annotations

import re
from types import SimpleNamespace

import nbformat
from nbclient import NotebookClient

from rivals import notebook
from rivals.report.brief import brief
from rivals.report.watch import Watch
from rivals.run import Run

TRAIN = """
import rivals
run = rivals.train(
    rivals.recipes.find("gan").but(width=8),
    rivals.Training(data="digits", into={into!r}, rounds=30, looks=3, precision="float32"),
)
"""


def outputs(cell):
    return ["".join(out["data"].get("text/html", "")) for out in cell.outputs if "data" in out]


def test_a_training_and_a_run_show_themselves(tmp_path):
    cells = [TRAIN.format(into=str(tmp_path / "run")), "run", "rivals.Run('nowhere')"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(book, timeout=200, allow_errors=True).execute()
    trained, shown, wrong = book.cells
    assert [out.output_type for out in trained.outputs] == ["display_data"]  # one picture, and no lines beside it
    (html,) = outputs(trained)
    assert "<b>30</b> of 30 rounds" in html
    assert html.count("data:image/png") == 2
    assert html.count("<svg") == 4
    (again,) = outputs(shown)
    assert re.sub(r"d\d+-", "", again) == re.sub(r"d\d+-", "", html)  # the ids of drawings are their own
    assert "rivals train RECIPE" in wrong.outputs[0].evalue


def test_nobody_else_needs_a_notebook(trained):
    assert notebook.shell() is None
    watch = Watch(trained, "gan-digits")
    watch.refresh()
    html = brief(watch)
    assert "<script" not in html
    assert Run(trained)._repr_html_().count("<figure") == html.count("<figure") == 6


def test_drawing_takes_a_share_of_the_time(trained, monkeypatch):
    ticks = iter(range(10_000))  # each look at the clock takes a second, and so does a drawing
    monkeypatch.setattr(notebook.time, "monotonic", lambda: float(next(ticks)))
    drawn = []
    monkeypatch.setattr("rivals.report.brief.brief", lambda watch: drawn.append(watch) or "")
    handle = SimpleNamespace(update=lambda html: None)
    live = notebook.Live.__new__(notebook.Live)
    live.html, live.watch, live.handle, live.next = str, Watch(trained, "gan-digits"), handle, 0.0
    for _ in range(200):
        live.update()
    assert 8 <= len(drawn) <= 11  # a second of twenty
    before = len(drawn)
    live.update(at_once=True)
    assert len(drawn) == before + 1
