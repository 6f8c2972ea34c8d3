"""What every recipe of the catalogue must hold. A new recipe is tested here without a line."""

from __future__ import annotations

import copy

import pytest
import torch

from rivals.data import Batches
from rivals.data.core import Facts
from rivals.game import turn
from rivals.penalties import gradient_norm_squared
from rivals.recipes import RECIPES
from rivals.trainer import Trainer

pytestmark = pytest.mark.parametrize("name", RECIPES)
CPU = torch.device("cpu")


def trainer_of(setup, digits, seed=0, **options):
    batches = Batches(learnt(setup, digits), setup.batch, seed=seed, device=CPU)
    return Trainer(setup.game, batches, seed=seed, average=setup.average, **options)


def learnt(setup, digits):
    """The digits, with what else the recipe learns from beside them."""
    return digits if setup.beside is None else setup.beside(digits)


def batch_of(setup, digits):
    return Batches(learnt(setup, digits), 16, seed=0, device=CPU)(0)


def state_of(trainer):
    flat = {f"game/{k}": v.clone() for k, v in trainer.game.state_dict().items()}
    return flat | {f"average/{k}": v.clone() for k, v in trainer.average.state_dict().items()}


def assert_equal(a, b):
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []


def test_a_turn_moves_only_what_is_owned(name, small, digits):
    trainer = trainer_of(small(name), digits)
    for player in trainer.players:
        before = {n: p.clone() for n, p in trainer.game.named_parameters()}
        trainer.turn(player, trainer.batches(0), False)
        owned = set(player.parameters())
        moved = {n for n, p in trainer.game.named_parameters() if not torch.equal(p, before[n])}
        assert moved <= {n for n, p in trainer.game.named_parameters() if p in owned}
        assert moved


def test_every_owned_parameter_has_a_gradient(name, small, digits):
    """Summed over players: nobody owns what does not learn. (A gradient may be zero: a Wasserstein critic's last bias.)"""
    setup = small(name)
    game = setup.game
    for player in game.players():
        with turn(game, player):
            sum(player.loss(batch_of(setup, digits)).values()).backward()
        assert [n for n, p in game.named_parameters() if p in set(player.parameters()) and p.grad is None] == []
    owned = {p for player in game.players() for p in player.parameters()}
    assert owned == set(game.parameters())


def test_terms_are_finite_named_scalars(name, small, digits):
    setup = small(name)
    for player in setup.game.players():
        terms = player.loss(batch_of(setup, digits))
        assert terms
        assert all(t.shape == () and t.isfinite() for t in terms.values())


def test_resume_repeats_the_run_exactly(name, small, digits):
    whole = trainer_of(small(name, average=0.9), digits)
    for _ in range(5):
        whole.play(0.1)
    first = trainer_of(small(name, average=0.9), digits)
    for _ in range(2):
        first.play(0.1)
    first.shown()  # looking leaves no trace in the game
    state = copy.deepcopy(first.state())
    second = trainer_of(small(name, average=0.9), digits)
    second.load_state(state)
    for _ in range(3):
        second.play(0.1)
    assert_equal(whole.game.state_dict(), second.game.state_dict())
    for trainer in (whole, second):
        trainer.shown()
    assert_equal(state_of(whole), state_of(second))


def test_another_seed_is_another_run(name, small, digits):
    runs = []
    for seed in (0, 0, 1):
        trainer = trainer_of(small(name), digits, seed=seed)
        trainer.play()
        runs.append(torch.cat([p.flatten() for p in trainer.game.parameters()]))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_samples_have_the_shape_and_range_of_the_data(name, small):
    if "samples" not in RECIPES[name].can():
        pytest.skip("it draws nothing")
    for shape in [(1, 8, 8), (3, 16, 11)]:
        game = small(name, Facts(shape=shape, count=100, classes=3)).game.eval()
        x = game.sample(5)
        assert x.shape == (5, *shape)
        assert x.dtype == torch.float32
        assert x.abs().max() <= 1
        assert torch.equal(game.decode(z := game.prior(3)), game.decode(z))


def test_bf16_leaves_the_weights_in_float32(name, small, digits):
    trainer = trainer_of(small(name), digits, precision="bf16")
    trainer.play()
    trainer.window.check()
    assert all(p.dtype == torch.float32 and p.isfinite().all() for p in trainer.game.parameters())


def test_a_recipe_says_what_it_is(name):
    recipe = RECIPES[name]
    assert recipe.paper.count(",") >= 1
    assert recipe.url.startswith("https://")
    assert "Measured" in recipe.doc
    with pytest.raises(ValueError, match="did you mean 'batch'"):
        recipe(Facts(shape=(1, 8, 8), count=10), bacth=3)


def test_penalised_critics_do_not_mix_rows(name, small):
    """A penalty on the gradient of a row means nothing if rows see each other."""
    game = small(name).game
    if getattr(game, "penalty", None) is None:
        return
    critic = getattr(game, "judge", None) or game.discriminator
    x = torch.rand(4, 1, 8, 8) * 2 - 1
    alone = torch.cat([gradient_norm_squared(critic, row) for row in x.split(1)])
    assert torch.allclose(gradient_norm_squared(critic, x), alone, rtol=1e-3)
