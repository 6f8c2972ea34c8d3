"""Concepts by attribute, turn vectors and the search nearby: in closed form, of a linear generator and known half-spaces."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from rivals import chance
from rivals.cli import main
from rivals.errors import UserError
from rivals.explore import across, difference, evaluated, moved, named, read, sought, until
from rivals.explore.attributes import Reading, logits_of
from rivals.game import Game
from rivals.recipes import RECIPES
from rivals.training import Training, train

N = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.6, 0.8, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])  # unit normals, the first two alike
OFF = torch.tensor([0.0, 0.0, -1.0])  # the third attribute is rare


class Double(Game):
    """G(z) = 2 z."""

    def __init__(self):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(2.0))

    def players(self):
        return []

    def prior(self, n):
        return chance.normal(n, 4)

    def decode(self, z):
        return self.factor * z

    def sample(self, n):
        return self.decode(self.prior(n))


class Planes:
    """Which side of each plane G(z) = 2 z lies on."""

    names = ("hat", "smile", "beard")

    def __call__(self, x):
        return x / 2 @ N.T + OFF


@pytest.fixture(scope="module")
def game():
    return Double()


@pytest.fixture(scope="module")
def reading(game):
    return read(game, Planes(), 20_000)


def test_a_turn_vector_points_along_the_normal_as_far_as_the_halves_are_apart(reading):
    v = difference(reading.z, *reading.sets("hat"))
    assert torch.allclose(v, 2 * math.sqrt(2 / math.pi) * N[0], atol=0.05)  # E|z| = sqrt(2/pi) on both sides
    rare = difference(reading.z, *reading.sets("beard"))
    assert normalize(rare, dim=0) @ N[2] > 0.995
    assert rare.norm() == pytest.approx(0.2420 / 0.1587 + 0.2420 / 0.8413, abs=0.06)  # of a normal beyond 1, and before it


def test_across_the_others_their_planes_keep_their_distance(game, reading):
    turns = [difference(reading.z, *reading.sets(name)) for name in Planes.names]
    v = across(turns[0], turns[1:])
    assert (v @ torch.stack(turns[1:]).T).abs().max() < 1e-5
    ways = [moved(reading.z[:50], w, [0.0, 2.0]).flatten(0, 1) for w in (turns[0], v)]
    plain, clean = (logits_of(game, Planes(), way).view(50, 2, 3).diff(dim=1)[:, 0] for way in ways)
    assert (plain[:, 1] > 1.5).all()  # the smile comes with the hat ...
    assert (clean[:, 1].abs() < 0.1).all()  # ... and does not
    assert (clean[:, 0] > 0.5).all()
    assert torch.equal(across(v, []), v)


def test_samples_that_have_what_is_asked_for():
    has = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 0], [1, 1, 1], [0, 0, 1]]).bool()
    few = Reading(torch.eye(6), has, Planes.names)
    assert few.having("hat smile", least=2).tolist() == [0, 4]
    assert few.having("hat ~smile", least=1).tolist() == [1]
    assert few.having("smile/beard").tolist() == [0, 2, 4, 5]
    assert few.having("~smile/beard", least=1).tolist() == [1, 3]
    odd = few._replace(names=("T-shirt/top", "wavy hair", "beard"))
    assert odd.having("T-shirt/top wavy_hair", least=2).tolist() == [0, 4]
    assert odd.having("wavy_hair/beard").tolist() == [0, 2, 4, 5]
    assert [part.tolist() for part in few.sets("hat")] == [[0, 1, 4], [2, 3, 5]]
    assert [part.tolist() for part in few.sets("hat", "beard")] == [[0, 1, 4], [2, 4, 5]]
    with pytest.raises(UserError, match="unknown attribute 'smlie': did you mean 'smile'"):
        few.having("hat smlie")
    with pytest.raises(UserError, match="'hat smile': 2 of 6 samples have it, 3 are needed"):
        few.having("hat smile")
    with pytest.raises(UserError, match="all samples but 0 have it"):
        few._replace(has=has | True).sets("hat")


def test_formulas_of_names():
    has = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 1, 1], [1, 0, 1]]).bool().repeat(3, 1)
    few = Reading(torch.eye(12), has, ("3D-glasses", "male", "smile"))
    found = named("3D-glasses male - 3D-glasses ~male + smile", few)
    assert [concept.sign for concept in found] == [1, -1, 1]
    assert found[0].numbers == [0, 4, 8]
    _, result = evaluated(found, few.z)
    expected = few.z[has[:, 0] & has[:, 1]].mean(0) - few.z[has[:, 0] & ~has[:, 1]].mean(0) + few.z[has[:, 2]].mean(0)
    assert torch.allclose(result, expected)
    assert named("- male + smile", few)[0].sign == -1
    for wrong in ("", "male -", "- + male", "male + - smile"):
        with pytest.raises(UserError, match="is no formula"):
            named(wrong, few)


def test_latents_of_another_space_are_refused():
    assert moved(torch.zeros(2, 3), torch.ones(3), [0.0, 2.0]).tolist() == [[[0.0] * 3, [2.0] * 3]] * 2
    with pytest.raises(UserError, match="these latents have 4 numbers, this vector 3"):
        moved(torch.zeros(2, 4), torch.ones(3), [1.0])


def test_as_far_as_it_takes(game):
    z = torch.tensor([[-0.6, 0, 0, 0], [-1.6, 0, 0, 0], [-9.0, 0, 0, 0]])
    k = torch.zeros(3, dtype=torch.int64)
    ends, far = until(game, Planes(), z, N[0].expand(3, -1), k, [0.5, 1.0, 1.5, 2.0])
    assert far.tolist() == [1.0, 2.0, 2.0]  # the first that is across, and the last where none is
    assert ends[:, 0].tolist() == pytest.approx([0.4, 0.4, -7.0])
    assert until(game, Planes(), z[:1], N[:1], k[:1], [0.5, 1.0, 1.5, 2.0], margin=0.5)[1].tolist() == [1.5]


def test_the_search_ends_as_near_as_it_can_where_all_is_as_wanted(game):
    """The nearest point of a corner of half-spaces; what nobody asks for stays as it is."""
    z = torch.tensor([[-1.0, 2.0, 0.3, 0.7]])
    found = sought(game, Planes(), z, torch.tensor([[1.0, -1.0, 0.0]]), steps=1500, lr=0.01, margin=0.5, stay=0.1)
    logits = logits_of(game, Planes(), found)[0]
    assert logits[0] == pytest.approx(0.5, abs=0.06)
    assert logits[1] == pytest.approx(-0.5, abs=0.06)
    assert torch.allclose(found[:, 2:], z[:, 2:], atol=1e-3)
    assert game.factor.requires_grad


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Pictures with a bright spot at the left or not, and a run on them."""
    folder = tmp_path_factory.mktemp("labelled")
    a = np.random.default_rng(0).integers(0, 2, (200, 2)).astype(np.uint8)
    x = np.full((200, 8, 8), 40, np.uint8)
    x[a[:, 0] == 1, 2:6, 0:3] = 255
    x[a[:, 1] == 1, 2:6, 5:8] = 200
    np.savez(folder / "spots.npz", images=x, attributes=a, names=np.array(["left", "right"]))
    recipe = RECIPES["r3gan"].but(width=8, batch=16, latent=6)  # whose samples have both spots, whatever the processor
    return train(
        recipe, Training(data=str(folder / "spots.npz"), into=folder / "run", rounds=150, looks=1, precision="float32")
    ).path


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path_factory):
    from rivals.metrics import core

    folder = tmp_path_factory.getbasetemp() / "judges"
    monkeypatch.setattr(core, "cache_folder", lambda: folder)


