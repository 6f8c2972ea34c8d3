"""One visitor's way through a latent space: it draws what the command line draws, and disturbs no other visitor's."""

from __future__ import annotations

import io

import numpy
import PIL.Image
import pytest
import torch

from rivals.data import bytes_from_pictures
from rivals.data.part import bytes_of
from rivals.errors import UserError
from rivals.explore.directions import factorised
from rivals.loading import load
from rivals.recipes import find
from rivals.sampling import drawn
from rivals.studio.explorer import DIRECTIONS, Explorer, read
from rivals.training import Training, train


@pytest.fixture
def explorer(trained):
    return Explorer(trained, seed=3)


def pixels(png):
    return torch.frombuffer(bytearray(PIL.Image.open(io.BytesIO(png)).tobytes()), dtype=torch.uint8)


def png(x):
    file = io.BytesIO()
    PIL.Image.fromarray(x).save(file, "png")
    return file.getvalue()


def test_the_samples_are_those_of_the_command_line(explorer, trained):
    wanted = bytes_from_pictures(drawn(load(trained), 64, 3))
    sheet = explorer.sheet()
    assert len(sheet) == 64
    assert all(torch.equal(pixels(made), x.flatten()) for made, x in zip(sheet, wanted, strict=True))
    assert explorer.picture() == sheet[0]


def test_directions_and_truncation_move_the_picture(explorer):
    before = explorer.picture()
    assert torch.equal(explorer.directions, factorised(explorer.game, DIRECTIONS))
    explorer.move(1, 3.0)
    assert torch.allclose(explorer.here, explorer.z + 3 * explorer.directions[1], atol=1e-5)
    assert explorer.picture() != before
    explorer.move(1, 0.0)
    assert explorer.picture() == before
    explorer.psi = 0.0
    assert len(set(explorer.sheet())) == 1  # all alike
    explorer.psi, explorer.finder = 1.0, "principal"
    assert explorer.directions.shape == (DIRECTIONS, explorer.z.shape[0])


def test_ways_and_arithmetic_lead_where_they_say(explorer, tmp_path):
    sheet = explorer.sheet()
    explorer.go("4~9@0")
    assert explorer.picture() == sheet[4]
    explorer.go("4~9@1.00")
    assert explorer.picture() == sheet[9]
    explorer.go("2,3 - 5 + 7")
    z = explorer.samples
    assert torch.allclose(explorer.z, (z[2] + z[3]) / 2 - z[5] + z[7])
    explorer.film(1, 2, tmp_path / "way.gif")
    assert PIL.Image.open(tmp_path / "way.gif").n_frames > 20
    for wrong in (lambda: explorer.go("0~99@0.5"), lambda: explorer.go("3 +"), lambda: explorer.go("99")):
        with pytest.raises(UserError):
            wrong()


def test_two_visitors_do_not_disturb_each_other(trained):
    one, other = Explorer(trained, seed=1), Explorer(trained, seed=1)
    assert one.game is other.game  # the weights are held once
    before = other.picture()
    one.moves[0], one.psi = 4.0, 0.3
    one.stand(one.samples[5])
    assert other.picture() == before


def test_a_drawn_picture_is_found_again_and_its_neighbours_are_training_rows(explorer, digits):
    explorer.psi = 0.5
    explorer.stand(explorer.samples[7])
    wanted = explorer.picture()
    error = explorer.invert(wanted)
    assert error < 1e-2
    assert explorer.psi == 1.0  # else something other than what was found would be shown
    difference = pixels(explorer.picture()).double() - pixels(wanted)
    assert float((difference / 255).square().mean()) == pytest.approx(error, abs=1e-3)
    rows = {bytes(row.flatten().tolist()) for row in bytes_of(digits)}
    found = explorer.nearest()
    assert len(found) == 5
    assert all(bytes(pixels(each).tolist()) in rows for each in found)


def test_what_is_painted_is_drawn(explorer):
    explorer.stand(explorer.samples[2])
    before = PIL.Image.open(io.BytesIO(explorer.picture()))
    paint = before.copy()
    paint.paste(255, (2, 3, 6, 5))
    file = io.BytesIO()
    paint.save(file, "png")
    explorer.paint(file.getvalue())
    after = PIL.Image.open(io.BytesIO(explorer.picture()))
    box = (2, 3, 6, 5)
    bright = [numpy.asarray(picture.crop(box)).mean() for picture in (before, after)]
    assert bright[1] > bright[0]
    with pytest.raises(UserError, match="nothing is painted"):
        explorer.paint(explorer.picture())


