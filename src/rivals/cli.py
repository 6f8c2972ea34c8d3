"""The command line. Each command is a typed function that does what the Python functions do, and imports them late."""

from __future__ import annotations

import dataclasses
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from difflib import get_close_matches
from functools import partial, wraps
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from tyro.conf import OmitArgPrefixes, Positional

from rivals.errors import UserError

if TYPE_CHECKING:
    from rivals.metrics.evaluation import Evaluation
    from rivals.recipes import Recipe
    from rivals.run import Run

BAD_INPUT = 2  # the exit code
NOTES = 5  # that are printed of many
ADDRESS = 46  # characters that the longest address of a paper has: none is cut


def main(args: Sequence[str] | None = None) -> None:
    """The program `rivals`."""
    from rivals.stop import Interrupted

    args = list(sys.argv[1:] if args is None else args)
    try:
        if args[:1] == ["train"] and len(args) > 1 and not args[1].startswith("-"):
            train_recipe(args[1], args[2:])
        elif args[:1] == ["explore"]:
            explored(args[1:])
        else:
            commands = {
                f.__name__: later(f)
                for f in (
                    *(recipes, data, train, sample, translate, convert, explore),
                    *(evaluate, report, compare, studio, export, studies, study, demo),
                )
            }
            what = "Train, measure and explore generative adversarial networks."
            with one_line():
                command = tyro.extras.subcommand_cli_from_dict(commands, prog="rivals", description=what, args=args)
            command()
    except UserError as error:
        print(f"rivals: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except Interrupted as stopped:
        sys.exit(128 + stopped.number)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `rivals recipes | head`: no traceback at exit
        sys.exit(1)


def later(command: Callable[..., None]) -> Callable[..., Callable[[], None]]:
    """The command with the same signature, to be read from the command line now and run afterwards."""

    @wraps(command)
    def asked(*args: Any, **kwargs: Any) -> Callable[[], None]:
        return partial(command, *args, **kwargs)

    return asked


@contextmanager
def one_line() -> Iterator[None]:
    """What cannot be understood is one line here, as every other wrong input, and not tyro's box."""
    told = io.StringIO()
    try:
        with redirect_stderr(told):
            yield
    except SystemExit as stop:
        if stop.code == BAD_INPUT:
            raise UserError(flat(told.getvalue())) from None
        raise


def flat(box: str) -> str:
    """The box in one line: what is wrong, what was perhaps meant, where help is."""
    lines = [line.strip("│|+ ") for line in box.splitlines()[1:-1]]
    lines = [line.strip("─-") and line for line in lines]  # a rule is empty; where no box can be drawn it is made of -
    parts = [" ".join(part).rstrip(".:") for full, part in groupby(lines, bool) if full]  # each ends at a rule
    perhaps = [line.split()[0] for line in lines if line.startswith("--")] if "Perhaps" in box else []
    given = next((word.strip(",") for word in parts[0].split() if word.startswith("--")), "")
    near = get_close_matches(given, perhaps, n=1, cutoff=0.0)
    wrong = parts[0] + "".join(f": did you mean {name}?" for name in near)
    others = [part for part in parts[1:] if part.startswith("Available")]
    return "; ".join([wrong, *others, *parts[-1:]]).replace("For full helptext, ", "for help ")


def recipes() -> None:
    """What there is: name, paper, needs, can do."""
    from rich.console import Console
    from rich.table import Column, Table

    from rivals.recipes import RECIPES

    what_it_is = Column("what it is", min_width=ADDRESS, overflow="fold")
    narrow = Column("needs:\ncan do", min_width=10, max_width=10)
    table = Table(Column("recipe", no_wrap=True), what_it_is, narrow, box=None, pad_edge=False)
    for name, recipe in RECIPES.items():
        what = recipe.doc.split("\n\n")[0].replace("\n", " ")
        can = f"{recipe.needs()}:\n{', '.join(recipe.can())}"
        table.add_row(name, f"{what}\n[dim]{recipe.paper}\n{recipe.url}[/dim]\n", can)
    Console().print(table)
    print("rivals train RECIPE --help lists a recipe's options.")


def data(
    source: Positional[str],
    size: int | tuple[int, int] | None = None,
    channels: Literal[1, 3] | None = None,
    fit: Literal["crop", "pad", "stretch"] = "crop",
    only: str | None = None,
    image_key: str | None = None,
    caption_key: str | None = None,
    attributes: str | None = None,
    max_bad: float = 0.001,
    out: Path | None = None,
) -> None:
    """Describe a data set: count, sizes, modes, classes, bad files, and a picture of 64 of its images.

    Args:
        source: A name or a path, as for `rivals train --data`.
        size: Sides of the pictures: one number, or height and width.
        channels: 1 for grey, 3 for colour.
        fit: How pictures of another shape come to that size.
        only: Keep one class, by name or number.
        image_key: Which picture of a sample in .tar shards that have several.
        caption_key: Where captions stand whose words become attributes: a column of a folder's metadata, an ending in .tar
            shards (txt).
        attributes: Of yes/no attributes keep these, by name with commas between; cap/bandana: any of the two.
        max_bad: Share of unreadable files that is skipped; more is an error.
        out: Where the picture goes; by default NAME.png in the current folder.
    """
    from rich.console import Console

    from rivals.data import contact_sheet, describe, load

    options: dict[str, Any] = {
        "size": size,
        "channels": channels,
        "fit": fit,
        "only": only,
        "image_key": image_key,
        "caption_key": caption_key,
        "attributes": attributes,
        "max_bad": max_bad,
    }
    Console().print(describe(source, **options))
    file = out or Path(f"{Path(source).name.split('.')[0] or 'data'}.png")
    saved(contact_sheet(load(source, **options)), file)


def train(recipe: Positional[str]) -> None:
    """Train a recipe: rivals train RECIPE [--data D] [--minutes M] ...

    `rivals train RECIPE --help` lists all options of a recipe; `rivals recipes` lists the recipes.

    Args:
        recipe: Its name: auto if you have no opinion.
    """
    train_recipe(recipe, [])


def train_recipe(name: str, args: Sequence[str]) -> None:
    from rivals.recipes import find
    from rivals.training import Training

    recipe = find(name)
    args = with_target(recipe, args)
    fields = [
        ("training", OmitArgPrefixes[Training], dataclasses.field(default=Training())),
        ("options", OmitArgPrefixes[type(recipe.options)], dataclasses.field(default=recipe.options)),  # type: ignore[misc]
    ]
    command = dataclasses.make_dataclass("Train", fields, frozen=True)
    with one_line():
        asked: Any = tyro.cli(command, prog=f"rivals train {name}", description=recipe.doc, args=args)
    finish(recipe.but(**vars(asked.options)), asked.training)


def with_target(recipe: Recipe, args: Sequence[str]) -> list[str]:
    """A second --data is the other domain: --target, of recipes that have one. More are --further, of those that have it."""
    args = [part for arg in args for part in (arg.split("=", 1) if arg.startswith("--data=") else [arg])]
    places = [place for place, arg in enumerate(args) if arg == "--data"]
    if len(places) < 2:
        return args
    options = {field.name for field in dataclasses.fields(recipe.options)}
    if "target" not in options:
        raise UserError(f"'{recipe.name}' learns from one data set: give --data once")
    if len(places) > 2 and "further" not in options:
        raise UserError(f"'{recipe.name}' learns from two domains, --data is there {len(places)} times")
    args[places[1]] = "--target"
    further = [args[place + 1] for place in places[2:] if place + 1 < len(args)]
    for place in reversed(places[2:]):
        del args[place : place + 2]
    return [*args, *(["--further", *further] if further else [])]


def finish(recipe: Recipe, training: Any) -> None:
    """Train, write the report, and say where everything is."""
    from rivals import processes
    from rivals.training import rehearse, train

    if training.dry_run:
        print(rehearse(recipe, training))
        return
    run = train(recipe, training)
    if processes.rank_of_launch() == 0:
        from rivals.report import write_report

        page = write_report([run.path])
        print(summary(run, page))


def summary(run: Run, page: Path) -> str:
    scores = run.scores()
    lines = [f"report   {page}"]
    if scores:  # of what a game draws, if it draws
        translates = run.settings.get("domains")  # a folder of pictures in the place of noise
        lines.append(f"use      rivals translate {run.path} PICTURES" if translates else f"samples  rivals sample {run.path}")
        best, last = [event for event in scores if event["best"]][-1], scores[-1]
        by = next(iter(last["scores"]))
        for name, event in (("best", best), ("final", last)):
            lines.append(f"{name:8} {by} {event['scores'][by]:.4g} at round {event['round']:,}")
        lines.append(f"         ({last['protocol'][by]}; better: {last['better'][by]})")
    return "\n".join(lines)


def sample(
    run: Positional[Path],
    n: int = 64,
    only: str | None = None,
    seed: int = 0,
    checkpoint: str = "best",
    out: Path = Path("samples.png"),
    device: str = "auto",
) -> None:
    """Draw from a trained game.

    Args:
        run: A run folder, a checkpoint or an export.
        n: How many.
        only: Draw this class, by name or number, or these attributes, by name with commas between (cgan, acgan); of a run on
            captions what a text says.
        seed: Equal seeds draw equal samples.
        checkpoint: best, final, latest or a round.
        out: A picture of all (.png), the raw arrays under the name `samples` (.npz), or a folder of pictures.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    from rivals.run import typed
    from rivals.sampling import sample_to

    if n < 1:
        raise UserError(f"--n must be at least 1, not {n}")
    print(sample_to(run, out, n=n, only=only, seed=seed, checkpoint=typed(checkpoint), device=device))


def translate(
    run: Positional[Path],
    inputs: Positional[tuple[Path, ...]],
    out: Path = Path("translated"),
    to: str | None = None,
    of: Annotated[str | None, tyro.conf.arg(name="from")] = None,
    checkpoint: str = "best",
    seed: int = 0,
    device: str = "auto",
) -> None:
    """Turn pictures of one domain into another (pix2pix, cyclegan), and write a page that shows them side by side.

    Args:
        run: A run folder, a checkpoint or an export.
        inputs: Pictures, or folders of them, of any size. Their names are kept.
        out: The folder that is written.
        to: The domain that they are brought into; by default the second.
        of: The domain that they are of; by default the other of two.
        checkpoint: best, final, latest or a round.
        seed: Of what is left to chance: equal seeds give equal translations.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    from rivals.run import typed
    from rivals.translating import translate_files

    report = translate_files(run, inputs, out, to=to, of=of, checkpoint=typed(checkpoint), seed=seed, device=device)
    for note in report.notes[:NOTES]:
        print(note)
    print(f"{len(report.written)} translated; {report.page}")
    if report.bad:
        for file, reason in report.bad:
            print(f"rivals: {file} could not be read: {reason}", file=sys.stderr)
        sys.exit(1)


def convert(
    run: Positional[Path], sound: Positional[Path], voice: Path, out: Path = Path("converted.wav"), checkpoint: str = "best"
) -> None:
    """Say the words of one speaker in the voice of another (disentangle).

    Args:
        run: A run folder, a checkpoint or an export.
        sound: A WAV file: what is said.
        voice: A WAV file of the speaker who is to say it, half a second or more.
        out: The WAV file that is written.
        checkpoint: best, final, latest or a round.
    """
    from rivals.run import typed
    from rivals.voices import convert_file

    print(convert_file(run, sound, voice, out, checkpoint=typed(checkpoint)))


def explore(what: Positional[str]) -> None:
    """Move in the latent space: walk, square, directions, arithmetic, turn, back (from a picture), paint.

    Args:
        what: rivals explore walk --help tells of it, and so on.
    """
    explored([what])


def explored(args: Sequence[str]) -> None:
    from rivals.explore.commands import COMMANDS

    commands = {name: later(command) for name, command in COMMANDS.items()}
    what = "Move in the latent space of a trained game."
    with one_line():
        command = tyro.extras.subcommand_cli_from_dict(commands, prog="rivals explore", description=what, args=list(args))
    command()


def evaluate(
    run: Positional[Path | None] = None,
    data: str | None = None,
    real: str | None = None,
    fake: str | None = None,
    metrics: str = "",
    features: str = "auto",
    n: int = 10_000,
    checkpoints: str = "",
    split: Literal["auto", "train", "test"] = "auto",
    labels: tuple[int, ...] = (100, 1000),
    train: str | None = None,
    size: int | tuple[int, int] | None = None,
    channels: Literal[1, 3] | None = None,
    max_bad: float = 0.001,
    seed: int = 0,
    json: Path | None = None,
    out: Path | None = None,
    device: str = "auto",
) -> None:
    """Judge a run, or any folder of pictures by another: rivals evaluate RUN, rivals evaluate --real FOLDER --fake FOLDER.

    Args:
        run: A run folder or an export.
        data: What the run is judged by; by default the test part of what it was trained on, where there is one.
        real: A folder of real pictures, or another name or path of data.
        fake: A folder of generated pictures, whoever made them.
        metrics: Names with commas between, of docs/metrics.md; by default all that can judge this.
        features: What pictures are compared by: inception, efficientnet-lite0, classifier, discriminator, random, pixels.
        n: How many of each.
        checkpoints: Which of the run, with commas between: best, final, rounds; by default best and final.
        split: Which part of data that has two they are compared with; auto: the test part.
        labels: From how many labels the probe learns.
        train: What the generated pictures were learnt from, for memorisation.
        size: Sides that pictures of unlike sizes are brought to.
        channels: 1 for grey, 3 for colour.
        max_bad: Share of unreadable files that is skipped; more is an error.
        seed: Of the samples.
        json: A file for the rows with everything that is known of them.
        out: The page; by default report.html in the run folder, none for folders.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    from rivals.metrics.evaluation import evaluate_folders, evaluate_run
    from rivals.report import write_evaluation

    for file in (json, out):
        if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
            raise UserError(f"cannot write {file}: pass the path of a file in a folder that is there")
    asked: dict[str, Any] = {
        "metrics": names(metrics),
        "features": names(features),
        "n": n,
        "split": split,
        "max_bad": max_bad,
        "device": device,
    }
    if run is not None and (real, fake, train, size, channels) == (None,) * 5:
        found = evaluate_run(run, data=data, checkpoints=names(checkpoints), labels=labels, seed=seed, **asked)
    elif run is None and real is not None and fake is not None and data is None:
        found = evaluate_folders(real, fake, train=train, size=size, channels=channels, **asked)
    else:
        raise UserError("give a run (rivals evaluate RUN [--data D]), or --real FOLDER and --fake FOLDER")
    show(found)
    for file in write_evaluation(found, run=run, json=json, page=out):
        print(file)


def names(text: str) -> list[str]:
    """What stands between the commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def show(evaluation: Evaluation) -> None:
    """The numbers as tables, a table for each kind of features."""
    from rich.console import Console
    from rich.table import Table

    from rivals.metrics.evaluation import sections

    console = Console()
    for section in sections(evaluation.rows):
        table = Table("metric", "better", *section.of, "real", "note", box=None, pad_edge=False)
        for column in table.columns[2:]:
            column.justify = "right"
        for line in section.lines:
            spread = {of: f" ± {row.spread:.2g}" if row.spread is not None else "" for of, row in line.values.items()}
            cells = [f"{line.values[of].value:.4g}{spread[of]}" if of in line.values else "" for of in section.of]
            floor = "" if line.floor is None else f"{line.floor:.4g}"
            table.add_row(line.metric, line.better, *cells, floor, str(line.note))
        console.print(f"\n[bold]{section.features or 'on the things themselves'}[/bold]\n{section.counts}\n", highlight=False)
        console.print(table)
        for number, note in enumerate(section.notes, 1):
            console.print(f"[dim]{number}  {note}[/dim]", highlight=False)
    for name, reason in evaluation.left_out.items():
        console.print(f"[dim]left out: {name}: {reason}[/dim]")


def report(runs: Positional[tuple[Path, ...]], out: Path | None = None) -> None:
    """One self-contained HTML file: curves, the samples through time, real beside generated, settings, speed.

    Args:
        runs: Run folders; several are compared.
        out: The file; by default report.html in the run folder, or here for several.
    """
    from rivals.report import write_report

    if not runs:
        raise UserError("rivals report needs a run folder")
    print(write_report(runs, out))


def compare(runs: Positional[list[Path]], out: Path = Path("comparison.html")) -> None:
    """Two runs or more on one page: curves, pictures, scores, what differs. One file, to send to a colleague.

    Args:
        runs: Run folders.
        out: The page.
    """
    from rivals.report import write_report

    if len(runs) < 2:
        raise UserError("name two run folders or more to compare; rivals report is for one")
    print(write_report(runs, out))


def studio(
    folder: Positional[Path] = Path("runs"),
    host: str = "127.0.0.1",
    port: int = 8080,
    token: str | None = None,
    show: bool = False,
) -> None:
    """A page in the browser over a folder of runs: watch, compare, train. Ends with Ctrl-C; trainings go on.

    Args:
        folder: Where the runs are, and where those go that are started from the page.
        host: Where it listens; beyond this machine it asks for a token.
        port: At which port.
        token: What whoever comes from elsewhere must know; by default one is made.
        show: Open the browser.
    """
    from rivals.studio import serve

    serve(folder, host=host, port=port, token=token, show=show)


def export(run: Positional[Path], out: Path, checkpoint: str = "best") -> None:
    """Write the weights as safetensors and what builds the networks as JSON.

    Args:
        run: A run folder or a checkpoint.
        out: The folder to write.
        checkpoint: best, final, latest or a round.
    """
    from rivals.loading import export as write
    from rivals.run import typed

    print(write(run, out, checkpoint=typed(checkpoint)))


def studies() -> None:
    """The studies there are: published tables and figures that can be run again."""
    from rich.console import Console
    from rich.table import Table

    from rivals.studies import STUDIES

    table = Table("study", "what it runs again", "seeds", "minutes", box=None, pad_edge=False)
    for name, each in STUDIES.items():
        table.add_row(name, f"{each.title}\n[dim]{each.source}[/dim]", str(each.seeds), f"{each.minutes:g}")
    Console().print(table)
    print("Minutes are on two cores. rivals study NAME runs one into runs/studies/NAME.")


def study(name: Positional[str], out: Path | None = None, seeds: int | None = None, quick: bool = False) -> None:
    """Run a published table or figure again: results.json, table.md and figures, with the published numbers beside ours.

    Args:
        name: Of `rivals studies`.
        out: The folder; by default runs/studies/NAME.
        seeds: How many, from 0 on; by default as many as the study has.
        quick: A tenth of the rounds, to see whether it runs.
    """
    from rivals.studies import run

    results = run(name, out or Path("runs") / "studies" / name, seeds=seeds, quick=quick)
    print((results.parent / "table.md").read_text())
    print(results.parent)


def demo(into: Path = Path("runs/demo"), minutes: float = 2.0) -> None:
    """Train on real scans of digits that are always there, score, and write the report.

    Args:
        into: The run folder.
        minutes: How long to train.
    """
    from rivals.recipes import find
    from rivals.training import Training

    finish(find("auto"), Training(data="digits", into=into, minutes=minutes))


def saved(image: Any, file: Path) -> None:
    try:
        image.save(file)
    except OSError as error:
        raise UserError(f"cannot write {file} ({error}): pass --out") from None
    print(file)
