"""`rivals explore ...`: each command draws one picture (or film) of a run's latent space."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from tyro.conf import Positional

from rivals.data import bytes_from_pictures
from rivals.data.pictures import grid, image
from rivals.errors import UserError
from rivals.explore.arithmetic import evaluated, parsed
from rivals.explore.directions import FINDERS
from rivals.explore.editing import edit, painted
from rivals.explore.inversion import DRAWS, invert
from rivals.explore.paths import WAYS, plane, through, truncated
from rivals.game import Game, Samples
from rivals.loading import load
from rivals.machine import find_device
from rivals.run import typed
from rivals.sampling import latents

MILLISECONDS = 60  # of a frame
SAMPLES = 64  # as many as `rivals sample` draws: of another number the same ones may not be the first


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
    """From one sample to the next, and back to the first: a strip (.png), or a film (.gif).

    Args:
        run: A run folder, a checkpoint or an export.
        ends: How many samples the walk comes by.
        steps: From one to the next.
        way: Along the arc, or straight.
        psi: Truncation: 1 leaves the samples as they are drawn, less brings them to the middle: plainer, less varied.
        seed: Of the samples.
        checkpoint: best, final, latest or a round.
        out: A strip, a row for each leg (.png), or a film (.gif).
        device: auto, cpu, cuda, cuda:1, mps.
    """
    if ends < 2 or steps < 1:
        raise UserError(f"a walk takes at least 2 --ends and 1 of --steps, not {ends} and {steps}")
    game = opened(run, checkpoint, device)
    z = truncated(latents(game, ends, seed), psi)
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
    seed: int = 0,
    checkpoint: str = "best",
    out: Path = Path("arithmetic.png"),
    device: str = "auto",
) -> None:
    """ "These - those + that", by numbers of samples: 'rivals explore arithmetic RUN "3,5,9 - 1,2 + 4,6"'.

    Look at `rivals sample RUN --out samples.png` first: its pictures are counted from 0, row by row. The concepts come out one
    beside another, each the mean of its samples, and then the result.

    Args:
        run: A run folder, a checkpoint or an export.
        formula: Numbers of samples with commas between, each group added or taken away.
        n: Of how many samples the numbers are, as in `rivals sample`.
        seed: Of the samples.
        checkpoint: best, final, latest or a round.
        out: A .png.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    game = opened(run, checkpoint, device)
    means, result = evaluated(parsed(formula), latents(game, n, seed))
    written(decoded(game, torch.cat([means, result[None]])), out, columns=len(means) + 1)


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
    game = opened(run, checkpoint, device)
    x = read_picture(picture, tuple(latent_shape(game))).to(game.device)
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
    real: float = 0.01,
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
        real: Factor on what the discriminator thinks of it.
        draws: How many samples the first search starts from the best of.
        seed: Of those samples.
        checkpoint: best, final, latest or a round.
        out: A .png; beside it the latent as .npz.
        device: auto, cpu, cuda, cuda:1, mps.
    """
    if steps < 1 or min(stay, real) < 0:
        raise UserError(f"--steps must be at least 1, --stay and --real 0 or more, not {steps}, {stay} and {real}")
    game = opened(run, checkpoint, device)
    x, wish = (read_picture(file, tuple(latent_shape(game))).to(game.device) for file in (picture, painting))
    where = painted(x[0], wish[0])
    if not where.any():
        raise UserError(f"{painting} is {picture}: paint over some of its pixels first")
    found = invert(game, x, draws=draws, seed=seed)
    followed = edit(game, found.z[0], wish[0], where, steps=steps, stay=stay, real=real)
    written(torch.cat([x, found.x, wish, followed.x[None]]), out, columns=4)
    np.savez_compressed(out.with_suffix(".npz"), z=followed.z[None].cpu().numpy())
    share = 100 * float(where.float().mean())
    print(f"{share:.1f} % painted: mean squared error there {followed.before:.4f} before, {followed.after:.4f} after")


COMMANDS = {f.__name__: f for f in (walk, square, directions, arithmetic, back, paint)}


def opened(run: Path, checkpoint: str, device: str) -> Game:
    """The game of a run, ready to draw pictures."""
    game = load(run, checkpoint=typed(checkpoint)).to(find_device(device))
    if not isinstance(game, Samples):
        raise UserError(f"{run} holds a game that draws nothing from noise alone: it has no latent space")
    if len(latent_shape(game)) != 3:
        raise UserError(f"{run} draws vectors, and there is nothing to look at: explore a run on pictures")
    return game


def latent_shape(game: Game) -> torch.Size:
    """The shape of what is drawn."""
    return decoded(game, latents(game, 2, 0)).shape[1:]


def picked(game: Game, sample: int, seed: int) -> Tensor:
    """(d,) the latent of this sample of `rivals sample`."""
    if not 0 <= sample < SAMPLES:
        raise UserError(f"samples are counted from 0 to {SAMPLES - 1}: there is no {sample}")
    return latents(game, SAMPLES, seed)[sample]


@torch.no_grad()
def decoded(game: Game, z: Tensor) -> Tensor:
    assert isinstance(game, Samples)
    return torch.cat([game.decode(part) for part in torch.split(z, 256)])


def read_picture(file: Path, shape: tuple[int, ...]) -> Tensor:
    """(1, C, H, W) in [-1, 1], of the shape that the game draws."""
    import PIL.Image

    from rivals.data import pictures_from_bytes

    channels, height, width = shape
    try:
        with PIL.Image.open(file) as opened:
            loaded = opened.convert("L" if channels == 1 else "RGB")
    except (OSError, PIL.UnidentifiedImageError) as error:
        raise UserError(f"cannot read the picture {file} ({error})") from None
    if loaded.size != (width, height):
        raise UserError(f"{file} is {loaded.width}x{loaded.height}, this run draws {width}x{height}: bring it to that size")
    pixels = torch.from_numpy(np.array(loaded)).view(height, width, channels).permute(2, 0, 1)
    return pictures_from_bytes(pixels)[None]


def written(x: Tensor, out: Path, *, columns: int) -> None:
    """Pictures as a sheet of so many columns (.png), or one after another (.gif)."""
    shown = bytes_from_pictures(x).cpu()
    try:
        if out.suffix == ".gif":
            frames = [grid(frame[None]).quantize(64) for frame in shown]
            frames[0].save(out, save_all=True, append_images=frames[1:], duration=MILLISECONDS, loop=0)
        elif out.suffix == ".png":
            (grid(shown, columns=columns) if len(shown) > 1 else image(shown[0])).save(out)
        else:
            raise UserError(f"cannot write '{out.suffix}': pass --out FILE.png, or FILE.gif for a film")
    except OSError as error:
        raise UserError(f"cannot write {out} ({error.strerror or error}): pass --out") from None
    print(out)
