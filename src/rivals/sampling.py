"""Samples of a game: as a tensor, as a data set to judge, into a file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rivals import chance
from rivals.data import Memory, bytes_from_pictures
from rivals.data.pictures import grid, image, scatter
from rivals.data.sources import class_number
from rivals.data.words import understood
from rivals.errors import UserError, pick
from rivals.game import ByAttributes, Conditional, Game, Samples
from rivals.loading import load, read
from rivals.machine import find_device
from rivals.run import Which

ROWS = 256  # drawn at a time: bounds the memory
BEYOND = 1e-3  # what a generator of pictures may exceed [-1, 1] by: rounding


@torch.no_grad()
def drawn(
    game: Samples, n: int, seed: int, of: Callable[[Tensor], Tensor] = Tensor.float, *, asked: Tensor | None = None
) -> Tensor:
    """n samples, or what `of` makes of them, part by part; equal for equal seeds. asked: (n,) class numbers or (n, K)
    attributes, of a game that is `Conditional`. Training goes on as if nothing had been drawn."""
    with chance.fixed(seed):
        if asked is None:
            return torch.cat([of(game.sample(min(ROWS, n - start))) for start in range(0, n, ROWS)])
        assert isinstance(game, Conditional)
        return torch.cat([of(game.decode(game.given(part))) for part in torch.split(asked, ROWS)])


@torch.no_grad()
def latents(game: Game, n: int, seed: int) -> Tensor:
    """(n, d) draws from a game's prior: of the first 256, those that `drawn` makes its samples of."""
    if not isinstance(game, Samples):
        raise UserError("this game draws nothing from noise alone: it has no latents")
    with chance.fixed(seed):
        return torch.cat([game.prior(min(ROWS, n - start)) for start in range(0, n, ROWS)])


def noise_of(game: Game) -> int | None:
    """How many of a latent's numbers, the first ones, are noise, where others say what is asked for; None: all are noise."""
    noise = getattr(getattr(game, "latents", None), "noise", None)
    return noise if isinstance(noise, int) else None


def generated(game: Samples, n: int, seed: int, *, bounded: bool, name: str = "samples") -> Memory:
    """n samples as a data set: of pictures (bounded) the 8-bit ones that would be saved, as everyone judges them.

    Raises `UserError` where some are NaN or infinite, or no pictures."""
    return Memory(drawn(game, n, seed, partial(checked, bounded=bounded)).cpu(), name=name)


def checked(x: Tensor, *, bounded: bool) -> Tensor:
    if not x.isfinite().all():
        raise UserError("the generator draws NaN or infinite values: take an earlier checkpoint, or train it again")
    if not bounded:
        return x.float()
    low, high = float(x.min()), float(x.max())
    if low < -1 - BEYOND or high > 1 + BEYOND:
        raise UserError(f"the generator draws values in [{low:.3g}, {high:.3g}], pictures are in [-1, 1]: end it in a tanh")
    return bytes_from_pictures(x)


def sample_to(
    path: Path | str,
    out: Path | str,
    *,
    n: int = 64,
    only: str | None = None,
    seed: int = 0,
    checkpoint: Which = "best",
    device: str = "cpu",
) -> Path:
    """Draw n samples of a run, checkpoint or export into `out`: FILE.png, FILE.npz (float32 `samples`, (n, *shape)), or a
    folder of PNG files. only: a class by name or number, or attributes by name with commas between, of a game that draws what
    it is asked for; of captioned data a text. Equal seeds draw equal samples."""
    game = load(path, checkpoint=checkpoint).to(find_device(device))
    if not isinstance(game, Samples):
        raise UserError(f"{path} holds a game that draws nothing from noise alone")
    asked = None
    if only is not None:
        asked, told = conditions(path, game, checkpoint, only, n)
        asked = asked.to(game.device)
        if told:
            warnings.warn(told, stacklevel=2)
    samples = drawn(game, n, seed, asked=asked).cpu()
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


class Asked(NamedTuple):
    """What samples are to be."""

    c: Tensor  # (n,) class numbers, or (n, K) attributes
    told: str = ""  # what a visitor should know of it


def attributes_of(settings: Mapping[str, Any], only: str) -> tuple[Sequence[int], str]:
    """The attributes, by number, that are named with commas between, or of captioned data by the words of a text; and what of
    it was understood, where not all of it was."""
    names = settings["attribute_names"]
    if not captioned(settings):
        numbers = {name: k for k, name in enumerate(names)}
        return [pick("attribute", numbers, name.strip()) for name in only.split(",")], ""
    known, unknown = understood(only, names)
    heard = f"of '{only}' its captions know {', '.join(names[k] for k in known)}"
    return known, heard if unknown else ""


def captioned(settings: Mapping[str, Any]) -> bool:
    """Whether a run's attributes are the words of captions."""
    return settings["data"].get("caption_key") is not None


def conditions(path: Path | str, game: Game, checkpoint: Which, only: str, n: int) -> Asked:
    """This class or these attributes, as the run's data names them; of captioned data, what a text says."""
    if not isinstance(game, Conditional):
        raise UserError(f"{path} holds a game that draws nothing on demand: leave out --only, or train cgan or acgan")
    settings = read(Path(path), checkpoint)[0]["settings"]
    if isinstance(game, ByAttributes) and game.attributes:
        wanted, told = attributes_of(settings, only)
        if not game.met_with(wanted):
            told = f"{told}; " if told else ""
            told += "no picture that it met lately has all of these: they alone are asked for"
        return Asked(game.having(wanted, n), told)
    names = settings.get("class_names") or [str(k) for k in range(settings["facts"]["classes"])]
    return Asked(torch.full((n,), class_number(str(path), names, only)))
