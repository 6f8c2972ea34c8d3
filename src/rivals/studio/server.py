"""The studio's server: where it listens, who it lets in, which pages it has."""

from __future__ import annotations

import secrets
import socket
import threading
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from urllib.parse import urlencode

from nicegui import Client, app, ui
from starlette.requests import Request
from starlette.responses import Response

from rivals.errors import UserError
from rivals.studio import files
from rivals.studio.frame import frame, heading
from rivals.studio.guard import Guard, here
from rivals.studio.jobs import Jobs
from rivals.studio.shelf import Shelf

LATER = 1.0  # seconds after a page stands
PAGES = ("runs", "run", "compare", "explore", "translate", "inside", "play", "train", "learn")
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 34 22"><circle cx="11" cy="11" r="9.5" fill="#0072b2" opacity=".9"/>'
    '<circle cx="23" cy="11" r="9.5" fill="#d55e00" opacity=".8"/></svg>'
)


@dataclass
class Studio:
    """What all pages know."""

    shelf: Shelf
    jobs: Jobs


def serve(folder: Path, *, host: str, port: int, token: str | None, show: bool) -> None:
    studio = Studio(Shelf(folder), Jobs(folder))
    alone = here(host)
    token = token or (None if alone else secrets.token_urlsafe(16))
    free(host, port)
    build(studio)
    surround(token, name=f"rivals-{port}")
    app.on_connect(lambda: threading.Timer(LATER, prepared).start())
    address = f"http://{shown(host)}:{port}/" + (f"?{urlencode({'token': token})}" if token else "")
    print(f"the runs of {studio.shelf.folder}: {address}", flush=True)
    if not alone:
        print("whoever has this address sees and trains what you can: keep it to yourself", flush=True)
    ui.run(
        host=host,
        port=port,
        title="rivals",
        favicon=LOGO,
        dark=None,
        tailwind=False,
        reload=False,
        show=show and alone,
        show_welcome_message=False,
    )


def surround(token: str | None, *, name: str) -> None:
    """Put the guard around the whole application. (What is added as a layer has NiceGUI's own around it: it adds them last.)"""
    layers = app.build_middleware_stack
    app.build_middleware_stack = lambda: Guard(layers(), token=token, name=name)  # type: ignore[method-assign]


def shown(host: str) -> str:
    """A host as an address has it.

    >>> shown("127.0.0.1"), shown("127.0.0.2"), shown("10.0.0.7"), shown("fe80::1")
    ('localhost', '127.0.0.2', '10.0.0.7', '[fe80::1]')
    """
    if host in ("127.0.0.1", "::1"):
        return "localhost"
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def build(studio: Studio) -> None:
    """Give each page its address."""
    files.build(studio.shelf)
    for name in PAGES:
        import_module(f"rivals.studio.pages.{name}").build(studio)
    app.add_exception_handler(404, missing)


async def missing(request: Request, exception: Exception) -> Response:
    """Whoever asks for a page that there is not."""
    with Client(ui.page(""), request=request) as client, frame("Nothing here", ""):
        heading("There is no such page")
        ui.link("All runs", "/")
    return client.build_response(request, 404)


@cache
def prepared() -> None:
    """Import what takes seconds, once the first page stands: so nobody waits for it who opens a run a moment later."""
    import_module("rivals.report.charts")
    import_module("rivals.recipes")


def free(host: str, port: int) -> None:
    """Raises `UserError` where nothing can listen there."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(place)
    except OSError as error:
        raise UserError(
            f"cannot listen at {host}, port {port} ({error.strerror or error}): pass another --port or --host"
        ) from None
