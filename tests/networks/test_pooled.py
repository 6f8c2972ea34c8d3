"""The pooling classifier: any picture, and rows that do not see each other."""

from __future__ import annotations

import pytest
import torch

from rivals.errors import UserError
from rivals.networks.pooled import PooledClassifier


@pytest.mark.parametrize("shape", [(1, 4, 4), (1, 8, 8), (3, 21, 17), (1, 28, 28)])
def test_pictures_of_any_size(shape):
    assert PooledClassifier(shape, outputs=7, width=2)(torch.zeros(3, *shape)).shape == (3, 7)


def test_rows_do_not_see_each_other():
    torch.manual_seed(0)
    network, x = PooledClassifier((1, 8, 8), outputs=3, width=2, dropout=0.0), torch.randn(4, 1, 8, 8)
    assert torch.allclose(network(x), torch.cat([network(row) for row in x.split(1)]), atol=1e-5)


def test_what_it_cannot_take():
    for shape in ((2,), (1, 3, 8)):
        with pytest.raises(UserError, match="'pooled' takes pictures"):
            PooledClassifier(shape, outputs=3)
