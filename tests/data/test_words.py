"""Captions: which words tell rows apart, of folders and shards, in memory and streamed; and what is understood of a text."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
import torch
from PIL import Image

from rivals.data import Batches, Dataset, describe, load
from rivals.data.words import LEAST, MOST, told, understood, vocabulary
from rivals.errors import UserError

CAPTIONS = ["A red cat.", "a Red dog!", "the blue cat", "the blue dog", "a gnu"] * LEAST
CPU = torch.device("cpu")


def png(value: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (8, 8), value).save(file, "PNG")
    return file.getvalue()


def folder(path: Path, captions: list[str], **more: object) -> Path:
    path.mkdir(parents=True)
    rows = [{"file_name": f"{k:02}.png", "text": caption, **more} for k, caption in enumerate(captions)]
    for k, row in enumerate(rows):
        (path / str(row["file_name"])).write_bytes(png(k))
    (path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return path


def shard(path: Path, captions: list[str]) -> Path:
    with tarfile.open(path, "w") as tar:
        for k, caption in enumerate(captions):
            fields = json.dumps({"name": caption, "number": k}).encode()
            for ending, content in (("txt", caption.encode()), ("png", png(k)), ("json", fields)):
                info = tarfile.TarInfo(f"{k:02}.{ending}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def words(data: Dataset) -> list[set[str]]:
    a = data.rows(torch.arange(len(data)), CPU).a
    assert a is not None
    return [{name for name, has in zip(data.attribute_names, row, strict=True) if has} for row in a.tolist()]


def test_words_of_enough_rows_and_not_of_most_tell_rows_apart() -> None:
    assert vocabulary(CAPTIONS, "here") == ["blue", "cat", "dog", "gnu", "red", "the"]  # "a" is in three of five
    assert vocabulary([*CAPTIONS, *["one gnat"] * (LEAST - 1)], "here")[-1] == "the"
    assert len(vocabulary([f"w{k}" for k in range(MOST + 9)] * LEAST, "here")) == MOST
    with pytest.raises(UserError, match=r"in here .* leave out --caption-key"):
        vocabulary(["each its own", "and no word twice"], "here")


def test_a_caption_is_told_by_its_words() -> None:
    assert told(["Cat, cat; DOG", "", "a fox"], ["cat", "dog"]).tolist() == [[1, 1], [0, 0], [0, 0]]


def test_what_is_known_of_a_text_is_understood() -> None:
    assert understood("A Dog that smiles", ["cat", "dog"]) == ([1], ["a", "that", "smiles"])
    with pytest.raises(UserError, match=r"no word of 'a fox' is known here: known are cat, dog$"):
        understood("a fox", ["cat", "dog"])
    with pytest.raises(UserError, match="and 70 more"):
        understood("", [f"w{k}" for k in range(100)])


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("kind", ["folder", "txt", "json"])
def test_captions_of_folders_and_shards_come_with_their_rows(tmp_path: Path, kind: str, stream: bool) -> None:
    if kind == "folder":
        data = load(folder(tmp_path / "all", CAPTIONS), caption_key="text", stream=stream)
    else:
        key = "txt" if kind == "txt" else "name"
        data = load(shard(tmp_path / "all.tar", CAPTIONS), caption_key=key, stream=stream)
    assert data.facts.attributes == len(data.attribute_names) == 6
    assert words(data)[:5] == [{"red", "cat"}, {"red", "dog"}, {"the", "blue", "cat"}, {"the", "blue", "dog"}, {"gnu"}]
    assert f"captions from '{'text' if kind == 'folder' else key}': 6 words are attributes" in data.notes
    with Batches(data, 7, seed=1) as batches:
        batch, numbers = batches(2), batches.numbers(2)
    assert torch.equal(batch.a, data.rows(numbers, CPU).a)
    assert describe(data.name, caption_key="text" if kind == "folder" else key, stream=stream).attributes["cat"] == 2 * LEAST


@pytest.mark.parametrize("stream", [True, False])
def test_captions_stay_with_their_pictures_where_some_are_left_out(tmp_path: Path, stream: bool) -> None:
    path = folder(tmp_path / "all", CAPTIONS)
    rows = [json.loads(line) for line in (path / "metadata.jsonl").read_text().splitlines()]
    for row in rows:
        row["label"] = "cats" if "cat" in row["text"] else "others"
    del rows[0]["label"]
    (path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = load(path, caption_key="text", only="cats", stream=stream)
    assert words(data)[:3] == [{"the", "blue", "cat"}, {"red", "cat"}, {"the", "blue", "cat"}]
    some = load(path, caption_key="text", attributes="cat/dog,red", stream=stream)
    assert some.attribute_names == ("cat/dog", "red")
    assert words(some)[:4] == [{"cat/dog", "red"}, {"cat/dog"}, {"cat/dog"}, set()]  # the first has no class


def test_captions_stay_with_their_pictures_where_files_are_broken(tmp_path: Path) -> None:
    path = folder(tmp_path / "all", CAPTIONS)
    (path / "01.png").write_bytes(b"broken")
    data = load(path, caption_key="text", max_bad=0.1)
    assert list(data.row_names)[:2] == ["00.png", "02.png"]
    assert words(data)[:2] == [{"red", "cat"}, {"the", "blue", "cat"}]


def test_a_test_part_is_told_by_the_words_that_were_learnt(tmp_path: Path) -> None:
    folder(tmp_path / "train", CAPTIONS)
    folder(tmp_path / "test", ["a green dog"] * LEAST + ["a gnu", "green"])
    learnt = load(tmp_path, caption_key="text")
    held = load(tmp_path, caption_key="text", split="test")
    assert held.attribute_names == learnt.attribute_names
    assert words(held)[-3:] == [{"dog"}, {"gnu"}, set()]


def test_data_without_such_captions_says_what_to_do(tmp_path: Path) -> None:
    path = folder(tmp_path / "all", CAPTIONS, tags="none")
    with pytest.raises(UserError, match="pass as --caption-key one of tags, text"):
        load(path, caption_key="caption")
    with pytest.raises(UserError, match="no captions in 'cap': pass as --caption-key the ending"):
        load(shard(tmp_path / "all.tar", CAPTIONS), caption_key="cap")
    with pytest.raises(UserError, match="'digits' has no captions"):
        load("digits", caption_key="text")
    (path / "metadata.jsonl").unlink()
    with pytest.raises(UserError, match=r"no metadata\.jsonl or metadata\.csv"):
        load(path, caption_key="text")
    with pytest.raises(UserError, match="has no attributes"):
        load(path, attributes="cat")


def test_data_that_is_not_asked_for_its_captions_is_as_it_was(tmp_path: Path) -> None:
    """So that a run that began before there were any goes on."""
    path = folder(tmp_path / "all", CAPTIONS)
    for stream in (True, False):
        plain, captioned = load(path, stream=stream), load(path, stream=stream, caption_key="text")
        assert plain.facts.attributes == 0
        assert plain.rows(torch.arange(2), CPU).a is None
        assert plain.fingerprint != captioned.fingerprint
