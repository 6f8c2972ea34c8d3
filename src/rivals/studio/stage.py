"""Where a game on points is shown, and from where it is saved: as a picture, or with what was shown before it as a film."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, get_args

from nicegui import run as aside
from nicegui import ui
from nicegui.events import MouseEventArguments

from rivals.errors import UserError
from rivals.studio.frame import attributes, stay
from rivals.studio.png import as_png, as_source

if TYPE_CHECKING:
    from rivals.studio.plane import Drawing

Form = Literal["svg", "png", "gif", "mp4"]
FORMS: tuple[Form, ...] = get_args(Form)
FRAME = 100  # milliseconds of a film
TELLS = (
    "Green: the data. Pink: what the generator draws, always from the same latents. Blue: where the discriminator says real, "
    "orange: where it says drawn. Arrows: where the generator is told to move what it draws."
)
TELLS_FLAT = (
    "Green: the density of the data. Pink: of what the generator draws. Blue: what the discriminator says of each place, high "
    "for real. Arrows: where the generator is told to move what it draws."
)


class Stage:
    """film: what was shown through time, asked for when it is saved."""

    def __init__(
        self,
        film: Callable[[], Sequence[Drawing]],
        *,
        name: Callable[[], str],
        mouse: Callable[[MouseEventArguments], None] | None = None,
    ):
        self.film, self.name = film, name
        self.drawing: Drawing | None = None
        events = [] if mouse is None else ["mousedown", "mousemove", "mouseup"]
        self.image = ui.interactive_image(on_mouse=mouse, events=events).props('role="img"')
        self.image.classes("shown" if mouse is None else "shown drawable")

    def put(self, drawing: Drawing, alt: str) -> None:
        self.drawing = drawing
        self.image.set_source(as_source(drawing.background()))
        self.image.set_content(drawing.content())
        attributes(self.image, aria_label=alt)

    def saves(self) -> None:
        """The button that saves."""
        button = ui.button(icon="download").props('flat round dense aria-label="Save the picture, or a film"')
        with button, ui.menu():
            for form in FORMS:
                ui.menu_item(form.upper(), lambda form=form: self.save(form))

    async def save(self, form: Form) -> None:
        if self.drawing is None:
            ui.notify("there is nothing to save yet")
            return
        try:
            content = await aside.io_bound(self.saved, form)
        except UserError as error:
            ui.notify(str(error), type="warning")
            return
        stay()
        if content is not None:  # the server does not stop
            ui.download.content(content, f"{self.name()}.{form}".replace(" ", "-").replace("/", "-"))

    def saved(self, form: Form) -> bytes:
        assert self.drawing is not None
        if form == "svg":
            return self.drawing.svg()
        if form == "png":
            return as_png(self.drawing.pixels())
        from rivals import film

        frames = [drawing.pixels() for drawing in self.film()] or [self.drawing.pixels()]
        return film.encoded(frames, form, milliseconds=FRAME)
