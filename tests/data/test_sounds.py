"""Sounds: WAV files read and written, spectrograms whose pitch and loudness are known, and the way back."""

from __future__ import annotations

import math
import os
import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from rivals.data import load
from rivals.data.sounds import (
    BANDS,
    DEPTH,
    PIECE,
    bands,
    holds_sounds,
    part_of,
    pieces,
    read_wav,
    sounding,
    spectrogram,
    write_wav,
)
from rivals.data.sources import test_part as part_for_test
from rivals.errors import NoTestPart, UserError

RATE = 8000


def tone(frequency: float, *, seconds: float = 1.0, loud: float = 0.5) -> Tensor:
    return loud * torch.sin(2 * math.pi * frequency * torch.arange(int(seconds * RATE)) / RATE)


def band_of(frequency: float) -> float:
    """Where on the axis of the bands it lies."""
    return 2595 * math.log10(1 + frequency / 700) / (2595 * math.log10(1 + RATE / 1400)) * (BANDS + 1) - 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two speakers of ten files each, high and low."""
    for name, pitch in (("high", 2000), ("low", 300)):
        (tmp_path / "speech" / name).mkdir(parents=True)
        for k in range(10):
            write_wav(tmp_path / "speech" / name / f"{k}.wav", tone(pitch + 20 * k), RATE)
    return tmp_path / "speech"


def test_what_is_written_is_read(tmp_path):
    samples = torch.linspace(-1.2, 1.2, 999)
    write_wav(tmp_path / "a.wav", samples, 11025)
    found, rate = read_wav(tmp_path / "a.wav")
    assert rate == 11025
    assert torch.allclose(found, samples.clamp(-1, 1), atol=1e-4)


def test_channels_are_averaged_and_a_file_cut_short_is_read_as_far_as_it_goes(tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.array([[100, 300], [-200, 0], [8, 8]], "<i2").tobytes())
    assert torch.allclose(read_wav(tmp_path / "a.wav")[0] * 32768, torch.tensor([200.0, -100.0, 8.0]))
    (tmp_path / "b.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:-3])
    assert len(read_wav(tmp_path / "b.wav")[0]) == 2


def test_what_is_no_16_bit_wav_is_refused(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF, it says")
    with pytest.raises(UserError, match=r"a.wav' cannot be read as WAV .* 16-bit PCM"):
        read_wav(tmp_path / "a.wav")
    with wave.open(str(tmp_path / "b.wav"), "wb") as file:
        file.setparams((1, 1, RATE, 0, "NONE", ""))
        file.writeframes(b"123")
    with pytest.raises(UserError, match="has samples of 8 bits"):
        read_wav(tmp_path / "b.wav")


def test_a_tone_is_a_line_at_its_pitch():
    for frequency in (250.0, 1000.0, 3000.0):
        picture = spectrogram(tone(frequency), RATE)
        assert picture.shape == (BANDS, 101)
        assert (picture[:, 10:90].argmax(0) - band_of(frequency)).abs().max() < 1


def test_decibels_are_under_the_loudest_and_the_volume_does_not_matter():
    both = torch.cat([tone(1000), tone(1000, loud=0.05)])  # 20 decibels
    picture = spectrogram(both, RATE).amax(0).float()
    assert picture.max() == 255
    assert float(picture[20:80].mean() - picture[120:180].mean()) == pytest.approx(20 / DEPTH * 255, abs=1.5)
    assert torch.equal(spectrogram(both, RATE), spectrogram(both / 4, RATE))
    assert spectrogram(torch.zeros(RATE), RATE).unique().tolist() == [255]  # nothing is louder than anything


def test_every_band_hears_something():
    for rate, frequencies in ((8000, 129), (44100, 707)):
        filters = bands(rate, frequencies)
        assert torch.allclose(filters.sum(1), torch.ones(BANDS))
        assert (filters >= 0).all()


def test_pieces_share_their_halves_and_are_not_silent():
    picture = torch.arange(BANDS * 2 * PIECE, dtype=torch.float32).view(BANDS, -1).remainder(256).to(torch.uint8)
    found = pieces(picture)
    assert found.shape == (3, 1, BANDS, PIECE)
    assert torch.equal(found[0, 0, :, PIECE // 2 :], found[1, 0, :, : PIECE // 2])
    picture[:, PIECE:] = 100
    assert len(pieces(picture)) == 2
    assert len(pieces(picture[:, : PIECE - 1])) == 0


def test_a_sound_comes_back_from_its_spectrogram():
    voice = sum(tone(140 * k, loud=0.3 / k) for k in range(1, 20)) * (0.2 + tone(3, loud=1.0).abs())
    picture = spectrogram(voice, RATE)
    again = sounding(picture, RATE)
    assert len(again) == RATE
    assert float(again.abs().max()) == pytest.approx(0.9)
    error = (spectrogram(again, RATE).float() - picture.float()).abs().mean() * DEPTH / 255
    assert error < 4  # decibels; of silence, 40
    assert torch.equal(again, sounding(picture, RATE))


def test_a_folder_of_folders_has_speakers_and_a_test_part(folder):
    train, test = load(folder), load(folder, split="test")
    assert train.facts.shape == test.facts.shape == (1, BANDS, PIECE)
    assert train.class_names == ("high", "low")
    assert torch.bincount(train.y).tolist() == [8 * 3, 8 * 3]
    assert torch.bincount(test.y).tolist() == [2 * 3, 2 * 3]
    loudest = train.x.float().mean((1, 3)).argmax(1)
    assert (loudest[train.y == 0] > loudest[train.y == 1].max()).all()
    assert not {row.numpy().tobytes() for row in test.x} & {row.numpy().tobytes() for row in train.x}
    assert "48 pieces of 0.48 s of 16 sounds at 8,000 Hz" in train.notes
    assert load(folder, only="low").facts.count == 24


def test_parts_share_no_file_and_hold_all():
    y = np.arange(23) % 2
    train, test = part_of(y, "train"), part_of(y, "test")
    assert sorted([*train, *test]) == list(range(23))
    assert np.bincount(y[test]).tolist() == [2, 2]


def test_sounds_beside_folders_have_no_classes(folder):
    write_wav(folder / "loose.wav", tone(500), RATE)
    assert load(folder).facts.classes == 0
    assert load(folder / "low").facts.classes == 0


def test_what_cannot_be_used_is_said(folder):
    write_wav(folder / "low" / "other.wav", tone(500), 16000)
    with pytest.raises(UserError, match=r"several sampling rates, 8,000 Hz \('.*'\) and 16,000 Hz \('other.wav'\)"):
        load(folder)
    for file in folder.rglob("*.wav"):
        write_wav(file, tone(500, seconds=0.2), RATE)
    with pytest.raises(UserError, match=r"shorter than 0.48 seconds"):
        load(folder)
    for file in list((folder / "low").iterdir())[3:]:
        file.unlink()
    assert part_for_test(folder / "low") is None
    with pytest.raises(NoTestPart, match="it takes 5 files"):
        load(folder / "low", split="test")


def test_a_folder_of_pictures_is_none_of_sounds(tmp_path):
    assert not holds_sounds(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    assert not holds_sounds(tmp_path)


@pytest.mark.skipif("RIVALS_DATA" not in os.environ, reason="RIVALS_DATA is not set")
def test_three_speakers():
    if not (Path(os.environ["RIVALS_DATA"]) / "speech").is_dir():
        pytest.skip("there is no speech in RIVALS_DATA")
    data = load(Path(os.environ["RIVALS_DATA"]) / "speech")
    assert data.class_names == ("en", "es", "fr")
    assert torch.bincount(data.y).min() > 1000
