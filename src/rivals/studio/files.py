"""What lies under an address of its own: pictures of runs, and what can be saved: charts, and films of the samples."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import FileResponse, PlainTextResponse, Response
from nicegui import app

from rivals.errors import UserError
from rivals.report.words import Along
from rivals.studio.shelf import Shelf

Form = Literal["svg", "png", "csv"]
KINDS = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "csv": "text/csv",
    "gif": "image/gif",
    "mp4": "video/mp4",
    "html": "text/html",
}
FRAME = 250  # milliseconds


def build(shelf: Shelf) -> None:
    """Give each its address."""

    @app.get("/picture")
    def picture(run: str, round: str = "real") -> Response:
        return found(lambda: picture_of(shelf, run, round))

    @app.get("/chart")
    def chart(run: Annotated[list[str], Query()], title: str, form: Form = "svg", x: Along = "round") -> Response:
        return found(lambda: chart_of(shelf, run, title, form, x))

    @app.get("/page")
    def page(run: Annotated[list[str], Query()]) -> Response:
        return found(lambda: page_of(shelf, run))

    @app.get("/film")
    def film(run: str, form: Literal["gif", "mp4"] = "gif") -> Response:
        return found(lambda: film_of(shelf, run, form))


def picture_of(shelf: Shelf, run: str, round: str) -> Response:
    if not re.fullmatch(r"real|\d{1,12}", round):
        raise UserError(f"there is no picture of round '{round}'")
    folder = shelf.path(run)
    file = folder / "pictures" / (f"{int(round):07d}.png" if round != "real" else "real.png")
    if not file.is_file() or not file.resolve().is_relative_to(folder):
        raise UserError(f"run '{run}' has no picture of round {round}")
    return FileResponse(file, media_type="image/png", headers={"cache-control": "private, max-age=60"})


def chart_of(shelf: Shelf, runs: Sequence[str], title: str, form: Form, x: Along) -> Response:
    from rivals.report.charts import groups_of, on_paper, together
    from rivals.report.watch import Watch
    from rivals.studio.curves import values

    watches = [Watch(shelf.path(run), run) for run in runs]
    for watch in watches:
        watch.refresh()
    stories = [watch.story() for watch in watches]
    groups = groups_of(stories[0], x) if len(stories) == 1 else together(stories, x)
    group = next((group for group in groups if group.title == title), None)
    if group is None:
        raise UserError(f"there are no curves '{title}' of {', '.join(runs)}")
    content = values(group).encode() if form == "csv" else on_paper(group, form)
    return saved(content, f"{runs[0] if len(runs) == 1 else 'comparison'}-{title}", form)


def page_of(shelf: Shelf, runs: Sequence[str]) -> Response:
    from rivals.report import write_report

    with TemporaryDirectory() as place:
        out = write_report([shelf.path(run) for run in runs], Path(place) / "page.html")
        return saved(out.read_bytes(), "comparison" if len(runs) > 1 else f"{runs[0]}-report", "html")


def film_of(shelf: Shelf, run: str, form: Literal["gif", "mp4"]) -> Response:
    from PIL import Image

    from rivals import film

    folder = shelf.path(run)
    files = [file for file in sorted(folder.glob("pictures/[0-9]*.png")) if file.resolve().is_relative_to(folder)]
    if not files:
        raise UserError(f"run '{run}' has no pictures yet")
    frames = [Image.open(file).convert("RGB") for file in files]
    return saved(film.encoded(frames, form, milliseconds=FRAME), f"{run}-samples", form)


def found(answer: Callable[[], Response]) -> Response:
    """What is not there is told in a sentence."""
    try:
        return answer()
    except (UserError, OSError) as error:
        return PlainTextResponse(str(error), status_code=404)


def saved(content: bytes, name: str, form: str) -> Response:
    file = re.sub(r"[^\w-]+", "-", name, flags=re.ASCII).strip("-").lower()
    headers = {"content-disposition": f'attachment; filename="{file}.{form}"'}
    return Response(content, media_type=KINDS[form], headers=headers)
