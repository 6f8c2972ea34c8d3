"""Each transformation against a loop over rows; the probability p, and how the adaptive one moves."""

from __future__ import annotations

import math

import pytest
import torch

from rivals import augmentation, chance
from rivals.augmentation import POLICIES, Adaptive, Augment, augmented

SHAPES = [(1, 8, 8), (3, 24, 24), (3, 9, 14), (2, 5, 5)]
ALL = tuple(transform for policy in POLICIES.values() for transform in policy)


def draws(seed, *shapes):
    """The numbers that a transformation will draw."""
    with chance.fixed(seed):
        return [chance.uniform(*shape).flatten().tolist() for shape in shapes]


def transformed(transform, x, seed):
    with chance.fixed(seed):
        return transform(x)


def pictures(shape, n=40):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(5)) * 2 - 1


@pytest.mark.parametrize("shape", SHAPES)
def test_brightness_saturation_contrast(shape):
    x = pictures(shape)
    (u,) = draws(1, (len(x), 1, 1, 1))
    expected = {
        "brightness": [row + (a - 0.5) for row, a in zip(x, u, strict=True)],
        "saturation": [row.mean(0) + 2 * a * (row - row.mean(0)) for row, a in zip(x, u, strict=True)],
        "contrast": [row.mean() + (0.5 + a) * (row - row.mean()) for row, a in zip(x, u, strict=True)],
    }
    for name, rows in expected.items():
        assert torch.allclose(transformed(getattr(augmentation, name), x, 1), torch.stack(rows), atol=1e-6)
    if shape[0] == 1:
        assert torch.equal(transformed(augmentation.saturation, x, 1), x)


@pytest.mark.parametrize("shape", SHAPES)
def test_translation(shape):
    x, (_, height, width) = pictures(shape, 200), shape
    down, right = draws(2, (len(x),), (len(x),))
    most_down, most_right = int(height / 8 + 0.5), int(width / 8 + 0.5)
    expected, moves = torch.zeros_like(x), set()
    for n in range(len(x)):
        dy = math.floor(down[n] * (2 * most_down + 1)) - most_down
        dx = math.floor(right[n] * (2 * most_right + 1)) - most_right
        moves.add((dy, dx))
        for i in range(height):
            for j in range(width):
                if 0 <= i - dy < height and 0 <= j - dx < width:
                    expected[n, :, i, j] = x[n, :, i - dy, j - dx]
    assert torch.equal(transformed(augmentation.translation, x, 2), expected)
    for most, found in zip((most_down, most_right), zip(*moves, strict=True), strict=True):
        assert set(found) == set(range(-most, most + 1))


@pytest.mark.parametrize("shape", SHAPES)
def test_cutout(shape):
    x, (_, height, width) = pictures(shape, 100), shape
    down, right = draws(3, (len(x),), (len(x),))
    expected, sizes = x.clone(), set()
    for n in range(len(x)):
        hidden = []
        for side, u in ((height, down[n]), (width, right[n])):
            hole = int(side / 2 + 0.5)
            centre = math.floor(u * (side + 1 - hole % 2))
            hidden.append([i for i in range(side) if centre - hole // 2 <= i < centre - hole // 2 + hole])
        expected[n][:, hidden[0][0] : hidden[0][-1] + 1, hidden[1][0] : hidden[1][-1] + 1] = 0
        sizes.add((len(hidden[0]), len(hidden[1])))
    assert torch.equal(transformed(augmentation.cutout, x, 3), expected)
    assert max(sizes) == (int(height / 2 + 0.5), int(width / 2 + 0.5))


@pytest.mark.parametrize("shape", SHAPES)
def test_flip_and_rotation(shape):
    x = pictures(shape)
    (u,) = draws(4, (len(x), 1, 1, 1))
    mirrored = [row.flip(2) if a < 0.5 else row for row, a in zip(x, u, strict=True)]
    assert torch.equal(transformed(augmentation.flip, x, 4), torch.stack(mirrored))
    quarters = (0, 1, 2, 3) if shape[1] == shape[2] else (0, 2)
    turned = [row.rot90(quarters[math.floor(a * len(quarters))], (1, 2)) for row, a in zip(x, u, strict=True)]
    assert torch.equal(transformed(augmentation.rotation, x, 4), torch.stack(turned))


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 14), (2, 5, 5)])
def test_affine(shape):
    """Each pixel is taken from where the matrix says, linearly between its four neighbours, and from the edge beyond it."""
    x, (_, height, width) = pictures(shape, 12), shape
    turn, shear, across, down, right, below = draws(5, *[(len(x), 1, 1, 1)] * 6)
    most = {"turn": math.radians(15), "shear": 0.3, "longer": 0.15, "move": 0.1}

    def either_way(u, name):
        return (2 * u - 1) * most[name]

    expected = torch.zeros_like(x)
    for n in range(len(x)):
        angle, s = either_way(turn[n], "turn"), either_way(shear[n], "shear")
        wide, high = math.exp(either_way(across[n], "longer")), math.exp(either_way(down[n], "longer"))
        for i in range(height):
            for j in range(width):
                u, v = wide * ((2 * j + 1) / width - 1), high * ((2 * i + 1) / height - 1)
                u += s * v
                u, v = math.cos(angle) * u - math.sin(angle) * v, math.sin(angle) * u + math.cos(angle) * v
                a = (u + either_way(right[n], "move") + 1) * width / 2 - 0.5
                b = (v + either_way(below[n], "move") + 1) * height / 2 - 0.5
                a, b = min(max(a, 0.0), width - 1.0), min(max(b, 0.0), height - 1.0)
                for row, y in ((math.floor(b), 1 - b % 1), (math.floor(b) + 1, b % 1)):
                    for column, z in ((math.floor(a), 1 - a % 1), (math.floor(a) + 1, a % 1)):
                        if y * z:
                            expected[n, :, i, j] += y * z * x[n, :, row, column]
    assert torch.allclose(transformed(augmentation.affine, x, 5), expected, atol=1e-4)


