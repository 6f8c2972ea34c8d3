"""Several of many names, chosen by mouse or by typing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui
from nicegui.events import GenericEventArguments


class Names(ui.select):
    """Enter takes the name that was typed, or the first one that holds it; what there is not is told."""

    def __init__(
        self, names: Sequence[str], chosen: Sequence[str], label: str, change: Callable[[Sequence[str]], Awaitable[None] | None]
    ):
        super().__init__(sorted(names), value=list(chosen), label=label, multiple=True, with_input=True)
        self.names, self.typed = sorted(names), ""
        self.props("dense outlined use-chips").classes("grow")
        self.on("input-value", self.note)
        self.on("keydown.enter", self.take)

        def changed() -> Awaitable[None] | None:
            self.clear_typed()
            return change(self.value)

        self.on_value_change(changed)

    def note(self, event: GenericEventArguments) -> None:
        self.typed = str(event.args or "").strip()

    def take(self) -> None:
        if not self.typed:
            return  # it was chosen from the list
        found = matching(self.names, self.typed)
        if found is None:
            ui.notify(f"nothing here is called '{self.typed}'", type="warning")
        elif found in self.value:
            self.clear_typed()
        else:
            self.set_value([*self.value, found])

    def clear_typed(self) -> None:
        """And close the list, which would stand before what is drawn."""
        self.typed = ""
        self.run_method("updateInputValue", "", True)
        self.run_method("hidePopup")


def matching(names: Sequence[str], typed: str) -> str | None:
    """
    >>> matching(["cap", "capForward", "tassleHat"], "CAP"), matching(["smile"], "smi"), matching(["smile"], "x")
    ('cap', 'smile', None)
    """
    lowered = typed.lower()
    holding = [name for name in names if lowered in name.lower()]
    return next((name for name in holding if name.lower() == lowered), next(iter(holding), None))
