"""Translations: as samples, for a translator draws too, and its prior is the other domain; and from files into files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from rivals import chance
from rivals.data import Beside, Dataset, bytes_from_pictures, pictures_from_bytes
from rivals.data.beside import parts
from rivals.data.changed import holed
from rivals.data.folder import folder_files
from rivals.data.images import Form, Unreadable, decode, traits, transparent
from rivals.data.pictures import image
from rivals.errors import UserError, pick
from rivals.game import Game, Relabels, Samples, Translates
from rivals.loading import load, read
from rivals.machine import find_device
from rivals.networks.enlarging import enlarged
from rivals.run import Which

if TYPE_CHECKING:
    from PIL.Image import Image

PAGE = "index.html"
NOT = "no "  # before the name of an attribute that things are not to have
ON_PAGE = 200  # translations that the page shows


class Translated:
    """What a translator makes of rows of one domain, as a game that draws (`Samples`): its latents are those rows."""

    def __init__(self, game: Translates, rows: Dataset, *, device: torch.device, of: int = 0, to: int = 1):
        self.game, self.rows, self.device, self.of, self.to = game, rows, device, of, to

    def prior(self, n: int) -> Tensor:
        numbers = (chance.uniform(n) * len(self.rows)).long()
        return self.rows.rows(numbers, self.device).x

    def decode(self, z: Tensor) -> Tensor:
        return self.game.translate(z, self.of, self.to)

    def sample(self, n: int) -> Tensor:
        return self.decode(self.prior(n))


class Relabelled:
    """The same of a game whose domains are labels: rows, and the labels of others that they are to have."""

    def __init__(self, game: Relabels, rows: Dataset, *, device: torch.device):
        self.game, self.rows, self.device = game, rows, device

    def prior(self, n: int) -> Tensor:
        numbers = (chance.uniform(n) * len(self.rows)).long()
        batch = self.rows.rows(numbers, self.device)
        return self.game.latents_of(batch.x, self.game.labels(batch)[1])

    def decode(self, z: Tensor) -> Tensor:
        return self.game.decode(z)

    def sample(self, n: int) -> Tensor:
        return self.decode(self.prior(n))


def draws(game: Game) -> bool:
    """Whether there is something to look at: samples, or translations."""
    return isinstance(game, Samples | Translates)


def drawing(game: Game, data: Dataset) -> Samples:
    """A game as one that draws. data: what it learns from, of a translator with the other domain beside it."""
    if isinstance(game, Samples):
        return game
    if isinstance(game, Relabels):
        return Relabelled(game, data, device=game.device)
    if isinstance(game, Translates) and isinstance(data, Beside):
        return Translated(game, data.first, device=game.device)
    raise UserError("this game draws nothing")


def domains(game: Game, data: Dataset) -> list[dict[str, object]] | None:
    """Name and shape of each domain that a game translates between, as a run writes them down; None: it does not. Two pictures
    of one sample are called by their endings; labels by their names, and an attribute that is not to be there 'no NAME'."""
    if isinstance(game, Relabels):
        labels = data.class_names
        if game.attributes:
            labels = [name for attribute in data.attribute_names for name in (attribute, f"{NOT}{attribute}")]
        return [{"name": name, "shape": list(data.facts.shape)} for name in labels]
    if not isinstance(game, Translates) or not isinstance(data, Beside):
        return None
    sets = parts(data)
    names = [Path(part.name).name or part.name for part in sets]
    if len({*names}) < len(names):
        names = [ending(part) or name for part, name in zip(sets, names, strict=True)]
    if len({*names}) < len(names):
        names = [f"{name}-{number}" for number, name in enumerate(names, 1)]
    return [{"name": name, "shape": list(part.facts.shape)} for name, part in zip(names, sets, strict=True)]


def ending(data: Dataset) -> str:
    """`google` of rows that are called `KEY.google.png`; "" of others."""
    found = re.search(r"\.([^./]+)\.[^./]+$", data.row_names[0]) if data.row_names else None
    return found[1] if found else ""


@dataclass
class Report:
    """What became of the files."""

    page: Path
    written: list[Path] = field(default_factory=list)
    bad: list[tuple[str, str]] = field(default_factory=list)  # (file, reason)
    notes: list[str] = field(default_factory=list)


@torch.no_grad()
def translate_files(
    run: Path | str,
    inputs: Sequence[Path],
    out: Path,
    *,
    to: str | None = None,
    of: str | None = None,
    checkpoint: Which = "best",
    device: str = "cpu",
    seed: int = 0,
) -> Report:
    """Translate pictures, and folders of them, into the folder `out`, each under its name as PNG, and write a page that shows
    them side by side. to: the domain they are brought into, by name; None: the second one, which a run learns to draw. of: the
    domain that they are of; None: the other of two, or the first.

    Pictures keep their size. A file that cannot be read is told in the report, and the others are done.
    """
    game = load(run, checkpoint=checkpoint).to(find_device(device))
    known = read(Path(run), checkpoint)[0]["settings"].get("domains")
    if not isinstance(game, Translates) or not known:
        raise UserError(f"{run} holds a game that translates nothing: it takes one of pix2pix, cyclegan")
    names = [str(domain["name"]) for domain in known]
    here, there = label(names, of, to) if isinstance(game, Relabels) else way(names, of, to)
    files = dict(listed(inputs))
    report = Report(out / PAGE)
    ways = ["given" if isinstance(game, Relabels) else names[here], names[there]]
    shown: list[tuple[str, dict[str, Image]]] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, file in files.items():
            try:
                x = picture(file, int(known[here]["shape"][0]), report)
            except (Unreadable, OSError) as error:
                report.bad.append((str(file), str(error)))
                continue
            try:
                with chance.fixed(seed):
                    made = game.translate(x.to(game.device), here, there)
            except RuntimeError as error:
                report.bad.append((str(file), untaken(x, known[here]["shape"], error)))
                continue
            made_image, path = image(bytes_from_pictures(made[0].cpu())), out / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            made_image.save(path)
            report.written.append(path)
            if len(shown) < ON_PAGE:
                shown.append((name, beside(x[0], made_image, ways)))
        from rivals.report.page import write_translations

        write_translations(report.page, str(run), ways, shown, len(report.written), report.bad)
    except OSError as error:
        raise UserError(f"cannot write into {out} ({error.strerror or error}): pass --out FOLDER") from None
    return report


def beside(given: Tensor, made: Image, ways: Sequence[str]) -> dict[str, Image]:
    """What the page shows of one picture, (C, H, W), by what it is; an enlarged one with what interpolation makes of it."""
    pictures = {ways[0]: image(bytes_from_pictures(given))}
    if (times := made.height // given.shape[1]) > 1:
        pictures["bicubic"] = image(bytes_from_pictures(enlarged(given[None], times)[0].clamp(-1, 1)))
    return {**pictures, ways[1]: made}


def untaken(x: Tensor, shape: Sequence[int], error: RuntimeError) -> str:
    """Why the network does not take a picture: it is too small for it, or its layers are of one size alone."""
    sizes = "{}x{} (H x W)".format(*x.shape[2:])
    if tuple(x.shape[1:]) == tuple(shape):
        raise error
    return f"the network does not take pictures of {sizes}: bring this one to {shape[1]}x{shape[2]}, which the run learnt"


def way(names: Sequence[str], of: str | None, to: str | None) -> tuple[int, int]:
    """The numbers of two domains.

    >>> way(["day", "night"], None, None), way(["day", "night"], None, "day"), way(["day", "night", "dusk"], "night", "dusk")
    ((0, 1), (1, 0), (1, 2))
    """
    numbers = {name: number for number, name in enumerate(names)}
    here = None if of is None else pick("domain", numbers, of)
    there = None if to is None else pick("domain", numbers, to)
    if there is None:
        there = 1 if here != 1 else 0
    if here is None:
        if len(names) > 2 and there == 0:
            raise UserError(f"this run knows {len(names)} domains: say which one these are of, as --from {names[1]}")
        here = 0 if there else 1
    if here == there:
        raise UserError(f"these are to become '{names[there]}' and are that already: pass another --to, or another --from")
    return here, there


def label(names: Sequence[str], of: str | None, to: str | None) -> tuple[int, int]:
    """The numbers of two domains, which are labels: what things are is not asked."""
    if of is not None:
        raise UserError("this game's domains are labels, and what pictures are is not asked: leave out --from")
    if to is None:
        raise UserError(f"say what these are to become: --to with one of {', '.join(names)}")
    return 0, pick("label", {name: number for number, name in enumerate(names)}, to)


def picture(file: Path, channels: int, report: Report) -> Tensor:
    """(1, channels, H, W), at the size that it has. Of 2 or 4 channels the last tells what is to be filled: the transparent."""
    data = file.read_bytes()
    if channels < 3 and not traits(data).grey:
        report.notes.append(f"{file} is in colour and was turned grey, as the run's own are")
    return decoded(data, channels)


def decoded(data: bytes, channels: int) -> Tensor:
    """The content of a file as `picture` gives it."""
    form = Form(traits(data).size, 3 if channels >= 3 else 1)
    x = pictures_from_bytes(torch.from_numpy(decode(data, form)[0].copy()))[None]
    if channels in (1, 3):
        return x
    holes = torch.from_numpy(transparent(data))[None, None].float()
    if not holes.any():
        raise Unreadable("nothing in it is transparent, so there is nothing to fill")
    return holed(x, holes)


def listed(inputs: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """(name to write under, file) of each picture; folders with all that they hold."""
    if not inputs:
        raise UserError("name at least one picture or folder of pictures")
    seen: dict[str, Path] = {}
    for given in inputs:
        if not given.exists():
            raise UserError(f"there is no file or folder '{given}'")
        found = [given.name] if given.is_file() else list(folder_files(given).files.names)
        for below in found:
            file = given if given.is_file() else given / below
            name = re.sub(r"\.[^./]*$", "", below)
            if name in seen:
                raise UserError(f"'{seen[name]}' and '{file}' would both be written as {name}.png: translate them one by one")
            seen[name] = file
            yield name, file
