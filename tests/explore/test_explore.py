"""Ways, directions, arithmetic and inversion in closed form; the commands on a trained run."""

from __future__ import annotations

import math
import re

import av
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from rivals import chance
from rivals.cli import main
from rivals.errors import UserError
from rivals.explore import edit, evaluated, factorised, invert, linear, parsed, plane, principal, spherical, through
from rivals.explore.directions import activations, first_layer
from rivals.explore.paths import truncated
from rivals.explore.showing import SAMPLES, picked
from rivals.game import Game
from rivals.loading import load
from rivals.recipes import RECIPES
from rivals.sampling import drawn, latents
from rivals.training import Training, train


class Line(Game):
    """G(z) = A z: everything is known."""

    def __init__(self, A):
        super().__init__()
        self.generator = nn.Linear(A.shape[1], A.shape[0], bias=False)
        with torch.no_grad():
            self.generator.weight.copy_(A)

    def players(self):
        return []

    def prior(self, n):
        return chance.normal(n, self.generator.in_features)

    def decode(self, z):
        return self.generator(z)

    def sample(self, n):
        return self.decode(self.prior(n))


def test_an_arc_keeps_its_length_and_a_line_does_not():
    a, b = torch.tensor([2.0, 0.0, 0.0]), torch.tensor([0.0, 2.0, 0.0])
    assert spherical(a, b, 5).norm(dim=1) == pytest.approx(torch.full((5,), 2.0))
    assert linear(a, b, 5)[2].norm() == pytest.approx(math.sqrt(2))
    arc = spherical(a, b, 5)
    assert torch.allclose(arc[0], a)
    assert torch.allclose(arc[-1], b)
    angles = torch.atan2(arc[:, 1], arc[:, 0])
    assert torch.allclose(angles.diff(), torch.full((4,), math.pi / 8), atol=1e-6)  # in equal steps
    assert torch.allclose(spherical(a, 2 * a, 3)[1], 1.5 * a)  # on one line: along it


def test_a_walk_comes_by_all_ends_once():
    ends = torch.randn(4, 3)
    way = through(ends, 5, spherical)
    assert way.shape == (16, 3)
    assert torch.allclose(way[::5], ends, atol=1e-6)
    assert torch.equal(truncated(ends, 0.5), ends / 2)
    assert torch.equal(truncated(ends, 0.5, noise=2), torch.cat([ends[:, :2] / 2, ends[:, 2:]], 1))


def test_a_plane_is_spanned_by_its_directions():
    z, u, v = torch.zeros(2), torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    at = plane(z, u, v, 3, 2.0)
    assert at.tolist() == [[s, t] for t in (-2, 0, 2) for s in (-2, 0, 2)]


def test_factorised_directions_are_those_that_the_weights_stretch():
    """A with singular values 5 and 1 along known axes."""
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)))[0]
    A = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
    A = torch.linalg.qr(A)[0] @ torch.diag(torch.tensor([5.0, 1.0, 0.1])) @ turn
    found = factorised(Line(A), 2)
    assert torch.allclose((found @ turn.T).abs(), torch.eye(3)[:2], atol=1e-5)
    with pytest.raises(UserError, match="ask for 1 to 3, not 4"):
        factorised(Line(A), 4)


def test_principal_directions_move_the_activations_most():
    A = torch.diag(torch.tensor([0.5, 4.0, 1.0]))
    found = principal(Line(A), 2)
    assert found.norm(dim=1) == pytest.approx(torch.ones(2))
    assert found[0].abs().argmax() == 1
    assert found[1].abs().argmax() == 2


class Deep(Line):
    """An encoder as wide as the latents stands first; of the generator, norm and a ReLU follow the first layer."""

    def __init__(self):
        super().__init__(torch.eye(3))
        self.generator = nn.Linear(3, 3)
        self.encoder, self.generator = (
            nn.Linear(3, 5),
            nn.Sequential(*(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU()), nn.Linear(4, 6)),
        )

    def prior(self, n):
        return chance.normal(n, 3)


def test_the_first_layer_is_the_one_that_the_latents_enter():
    torch.manual_seed(0)
    game = Deep().eval()
    game.generator[1].running_mean += 0.5
    assert first_layer(game, 3) is game.generator[0]
    z = torch.randn(7, 3)
    with torch.no_grad():
        assert torch.allclose(activations(game, z), game.generator[:3](z))
    assert activations(Line(torch.eye(3)), z).shape == (7, 3)


def test_directions_take_a_linear_layer_at_the_latents():
    class Odd(Line):
        def decode(self, z):
            return z

    with pytest.raises(UserError, match="linear layer that the latents enter"):
        factorised(Odd(torch.eye(3)), 1)


