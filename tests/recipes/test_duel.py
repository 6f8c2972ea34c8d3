"""Every option of the two-player recipes changes something, and wrong ones say what is right."""

from __future__ import annotations

import copy
import dataclasses
from typing import get_args

import pytest
import torch
from torch import nn

from rivals import chance
from rivals.criteria import CRITERIA, smoothed
from rivals.data import Batches
from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.networks.convolutional import ConvDiscriminator
from rivals.networks.mlp import MLPGenerator
from rivals.recipes import RECIPES
from rivals.recipes.duel import Criterion, Duel, cosine, linear
from rivals.sampling import drawn
from rivals.trainer import Trainer

BASE = {"network": "intermediate", "width": 4, "batch": 8, "latent": 5, "norm_d": "none"}
CHANGED = {
    "network": "dcgan",
    "network_g": "resize",
    "width": 6,
    "width_g": 5,
    "constant_width": True,
    "extra_layers": 1,
    "hidden_d": "prelu",
    "hidden_g": "tanh",
    "downsample": "average",
    "upsample": "shuffle",
    "dropout_g_sampling": True,
    "minibatch_features": 3,
    "generators": 2,
    "adversarial": "least-squares",
    "penalty": "r1",
    "penalty_weight": 7.0,
    "penalty_every": 3,
    "penalty_falls_to": 0.01,
    "clip": 0.01,
    "smooth": 0.1,
    "matching": "added",
    "matching_weight": 3.0,
    "history": 0.1,
    "unroll": 2,
    "unroll_lr": 0.5,
    "hold": 2.0,
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
    "lr_g": 0.01,
    "momentum": 0.9,
    "beta1": 0.1,
    "beta2": 0.5,
    "decay": "linear",
    "batch": 9,
    "average": 0.5,
}
NEEDS = {  # options of an option
    "penalty_weight": {"penalty": "r1"},
    "penalty_every": {"penalty": "r1"},
    "penalty_falls_to": {"penalty": "r1"},
    "dropout_g_sampling": {"dropout_g": 0.3},
    "matching_weight": {"matching": "added"},
    "unroll_lr": {"unroll": 1},
    "momentum": {"optimizer": "sgd"},
    "augment_policy": {"augment": "diff"},
}


def trained(digits, **options):
    torch.manual_seed(0)
    setup = RECIPES["gan"](digits.facts, **{**BASE, **options})
    trainer = Trainer(setup.game, Batches(digits, setup.batch, seed=0, device=torch.device("cpu")), average=setup.average)
    for round in range(4):
        trainer.play(round / 4)
    game = trainer.shown()
    return torch.cat([*(p.flatten() for p in game.generator.parameters()), drawn(game, 4, seed=0).flatten()])


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
        ("width", 0),
        ("extra_layers", -1),
        ("minibatch_features", -1),
        ("generators", 0),
        ("smooth", 1.0),
        ("unroll", -1),
        ("history", -0.1),
        ("lr_g", 0.0),
        ("instance_noise", 0.0),
        ("pack", 0),
        ("replay", 0),
        ("recall", 1),
    ],
)
def test_options_out_of_range_say_their_range(option, value):
    with pytest.raises(UserError, match=f"--{option.replace('_', '-')} "):
        Duel(**{option: value})


def test_smoothing_refuses_criteria_without_labels():
    for criterion in CRITERIA:
        if criterion in ("minimax", "non-saturating", "least-squares"):
            Duel(smooth=0.1, adversarial=criterion)
        else:
            with pytest.raises(UserError, match="least-squares"):
                Duel(smooth=0.1, adversarial=criterion)
            with pytest.raises(UserError, match="least-squares"):
                smoothed(CRITERIA[criterion], 0.1)


def test_what_cannot_be_differentiated_twice_is_not_unrolled():
    with pytest.raises(UserError, match="leave one out"):
        Duel(unroll=1, minibatch_features=4)


def test_two_time_scales_and_momentum_reach_the_optimisers():
    facts = Facts(shape=(1, 8, 8), count=9)
    ttur = RECIPES["gan"](facts, width=4, lr_d=4e-4, lr_g=1e-4).game
    assert [p.optim(p.parameters()).param_groups[0]["lr"] for p in ttur.players()] == [4e-4, 1e-4]
    for name in ("sgd", "rmsprop"):
        game = RECIPES["gan"](facts, width=4, optimizer=name, momentum=0.9).game
        assert [p.optim(p.parameters()).param_groups[0]["momentum"] for p in game.players()] == [0.9, 0.9]


def test_every_criterion_can_be_named():
    assert set(get_args(Criterion)) == set(CRITERIA)


@pytest.mark.parametrize("criterion", [name for name in CRITERIA if not name.startswith("f-")])
@pytest.mark.parametrize("penalty", ["none", "wgan-gp", "wgan-lp", "dragan", "r1", "r1+r2"])
@pytest.mark.parametrize("network", ["simple", "intermediate", "dcgan", "mlp"])
def test_any_cross_plays(criterion, penalty, network, digits):
    setup = RECIPES["gan"](digits.facts, adversarial=criterion, penalty=penalty, network=network, width=4, norm_d="none")
    trainer = Trainer(setup.game, Batches(digits, 4, seed=0, device=torch.device("cpu")))
    trainer.play()
    terms = trainer.window.take().terms
    assert ("penalty" in terms["discriminator"]) == (penalty != "none")


