"""`auto` chooses from the facts of the data, and says so."""

from __future__ import annotations

import torch

from rivals.augmentation import Adaptive
from rivals.data.core import Facts
from rivals.networks.resize import ResizeGenerator
from rivals.recipes import RECIPES

auto = RECIPES["auto"]


def test_pictures_get_resize_networks_of_their_size():
    setup = auto(Facts(shape=(3, 24, 30), count=10_000))
    assert isinstance(setup.game.generator, ResizeGenerator)
    assert setup.game.sample(2).shape == (2, 3, 24, 30)
    assert setup.batch == 64
    assert setup.average > 0.99
    text = " ".join(setup.why)
    assert "24x30" in text
    assert "10,000" in text


def test_few_pictures_are_augmented_as_it_takes():
    for count, views in ((400, 1), (10_000, 0)):
        setup = auto(Facts(shape=(1, 8, 8), count=count))
        assert len(setup.game.views) == views
        assert all(isinstance(view, Adaptive) for view in setup.game.views)
        assert ("by heart" in " ".join(setup.why)) == bool(views)
    assert len(auto(Facts(shape=(2,), count=400, bounded=False)).game.views) == 0


def test_vectors_get_fully_connected_networks():
    setup = auto(Facts(shape=(2,), count=10_000, bounded=False))
    assert setup.game.adversarial.paired
    assert setup.game.sample(2).shape == (2, 2)


def test_a_handful_of_pictures_still_trains():
    assert auto(Facts(shape=(1, 8, 8), count=40)).batch == 10
    assert auto(Facts(shape=(1, 8, 8), count=3)).batch == 2  # batch norm takes two
    assert auto(Facts(shape=(1, 8, 8), count=30), batch=3).batch == 3


def test_real_data_samples_improve(real_data, tmp_path):
    """Faces of 24x24 in colour, 60 rounds: the score falls by more than half."""
    from rivals.training import Training, train

    torch.set_num_threads(1)
    training = Training(data=str(real_data / "punks" / "punks-24.npz"), into=tmp_path / "run", rounds=60, looks=2)
    first, _, last = (event["scores"]["fd"] for event in train(auto, training).scores())
    assert last < 0.5 * first
