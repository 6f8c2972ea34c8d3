"""The table of all runs, live while they train."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nicegui import ui
from starlette.requests import Request

from rivals.report.words import say, spell, time
from rivals.studio.frame import EVERY, address, frame, heading, note, remember
from rivals.studio.shelf import Glance

if TYPE_CHECKING:
    from rivals.studio.server import Studio

COLUMNS = {  # label by name
    "name": "Run",
    "recipe": "Recipe",
    "data": "Data",
    "progress": "Progress",
    "best": "Best score",
    "final": "Last score",
    "speed": "Images/s",
    "seconds": "Time",
    "word": "The doctor says",
}
PAGE = 25  # rows
NARROW = 700  # pixels, below which each run is a card
ARROWS = {"lower": " \N{DOWNWARDS ARROW}", "higher": " \N{UPWARDS ARROW}"}
NUMBERS = ("best", "final", "speed", "seconds")
CELLS = {  # what stands in a cell, where it is more than the value
    "name": '<a :href="props.row.link">{{ props.row.name }}</a>',
    "progress": """
        <div class="progress" role="progressbar" :aria-valuenow="Math.round(100 * props.row.progress)" aria-valuemin="0"
             aria-valuemax="100" :aria-label="'progress of ' + props.row.name">
          <i :style="{width: 100 * props.row.progress + '%'}"></i>
        </div>
        <span :class="'state ' + props.row.state">{{ props.row.state }}, round {{ props.row.rounds }}</span>""",
    "best": "{{ props.row.says.best }} <span class='muted small under' :title='props.row.better'>{{ props.row.score }}</span>",
    "final": "{{ props.row.says.final }}",
    "speed": "{{ props.row.says.speed }}",
    "seconds": "{{ props.row.says.seconds }}",
    "word": "<span v-for='word in props.row.words' class='tag warn'>{{ word }}</span>",
}


CARD = f"""
    <div class="card run-card">
      <div class="head"><q-checkbox dense v-model="props.selected" :aria-label="'choose ' + props.row.name"></q-checkbox>
        {CELLS["name"]} <span class="muted small">{{{{ props.row.recipe }}}} on {{{{ props.row.data }}}}</span></div>
      {CELLS["progress"]}
      <div><span class="muted small">{{{{ props.row.score }}}}</span> {{{{ props.row.says.best }}}} at best,
        {{{{ props.row.says.final }}}} at last</div>
      <div>{CELLS["word"]}</div>
    </div>"""  # a run on a screen that is too narrow for the table


def row(glance: Glance) -> dict[str, Any]:
    """As the table has it: values to sort by, and what is shown of them."""
    numbers = {name: getattr(glance, name) for name in NUMBERS}
    says = {name: time(value) if name == "seconds" else say(value) for name, value in numbers.items()}
    return {
        **{name: getattr(glance, name) for name in ("name", "recipe", "data", "progress", "state", "words")},
        "word": ", ".join(glance.words),  # to sort and to filter by
        **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
        "says": says,
        "rounds": f"{glance.round:,}",
        "score": f"{spell(glance.score)}{ARROWS.get(glance.better, '')}" if glance.score else "",
        "better": f"{glance.better} is better" if glance.better else "",
        "link": address("/run", run=glance.name),
    }


def at_home(folder: Path) -> str:
    """
    >>> at_home(Path.home() / "runs")
    '~/runs'
    """
    return f"~/{folder.relative_to(Path.home())}" if folder.is_relative_to(Path.home()) else str(folder)


def build(studio: Studio) -> None:
    @ui.page("/")
    def runs(request: Request, find: str = "", sort: str = "", down: str = "") -> None:
        with frame("Runs", "/"):
            rows = [row(glance) for glance in studio.shelf.refresh()]
            heading("Runs")
            note(at_home(studio.shelf.folder)).classes("small")
            if not rows:
                ui.label("There are no runs here yet.").classes("lead")
                ui.link("Train one", "/train")
                note("or in a terminal: rivals train auto --minutes 2")
            with ui.element("div").classes("bar"):
                search = ui.input("Filter", value=find).props("dense outlined clearable").classes("grow")
                compare = ui.button("Compare", on_click=lambda: ui.navigate.to(address("/compare", run=chosen()))).props(
                    "no-caps outline"
                )
                ui.button("Train", on_click=lambda: ui.navigate.to("/train")).props("no-caps unelevated")
            columns = [
                {"name": name, "label": label, "field": name, "sortable": True, "align": "right" if name in NUMBERS else "left"}
                for name, label in COLUMNS.items()
            ]
            order = {"rowsPerPage": PAGE, "sortBy": sort if sort in COLUMNS else None, "descending": bool(down)}
            table = ui.table(columns=columns, rows=rows, row_key="name", selection="multiple", pagination=order)
            ticked = request.query_params.getlist("run")
            table.selected = [shown for shown in rows if shown["name"] in ticked]
            table.props(f'flat aria-label="Runs" :grid="window.innerWidth < {NARROW}"').bind_filter_from(search, "value")
            table.add_slot("item", CARD)
            for name, cell in CELLS.items():
                table.add_slot(f"body-cell-{name}", f'<q-td :props="props">{cell}</q-td>')
            table.visible = bool(rows)

            def chosen() -> list[str]:
                return [picked["name"] for picked in table.selected]

            def refresh() -> None:
                now = [row(glance) for glance in studio.shelf.refresh()]
                if now != table.rows:
                    table.rows = now
                    table.visible = bool(now)
                compare.set_enabled(len(chosen()) > 1)

            def here() -> str:
                order = table.pagination
                asked = {"find": search.value or "", "sort": order.get("sortBy") or "", "run": chosen()}
                asked["down"] = "1" if asked["sort"] and order.get("descending") else ""
                given = {name: value for name, value in asked.items() if value}
                return address("/", **given)

            remember(here)
            compare.set_enabled(len(chosen()) > 1)
            table.on_select(lambda: compare.set_enabled(len(chosen()) > 1))
            ui.timer(EVERY, refresh)
