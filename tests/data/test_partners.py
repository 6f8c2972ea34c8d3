"""Pairs: made from pictures, found by name, in one order in every batch; and domains that nobody paired."""

from __future__ import annotations

import io
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from rivals.data import Batches, Beside, Memory, load
from rivals.data.changed import CHANGES, SIDES, Changed, edges, grey, half, shape_after
from rivals.data.part import some
from rivals.data.partners import made_pairs, partners
from rivals.errors import UserError

CPU = torch.device("cpu")


def pictures(n=20, shape=(3, 8, 8), seed=0):
    x = torch.randint(0, 256, (n, *shape), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    return Memory(x, torch.arange(n) % 2, name="pictures", class_names="ab")


def coloured(folder, names, *, shift=0):
    """A picture a name, of one colour, by which it is known again."""
    for number, name in enumerate(names):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (10 * number + shift, 0, 0)).save(file)
    return folder


def reds(x):
    return ((x[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_of_8_bits_and_of_the_shape_that_is_told(change):
    data = Changed(pictures(), change)
    x = data.rows(torch.arange(20), CPU).x
    assert tuple(x.shape[1:]) == data.facts.shape == shape_after(change, (3, 8, 8))
    assert x.abs().max() <= 1
    assert torch.allclose((x + 1) * 127.5, ((x + 1) * 127.5).round(), atol=1e-4)
    original = data.whole.rows(torch.arange(20), CPU).x
    assert x.shape != original.shape or not torch.equal(x, original)
    assert data.fingerprint != data.whole.fingerprint


def test_edges_are_black_where_brightness_steps_and_white_elsewhere():
    x = torch.full((1, 3, 8, 8), -1.0)
    x[:, :, :, 4:] = 1
    lines = edges(x)[0, 0]
    assert (lines[:, 3:5] == -1).all()
    assert (lines[:, :3] == 1).all()
    assert (lines[:, 5:] == 1).all()


def test_grey_weighs_colours_as_eyes_do():
    x = torch.full((1, 3, 1, 1), -1.0)
    x[:, 1] = 1  # green
    assert float(grey(x)) == pytest.approx(2 * 0.587 - 1, abs=1e-6)


def test_the_other_changes_take_away_what_they_say():
    x = pictures(4).rows(torch.arange(4), CPU).x
    assert (CHANGES["mask"](x)[:, :, 2:6, 2:6] == 0).all()
    assert torch.equal(CHANGES["mask"](x)[:, :, :2], x[:, :, :2])
    even = torch.full((1, 1, 16, 16), 0.5)
    for change in ("blur", "downscale"):
        assert CHANGES[change](x).var() < 0.5 * x.var()  # details are gone
        assert torch.allclose(CHANGES[change](even), even, atol=1e-3)  # and nothing else


def test_halves_stand_side_by_side():
    data = pictures(shape=(3, 8, 12))
    found = made_pairs(data, "left")
    rows = torch.tensor([3, 1])
    whole, batch = data.rows(rows, CPU).x, found.rows(rows, CPU)
    assert torch.allclose(batch.x, whole[..., :6], atol=1e-6)
    assert torch.allclose(batch.beside.x, whole[..., 6:], atol=1e-6)
    assert torch.equal(made_pairs(data, "right").rows(rows, CPU).x, batch.beside.x)
    with pytest.raises(UserError, match="two halves, these are 7 wide"):
        made_pairs(pictures(shape=(3, 8, 7)), "left")
    assert set(SIDES) == {"left", "right"}
    assert half(whole, right=True).shape == (2, 3, 8, 6)


def test_vectors_cannot_be_changed():
    with pytest.raises(UserError, match="are vectors"):
        made_pairs(Memory(torch.zeros(4, 2), name="points"), "edges")


def test_pairs_stay_together_in_every_batch_and_process():
    data = made_pairs(pictures(), "grey")
    assert data.facts.paired
    assert data.facts.shape == (1, 8, 8)
    assert data.facts.beside.shape == (3, 8, 8)
    for number in (0, 1, 7):
        batch = Batches(data, 6, seed=3)(number)
        assert torch.allclose(grey(batch.beside.x), batch.x, atol=0.01)
        parts = [Batches(data, 6, seed=3, rank=rank, world=2)(number) for rank in range(2)]
        assert torch.equal(torch.cat([part.x for part in parts]), batch.x)
        assert torch.equal(torch.cat([part.beside.x for part in parts]), batch.beside.x)
    few = some(data, 5).rows(torch.arange(5), CPU)
    assert torch.allclose(grey(few.beside.x), few.x, atol=0.01)


def test_domains_that_nobody_paired_come_in_orders_of_their_own():
    made = made_pairs(pictures(), "grey")
    batch = Batches(Beside(made.first, made.second), 20, seed=0)(0)
    assert not torch.allclose(grey(batch.beside.x), batch.x, atol=0.01)


def test_three_domains_come_in_three_orders():
    def counting(n):
        return Memory(torch.arange(n, dtype=torch.float32)[:, None], name="counting")

    batch = Batches(Beside(counting(40), Beside(counting(40), counting(40))), 40, seed=5)(0)
    orders = [batch.x, batch.beside.x, batch.beside.beside.x]
    assert all(sorted(order.flatten().tolist()) == list(range(40)) for order in orders)
    assert not any(torch.equal(orders[i], orders[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


def test_files_find_their_partners_by_name(tmp_path):
    one = coloured(tmp_path / "a", ["c.png", "x/b.png", "a.png"])
    other = coloured(tmp_path / "b", ["a.bmp", "x/b.bmp", "c.bmp"], shift=100)
    found = partners(load(one), load(other))
    batch = found.rows(torch.arange(3), CPU)
    pairs = dict(zip(reds(batch.x), reds(batch.beside.x), strict=True))
    assert pairs == {20: 100, 10: 110, 0: 120}  # a with a, x/b with x/b, c with c


def test_what_lacks_a_partner_is_named(tmp_path):
    one = coloured(tmp_path / "a", ["a.png", "b.png", "c.png"])
    other = coloured(tmp_path / "b", ["a.png", "d.png"])
    with pytest.raises(UserError, match=r"lack a partner: 'b' of .*a', 'c' of .*a', 'd' of .*b'\. Rename or remove") as told:
        partners(load(one), load(other))
    assert "more" not in str(told.value)
    with pytest.raises(UserError, match="pictures' has 20 rows and 'pictures' 19"):
        partners(pictures(20), pictures(19))


def test_a_picture_that_cannot_be_read_takes_its_partner_with_it(tmp_path):
    one = coloured(tmp_path / "a", [f"{k}.png" for k in range(6)])
    other = coloured(tmp_path / "b", [f"{k}.png" for k in range(6)], shift=100)
    (one / "2.png").write_bytes(b"torn")
    (other / "4.png").write_bytes(b"torn")
    found = partners(load(one, max_bad=0.5), load(other, max_bad=0.5))
    batch = found.rows(torch.arange(len(found)), CPU)
    assert reds(batch.x) == [0, 10, 30, 50]
    assert reds(batch.beside.x) == [100, 110, 130, 150]
    streams = partners(*(load(folder, max_bad=0.5, stream=True) for folder in (one, other)))
    with pytest.raises(UserError, match="cannot be read"):  # the next good one would have another partner
        streams.rows(torch.arange(6), CPU)


def test_two_pictures_of_one_sample_in_shards_are_partners(tmp_path):
    with tarfile.open(tmp_path / "shard.tar", "w") as tar:
        for number in range(4):
            for shift, style in ((0, "old"), (100, "new")):
                data = io.BytesIO()
                Image.fromarray(np.full((8, 8, 3), 10 * number + shift, np.uint8)).save(data, "png")
                info = tarfile.TarInfo(f"{number}.{style}.png")
                info.size = data.getbuffer().nbytes
                data.seek(0)
                tar.addfile(info, data)
    one, other = (load(tmp_path / "shard.tar", image_key=f"{style}.png") for style in ("old", "new"))
    batch = partners(one, other).rows(torch.arange(4), CPU)
    assert reds(batch.x) == [0, 10, 20, 30]
    assert reds(batch.beside.x) == [100, 110, 120, 130]