def test_arithmetic_is_of_means():
    z = torch.eye(4)
    means, result = evaluated(parsed("0,1 - 2 + 3"), z)
    assert means.tolist() == [[0.5, 0.5, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert result.tolist() == [0.5, 0.5, -1, 1]
    with pytest.raises(UserError, match="pass a larger --n"):
        evaluated(parsed("9"), z)
    for wrong in ("", "man - woman", "1 -- 2", "1,,2"):
        with pytest.raises(UserError, match="is no formula"):
            parsed(wrong)


def test_inversion_finds_the_latent():
    A = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    game = Line(A)
    z = torch.tensor([[0.5, -1.0, 0.3], [1.0, 0.2, -0.4]])
    found = invert(game, z @ A.T, steps=500, pull=0.0, draws=50)
    assert torch.allclose(found.z, z, atol=1e-2)
    assert (found.error < 0.01 * found.nearest).all()
    assert game.generator.weight.requires_grad
    assert torch.equal(invert(game, z @ A.T, steps=0, draws=50).error, found.nearest)
    with pytest.raises(UserError, match="bring it to that size"):
        invert(game, torch.zeros(1, 4))


def test_an_encoder_may_know_better_than_many_draws():
    class Both(Line):
        def encode(self, x):
            return x @ torch.linalg.pinv(self.generator.weight.detach()).T

    A = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    z = torch.tensor([[3.0, -3.0, 3.0]])
    assert invert(Both(A), z @ A.T, steps=0, draws=10).error < 1e-6
    assert invert(Line(A), z @ A.T, steps=0, draws=10).error > 1e-2


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    recipe = RECIPES["dcgan"].but(network="intermediate", width=8, batch=16, latent=6)
    return train(recipe, Training(data="digits", into=tmp_path_factory.mktemp("runs") / "run", rounds=20, looks=1)).path


def test_latents_are_those_of_the_samples(run):

    game = load(run)
    with torch.no_grad():
        assert torch.equal(game.decode(latents(game, 5, 3)), drawn(game, 5, 3))
        assert torch.allclose(game.decode(picked(game, 7, 3)[None]), drawn(game, SAMPLES, 3)[7:8], atol=1e-6)


def test_the_commands_write_what_they_say(run, tmp_path, capsys, digits):
    sizes = {}
    for name, args in {
        "walk.png": ["walk", str(run), "--ends", "3", "--steps", "4"],
        "walk.gif": ["walk", str(run), "--ends", "3", "--steps", "4", "--way", "linear", "--psi", "0.5"],
        "walk.mp4": ["walk", str(run), "--ends", "3", "--steps", "4", "--way", "linear", "--psi", "0.5"],
        "square.png": ["square", str(run), "--n", "3", "--by", "principal"],
        "directions.png": ["directions", str(run), "--k", "2", "--n", "5"],
        "sum.png": ["arithmetic", str(run), "1,2 - 3 + 4"],
        "turn.png": ["turn", str(run), "--to", "1,2,3", "--from", "4,5", "--steps", "4"],
    }.items():
        main(["explore", *args, "--out", str(tmp_path / name)])
        if not name.endswith("mp4"):
            sizes[name] = Image.open(tmp_path / name).size
    stills = Image.open(tmp_path / "walk.gif")
    assert stills.n_frames == 12
    with av.open(str(tmp_path / "walk.mp4")) as film:
        frames = [np.asarray(frame.to_image().convert("L"), float) for frame in film.decode(video=0)]
    assert len(frames) == 12
    assert min(frames[0].shape) >= 256
    for number in (0, 5, 11):  # the same pictures, enlarged
        stills.seek(number)
        small = np.asarray(stills.convert("L"), float)
        times = frames[number].shape[0] // small.shape[0]
        assert np.abs(frames[number][times // 2 :: times, times // 2 :: times] - small).mean() < 8
    width, height = sizes["walk.png"]
    assert width / height == pytest.approx(4 / 3, rel=0.02)
    assert sizes["square.png"][0] == sizes["square.png"][1]
    assert sizes["sum.png"][0] / sizes["sum.png"][1] == pytest.approx(4, rel=0.05)
    assert sizes["turn.png"][0] / sizes["turn.png"][1] == pytest.approx(
        2, rel=0.05
    )  # the two samples it turns from, four times
    z = latents(load(run), SAMPLES, 0)
    assert np.load(tmp_path / "turn.npz")["v"] == pytest.approx((z[1:4].mean(0) - z[4:6].mean(0)).numpy(), abs=1e-6)
    digit = tmp_path / "digit.png"
    Image.fromarray(digits.x[0, 0].numpy()).save(digit)
    main(["explore", "back", str(run), str(digit), "--steps", "20", "--draws", "50", "--out", str(tmp_path / "back.png")])
    assert "mean squared error" in capsys.readouterr().out
    assert np.load(tmp_path / "back.npz")["z"].shape == (1, 6)
    painting = digits.x[0, 0].numpy().copy()
    painting[2:4, 2:4] = 255
    Image.fromarray(painting).save(tmp_path / "mine.png")
    files = [str(digit), str(tmp_path / "mine.png")]
    main(["explore", "paint", str(run), *files, "--steps", "5", "--draws", "50", "--out", str(tmp_path / "painted.png")])
    assert "6.2 % painted" in capsys.readouterr().out
    assert np.load(tmp_path / "painted.npz")["z"].shape == (1, 6)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["walk", "RUN", "--ends", "1"], "at least 2 --ends"),
        (["walk", "RUN", "--out", "x.jpg"], "FILE.png"),
        (["directions", "RUN", "--k", "99"], "ask for 1 to 6"),
        (["square", "RUN", "--u", "-1"], "counted from 0"),
        (["directions", "RUN", "--k", "2", "--sample", "64"], "from 0 to 63"),
        (["arithmetic", "RUN", "1,,2"], "is no formula"),
        (["arithmetic", "RUN", "smile"], "has no attributes"),
        (["turn", "RUN", "--to", "1", "--from", "smile"], "--from numbers too"),
        (["turn", "RUN", "--to", "1 + 3", "--from", "2"], "one group of numbers each"),
        (["turn", "RUN", "--to", "1", "--from", "64"], "samples 0 to 63, and no 64: pass a larger --n"),
        (["turn", "RUN", "--to", "1", "--from", "2", "--steps", "1"], "at least 2 --steps"),
        (["turn", "RUN", "--to", "1", "--from", "2", "--start", "no.npz"], "cannot read latents"),
        (["turn", "RUN", "--to", "1", "--from", "2", "--start", "z.npz"], "have 5 numbers, this vector 6"),
        (["turn", "RUN", "--to", "1", "--from", "2", "--start", "nan.npz"], "NaN or infinite"),
        (["walk", "RUN", "--psi", "nan"], "from 0, all alike, to 1"),
        (["back", "RUN", "no.png"], "cannot read the picture"),
        (["back", "RUN", "flat.png", "--draws", "0"], "--draws at least 1"),
        (["back", "RUN", "flat.png", "--steps", "-1"], "--steps must be 0 or more"),
        (["back", "RUN", "wide.png"], "this run draws 8x8"),
        (["paint", "RUN", "flat.png", "flat.png"], "paint over some of its pixels"),
        (["paint", "RUN", "flat.png", "wide.png"], "this run draws 8x8"),
        (["paint", "RUN", "flat.png", "flat.png", "--stay", "-1"], "0 or more"),
        (["fly", "RUN"], "invalid choice|Unrecognized|fly"),
    ],
)
def test_wrong_input_says_what_to_do(run, tmp_path, monkeypatch, capsys, args, told):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (9, 8)).save("wide.png")
    Image.new("L", (8, 8)).save("flat.png")
    np.savez("z.npz", z=np.zeros((2, 5), np.float32))
    np.savez("nan.npz", z=np.full((2, 5), np.nan, np.float32))
    with pytest.raises(SystemExit) as stop:
        main(["explore", *(str(run) if arg == "RUN" else arg for arg in args)])
    assert stop.value.code == 2
    assert re.search(told, capsys.readouterr().err)