def test_places_keep_their_precision_in_bf16():
    x = pictures((1, 8, 8)).bfloat16()
    for transform in (augmentation.affine, augmentation.warp):
        assert torch.equal(transformed(transform, x, 5), transformed(transform, x.float(), 5))


@pytest.mark.parametrize("shape", SHAPES)
def test_thickness(shape):
    x, (_, height, width) = pictures(shape, 12), shape
    (u,) = draws(6, (len(x), 1, 1, 1))
    expected = x.clone()
    for n in range(len(x)):
        by = 0.8 * u[n] - 0.4
        for i in range(height):
            for j in range(width):
                around = x[n, :, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2].flatten(1)
                end = around.max(1)[0] if by > 0 else around.min(1)[0]
                expected[n, :, i, j] += abs(by) * (end - x[n, :, i, j])
    assert torch.allclose(transformed(augmentation.thickness, x, 6), expected, atol=1e-6)


def test_warp():
    """Of a ramp a pixel's value says where it was taken from: at the 4 x 4 places as far off as was drawn."""
    side = 16
    ramp = ((2 * torch.arange(side) + 1) / side - 1).expand(500, 1, side, side).contiguous()
    with chance.fixed(3):
        off = 0.05 * chance.normal(500, 2, 4, 4)
    by_column, by_row = (transformed(augmentation.warp, x, 3)[:, 0] for x in (ramp, ramp.mT.contiguous()))
    for i in (1, 2):
        for j in (1, 2):  # the places 0, 5, 10 and 15; the outer ones meet the edge
            assert torch.allclose(by_column[:, 5 * i, 5 * j] - ramp[:, 0, 0, 5 * j], off[:, 0, i, j], atol=1e-5)
            assert torch.allclose(by_row[:, 5 * i, 5 * j] - ramp[:, 0, 0, 5 * i], off[:, 1, i, j], atol=1e-5)


def test_thickness_passes_its_gradient():
    x = torch.linspace(-1, 1, 50, dtype=torch.float64)[torch.randperm(50, generator=torch.Generator().manual_seed(0))]
    x = x.view(2, 1, 5, 5).requires_grad_()  # no two pixels alike
    assert torch.autograd.gradcheck(lambda x: transformed(augmentation.thickness, x, 7), x)


@pytest.mark.parametrize(
    "transform", [t for t in ALL if t is not augmentation.thickness], ids=lambda transform: transform.__name__
)
def test_the_gradient_passes_through(transform):
    """It is linear in the picture, so its derivative along v is what it does to v, less what it adds."""
    x = pictures((3, 9, 9), 6).double().requires_grad_()
    v, w = torch.randn(2, 6, 3, 9, 9, dtype=torch.float64)
    y = transformed(transform, x, 7)
    (gradient,) = torch.autograd.grad((y * w).sum(), x)
    ahead = transformed(transform, x.detach() + v, 7) - y.detach()
    assert float((gradient * v).sum()) == pytest.approx(float((ahead * w).sum()), rel=1e-9)


def test_each_row_is_changed_with_probability_p():
    x = pictures((3, 8, 8), 2000)
    assert torch.equal(augmented(x, ALL, 0.0), x)
    assert torch.equal(augmented(x, ALL, torch.zeros(())), x)

    def up(x):
        return x + 10

    def far(x):
        return x + 100

    by = (augmented(x, (up, far), 0.3) - x).mean((1, 2, 3)).round()
    shares = {float(value): float((by == value).float().mean()) for value in by.unique()}
    expected = {0.0: 0.49, 10.0: 0.21, 100.0: 0.21, 110.0: 0.09}  # each transformation by a draw of its own
    assert shares == {value: pytest.approx(share, abs=0.04) for value, share in expected.items()}
    assert torch.equal(Augment((up, far))(x, 0.5), x + 10 + 100)


def test_p_rises_where_the_discriminator_is_sure_and_falls_where_it_is_not():
    view = Adaptive(ALL, within=1000)
    for _ in range(20):
        view.heed(torch.full((10, 1), 3.0))
    # r is 1 - 0.75^k after k batches, above 0.6 from the fourth on; p stays at 0 until then
    assert float(view.r) == pytest.approx(1 - 0.75**20, rel=1e-5)
    assert float(view.p) == pytest.approx(17 * 10 / 1000, rel=1e-5)
    for _ in range(6):
        view.heed(torch.tensor([[1.0], [-1.0]]))  # in doubt: r goes to 0
    assert float(view.r) < 0.6
    assert float(view.p) < 0.17
    for _ in range(300):
        view.heed(torch.full((10, 1), -1.0))
    assert float(view.p) == 0
    for _ in range(300):
        view.heed(torch.full((10, 1), 1.0))
    assert float(view.p) == pytest.approx(0.8)
    assert {name: float(value) for name, value in view.gauges().items()} == pytest.approx({"augmented": 0.8, "overfitting": 1})


def test_p_decides_what_is_shown():
    x, view = pictures((3, 8, 8)), Adaptive(ALL)
    assert torch.equal(view(x, 0.0), x)
    view.p.fill_(0.5)
    changed = (view(x, 0.0) != x).flatten(1).any(1)
    assert 0.8 < float(changed.float().mean()) <= 1
    assert set(view.state_dict()) == {"p", "r"}
