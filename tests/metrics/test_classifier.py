"""The classifier trained on the data at hand, and the features of a game's own networks."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import leaky_relu

from rivals.data import Memory, load
from rivals.data.part import some
from rivals.errors import UserError
from rivals.metrics import core
from rivals.metrics.features import classifier
from rivals.metrics.features.classifier import Classifier
from rivals.metrics.features.discriminator import Discriminator


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core, "cache_folder", lambda: folder)
        yield folder


def x_of(data, n=50):
    return data.rows(torch.arange(n), torch.device("cpu")).x


def test_it_learns_digits_and_says_how_well(digits):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with torch.no_grad():
        judge = Classifier.trained(digits)
    assert torch.equal(torch.rand(3), expected)
    head, tail = judge.protocol.split(" (10 classes), ")
    assert head == "classifier trained on digits"
    assert float(tail.split(" ")[0]) > 97
    assert " % of 180 held-out rows, 128 features, weights " in tail
    features = judge(x_of(digits))
    assert features.shape == (50, 128)
    assert features.dtype == torch.float32
    assert float(features.min()) == 0
    assert torch.allclose(judge.log_posterior(features).exp().sum(1), torch.ones(50))
    assert torch.equal(judge.read(x_of(digits)), judge.log_posterior(features).argmax(1))
    assert float((judge.read(x_of(digits)) == digits.rows(torch.arange(50), torch.device("cpu")).y).float().mean()) > 0.95


def test_it_is_learnt_once_and_the_same_again(digits, cache, monkeypatch):
    data = some(digits, 300)
    first = Classifier.trained(data, data)
    file = max((cache / "features").iterdir(), key=lambda f: f.stat().st_mtime_ns)
    file.write_bytes(file.read_bytes()[:1000])  # damaged: learnt again
    torch.manual_seed(99)  # the weights come from their own seed
    assert Classifier.trained(data, data).protocol == first.protocol
    monkeypatch.setattr(classifier, "learn", None)
    again = Classifier.trained(data, data)
    assert again.protocol == first.protocol
    assert torch.equal(again(x_of(data)), first(x_of(data)))
    with pytest.raises(TypeError):  # other rows, another classifier
        Classifier.trained(some(digits, 299), data)


def test_vectors_in_any_unit():
    ring = load("ring")
    part = some(Memory(1e4 * ring.x[:3000] + 1e6, ring.y[:3000], name="ring", class_names=ring.class_names), 2000)
    accuracy = Classifier.trained(part).protocol.split(", ")[1]
    assert float(accuracy.split(" ")[0]) > 99


@pytest.mark.parametrize("shape", [(3, 70, 41), (1, 1, 1), (1, 5, 33)])
def test_pictures_of_any_size(shape):
    x = torch.randint(0, 256, (20, *shape), dtype=torch.uint8)
    data = Memory(x, torch.arange(20) % 2, name="noise", class_names=["a", "b"])
    assert Classifier.trained(data, data)(x_of(data, 20)).shape == (20, 128)


def test_data_without_classes_is_refused():
    with pytest.raises(UserError, match="'dots' has no classes"):
        Classifier.trained(Memory(torch.zeros(9, 1, 8, 8, dtype=torch.uint8), name="dots"))


class Holds(nn.Module):
    def __init__(self, **networks):
        super().__init__()
        for name, network in networks.items():
            setattr(self, name, network)


def test_features_are_the_pooled_maps_of_all_layers():
    first, second = nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 5, 3, stride=4, padding=1)
    net = nn.Sequential(first, nn.LeakyReLU(0.2), second, nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(20, 7), nn.ReLU())
    x = torch.randn(2, 1, 8, 8)
    one = leaky_relu(first(x), 0.2)
    two = leaky_relu(second(one), 0.2)  # 2x2: already smaller than the grid
    expected = torch.cat([one.unfold(2, 2, 2).unfold(3, 2, 2).amax((4, 5)).flatten(1), two.flatten(1)], 1)
    features = Discriminator(Holds(discriminator=net), (1, 8, 8))
    assert torch.allclose(features(x), expected)
    assert features.protocol == "activations of the game's discriminator, max-pooled to 4x4, 68 features"
    assert not any(module._forward_hooks for module in net.modules())


def test_dcgan_has_as_many_features_as_its_paper_says(small):
    from rivals.networks.convolutional import dcgan_discriminator

    features = Discriminator(Holds(discriminator=dcgan_discriminator((1, 64, 64), width=8)), (1, 64, 64))
    assert features(torch.zeros(1, 1, 64, 64)).shape == (1, 16 * 8 * (1 + 2 + 4 + 8))


def test_networks_without_maps_give_their_hidden_activations(small, digits):
    game = small("gan", network="mlp").game.train()
    features = Discriminator(game, (1, 8, 8))(x_of(digits))
    assert features.shape == (50, 3 * 8)
    assert game.training
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.ReLU())
    assert "encoder" in Discriminator(Holds(encoder=net), (1, 8, 8)).protocol


def test_what_has_no_features_says_so():
    with pytest.raises(UserError, match="neither a discriminator nor an encoder"):
        Discriminator(Holds(decoder=nn.Linear(2, 2)), (2,))
    with pytest.raises(UserError, match="no activation layers"):
        Discriminator(Holds(discriminator=nn.Linear(2, 2)), (2,))
    with pytest.raises(UserError, match="asks for more"):
        Discriminator(Holds(discriminator=nn.Bilinear(2, 2, 1)), (2,))
