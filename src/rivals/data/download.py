"""Fetching a published file once: beside its place, checked, renamed."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import urllib.error
import urllib.request
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

CHUNK = 1 << 18
TIMEOUT = 30  # seconds without a byte


@dataclass(frozen=True)
class Remote:
    """A published file."""

    name: str
    url: str
    sha256: str  # of the decompressed bytes where the file is a .gz of one, else of the file as it is

    @property
    def packed(self) -> bool:
        return self.name.endswith(".gz") and not self.name.endswith(".tar.gz")


class Failed(Exception):
    """A file that could not be fetched; the message is the reason."""


def cache_folder() -> Path:
    """Where downloaded data sets are kept: the user's cache folder."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("rivals", appauthor=False))


def fetch(files: Sequence[Remote], folder: Path) -> None:
    """Puts the files that are not yet there into the folder, with a progress bar on a terminal. Raises `Failed`."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        for file in files:
            if not (folder / file.name).exists():
                _fetch(file, folder, progress)


def _fetch(file: Remote, folder: Path, progress: Progress) -> None:
    beside = folder / f".{file.name}.{os.getpid()}.part"  # a name of its own, so that processes that start together do not meet
    task = progress.add_task(file.name, total=None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(file.url, timeout=TIMEOUT) as source, beside.open("wb") as target:
            size = int(source.headers["Content-Length"] or 0)
            progress.update(task, total=size or None)
            while chunk := source.read(CHUNK):
                target.write(chunk)
                progress.advance(task, len(chunk))
            if size and target.tell() != size:
                raise Failed(f"{file.url} broke off after {target.tell()} of {size} bytes")
            target.flush()
            os.fsync(target.fileno())
        if (found := _sha256(beside, file.packed)) != file.sha256:
            raise Failed(f"{file.url} is not the published file (SHA-256 {found[:12]}..., not {file.sha256[:12]}...)")
        beside.replace(folder / file.name)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise Failed(f"{file.url} is not a whole .gz file ({error})") from None
    except urllib.error.URLError as error:
        raise Failed(f"{file.url}: {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"{file.url}: {error or type(error).__name__}") from None
    finally:
        beside.unlink(missing_ok=True)


def _sha256(path: Path, packed: bool) -> str:
    digest = hashlib.sha256()
    with gzip.open(path) if packed else path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
