"""InfoGAN: its prior, its codes' information in closed form, who learns from what."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from rivals import chance
from rivals.data.core import Batch
from rivals.game import turn
from rivals.games.infogan import CLOSEST, InfoGAN, Read, outputs_of, read
from rivals.games.sorter import Sorter
from rivals.priors import Codes
from rivals.views import View

CODES = Codes(noise=3, categories=(2, 4), continuous=2)
CPU = torch.device("cpu")


class Halved(View):
    def forward(self, x, progress):
        return x / 2


@pytest.fixture
def z():
    with chance.fixed(0):
        return CODES(4000, CPU)


def game(codes=CODES, **options):
    torch.manual_seed(0)
    return InfoGAN(
        nn.Linear(codes.dimension, 5), nn.Linear(5, 6), nn.Linear(6, 1), nn.Linear(6, outputs_of(codes)), codes=codes, **options
    )


def test_codes_are_noise_one_hots_and_numbers(z):
    categorical, continuous = CODES.parts(z)
    assert z.shape == (4000, CODES.dimension) == (4000, 11)
    assert [tuple(code.shape) for code in categorical] == [(4000, 2), (4000, 4)]
    for code, k in zip(categorical, (2, 4), strict=True):
        assert torch.equal(code.sum(1), torch.ones(4000))
        assert torch.allclose(code.mean(0), torch.full((k,), 1 / k), atol=0.03)  # each value as likely as any
    assert continuous.min() < -0.99
    assert continuous.max() > 0.99
    assert float(continuous.std()) == pytest.approx(1 / math.sqrt(3), abs=0.02)
    assert torch.equal(torch.cat([z[:, :3], *categorical, continuous], 1), z)


def test_one_code_is_replaced_and_nothing_else(z):
    for code, value, where in ((0, 1, 3), (1, 2, 5), (2, -0.5, 9), (3, 0.25, 10)):
        changed = CODES.replaced(z, code, value)
        categorical, continuous = CODES.parts(changed)
        if code < 2:
            assert (categorical[code].argmax(1) == value).all()
            assert torch.equal(categorical[code].sum(1), torch.ones(len(z)))
        else:
            assert (continuous[:, code - 2] == value).all()
        kept = [i for i in range(11) if i != where and not (code == 0 and i in (3, 4)) and not (code == 1 and 5 <= i < 9)]
        assert torch.equal(changed[:, kept], z[:, kept])


def test_information_is_cross_entropy_and_a_gaussians_log_density(z):
    made = game(categorical=2.0, continuous=0.5)
    categorical, continuous = CODES.parts(z)
    nothing = Read([torch.zeros_like(code) for code in categorical], torch.zeros_like(continuous), torch.ones_like(continuous))
    terms = made.information(z, nothing)
    assert float(terms["categorical"]) == pytest.approx(2 * (math.log(2) + math.log(4)), rel=1e-5)
    expected = -torch.distributions.Normal(0.0, 1.0).log_prob(continuous).sum(1).mean()
    assert float(terms["continuous"]) == pytest.approx(0.5 * float(expected), rel=1e-5)
    everything = Read([40 * code for code in categorical], continuous, torch.full_like(continuous, CLOSEST))
    perfect = made.information(z, everything)
    assert float(perfect["categorical"]) < 1e-5
    assert float(perfect["continuous"]) < float(terms["continuous"]) - 2


def test_variances_are_never_zero():
    said = read(CODES, torch.full((2, outputs_of(CODES)), -1e4))
    assert (said.variance >= CLOSEST).all()
    assert (CODES.dimension, outputs_of(CODES)) == (3 + 6 + 2, 6 + 4)


def test_codes_of_one_kind_alone_have_one_term():
    x = Batch(torch.randn(8, 5))
    for codes, names in (
        (Codes(noise=2, categories=(), continuous=1), {"adversarial", "continuous"}),
        (Codes(noise=2, categories=(3,), continuous=0), {"adversarial", "categorical"}),
    ):
        made = game(codes)
        for player in made.players():
            assert set(player.loss(x)) == names


def test_both_players_learn_to_make_codes_readable():
    """The information alone moves trunk and Q on D's turn, and the generator on its own."""
    made = game()
    critic, generator = made.players()
    for player, moved, still in (
        (critic, ("trunk", "Q"), ("generator",)),
        (generator, ("generator",), ("trunk", "Q", "discriminator")),
    ):
        made.zero_grad()
        with turn(made, player):
            terms = player.loss(Batch(torch.randn(8, 5)))
            (terms["categorical"] + terms["continuous"]).backward()
        for name in moved:
            assert all(p.grad is not None and bool(p.grad.any()) for p in made.get_submodule(name).parameters())
        for name in still:
            assert all(p.grad is None for p in made.get_submodule(name).parameters())


def sorted_game(pretrain=2):
    """Its sorter is sure of the sign of the first number."""
    torch.manual_seed(0)
    codes = Codes(noise=3, categories=(2, 3), continuous=1)
    sorter = Sorter(nn.Identity(), [Says()], views=[Halved()])
    Q = nn.Linear(6, outputs_of(codes))
    return InfoGAN(
        nn.Linear(codes.dimension, 5),
        nn.Linear(5, 6),
        nn.Linear(6, 1),
        Q,
        sorter,
        codes=codes,
        categorical=0.5,
        pretrain=pretrain,
    )


class Says(nn.Module):
    def __init__(self):
        super().__init__()
        self.sure = nn.Parameter(torch.tensor(20.0))

    def forward(self, x):
        return self.sure * torch.cat([x[:, :1], -x[:, :1]], 1)


def test_the_sorter_plays_before_the_others_and_not_after():
    alone, critic, generator = sorted_game().players()
    assert alone.name == "sorter"
    assert [alone.plays(round) for round in range(4)] == [True, True, False, False]
    for player in (critic, generator):
        assert [player.plays(round) for round in range(4)] == [False, False, True, True]


def test_on_its_turn_the_sorter_alone_is_moved():
    made = sorted_game()
    alone, *_ = made.players()
    with turn(made, alone):
        terms = alone.loss(Batch(torch.randn(8, 5)))
        assert set(terms) == {"sorted"}
        terms["sorted"].backward()
    assert bool(made.sorter.heads[0].sure.grad)
    assert all(p.grad is None for net in (made.generator, made.trunk, made.discriminator, made.Q) for p in net.parameters())


def test_Q_learns_to_say_of_real_things_what_the_sorter_says():
    made, x = sorted_game(), torch.randn(64, 5)
    _, critic, generator = made.players()
    with turn(made, critic):
        terms = critic.loss(Batch(x))
        terms["sorted"].backward()
    assert set(terms) == {"adversarial", "categorical", "continuous", "sorted"}
    assert set(generator.loss(Batch(x))) == {"adversarial", "categorical", "continuous"}
    said = made.read(x).categorical[0].detach()
    soft = (40 * x[:, :1] * torch.tensor([0.5, -0.5])).softmax(1)
    assert float(terms["sorted"].detach()) == pytest.approx(0.5 * float(-(soft * said.log_softmax(1)).sum(1).mean()), rel=1e-4)
    assert made.sorter.heads[0].sure.grad is None
    assert all(p.grad is not None and bool(p.grad.any()) for net in (made.trunk, made.Q) for p in net.parameters())
    optimizer = torch.optim.Adam(made.parameters(), lr=0.01)
    for _ in range(300):
        optimizer.zero_grad()
        critic.loss(Batch(x))["sorted"].backward()
        optimizer.step()
    assert float((made.read(x).categorical[0].argmax(1) == (x[:, 0] < 0)).float().mean()) > 0.95
