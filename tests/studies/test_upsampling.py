"""Convolutions as matrices, and checkerboards."""

from __future__ import annotations

import torch

from rivals.studies.upsampling import checkerboard, claims, error_of_the_transpose, matrix, unevenness


def test_the_matrix_of_the_lectures():
    """4 x 16 of 3 x 3 weights over 4 x 4 pixels, the first row by hand."""
    C = matrix(torch.arange(1.0, 10.0).view(3, 3), 4)
    assert C.shape == (4, 16)
    assert C[0].tolist() == [1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0, 0]
    assert C[3].tolist() == [0, 0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9]
    assert error_of_the_transpose(0) < 1e-12


def test_only_resize_convolution_is_even():
    assert unevenness("resize", 0) < 1e-9
    assert unevenness("transposed", 0) > 0.01
    assert unevenness("shuffle", 0) > 0.01


def test_a_checkerboard_is_all_checkerboard():
    board = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 2.0 - 1
    stripes = (torch.arange(8) % 2 * 2.0 - 1).expand(8, 8)
    waves = torch.sin(torch.arange(8) * torch.pi / 4).expand(8, 8)
    assert checkerboard(board[None, None]) == 1
    assert abs(checkerboard(stripes[None, None]) - 1) < 1e-9
    assert checkerboard(waves[None, None]) < 1e-9
    assert checkerboard(torch.cat([board[None, None], waves[None, None]])) > 0.5


def test_claims_compare_with_real_pictures():
    uneven = {"transposed": [0.1], "shuffle": [0.2], "resize": [0.0]}
    shares = {"transposed": ([0.1], [0.02]), "shuffle": ([0.2], [0.03]), "resize": ([0.01], [0.01])}
    assert [claim.holds for claim in claims([0.0], uneven, shares, real=0.015)] == [True, True, True, True]
    assert not claims([0.0], uneven, shares, real=0.025)[-1].holds
