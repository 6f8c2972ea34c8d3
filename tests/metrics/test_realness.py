"""The discriminator's opinion: logits, areas under the curve by ranks, and who is surest real."""

from __future__ import annotations

import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from rivals.data import Memory
from rivals.data.part import halves, some
from rivals.data.pictures import grid
from rivals.metrics import realness
from rivals.metrics.core import Case, Unsuitable
from rivals.metrics.features.pixels import Pixels


class Brightness(nn.Module):
    """A discriminator for which bright pictures are real."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        return self.drop(self.weight * x.flatten(1).mean(1, keepdim=True))


def game_with(small, discriminator):
    game = small("gan", network="mlp").game
    game.discriminator = discriminator
    return game


@pytest.mark.parametrize("levels", [3, 1000])
def test_area_counts_ties_by_half(levels):
    draw = torch.Generator().manual_seed(levels)
    a, b = torch.randint(0, levels, (70,), generator=draw), torch.randint(0, levels, (50,), generator=draw)
    pairs = a[:, None].double() - b[None]
    expected = float(((pairs > 0).double() + (pairs == 0).double() / 2).mean())
    assert realness.area(a, b) == pytest.approx(expected, abs=1e-12)
    assert realness.area(a, b) + realness.area(b, a) == pytest.approx(1)
    truth = torch.cat([torch.ones(70), torch.zeros(50)])
    assert realness.area(a, b) == pytest.approx(roc_auc_score(truth, torch.cat([a, b])))
    assert realness.area(a, a) == 0.5


def test_scores_are_the_logits_in_evaluation_mode(small, digits):
    game = game_with(small, Brightness()).train()
    found = realness.scores(game, some(digits, 300))
    x = some(digits, 300).rows(torch.arange(300), torch.device("cpu")).x
    assert torch.allclose(found, x.double().mean((1, 2, 3)), atol=1e-6)
    assert game.discriminator.training


@pytest.mark.parametrize("name", ["ebgan", "began"])
def test_of_an_energy_minus_it_is_the_logit(name, small, digits):
    game = small(name).game.train()
    found = realness.scores(game, some(digits, 300))
    assert game.training
    game.eval()
    x = some(digits, 300).rows(torch.arange(300), torch.device("cpu")).x
    assert torch.allclose(found, -game.energy(x)[:, 0].double(), atol=1e-6)
    assert (found < 0).all()
    values = realness.measure(Case(digits, some(digits, 50), Pixels(), None, game))
    assert set(values) == {"D fake", "D real", "D AUC real/fake"}


def test_values_and_their_names(small, digits):
    train, test = halves(digits)
    fake = Memory(torch.zeros(100, 1, 8, 8, dtype=torch.uint8), name="black")
    found = realness.measure(Case(test, fake, Pixels(), train, game_with(small, Brightness())))
    assert set(found) == {
        "D fake", "D real (train)", "D real (test)", "D AUC train/fake", "D AUC test/fake", "D AUC train/test",
    }  # fmt: skip
    assert found["D fake"].value == -1
    assert found["D AUC train/fake"].value == 1
    assert found["D AUC train/test"].value == pytest.approx(0.5, abs=0.05)
    assert "898 train, 899 test rows" in found["D AUC train/test"].protocol


def test_rows_that_were_learnt_from_are_not_called_unseen(small, digits):
    game = game_with(small, Brightness())
    for train in (None, digits):
        found = realness.measure(Case(some(digits, 200), some(digits, 50), Pixels(), train, game))
        assert set(found) == {"D fake", "D real", "D AUC real/fake"}


def test_candidates_come_surest_first(small):
    x = torch.arange(0, 200, 20, dtype=torch.uint8)[torch.randperm(10)].view(10, 1, 1, 1).expand(10, 1, 8, 8)
    real = Memory(x, name="greys")
    found = realness.candidates(Case(real, real, Pixels(), None, game_with(small, Brightness())), n=4)
    expected = grid(torch.tensor([180, 160, 140, 120], dtype=torch.uint8).view(4, 1, 1, 1).expand(4, 1, 8, 8))
    assert found.tobytes() == expected.tobytes()


def test_what_has_no_opinion_says_so(small, digits):
    def measured(game):
        return realness.measure(Case(digits, digits, Pixels(), None, game))

    with pytest.raises(Unsuitable, match="only samples"):
        measured(None)
    with pytest.raises(Unsuitable, match="no discriminator"):
        measured(small("vae").game)
    with pytest.raises(Unsuitable, match=r"\(2,\) numbers a row"):
        measured(game_with(small, nn.Sequential(nn.Flatten(), nn.Linear(64, 2))))
    with pytest.raises(Unsuitable, match="by itself"):
        measured(game_with(small, nn.Bilinear(8, 8, 1)))
