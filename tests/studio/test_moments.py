"""Runs on points through their training: what is drawn of a look is drawn from the weights that the game had then."""

from __future__ import annotations

import shutil

import pytest
import torch

from rivals.errors import UserError
from rivals.loading import load
from rivals.recipes import find
from rivals.run import Run
from rivals.studio.moments import Moments, of_points
from rivals.training import Training, train


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    into = tmp_path_factory.mktemp("points") / "ring"
    return train(find("gan").but(width=16), Training(data="ring", into=into, rounds=20, looks=4, precision="float32"))


def weights(game):
    return torch.cat([p.flatten() for p in game.parameters()])


def test_a_moment_is_the_game_of_its_round(ring):
    assert ring.moments() == [0, 5, 10, 15, 20]
    for round, checkpoint in ((20, "final"), (15, 15)):
        assert torch.equal(weights(load(ring.moment(round))), weights(load(ring.path, checkpoint=checkpoint)))
    assert not torch.equal(weights(load(ring.moment(0))), weights(load(ring.moment(20))))


def test_each_is_drawn_from_the_same_latents(ring):
    moments = Moments(ring.path)
    assert moments.rounds() == ring.moments()
    first, last = moments.drawing(0), moments.drawing(20)
    assert first.content() != last.content()
    assert Moments(ring.path).drawing(20).content() == last.content()
    assert first.content().startswith(last.content().split("</g>")[0])  # the data stays where it is
    assert [drawing.content() for drawing in moments.film()][-1] == last.content()


def test_what_lies_beyond_the_checkpoint_happens_again(ring, tmp_path):
    path = shutil.copytree(ring.path, tmp_path / "ring")
    for name in ("best", "final", "0000020"):
        (path / "checkpoints" / f"{name}.safetensors").unlink()
    run = Run(path)
    run.moment(25).write_bytes(b"of a longer training")
    again = Training(data="ring", into=path, rounds=20, looks=4, precision="float32")
    assert train(find("gan").but(width=16), again).moments() == ring.moments()
    assert torch.equal(weights(load(run.moment(20))), weights(load(ring.moment(20))))


def test_runs_on_pictures_keep_none(trained, ring):
    assert Run(trained).moments() == []
    assert (of_points(ring), of_points(Run(trained))) == (True, False)
    with pytest.raises(UserError, match="no moments"):
        Moments(trained)
