"""Voices converted: pieces fade into each other without a seam, files are written, wrong input is told."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from rivals.cli import main
from rivals.data.sounds import BANDS, PIECE, read_wav, write_wav
from rivals.errors import UserError
from rivals.recipes import RECIPES
from rivals.training import Training, train
from rivals.voices import Converts, convert_file, converted

RATE = 8000


def tone(frequency: float, seconds: float = 1.3):
    return 0.5 * torch.sin(2 * math.pi * frequency * torch.arange(int(seconds * RATE)) / RATE)


@pytest.fixture(scope="module")
def speech(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("speech")
    for name, pitch in (("high", 2000), ("low", 300)):
        (folder / name).mkdir()
        for k in range(10):
            write_wav(folder / name / f"{k}.wav", tone(pitch + 20 * k), RATE)
    return folder


@pytest.fixture(scope="module")
def run(speech, tmp_path_factory) -> Path:
    recipe = RECIPES["disentangle"].but(width=4, batch=8, speaker_code=3, phonetic_code=4)
    return train(recipe, Training(data=str(speech), into=tmp_path_factory.mktemp("run"), rounds=2, looks=1)).path


class Parrot:
    """Says what it hears, higher by the voice's first number."""

    def voice(self, x):
        return x.mean((1, 2, 3))[:, None]

    def converted(self, x, s):
        return x + s[:, :1, None, None]


@pytest.mark.parametrize("length", [PIECE, 1, PIECE // 2, 101, 3 * PIECE - 1])
def test_pieces_fade_into_each_other_without_a_seam(length):
    picture = torch.randint(0, 250, (BANDS, length), dtype=torch.uint8)
    assert torch.equal(converted(Parrot(), picture, torch.zeros(2)), picture)
    assert torch.equal(converted(Parrot(), picture, torch.full((2,), 5 * 2 / 255)), picture + 5)


def test_a_file_is_written(run, speech, tmp_path, capsys):
    main(
        [
            "convert",
            str(run),
            str(speech / "low" / "0.wav"),
            "--voice",
            str(speech / "high" / "1.wav"),
            "--out",
            str(tmp_path / "o.wav"),
        ]
    )
    assert capsys.readouterr().out.strip() == str(tmp_path / "o.wav")
    samples, rate = read_wav(tmp_path / "o.wav")
    assert rate == RATE
    assert len(samples) == pytest.approx(1.3 * RATE, abs=RATE / 100)
    assert 0.85 < float(samples.abs().max()) <= 0.95


def test_wrong_input_is_told(run, speech, tmp_path):
    low, out = speech / "low" / "0.wav", tmp_path / "o.wav"
    write_wav(tmp_path / "short.wav", tone(300, 0.2), RATE)
    with pytest.raises(UserError, match="too short or silent to tell a voice by"):
        convert_file(run, low, tmp_path / "short.wav", out)
    write_wav(tmp_path / "other.wav", tone(300), 16000)
    with pytest.raises(UserError, match=r"has 8,000 samples a second and .* 16,000"):
        convert_file(run, low, tmp_path / "other.wav", out)
    with pytest.raises(UserError, match="cannot be read as WAV"):
        convert_file(run, tmp_path / "none.wav", low, out)
    with pytest.raises(UserError, match="cannot write"):
        convert_file(run, low, low, tmp_path / "no" / "folder.wav")
    other = train(RECIPES["gan"].but(width=4, batch=8), Training(into=tmp_path / "gan", rounds=1, looks=1)).path
    with pytest.raises(UserError, match="does not convert voices"):
        convert_file(other, low, low, out)


def test_the_recipes_game_converts():
    assert isinstance(Parrot(), Converts)
