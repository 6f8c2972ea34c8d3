"""Named sets: found, fetched, checked; and every way in which fetching goes wrong."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import struct
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from rivals.data import load
from rivals.data.download import Remote
from rivals.data.names import CIFAR, FASHION, NAMES, PUBLISHED
from rivals.errors import NoTestPart, UserError


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


IMAGES = gzip.compress(idx(np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 28, 28)))
LABELS = gzip.compress(idx(np.array([3, 7], np.uint8)))
FILES = {"train-images-idx3-ubyte.gz": IMAGES, "train-labels-idx1-ubyte.gz": LABELS}


class Server(BaseHTTPRequestHandler):
    """Serves FILES from `/good/`; from `/short/` it breaks off, from `/other/` it sends something else."""

    def do_GET(self) -> None:
        way, name = self.path.strip("/").split("/")
        content = FILES.get(name)
        if content is None or way == "gone":
            self.send_error(404)
            return
        if way == "other":
            content = gzip.compress(b"something else")
        self.send_response(200)
        if way != "unsaid":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if way in ("short", "unsaid") else content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RIVALS_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr("rivals.data.names.cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def publish(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Makes `address` the publisher of MNIST."""
    from dataclasses import replace

    remote = [
        Remote(name, f"{address}/{name}", hashlib.sha256(gzip.decompress(content)).hexdigest())
        for name, content in FILES.items()
    ]
    monkeypatch.setitem(PUBLISHED, "mnist", replace(PUBLISHED["mnist"], remote={"train": remote}))


def test_a_set_is_fetched_once(address: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, f"{address}/good")
    data = load("mnist")
    assert data.facts.shape == (1, 28, 28)
    assert data.facts.classes == 10
    assert sorted(path.name for path in (cache / "mnist").iterdir()) == sorted(FILES)
    publish(monkeypatch, f"{address}/gone")
    assert load("mnist").fingerprint == data.fingerprint


@pytest.mark.parametrize(
    ("way", "says"),
    [
        ("short", "broke off after"),
        ("unsaid", "not a whole .gz file"),
        ("other", "is not the published file"),
        ("gone", "Not Found"),
    ],
)
def test_a_bad_download_leaves_nothing_and_says_why(
    way: str, says: str, address: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, f"{address}/{way}")
    with pytest.raises(UserError, match=says) as caught:
        load("mnist")
    assert list((cache / "mnist").iterdir()) == []
    message = str(caught.value)
    assert "\n" not in message
    assert f"put train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz into {cache / 'mnist'}" in message