def test_minibatch_features_and_a_penalty_exclude_each_other():
    with pytest.raises(UserError, match="leave one out"):
        Duel(minibatch_features=8, penalty="r1")


def test_a_generator_of_another_family_has_its_own_width_and_the_others_discriminator():
    game = RECIPES["dcgan"](
        Facts(shape=(1, 8, 8), count=9), network_g="mlp", constant_width=True, width=8, hidden_g="tanh"
    ).game
    assert isinstance(game.generator, MLPGenerator)
    assert isinstance(game.discriminator, ConvDiscriminator)
    assert {layer.out_channels for layer in game.discriminator.modules() if isinstance(layer, nn.Conv2d)} == {8}
    plain = RECIPES["dcgan"](Facts(shape=(1, 8, 8), count=9), network_g="mlp").game
    assert plain.generator.body[0].out_features == 256


NORMS = ["batch", "layer", "virtual", "weight", "spectral", "none"]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("network", ["simple", "mlp", "intermediate", "dcgan", "resize"])
def test_any_norm_in_both_networks_resumes_exactly_in_both_precisions(norm, network, digits):
    """With what else the networks may carry from round to round: an ensemble, minibatch features."""
    for precision in ("float32", "bf16"):
        options = {**BASE, "network": network, "norm_d": norm, "norm_g": norm, "generators": 2, "minibatch_features": 3}

        def begun(options=options, precision=precision):
            torch.manual_seed(0)
            setup = RECIPES["gan"](digits.facts, **options, average=0.9)
            batches = Batches(digits, setup.batch, seed=0, device=torch.device("cpu"))
            return Trainer(setup.game, batches, precision=precision, average=setup.average)

        whole, second = begun(), begun()
        whole.shown()  # a look before the first round leaves no trace
        for _ in range(2):
            whole.play()
        whole.shown()
        second.load_state(copy.deepcopy(whole.state()))
        for trainer in (whole, second):
            trainer.play()
        states = whole.game.state_dict(), second.game.state_dict()
        assert [name for name in states[0] if not torch.equal(states[0][name], states[1][name])] == []
        with torch.no_grad():
            assert torch.equal(drawn(whole.shown(), 5, seed=1), drawn(second.shown(), 5, seed=1))


def test_the_references_are_the_first_real_batch_and_the_first_latents(digits):
    torch.manual_seed(0)
    game = RECIPES["gan"](digits.facts, **{**BASE, "norm_d": "virtual", "norm_g": "virtual"}).game
    batches = Batches(digits, 8, seed=0, device=torch.device("cpu"))
    trainer = Trainer(game, batches)
    trainer.shown()
    for _ in range(3):
        trainer.play()
    with chance.fixed(0, 0):  # as the trainer seeds its first round
        z = game.prior(8)
    assert torch.equal(game.discriminator.reference, batches(0).x)
    assert torch.equal(game.generator.reference, z)
    game.eval()
    assert torch.equal(game.decode(z), game.decode(z))


VIEWS = {"instance_noise": 0.1, "pack": 2, "augment": "adaptive", "replay": 2, "recall": 4, "flip": 0.1}


@pytest.mark.parametrize("penalty", ["none", "wgan-gp", "r1", "r1+r2"])
@pytest.mark.parametrize("network", ["simple", "intermediate", "resize"])
def test_all_remedies_together_play(penalty, network, digits):
    setup = RECIPES["gan"](digits.facts, penalty=penalty, network=network, width=4, norm_d="none", batch=8, **VIEWS)
    trainer = Trainer(setup.game, Batches(digits, 8, seed=0, device=torch.device("cpu")), precision="bf16")
    for _ in range(4):
        trainer.play()
    trainer.check()


@pytest.mark.parametrize("criterion", [name for name in CRITERIA if name.startswith("f-")])
def test_every_divergence_plays(criterion, digits):
    """They treat logits alike, so that one cross with the networks and the penalties is enough."""
    setup = RECIPES["gan"](digits.facts, adversarial=criterion, penalty="r1", network="simple", width=4, batch=4)
    trainer = Trainer(setup.game, Batches(digits, 4, seed=0, device=torch.device("cpu")))
    for _ in range(3):
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


@pytest.mark.parametrize("name", ["gan", "dcgan", "lsgan", "wgan", "r3gan", "cgan", "vae"])
@pytest.mark.parametrize("lr", [None, 0.0123])
def test_what_is_left_open_stands_for_what_is_played(name, lr):
    recipe = RECIPES[name].but(width=8, lr=lr)
    setup = recipe(Facts(shape=(1, 8, 8), count=100, classes=3))
    for player in setup.game.players():
        (group,) = player.optim(list(player.owns[0].parameters())).param_groups
        own = f"lr_{player.name[0]}"
        rate = getattr(recipe.options, own, None)
        assert group["lr"] == (rate or (setup.usual.get(own) if hasattr(recipe.options, own) else lr or setup.usual["lr"]))
        if "beta1" in setup.usual:
            assert group["betas"][0] == (setup.usual["beta1"] if recipe.options.beta1 is None else recipe.options.beta1)
