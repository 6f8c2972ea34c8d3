"""Folders of pictures: classes, metadata, splits, shapes, and what is not a folder of pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from rivals.data import Memory, Stream, load
from rivals.errors import UserError


def picture(path: Path, width: int = 8, height: int = 8, mode: str = "RGB", value: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), (value,) * 3).convert(mode).save(path)


def test_folders_are_classes(tmp_path: Path) -> None:
    for k, name in enumerate(["b/x.png", "a/y.png", "a/deep/z.png", "10/x.png", "9/x.png"]):
        picture(tmp_path / name, value=k)
    (tmp_path / "a/.DS_Store").write_bytes(b"x")
    (tmp_path / "a/notes.txt").write_text("ignored")
    (tmp_path / ".hidden").mkdir()
    picture(tmp_path / ".hidden/x.png")
    data = load(tmp_path)
    assert data.class_names == ("9", "10", "a", "b")
    batch = data.rows(torch.arange(5), torch.device("cpu"))
    assert batch.y is not None
    assert dict(zip(((batch.x[:, 0, 0, 0] + 1) * 127.5).round().tolist(), batch.y.tolist(), strict=True)) == {
        0: 3, 1: 2, 2: 2, 3: 1, 4: 0,
    }  # fmt: skip


def test_one_folder_or_loose_pictures_are_no_classes(tmp_path: Path) -> None:
    picture(tmp_path / "holiday/x.png")
    assert load(tmp_path).facts.classes == 0
    picture(tmp_path / "y.png")
    data = load(tmp_path)
    assert data.facts.classes == 0
    assert any("no classes" in note for note in data.notes)


def test_a_link_to_a_folder_above_does_not_go_round(tmp_path: Path) -> None:
    picture(tmp_path / "a/x.png")
    (tmp_path / "a/up").symlink_to(tmp_path)
    assert len(load(tmp_path)) == 1


def metadata(folder: Path, rows: list[dict[str, object]]) -> None:
    for k, row in enumerate(rows):
        picture(folder / str(row["file_name"]), value=k)
    (folder / "metadata.jsonl").write_text("\n".join(json.dumps(row) for row in rows))


def test_a_metadata_column_called_category_is_the_class(tmp_path: Path) -> None:
    metadata(
        tmp_path, [{"file_name": f"p/{k}.png", "text": f"No {k}.", "category": "cat" if k % 2 else "dog"} for k in range(6)]
    )
    picture(tmp_path / "extra.png")
    data = load(tmp_path)
    assert data.class_names == ("cat", "dog")
    assert len(data) == 6
    assert any("1 pictures without a class" in note for note in data.notes)
    assert len(load(tmp_path, only="CAT")) == 3


@pytest.mark.parametrize("value", [lambda k: k % 3, lambda k: "abc"[k % 3]])
def test_a_column_of_few_values_is_the_class(tmp_path: Path, value: object) -> None:
    metadata(tmp_path, [{"file_name": f"{k}.png", "text": f"No {k}.", "kind": value(k)} for k in range(30)])  # type: ignore[operator]
    assert load(tmp_path).facts.classes == 3


def test_two_such_columns_are_a_question(tmp_path: Path) -> None:
    metadata(tmp_path, [{"file_name": f"{k}.png", "size": k % 2, "kind": k % 3} for k in range(30)])
    data = load(tmp_path)
    assert data.facts.classes == 0
    assert any("size, kind could each be" in note for note in data.notes)


def test_metadata_as_csv(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    (tmp_path / "metadata.csv").write_text("file_name,label\na.png,7\nb.png,12\n")
    assert load(tmp_path).class_names == ("7", "12")


@pytest.mark.parametrize(
    ("text", "says"),
    [('{"file_name": "a.png"}\n{broken', "line 2 is not JSON"), ('{"name": "a.png"}', "row 1: there is no file_name")],
)
def test_broken_metadata_says_where(tmp_path: Path, text: str, says: str) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "metadata.jsonl").write_text(text)
    with pytest.raises(UserError, match=says):
        load(tmp_path)


def test_metadata_in_another_encoding(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "metadata.csv").write_bytes(b"file_name,label\na.png,\xff\xfe\n")
    with pytest.raises(UserError, match="cannot be read"):
        load(tmp_path)


def test_metadata_of_other_files(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "other.png", "label": 1}')
    with pytest.raises(UserError, match="none of the 1 pictures has a row"):
        load(tmp_path)


def test_train_and_test_folders_are_splits(tmp_path: Path) -> None:
    for k in range(3):
        picture(tmp_path / f"train/{k}.png")
    picture(tmp_path / "val/0.png")
    assert len(load(tmp_path)) == 3
    assert len(load(tmp_path, split="test")) == 1


def test_a_class_called_train_is_a_class(tmp_path: Path) -> None:
    for name in ("train", "bus"):
        picture(tmp_path / name / "0.png")
    assert load(tmp_path).class_names == ("bus", "train")
    with pytest.raises(UserError, match="has no test part"):
        load(tmp_path, split="test")


def test_small_equal_pictures_stay_as_they_are(tmp_path: Path) -> None:
    for k in range(3):
        picture(tmp_path / f"{k}.png", 20, 12)
    data = load(tmp_path)
    assert data.facts.shape == (3, 12, 20)
    assert not data.notes


@pytest.mark.parametrize(
    ("sides", "expected"), [([(300, 200), (640, 480), (64, 70)], 64), ([(20, 30), (25, 20), (30, 22)], 16)]
)
def test_a_folder_of_photographs_just_works(tmp_path: Path, sides: list[tuple[int, int]], expected: int) -> None:
    for k, (width, height) in enumerate(sides):
        picture(tmp_path / f"{k}.jpg", width, height)
    data = load(tmp_path)
    assert data.facts.shape == (3, expected, expected)
    assert any(f"resized to {expected}x{expected}" in note and "--size" in note for note in data.notes)


def test_the_shape_can_be_chosen(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 20, 12)
    assert load(tmp_path, size=16, channels=1).facts.shape == (1, 16, 16)
    assert load(tmp_path, size=(8, 24), fit="pad").facts.shape == (3, 8, 24)


def test_channels_are_those_of_the_most(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", mode="L")
    picture(tmp_path / "b.png", mode="LA")
    picture(tmp_path / "c.png", mode="RGB")
    assert load(tmp_path).facts.shape[0] == 1
    picture(tmp_path / "d.png", mode="RGBA")
    assert load(tmp_path).facts.shape[0] == 3


def test_what_does_not_fit_in_memory_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for k in range(3):
        picture(tmp_path / f"{k}.png")
    assert isinstance(load(tmp_path), Memory)
    monkeypatch.setattr("rivals.data.sources.MEMORY", 100)
    assert isinstance(load(tmp_path), Stream)
    assert isinstance(load(tmp_path, stream=False), Memory)


@pytest.mark.parametrize("stream", [False, True])
def test_the_fingerprint_follows_the_data(tmp_path: Path, stream: bool) -> None:
    picture(tmp_path / "a.png", value=1)
    picture(tmp_path / "b.png", value=2)
    first = load(tmp_path, stream=stream).fingerprint
    assert load(tmp_path, stream=stream).fingerprint == first
    assert load(tmp_path, stream=stream, size=4).fingerprint != first
    picture(tmp_path / "b.png", 9, value=3)
    assert load(tmp_path, stream=stream, size=8).fingerprint != first


def test_not_a_folder_of_pictures(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no pictures"):
        load(tmp_path)
    (tmp_path / "readme.txt").write_text("hello")
    with pytest.raises(UserError, match="holds no pictures"):
        load(tmp_path)
    with pytest.raises(UserError, match="a file of an unknown kind"):
        load(tmp_path / "readme.txt")
    with pytest.raises(UserError, match="there is no file or folder"):
        load(tmp_path / "nothing")


def test_names_in_any_script(tmp_path: Path) -> None:
    picture(tmp_path / "été 日本.png")
    assert len(load(tmp_path)) == 1
