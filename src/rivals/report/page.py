"""The pages: stories, the comparison of several, an evaluation; the templates set them.

Whatever comes from a run is escaped by the template.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader

from rivals.errors import UserError
from rivals.log import round_of
from rivals.report import words
from rivals.report.charts import charts_of
from rivals.report.comparison import drawn
from rivals.report.images import carried
from rivals.report.judged import Judged
from rivals.report.story import MOST_BYTES, Story, read_story
from rivals.report.words import say, spell

if TYPE_CHECKING:
    from PIL.Image import Image


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
    return template.render(stories=stories, comparison=drawn(stories) if len(stories) > 1 else None)


def environment() -> Environment:
    environment = Environment(loader=PackageLoader("rivals", "report"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "say": say,
        "meaning": words.meaning,
        "time": words.time,
        "spell": spell,
        "charts": charts_of,
        "round_of": round_of,
    }
    return environment


def _labels(folders: Sequence[Path]) -> list[str]:
    """The folders' names, with as many parents as it takes to tell them apart."""
    full = [folder.resolve().parts for folder in folders]
    for depth in range(1, max(map(len, full)) + 1):
        labels = ["/".join(parts[-depth:]) for parts in full]
        if max(Counter(labels).values()) == 1:
            break
    return labels
