"""Samples of a trained game into a file: a picture, arrays, or a folder of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rivals.data import bytes_from_pictures
from rivals.data.pictures import grid, image, scatter
from rivals.errors import UserError
from rivals.game import Samples
from rivals.loading import load
from rivals.machine import find_device
from rivals.metrics.quick import drawn
from rivals.run import Which


def sample_to(
    path: Path | str, out: Path | str, *, n: int = 64, seed: int = 0, checkpoint: Which = "best", device: str = "cpu"
) -> Path:
    """Draw n samples of a run, checkpoint or export into `out`: FILE.png, FILE.npz (float32 `samples`, (n, *shape)), or a
    folder of PNG files. Equal seeds draw equal samples."""
    game = load(path, checkpoint=checkpoint).to(find_device(device))
    if not isinstance(game, Samples):
        raise UserError(f"{path} holds a game that draws nothing from noise alone")
    samples = drawn(game, n, seed).cpu()
    out, flat = Path(out), samples.dim() == 2
    try:
        if out.suffix == ".npz":
            np.savez_compressed(out, samples=samples.numpy())
        elif out.suffix == ".png":
            (scatter(samples) if flat else grid(bytes_from_pictures(samples))).save(out)
        elif out.suffix:
            raise UserError(f"cannot write samples as '{out.suffix}': pass --out FILE.png, FILE.npz or a folder")
        elif flat:
            raise UserError("these samples are vectors, not pictures: pass --out FILE.npz or FILE.png")
        else:
            out.mkdir(parents=True, exist_ok=True)
            for number, x in enumerate(bytes_from_pictures(samples)):
                image(x).save(out / f"{number:06d}.png")
    except OSError as error:
        raise UserError(f"cannot write {out} ({error.strerror or error}): pass --out") from None
    return out
