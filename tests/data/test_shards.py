"""WebDataset shards: members read by number, chosen by key, with classes."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rivals.data import Batches, load
from rivals.errors import UserError


def png(value: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (value,) * 3).save(file, "PNG")
    return file.getvalue()


def shard(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def values(data: object) -> list[int]:
    x = data.rows(torch.arange(len(data)), torch.device("cpu")).x  # type: ignore[attr-defined, arg-type]
    return ((x[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    for s in range(3):
        members = {}
        for k in range(4):
            members[f"dir/{s}{k}.png"] = png(10 * s + k)
            members[f"dir/{s}{k}.cls"] = str(k % 2).encode()
        shard(tmp_path / f"set-{s:03}.tar", members)
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "count"), [("", 12), ("set-001.tar", 4), ("set-*.tar", 12), ("set-{000..001}.tar", 8), ("set-{000,002}.tar", 8)]
)
def test_every_way_to_name_shards(shards: Path, pattern: str, count: int) -> None:
    data = load(shards / pattern)
    assert len(data) == count
    assert data.class_names == ("0", "1")


@pytest.mark.parametrize("stream", [True, False])
def test_rows_come_by_number(shards: Path, stream: bool) -> None:
    assert values(load(shards, stream=stream)) == [10 * s + k for s in range(3) for k in range(4)]
    assert values(load(shards, stream=stream, only="1")) == [10 * s + k for s in range(3) for k in (1, 3)]


def test_the_key_chooses_among_pictures(tmp_path: Path) -> None:
    shard(tmp_path / "a.tar", {"x.red.png": png(1), "x.blue.png": png(2), "y.red.png": png(3), "z.txt": b"no picture"})
    with pytest.raises(UserError, match=r"sample 'x' has 2 pictures \(blue.png, red.png\): choose one with --image-key"):
        load(tmp_path / "a.tar")
    assert values(load(tmp_path / "a.tar", image_key="red.png")) == [1, 3]
    assert values(load(tmp_path / "a.tar", image_key="blue.png")) == [2]
    with pytest.raises(UserError, match=r"no 'green\.png' member"):
        load(tmp_path / "a.tar", image_key="green.png")


def test_shards_have_no_parts(shards: Path) -> None:
    with pytest.raises(UserError, match="give the path of the test shards"):
        load(shards, split="test")


def test_classes_from_json(tmp_path: Path) -> None:
    members = {}
    for k, name in enumerate(["cat", "dog", "cat"]):
        members[f"{k}.png"] = png(k)
        members[f"{k}.json"] = json.dumps({"category": name}).encode()
    shard(tmp_path / "a.tar", members)
    assert load(tmp_path / "a.tar").class_names == ("cat", "dog")


def test_bad_shards(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"not a tar file, by any means")
    with pytest.raises(UserError, match="cannot be read as a tar file"):
        load(tmp_path / "a.tar")
    shard(tmp_path / "b.tar", {"x.txt": b"text"})
    with pytest.raises(UserError, match="no picture member"):
        load(tmp_path / "b.tar")
    for missing in ("c.tar", "c-*.tar", "c-{0..3}.tar"):
        with pytest.raises(UserError, match="there is no file"):
            load(tmp_path / missing)
    (tmp_path / "d.tar.gz").write_bytes(b"")
    with pytest.raises(UserError, match="unpack it"):
        load(tmp_path / "d.tar.gz")


def test_a_tar_beside_pictures_is_no_shard(shards: Path) -> None:
    (shards / "a.png").write_bytes(png(1))
    assert len(load(shards)) == 1


def test_a_truncated_shard_is_an_error(shards: Path) -> None:
    path = shards / "set-001.tar"
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(UserError):
        load(path)


def test_shards_that_webdataset_wrote(tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    with webdataset.TarWriter(str(tmp_path / "w.tar")) as writer:
        for k in range(5):
            writer.write({"__key__": f"{k:04}", "png": np.full((8, 8, 3), 9 * k, np.uint8), "cls": k})
    data = load(tmp_path / "w.tar")
    assert values(data) == [0, 9, 18, 27, 36]
    assert data.facts.classes == 5


@pytest.mark.skipif("RIVALS_DATA" not in os.environ, reason="RIVALS_DATA is not set")
def test_the_emoji() -> None:
    folder = Path(os.environ["RIVALS_DATA"]) / "emoji"
    if not folder.is_dir():
        pytest.skip("there are no emoji in RIVALS_DATA")
    data = load(folder, image_key="google.png", stream=True)
    assert data.facts.shape == (3, 64, 64)
    assert len(data) == 1911
    assert "Flags" in data.class_names
    with Batches(data, 16, seed=0) as batches:
        assert batches(3).x.shape == (16, 3, 64, 64)
