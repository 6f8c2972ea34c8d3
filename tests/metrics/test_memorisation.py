"""Copies are found, honest pictures are not called so, and a shift hides nothing."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from rivals.data import Memory, load
from rivals.data.core import bytes_from_pictures
from rivals.data.part import halves, some
from rivals.metrics.core import Case, Unsuitable, rows_of
from rivals.metrics.memorisation import copies, measure, nearest_shifted, pairs, reduced, threshold
from rivals.metrics.neighbours import nearest


class Values:
    name, protocol, key = "values", "values", None

    def __call__(self, x):
        return x.flatten(1)


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def moved(x, down, right):
    """(N, C, H, W) moved down and to the right by at least 1, black coming in."""
    return torch.nn.functional.pad(x, (right, 0, down, 0), value=-1.0)[..., : x.shape[2], : x.shape[3]]


def pictures(data, numbers):
    return data.rows(numbers, torch.device("cpu"))


@pytest.fixture(scope="module")
def three(digits):
    """Training rows, unseen real rows, and honest samples: parts of one set that share no row."""
    train, rest = halves(digits)
    return train, *halves(rest)


@pytest.mark.parametrize(("height", "width", "k"), [(5, 7, 2), (6, 6, 1), (4, 4, 0)])
def test_the_shifted_distance_is_the_least_of_all_overlaps(height, width, k):
    x, y = noise(6, 2, height, width), noise(9, 2, height, width, seed=1)
    table = torch.full((6, 9), torch.inf, dtype=torch.float64)
    for i, j, flip, down, right in product(range(6), range(9), (False, True), range(-k, k + 1), range(-k, k + 1)):
        picture, total, overlap = x[i].flip(2) if flip else x[i], 0.0, 0
        for row, column in product(range(height), range(width)):
            if 0 <= row + down < height and 0 <= column + right < width:
                total += float((picture[:, row, column] - y[j, :, row + down, column + right]).double().square().sum())
                overlap += 1
        table[i, j] = min(table[i, j], (total * height * width / overlap) ** 0.5)
    distance, number = nearest_shifted(x, y, k)
    assert torch.allclose(distance.double(), table.min(1).values, rtol=1e-4)
    assert torch.equal(number, table.min(1).indices)


def test_a_mirrored_and_moved_copy_is_at_no_distance():
    y = noise(20, 1, 8, 8)
    distance, number = nearest_shifted(moved(y.flip(3), 2, 1), y, 2)
    assert torch.equal(number, torch.arange(20))
    assert float(distance.max()) < 0.01


def test_copies_are_found_under_every_distance(three):
    train, unseen, _ = three
    x = pictures(train, torch.arange(100)).x
    found = measure(Case(unseen, Memory(bytes_from_pictures(x), name="g"), Values(), train))
    assert {name: v.value for name, v in found.items()} == {
        "copies (pixels)": 1.0,
        "copies (pixels, shifts of 2)": 1.0,
        "copies (features)": 1.0,
    }
    assert "100 samples, 898 training rows; as near as 1% of 449 unseen" in found["copies (pixels)"].protocol
    assert {v.better for v in found.values()} == {"near the floor"}


def test_honest_pictures_are_no_copies(three):
    train, unseen, honest = three
    found = measure(Case(unseen, honest, Values(), train))
    assert all(v.value <= 0.04 for v in found.values())


def test_moved_copies_are_seen_under_shifts_alone(three):
    train, unseen, _ = three
    fake = Memory(bytes_from_pictures(moved(pictures(train, torch.arange(200)).x, 1, 2)), name="g")
    found = measure(Case(unseen, fake, Values(), train))
    assert found["copies (pixels)"].value < 0.05
    assert found["copies (pixels, shifts of 2)"].value > 0.95


def test_a_generator_of_half_copies():
    train, unseen, new = (noise(n, 6, seed=s) for n, s in ((2000, 0), (1000, 1), (500, 2)))
    fake = Memory(torch.cat([train[:500], new]), name="g")
    found = measure(Case(Memory(unseen, name="r"), fake, Values(), Memory(train, name="t")))
    assert set(found) == {"copies (values)", "copies (features)"}
    assert found["copies (values)"].value == pytest.approx(0.505, abs=0.01)


def test_the_threshold_lets_one_in_a_hundred_through():
    unseen = torch.rand(1000, generator=torch.Generator().manual_seed(0))
    assert copies(unseen, threshold(unseen)) == pytest.approx(0.01, abs=0.001)


def test_training_rows_are_needed(three):
    _, unseen, honest = three
    with pytest.raises(Unsuitable, match="takes the training rows"):
        measure(Case(unseen, honest, Values()))


def test_without_unseen_rows_left_out_ones_take_their_part(three):
    train, _, honest = three
    copied = some(train, 300)
    for fake, low, high in ((honest, 0.0, 0.04), (copied, 0.7, 0.9)):  # a fifth of the rows is left out
        found = measure(Case(train, fake, Values(), train))
        assert all(low <= v.value <= high for v in found.values())
        assert "719 training rows; as near as 1% of 179 left-out training rows" in found["copies (pixels)"].protocol


def test_large_pictures_are_made_smaller():
    x = noise(2, 3, 64, 64)
    assert torch.allclose(reduced(x)[0, 0, 3, 5], x[0, 0, 6:8, 10:12].mean())
    assert reduced(noise(2, 3, 32, 20)).shape == (2, 3, 32, 20)


def test_pairs_show_the_most_alike_first(three):
    import numpy as np

    train, unseen, honest = three
    copied = moved(pictures(train, torch.tensor([5])).x, 1, 1)
    fake = Memory(bytes_from_pictures(torch.cat([pictures(honest, torch.arange(50)).x, copied])), name="g")
    sheet = np.asarray(pairs(Case(unseen, fake, Values(), train), n=4))[..., 0]
    scale = (sheet.shape[1] - 2) // 8 - 2  # 8 pictures a row, each with a gap of 2
    left, right = sheet[2 : 2 + scale, 2 : 2 + scale], sheet[2 : 2 + scale, 4 + scale : 4 + 2 * scale]
    repeated = scale // 8
    expected = bytes_from_pictures(torch.cat([copied, pictures(train, torch.tensor([5])).x]))[:, 0].numpy()
    assert np.array_equal(left[::repeated, ::repeated], expected[0])
    assert np.array_equal(right[::repeated, ::repeated], expected[1])
    vectors = Memory(noise(9, 2), name="v")
    with pytest.raises(Unsuitable, match="has none"):
        pairs(Case(Memory(noise(8, 2), name="r"), vectors, Values(), vectors))


def plain_and_shifted(train, numbers, k):
    """Of copies moved by k pixels: class of the nearest training row by plain pixels, number of that under shifts."""
    batch = pictures(train, numbers)
    fake, x = moved(batch.x, k, k), rows_of(train).view(len(train), *train.facts.shape)
    _, plain = nearest(fake.flatten(1), x.flatten(1))
    _, shifted = nearest_shifted(fake, x, k)
    return batch.y, pictures(train, plain[:, 0]).y, shifted


def test_plain_pixels_take_a_moved_digit_for_another(digits):
    numbers = torch.arange(200)
    y, plain, shifted = plain_and_shifted(digits, numbers, 2)
    assert float((plain != y).float().mean()) > 0.5
    assert torch.equal(shifted, numbers)


def test_plain_pixels_take_a_moved_garment_for_another(real_data):
    train = load("fashion-mnist")
    y, plain, shifted = plain_and_shifted(some(train, 2000), torch.arange(20), 3)
    assert float((plain != y).float().mean()) > 0.3
    assert torch.equal(shifted, torch.arange(20))
