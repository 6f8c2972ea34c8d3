"""Judging a run or a folder of pictures: which data, which features, which metrics, and the rows of the table.

Every row carries its protocol: how it was worked out, by which features, of how many generated and real things of which
split. Beside each number stands its floor: what real things score in the place of the generated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rivals.data import Dataset, load
from rivals.data.part import some
from rivals.errors import UserError
from rivals.game import Samples
from rivals.loading import load as load_game
from rivals.loading import read
from rivals.machine import find_device
from rivals.metrics import memorisation, realness
from rivals.metrics.catalogue import METRICS, chosen
from rivals.metrics.choice import choose
from rivals.metrics.core import Case, Features, Metric, Unsuitable, Value
from rivals.sampling import generated

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, kw_only=True)
class Row:
    """A number and all that it takes to compare it with another."""

    metric: str
    of: str  # 'best', 'final', a round, or the name of what was judged
    value: float
    spread: float | None
    floor: float | None  # what real things score
    better: str
    how: str  # it was worked out
    features: str  # "" where the number does not depend on them
    counts: str

    @property
    def protocol(self) -> str:
        return "; ".join(filter(None, (self.how, self.features, self.counts)))

    def json(self) -> dict[str, Any]:
        """With infinities as text, which JSON has no numbers for."""
        plain = {k: str(v) if isinstance(v, float) and not math.isfinite(v) else v for k, v in asdict(self).items()}
        return {**plain, "protocol": self.protocol}


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    rows: Sequence[Row]
    left_out: Mapping[str, str] = field(default_factory=dict)  # metrics that could not judge this case, and why
    cases: Mapping[str, Case] = field(default_factory=dict, repr=False)  # what was judged, by `Row.of`


class Line(NamedTuple):
    """One metric of everything that was judged."""

    metric: str
    better: str
    note: int  # number of the note that tells how it was worked out, from 1
    values: Mapping[str, Row]  # by `Row.of`
    floor: float | None


class Section(NamedTuple):
    """The lines that share features and counts."""

    features: str
    counts: str
    of: Sequence[str]
    lines: Sequence[Line]
    notes: Sequence[str]


def sections(rows: Sequence[Row]) -> list[Section]:
    """The rows as they are read: a section for each kind of features, in it a line for each metric."""
    found: dict[tuple[str, str], dict[str, dict[str, Row]]] = {}
    for row in rows:
        found.setdefault((row.features, row.counts), {}).setdefault(row.metric, {})[row.of] = row
    return [section(*named, lines) for named, lines in found.items()]


def section(features: str, counts: str, metrics: Mapping[str, Mapping[str, Row]]) -> Section:
    of = list(dict.fromkeys(name for values in metrics.values() for name in values))
    firsts = {metric: next(iter(values.values())) for metric, values in metrics.items()}
    notes = list(dict.fromkeys(row.how for row in firsts.values()))
    lines = [Line(metric, row.better, 1 + notes.index(row.how), metrics[metric], row.floor) for metric, row in firsts.items()]
    return Section(features, counts, of, lines, notes)


def evaluate_run(
    path: Path | str,
    *,
    data: str | None = None,
    metrics: Sequence[str] = (),
    features: Sequence[str] = (),
    n: int = 10_000,
    checkpoints: Sequence[str] = ("best", "final"),
    seed: int = 0,
    device: str = "auto",
) -> Evaluation:
    """Judge the checkpoints of a run (or the one of an export) by n samples each.

    data: a name or a path; None: what the run was trained on. It is read with the run's options (size, channels ...). What was
    generated is compared with the data's test part, where there is one, else with the rows that were learnt from.
    metrics: names of `METRICS`; none: all that can judge this case. features: names; none: the best that are there.
    """
    where, path = find_device(device), Path(path)
    tree, _ = read(path)
    told = tree["settings"]["data"]
    options = {name: value for name, value in told.items() if name not in ("source", "fingerprint")}
    source = data or told["source"]
    train = load(source, **options)
    if list(train.facts.shape) != list(tree["settings"]["facts"]["shape"]):
        raise UserError(f"the run draws {_by(tree['settings']['facts']['shape'])}, '{source}' has {_by(train.facts.shape)}")
    test = test_part(source, options)
    judges: dict[str, Features] = {}
    found = Collected(metrics)
    is_run = (path / "settings.json").is_file()
    for which in checkpoints if is_run else ("best",):
        game = load_game(path, checkpoint=int(which) if which.isdigit() else which).to(where)
        if not isinstance(game, Samples):
            raise UserError(f"{path} holds a game that draws nothing from noise alone")
        of = which if is_run else path.name
        fake = generated(game, n, seed, bounded=train.facts.bounded, name=f"{of} checkpoint")
        for name in features or ("auto",):
            if name not in judges or name == "discriminator":  # each checkpoint has its own
                judges[name] = choose(name, train, test, device=where, game=game)
                if name == "discriminator":
                    judges[name].protocol += f", of the {of} checkpoint"
            case = Case(some(test or train, n), fake, judges[name], train=train, game=game, device=where)
            found.judge(of, case, "test part" if test else "training rows")
    return found.evaluation()


def evaluate_folders(
    real: str,
    fake: str,
    *,
    metrics: Sequence[str] = (),
    features: Sequence[str] = (),
    n: int = 10_000,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    device: str = "auto",
) -> Evaluation:
    """Judge the pictures of a folder (or any other data, a name or a path) by those of another.

    size: of pictures that are not all of one size; the protocol tells of it.
    """
    where = find_device(device)
    one, other = (load(source, size=size, channels=channels, native=size is None) for source in (real, fake))
    if one.facts.shape != other.facts.shape:
        raise UserError(f"'{real}' has {_by(one.facts.shape)}, '{fake}' has {_by(other.facts.shape)}: pass --size, --channels")
    found = Collected(metrics)
    a, b = some(one, n), some(other, n)
    for name in features or ("auto",):
        judge = choose(name, one, device=where)
        told = "as they are" if size is None else f"resized to {size}"
        told += ", learnt by the classifier" if judge.name == "classifier" else ""
        found.judge(Path(fake).name, Case(a, b, judge, spare=one, device=where), told)
    return found.evaluation()


class Collected:
    """The rows as they come: each metric once a case, and once more for its floor."""

    def __init__(self, names: Sequence[str]):
        self.metrics = chosen(names) if names else list(METRICS.values())
        self.strict = bool(names)  # what was asked for by name must be answered
        self.rows: list[Row] = []
        self.left_out: dict[str, str] = {}
        self.cases: dict[str, Case] = {}
        self.floors: dict[tuple[str, str], Mapping[str, Value]] = {}  # by metric and features
        self.floor_cases: dict[str, Case] = {}  # by the features' protocol

    def judge(self, of: str, case: Case, split: str) -> None:
        floor = self.floor_cases.setdefault(case.features.protocol, case.at_the_floor())
        counts = f"{len(case.fake):,} generated against {len(case.real):,} of {case.real.name} ({split}); "
        counts += f"floor: {len(floor.fake):,} real against {len(floor.real):,}"
        again = of in self.cases  # by other features
        self.cases.setdefault(of, case)
        for metric in self.metrics:
            if again and not metric.features:
                continue
            try:
                values = metric.measure(case)
            except Unsuitable as reason:
                if self.strict:
                    raise
                self.left_out[metric.name] = str(reason)
                continue
            floors = self.floor(metric, floor)
            for name, value in values.items():
                self.rows.append(
                    Row(
                        metric=name,
                        of=of,
                        value=value.value,
                        spread=value.spread,
                        floor=floors[name].value if name in floors else None,
                        better=value.better,
                        how=value.protocol,
                        features=case.features.protocol if metric.features else "",
                        counts=counts,
                    )
                )

    def floor(self, metric: Metric, case: Case) -> Mapping[str, Value]:
        """What real things score; the same for all checkpoints, so worked out once."""
        key = metric.name, case.features.protocol
        if key not in self.floors:
            self.floors[key] = {}
            with suppress(Unsuitable):  # half as many rows may be too few
                self.floors[key] = metric.measure(case) if metric.floor else {}
        return self.floors[key]

    def evaluation(self) -> Evaluation:
        return Evaluation(rows=self.rows, left_out=self.left_out, cases=self.cases)


def test_part(source: str, options: Mapping[str, Any]) -> Dataset | None:
    """The rows that nobody trained on, where the data has such a part."""
    try:
        return load(source, **options, split="test")
    except UserError:
        return None


def _by(shape: Sequence[int]) -> str:
    return "pictures of " + "x".join(map(str, shape)) if len(shape) == 3 else f"vectors of {shape[0]}"


def pictures(evaluation: Evaluation) -> dict[str, Image]:
    """What there is to look at of the first that was judged, by caption."""
    shown: dict[str, Image] = {}
    case = next(iter(evaluation.cases.values()))
    for caption, draw in (
        ("Samples beside the training pictures they come nearest to", memorisation.pairs),
        ("Real pictures that the discriminator is surest of", realness.candidates),
    ):
        with suppress(Unsuitable):
            shown[caption] = draw(case)
    return shown
