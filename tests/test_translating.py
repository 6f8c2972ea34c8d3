"""Translators from the command line: trained, looked at, judged, and given files."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

import rivals
from rivals.cli import summary
from rivals.data import Beside, Memory
from rivals.data.beside import side_by_side
from rivals.errors import UserError
from rivals.game import Translates
from rivals.metrics.evaluation import evaluate_run
from rivals.recipes import RECIPES
from rivals.sampling import drawn
from rivals.training import Training
from rivals.translating import domains, drawing, draws, translate_files

SMALL = {"width": 4, "batch": 4, "patch": "16", "blocks": 1}


def folder(path, n, *, shift=0, size=(16, 16)):
    path.mkdir(parents=True)
    draw = np.random.default_rng(shift)
    for number in range(n):
        Image.fromarray(draw.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path / f"{number}.png")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """CycleGAN between two folders of unlike counts."""
    home = tmp_path_factory.mktemp("cycle")
    one, other = folder(home / "day", 12), folder(home / "night", 14, shift=1)
    recipe = RECIPES["cyclegan"].but(**SMALL, target=str(other))
    return rivals.train(recipe, Training(data=str(one), into=home / "run", rounds=3, looks=1, precision="float32"))


def test_a_look_scores_translations_against_the_other_domain(run):
    events = run.log()
    assert [domain["name"] for domain in run.settings["domains"]] == ["day", "night"]
    assert {event["kind"] for event in events} >= {"score", "picture", "signs", "terms"}
    scores = [event for event in events if event["kind"] == "score"]
    assert all("fd" in event["scores"] for event in scores)
    assert " 12 samples against" in scores[0]["protocol"]["fd"]  # and not 2,000 translations of so few
    sheet = Image.open(run.path / "pictures" / "0000003.png")
    assert sheet.width > sheet.height  # eight columns: given, translated, back
    assert run.file("best").exists()
    assert f"rivals translate {run.path} PICTURES" in summary(run, run.path / "report.html")
    real = np.asarray(Image.open(run.path / "pictures" / "real.png"))
    assert real.std() > 0


def test_resuming_repeats_the_run(run, tmp_path):
    recipe = RECIPES["cyclegan"].but(**run.settings["options"])
    source = run.settings["data"]["source"]
    halves = Training(data=source, into=tmp_path / "again", rounds=2, looks=1, precision="float32")
    rivals.train(recipe, halves)
    whole = rivals.train(recipe, Training(**{**vars(halves), "rounds": 3}))
    a, b = (rivals.load(path, checkpoint="final").state_dict() for path in (run.path, whole.path))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_it_is_judged_by_what_it_translates(run):
    found = {row.metric: row for row in evaluate_run(run.path, metrics=("fd", "cycle"), features=("pixels",), n=10).rows}
    assert {"fd", "cycle", "cycle, noise", "hidden"} <= found.keys()
    with pytest.raises(UserError, match="takes pairs"):
        evaluate_run(run.path, metrics=("paired",), features=("pixels",), n=10)


def test_pairs_are_judged_one_by_one(tmp_path):
    data = folder(tmp_path / "pictures" / "train", 12).parent
    folder(data / "test", 11, shift=1)
    recipe = RECIPES["pix2pix"].but(width=4, batch=4, patch="16", pair="grey")
    made = rivals.train(recipe, Training(data=str(data), into=tmp_path / "run", rounds=2, looks=1))
    found = {row.metric: row for row in evaluate_run(made.path, metrics=("paired", "fd"), features=("pixels",), n=100).rows}
    assert 0 < found["l1"].value < 1
    assert "11 generated" in found["fd"].counts  # of the test part
    assert "test part" in found["fd"].counts
    picture = Image.open(made.path / "pictures" / "0000002.png")
    assert picture.width > 2 * picture.height  # given, translated, truth


def test_files_are_translated_at_their_size_and_bad_ones_reported(run, tmp_path):
    given = folder(tmp_path / "given", 2, shift=5, size=(20, 33))
    (given / "torn.png").write_bytes(b"torn")
    Image.new("L", (9, 8), 100).save(given / "grey.png")
    report = translate_files(run.path, [given], tmp_path / "out")
    assert sorted(path.name for path in report.written) == ["0.png", "1.png", "grey.png"]
    assert [file for file, _ in report.bad] == [str(given / "torn.png")]
    assert Image.open(tmp_path / "out" / "0.png").size == (33, 20)
    page = report.page.read_text()
    assert page.count("<figure") == 3
    assert "bicubic" not in page
    assert "1 could not be read" in page
    assert "day <i>to</i> night" in page
    again = translate_files(run.path, [given / "0.png"], tmp_path / "again")
    assert (tmp_path / "out" / "0.png").read_bytes() == again.written[0].read_bytes()
    back = translate_files(run.path, [given / "0.png"], tmp_path / "back", to="day")
    assert back.written[0].read_bytes() != again.written[0].read_bytes()


def test_what_is_written_is_what_the_game_draws(run, tmp_path):
    given = folder(tmp_path / "given", 1, shift=6)
    translate_files(run.path, [given], tmp_path / "out")
    x = torch.from_numpy(np.asarray(Image.open(given / "0.png")).copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    game = rivals.load(run.path)
    with torch.no_grad():
        wanted = ((game.translate(x)[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255)
    assert np.abs(np.asarray(Image.open(tmp_path / "out" / "0.png")).astype(int) - wanted.numpy().astype(int)).max() <= 1


def test_the_command_reports_and_fails_where_a_file_is_bad(run, tmp_path, rivals_command):
    given = folder(tmp_path / "in", 1, shift=7)
    good = rivals_command("translate", str(run.path), str(given), "--out", "good")
    assert good.returncode == 0, good.stderr
    assert "1 translated" in good.stdout
    (given / "torn.jpg").write_bytes(b"torn")
    bad = rivals_command("translate", str(run.path), str(given), "--out", "bad")
    assert bad.returncode == 1
    assert "torn.jpg could not be read" in bad.stderr
    assert (tmp_path / "bad" / "0.png").exists()
    unknown = rivals_command("translate", str(run.path), str(given), "--to", "nigth")
    assert unknown.returncode == 2
    assert "unknown domain 'nigth': did you mean 'night'" in unknown.stderr


def test_what_is_transparent_is_filled(tmp_path):
    data = folder(tmp_path / "pictures", 12)
    recipe = RECIPES["context-encoder"].but(width=4, batch=4, patch="16")
    made = rivals.train(recipe, Training(data=str(data), into=tmp_path / "run", rounds=1, looks=1))
    colours = np.random.default_rng(3).integers(0, 256, (20, 12, 4), dtype=np.uint8)
    colours[..., 3] = 255
    colours[5:9, 2:8, 3] = 0
    Image.fromarray(colours).save(tmp_path / "torn.png")
    Image.fromarray(colours[..., :3]).save(tmp_path / "whole.png")
    report = translate_files(made.path, [tmp_path / "torn.png", tmp_path / "whole.png"], tmp_path / "out")
    filled = np.asarray(Image.open(report.written[0]))
    known = colours[..., 3] == 255
    assert (filled[known] == colours[..., :3][known]).all()
    assert (filled[~known] != 255).any()
    assert report.bad == [(str(tmp_path / "whole.png"), "nothing in it is transparent, so there is nothing to fill")]


def test_pictures_are_enlarged(tmp_path):
    data = folder(tmp_path / "pictures", 12)
    recipe = RECIPES["srresnet"].but(width=4, batch=4, blocks=1)
    made = rivals.train(recipe, Training(data=str(data), into=tmp_path / "run", rounds=1, looks=1))
    report = translate_files(made.path, [folder(tmp_path / "small", 1, size=(7, 5))], tmp_path / "out")
    assert Image.open(report.written[0]).size == (20, 28)
    page = report.page.read_text()
    assert [what in page for what in (", bicubic", "--columns: 3")] == [True, True]
    assert [domain["shape"] for domain in made.settings["domains"]] == [[3, 4, 4], [3, 16, 16]]


def test_wrong_input_says_what_to_do(run, tmp_path):
    with pytest.raises(UserError, match="at least one picture"):
        translate_files(run.path, [], tmp_path)
    with pytest.raises(UserError, match="there is no file or folder"):
        translate_files(run.path, [tmp_path / "nothing"], tmp_path)
    one, other = folder(tmp_path / "a", 1), folder(tmp_path / "b", 1)
    with pytest.raises(UserError, match=r"would both be written as 0\.png"):
        translate_files(run.path, [one, other], tmp_path / "out")
    plain = rivals.train(RECIPES["gan"].but(width=4), Training(into=tmp_path / "plain", rounds=1, looks=1))
    with pytest.raises(UserError, match="translates nothing"):
        translate_files(plain.path, [one], tmp_path / "out")


def test_a_translator_draws_from_the_other_domain(run):
    game = rivals.load(run.path)
    rows = Memory(torch.zeros(5, 3, 16, 16, dtype=torch.uint8), name="black")
    assert draws(game)
    assert isinstance(game, Translates)
    samples = drawn(drawing(game, Beside(rows, rows)), 6, seed=0)
    assert samples.shape == (6, 3, 16, 16)
    assert torch.allclose(samples, samples[:1].expand_as(samples), atol=1e-5)  # all of the same black picture
    with pytest.raises(UserError, match="draws nothing"):
        drawing(game, rows)


def test_domains_are_named_after_their_data(small):
    def rows(name, row_names=()):
        return Memory(torch.zeros(2, 1, 4, 4, dtype=torch.uint8), name=name, row_names=row_names)

    game = small("cyclegan").game

    def names(*parts):
        return [domain["name"] for domain in domains(game, side_by_side(parts))]

    assert names(rows("a"), rows("b"), rows("c")) == ["a", "b", "c"]
    assert names(rows("photos/day/"), rows("photos/night")) == ["day", "night"]
    assert names(rows("e", ["s/k.google.png"] * 2), rows("e", ["s/k.twitter.png"] * 2)) == ["google", "twitter"]
    assert names(rows("same"), rows("same")) == ["same-1", "same-2"]


def test_three_domains_are_translated_into_each_other(tmp_path):
    sets = [folder(tmp_path / name, 8, shift=shift) for shift, name in enumerate(("day", "dusk", "night"))]
    recipe = RECIPES["combogan"].but(**SMALL, target=str(sets[1]), further=(str(sets[2]),))
    made = rivals.train(recipe, Training(data=str(sets[0]), into=tmp_path / "run", rounds=3, looks=1))
    assert [domain["name"] for domain in made.settings["domains"]] == ["day", "dusk", "night"]
    sheet = Image.open(made.path / "pictures" / "0000003.png")
    assert sheet.height / sheet.width == pytest.approx(4 / 8, rel=0.1)  # given, two translations, and back
    outs = {}
    for of, to in (("day", "night"), ("dusk", "night"), (None, "night")):
        report = translate_files(made.path, [sets[0]], tmp_path / f"{of}-{to}", of=of, to=to)
        outs[of] = np.asarray(Image.open(report.written[0]))
    assert (outs["day"] != outs["dusk"]).any()  # by another encoder
    assert (outs["day"] == outs[None]).all()
    for of, to, told in (
        (None, "day", "say which one these are of, as --from dusk"),
        ("dusk", "dusk", "are that already"),
        ("dawn", None, "unknown domain 'dawn'"),
    ):
        with pytest.raises(UserError, match=told):
            translate_files(made.path, [sets[0]], tmp_path / "out", of=of, to=to)


def test_labels_are_domains(tmp_path):
    draw = np.random.default_rng(0)
    attributes = draw.integers(0, 2, (40, 3), dtype=np.uint8)
    images = draw.integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    np.savez(tmp_path / "faces.npz", images=images, attributes=attributes, names=np.array(["hat", "cap", "smile"]))
    recipe = RECIPES["stargan"].but(width=4, batch=4, blocks=1)
    asked = Training(data=str(tmp_path / "faces.npz"), into=tmp_path / "run", rounds=2, looks=1, attributes="hat/cap,smile")
    made = rivals.train(recipe, asked)
    names = [domain["name"] for domain in made.settings["domains"]]
    assert names == ["hat/cap", "no hat/cap", "smile", "no smile"]
    sheet = Image.open(made.path / "pictures" / "0000002.png")
    assert sheet.height / sheet.width == pytest.approx(3 / 8, rel=0.1)  # given, and each attribute turned
    given = folder(tmp_path / "given", 2, size=(20, 12))
    there, without = (translate_files(made.path, [given], tmp_path / to, to=to) for to in ("smile", "no smile"))
    assert Image.open(there.written[0]).size == (12, 20)
    assert (np.asarray(Image.open(there.written[0])) != np.asarray(Image.open(without.written[0]))).any()
    assert "no smile" in without.page.read_text()
    found = {row.metric: row for row in evaluate_run(made.path, metrics=("fd", "cycle"), features=("pixels",), n=20).rows}
    assert found["fd"].value > 0
    assert 0 < found["cycle"].value < found["cycle, blurred"].value + 1
    Image.new("RGB", (2, 2)).save(given / "least.png")
    some = translate_files(made.path, [given], tmp_path / "some", to="smile")
    assert len(some.written) == 2
    [(file, reason)] = some.bad
    assert file.endswith("least.png")
    assert reason == "the network does not take pictures of 2x2 (H x W): bring this one to 16x16, which the run learnt"
    for options, told in (
        ({}, "say what these are to become"),
        ({"to": "smiel"}, "did you mean 'smile'"),
        ({"of": "smile", "to": "smile"}, "leave out --from"),
    ):
        with pytest.raises(UserError, match=told):
            translate_files(made.path, [given], tmp_path / "out", **options)


def test_classes_are_domains(tmp_path):
    recipe = RECIPES["stargan"].but(width=4, batch=16, blocks=1)
    made = rivals.train(recipe, Training(into=tmp_path / "run", rounds=2, looks=1))
    game = rivals.load(made.path)
    rows = torch.zeros(3, 1, 8, 8)
    assert game.translate(rows, 0, 9).shape == rows.shape
    with pytest.raises(UserError, match="learnt 10 domains"):
        game.translate(rows, 0, 10)
    assert [domain["name"] for domain in made.settings["domains"]] == [str(digit) for digit in range(10)]


def test_settings_tell_shapes_of_both(tmp_path):
    recipe = RECIPES["pix2pix"].but(width=4, batch=4, patch="16", pair="edges")
    made = rivals.train(recipe, Training(into=tmp_path / "run", rounds=1, looks=1))
    told = json.loads((made.path / "settings.json").read_text())["domains"]
    assert told == [{"name": "edges", "shape": [1, 8, 8]}, {"name": "digits", "shape": [1, 8, 8]}]
