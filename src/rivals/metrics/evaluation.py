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
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import torch

from rivals import chance
from rivals.data import Beside, Dataset, Memory, load
from rivals.data.part import in_order, some
from rivals.data.sources import test_part
from rivals.errors import UserError
from rivals.game import Couples, Game, Relabels, Samples, Translates
from rivals.loading import load as load_game
from rivals.loading import read, setup_of
from rivals.machine import find_device
from rivals.metrics import memorisation, realness
from rivals.metrics.catalogue import METRICS, chosen, features_of
from rivals.metrics.choice import choose
from rivals.metrics.core import LABELS, Case, Features, Metric, Translations, Unsuitable, Value
from rivals.recipes import Setup
from rivals.run import Run, Which, typed
from rivals.sampling import checked, generated
from rivals.translating import drawing

if TYPE_CHECKING:
    from PIL.Image import Image


FEWEST = 10  # of each kind

Split = Literal["auto", "train", "test"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A number and all that it takes to compare it with another."""

    metric: str
    of: str  # 'best, round 7,500', or the name of what was judged
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
    hows = {metric: how(values) for metric, values in metrics.items()}
    notes = list(dict.fromkeys(hows.values()))
    lines = [
        Line(metric, row.better, 1 + notes.index(hows[metric]), metrics[metric], row.floor) for metric, row in firsts.items()
    ]
    return Section(features, counts, of, lines, notes)


def how(values: Mapping[str, Row]) -> str:
    """How a metric was worked out, of each checkpoint apart where that differs (a sigma is chosen for each)."""
    if len({row.how for row in values.values()}) == 1:
        return next(iter(values.values())).how
    return "; ".join(f"{of}: {row.how}" for of, row in values.items())


def evaluate_run(
    path: Path | str,
    *,
    data: str | None = None,
    metrics: Sequence[str] = (),
    features: Sequence[str] = (),
    n: int = 10_000,
    checkpoints: Sequence[str] = (),
    split: Split = "auto",
    labels: Sequence[int] = LABELS,
    seed: int = 0,
    max_bad: float = 0.001,
    device: str = "auto",
    game: Game | None = None,
) -> Evaluation:
    """Judge the checkpoints of a run (or a checkpoint or an export by itself) by n samples each.

    What was generated is compared with the test part of the data that the run was trained on, where there is one, else with the
    rows that it learnt from; or with `data`, a name or a path, read as the run read its own. metrics: names of `METRICS`; none:
    all that can judge this case. features: names; none: the best that are there. checkpoints: best, final, rounds; none: best
    and final. split: train or test insist on that part. labels: how many a probe learns from. game: for a run of a game of your
    own, that game with any weights.
    """
    where, path = find_device(device), Path(path)
    which = checkpoints_of(path, checkpoints)
    tree, _ = read(path, which[0])
    settings = tree["settings"]
    sides = sides_of(settings, data, max_bad, split)
    if game is None and settings["recipe"] is not None:
        sides = of_domains(sides, setup_of(settings))
    asked = features_of(metrics, features) or ("auto",)
    averaged = ", averaged weights" if settings.get("average") else ""
    judges: dict[str, Features] = {}
    found = Collected(metrics, several=len(features) > 1)
    games: dict[int, tuple[list[str], Game]] = {}  # by round: the best may be the final one
    for name in which:
        made = load_game(path, checkpoint=name, game=game).to(where)
        games.setdefault(made.round, ([], made))[0].append(str(name))
    for round, (names, made) in games.items():
        of = f"{' and '.join(names)}, round {round:,}" if names != [str(round)] else f"round {round:,}"
        real, translated = some(sides.real, at_least(n)), None
        fake: Dataset = real
        if isinstance(made, Samples):
            fake = generated(made, n, seed, bounded=real.facts.bounded, name=of)
        elif isinstance(made, Relabels):
            fake = generated(drawing(made, sides.real), n, seed, bounded=True, name=of)
        elif isinstance(made, Translates) and sides.domains is not None:
            translated = translations(made, sides.domains, n, seed, name=of)
            fake = translated.made
        for kind in ("pixels",) if fake is real else asked:  # features of samples that nobody drew are worth no training
            if kind not in judges or kind == "discriminator":  # each checkpoint has its own
                # what was learnt from may be gone: then there is nothing that the real rows are the test part of
                test = None if sides.train is None or sides.train is sides.real else sides.real
                judges[kind] = choose(kind, sides.train or sides.real, test, device=where, game=made)
                if kind == "discriminator":
                    judges[kind].protocol += f" ({of})"
            spare = sides.real if sides.train is None else None
            case = Case(
                real,
                fake,
                judges[kind],
                train=sides.train,
                spare=spare,
                game=made,
                device=where,
                labels=labels,
                translated=translated,
            )
            found.judge(of, case, sides.told, f" (seed {seed}{averaged})")
    return found.evaluation()


def checkpoints_of(path: Path, asked: Sequence[str]) -> list[Which]:
    """What is judged: of a run the checkpoints asked for, or best and final as far as they are there."""
    if not (path / "settings.json").is_file():
        if asked:
            raise UserError(f"{path} is no run folder, and holds one checkpoint: leave out --checkpoints")
        return ["latest"]
    run = Run(path)
    wanted: list[Which] = [typed(name) for name in asked]
    for name in wanted:
        if name != "latest" and not run.file(name).exists():
            run.checkpoint(name)  # raises, and says what there is
    return wanted or [name for name in ("best", "final") if run.file(name).exists()] or ["latest"]


class Sides(NamedTuple):
    """The real things that a run is judged by."""

    real: Dataset
    train: Dataset | None  # what it learnt from; the same as `real` where there are no unseen rows
    told: str
    domains: Beside | None = None  # of a translator: what is translated, and beside it `real`


def of_domains(sides: Sides, setup: Setup) -> Sides:
    """For two domains: what is translated, and what translations or samples are compared with, the rows of the second."""
    if not isinstance(setup.game, Translates | Couples) or setup.beside is None:
        return sides
    part = "test" if sides.told.startswith("test part") else "train"
    make = setup.truth or setup.beside
    domains: Beside = make(sides.real, part)
    train = None if sides.train is None else make(sides.train, "train").second
    return Sides(domains.second, domains.second if sides.train is sides.real else train, sides.told, domains)


def translations(game: Translates, domains: Beside, n: int, seed: int, *, name: str) -> Translations:
    """What the game makes of n rows of the first domain, and what belongs to each where these are pairs."""
    given = some(domains.first, n)
    with torch.no_grad(), chance.fixed(seed):
        made = torch.cat([checked(game.translate(batch.x), bounded=True).cpu() for batch in in_order(given, device_of(game))])
    return Translations(given, Memory(made, name=name), some(domains.second, n) if domains.paired else None)


def device_of(game: Translates) -> torch.device:
    return game.device if isinstance(game, Game) else torch.device("cpu")


def sides_of(settings: Mapping[str, Any], data: str | None, max_bad: float, split: Split) -> Sides:
    told, shape = settings["data"], tuple(settings["facts"]["shape"])
    options = {name: value for name, value in told.items() if name not in ("source", "fingerprint")} | {"max_bad": max_bad}
    if len(shape) == 3:
        # as the run resolved them; arrays of more channels have no option for that
        options |= {"size": shape[1:]} | ({"channels": shape[0]} if shape[0] in (1, 3) else {})
    given = load(data or told["source"], **options)
    if given.facts.shape != shape:
        raise UserError(f"the run draws {_by(shape)}, '{given.name}' has {_by(given.facts.shape)}")
    test = part_asked(data or told["source"], split, options)
    if data is not None and given.fingerprint != told["fingerprint"]:
        called = "test part" if test else "other data than it learnt from"
        with suppress(UserError):  # what was learnt from may be gone
            return Sides(test or given, load(told["source"], **options), called)
        return Sides(test or given, None, called)
    changed = "" if given.fingerprint == told["fingerprint"] else ", changed since the training"
    return Sides(test or given, given, ("test part" if test else "training rows") + changed)


def part_asked(source: str, split: Split, options: Mapping[str, Any]) -> Dataset | None:
    """The test part, where there is one and nobody asked for the training part."""
    test = None if split == "train" else test_part(source, **options)
    if split == "test" and test is None:
        raise UserError(f"'{source}' has no test part: leave out --split test")
    return test


def evaluate_folders(
    real: str,
    fake: str,
    *,
    train: str | None = None,
    metrics: Sequence[str] = (),
    features: Sequence[str] = (),
    n: int = 10_000,
    split: Split = "auto",
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    max_bad: float = 0.001,
    device: str = "auto",
) -> Evaluation:
    """Judge the pictures of a folder (or any other data, a name or a path) by those of another.

    train: what the generator learnt from, if that is at hand: memorisation is judged then. split: which part of real data that
    has two; auto is the test part, and then the training part is taken for what was learnt from. size: of pictures that are not
    all of one size; the protocol tells of it.
    """
    where = find_device(device)
    options: dict[str, Any] = {"size": size, "channels": channels, "native": size is None, "max_bad": max_bad}
    one, other = load(real, **options), load(fake, **options)
    learnt = None if train is None else load(train, **options)
    part = part_asked(real, split, options)
    if part is not None:
        one, learnt = part, one if learnt is None else learnt
    called = "test part" if part else "as given" if split == "auto" else "training part"
    for data in filter(None, (other, learnt)):
        if one.facts.shape != data.facts.shape:
            raise UserError(
                f"'{real}' has {_by(one.facts.shape)}, '{data.name}' has {_by(data.facts.shape)}: pass --size, --channels"
            )
    found = Collected(metrics, several=len(features) > 1)
    for name in features_of(metrics, features) or ("auto",):
        judge = choose(name, learnt or one, one if learnt else None, device=where)
        told = called + (", learnt by the classifier" if judge.name == "classifier" and learnt is None else "")
        case = Case(some(one, at_least(n)), some(other, n), judge, train=learnt, spare=one, device=where)
        found.judge(Path(fake).name, case, told)
    return found.evaluation()


def at_least(n: int) -> int:
    if n < FEWEST:
        raise UserError(f"metrics take at least {FEWEST} things of each kind, not {n}")
    return n


class Collected:
    """The rows as they come: each metric once a case, and once more for its floor."""

    def __init__(self, names: Sequence[str], *, several: bool):
        self.metrics = chosen(names) if names else list(METRICS.values())
        self.asked, self.several = bool(names), several  # by name; by several kinds of features
        self.rows: list[Row] = []
        self.left_out: dict[str, str] = {}
        self.cases: dict[str, Case] = {}
        self.floor_cases: dict[str, Case] = {}  # by the features' protocol
        self.floors: dict[tuple[str, str], Mapping[str, Value]] = {}  # by metric and features

    def judge(self, of: str, case: Case, told: str, drawn: str = "") -> None:
        at_least(min(len(case.real), len(case.fake)))
        if case.draws and sum(metric.features for metric in self.metrics) > 1:  # else one may stream them
            case.describe(case.real), case.describe(case.fake)
        by = case.features.protocol
        floor = self.floor_cases.get(by) or self.floor_cases.setdefault(by, case.at_the_floor())
        counts = counted(case, told, drawn, floor)
        again = of in self.cases  # by other features
        self.cases.setdefault(of, case)
        for metric in self.metrics:
            if (again and not metric.features) or (metric.samples and not case.draws and not self.asked):
                continue
            for name, value in self.measured(metric, case).items():
                real = self.floor(metric, floor).get(name)
                self.rows.append(
                    Row(
                        metric=name,
                        of=of,
                        value=value.value,
                        spread=value.spread,
                        floor=None if real is None else real.value,
                        better=value.better,
                        how=value.protocol,
                        features=by if metric.features else "",
                        counts=counts,
                    )
                )

    def measured(self, metric: Metric, case: Case) -> Mapping[str, Value]:
        try:
            if metric.samples and not case.draws:
                raise Unsuitable(f"'{metric.name}' judges samples, and this game draws nothing from noise alone")
            return metric.measure(case)
        except Unsuitable as reason:
            if self.asked and not self.several:
                raise  # at once, not after minutes of the others
            self.left_out[metric.name] = str(reason)
            return {}

    def floor(self, metric: Metric, case: Case) -> Mapping[str, Value]:
        """What real things score; the same for all checkpoints, so worked out once."""
        key = metric.name, case.features.protocol
        if key not in self.floors:
            self.floors[key] = {}
            with suppress(Unsuitable):  # half as many rows may be too few
                self.floors[key] = metric.measure(case) if metric.floor else {}
        return self.floors[key]

    def evaluation(self) -> Evaluation:
        if not self.rows and not all(case.draws for case in self.cases.values()):
            raise UserError("nothing here can judge this game: it draws nothing from noise alone, and is no classifier")
        answered = {row.metric for row in self.rows}
        for metric in self.metrics:
            if answered & {*metric.gives, metric.name}:
                self.left_out.pop(metric.name, None)  # by other features
            elif self.asked and metric.name in self.left_out:
                raise UserError(self.left_out[metric.name])
        return Evaluation(rows=self.rows, left_out=self.left_out, cases=self.cases)


def counted(case: Case, told: str, drawn: str, floor: Case) -> str:
    """How many of what: drawn how, of which part, of which shape, changed how on reading."""
    shape = "x".join(map(str, case.real.facts.shape))
    of_fake, of_real = ("".join(f", {note}" for note in data.notes) for data in (case.fake, case.real))
    drawn += f" ({of_fake[2:]})" if of_fake else ""
    if not case.draws:
        return f"{len(case.real):,} of {case.real.name} ({told}, {shape}{of_real})"
    return (
        f"{len(case.fake):,} generated{drawn} against {len(case.real):,} of {case.real.name} ({told}, {shape}{of_real}); "
        f"floor: {len(floor.fake):,} real against {len(floor.real):,}"
    )


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
