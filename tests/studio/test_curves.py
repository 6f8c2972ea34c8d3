"""Curves as the browser draws them and as they are saved."""

from __future__ import annotations

import csv
import io
import math

import pytest

from rivals.report.charts import DARK, LIGHT, Curve, Group, groups_of, on_paper
from rivals.report.story import told
from rivals.studio.curves import options, values

LONG = Curve("loss", [float(i) for i in range(200)], [1 + i % 2 for i in range(200)])
SHORT = Curve("other", [0.0, 10.0, 20.0], [5.0, math.nan, 3.0], 1, best=(20.0, 3.0))


def test_values_gaps_the_best_and_findings_are_drawn():
    findings = [{"kind": "finding", "round": 15, "name": "collapse"}, {"kind": "finding", "name": "of no round", "round": "x"}]
    drawn = options(Group("Losses", [SHORT]), dark=False, findings=findings)
    (line,) = drawn["series"]
    assert line["data"] == [[0.0, 5.0], [10.0, None], [20.0, 3.0]]
    assert line["markPoint"]["data"][0]["coord"] == [20.0, 3.0]
    assert [mark["xAxis"] for mark in line["markLine"]["data"]] == [15.0, 0.0]
    assert "markLine" not in options(Group("Memory", [SHORT]), dark=False, findings=findings)["series"][0]
    assert "other from 5 to 3" in drawn["aria"]["label"]["description"]
    assert options(Group("Losses", [SHORT]), dark=True)["series"][0]["color"] == DARK[1] != LIGHT[1]


@pytest.mark.parametrize(("x", "place"), [("round", 5.0), ("image", 320.0), ("minute", 0.25)])
def test_findings_stand_where_they_began(x, place):
    finding = {"kind": "finding", "round": 20, "images": 1280, "seconds": 60, "since": 5, "name": "collapse"}
    group = Group("Losses", [SHORT], x=x)
    (mark,) = options(group, dark=False, findings=[finding])["series"][0]["markLine"]["data"]
    assert mark["xAxis"] == place


def test_smoothing_draws_the_mean_and_leaves_short_curves_as_they_are():
    drawn = options(Group("Losses", [LONG, SHORT]), dark=False, smoothing=0.9)
    faint, mean, short = drawn["series"]
    assert {y for _, y in faint["data"]} == {1.0, 2.0}
    assert all(1.4 < y < 1.6 for _, y in mean["data"][-20:])
    assert short["data"][0] == [0.0, 5.0]
    assert drawn["legend"]["show"]


def test_curves_that_hold_nothing_yet_are_left_out():
    empty, none = Curve("empty", [], []), Curve("none", [0.0, 1.0], [math.nan, math.nan])
    drawn = options(Group("Speed", [empty, SHORT, none]), dark=False)
    assert [line["name"] for line in drawn["series"]] == ["other"]


def test_wide_ranges_are_logarithmic():
    assert options(Group("a", [Curve("a", [0, 1], [1, 1000])]), dark=False)["yAxis"]["type"] == "log"
    assert options(Group("a", [Curve("a", [0, 1], [1, 5])]), dark=False)["yAxis"]["type"] == "value"


def test_files_hold_the_numbers_and_the_drawing():
    rows = list(csv.reader(io.StringIO(values(Group("Losses", [LONG, SHORT])))))
    assert rows[0] == ["curve", "round", "value"]
    assert len(rows) == 204
    assert rows[-2:] == [["other", "10.0", "nan"], ["other", "20.0", "3.0"]]
    svg = on_paper(Group("Losses", [LONG, SHORT], "nats"), "svg")
    assert b"Losses, nats" in svg
    assert b"var(" not in svg
    assert on_paper(Group("Losses", [SHORT]), "png").startswith(b"\x89PNG")


@pytest.mark.parametrize(("x", "places"), [("round", [10.0, 20.0]), ("image", [640.0, 1280.0]), ("minute", [0.5, 1.0])])
def test_curves_are_drawn_against_rounds_images_or_minutes(x, places):
    log = [
        {"kind": "terms", "round": 10 * i, "images": 640 * i, "seconds": 30 * i, "terms": {"G": {"loss": i}}, "speed": 5.0}
        for i in (1, 2)
    ]
    log += [{"kind": "score", "round": 20, "images": 1280, "seconds": 60, "scores": {"fd": 3.0}, "best": True}]
    score, losses, speed = groups_of(told({}, log, "run"), x)
    assert (losses.title, losses.curves[0].x, losses.x) == ("Losses of the G", places, x)
    assert score.curves[0].best == (places[1], 3.0)
    assert speed.unit == "images/s"
