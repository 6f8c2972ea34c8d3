"""A run that translates: a picture of the visitor's, translated, and back again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nicegui import run as aside
from nicegui import ui
from nicegui.events import UploadEventArguments

from rivals.errors import UserError
from rivals.studio.frame import address, frame, heading, opened, remember, shown, stay
from rivals.studio.guard import UPLOAD

if TYPE_CHECKING:
    from rivals.studio.server import Studio
    from rivals.studio.translator import Translator


def build(studio: Studio) -> None:
    @ui.page("/translate")
    async def translate(run: str = "", to: str = "", of: str = "") -> None:
        with frame("Translate", "/"):
            heading("Translate")
            ui.link(run, address("/run", run=run))
            translator = await opened(lambda: translator_of(studio.shelf.path(run)))
            if translator is not None:
                Page(translator, run, to, of).show()


def translator_of(path: Path) -> Translator:
    from rivals.studio.translator import Translator  # here, where a thread waits for torch

    return Translator(path)


class Page:
    def __init__(self, translator: Translator, name: str, to: str, of: str):
        self.translator, self.name = translator, name
        names = translator.names
        self.to = to if to in names else names[1 if len(names) > 1 else 0]
        self.of = of if of in names else ""
        self.content = b""

    def show(self) -> None:
        with ui.element("div").classes("form"):
            to = ui.select(self.translator.names, value=self.to, label="Into").props("dense")
            to.on_value_change(lambda e: self.choose(to=e.value))
            if not self.translator.labels:
                known = {"": "by itself"} | {name: name for name in self.translator.names}
                of = ui.select(known, value=self.of, label="From").props("dense")
                of.on_value_change(lambda e: self.choose(of=e.value))
        loads = ui.upload(label="Upload a picture", auto_upload=True, max_file_size=UPLOAD, on_upload=self.upload)
        loads.props('accept="image/*" flat bordered')
        self.says = ui.label().props('aria-live="polite"')
        self.side = ui.element("div").classes("side")
        remember(lambda: address("/translate", run=self.name, to=self.to, of=self.of))

    async def choose(self, *, to: str | None = None, of: str | None = None) -> None:
        self.to, self.of = self.to if to is None else to, self.of if of is None else of
        await self.translate()

    async def upload(self, event: UploadEventArguments) -> None:
        self.content = await event.file.read()
        event.sender.reset()  # type: ignore[attr-defined]
        await self.translate()

    async def translate(self) -> None:
        if not self.content:
            return
        self.says.set_text("One moment ...")
        try:
            found = await aside.io_bound(self.translator.translate, self.content, self.to, self.of or None)
        except UserError as error:
            self.says.set_text(str(error))
            return
        stay()
        assert found is not None
        lost = "" if found.lost is None else f"What does not come back: {found.lost:.4f}"
        self.says.set_text(lost + (", the mean absolute difference of pixels in [0, 1]" if lost else ""))
        self.side.clear()
        with self.side:
            for name, png in found.pictures.items():
                with ui.element("figure"):
                    with ui.element("figcaption"):
                        ui.label(name)
                    shown(png, name).classes("picture")
                    save = ui.button("Save", icon="download").props("no-caps flat dense")
                    save.on_click(lambda png=png, name=name: ui.download.content(png, f"{name}.png"))
