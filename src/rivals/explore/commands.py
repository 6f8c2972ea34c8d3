"""`rivals explore ...`: each command draws one picture (or film) of a run's latent space."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from tyro.conf import Positional, arg

from rivals.errors import UserError
from rivals.explore.arithmetic import by_numbers, evaluated, parsed
from rivals.explore.attributes import across, difference, moved, named, read
from rivals.explore.directions import FINDERS
from rivals.explore.editing import edit, painted
from rivals.explore.inversion import DRAWS, invert
from rivals.explore.paths import WAYS, plane, through, truncated
from rivals.explore.showing import (
    SAMPLES,
    decoded,
    drawn_shape,
    judge_of,
    opened,
    picked,
    read_latents,
    read_picture,
    written,
)
from rivals.sampling import latents, noise_of

READS = 5000  # samples: of an attribute that one in a hundred has, fifty


def walk(
    run: Positional[Path],
    ends: int = 6,
    steps: int = 10,
    way: Literal["spherical", "linear"] = "spherical",
    psi: float = 1.0,
    seed: int = 0,
    checkpoint: str = "best",
    out: Path = Path("walk.png"),
    device: str = "auto",
) -> None:
    """From one sample to the next, and back to the first: a strip (.png), or a film (.gif, .mp4).

    Args:
        run: A run folder, a checkpoint or an export.
        ends: How many samples the walk comes by.
        steps: From one to the next.
        way: Along the arc, or straight.
        psi: Truncation: 1 leaves the samples as they are drawn, less brings their noise to its middle: plainer, less varied.
        seed: Of the samples.
        checkpoint: best, final, latest or a round.
        out: A strip, a row for each leg (.png), or a film (.gif, .mp4).
        device: auto, cpu, cuda, cuda:1, mps.
    """
    if ends < 2 or steps < 1:
        raise UserError(f"a walk takes at least 2 --ends and 1 of --steps, not {ends} and {steps}")
    game = opened(run, checkpoint, device)
    z = truncated(latents(game, ends, seed), psi, noise_of(game))
    written(decoded(game, through(torch.cat([z, z[:1]]), steps, WAYS[way])[:-1]), out, columns=steps)


def square(
    run: Positional[Path],
    u: int = 0,
    v: int = 1,
    n: int = 9,
    reach: float = 3.0,
    by: Literal["factorised", "principal"] = "factorised",
    sample: int = 0,
    seed: int = 0,
    checkpoint: str = "best",
    out: Path = Path("square.png"),
    device: str = "auto",
) -> None:
    """A sample moved along two directions at once: a square of pictures.

    Args:
        run: A run folder, a checkpoint or an export.
        u: Number of the direction to the right; 0 is the strongest.
        v: Number of the direction downwards.
        n: Pictures along each side.
        reach: How far to each side, in standard deviations of the latents.
        by: How the directions are found.
        sample: Number of the sample in the middle, as in `rivals sample`.
        seed: Of the samples.
        checkpoint: best, final, latest or a round.
        out: A .png.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    if n < 2 or min(u, v) < 0:
        raise UserError("a square takes --n of at least 2, and directions that are counted from 0")
    game = opened(run, checkpoint, device)
    found, z = FINDERS[by](game, max(u, v) + 1), picked(game, sample, seed)
    written(decoded(game, plane(z, found[u], found[v], n, reach)), out, columns=n)


