"""Somebody's words in somebody else's voice: a game that takes the two apart, and WAV files."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn.functional import pad

from rivals.data.core import bytes_from_pictures, pictures_from_bytes
from rivals.data.sounds import BANDS, PIECE, pieces, read_wav, sounding, spectrogram, write_wav
from rivals.errors import UserError
from rivals.loading import load
from rivals.run import Which


@runtime_checkable
class Converts(Protocol):
    """A game that tells who speaks from what is said."""

    def voice(self, x: Tensor) -> Tensor:
        """(B, *shape) -> (B, S), codes of who speaks."""
        ...

    def converted(self, x: Tensor, s: Tensor) -> Tensor:
        """(B, *shape) in the voices of these codes."""
        ...


def convert_file(run: Path | str, sound: Path, voice: Path, out: Path, *, checkpoint: Which = "best") -> Path:
    """Write what is said in the WAV file `sound` as the speaker of the WAV file `voice` would say it."""
    game = load(run, checkpoint=checkpoint)
    if not isinstance(game, Converts):
        raise UserError(f"{run} holds a game that does not convert voices: it takes one of the recipe disentangle")
    (words, rate), (other, at) = read_wav(sound), read_wav(voice)
    if rate != at:
        raise UserError(f"'{sound}' has {rate:,} samples a second and '{voice}' {at:,}: bring them to one rate")
    heard = pieces(spectrogram(other, rate))
    if not len(heard):
        raise UserError(f"'{voice}' is too short or silent to tell a voice by: give half a second or more")
    with torch.no_grad():
        s = game.voice(pictures_from_bytes(heard)).mean(0)
        picture = converted(game, spectrogram(words, rate), s)
    try:
        write_wav(out, sounding(picture, rate), rate)
    except OSError as error:
        raise UserError(f"cannot write {out} ({error.strerror}): pass --out FILE.wav in a folder with room") from None
    return out


def converted(game: Converts, picture: Tensor, s: Tensor) -> Tensor:
    """(BANDS, T) uint8 and the speaker code (S,) -> (BANDS, T) uint8: pieces that share their halves, faded into each other."""
    half, length = PIECE // 2, picture.shape[1]
    padded = pad(picture, (half, half + -length % half))  # every column lies in two pieces
    cut = padded.unfold(1, PIECE, half).transpose(0, 1)[:, None]
    made = game.converted(pictures_from_bytes(cut), s.expand(len(cut), -1)).float()
    fading = 1 - (torch.arange(PIECE) - (PIECE - 1) / 2).abs() / half
    whole = torch.zeros(BANDS, padded.shape[1])
    for k, piece in enumerate(made[:, 0] * fading):
        whole[:, k * half : k * half + PIECE] += piece
    return bytes_from_pictures(whole[:, half : half + length])
