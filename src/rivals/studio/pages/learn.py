"""Each game's page, from the documentation itself: what plays, what is minimised, what each logged number means."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

from nicegui import ui

from rivals.studio.frame import address, frame, heading, note

if TYPE_CHECKING:
    from rivals.studio.server import Studio

FIRST = "gan"


def build(studio: Studio) -> None:
    @ui.page("/learn")
    def learn(game: str = FIRST) -> None:
        with frame("Learn", "/learn"):
            pages = titles()
            game = game if game in pages else FIRST
            text = page(game)
            with ui.element("div").classes("split learn"):
                with ui.element("nav").props('aria-label="Games"'):
                    for name, title in pages.items():
                        link = ui.link(title, address("/learn", game=name))
                        if name == game:
                            link.props('aria-current="page"')
                    heading("Try it", 2)
                    for recipe in recipes(text):
                        ui.link(recipe, address("/train", recipe=recipe)).classes("tag")
                    note("opens the form of its options").classes("small")
                ui.markdown(shown(text), extras=["tables", "fenced-code-blocks", "latex"]).classes("prose")


def titles() -> dict[str, str]:
    """The pages' titles by name, the first GAN first."""
    names = sorted(file.name.removesuffix(".md") for file in files("rivals.studio").joinpath("games").iterdir())
    return {name: page(name).splitlines()[0].lstrip("# ") for name in sorted(names, key=lambda name: (name != FIRST, name))}


def page(name: str) -> str:
    return files("rivals.studio").joinpath("games", f"{name}.md").read_text("utf-8")


def recipes(text: str) -> list[str]:
    """Those that a page's first lines name.

    >>> recipes("# A\\n\\n`src/a.py` · recipes `gan`, `lsgan`\\n\\nText `x`")
    ['gan', 'lsgan']
    """
    head = text.split("\n\n")[1]
    return re.findall(r"`([a-z0-9-]+)`", head.partition("recipe")[2])


def shown(text: str) -> str:
    """A page as it is shown here: links to other games' pages lead to these, those to what is not here are left out.

    >>> shown("[G](gan.md) ![p](../p.png) [d](../d.md#x) [a](https://arxiv.org)")
    '[G](/learn?game=gan)  d [a](https://arxiv.org)'
    """
    text = re.sub(r"!\[[^]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\]\((\w[\w-]*)\.md(#[^)]*)?\)", lambda m: f"]({address('/learn', game=m[1])})", text)
    return re.sub(r"\[([^]]*)\]\((?!https?:|/)[^)]*\)", r"\1", text)
