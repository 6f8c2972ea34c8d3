"""What all pages share: head, colours, and how what cannot be shown is told."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from nicegui import run as aside
from nicegui import ui
from nicegui.events import GenericEventArguments

from rivals.errors import UserError
from rivals.report.words import ALONG, Along
from rivals.studio.png import as_source

if TYPE_CHECKING:
    from rivals.report.charts import Group

E = TypeVar("E", bound=ui.element)
T = TypeVar("T")

EVERY = 2.0  # seconds between looks at what runs have written
REMEMBER = 0.5  # seconds between looks at what the address should be
PLACES = {"/": "Runs", "/compare": "Compare", "/explore": "Explore", "/play": "Play", "/train": "Train", "/learn": "Learn"}
RINGS = (
    '<svg viewBox="0 0 34 22" aria-hidden="true"><circle cx="11" cy="11" r="9.5" fill="var(--c0)" opacity=".9"/>'
    '<circle cx="23" cy="11" r="9.5" fill="var(--c1)" opacity=".8"/></svg>'
)


def address(path: str, **asked: object) -> str:
    """
    >>> address("/run", run="a/b", x="round")
    '/run?run=a%2Fb&x=round'
    """
    return f"{path}?{urlencode(asked, doseq=True)}" if asked else path


def listed(text: str) -> list[float]:
    """Numbers with commas between; none where they are not numbers.

    >>> listed("1,-2.5"), listed("1,x"), listed("nan")
    ([1.0, -2.5], [], [])
    """
    found = []
    with suppress(ValueError):
        found = [float(part) for part in text.split(",") if part]
    return found if all(map(math.isfinite, found)) else []


def remember(here: Callable[[], str]) -> None:
    """Keep the page's address that of what it shows, so that a link opens the same. It is looked at now and then: browsers
    refuse to be told at each move of a slider."""
    told = here()

    def look() -> None:
        nonlocal told
        if (now := here()) != told:
            told = now
            ui.navigate.history.replace(now)

    ui.timer(REMEMBER, look)


@contextmanager
def frame(title: str, here: str) -> Iterator[None]:
    """A page with its head; here: which of `PLACES` it belongs to."""
    ui.page_title(f"{title} · rivals")
    ui.add_css(style())
    ui.query("html").props("lang=en")
    with ui.element("header").classes("top"):
        with ui.element("a").props('href="/" aria-label="rivals: all runs"').classes("logo"):
            ui.html(RINGS, sanitize=False)
            ui.label("rivals")
        with ui.element("nav").props('aria-label="Pages"'):
            for path, name in PLACES.items():
                link = ui.link(name, path)
                if path == here:
                    link.props('aria-current="page"')
    page = ui.element("div").classes("page")
    ui.skip_link(target=page)
    with page:
        yield


def style() -> str:
    colours = files("rivals.report").joinpath("colours.css").read_text("utf-8")
    return colours + files("rivals.studio").joinpath("studio.css").read_text("utf-8")


def heading(text: str, level: int = 1) -> ui.element:
    with ui.element(f"h{level}") as made:
        ui.html(text, tag="span", sanitize=True)
    return made


def note(text: str, *, warn: bool = False) -> ui.label:
    return ui.label(text).classes("warn" if warn else "muted")


def with_flags(text: str) -> ui.html:
    """A text in which options of the command line do not break."""
    marked = re.sub(r"--[\w-]+(?: [\w.+]+(?=[,;.]? |[,;.]?$))?", lambda found: f"<code>{found[0]}</code>", escape(text))
    return ui.html(marked, sanitize=True)


def facts(rows: Mapping[str, str], title: str) -> None:
    """Names and values."""
    with ui.element("table").classes("facts"):
        with ui.element("caption"):
            ui.label(title)
        with ui.element("tbody"):
            for name, value in rows.items():
                with ui.element("tr"):
                    with ui.element("th").props('scope="row"'):
                        ui.label(name.replace("_", " "))
                    with ui.element("td"):
                        ui.label(value)


def attributes(element: E, **values: object) -> E:
    """Give an element attributes, whatever they hold: what comes from a run may hold quotes."""
    for name, value in values.items():
        element.props[name.replace("_", "-")] = value
    return element


def line(cells: Sequence[str], *, head: bool = False, words: bool = False) -> None:
    """A row of a table, of whose cells the first is a name; the others are numbers, or words."""
    kinds = ["", *["words" if words else "n"] * (len(cells) - 1)]
    with ui.element("thead" if head else "tr") as part:
        if head:
            with part, ui.element("tr"):
                for kind, cell in zip(kinds, cells, strict=True):
                    with ui.element("th").classes(kind).props('scope="col"'):
                        ui.label(cell)
            return
        for i, (kind, cell) in enumerate(zip(kinds, cells, strict=True)):
            with ui.element("td" if i else "th").classes(kind).props("" if i else 'scope="row"'):
                ui.label(cell)


def shown(png: bytes, alt: str) -> ui.element:
    return attributes(ui.element("img"), alt=alt, src=as_source(png))


def chart(group: Group, drawn: Mapping[str, object], runs: Sequence[str]) -> ui.echart:
    """A chart of these runs, drawn so, with its name and a button that saves it."""
    with ui.element("figure").classes("card chart"):
        with ui.element("figcaption").classes("head"):
            with ui.element("span"):
                ui.label(group.title)
                if group.unit:
                    note(group.unit).classes("small")
            saves = ui.button(icon="download").props('flat round dense size="sm"')
            with attributes(saves, aria_label=f"Save {group.title}"), ui.menu():
                for form in ("png", "svg", "csv"):
                    place = address("/chart", run=list(runs), title=group.title, form=form, x=group.x)
                    ui.menu_item(form.upper(), lambda place=place: ui.download(place))
        return attributes(ui.echart(dict(drawn), renderer="svg"), role="img", aria_label=group.title)


def along(x: str) -> Along:
    """As an address has it, which may say anything.

    >>> along("minute"), along("parsec")
    ('minute', 'round')
    """
    return next((known for known in ALONG if known == x), "round")


class Slider(ui.element):
    """The browser's own, which the keyboard moves and a screen reader reads."""

    def __init__(
        self,
        label: str,
        change: Callable[[float], Awaitable[None] | None],
        *,
        least: float = 0.0,
        most: float,
        step: float,
        value: float = 0.0,
    ):
        super().__init__("input")
        self.most, self.value = most, value
        # as an attribute (^), which says where it begins: as a property each drawing of the page would put it back there
        attributes(self, type="range", min=f"{least:g}", max=f"{most:g}", step=f"{step:g}", aria_label=label)
        self.props["^value"] = f"{value:g}"
        self.classes("slider")

        def changed(event: GenericEventArguments) -> Awaitable[None] | None:
            self.value = float(event.args)
            return change(self.value)

        self.on("input", changed, throttle=0.05, js_handler="event => emit(event.target.value)")

    def put(self, value: float, most: float | None = None) -> None:
        """Without telling anybody."""
        self.value, self.most = value, self.most if most is None else most
        self.props["max"] = f"{self.most:g}"
        ui.run_javascript(f"Object.assign(getHtmlElement({self.id}), {{max: '{self.most:g}', value: '{value:g}'}})")


def labelled(label: str, change: Callable[[float], Awaitable[None] | None], **ends: float) -> Slider:
    """A slider with its name before it."""
    with ui.element("label").classes("move"):
        ui.label(label)
        return Slider(label, change, **ends)


async def dark() -> bool:
    """Whether the visitor's colours are dark: charts are drawn with colours, and not with variables."""
    await ui.context.client.connected()
    try:
        found = await ui.run_javascript("window.matchMedia('(prefers-color-scheme: dark)').matches", timeout=5.0)
    except TimeoutError:
        found = False
    stay()
    return bool(found)


def stay() -> None:
    """After what takes a while: nothing more is built for a visitor who has gone on to another page."""
    if ui.context.client.is_deleted:
        raise asyncio.CancelledError


async def opened(opens: Callable[[], T]) -> T | None:
    """What takes a while to open, in a thread and behind a spinner; None where it cannot be opened, which is then told."""
    await ui.context.client.connected()
    waiting = ui.spinner(size="lg")
    try:
        return await aside.io_bound(opens)
    except UserError as error:
        stay()
        note(str(error), warn=True).props('role="alert"')
        return None
    finally:
        stay()
        waiting.delete()
