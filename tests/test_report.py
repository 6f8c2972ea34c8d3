"""What a reader of `report.html` is told, for whole, unfinished, damaged and several runs."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rivals.errors import UserError
from rivals.report import write_report
from rivals.report.charts import smooth, thin
from rivals.report.story import MOST_PICTURES, spread

PROTOCOL = "Fréchet distance, 64 random convolution features, 2,000 samples against 2,000 training rows"
HOW: dict[str, Any] = {"protocol": {"fd": PROTOCOL}, "better": {"fd": "lower"}}
SETTINGS: dict[str, Any] = {
    "recipe": "dcgan",
    "options": {"width": 64, "lr": 0.0002, "flip": True, "clip": None},
    "data": {"source": "digits", "size": [8, 8], "fit": "crop", "only": None, "fingerprint": "b1946ac9"},
    "facts": {"shape": [1, 8, 8], "count": 1797},
    "notes": ["12 pictures were resized"],
    "seed": 3,
    "batch": 64,
    "precision": "float32",
    "device": "cpu",
    "budget": {"minutes": 10},
    "parameters": {"generator": 1234567},
    "why": ["The pictures are small, so the networks are."],
    "versions": {"rivals": "0.1.0"},
}
ONE: list[dict[str, Any]] = [
    {"kind": "note", "round": 0, "text": "seed 3"},
    *(
        {
            "kind": "terms",
            "round": r,
            "images": 64 * r,
            "seconds": r / 10,
            "speed": 640.0,
            "terms": {"discriminator": {"adversarial": 1.386, "penalty": 0.02}, "generator": {"adversarial": 0.69}},
            "gradients": {"discriminator": 0.3, "generator": 0.1},
            "memory": 512.0,
        }
        for r in range(100, 1300, 100)
    ),
    {"kind": "score", "round": 500, "seconds": 50.0, "scores": {"fd": 20.5}, "best": True, **HOW},
    {"kind": "score", "round": 900, "seconds": 90.0, "scores": {"fd": 12.25}, "best": True, **HOW},
    {
        "kind": "score",
        "round": 1200,
        "seconds": 120.0,
        "scores": {"fd": 13.75},
        "best": False,
        **HOW,
    },
    {"kind": "note", "round": 600, "text": "resumed at round 600"},
]


def run(path: Path, log: list[dict[str, Any]], *, pictures: int = 0, **changes: Any) -> Path:
    """A run folder as training leaves it."""
    (path / "pictures").mkdir(parents=True)
    (path / "settings.json").write_text(json.dumps({**SETTINGS, **changes}))
    if pictures:
        Image.new("L", (9, 9)).save(path / "pictures/real.png")
    for number in range(pictures):
        file = f"pictures/{number * 100:07d}.png"
        Image.fromarray(np.full((9, 9), number, np.uint8)).save(path / file)
        log = [*log, {"kind": "picture", "round": number * 100, "seconds": number * 10.0, "file": file}]
    (path / "log.jsonl").write_text("".join(json.dumps(event) + "\n" for event in log))
    return path


class Page(HTMLParser):
    """The text, the pictures and the addresses of a page; fails on tags that do not close."""

    EMPTY = frozenset({"meta", "img", "input", "br", "path", "circle", "use"})

    def __init__(self, file: Path):
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.source = file.read_text("utf-8")
        self.feed(self.source)
        self.close()
        assert not self.open, f"left open: {self.open}"
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def charts(self) -> list[str]:
        return [str(a["aria-label"]) for a in self.all("div") if a.get("role") == "img"]


def test_a_run_is_told_in_one_sentence_with_its_protocol(tmp_path: Path) -> None:
    file = write_report([run(tmp_path / "one", ONE)])
    assert file == tmp_path / "one" / "report.html"
    text = Page(file).text
    assert "1,200 rounds in 2 minutes of 10 minutes on cpu, 640 images/s" in text
    assert "Fréchet distance 12.25 at best, in round 900, and 13.75 at last, in round 1,200." in text
    assert PROTOCOL in text
    assert "resumed at round 600" in text


def test_a_run_that_was_best_at_last_says_so_once(tmp_path: Path) -> None:
    log = [row for row in ONE if row["kind"] != "score" or row["best"]]
    page = Page(write_report([run(tmp_path / "one", log)]))
    assert "Fréchet distance 12.25 in round 900, the last and the best." in page.text


def test_settings_and_the_command_that_repeats_the_run(tmp_path: Path) -> None:
    text = Page(write_report([run(tmp_path / "one", ONE)])).text
    command = "rivals train dcgan --data digits --size 8 8 --fit crop --width 64 --lr 0.0002 --flip --seed 3"
    assert f"{command} --precision float32 --minutes 10" in text
    for words in (
        "12 pictures were resized",
        "b1946ac9",
        "1 \N{MULTIPLICATION SIGN} 8 \N{MULTIPLICATION SIGN} 8",
        "1,234,567",
        "What was chosen, and why The pictures are small, so the networks are.",
    ):
        assert words in text
    spaced = run(tmp_path / "two", [], recipe="gan", data={"source": "my photos"})
    assert "rivals train gan --data 'my photos'" in Page(write_report([spaced])).text


def test_curves_say_what_they_show_and_mark_the_best(tmp_path: Path) -> None:
    page = Page(write_report([run(tmp_path / "one", ONE)]))
    assert page.charts[0] == "Fréchet distance by round: Fréchet distance from 20.5 to 13.75, best 12.25 at round 900."
    titles = [chart.split(" by ")[0] for chart in page.charts[1:]]
    assert titles == ["Losses of the discriminator", "Losses of the generator", "Gradient norms", "Speed", "Memory"]
    assert "best 12.25 in round 900" in page.text
    assert "log 4 ≈ 1.386" in page.text


@pytest.mark.parametrize("several", [False, True])
def test_the_page_needs_nothing_else(tmp_path: Path, several: bool) -> None:
    runs = [run(tmp_path / str(i), ONE, pictures=3) for i in range(1 + several)]
    page = Page(write_report(runs, tmp_path / "page.html"))
    assert "://" not in page.source
    assert not page.all("link")
    ids = {str(a["id"]) for _, a in page.tags if "id" in a}
    assert len(ids) == sum("id" in a for _, a in page.tags), "an id stands twice"
    for _, attrs in page.tags:
        assert str(attrs.get("src", "data:")).startswith("data:")
        assert str(attrs.get("href", "#"))[0] == "#"
        assert str(attrs.get("href", "#"))[1:] in ids | {""}
    assert all(name in ids for name in re.findall(r"url\(#([^)]*)\)", page.source))
    assert not re.search(r"url\((?!#)", page.source)


def test_colours_follow_the_mode(tmp_path: Path) -> None:
    page = Page(write_report([run(tmp_path / "one", ONE)]))
    assert "prefers-color-scheme: dark" in page.source
    drawings = "".join(re.findall(r"<svg viewBox.*?</svg>", page.source))
    assert "var(--c0)" in drawings
    assert not re.search(r"#[0-9a-f]{6}\b", drawings), "a fixed colour is wrong in one of the modes"


def test_every_picture_and_control_has_a_name(tmp_path: Path) -> None:
    page = Page(write_report([run(tmp_path / "one", ONE, pictures=3)]))
    images = page.all("img")
    assert len(images) == 2 + 3  # real, last; the three through time
    assert all(image["alt"] for image in images)
    assert images[1]["src"] == images[-1]["src"]
    assert images[1]["alt"] == "Samples of the generator, round 200, 20 s"
    slider, button = page.all("input")[0], page.all("button")[0]
    assert slider["aria-label"]
    assert button["aria-label"]
    assert (slider["min"], slider["max"]) == ("0", "2")


def test_many_pictures_are_thinned_and_the_first_and_last_stay(tmp_path: Path) -> None:
    page = Page(write_report([run(tmp_path / "one", [], pictures=60)]))
    captions = [str(a["data-caption"]) for a in page.all("figure") if "data-caption" in a]
    assert len(captions) == MOST_PICTURES
    assert captions[0].startswith("round 0,")
    assert captions[-1].startswith("round 5,900,")


@pytest.mark.parametrize("n", [2, 39, 40, 41, 79, 1000])
def test_thinning_is_even(n: int) -> None:
    kept = spread(n, 40)
    assert (kept[0], kept[-1], len(kept)) == (0, n - 1, min(n, 40))
    steps = np.diff(kept)
    assert steps.min() >= 1
    assert steps.max() - steps.min() <= 1


def test_pictures_come_from_the_run_folder_alone(tmp_path: Path) -> None:
    Image.new("L", (9, 9)).save(tmp_path / "private.png")
    log = [{"kind": "picture", "round": 1, "file": name} for name in ("../private.png", str(tmp_path / "private.png"))]
    folder = run(tmp_path / "one", log)
    (folder / "pictures/real.png").write_bytes(b"not a picture")
    assert not Page(write_report([folder])).all("img")


@pytest.mark.parametrize(
    "log",
    [
        [],
        [{"kind": "note", "round": 0, "text": "stopped by Ctrl-C"}],
        [{"kind": "terms", "round": 1, "terms": {"vae": {"kl": 3.5}}}],
        [
            {"kind": "terms", "round": 1},
            {"kind": "score", "round": 1},
            {"kind": "picture", "round": 1},
            {"kind": "new"},
        ],
    ],
)
def test_young_runs_are_told_too(tmp_path: Path, log: list[dict[str, Any]]) -> None:
    page = Page(write_report([run(tmp_path / "one", log)]))
    assert "There are no pictures." in page.text
    assert "rivals train dcgan" in page.text


def test_settings_may_lack_everything(tmp_path: Path) -> None:
    folder = run(tmp_path / "one", ONE[:3])
    (folder / "settings.json").write_text("{}")
    assert "own game on unknown data" in Page(write_report([folder])).text


def test_a_torn_log_is_read_up_to_the_tear(tmp_path: Path) -> None:
    folder = run(tmp_path / "one", ONE)
    with (folder / "log.jsonl").open("a") as file:
        file.write('{"kind": "terms", "round": 99999, "ter')
    assert "1,200 rounds" in Page(write_report([folder])).text


def test_values_that_are_not_finite_are_said_and_not_drawn(tmp_path: Path) -> None:
    values = [1.0, math.nan, math.inf, 2.0]
    log = [
        {
            "kind": "terms",
            "round": i,
            "seconds": math.nan,
            "speed": v,
            "terms": {"critic": {"kl": v, "never": math.nan}},
        }
        for i, v in enumerate(values)
    ]
    log.append({"kind": "score", "round": 3, "scores": {"fd": math.nan}, "best": True})
    page = Page(write_report([run(tmp_path / "one", log)]))
    assert page.charts[0] == "Losses of the critic by round: kl from 1 to 2."
    assert "kl: 2 values are not finite" in page.text
    assert "never: 4 values are not finite" in page.text
    assert "nan" not in page.text.lower()
    assert not re.search(r"\b(nan|inf)\b", page.source.split("<main>")[1].split("<script>")[0], re.IGNORECASE)


def test_a_value_that_only_some_rows_have_is_no_fault(tmp_path: Path) -> None:
    log = [row if i % 2 else {**row, "gradients": {}} for i, row in enumerate(ONE)]
    page = Page(write_report([run(tmp_path / "one", log)]))
    assert "Gradient norms by round: discriminator from 0.3 to 0.3; generator from 0.1 to 0.1." in page.charts
    assert "finite" not in page.text.replace("values that are not finite", "")  # how to read the losses


def test_what_comes_from_a_run_is_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>\"'$x_"
    log = [
        {"kind": "terms", "round": 1, "terms": {evil: {evil: 1.0, "b": 2.0}}, "gradients": {evil: 1.0}},
        {"kind": "score", "round": 1, "scores": {evil: 1.0}, "protocol": evil, "best": True},
        {"kind": "note", "round": 1, "text": evil},
    ]
    changes = {
        "recipe": evil,
        "data": {"source": evil},
        "notes": [evil],
        "options": {evil: evil},
        "why": [evil],
        "device": evil,
    }
    runs = [run(tmp_path / name, log, pictures=2, **changes) for name in ("<b>one", "two")]
    for file in (write_report(runs[:1]), write_report(runs, tmp_path / "both.html")):
        page = Page(file)
        assert len(page.all("script")) == 1
        assert not [a for a in page.all("b") if a.get("one")]
        assert "alert(1)" in page.text


def test_rounds_that_were_repeated_count_once(tmp_path: Path) -> None:
    again = [{"kind": "score", "round": 500, "seconds": 50.0, "scores": {"fd": 21.5}, "protocol": {"fd": PROTOCOL}}]
    page = Page(write_report([run(tmp_path / "one", ONE + again)]))
    assert "from 21.5 to 13.75" in page.charts[0]


def test_several_runs_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    better = json.loads(json.dumps(ONE).replace("12.25", "9.5"))
    runs = [
        run(tmp_path / "plain", ONE, pictures=2),
        run(tmp_path / "wide", better, pictures=2, options={"width": 128}),
    ]
    monkeypatch.chdir(tmp_path)
    page = Page(write_report(runs))
    assert (tmp_path / "report.html").is_file()
    assert "2 runs compared" in page.text
    assert page.charts[0].endswith(
        "plain from 20.5 to 13.75, best 12.25 at round 900; wide from 20.5 to 13.75, best 9.5 at round 900."
    )
    assert page.charts[1].startswith("Fréchet distance by minutes")
    assert re.search(r'<span class="tag">best</span> <b class="best">9.5</b>', page.source)
    assert page.source.count('<span class="tag">') == 1
    differing = page.text.split("What differs")[1].split("images/s")[0]
    assert re.search(r"width 64 128", differing)
    assert "seed" not in differing
    assert page.text.count("≠") == 3 + 1  # width, and lr and flip, which the second run lacks
    assert "wide has the best Fréchet distance: 9.5, against 12.25 of plain (lower is better)." in page.text


def test_two_runs_that_differ_in_little_are_told_apart_in_a_sentence(tmp_path: Path) -> None:
    better = json.loads(json.dumps(ONE).replace("12.25", "9.5"))
    options = SETTINGS["options"]
    runs = [
        run(tmp_path / "plain", ONE, options=options | {"lr": None}, data=SETTINGS["data"] | {"caption_key": None}),
        run(tmp_path / "quick", better, seed=4),  # of a time when there were no captions
    ]
    page = Page(write_report(runs, tmp_path / "page.html"))
    assert "They differ in lr (0.0002 and default), and in their seeds." in page.text
    settings = json.loads((runs[0] / "settings.json").read_text())
    (runs[0] / "settings.json").write_text(json.dumps(settings | {"usual": {"lr": 0.001}}))
    assert "They differ in lr (0.0002 and 0.001 (default))" in Page(write_report(runs, tmp_path / "page.html")).text
    (runs[0] / "settings.json").write_text(json.dumps(settings | {"usual": {"lr": 0.0002}}))
    assert "They differ in" not in Page(write_report(runs, tmp_path / "page.html")).text  # but for the seed, which chance is
    assert "may not be compared" not in page.text
    equal = Page(write_report([runs[0], run(tmp_path / "same", ONE)], tmp_path / "page.html"))
    assert "The best Fréchet distance is shared: 12.25 (lower is better)." in equal.text


def test_what_the_doctor_found_stands_beside_the_verdict(tmp_path: Path) -> None:
    found = [
        {"kind": "finding", "round": 900, "name": name, "since": 300, "sees": ".", "tries": "."} for name in ("a", "b", "a")
    ]
    runs = [run(tmp_path / "well", ONE), run(tmp_path / "ill", ONE + found)]
    page = Page(write_report(runs, tmp_path / "page.html"))
    assert "ill: a since round 300, b since round 300." in page.text
    assert "well: a since" not in page.text


def test_long_lists_are_told_by_their_beginning(tmp_path: Path) -> None:
    names = [f"n{k}" for k in range(90)]
    page = Page(write_report([run(tmp_path / "one", ONE, attribute_names=names)]))
    assert "n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, and 78 more" in page.text


def test_a_score_that_rises_has_its_highest_as_the_best(tmp_path: Path) -> None:
    def log(values: list[float]) -> list[dict[str, Any]]:
        way = {"coverage": "higher"}
        return [
            {"kind": "score", "round": i, "scores": {"coverage": v}, "better": way, "best": True} for i, v in enumerate(values)
        ]

    runs = [run(tmp_path / "low", log([0.1, 0.5])), run(tmp_path / "high", log([0.2, 0.75]))]
    page = write_report(runs, tmp_path / "page.html").read_text()
    assert '<span class="tag">best</span> <b class="best">0.75</b>' in page


@pytest.mark.parametrize("other", [{"data": {"source": "faces"}}, {}])
def test_scores_of_unlike_measurements_are_not_compared(tmp_path: Path, other: dict[str, Any]) -> None:
    log = ONE if other else json.loads(json.dumps(ONE).replace("64 random", "32 random"))
    page = Page(write_report([run(tmp_path / "a", ONE), run(tmp_path / "b", log, **other)], tmp_path / "page.html"))
    assert "These scores may not be compared" in page.text
    assert ("(data," if other else "(protocol") in page.text
    assert '<span class="tag">' not in page.source
    assert page.charts[0].startswith("Speed")


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    page = Page(write_report([run(tmp_path / n / "run", ONE) for n in "ab"], tmp_path / "page.html"))
    assert "a/run" in page.text
    assert "b/run" in page.text


def test_wrong_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere"):
        write_report([tmp_path / "nowhere"])
    with pytest.raises(UserError, match="at least one"):
        write_report([])
    folder = run(tmp_path / "one", ONE)
    for damage in ("{", "[1]"):
        (folder / "settings.json").write_text(damage)
        with pytest.raises(UserError, match="damaged"):
            write_report([folder])
    assert not (folder / "report.html").exists()


def test_a_long_curve_keeps_its_spikes() -> None:
    x = np.arange(10_000.0)
    y = np.zeros(10_000)
    y[[1234, 8765]], y[500:520] = [7.0, -7.0], np.nan
    thin_x, thin_y = thin(x, y)
    assert len(thin_y) <= 600
    assert (np.nanmax(thin_y), np.nanmin(thin_y)) == (7.0, -7.0)
    assert thin_x[np.nanargmax(thin_y)] == 1234
    assert (np.diff(thin_x) > 0).all()


def test_smoothing_starts_at_the_curve_and_keeps_gaps() -> None:
    y = np.full(200, 3.0)
    y[50] = np.nan
    level = smooth(y)
    assert np.isnan(level[50])
    assert np.allclose(np.delete(level, 50), 3.0)
    short = np.arange(5.0)
    assert smooth(short) is short
