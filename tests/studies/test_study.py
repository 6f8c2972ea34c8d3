"""Studies: what they write, what they say when they are made smaller, wrong input."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from PIL import Image

from rivals.cli import main
from rivals.errors import UserError
from rivals.studies import STUDIES, Claim, Findings, Row, core, run
from rivals.studies.drawing import figure
from rivals.studies.page import pages

WHY = {"It flies": "it has no wings", "It counts": "never told: it holds"}


@pytest.fixture
def example(monkeypatch):
    """A study of two seeds that counts."""

    def counting(plan):
        """Counts."""
        for number in range(3):
            drawing = figure(2, 1)
            drawing.add_subplot().plot([number])
            plan.figure(drawing, f"drawing-{number}")
        other = figure(2, 1)
        plan.film([drawing, other], "film")
        values = [float(plan.rounds(100)) + seed for seed in range(plan.seeds)]
        rows = [Row(system="counter", metric="count", values=values, published="17.3 ± 0.8", source="Somebody, 2017")]
        rows.append(Row(system="counter", metric="never", values=[math.inf] * plan.seeds))
        return Findings(
            rows=rows, claims=[Claim("It counts", True, "to 100"), Claim("It flies", False, "it does not")], protocol="p."
        )

    made = core.Study(name="counting", title="Counting", source="Nobody, 2020", seeds=2, minutes=1, run=counting, why=WHY)
    monkeypatch.setitem(STUDIES.known, "counting", made)
    return made


def test_a_study_writes_rows_claims_and_figures(example, tmp_path):
    results = run("counting", tmp_path / "new" / "folder", tell=lambda _: None)
    tree = json.loads(results.read_text(), parse_constant=pytest.fail)
    row, never = tree["rows"]
    assert (row["values"], row["mean"], row["published"]) == ([100.0, 101.0], 100.5, "17.3 ± 0.8")
    assert row["spread"] == pytest.approx(0.5**0.5)
    assert never["values"] == ["inf", "inf"]
    assert tree["smaller"] == ""
    assert tree["seeds"] == [0, 1]
    assert tree["command"] == "rivals study counting"
    table = (results.parent / "table.md").read_text()
    assert "| counter | count | 100.5 ± 0.7071 | 17.3 ± 0.8 |" in table
    assert "| It flies | **no** | it does not. **Why not:** it has no wings |" in table
    assert "never told" not in table
    assert tree["figures"] == ["drawing-0.png", "drawing-1.png", "drawing-2.png", "film.gif"]
    assert Image.open(results.parent / "film.gif").n_frames == 2


def test_a_metric_of_several_systems_is_a_column():
    def row(system, metric, mean, published=""):
        return {"system": system, "metric": metric, "mean": mean, "spread": None, "published": published}

    rows = [row(system, f"ring: {metric}", 1.5, "2" * (metric == "modes")) for system in "AB" for metric in ("modes", "KL")]
    assert core.tabulated(rows, "ring") == [
        "| ring (published) | modes | KL |",
        "|---|---|---|",
        "| A | 1.5 (2) | 1.5 |",
        "| B | 1.5 (2) | 1.5 |",
    ]
    assert core.tabulated(rows[:-1], "ring")[-1] == "| B | 1.5 (2) |  |"
    assert core.tabulated([rows[0], rows[3]], "ring") == []  # half of it would be empty
    assert core.tabulated([*rows, rows[0]], "ring") == []  # two of one place
    assert core.tabulated([row(system, str(number), 1.0) for system in "AB" for number in range(7)], "") == []  # too wide


def test_a_smaller_study_says_so(example, tmp_path):
    tree = json.loads(run("counting", tmp_path, seeds=1, quick=True).read_text())
    assert tree["rows"][0]["values"] == [10.0]
    assert tree["rows"][0]["spread"] is None
    assert tree["smaller"] == "1 of 2 seeds and 1/10 of the rounds"
    assert tree["command"] == "rivals study counting --seeds 1 --quick"
    assert "made smaller: 1 of 2 seeds" in (tmp_path / "table.md").read_text()


def test_results_stand_on_the_page_of_their_study(example, monkeypatch, tmp_path):
    other = replace(example, name="other", title="Otherwise", page="control")
    monkeypatch.setitem(STUDIES.known, "other", other)
    with pytest.raises(UserError, match="no results"):
        pages(tmp_path)
    run("counting", tmp_path / "counting")
    assert list(pages(tmp_path)) == ["studies"]
    run("other", tmp_path / "other", seeds=1)
    told = pages(tmp_path)
    assert "| [counting](#counting) | Counting | 2 |" in told["studies"]
    assert "Otherwise" not in told["studies"]
    assert "| [other](#other) | Otherwise | 1 |" in told["control"]
    assert "Counting" not in told["control"]
    assert "(studies/other/drawing-0.png)" in told["control"]
    assert "it has no wings" in told["control"]


def test_wrong_input_says_what_to_do(example, tmp_path, capsys):
    with pytest.raises(UserError, match="unknown study 'countin': did you mean 'counting'"):
        run("countin", tmp_path)
    with pytest.raises(UserError, match="--seeds must be at least 1"):
        run("counting", tmp_path, seeds=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="pass --out FOLDER"):
        run("counting", tmp_path / "file")


def test_the_commands_list_and_run(example, tmp_path, capsys):
    main(["studies"])
    assert "counting" in capsys.readouterr().out
    main(["study", "counting", "--out", str(tmp_path / "c"), "--seeds", "1"])
    assert "| counter | count | 100 |" in capsys.readouterr().out
