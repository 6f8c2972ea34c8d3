"""A visitor's picture, translated as `rivals translate` does, and back."""

from __future__ import annotations

import io

import numpy
import PIL.Image
import pytest
import torch

from rivals.errors import UserError
from rivals.recipes import find
from rivals.studio.translator import Translator
from rivals.training import Training, train
from rivals.translating import translate_files

SMALL = {"width": 4, "patch": "16", "pair": "grey", "batch": 4}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    noise = numpy.random.default_rng(0)
    for number in range(12):
        PIL.Image.fromarray(noise.integers(0, 255, (16, 16, 3), dtype=numpy.uint8)).save(folder / f"{number}.png")
    return folder


def run(recipe, photos, into, **options):
    training = Training(data=str(photos), into=into, rounds=1, looks=1, precision="float32")
    return train(find(recipe).but(**{**SMALL, **options}), training).path


def test_there_and_back_as_the_command_line_has_it(photos, tmp_path):
    path = run("cyclegan", photos, tmp_path / "run", blocks=1)
    translator = Translator(path)
    first, second = translator.names
    grey = io.BytesIO()
    PIL.Image.open(photos / "3.png").convert("L").save(grey, "png")
    (tmp_path / "3.png").write_bytes(grey.getvalue())
    found = translator.translate(grey.getvalue(), second)
    assert list(found.pictures) == [first, second, "back again"]
    translate_files(path, [tmp_path / "3.png"], tmp_path / "out", to=second)
    made = PIL.Image.open(io.BytesIO(found.pictures[second]))
    assert numpy.array_equal(numpy.asarray(made), numpy.asarray(PIL.Image.open(tmp_path / "out" / "3.png")))
    given, back = (
        numpy.asarray(PIL.Image.open(io.BytesIO(found.pictures[name])), dtype=float) for name in (first, "back again")
    )
    assert found.lost == pytest.approx(numpy.abs(given - back).mean() / 255, abs=0.004)
    for wrong in (b"no picture", (photos / "3.png").read_bytes()[:60]):
        with pytest.raises(UserError, match="no picture that can be read"):
            translator.translate(wrong, second)
    with pytest.raises(UserError, match="day"):
        translator.translate(grey.getvalue(), "day")


def test_one_way_alone_has_no_way_back(photos, tmp_path):
    translator = Translator(run("pix2pix", photos, tmp_path / "run"))
    found = translator.translate((photos / "1.png").read_bytes(), translator.names[1])
    assert found.lost is None
    assert "back again" not in found.pictures


def test_runs_that_translate_nothing_are_refused(trained):
    with pytest.raises(UserError, match="translates nothing"):
        Translator(trained)


def test_labels_are_asked_for_by_name(tmp_path):
    into = tmp_path / "run"
    options = {"width": 4, "blocks": 1, "batch": 4, "critic_turns": 1}
    train(find("stargan").but(**options), Training(data="digits", into=into, rounds=1, looks=1, precision="float32"))
    translator = Translator(into)
    assert translator.labels
    picture = io.BytesIO()
    PIL.Image.fromarray(torch.zeros(8, 8, dtype=torch.uint8).numpy()).save(picture, "png")
    assert list(translator.translate(picture.getvalue(), "3").pictures) == ["given", "3"]
