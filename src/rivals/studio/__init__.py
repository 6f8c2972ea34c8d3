"""A page in the browser over a folder of runs: `rivals studio`. See docs/studio.md.

    shelf.py    the runs of a folder, at a glance      jobs.py     trainings that are started, stopped, continued
    curves.py   their curves, live                     files.py    pictures, charts and films, under addresses of their own
    guard.py    who may come in                        frame.py    what all pages share; through.py, stage.py, names.py: parts
    scene.py    a game on points, plane.py draws it    moments.py  a run's through its training, playground.py one to play
    explorer.py a latent space, translator.py          inside.py   what D answers, and why
    pages/      one page a file

The pages are NiceGUI's. Whatever they show or do goes through the functions that the command line calls.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rivals.errors import UserError


@contextmanager
def absent(name: str) -> Iterator[None]:
    """As if a library was not installed."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


def serve(folder: Path, *, host: str = "127.0.0.1", port: int = 8080, token: str | None = None, show: bool = False) -> None:
    """Serve the studio until Ctrl-C. Trainings that were started from it go on.

    token: what whoever comes from elsewhere must know; None: one is made where `host` is not this machine alone.
    """
    try:
        with absent("aiohttp"):  # which NiceGUI's sockets import for a client that nobody has: a quarter of a second
            from rivals.studio import server
    except ModuleNotFoundError as missing:
        raise UserError(f"the studio needs {missing.name}: pip install 'rivals[studio]'") from None
    server.serve(folder, host=host, port=port, token=token, show=show)
