"""MNIST-M: digits pasted on patches of colour photographs, the other domain of domain adaptation.

Ganin, Ustinova, Ajakan, Germain, Larochelle, Laviolette, Marchand and Lempitsky, 2016, Domain-Adversarial Training of Neural
Networks, https://arxiv.org/abs/1505.07818, section 5.2.4: a digit inverts the pixels that it covers,

    x = |patch - digit|,        in every colour channel,

of a patch cut at random from a photograph. The paper's photographs are those of BSDS500; here they are any folder of colour
pictures. Every digit is pasted once, and always on the same patch. The test digits lie on other photographs than those of
training: whoever knows the grounds by heart gains nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rivals.data.arrays import Table
from rivals.data.download import cache_folder
from rivals.data.files import Files, spread
from rivals.data.folder import folder_files
from rivals.data.images import Bytes, Form, Unreadable, decode, traits
from rivals.errors import UserError

PASTED = {f"mnist-m{rest}": f"mnist{rest}" for rest in ("", "-10k")}  # name -> whose digits
FOLDERS = ("photographs", "stamps")  # where photographs are looked for, the first that is there
MOST = 1000  # photographs that patches are cut from, evenly spread over the folder
PATCHES = 100  # cut from each
FOR_TEST = 5  # every fifth photograph, in an order at random, is for the test digits
BLANK, SHARE = 250, 0.1  # what is lighter in every channel is blank; the share of a patch that may be
COLOURED = 16  # how far the channels of some pixel must be apart in a colour photograph


def photographs() -> Path:
    """The folder of photographs. Raises `UserError` that says where to put one."""
    given = os.environ.get("RIVALS_DATA")
    places = [Path(given)] if given else []
    places.append(cache_folder())
    for place in places:
        for name in FOLDERS:
            if (place / name).is_dir():
                return place / name
    where = " or ".join(str(place / FOLDERS[0]) for place in places)
    raise UserError(
        "MNIST-M lays digits on colour photographs, and there are none on this machine: put a folder of pictures (the paper's "
        f"are those of BSDS500) at {where}" + ("" if given else ", or set RIVALS_DATA to a folder that holds 'photographs'")
    )


def pasted(digits: Table, split: str, folder: Path) -> Table:
    """x (N, 1, H, W) -> x (N, 3, H, W) on patches of the folder's photographs, with the same classes."""
    size = digits.x.shape[2], digits.x.shape[3]
    files = folder_files(folder).files
    numbers = spread(len(files), MOST)
    numbers = numbers[np.random.default_rng(0).permutation(len(numbers))]
    part = np.arange(len(numbers)) % FOR_TEST == 0
    mine = numbers[part if split == "test" else ~part]
    rng = np.random.default_rng(1 if split == "train" else 2)
    cut = [patches for number in mine.tolist() if len(patches := patches_of(files, number, size, rng))]
    if not cut:
        raise UserError(
            f"'{folder}' has too few colour pictures of {size[1]}x{size[0]} or more, less what is white, for the {split} "
            "digits to lie on: put more photographs there"
        )
    grounds = np.concatenate(cut)[rng.integers(PATCHES * len(cut), size=len(digits.x))]
    x = np.abs(grounds.astype(np.int16) - digits.x).astype(np.uint8)
    note = f"digits on patches of {len(cut)} pictures of '{folder.name}'"
    return Table(x, digits.y, digits.class_names, [*digits.notes, note])


def patches_of(files: Files, number: int, size: tuple[int, int], rng: np.random.Generator) -> Bytes:
    """(PATCHES, 3, h, w) cut at random from the picture of this number, at its own size; none of one that cannot be read, is
    too small, has no colour, or is blank, as cut-out pictures on white paper are for the most part."""
    height, width = size
    none = np.empty((0, 3, height, width), np.uint8)
    try:
        data = files.read(number)
        picture, _ = decode(data, Form(traits(data).size, 3))
    except (Unreadable, OSError):
        return none
    if picture.shape[1] < height or picture.shape[2] < width or int(np.ptp(picture, 0).max()) < COLOURED:
        return none
    places = np.argwhere(sums(picture.min(0) >= BLANK, size) <= SHARE * height * width)
    if not len(places):
        return none
    windows = np.lib.stride_tricks.sliding_window_view(picture, size, (1, 2))  # (3, rows, columns, h, w)
    tops, lefts = places[rng.integers(len(places), size=PATCHES)].T
    return np.ascontiguousarray(windows[:, tops, lefts].transpose(1, 0, 2, 3))


def sums(x: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.int64]:
    """(H, W) -> (H - h + 1, W - w + 1): how many are true in each window of h x w.

    >>> sums(np.eye(3, dtype=bool), (2, 2)).tolist()
    [[2, 1], [1, 2]]
    """
    h, w = size
    total = np.pad(x.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    found: NDArray[np.int64] = total[h:, w:] - total[:-h, w:] - total[h:, :-w] + total[:-h, :-w]
    return found
