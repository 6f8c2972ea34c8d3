"""Sounds as pictures, and back: a folder of folders of WAV files becomes pieces of mel spectrograms, the folders their classes.

A spectrogram has BANDS rows, the lowest pitch first, and a column each 10 ms, of windows of 32 ms. A pixel is the power of its
band in decibels under the loudest of its file: 255 is the loudest, 0 is DEPTH decibels below or less. So how loud a file was
recorded cannot be seen. The bands are triangles, equally wide in mel, 2595 log10(1 + f / 700) (O'Shaughnessy, 1987).

Pieces of PIECE columns, half of each shared with the next, are the rows of the data; those in which nothing is louder than
SILENT are left out. Every fifth file of each class, in an order at random but always the same, is the test part.

`sounding` goes back: the bands' power is spread over the frequencies by least squares, and the phases, which no spectrogram
has, are found by going to and fro between sound and spectrum (Griffin and Lim, 1984, Signal Estimation from Modified Short-Time
Fourier Transform).
"""

from __future__ import annotations

import math
import os
import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from rivals.data.arrays import Table, classes_of
from rivals.data.images import EXTENSIONS
from rivals.errors import NoTestPart, UserError

Numbers = NDArray[np.int64]

BANDS, PIECE = 64, 48  # rows and columns of a piece
WINDOW, HOP = 0.032, 0.010  # seconds
DEPTH, SILENT = 80.0, -30.0  # decibels
FOR_TEST = 5