def directions(
    run: Positional[Path],
    k: int = 8,
    n: int = 9,
    reach: float = 3.0,
    by: Literal["factorised", "principal"] = "factorised",
    sample: int = 0,
    seed: int = 0,
    checkpoint: str = "best",
    out: Path = Path("directions.png"),
    device: str = "auto",
) -> None:
    """The strongest directions, found without labels: one sample moved along each, a row a direction.

    Args:
        run: A run folder, a checkpoint or an export.
        k: How many directions.
        n: Pictures in a row; the sample itself stands in the middle of an odd number.
        reach: How far to each side, in standard deviations of the latents.
        by: factorised: of the first layer's weights (SeFa); principal: of its activations (GANSpace).
        sample: Number of the sample, as in `rivals sample`.
        seed: Of the samples.
        checkpoint: best, final, latest or a round.
        out: A .png.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    if n < 2:
        raise UserError(f"directions take --n of at least 2, not {n}")
    game = opened(run, checkpoint, device)
    found, z = FINDERS[by](game, k), picked(game, sample, seed)
    at = torch.linspace(-reach, reach, n, device=z.device)
    written(decoded(game, (z + at[None, :, None] * found[:, None, :]).flatten(0, 1)), out, columns=n)


def arithmetic(
    run: Positional[Path],
    formula: Positional[str],
    n: int = SAMPLES,
    reads: int = READS,
    data: str | None = None,
    seed: int = 0,
    checkpoint: str = "best",
    out: Path = Path("arithmetic.png"),
    device: str = "auto",
) -> None:
    """ "These - those + that", by attributes ("glasses male - male + female") or by numbers of samples ("3,5,9 - 1,2 + 4,6").

    By attributes: a judge, trained on the labelled data, says what each of many samples shows; a concept is all that have all
    of its words. '~smile': who has it not; 'cap/beanie': who has any of them. By numbers: look at `rivals sample RUN --out
    samples.png` first; its pictures are counted from 0, row by row. The concepts come out one beside another, each the mean of
    its samples, and then the result.

    Args:
        run: A run folder, a checkpoint or an export.
        formula: Attributes with spaces between, or numbers of samples with commas between, each group added or taken away.
        n: Of how many samples the numbers are, as in `rivals sample`.
        reads: How many samples the judge reads.
        data: What the judge learns from, with attributes; None: the data of the run.
        seed: Of the samples.
        checkpoint: best, final, latest or a round.
        out: A .png.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    game = opened(run, checkpoint, device)
    if by_numbers(formula):
        concepts, z = parsed(formula), latents(game, n, seed)
    else:
        reading = read(game, judge_of(run, checkpoint, data, game.device), reads, seed)
        concepts, z = named(formula, reading), reading.z
        print(f"of {reads:,} samples the concepts have {', '.join(f'{len(concept.numbers):,}' for concept in concepts)}")
    means, result = evaluated(concepts, z)
    written(decoded(game, torch.cat([means, result[None]])), out, columns=len(means) + 1)


def turn(
    run: Positional[Path],
    to: str,
    away: Annotated[str, arg(name="from")] = "",
    keep: str = "",
    far: float = 2.0,
    steps: int = 9,
    rows: int = 6,
    n: int = SAMPLES,
    start: Path | None = None,
    reads: int = READS,
    data: str | None = None,
    seed: int = 0,
    checkpoint: str = "best",
    out: Path = Path("turn.png"),
    device: str = "auto",
) -> None:
    """From one concept to another: samples moved along the difference of the mean latents of two sets, a row a sample.

    Args:
        run: A run folder, a checkpoint or an export.
        to: Attributes with spaces between ('female ~smile'), as in `arithmetic`, or numbers of samples with commas between.
        away: What to turn from, likewise; "": all samples that have not what --to asks for.
        keep: Attributes that are to stay, with spaces between: the way goes at right angles to their own turns.
        far: How many times the difference the last picture of a row is moved; the first is not moved.
        steps: Pictures in a row.
        rows: Samples that are turned: the first of those that are turned from.
        start: Turn these latents (.npz, as `back` and `paint` write them) in the place of samples.
        n: Of how many samples the numbers are, as in `rivals sample`.
        reads: How many samples the judge reads.
        data: What the judge learns from, with attributes; None: the data of the run.
        seed: Of the samples.
        checkpoint: best, final, latest or a round.
        out: A .png; beside it the difference as .npz.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    if steps < 2 or rows < 1:
        raise UserError(f"a turn takes at least 2 --steps and 1 of --rows, not {steps} and {rows}")
    game = opened(run, checkpoint, device)
    if by_numbers(to):
        if keep or not (away and by_numbers(away)):
            raise UserError(f"--to {to} are numbers of samples: give --from numbers too, and no --keep")
        z, concepts = latents(game, n, seed), parsed(f"{to} - {away}")
        if len(concepts) != 2:
            raise UserError("--to and --from are one group of numbers each, as in '--to 3,5,9 --from 1,2'")
        v = evaluated(concepts, z)[1]
        there, others = (torch.tensor(concept.numbers) for concept in concepts)
    else:
        reading = read(game, judge_of(run, checkpoint, data, game.device), reads, seed)
        z, (there, others) = reading.z, reading.sets(to, away)
        v = across(difference(z, there, others), [difference(z, *reading.sets(word)) for word in keep.split()])
    print(f"from {len(others):,} to {len(there):,} of {len(z):,} samples")
    begun = z[others[:rows]] if start is None else read_latents(start).to(z.device)
    written(decoded(game, moved(begun, v, torch.linspace(0, far, steps)).flatten(0, 1)), out, columns=steps)
    np.savez_compressed(out.with_suffix(".npz"), v=v.cpu().numpy())


def back(
    run: Positional[Path],
    picture: Positional[Path],
    steps: int = 300,
    draws: int = DRAWS,
    seed: int = 0,
    checkpoint: str = "best",
    out: Path = Path("back.png"),
    device: str = "auto",
) -> None:
    """From a picture back to a latent (inversion): the picture, the nearest of many samples, and what the search found.

    Args:
        run: A run folder, a checkpoint or an export.
        picture: A file.
        steps: Of the search.
        draws: How many samples the start is the best of.
        seed: Of those samples.
        checkpoint: best, final, latest or a round.
        out: A .png; beside it the latent as .npz.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    if steps < 0 or draws < 1:
        raise UserError(f"--steps must be 0 or more and --draws at least 1, not {steps} and {draws}")
    game = opened(run, checkpoint, device)
    x = read_picture(picture, tuple(drawn_shape(game))).to(game.device)
    started, found = (invert(game, x, steps=count, draws=draws, seed=seed) for count in (0, steps))
    written(torch.cat([x, started.x, found.x]), out, columns=3)
    np.savez_compressed(out.with_suffix(".npz"), z=found.z.cpu().numpy())
    error, nearest = float(found.error), float(found.nearest)
    print(f"{out.with_suffix('.npz')}\nmean squared error {error:.4f}; the best of {draws:,} samples {nearest:.4f}")


