"""The pages: stories, the comparison of several, an evaluation; the templates set them.

Whatever comes from a run is escaped by the template.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jinja2 import Environment, PackageLoader

from rivals.errors import UserError
from rivals.log import part, round_of
from rivals.report import words
from rivals.report.charts import Chart, Group, charts_of, curve_of, draw, score_curve
from rivals.report.images import carried
from rivals.report.judged import Judged
from rivals.report.story import MOST_BYTES, Score, Story, differing, read_story
from rivals.report.words import Along, say, spell

if TYPE_CHECKING:
    from PIL.Image import Image


class Comparison(NamedTuple):
    score: str  # the score that is compared: the first run's that has one; "" where no run has
    comparable: bool  # the same protocol and the same data: else the numbers may not be set beside each other
    winners: Sequence[str]  # anchors of the runs with the best score, where that can be told
    charts: Sequence[Chart]
    differing: Mapping[str, Sequence[str]]  # setting -> its value in each run


def _compare(stories: Sequence[Story]) -> Comparison:
    name = next((s.score.name for s in stories if s.score), "")
    scores = [(slot, story, s) for slot, story in enumerate(stories) for s in story.scores if s.name == name]
    comparable = len({_measured(story, s) for _, story, s in scores}) <= 1
    charts = []
    alongs: Sequence[Along] = ("round", "minute") if comparable else ()
    for x in alongs:
        curves = [score_curve(s, story.name, slot, x=x) for slot, story, s in scores]
        charts += draw(Group(f"{spell(name)} by {x}s", curves, x=x))
    speeds = [curve_of(story.terms, slot, "speed")._replace(label=story.name) for slot, story in enumerate(stories)]
    charts += draw(Group("Speed", speeds, "images/s", zero=True))
    winners = _winners([(story.anchor, s) for _, story, s in scores]) if comparable else []
    return Comparison(name, comparable, winners, charts, differing(stories))


def _measured(story: Story, score: Score) -> tuple[str, ...]:
    """How and on what a score was measured. The data's path does not count: it differs between machines."""
    options = {key: value for key, value in part(story.settings, "data").items() if key != "source"}
    return score.protocol, story.data, repr(sorted(options.items()))


def _winners(scores: Sequence[tuple[str, Score]]) -> list[str]:
    """Who has the best score. Which way is better shows in what the runs marked: their lowest or highest value."""
    marked = [(anchor, s, s.best.value) for anchor, s in scores if s.best]
    values = [best for _, _, best in marked]
    if len(marked) < 2:
        return []
    falls = all(best <= p.value for _, s, best in marked for p in s.points)
    rises = all(best >= p.value for _, s, best in marked for p in s.points)
    if falls == rises:
        return []
    winning = min(values) if falls else max(values)
    return [anchor for anchor, _, best in marked if best == winning]


def write_report(runs: Sequence[Path], out: Path | None = None) -> Path:
    """See `rivals.report.write_report`."""
    if not runs:
        raise UserError("name at least one run folder")
    folders = [Path(run) for run in runs]
    out = out or (folders[0] if len(folders) == 1 else Path()) / "report.html"
    named = enumerate(zip(folders, _labels(folders), strict=True), 1)
    stories = [read_story(folder, label, f"run-{i}", MOST_BYTES / len(folders)) for i, (folder, label) in named]
    page = _page(stories)
    _write(out, page)
    return out


def write_page(out: Path, title: str, evaluation: Judged) -> Path:
    """An evaluation by itself."""
    _write(out, environment().get_template("evaluation.html").render(title=title, evaluation=evaluation))
    return out


def write_translations(
    out: Path,
    run: str,
    ways: Sequence[str],
    shown: Sequence[tuple[str, Mapping[str, Image]]],
    written: int,
    bad: Sequence[tuple[str, str]],
) -> Path:
    """Pictures and what a translator made of them. ways: the names of the two domains. shown: the name of each
    and what stands side by side, by what it is."""
    pairs = [(name, {what: carried(picture) for what, picture in pictures.items()}) for name, pictures in shown]
    template = environment().get_template("translations.html")
    _write(out, template.render(run=run, ways=ways, shown=pairs, written=written, bad=bad))
    return out


def _write(out: Path, page: str) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(out.name + ".new")
    beside.write_text(page, "utf-8")
    beside.replace(out)


def _page(stories: Sequence[Story]) -> str:
    template = environment().get_template("report.html")
    return template.render(stories=stories, comparison=_compare(stories) if len(stories) > 1 else None)


def environment() -> Environment:
    environment = Environment(loader=PackageLoader("rivals", "report"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"say": say, "time": words.time, "spell": spell, "charts": charts_of, "round_of": round_of}
    return environment


def _labels(folders: Sequence[Path]) -> list[str]:
    """The folders' names, with as many parents as it takes to tell them apart."""
    full = [folder.resolve().parts for folder in folders]
    for depth in range(1, max(map(len, full)) + 1):
        labels = ["/".join(parts[-depth:]) for parts in full]
        if max(Counter(labels).values()) == 1:
            break
    return labels
