"""The pages of studies in docs/, made from the folders that studies wrote: python -m rivals.studies.page docs/studies"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rivals.errors import UserError
from rivals.studies.core import STUDIES, Page, table

HEADS: Mapping[Page, str] = {
    "studies": """# Studies

    rivals studies                       # what there is
    rivals study gaussian --out DIR      # results.json, table.md and the figures into DIR
    rivals study ring --seeds 2 --quick  # smaller, and the results say so

A study runs a published table or figure again, from a fixed protocol over several seeds, with the published numbers beside
ours, and says what held and what did not. The seeds are 0, 1, 2 ..., fixed beforehand, all of them in `results.json`; where
these chose settings, others that chose none. Spreads are standard deviations over the seeds. A study that was stopped goes
on where it was, when it is run again. Those of labels, codes and representations stand on [a page of their
own](control.md), those of translation and restoration on [another](translation.md).
""",
    "control": """# Control: labels, codes and representations

What a generator is asked for, what can be read back from what it draws, and what its networks have learnt: the games that
have labels, codes or encoders, each measured by a study on real data. How a study works is told on [the page of the
others](studies.md).

    rivals study conditions --out DIR    # results.json, table.md and the figures into DIR
""",
    "translation": """# Translation and restoration

Pictures made from pictures, with pairs and without, each measured by a study on real data whose truth is known. How to train
and use the games is told [elsewhere](games/translation.md), how a study works on [the page of the others](studies.md).

    rivals study pairs --out DIR         # results.json, table.md and the figures into DIR
""",
}
MADE = """This page is made from the studies' own results by `python -m rivals.studies.page docs/studies`; nothing on it is
typed by hand, but for the reasons ("Why not") that we found for what did not hold, which stand in the studies.
"""


def pages(folder: Path) -> dict[Page, str]:
    """The pages of all studies that have results in `folder`/NAME, in the order of the catalogue."""
    trees = {
        name: json.loads(file.read_text("utf-8")) for name in STUDIES if (file := folder / name / "results.json").is_file()
    }
    if not trees:
        raise UserError(f"there are no results in {folder}: run a study with --out {folder}/NAME")
    told = {page: {name: tree for name, tree in trees.items() if STUDIES[name].page == page} for page in HEADS}
    return {page: written(page, of_page) for page, of_page in told.items() if of_page}


def written(page: Page, trees: Mapping[str, dict[str, Any]]) -> str:
    sections = [line for name, tree in trees.items() for line in section(name, tree)]
    return "\n".join([HEADS[page], MADE, *summary(trees), *sections])


def summary(trees: Mapping[str, dict[str, Any]]) -> list[str]:
    lines = ["| study | what it runs again | seeds | minutes | claims that held |", "|---|---|---|---|---|"]
    for name, tree in trees.items():
        held = sum(claim["holds"] for claim in tree["claims"])
        anchor = f"[{name}](#{name})"
        lines.append(
            f"| {anchor} | {tree['title']} | {len(tree['seeds'])} | {tree['minutes']:.1f} | {held} of {len(tree['claims'])} |"
        )
    return [*lines, ""]


def section(name: str, tree: dict[str, Any]) -> list[str]:
    figures = [f"![{tree['title']}: {Path(file).stem}](studies/{name}/{file})\n" for file in tree["figures"]]
    what = [
        f"## {name}",
        "",
        f"{tree['title']}{'' if tree['title'].endswith('?') else '.'} Source: {tree['source']}.",
        "",
        f"`{tree['command']}`, {tree['minutes']:.1f} minutes",
    ]
    return [*what, f"on {tree['machine']}, torch {tree['versions']['torch']}.", "", *figures, table(tree)]


def main(args: Sequence[str]) -> None:
    folder = Path(args[0]) if args else Path("docs/studies")
    for page, text in pages(folder).items():
        out = folder.with_name(f"{page}.md")
        out.write_text(text, "utf-8")
        print(out)


if __name__ == "__main__":
    main(sys.argv[1:])
