"""InfoGAN: its prior, its codes' information in closed form, who learns from what."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from rivals import chance
from rivals.data.core import Batch
from rivals.game import turn
from rivals.games.infogan import CLOSEST, FORGETS, InfoGAN, Read, agreement, between, outputs_of, read
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


def test_agreement_is_the_mutual_information_of_two_answers():
    sure = 50 * torch.eye(4).repeat(6, 1)
    assert float(agreement(sure, sure)) == pytest.approx(math.log(4), rel=1e-5)  # the same, and all values alike
    assert float(agreement(sure, sure.roll(1, 1))) == pytest.approx(math.log(2), rel=1e-5)  # symmetric: one of two neighbours
    assert float(agreement(sure, torch.zeros(24, 4))) == pytest.approx(0, abs=1e-6)  # one knows nothing
    assert float(agreement(sure[:1].repeat(9, 1), sure[:1].repeat(9, 1))) == pytest.approx(0, abs=1e-6)  # one value for all


def test_the_gradient_of_agreement_is_that_of_its_formula():
    one, other = torch.randn(2, 7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    one.requires_grad_()
    joint = one.softmax(1).T @ other.softmax(1) / 7
    joint = (joint + joint.T) / 2
    formula = (joint * (joint / joint.sum(1, keepdim=True) / joint.sum(0)).log()).sum()
    (expected,) = torch.autograd.grad(formula, one)
    (found,) = torch.autograd.grad(agreement(one, other), one)
    assert torch.allclose(found, expected, atol=1e-12)


def test_real_things_teach_trunk_and_Q_on_the_critics_turn_alone():
    made = game(real=0.5, views=[Halved()])
    critic, generator = made.players()
    x = Batch(torch.randn(8, 5))
    assert "real" not in generator.loss(x)
    assert "categorical" in generator.loss(x)
    terms = critic.loss(x)
    said = made.read(torch.cat([x.x, x.x / 2])).categorical
    assert terms["real"].item() == pytest.approx(-0.5 * sum(agreement(*logits.chunk(2)).item() for logits in said), rel=1e-4)
    with turn(made, critic):
        critic.loss(x)["real"].backward()
    assert all(p.grad is not None and bool(p.grad.any()) for net in (made.trunk, made.Q) for p in net.parameters())
    assert all(p.grad is None for net in (made.generator, made.discriminator) for p in net.parameters())


def test_Q_learns_alone_before_the_game_begins():
    made = game(real=0.5, views=[Halved()], pretrain=2)
    alone, critic, generator = made.players()
    assert [alone.plays(round) for round in range(4)] == [True, True, False, False]
    for player in (critic, generator):
        assert [player.plays(round) for round in range(4)] == [False, False, True, True]
    with turn(made, alone):
        terms = alone.loss(Batch(torch.randn(8, 5)))
        assert set(terms) == {"real"}
        terms["real"].backward()
    assert all(p.grad is not None and bool(p.grad.any()) for net in (made.trunk, made.Q) for p in net.parameters())
    assert all(p.grad is None for net in (made.generator, made.discriminator) for p in net.parameters())


class Says(nn.Module):
    """A Q that is sure of the sign of one feature, or knows nothing."""

    def __init__(self, sure: float, feature: int = 0):
        super().__init__()
        self.sure, self.feature = nn.Parameter(torch.tensor(sure)), feature

    def forward(self, features):
        value = self.sure * features[:, self.feature, None]
        return torch.cat([value, -value], 1)


def several(*Q, **options):
    """Three Qs, by themselves the second is the only one that is sure; and one finer."""
    torch.manual_seed(0)
    codes = Codes(noise=3, categories=(2,))
    Q, finer = Q or [Says(0.01), Says(50.0), Says(0.0)], [nn.Linear(6, 7)]
    trunk = nn.Linear(5, 6, bias=False)
    return InfoGAN(nn.Linear(5, 5), trunk, nn.Linear(6, 1), Q, finer, codes=codes, real=0.5, views=[Halved()], **options)


def test_the_Q_that_knows_most_of_real_things_is_kept():
    made, x = several(pretrain=1), Batch(torch.randn(64, 5))
    alone, *_ = made.players()
    features = made.trunk(x.x)
    assert torch.equal(made.read(x.x).categorical[0], made.Q[0](features))  # nothing was learnt of them yet
    terms = {name: term.detach() for name, term in alone.loss(x).items()}
    assert int(made.chosen) == 1
    assert torch.equal(made.read(x.x).categorical[0], made.Q[1](features))
    both = torch.cat([features, features / 2])
    each = torch.stack([agreement(*Q(both).chunk(2)) for Q in made.Q]).detach()
    assert float(terms["real"]) == pytest.approx(-0.5 * float(each.mean()), rel=1e-5)
    assert torch.allclose(made.shared, FORGETS * between(torch.stack([Q(features) for Q in made.Q])).mean(1))
    assert float(terms["finer"]) == pytest.approx(-0.5 * float(agreement(*made.finer[0](both).chunk(2)).detach()), rel=1e-4)
    assert len(made.state_dict()["shared"]) == 3  # and what is known of them is saved


def test_of_Qs_that_are_equally_sure_the_one_that_most_agree_with_is_kept():
    made = several(Says(50.0, feature=1), Says(50.0), Says(-50.0), pretrain=1)
    next(made.players()).loss(Batch(torch.randn(64, 5)))
    assert int(made.chosen) in (1, 2)  # to say the opposite is to say the same
    assert float(made.shared[0]) < 0.6 * float(made.shared[1])


def test_information_between_answers_does_not_mind_what_a_value_is_called():
    sure = 50 * torch.eye(4).repeat(6, 1)
    coarse = torch.cat([sure[:, :2].sum(1, keepdim=True), sure[:, 2:].sum(1, keepdim=True), torch.full((24, 2), -50.0)], 1)
    found = between(torch.stack([sure, sure.roll(1, 1), coarse, torch.zeros(24, 4)]))
    four, two = math.log(4), math.log(2)
    expected = [[four, four, two, 0], [four, four, two, 0], [two, two, two, 0], [0, 0, 0, 0]]
    assert torch.allclose(found, torch.tensor(expected), atol=1e-5)


def test_the_choice_is_for_good_once_the_game_begins():
    made, x = several(pretrain=1), Batch(torch.randn(64, 5))
    alone, critic, _ = made.players()
    alone.loss(x)
    with torch.no_grad():
        made.Q[1].sure.zero_()
        made.Q[2].sure.fill_(50)
    for made.round, player, chosen in ((1, critic, 1), (9, critic, 1), (0, alone, 2)):
        for _ in range(100):
            player.loss(x)
        assert int(made.chosen) == chosen


def test_the_generator_alone_makes_the_values_of_the_chosen_Q_readable():
    made, x = several(pretrain=1), Batch(torch.randn(64, 5))
    alone, critic, generator = made.players()
    alone.loss(x)
    assert int(made.chosen) == 1
    made.round = 1
    assert set(critic.loss(x)) == {"adversarial", "real", "finer"}  # not "categorical"
    with chance.fixed(0):
        found = generator.loss(x)["categorical"]
    with chance.fixed(0):
        z = made.prior(64)
        said = made.Q[1](made.trunk(made.decode(z)))
    assert torch.allclose(found, cross_entropy(said, z[:, 3:].argmax(1)))
