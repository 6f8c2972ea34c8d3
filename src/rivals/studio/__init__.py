"""A page in the browser over a folder of runs: `rivals studio`. See docs/studio.md.

    shelf.py    the runs of a folder, at a glance      watch.py   a run that somebody looks at
    curves.py   their curves, live and as files        jobs.py    trainings that are started, stopped, continued
    guard.py    who may come in                        files.py   pictures, charts and films, under addresses of their own
    frame.py    what all pages share                   pages/     one page a file

The pages are NiceGUI's. Whatever they show or do goes through the functions that the command line calls.
"""

from __future__ import annotations

from pathlib import Path

from rivals.errors import UserError


def serve(folder: Path, *, host: str = "127.0.0.1", port: int = 8080, token: str | None = None, show: bool = False) -> None:
    """Serve the studio until Ctrl-C. Trainings that were started from it go on.

    token: what whoever comes from elsewhere must know; None: one is made where `host` is not this machine alone.
    """
    try:
        from rivals.studio import server
    except ModuleNotFoundError as missing:
        raise UserError(f"the studio needs {missing.name}: pip install 'rivals[studio]'") from None
    server.serve(folder, host=host, port=port, token=token, show=show)