def paint(
    run: Positional[Path],
    picture: Positional[Path],
    painting: Positional[Path],
    steps: int = 200,
    stay: float = 0.1,
    real: float | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    checkpoint: str = "best",
    out: Path = Path("painted.png"),
    device: str = "auto",
) -> None:
    """Photo editing: paint over some pixels of a picture with any program, and the latent follows.

    The picture's latent is searched as `back` does; then the one near it whose sample has the painted pixels. Shown are the
    picture, the sample of its latent, the painting, and the sample that follows it.

    Args:
        run: A run folder, a checkpoint or an export.
        picture: A file.
        painting: The same picture with some pixels painted over; where the two differ counts.
        steps: Of the search for the latent that follows.
        stay: Factor on how far it may go from the latent of the picture.
        real: Factor on what the discriminator thinks of it; None: 0.01 where there is one that judges pictures by themselves.
        draws: How many samples the first search starts from the best of.
        seed: Of those samples.
        checkpoint: best, final, latest or a round.
        out: A .png; beside it the latent as .npz.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    if min(steps, draws) < 1 or min(stay, real or 0) < 0:
        raise UserError("--steps and --draws must be at least 1, --stay and --real 0 or more")
    game = opened(run, checkpoint, device)
    x, wish = (read_picture(file, tuple(drawn_shape(game))).to(game.device) for file in (picture, painting))
    where = painted(x[0], wish[0])
    if not where.any():
        raise UserError(f"{painting} is {picture}: paint over some of its pixels first")
    found = invert(game, x, draws=draws, seed=seed)
    followed = edit(game, found.z[0], wish[0], where, steps=steps, stay=stay, real=real)
    written(torch.cat([x, found.x, wish, followed.x[None]]), out, columns=4)
    np.savez_compressed(out.with_suffix(".npz"), z=followed.z[None].cpu().numpy())
    share = 100 * float(where.float().mean())
    print(f"{share:.1f} % painted: mean squared error there {followed.before:.4f} before, {followed.after:.4f} after")


COMMANDS: dict[str, Callable[..., None]] = {f.__name__: f for f in (walk, square, directions, arithmetic, turn, back, paint)}