def wav_files(folder: Path) -> list[Path]:
    """All WAV files below a folder, in the order of their names; hidden ones are left out."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() == ".wav" and path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def holds_sounds(folder: Path) -> bool:
    """Whether the first picture or WAV file that is met below a folder is a WAV file."""
    endings = (os.path.splitext(name)[1].lower() for _, _, names in os.walk(folder) for name in names)
    return next((ending == ".wav" for ending in endings if ending == ".wav" or ending in EXTENSIONS), False)


def read_wav(path: Path) -> tuple[Tensor, int]:
    """-> (samples,) float32 in [-1, 1], the mean of its channels, and how many of them are a second."""
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise UserError(
            f"'{path}' cannot be read as WAV ({error or 'it ends too soon'}): write it again as 16-bit PCM"
        ) from None
    if width != 2:
        raise UserError(f"'{path}' has samples of {8 * width} bits: write it again as 16-bit PCM")
    values = np.frombuffer(data[: len(data) // (2 * channels) * 2 * channels], "<i2").reshape(-1, channels)
    return torch.from_numpy(values.astype(np.float32).mean(1) / 32768), rate


def write_wav(path: Path, samples: Tensor, rate: int) -> None:
    """(samples,) in [-1, 1], others are clipped -> a file of 16-bit PCM."""
    with open(path, "wb") as raw, wave.open(raw, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples.clamp(-1, 1) * 32767).round().numpy().astype("<i2").tobytes())


def spectrogram(samples: Tensor, rate: int) -> Tensor:
    """(samples,) -> (BANDS, T) uint8."""
    n = window_of(rate)[0]
    power = spectrum(pad(samples, (0, max(0, n - len(samples)))), rate).abs().square()
    decibels = 10 * (bands(rate, len(power)) @ power).clamp_min(1e-10).log10()
    return ((decibels - decibels.max()) / DEPTH + 1).clamp(0, 1).mul(255).round().to(torch.uint8)


def sounding(picture: Tensor, rate: int, *, rounds: int = 60) -> Tensor:
    """(BANDS, T) uint8 -> (samples,), the loudest 0.9; the same each time."""
    filters = bands(rate, window_of(rate)[0] // 2 + 1)
    power = 10 ** (DEPTH / 10 * (picture.float() / 255 - 1))
    size = (torch.linalg.pinv(filters) @ power).clamp_min(0).sqrt()
    phase = torch.rand(size.shape, generator=torch.Generator().manual_seed(0)) * 2 * math.pi
    for _ in range(rounds):
        phase = spectrum(waveform(torch.polar(size, phase), rate), rate).angle()
    samples = waveform(torch.polar(size, phase), rate)
    return 0.9 * samples / samples.abs().max().clamp_min(1e-9)


def spectrum(samples: Tensor, rate: int) -> Tensor:
    """(samples,) -> (F, T) complex."""
    n, hop = window_of(rate)
    return torch.stft(samples, n, hop, window=torch.hann_window(n), return_complex=True)


def waveform(spectrum: Tensor, rate: int) -> Tensor:
    """(F, T) complex -> (hop (T - 1),)."""
    n, hop = window_of(rate)
    return torch.istft(spectrum, n, hop, window=torch.hann_window(n))


def window_of(rate: int) -> tuple[int, int]:
    """Samples of a window and from one to the next."""
    return math.ceil(WINDOW * rate), round(HOP * rate)


def bands(rate: int, frequencies: int) -> Tensor:
    """(BANDS, F): the triangle of each band over the frequencies from 0 to half the rate, each of a sum of 1."""
    mel = torch.linspace(0, 2595 * math.log10(1 + rate / 1400), BANDS + 2, dtype=torch.float64)
    edges = 700 * (10 ** (mel / 2595) - 1)
    f, width = torch.linspace(0, rate / 2, frequencies, dtype=torch.float64), rate / 2 / (frequencies - 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    # at least as wide as the distance of two frequencies, or the lowest bands would fall between them
    rising, falling = (f - low) / (middle - low).clamp_min(width), (high - f) / (high - middle).clamp_min(width)
    triangles = torch.minimum(rising, falling).clamp_min(0)
    return (triangles / triangles.sum(1, keepdim=True).clamp_min(1e-9)).float()


def pieces(picture: Tensor) -> Tensor:
    """(BANDS, T) -> (N, 1, BANDS, PIECE): half of each shared with the next, none that is silent."""
    if picture.shape[1] < PIECE:
        return picture.new_empty(0, 1, BANDS, PIECE)
    cut = picture.unfold(1, PIECE, PIECE // 2).transpose(0, 1)[:, None]
    return cut[cut.flatten(1).amax(1) > 255 * (SILENT / DEPTH + 1)]


def sounds(folder: Path, split: str) -> Table:
    """The pieces of the files of a part, x (N, 1, BANDS, PIECE) uint8; with classes where all files lie in folders."""
    files = wav_files(folder)
    y, names = classes_of([path.relative_to(folder).parts[0] for path in files])
    if len(names) < 2 or any(path.parent == folder for path in files):
        y, names = np.zeros(len(files), np.int64), []
    chosen = part_of(y, split).tolist()
    if not chosen:
        raise NoTestPart(f"'{folder}' has no test part: it takes {FOR_TEST} files of a class or more")
    heard = [read_wav(files[number]) for number in chosen]
    rate = common_rate(folder, {rate: files[number].name for number, (_, rate) in zip(chosen, heard, strict=True)})
    cut = [pieces(spectrogram(samples, rate)) for samples, _ in heard]
    x = torch.cat(cut).numpy()
    if not len(x):
        raise UserError(f"the sounds of '{folder}' are shorter than {HOP * PIECE:g} seconds or silent: give longer ones")
    note = f"{len(x):,} pieces of {HOP * PIECE:g} s of {len(chosen)} sounds at {rate:,} Hz"
    return Table(x, y[np.repeat(chosen, [len(each) for each in cut])] if names else None, names, [note])


def common_rate(folder: Path, rates: Mapping[int, str]) -> int:
    """The one sampling rate; else an error that names a file of each."""
    if len(rates) > 1:
        told = " and ".join(f"{rate:,} Hz ('{name}')" for rate, name in rates.items())
        raise UserError(f"the sounds of '{folder}' have several sampling rates, {told}: bring them to one")
    return next(iter(rates))


def part_of(y: Numbers, split: str) -> Numbers:
    """The numbers of the files of a part, in their order: of each class every fifth is for the test."""
    rng = np.random.default_rng(0)
    orders = [rng.permutation(np.flatnonzero(y == label)) for label in range(int(y.max()) + 1)]
    last = FOR_TEST - 1
    found = [order[(np.arange(len(order)) % FOR_TEST == last) == (split == "test")] for order in orders]
    return np.sort(np.concatenate(found))
