"""The study of codes: what is measured on things whose answer is known, and what it says of the numbers it gets."""

from __future__ import annotations

import math

import pytest
import torch

from rivals import chance
from rivals.data.core import Facts
from rivals.recipes import find
from rivals.studies import codes

X = torch.zeros(codes.VALUES * codes.ROWS, 1, 4, 4, dtype=torch.uint8)
TRAVEL = torch.zeros(2, codes.VALUES * codes.STEPS, 1, 4, 4, dtype=torch.uint8)


def game():
    return find("infogan")(Facts(shape=(1, 16, 16), count=100), network="resize", width=4).game.eval()


def test_both_systems_are_built():
    for sorting in (0, 3):
        made = find("infogan")(Facts(shape=(1, 16, 16), count=100), **codes.OPTIONS, pretrain=sorting).game
        assert made.sample(2).shape == (2, 1, 16, 16)
        assert (made.sorter is None) == (sorting == 0)


def test_a_value_stands_for_one_digit_though_two_digits_share_it():
    digits = torch.arange(10).repeat_interleave(10)
    values = (digits + 3) % 10
    values[digits == 4] = values[digits == 5][0]  # 4 and 5 in one value: the one left over stands for one of them
    values[(digits == 5).nonzero()[0]] = 7  # which is 4's, for once
    stands = codes.standing(values, digits)
    assert sorted(stands.tolist()) == list(range(10))
    assert [int(stands[(digit + 3) % 10]) for digit in range(10) if digit not in (4, 5)] == [0, 1, 2, 3, 6, 7, 8, 9]
    assert float((stands[values] == digits).float().mean()) == pytest.approx(0.91)


def bars(slant, width):
    """A light bar on black, 32 x 32, whose left edge moves by `slant` pixels a row."""
    x = torch.full((1, 1, 32, 32), -1.0)
    for row in range(4, 28):
        left = round(16 + slant * (row - 16) - width / 2)
        x[0, 0, row, left : left + width] = 1
    return x


def test_slant_and_width_of_bars():
    for slant, width in ((0.0, 4), (0.5, 4), (-0.5, 4), (0.0, 8), (0.5, 8)):
        leaning, wide = codes.shape_of(bars(slant, width))
        assert float(leaning) == pytest.approx(slant, abs=0.02)
        assert float(wide) == pytest.approx(math.sqrt((width**2 - 1) / 12), abs=0.06)  # of a uniform spread over whole pixels


def test_correlation_is_within_groups():
    group = torch.arange(10).repeat(100)
    code = torch.linspace(-1, 1, 1000)[torch.randperm(1000, generator=torch.Generator().manual_seed(0))]
    assert codes.correlation(code, 3 * code + 100 * group, group) == pytest.approx(1, abs=1e-5)
    assert codes.correlation(code, -code - 100 * group, group) == pytest.approx(-1, abs=1e-5)
    assert codes.correlation(code + group, group.float(), group) == 0  # it differs between groups alone


def test_figures_change_one_code_at_a_time():
    made, order = game(), torch.arange(10).flip(0)
    seen = []
    made.decode = lambda z: (seen.append(z), torch.zeros(len(z), 1, 4, 4))[1]
    with chance.fixed(0):
        codes.by_value(made, order)
        codes.by_code(made, order, 2)
    by_value, by_code = seen
    (value,), continuous = made.latents.parts(by_value)
    assert value.argmax(1).view(codes.ROWS, -1).tolist() == [order.tolist()] * codes.ROWS
    assert torch.equal(continuous[::10], continuous[9::10])
    (value,), continuous = made.latents.parts(by_code)
    assert value.argmax(1).view(-1, codes.STEPS)[:, 0].tolist() == order.tolist()
    assert (continuous[:, 0] == 0).all()
    assert continuous[: codes.STEPS, 1].tolist() == pytest.approx(torch.linspace(-2, 2, codes.STEPS).tolist())


def test_what_decides_each_claim():
    def said(match=95.0, obeyed=93.0, information=2.29, slant=(0.7, 0.1), width=(0.1, -0.6)):
        plain = codes.Outcome(50.0, 95.0, 2.29, [0.1, 0.1], [0.1, 0.1], X, TRAVEL)
        ours = plain._replace(match=match, obeyed=obeyed, information=information, slant=list(slant), width=list(width))
        return [claim.holds for claim in codes.claims({codes.PLAIN: [plain], codes.TOLD: [ours]})]

    assert said() == [False, True, True, True, True]
    assert said(match=89.0) == [False, False, True, True, True]
    assert said(obeyed=89.0) == [False, True, False, True, True]
    assert said(information=2.0) == [False, True, True, False, True]
    assert said(slant=(0.3, 0.1)) == [False, True, True, True, False]
    assert said(width=(0.1, 0.1)) == [False, True, True, True, False]
