"""docs/studies.md, made from the folders that studies wrote: python -m rivals.studies.page docs/studies"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rivals.errors import UserError
from rivals.studies.core import STUDIES, table

HEAD = """# Studies

    rivals studies                       # what there is
    rivals study gaussian --out DIR      # results.json, table.md and the figures into DIR
    rivals study ring --seeds 2 --quick  # smaller, and the results say so

A study runs a published table or figure again, from a fixed protocol over several seeds (0, 1, 2 ..., fixed beforehand, all of
them in `results.json`), with the published numbers beside ours, and says what held and what did not. Spreads are standard
deviations over the seeds. This page is made from the studies' own results by `python -m rivals.studies.page docs/studies`;
nothing on it is typed by hand, but for the reasons ("Why not") that we found for what did not hold, which stand in the studies.
"""


def page(folder: Path) -> str:
    """The page of all studies that have results in `folder`/NAME, in the order of the catalogue."""
    found = [(name, folder / name) for name in STUDIES if (folder / name / "results.json").is_file()]
    if not found:
        raise UserError(f"there are no results in {folder}: run a study with --out {folder}/NAME")
    trees = {name: json.loads((where / "results.json").read_text("utf-8")) for name, where in found}
    return "\n".join([HEAD, *summary(trees), *(line for name, tree in trees.items() for line in section(name, tree))])


def summary(trees: dict[str, dict[str, Any]]) -> list[str]:
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
        f"{tree['title']}. Source: {tree['source']}.",
        "",
        f"`{tree['command']}`, {tree['minutes']:.1f} minutes",
    ]
    return [*what, f"on {tree['machine']}, torch {tree['versions']['torch']}.", "", *figures, table(tree)]


def main(args: Sequence[str]) -> None:
    folder = Path(args[0]) if args else Path("docs/studies")
    out = folder.with_suffix(".md")
    out.write_text(page(folder), "utf-8")
    print(out)


if __name__ == "__main__":
    main(sys.argv[1:])
