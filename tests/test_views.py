"""Noise by its variance and its fall, packs by their layout; what packs cannot be asked."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rivals import chance
from rivals.data.core import Batch, Facts
from rivals.errors import UserError
from rivals.games.gan import GAN
from rivals.metrics import probe, realness
from rivals.metrics.core import Case, Unsuitable
from rivals.metrics.evaluation import evaluate_run
from rivals.metrics.features import Discriminator, Pixels
from rivals.networks.trials import mlp
from rivals.priors import Normal
from rivals.recipes import RECIPES
from rivals.training import Training, train
from rivals.views import InstanceNoise, Pack, View, Views, together


@pytest.mark.parametrize("progress", [0.0, 0.25, 1.0])
def test_noise_has_its_variance_and_falls_to_none(progress):
    x = torch.randn(400, 3, 5, 5)
    noise = InstanceNoise(0.2)(x, progress) - x
    assert float(noise.std()) == pytest.approx(0.2 * (1 - progress), rel=0.02)
    if progress < 1:
        assert float(noise.mean()) == pytest.approx(0, abs=0.01)
        assert float(torch.corrcoef(noise.flatten(1)[:, :2].T)[0, 1]) == pytest.approx(0, abs=0.2)  # each number its own
        assert not torch.equal(noise, InstanceNoise(0.2)(x, progress) - x)  # fresh draws


@pytest.mark.parametrize("shape", [(2,), (3, 4, 5)])
@pytest.mark.parametrize("m", [2, 3])
def test_a_pack_lays_things_behind_one_another(shape, m):
    x = torch.arange(6 * torch.Size(shape).numel()).view(6, *shape).float()
    packs = Pack(m)(x, 0.0)
    expected = [torch.cat([x[i + k * 6 // m] for k in range(m)]) for i in range(6 // m)]
    assert torch.equal(packs, torch.stack(expected))


def test_packs_keep_the_rows_of_trials_apart():
    """Row r of a batch belongs to trial r % S; of the packs too."""
    trial = torch.arange(12) % 3
    assert torch.equal(Pack(2)(torch.stack([trial, trial], 1), 0.0), (torch.arange(6) % 3)[:, None].expand(6, 4))
    torch.manual_seed(0)
    D = mlp(3, [4, 5, 1], nn.ReLU)
    game = GAN(mlp(3, [2, 5, 2], nn.ReLU), D, prior=Normal(2), views=[Pack(2)])
    x = torch.randn(12, 2, requires_grad=True)
    game.logits(game.seen(x))[1::3].sum().backward()
    touched = x.grad.abs().sum(1) > 0
    assert set((torch.arange(12) % 3)[touched].tolist()) == {1}


def test_what_makes_no_packs_says_what_does():
    with pytest.raises(UserError, match="9 rows makes no packs of 4: choose a multiple, as 8"):
        Pack(4)(torch.zeros(9, 2), 0.0)


class Plus(View):
    def __init__(self, number):
        super().__init__()
        self.number, self.heard = number, []

    def forward(self, x, progress):
        return (x + self.number) * (1 + progress)

    def heed(self, real):
        self.heard.append(real)


def test_views_come_one_after_another_on_both_turns():
    first, second, seen = Plus(1), Plus(10), []

    class Looks(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2, 1))

        def forward(self, x):
            seen.append(x.detach().clone())
            return x @ self.weight

    G = nn.Linear(2, 2)
    nn.init.zeros_(G.weight), nn.init.zeros_(G.bias)
    game = GAN(G, Looks(), prior=Normal(2), views=[first, second])
    game.progress = 0.5
    game.loss_D(Batch(torch.full((3, 2), 4.0)))
    game.loss_G(Batch(torch.full((3, 2), 4.0)))["adversarial"].backward()
    real, fake, again = seen
    assert torch.equal(real, torch.full((3, 2), ((4.0 + 1) * 1.5 + 10) * 1.5))
    assert torch.equal(fake, torch.full((3, 2), (1.5 + 10) * 1.5))
    assert torch.equal(again, fake)
    assert G.bias.grad.abs().sum() > 0  # the generator learns through them
    (logits,) = first.heard  # of the real ones, on D's turn alone
    assert torch.equal(logits, real @ game.discriminator.weight)
    assert len(list(Views([first, second]))) == 2


def test_without_views_nothing_is_drawn_for_them():
    game = GAN(nn.Linear(2, 2), nn.Linear(2, 1), prior=Normal(2))
    x = torch.randn(4, 2)
    assert game.seen(x) is x
    with chance.fixed(3):
        ours = game.generated(4)
    with chance.fixed(3):
        assert torch.equal(ours, game.sample(4))


def test_a_penalty_is_on_the_slope_at_what_is_shown():
    """Of a linear D on packs of two, WGAN-GP is (|w| - 1)^2 with w over the whole pack."""
    from rivals.penalties import WGANGP

    D = nn.Linear(4, 1, bias=False)
    game = GAN(nn.Linear(2, 2), D, prior=Normal(2), views=[Pack(2)], penalty=WGANGP(10.0))
    term = game.loss_D(Batch(torch.randn(6, 2)))["penalty"]
    assert float(term.detach()) == pytest.approx(float(10 * (D.weight.detach().norm() - 1) ** 2), rel=1e-4)


def test_packs_have_nothing_to_say_of_one_thing(small, digits):
    game = small("gan", pack=2).game
    assert together(game) == 2
    assert together(small("gan").game) == together(small("vae").game) == 1
    case = Case(digits, digits, Pixels(), None, game)
    for ask in (realness.measure, realness.candidates, probe.measure):
        with pytest.raises(Unsuitable, match="packs of 2"):
            ask(case)
    with pytest.raises(Unsuitable, match="packs of 2"):
        Discriminator(game, digits.facts.shape)


def test_a_packed_run_is_scored_and_evaluated(tmp_path):
    recipe = RECIPES["gan"].but(width=8, batch=16, pack=2)
    with pytest.raises(Unsuitable, match="packs of 2"):
        train(recipe, Training(into=tmp_path / "refused", rounds=2, looks=1, score="realness", precision="float32"))
    run = train(recipe, Training(into=tmp_path / "run", rounds=4, looks=1, precision="float32"))
    assert len(run.scores()) == 2
    found = evaluate_run(run.path, metrics=("fd",), features=("pixels",), n=100, device="cpu")
    assert {row.metric for row in found.rows} == {"fd"}
    with pytest.raises(UserError, match="packs of 2"):
        evaluate_run(run.path, metrics=("fd",), features=("discriminator",), n=100, device="cpu")
    with pytest.raises(UserError, match="packs of 2"):
        evaluate_run(run.path, metrics=("realness",), features=("pixels",), n=100, device="cpu")


def test_a_packed_discriminator_has_as_many_more_channels():
    game = RECIPES["gan"](Facts(shape=(3, 8, 8), count=9), network="resize", width=4, batch=6, pack=3).game
    x = torch.randn(6, 3, 8, 8)
    assert game.logits(game.seen(x)).shape == (2, 1)
    assert next(game.discriminator.parameters()).shape[1] == 9
