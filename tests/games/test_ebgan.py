"""EBGAN's terms in closed form: energies, the hinge at the margin, the pulling-away term; and the autoencoder's head start."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from rivals.data import Batches
from rivals.data.core import Batch
from rivals.game import turn
from rivals.games.ebgan import EBGAN, pulling_away, reconstruction_error
from rivals.priors import Normal
from rivals.trainer import Trainer

CPU = torch.device("cpu")


class Constant(nn.Module):
    """A generator of things whose every number is the same."""

    def __init__(self, value: float):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))

    def forward(self, z):
        return self.value.expand(len(z), 3)


def to_zero(inputs: int, outputs: int) -> nn.Linear:
    """An autoencoder's half that says 0 to everything: the energy of x is then the mean of its squares."""
    net = nn.Linear(inputs, outputs)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    return net


def game_of(value=0.5, **options) -> EBGAN:
    return EBGAN(Constant(value), nn.Linear(3, 2), to_zero(2, 3), prior=Normal(2), **options)


def test_the_energy_is_the_mean_square_error_of_a_number():
    torch.manual_seed(0)
    game = EBGAN(Constant(0.0), nn.Linear(6, 2), nn.Linear(2, 6), prior=Normal(2))
    x = torch.randn(5, 6)
    again = game.decoder(game.encoder(x)).tolist()
    expected = [sum((float(x[i, j]) - again[i][j]) ** 2 for j in range(6)) / 6 for i in range(5)]
    assert game.energy(x)[:, 0].tolist() == pytest.approx(expected, rel=1e-5)
    assert torch.equal(game.logits(x), -game.energy(x))
    maps = torch.randn(2, 3, 4, 4)
    assert torch.allclose(reconstruction_error(maps, maps - 2, power=1), torch.full((2, 1), 2.0))
    assert torch.allclose(reconstruction_error(maps, maps - 2, power=2), torch.full((2, 1), 4.0))


def test_energies_are_float32_under_autocast():
    game = game_of()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert game.energy(torch.randn(4, 3)).dtype == torch.float32


@pytest.mark.parametrize(("value", "hinge"), [(0.0, 0.25), (0.3, 0.16), (0.5, 0.0), (0.9, 0.0)])
def test_samples_are_raised_up_to_the_margin(value, hinge):
    """The energy of a sample is value^2 here; beyond the margin, 0.25, the discriminator leaves it alone."""
    game = game_of(value, margin=0.25)
    terms = game.loss_D(Batch(torch.ones(4, 3)))
    assert float(terms["real"].detach()) == pytest.approx(1.0)
    assert float(terms["margin"].detach()) == pytest.approx(hinge)
    player = next(iter(game.players()))
    with turn(game, player):
        game.loss_D(Batch(torch.zeros(4, 3)))["margin"].backward()
    assert (float(game.decoder.bias.grad.abs().sum()) > 0) == (0 < value < 0.5)  # (at 0 the error has no slope)


def test_the_hinge_is_of_each_sample_and_not_of_their_mean():
    game = game_of(margin=0.25)
    game.generator.forward = lambda z: torch.tensor([[0.0], [1.0]]).expand(2, 3)  # energies 0 and 1: their mean is past 0.25
    assert float(game.loss_D(Batch(torch.ones(2, 3)))["margin"].detach()) == pytest.approx(0.125)


def test_pulling_away_is_the_mean_over_pairs():
    torch.manual_seed(0)
    codes = torch.randn(7, 5) * torch.arange(1, 8)[:, None]
    total = 0.0
    for i in range(7):
        for j in range(7):
            if j != i:
                total += float((codes[i] @ codes[j] / (codes[i].norm() * codes[j].norm())) ** 2)
    assert float(pulling_away(codes)) == pytest.approx(total / (7 * 6), rel=1e-5)


def test_pulling_away_at_its_ends():
    assert float(pulling_away(torch.eye(4) * 3)) == 0.0  # all at right angles
    assert float(pulling_away(torch.tensor([[1.0, 2.0], [-2.0, -4.0]]))) == pytest.approx(1.0)  # opposite is alike
    assert float(pulling_away(torch.randn(1, 4))) == 0.0  # one alone has no pairs
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert pulling_away(torch.eye(2).bfloat16()).dtype == torch.float32


def test_pulling_away_is_weighted_and_may_be_left_out():
    torch.manual_seed(0)
    batch = Batch(torch.zeros(4, 3))
    assert float(game_of(pulling_away=0.3).loss_G(batch)["pulling away"].detach()) == pytest.approx(0.3)  # all samples alike
    assert set(game_of(pulling_away=0.0).loss_G(batch)) == {"energy"}


def test_a_gradient_reaches_its_owner_alone():
    torch.manual_seed(0)
    game = EBGAN(nn.Linear(2, 3), nn.Linear(3, 2), nn.Linear(2, 3), prior=Normal(2), margin=9.0)
    owned = {"discriminator": {"encoder", "decoder"}, "generator": {"generator"}}
    for player in game.players():
        game.zero_grad()
        with turn(game, player):
            sum(player.loss(Batch(torch.randn(4, 3))).values()).backward()
        assert {name.split(".")[0] for name, p in game.named_parameters() if p.grad is not None} == owned[player.name]


def test_the_autoencoder_plays_alone_first_and_the_generator_is_untouched(small, digits):
    setup = small("ebgan", pretrain=3)
    start = copy.deepcopy(setup.game.generator.state_dict())
    encoder = copy.deepcopy(setup.game.encoder)
    trainer = Trainer(setup.game, Batches(digits, setup.batch, seed=0, device=CPU))
    for _ in range(3):
        trainer.play()
        assert all(torch.equal(value, start[name]) for name, value in setup.game.generator.state_dict().items())  # buffers too
    terms = trainer.window.take().terms
    assert {player: set(names) for player, names in terms.items()} == {"discriminator": {"real"}}
    assert not torch.equal(next(encoder.parameters()), next(setup.game.encoder.parameters()))
    trainer.play()
    terms = trainer.window.take().terms
    assert set(terms["discriminator"]) == {"real", "margin"}
    assert set(terms["generator"]) == {"energy", "pulling away"}
    assert any(not torch.equal(value, start[name]) for name, value in setup.game.generator.state_dict().items())


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_run_stopped_before_at_and_after_the_start_goes_on_exactly(stop, small, digits):
    def trainer():
        setup = small("ebgan", pretrain=2)
        return Trainer(setup.game, Batches(digits, setup.batch, seed=0, device=CPU), average=0.9)

    whole, first, second = trainer(), trainer(), trainer()
    for _ in range(4):
        whole.play()
    for _ in range(stop):
        first.play()
    second.load_state(copy.deepcopy(first.state()))
    for _ in range(4 - stop):
        second.play()
    for a, b in ((whole.game, second.game), (whole.average, second.average)):
        assert all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())