def test_the_commands_take_names(labelled, tmp_path, capsys):
    from PIL import Image

    out = tmp_path / "turn.png"
    asked = ["--to", "left", "--keep", "right", "--reads", "200", "--rows", "2", "--steps", "4"]
    main(["explore", "turn", str(labelled), *asked, "--out", str(out)])
    said = capsys.readouterr().out
    assert "judge of 2 attributes trained on 180 rows" in said
    assert " of 200 samples" in said
    v = np.load(tmp_path / "turn.npz")["v"]
    assert v.shape == (6,)
    width, height = Image.open(out).size
    assert width / height == pytest.approx(2, rel=0.05)
    main(["explore", "arithmetic", str(labelled), "left - ~left", "--reads", "200", "--out", str(tmp_path / "sum.png")])
    assert "of 200 samples the concepts have" in capsys.readouterr().out
    for args, told in (
        (["turn", "--to", "lfet"], "unknown attribute 'lfet': did you mean 'left'"),
        (["turn", "--to", "left", "--reads", "2"], "too few to read"),
        (["arithmetic", "left - lefd"], "did you mean 'left'"),
        (["turn", "--to", "left ~left"], "0 of 5,000 samples have it"),
    ):
        with pytest.raises(SystemExit) as stop:
            main(["explore", args[0], str(labelled), *args[1:]])
        assert stop.value.code == 2
        assert told in capsys.readouterr().err


def test_every_option_of_a_turn_changes_what_is_written(labelled, tmp_path, capsys):
    other = tmp_path / "other.npz"
    swapped = dict(np.load(labelled.parent / "spots.npz"))
    np.savez(other, **{**swapped, "names": swapped["names"][::-1]})  # its left is the run's right
    base = ["--to", "left", "--reads", "200", "--rows", "2", "--steps", "3"]

    def written(*changed: str) -> bytes:
        main(["explore", "turn", str(labelled), *base, *changed, "--out", str(tmp_path / "turn.png")])
        capsys.readouterr()
        return (tmp_path / "turn.png").read_bytes()

    plain = written()
    assert written() == plain
    for changed in (
        ["--far", "4"],
        ["--data", str(other)],
        ["--seed", "1"],
        ["--reads", "300"],
        ["--keep", "right"],
        ["--from", "right"],
    ):
        assert written(*changed) != plain, changed
