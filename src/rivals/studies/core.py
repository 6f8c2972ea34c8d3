"""What a study is: a function that runs a published table or figure again and says what agreed.

A study gets a `Plan` (how many seeds, how long, where to) and answers with `Findings`: rows that hold one number a seed with
the published number beside them, claims that held or did not, and figures. Seeds are 0, 1, 2 ...: fixed beforehand, and all of
them are reported. `run` writes results.json, table.md and the figures into a folder.
"""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Literal, TypeVar

import torch
from matplotlib.figure import Figure

import rivals
from rivals import files
from rivals.data.download import cache_folder
from rivals.data.pictures import of_figure
from rivals.errors import UserError, pick
from rivals.machine import processor
from rivals.studies.trials import Kept, side_by_side

T = TypeVar("T")
R = TypeVar("R")
Page = Literal["studies", "control", "translation"]
QUICK = 10  # a quick study plays a tenth of the rounds

# By their files' names, in the order of docs/studies.md, docs/control.md and docs/translation.md.
MODULES: tuple[str, ...] = (
    "gaussian",
    "mixtures",
    "stacked_digits",
    "vanishing",
    "parallel_lines",
    "divergences",
    "loss_and_quality",
    "robustness",
    "tips",
    "clipping",
    "equilibrium",
    "ensemble",
    "loops",
    "upsampling",
    "conditions",
    "encoders",
    "codes",
    "features",
    "moving",
    "few_labels",
    "domains",
    "speech",
    "pairs",
    "unpaired",
    "relabelled",
    "across",
    "restoring",
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A number of one system, once a seed."""

    system: str
    metric: str
    values: Sequence[float]  # one a seed, all of them
    published: str = ""  # as the source prints it
    source: str = ""  # of the published number

    @property
    def mean(self) -> float:
        return mean(self.values)

    @property
    def spread(self) -> float | None:
        """The standard deviation over the seeds; None of a single one, or where it is not finite."""
        return stdev(self.values) if len(self.values) > 1 and all(map(math.isfinite, self.values)) else None

    def json(self) -> dict[str, Any]:
        return {
            "system": self.system,
            "metric": self.metric,
            "values": [plain(value) for value in self.values],
            "mean": plain(self.mean),
            "spread": self.spread,
            "published": self.published or None,
            "source": self.source or None,
        }


@dataclass(frozen=True)
class Claim:
    """What the source says, whether it held here, and what we saw."""

    says: str
    holds: bool
    seen: str


@dataclass(frozen=True, kw_only=True)
class Findings:
    rows: Sequence[Row]
    claims: Sequence[Claim]
    protocol: str  # what was done: data, networks, optimiser, rounds, how it was measured; line breaks count as spaces


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a study is to be run."""

    seeds: int  # how many
    first: int = 0  # of them
    quick: bool = False
    out: Path
    tell: Callable[[str], None] = print
    figures: list[str] = field(default_factory=list)  # files that the study drew, in their order
    store: Kept | None = None  # of trials that have ended, for a run after one that was stopped

    @property
    def each_seed(self) -> range:
        return range(self.first, self.first + self.seeds)

    def rounds(self, n: int) -> int:
        return max(1, n // QUICK) if self.quick else n

    def side_by_side(self, function: Callable[[T], R], trials: Sequence[T]) -> list[R]:
        """function(x) for all trials, in a process a core; those that ended in a run that was stopped are not run again."""
        return side_by_side(function, trials, self.store, self.tell)

    def figure(self, figure: Figure, name: str) -> None:
        """Write a figure of the study, as PNG."""
        of_figure(figure).save(self.out / f"{name}.png", optimize=True)
        self.figures.append(f"{name}.png")

    def film(self, frames: Sequence[Figure], name: str, *, milliseconds: int = 80) -> None:
        """Write figures as an animated GIF; the last one stays for two seconds."""
        pictures = [of_figure(frame).quantize(64) for frame in frames]
        times = [milliseconds] * (len(pictures) - 1) + [2000]
        pictures[0].save(self.out / f"{name}.gif", save_all=True, append_images=pictures[1:], duration=times, loop=0)
        self.figures.append(f"{name}.gif")


@dataclass(frozen=True, kw_only=True)
class Study:
    """A registered study."""

    name: str
    title: str
    source: str  # of the table or figure
    seeds: int  # of the full study
    minutes: float  # that it takes on two cores, about: `results.json` holds what it took
    run: Callable[[Plan], Findings]
    first: int = 0  # seed
    why: Mapping[str, str] = field(default_factory=dict)  # a claim -> why it does not hold here, as far as we found out
    page: Page = "studies"  # of docs/, which tells of it

    @property
    def doc(self) -> str:
        return cleandoc(self.run.__doc__ or "")


class Catalogue(Mapping[str, Study]):
    """All studies by name; their modules are imported when somebody asks."""

    def __init__(self) -> None:
        self.known: dict[str, Study] = {}

    def filled(self) -> dict[str, Study]:
        for module in MODULES:
            import_module(f"rivals.studies.{module}")
        return self.known

    def __getitem__(self, name: str) -> Study:
        return self.filled()[name]

    def __iter__(self) -> Any:
        return iter(self.filled())

    def __len__(self) -> int:
        return len(self.filled())


STUDIES = Catalogue()


def study(
    *,
    title: str,
    source: str,
    seeds: int,
    minutes: float,
    first: int = 0,
    why: Mapping[str, str] | None = None,
    page: Page = "studies",
) -> Callable[[Callable[[Plan], Findings]], Study]:
    """Register a function (plan) -> findings under its own name. first: the first seed, another one than 0 where settings were
    chosen by what the seeds before it showed. why: of claims that do not hold, the reason that we found;
    told beside those of them that did not. page: docs/studies.md tells of the game itself, docs/control.md of what it is made
    to do, docs/translation.md of pictures made from pictures."""

    def register(function: Callable[[Plan], Findings]) -> Study:
        name = function.__name__.replace("_", "-")
        made = Study(
            name=name,
            title=title,
            source=source,
            seeds=seeds,
            minutes=minutes,
            run=function,
            first=first,
            why=why or {},
            page=page,
        )
        STUDIES.known[name] = made
        return made

    return register


def find(name: str) -> Study:
    return pick("study", STUDIES, name)


def run(
    name: str, out: Path | str, *, seeds: int | None = None, quick: bool = False, tell: Callable[[str], None] = print
) -> Path:
    """Run a study into a folder; returns the file of its results. seeds: fewer (or more) than it has; quick: a tenth of the
    rounds. Both are told in the results."""
    chosen, out = find(name), Path(out)
    if seeds is not None and seeds < 1:
        raise UserError(f"--seeds must be at least 1, not {seeds}")
    if out.exists() and not out.is_dir():
        raise UserError(f"cannot write into {out}: pass --out FOLDER")
    out.mkdir(parents=True, exist_ok=True)
    store = Kept(cache_folder() / "trials")
    plan = Plan(seeds=seeds or chosen.seeds, first=chosen.first, quick=quick, out=out, tell=tell, store=store)
    started = time.perf_counter()
    findings = chosen.run(plan)
    tree = {
        "study": name,
        "title": chosen.title,
        "source": chosen.source,
        "command": command(chosen, plan),
        "seeds": list(plan.each_seed),
        "smaller": smaller(chosen, plan),
        "protocol": " ".join(findings.protocol.split()),
        "rows": [row.json() for row in findings.rows],
        "claims": [{"says": claim.says, "holds": bool(claim.holds), "seen": claim.seen} for claim in findings.claims],
        "figures": plan.figures,
        "minutes": round((time.perf_counter() - started + store.taken / (os.cpu_count() or 1)) / 60, 2),
        "machine": f"{processor()}, {torch.get_num_threads()} threads",
        "versions": {"rivals": rivals.__version__, "torch": torch.__version__, "python": platform.python_version()},
    }
    files.replace(out / "results.json", json.dumps(tree, indent=1).encode())
    files.replace(out / "table.md", table(tree).encode())
    store.forget()
    return out / "results.json"


def command(study: Study, plan: Plan) -> str:
    """What to type to run it again."""
    seeds = f" --seeds {plan.seeds}" if plan.seeds != study.seeds else ""
    return f"rivals study {study.name}{seeds}{' --quick' if plan.quick else ''}"


def smaller(study: Study, plan: Plan) -> str:
    """In what this run was smaller than the study; "" if in nothing."""
    told = [f"{plan.seeds} of {study.seeds} seeds"] if plan.seeds < study.seeds else []
    return " and ".join(told + ([f"1/{QUICK} of the rounds"] if plan.quick else []))


def table(tree: Mapping[str, Any]) -> str:
    """The results as Markdown: rows by system, published numbers beside ours, and what held."""
    head = [f"{tree['protocol']}", ""]
    if tree["smaller"]:
        head += [f"**This run was made smaller: {tree['smaller']}. Its numbers are not those of the study.**", ""]
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in tree["rows"]:
        subject = row["metric"].partition(": ")[0] if ": " in row["metric"] else ""
        groups.setdefault(subject, []).append(row)
    wide, narrow = [], list[Mapping[str, Any]]()
    for subject, group in groups.items():
        grid = tabulated(group, subject)
        wide += [*grid, ""] if grid else []
        narrow += [] if grid else group
    rows = wide
    if narrow:
        rows += ["| system | metric | here | published |", "|---|---|---|---|"]
        rows += [line(row["system"], row["metric"], spread(row), row["published"] or "") for row in narrow]
    claims = ["", "| claim | held | seen |", "|---|---|---|"]
    why = find(tree["study"]).why
    for claim in tree["claims"]:
        reason = "" if claim["holds"] or claim["says"] not in why else f". **Why not:** {why[claim['says']]}"
        claims.append(line(claim["says"], "yes" if claim["holds"] else "**no**", claim["seen"] + reason))
    return "\n".join([*head, *rows, *(claims if tree["claims"] else []), ""])


COLUMNS = 6  # more do not fit onto a page


def tabulated(rows: Sequence[Mapping[str, Any]], subject: str) -> list[str]:
    """Rows about one subject, whose metrics begin with its name, as a table with a column a metric; none where such a table
    would be empty in half of its places, or too wide."""
    of = {(row["system"], row["metric"]): row for row in rows}
    systems, metrics = (list(dict.fromkeys(row[key] for row in rows)) for key in ("system", "metric"))
    if len(of) < len(rows) or min(len(systems), len(metrics)) < 2 or len(metrics) > COLUMNS:
        return []
    if 2 * len(rows) <= len(systems) * len(metrics):
        return []

    def cell(system: str, metric: str) -> str:
        if (row := of.get((system, metric))) is None:
            return ""
        return spread(row) + (f" ({row['published']})" if row["published"] else "")

    published = " (published)" if any(row["published"] for row in rows) else ""
    head = line(f"{subject or 'system'}{published}", *(metric.removeprefix(f"{subject}: ") for metric in metrics))
    lines = [line(system, *(cell(system, metric) for metric in metrics)) for system in systems]
    return [head, "|---" * (1 + len(metrics)) + "|", *lines]


def spread(row: Mapping[str, Any]) -> str:
    """The mean over the seeds, and their standard deviation."""
    return number(row["mean"]) + ("" if row["spread"] is None else f" ± {number(row['spread'])}")


def line(*cells: str) -> str:
    """A row of a table in Markdown."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def number(value: float | str) -> str:
    """
    >>> number(0.12345), number(1234.5), number(8.0), number("inf")
    ('0.1235', '1,234', '8', 'inf')
    """
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def plain(value: float) -> float | str:
    """What JSON has no number for, as text."""
    return float(value) if math.isfinite(value) else str(float(value))
