"""Every option of the two-player recipes changes something, and wrong ones say what is right."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from rivals.data import Batches
from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.recipes import RECIPES
from rivals.recipes.duel import Duel, cosine, linear
from rivals.trainer import Trainer

BASE = {"network": "intermediate", "width": 4, "batch": 8, "latent": 5, "norm_d": "none"}
CHANGED = {
    "network": "dcgan",
    "width": 6,
    "adversarial": "least-squares",
    "penalty": "r1",
    "penalty_weight": 7.0,
    "penalty_every": 3,
    "clip": 0.01,
    "norm_d": "spectral",
    "norm_g": "none",
    "critic_turns": 2,
    "generator_turns": 2,
    "prior": "uniform",
    "latent": 6,
    "dropout_d": 0.3,
    "dropout_g": 0.3,
    "flip": 0.3,
    "instance_noise": 0.3,
    "pack": 2,
    "augment": "diff",
    "augment_policy": "flip",
    "replay": 2,
    "recall": 3,
    "activation": "sigmoid",
    "optimizer": "rmsprop",
    "lr": 0.01,
    "lr_d": 0.01,
    "beta1": 0.1,
    "beta2": 0.5,
    "decay": "linear",
    "batch": 9,
    "average": 0.5,
}
NEEDS = {  # options of an option
    "penalty_weight": {"penalty": "r1"},
    "penalty_every": {"penalty": "r1"},
    "augment_policy": {"augment": "diff"},
}


def trained(digits, **options):
    torch.manual_seed(0)
    setup = RECIPES["gan"](digits.facts, **{**BASE, **options})
    trainer = Trainer(setup.game, Batches(digits, setup.batch, seed=0, device=torch.device("cpu")), average=setup.average)
    for round in range(4):
        trainer.play(round / 4)
    return torch.cat([p.detach().flatten() for p in trainer.shown().generator.parameters()])


def test_the_list_of_options_is_whole():
    assert set(CHANGED) == {field.name for field in dataclasses.fields(Duel)}


@pytest.mark.parametrize("option", CHANGED)
def test_every_option_changes_the_run(option, digits):
    needs = NEEDS.get(option, {})
    plain, changed = trained(digits, **needs), trained(digits, **needs, **{option: CHANGED[option]})
    assert plain.shape != changed.shape or not torch.equal(plain, changed)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("flip", 1.5),
        ("dropout_d", -0.1),
        ("average", 1.0),
        ("critic_turns", 0),
        ("latent", 0),
        ("batch", 0),
        ("penalty_every", 0),
        ("instance_noise", 0.0),
        ("pack", 0),
        ("replay", 0),
        ("recall", 1),
    ],
)
def test_options_out_of_range_say_their_range(option, value):
    with pytest.raises(UserError, match=f"--{option.replace('_', '-')} "):
        Duel(**{option: value})


def test_options_that_would_change_nothing_are_refused():
    for options in (
        {"penalty_weight": 3.0},
        {"penalty_every": 4},
        {"optimizer": "sgd", "beta2": 0.9},
        {"augment_policy": "color"},
    ):
        with pytest.raises(UserError, match="nothing"):
            Duel(**options)


@pytest.mark.parametrize("criterion", ["minimax", "non-saturating", "least-squares", "hinge", "wasserstein", "relativistic"])
@pytest.mark.parametrize("penalty", ["none", "wgan-gp", "r1", "r1+r2"])
@pytest.mark.parametrize("network", ["simple", "intermediate", "dcgan", "mlp"])
def test_any_cross_plays(criterion, penalty, network, digits):
    setup = RECIPES["gan"](digits.facts, adversarial=criterion, penalty=penalty, network=network, width=4, norm_d="none")
    trainer = Trainer(setup.game, Batches(digits, 4, seed=0, device=torch.device("cpu")))
    trainer.play()
    terms, _ = trainer.window.take()
    assert ("penalty" in terms["discriminator"]) == (penalty != "none")


VIEWS = {"instance_noise": 0.1, "pack": 2, "augment": "adaptive", "replay": 2, "recall": 4, "flip": 0.1}


@pytest.mark.parametrize("penalty", ["none", "wgan-gp", "r1", "r1+r2"])
@pytest.mark.parametrize("network", ["simple", "intermediate", "resize"])
def test_all_remedies_together_play(penalty, network, digits):
    setup = RECIPES["gan"](digits.facts, penalty=penalty, network=network, width=4, norm_d="none", batch=8, **VIEWS)
    trainer = Trainer(setup.game, Batches(digits, 8, seed=0, device=torch.device("cpu")), precision="bf16")
    for _ in range(4):
        trainer.play()
    trainer.check()


def test_wrong_views_say_what_is_right(digits):
    with pytest.raises(UserError, match=r"--batch 9 .* as 8"):
        Duel(batch=9, pack=2)
    with pytest.raises(UserError, match="--adversarial wasserstein"):
        Duel(adversarial="wasserstein", augment="adaptive")
    with pytest.raises(UserError, match="did you mean 'cutout'"):
        RECIPES["gan"](digits.facts, augment="diff", augment_policy="color, cutuot")
    with pytest.raises(UserError, match="--augment is for pictures"):
        RECIPES["gan"](Facts(shape=(2,), count=10, bounded=False), network="mlp", augment="diff")


def test_vectors_are_packed_and_replayed():
    game = RECIPES["gan"](Facts(shape=(3,), count=10, bounded=False), network="mlp", width=4, batch=4, pack=2, replay=1).game
    assert game.discriminator(game.seen(game.generated(4))).shape == (2, 1)


def test_networks_for_vectors_end_without_squashing():
    game = RECIPES["gan"](Facts(shape=(2,), count=10, bounded=False), network="mlp", width=16).game
    game.generator.body[-1].bias.data.fill_(50)
    assert game.sample(3).min() > 10


def test_defaults_follow_their_papers():
    wgan, gp = RECIPES["wgan"].options, RECIPES["wgan-gp"].options
    assert (wgan.clip, wgan.optimizer, wgan.lr, wgan.critic_turns, wgan.batch) == (0.01, "rmsprop", 5e-5, 5, 64)
    assert (gp.critic_turns, gp.lr, gp.beta1, gp.beta2, gp.penalty) == (5, 1e-4, 0.0, 0.9, "wgan-gp")
    groups = {
        network: next(iter(RECIPES["gan"](Facts(shape=(1, 8, 8), count=9), network=network, width=4).game.players()))
        for network in ("simple", "intermediate", "dcgan")
    }
    settings = {name: player.optim(player.parameters()).param_groups[0] for name, player in groups.items()}
    assert {name: (group["lr"], group["betas"][0]) for name, group in settings.items()} == {
        "simple": (1e-3, 0.9),
        "intermediate": (2e-3, 0.5),
        "dcgan": (2e-4, 0.5),
    }


def test_learning_rates_fall_to_zero():
    assert [linear(0), linear(0.25), linear(1)] == [1, 0.75, 0]
    assert [round(cosine(p), 6) for p in (0, 0.5, 1)] == [1, 0.5, 0]


def test_flipped_rows_change_places(digits):
    from rivals.games.gan import exchanged

    real, fake = torch.ones(4000, 1, 2, 2), torch.zeros(4000, 1, 2, 2)
    shown_real, shown_fake = exchanged(real, fake, 0.1)
    assert torch.equal(shown_real + shown_fake, torch.ones_like(real))
    assert set(shown_real.mean((1, 2, 3)).tolist()) == {0.0, 1.0}  # whole pictures
    assert float(shown_fake.mean()) == pytest.approx(0.1, abs=0.02)