def test_uploads_are_of_any_size_and_no_picture_is_told(explorer):
    noise = torch.randint(0, 256, (90, 40, 3), dtype=torch.uint8).numpy()
    assert explorer.fitted(png(noise)).shape == (1, 8, 8)
    for content in (b"", b"GIF89a", b"<svg onload=alert(1)>", png(noise)[:50]):
        with pytest.raises(UserError, match="no picture that can be read"):
            read(content)
    large = PIL.Image.new("1", (6000, 6000))
    file = io.BytesIO()
    large.save(file, "png")
    with pytest.raises(UserError, match="million pixels"):
        read(file.getvalue())
    with pytest.raises(UserError, match="MB"):
        read(bytes(11_000_000))


def test_classes_are_asked_for(tmp_path):
    into = tmp_path / "cgan"
    train(find("cgan").but(width=4), Training(data="digits", into=into, rounds=4, looks=1, precision="float32"))
    explorer = Explorer(into)
    assert explorer.names == [str(k) for k in range(10)]
    explorer.ask("7")
    asked = explorer.samples[:, -10:]
    assert (asked.argmax(1) == 7).all()
    game = load(into)
    wanted = bytes_from_pictures(drawn(game, 64, 0, asked=torch.full((64,), 7)))
    assert torch.equal(pixels(explorer.sheet()[9]), wanted[9].flatten())  # as `rivals sample --only 7` draws them
    first = explorer.sheet()
    explorer.again(5)
    assert explorer.sheet() != first
    with pytest.raises(UserError):
        explorer.ask("eleven")
    assert explorer.only == "7"


def test_attributes_and_texts_are_asked_for(by_attributes, by_text):
    faces, cats = Explorer(by_attributes), Explorer(by_text)
    assert (faces.by_attributes, faces.by_text) == (True, False)
    assert (cats.by_attributes, cats.by_text) == (True, True)
    faces.ask("hat,smile")
    assert (faces.samples[:, -2:] == 1).all()
    assert cats.names == ["blue", "cat", "dog", "red"]
    cats.ask("Draw a RED cat")
    assert cats.samples[:, -4:].tolist() == [[0, 1, 0, 1]] * len(cats.samples)
    assert cats.told == "of 'Draw a RED cat' its captions know red, cat"
    cats.ask("blue dog")
    assert not cats.told
    with pytest.raises(UserError, match="no word of 'a horse'"):
        cats.ask("a horse")
    assert cats.only == "blue dog"


def test_one_may_be_asked_for_something_else_while_its_noise_stays(by_attributes, tmp_path):
    explorer = Explorer(by_attributes, seed=2)
    explorer.go("5")
    noise = explorer.z[:-3].clone()
    explorer.ask("smile")
    assert explorer.at == "5"  # the same number, from the same noise
    assert torch.equal(explorer.z[:-3], noise)
    assert "smile" in explorer.has
    before = explorer.picture()
    explorer.move(0, 1.5)
    explorer.become(["female", "hat"])
    assert explorer.has == explorer.became == ["female", "hat"]
    assert (torch.equal(explorer.z[:-3], noise), explorer.moves[0]) == (True, 1.5)
    assert explorer.picture() != before
    with pytest.raises(UserError, match="did you mean 'hat'"):
        explorer.become(["hut"])
    explorer.go("5")
    assert explorer.became is None
    large = PIL.Image.open(io.BytesIO(explorer.enlarged()))
    assert large.size == (512, 512)
    small = PIL.Image.open(io.BytesIO(explorer.picture()))
    assert large.resize((8, 8), PIL.Image.Resampling.NEAREST).tobytes() == small.tobytes()


@pytest.mark.parametrize("finder", ["factorised", "principal"])
def test_directions_leave_what_was_asked_for(by_attributes, finder):
    explorer = Explorer(by_attributes, finder=finder)
    assert explorer.directions.shape == (DIRECTIONS, len(explorer.z))
    assert (explorer.directions[:, -3:] == 0).all()
    assert torch.allclose(explorer.directions.norm(dim=1), torch.ones(DIRECTIONS), atol=1e-4)


def test_what_was_never_met_together_is_told(by_text):
    explorer = Explorer(by_text)
    explorer.ask("red dog")
    assert explorer.told == ""
    explorer.ask("cat dog")
    assert explorer.told == "no picture that it met lately has all of these: they alone are asked for"


def test_a_game_that_is_asked_for_nothing_has_nothing(explorer):
    assert explorer.has is None
    with pytest.raises(UserError, match="asked for nothing"):
        explorer.become(["7"])


def test_runs_without_pictures_of_noise_are_refused(tmp_path):
    into = tmp_path / "ring"
    train(find("gan").but(network="mlp", width=8), Training(data="ring", into=into, rounds=2, looks=1, precision="float32"))
    with pytest.raises(UserError, match="vectors"):
        Explorer(into)


def test_other_weights_are_loaded_anew(trained, tmp_path):
    import os
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    game = Explorer(copy).game
    assert Explorer(copy).game is game
    os.utime(copy / "checkpoints" / "best.safetensors", ns=(1, 2**62))
    assert Explorer(copy).game is not game