def test_offline_says_which_files_to_put_where(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(UserError, match=r"'mnist' is not on this machine .*refused.*put train-images.*RIVALS_DATA"):
        load("mnist")


def test_a_subset_that_nobody_publishes(cache: Path) -> None:
    with pytest.raises(UserError, match="published nowhere"):
        load("mnist-10k")


def test_faces_with_attributes_are_one_file(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIVALS_DATA", str(tmp_path))
    with pytest.raises(UserError, match=r"'punks' is not on this machine.*put punks-24\.npz of its train part into"):
        load("punks")
    (tmp_path / "punks").mkdir()
    x, a = np.zeros((2, 24, 24, 3), np.uint8), np.eye(2, dtype=np.uint8)
    np.savez(tmp_path / "punks/punks-24.npz", images=x, attributes=a, names=np.array(["hat", "smile"]))
    data = load("punks")
    assert (data.name, data.facts.shape, data.attribute_names) == ("punks", (3, 24, 24), ("hat", "smile"))
    with pytest.raises(NoTestPart):
        load("punks", split="test")


@pytest.mark.parametrize("packed", [True, False])
def test_rivals_data_comes_first(packed: bool, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "given/mnist"
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        path = folder / (name if packed else name.removesuffix(".gz"))
        path.write_bytes(content if packed else gzip.decompress(content))
    monkeypatch.setenv("RIVALS_DATA", str(folder.parent))
    assert len(load("mnist")) == 2
    assert not cache.exists()


def test_cifar_is_read_without_unpickling(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = np.random.default_rng(0).integers(0, 256, (30, 3073), np.uint8)
    records[:, 0] = np.arange(30) % 10
    folder = tmp_path / "given/cifar10"
    folder.mkdir(parents=True)
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as tar:
        for k, name in enumerate([*(f"data_batch_{j}.bin" for j in range(1, 6)), "test_batch.bin"]):
            content = records[5 * k : 5 * k + 5].tobytes()
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    monkeypatch.setenv("RIVALS_DATA", str(folder.parent))
    data = load("cifar10")
    assert len(data) == 25
    assert data.class_names == CIFAR
    x = data.rows(torch.tensor([7]), torch.device("cpu")).x
    assert np.array_equal(((x + 1) * 127.5).round().to(torch.uint8).numpy().reshape(-1), records[7, 1:])
    assert len(load("cifar10", split="test")) == 5
    assert len(load("cifar10", only="dog", size=16)) == 2
    (folder / "cifar-10-binary.tar.gz").write_bytes(b"damaged")
    with pytest.raises(UserError, match="fetch it again"):
        load("cifar10")


def test_svhn_is_read_with_ten_as_nought(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy.io import savemat

    folder = tmp_path / "given/svhn"
    folder.mkdir(parents=True)
    x = np.random.default_rng(0).integers(0, 256, (32, 32, 3, 4), np.uint8)
    savemat(folder / "train_32x32.mat", {"X": x, "y": np.array([[10], [1], [2], [9]], np.uint8)})
    monkeypatch.setenv("RIVALS_DATA", str(folder.parent))
    batch = load("svhn").rows(torch.arange(4), torch.device("cpu"))
    assert batch.y is not None
    assert batch.y.tolist() == [0, 1, 2, 9]
    assert np.array_equal(((batch.x + 1) * 127.5).round().numpy(), x.transpose(3, 2, 0, 1))
    (folder / "train_32x32.mat").write_bytes(b"damaged")
    with pytest.raises(UserError, match="fetch it again"):
        load("svhn")


def test_digits() -> None:
    data = load("digits")
    assert data.facts.shape == (1, 8, 8)
    assert len(data) == 1797
    x = data.rows(torch.arange(1797), torch.device("cpu")).x
    assert (x.min(), x.max()) == (-1, 1)
    assert load("digits", size=16, channels=3).facts.shape == (3, 16, 16)
    assert len(load("digits", only=3)) == 183
    with pytest.raises(UserError, match="no test part"):
        load("digits", split="test")


def test_misspelt_names_get_a_hint() -> None:
    with pytest.raises(UserError, match="unknown data set or folder 'fashon-mnist': did you mean 'fashion-mnist'"):
        load("fashon-mnist")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"fit": "corp"}, "did you mean 'crop'"),
        ({"split": "tset"}, "did you mean 'test'"),
        ({"channels": 2}, "choose 1"),
        ({"size": 0}, "at least 1"),
        ({"size": (8, -1)}, "at least 1"),
        ({"max_bad": 2.0}, "from 0 to 1"),
        ({"only": "eleven"}, "unknown class 'eleven'"),
        ({"only": 10}, "unknown class '10'"),
        ({"stream": True}, "held in memory"),
        ({"image_key": "png"}, "not made of shards"),
        ({"attributes": "smile"}, "'digits' has no attributes"),
    ],
)
def test_wrong_options_say_what_is_right(options: dict[str, object], says: str) -> None:
    with pytest.raises(UserError, match=says):
        load("digits", **options)  # type: ignore[arg-type]


def test_only_where_there_are_no_classes() -> None:
    with pytest.raises(UserError, match="'gaussian' has no classes"):
        load("gaussian", only=0)


def test_every_checksum_is_one() -> None:
    for named in PUBLISHED.values():
        for remotes in named.remote.values():
            for remote in remotes:
                assert len(bytes.fromhex(remote.sha256)) == 32
    assert set(PUBLISHED) < set(NAMES)


@pytest.mark.skipif("RIVALS_DATA" not in os.environ, reason="RIVALS_DATA is not set")
def test_fashion_mnist_is_the_published_one() -> None:
    folder = Path(os.environ["RIVALS_DATA"]) / "fashion-mnist"
    if not folder.is_dir():
        pytest.skip("there is no fashion-mnist in RIVALS_DATA")
    for split, count in (("train", 60_000), ("test", 10_000)):
        data = load("fashion-mnist", split=split)
        assert len(data) == count
        assert data.class_names == FASHION
        for remote in PUBLISHED["fashion-mnist"].remote[split]:
            assert hashlib.sha256(gzip.decompress((folder / remote.name).read_bytes())).hexdigest() == remote.sha256
