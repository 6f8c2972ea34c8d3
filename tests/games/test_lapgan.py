"""LAPGAN: the pyramid, who sees what of it, and the chain that a sample is."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import one_hot

from rivals.criteria import relativistic
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.games.lapgan import LAPGAN, enlarged, sizes_of

SIZES = sizes_of((8, 8), 1)
X = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
BATCH = Batch(X, torch.arange(6) % 3)


class Coarsest(nn.Module):
    """Noise and class -> a flat picture of a tenth of the class's number."""

    def __init__(self):
        super().__init__()
        self.weight, self.seen = nn.Parameter(torch.ones(())), []

    def forward(self, z):
        self.seen.append(z)
        return self.weight * (z[:, -3:].argmax(1) / 10).view(-1, 1, 1, 1).expand(-1, 1, 4, 4)


class Detail(nn.Module):
    """A tenth of the noise."""

    def __init__(self):
        super().__init__()
        self.weight, self.seen = nn.Parameter(torch.ones(())), []

    def forward(self, low, noise, c):
        self.seen.append((low, noise, c))
        return self.weight * noise / 10


class Told(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight, self.seen = nn.Parameter(torch.ones(())), []

    def forward(self, x, c):
        self.seen.append((x, c))
        return self.weight * x.flatten(1).sum(1, keepdim=True)


def game(**options):
    options = {"classes": 3, **options}
    return LAPGAN([Coarsest(), Detail()], [Told(), Told()], sizes=SIZES, latent=5, **options)


def test_the_levels_of_a_pyramid():
    made = game()
    coarse, fine = made.level(0, X), made.level(1, X)
    assert coarse.low is None
    assert torch.allclose(coarse.I, X.view(6, 1, 4, 2, 4, 2).mean((3, 5)))
    assert torch.equal(fine.I, X)
    assert torch.equal(fine.low, enlarged(coarse.I, (8, 8)))


def test_each_level_sees_pictures_beside_the_enlarged_coarser_one():
    made = game()
    made.loss_D(1, BATCH)
    (real, c), (fake, same) = made.discriminators[1].seen
    low = made.level(1, X).low
    assert torch.equal(real, torch.cat([X, low], 1))
    assert torch.equal(c, one_hot(BATCH.y, 3).float())
    assert torch.equal(c, same)
    _, noise, _ = made.generators[1].seen[0]
    assert torch.allclose(fake, torch.cat([low + noise / 10, low], 1))


def test_a_sample_is_a_chain_from_coarse_to_fine():
    made = game()
    z = made.given(torch.tensor([2, 0]))
    assert z.shape == (2, 5 + 64 + 3)
    noise = z[:, 5:69].view(2, 1, 8, 8)
    flat = torch.tensor([0.2, 0.0]).view(2, 1, 1, 1)
    assert torch.allclose(made.decode(z), (flat + noise / 10).clamp(-1, 1), atol=1e-6)
    assert torch.equal(made.generators[0].seen[0][:, :5], z[:, :5])
    assert made.sample(4).abs().max() <= 1


def test_players_of_finer_levels_may_start_later():
    assert [(p.name, p.starts) for p in game(later=30).players()] == [
        ("discriminator 4x4", 0),
        ("generator 4x4", 0),
        ("discriminator 8x8", 30),
        ("generator 8x8", 30),
    ]


def test_a_paired_criterion_gets_the_real_ones():
    made = game(adversarial=relativistic)
    made.loss_G(1, BATCH)
    assert len(made.discriminators[1].seen) == 2


def test_without_classes_none_are_drawn_on_demand():
    with pytest.raises(UserError, match="without classes"):
        game(classes=0).given(torch.tensor([0]))
    with pytest.raises(UserError, match="these rows have none"):
        game().loss_D(0, Batch(X))
    assert game(classes=0).asked(BATCH).shape == (6, 0)
