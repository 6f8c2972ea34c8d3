"""What the commands of `rivals explore` share: a run is opened, latents become pictures, pictures a file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rivals import film
from rivals.data import bytes_from_pictures
from rivals.data.pictures import grid, image
from rivals.errors import UserError
from rivals.game import Game, Samples
from rivals.loading import load, read
from rivals.machine import find_device
from rivals.metrics.evaluation import sides_of
from rivals.metrics.features.attributes import AttributeJudge
from rivals.run import typed
from rivals.sampling import latents

SAMPLES = 64  # as many as `rivals sample` draws: of another number the same ones may not be the first


def opened(run: Path, checkpoint: str, device: str) -> Game:
    """The game of a run, ready to draw pictures."""
    game = load(run, checkpoint=typed(checkpoint)).to(find_device(device))
    if not isinstance(game, Samples):
        raise UserError(f"{run} holds a game that draws nothing from noise alone: it has no latent space")
    if len(drawn_shape(game)) != 3:
        raise UserError(f"{run} draws vectors, and there is nothing to look at: explore a run on pictures")
    return game


def drawn_shape(game: Game) -> torch.Size:
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


def judge_of(run: Path, checkpoint: str, data: str | None, device: torch.device) -> AttributeJudge:
    """The judge of the attributes of this data, or of the run's own; it says how good it is."""
    settings = read(run, typed(checkpoint))[0]["settings"]
    learnt = sides_of(settings, data, max_bad=1.0, split="train").real
    judge = AttributeJudge.trained(learnt, device=device)
    print(judge.protocol)
    return judge


def read_latents(file: Path) -> Tensor:
    """(B, d), as `back` and `paint` write them."""
    try:
        with np.load(file, allow_pickle=False) as found:
            z = torch.from_numpy(found["z"]).float()
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(f"cannot read latents from {file} ({error}): give an .npz that `rivals explore back` wrote") from None
    if z.dim() != 2:
        raise UserError(f"{file} holds z of shape {tuple(z.shape)}: latents are (rows, numbers of each)")
    if not z.isfinite().all():
        raise UserError(f"{file} holds latents that are NaN or infinite")
    return z


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
    """Pictures as a sheet of so many columns (.png), or one after another (.gif, .mp4)."""
    shown = bytes_from_pictures(x).cpu()
    try:
        if out.suffix in (".gif", ".mp4"):
            film.write([grid(frame[None]) for frame in shown], out)
        elif out.suffix == ".png":
            (grid(shown, columns=columns) if len(shown) > 1 else image(shown[0])).save(out)
        else:
            raise UserError(f"cannot write '{out.suffix}': pass --out FILE.png, or FILE.gif or FILE.mp4 for a film")
    except OSError as error:
        raise UserError(f"cannot write {out} ({error.strerror or error}): pass --out") from None
    print(out)
