"""The data sets that have a name.

A named set is looked for in `$RIVALS_DATA/NAME`, then in the cache (`download.cache_folder() / NAME`), and is else
fetched from its publisher into the cache. `digits` and the toys need no file.
"""

from __future__ import annotations

import os
import struct
import tarfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rivals.data.arrays import Table, idx_files, idx_table, numpy_table
from rivals.data.download import Failed, Remote, cache_folder, fetch
from rivals.data.pasted import PASTED
from rivals.data.stacked import STACKED
from rivals.data.toys import TOYS
from rivals.errors import NoTestPart, UserError, unknown

DIGITS = tuple("0123456789")
FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class Named:
    """A published set of pictures."""

    class_names: Sequence[str]
    read: Callable[[Path, str, Sequence[str]], Table]  # folder, split, class names
    there: Callable[[Path, str], bool]  # are the files of this split in this folder?
    remote: Mapping[str, Sequence[Remote]]  # split -> what to fetch
    files: str = "the IDX files"  # what to put there by hand, where nothing can be fetched


def _idx_there(folder: Path, split: str) -> bool:
    return len(idx_files(folder, split)) == 2


def _idx_remote(address: str, sums: Mapping[str, str]) -> dict[str, list[Remote]]:
    files = {"train": ("train-images-idx3", "train-labels-idx1"), "test": ("t10k-images-idx3", "t10k-labels-idx1")}
    return {
        split: [Remote(f"{part}-ubyte.gz", f"{address}{part}-ubyte.gz", sums[part]) for part in parts]
        for split, parts in files.items()
    }


CIFAR_FILE = "cifar-10-binary.tar.gz"
CIFAR_REMOTE = Remote(
    CIFAR_FILE,
    f"https://www.cs.toronto.edu/~kriz/{CIFAR_FILE}",
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)
CIFAR_PARTS = {"train": [f"data_batch_{k}.bin" for k in range(1, 6)], "test": ["test_batch.bin"]}


def read_cifar(folder: Path, split: str, class_names: Sequence[str]) -> Table:
    """The binary version, which needs no unpickling: records of a class byte and 3 x 32 x 32 colour bytes.

    https://www.cs.toronto.edu/~kriz/cifar.html
    """
    blocks: dict[str, bytes] = {}
    try:
        with tarfile.open(folder / CIFAR_FILE, "r:gz") as tar:
            for member in tar:
                part = Path(member.name).name
                if part in CIFAR_PARTS[split] and (content := tar.extractfile(member)):
                    blocks[part] = content.read()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise UserError(f"'{folder / CIFAR_FILE}' cannot be read ({error}): fetch it again") from None
    data = b"".join(blocks[part] for part in CIFAR_PARTS[split] if part in blocks)
    if not data or len(data) % 3073 or len(blocks) != len(CIFAR_PARTS[split]):
        raise UserError(f"'{folder / CIFAR_FILE}' does not hold the binary version of CIFAR-10: fetch it again")
    records = np.frombuffer(data, np.uint8).reshape(-1, 3073)
    return Table(records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].astype(np.int64), class_names)


def read_svhn(folder: Path, split: str, class_names: Sequence[str]) -> Table:
    """The cropped digits: `X` (32, 32, 3, N), `y` (N, 1), in which 10 stands for 0.

    http://ufldl.stanford.edu/housenumbers/
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    path = folder / f"{split}_32x32.mat"
    try:
        file = loadmat(path)
        x, y = file["X"], file["y"]
    except (
        OSError,
        ValueError,
        TypeError,
        LookupError,
        EOFError,
        MemoryError,
        zlib.error,
        struct.error,
        MatReadError,
    ) as error:
        raise UserError(f"'{path}' cannot be read ({error}): fetch it again") from None
    return Table(np.ascontiguousarray(x.transpose(3, 2, 0, 1)), y.reshape(-1).astype(np.int64) % 10, class_names)


PUNKS_FILE = "punks-24.npz"


# The checksums of Fashion-MNIST were computed from the publisher's files; those of the others are as TensorFlow
# Datasets, torchvision and fuel publish them (CIFAR-10's page gives the MD5 of the same file,
# c32a1d4ab5d03f1284b67883e8d87530).
PUBLISHED: dict[str, Named] = {
    "fashion-mnist": Named(
        FASHION, idx_table, _idx_there,
        _idx_remote(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            {
                "train-images-idx3": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "train-labels-idx1": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "t10k-images-idx3": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "t10k-labels-idx1": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            },
        ),
    ),
    "mnist": Named(
        DIGITS, idx_table, _idx_there,
        _idx_remote(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            {
                "train-images-idx3": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "train-labels-idx1": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "t10k-images-idx3": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "t10k-labels-idx1": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            },
        ),
    ),
    "mnist-10k": Named(DIGITS, idx_table, _idx_there, {}),  # a subset that nobody publishes as files: found, never fetched
    "cifar10": Named(
        CIFAR, read_cifar, lambda folder, split: (folder / CIFAR_FILE).exists(),
        {"train": [CIFAR_REMOTE], "test": [CIFAR_REMOTE]},
    ),
    "svhn": Named(
        DIGITS, read_svhn, lambda folder, split: (folder / f"{split}_32x32.mat").exists(),
        {
            split: [Remote(f"{split}_32x32.mat", f"http://ufldl.stanford.edu/housenumbers/{split}_32x32.mat", sha256)]
            for split, sha256 in {
                "train": "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
                "test": "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
            }.items()
        },
    ),
    "punks": Named(
        (), lambda folder, split, _: numpy_table(folder / PUNKS_FILE, split), lambda folder, _: (folder / PUNKS_FILE).exists(),
        {}, PUNKS_FILE,
    ),
}  # fmt: skip

NAMES = ("digits", *PUBLISHED, *PASTED, *STACKED, *TOYS)


def digits(split: str) -> Table:
    """The 1,797 scans of 8x8 that come with scikit-learn, 0..16 scaled to 0..255: the test part of a larger set."""
    if split == "test":
        raise NoTestPart(
            "'digits' has no test part: all of its 1,797 rows are for training; measure on 'mnist' or 'fashion-mnist'"
        )
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    pictures = (x.reshape(-1, 1, 8, 8) * (255 / 16)).round().astype(np.uint8)
    return Table(pictures, y.astype(np.int64), DIGITS)


def published(name: str, split: str) -> Table:
    """A published set: found, or fetched. Raises `UserError` that says which files to put where."""
    if name not in PUBLISHED:
        raise unknown("data set", name, NAMES)
    named = PUBLISHED[name]
    given = os.environ.get("RIVALS_DATA")
    folders = [Path(given) / name] if given else []
    folders.append(cache_folder() / name)
    for folder in folders:
        if folder.is_dir() and named.there(folder, split):
            return named.read(folder, split, named.class_names)
    remote = named.remote.get(split, ())
    try:
        if not remote:
            raise Failed("it is published nowhere that could be fetched from")
        fetch(remote, folders[-1])
    except Failed as failed:
        files = " and ".join(file.name for file in remote) or f"{named.files} of its {split} part"
        where = f"into {' or '.join(map(str, folders))}" + ("" if given else ", or set RIVALS_DATA to a folder that holds it")
        raise UserError(f"'{name}' is not on this machine and cannot be downloaded ({failed}): put {files} {where}") from None
    return named.read(folders[-1], split, named.class_names)
