"""A run that translates, for one visitor's pictures: there, back again, and what is lost on the way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch

from rivals import chance
from rivals.data import bytes_from_pictures
from rivals.data.images import Unreadable
from rivals.data.pictures import image
from rivals.errors import UserError
from rivals.game import Relabels, Translates
from rivals.loading import load
from rivals.run import Run
from rivals.studio.alone import DRAWING
from rivals.studio.explorer import read
from rivals.studio.png import as_png
from rivals.translating import beside, decoded, label, untaken, way


class Found(NamedTuple):
    pictures: Mapping[str, bytes]  # PNG files by what they are: given, translated, back again
    lost: float | None  # mean absolute difference of what was given and what came back, pixels in [0, 1]


class Translator:
    """Raises `UserError` for runs that translate nothing."""

    def __init__(self, path: Path):
        self.game = load(path)
        self.domains = Run(path).settings.get("domains") or []
        if not isinstance(self.game, Translates) or not self.domains:
            raise UserError("this run's game translates nothing")

    @property
    def names(self) -> list[str]:
        return [str(domain["name"]) for domain in self.domains]

    @property
    def labels(self) -> bool:
        """Whether its domains are labels: what a picture is, is then not asked."""
        return isinstance(self.game, Relabels)

    @torch.no_grad()
    def translate(self, content: bytes, to: str, of: str | None = None) -> Found:
        """A picture in a file, into the domain `to`; and back, where the game has learnt that."""
        assert isinstance(self.game, Translates)
        read(content)  # no file that is too large, or no picture
        here, there = label(self.names, None, to) if self.labels else way(self.names, of, to)
        try:
            x = decoded(content, int(self.domains[here]["shape"][0]))
        except Unreadable as error:
            raise UserError(str(error)) from None
        with DRAWING, chance.fixed(0):
            try:
                made = self.game.translate(x, here, there)
            except RuntimeError as error:
                raise UserError(untaken(x, self.domains[here]["shape"], error)) from None
            try:
                back = None if self.labels else self.game.translate(made, there, here)
            except UserError:  # it has learnt one way alone
                back = None
        ways = ["given" if self.labels else self.names[here], self.names[there]]
        pictures = beside(x[0], image(bytes_from_pictures(made[0])), ways)
        lost = None
        if back is not None:
            pictures["back again"] = image(bytes_from_pictures(back[0]))
            lost = float((back - x).abs().mean()) / 2
        return Found({name: as_png(picture) for name, picture in pictures.items()}, lost)