def test_points_in_the_plane_cannot_be_looked_at(tmp_path, capsys):
    run = train(
        RECIPES["gan"].but(network="mlp", width=8, batch=8), Training(data="ring", into=tmp_path / "ring", rounds=2, looks=1)
    ).path
    with pytest.raises(SystemExit):
        main(["explore", "walk", str(run)])
    assert "draws vectors" in capsys.readouterr().err


def test_the_latent_follows_the_paint_as_far_as_it_may():
    """Of a linear generator it is ridge regression around the latent of before: in closed form."""
    torch.manual_seed(0)
    game, z, paint = Line(torch.randn(16, 3)), torch.randn(3), torch.randn(16)
    where = torch.arange(16) < 6
    A, b = game.generator.weight.detach()[where], paint[where]
    for stay in (0.01, 1.0):
        found = edit(game, z, paint, where, steps=2000, stay=stay)
        expected = torch.linalg.solve(A.T @ A / 6 + stay / 3 * torch.eye(3), A.T @ b / 6 + stay / 3 * z)
        assert torch.allclose(found.z, expected, atol=1e-3)
        assert found.after < found.before
    assert game.generator.weight.requires_grad
    with pytest.raises(UserError, match="no discriminator that judges a picture by itself"):
        edit(game, z, paint, where, real=0.1)
    with pytest.raises(UserError, match=r"is \(3,\), this one is \(5,\)"):
        edit(game, torch.zeros(5), paint, where)
    with pytest.raises(UserError, match=r"draws \(16,\), the painting is \(9,\)"):
        edit(game, z, paint[:9], where)


def test_a_discriminator_has_a_say(run, digits):
    game = load(run)
    x = digits.rows(torch.tensor([0]), torch.device("cpu")).x[0]
    where = torch.ones(8, 8, dtype=torch.bool)
    z = latents(game, 1, 0)[0]
    moved = [edit(game, z, x, where, steps=60, real=real).x[None] for real in (0.0, 10.0)]
    with torch.no_grad():
        plain, judged = (float(game.logits(each)) for each in moved)
    assert judged > plain
