"""Every option of EBGAN and BEGAN changes something, and both take any size of picture, vectors, and any network."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.metrics.features import Discriminator
from rivals.recipes import RECIPES
from rivals.recipes.energy import BEGANOptions, EBGANOptions

BASE = {"network": "intermediate", "width": 4, "batch": 8, "latent": 5, "code": 4}
BOTH = {
    "network": "dcgan",
    "width": 6,
    "norm_d": "none",
    "norm_g": "none",
    "prior": "",
    "latent": 6,
    "code": 3,
    "activation": "sigmoid",
    "lr": 0.01,
    "lr_d": 0.01,
    "beta1": 0.1,
    "decay": "linear",
    "batch": 9,
    "average": 0.5,
}
CHANGED = {
    "ebgan": {**BOTH, "prior": "uniform", "margin": 1e-3, "pulling_away": 0.0, "pretrain": 2},
    "began": {**BOTH, "prior": "normal", "gamma": 0.9, "lambda_k": 0.5},
}
PAIRS = [(name, option) for name, changed in CHANGED.items() for option in changed]


def test_the_lists_of_options_are_whole():
    for options, name in ((EBGANOptions, "ebgan"), (BEGANOptions, "began")):
        assert set(CHANGED[name]) == {field.name for field in dataclasses.fields(options)}


@pytest.mark.parametrize(("name", "option"), PAIRS)
def test_every_option_changes_the_run(name, option, weights_after):
    plain, changed = weights_after(name, **BASE), weights_after(name, **{**BASE, option: CHANGED[name][option]})
    assert plain.shape != changed.shape or not torch.equal(plain, changed)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (EBGANOptions, {"margin": 0.0}),
        (EBGANOptions, {"margin": math.inf}),
        (EBGANOptions, {"pulling_away": -0.1}),
        (EBGANOptions, {"pretrain": -1}),
        (EBGANOptions, {"code": 0}),
        (BEGANOptions, {"gamma": 0.0}),
        (BEGANOptions, {"lambda_k": -1.0}),
        (BEGANOptions, {"average": 1.0}),
        (BEGANOptions, {"beta1": 1.0}),
    ],
)
def test_options_out_of_range_say_their_range(options, wrong):
    (option,) = wrong
    with pytest.raises(UserError, match=f"--{option.replace('_', '-')} "):
        options(**wrong)


@pytest.mark.parametrize("name", CHANGED)
@pytest.mark.parametrize("network", ["simple", "intermediate", "dcgan", "resize", "mlp"])
@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_any_network_gives_pictures_back(name, network, norm):
    game = RECIPES[name](Facts(shape=(3, 13, 10), count=99), network=network, width=4, norm_d=norm).game
    x = torch.rand(4, 3, 13, 10) * 2 - 1
    assert game.encoder(x).shape == (4, 64)
    assert game.decoder(game.encoder(x)).shape == x.shape
    assert game.logits(x).shape == (4, 1)
    assert game.sample(2).shape == (2, 3, 13, 10)


@pytest.mark.parametrize("name", CHANGED)
def test_vectors_are_reconstructed_without_squashing(name):
    game = RECIPES[name](Facts(shape=(2,), count=10, bounded=False), network="mlp", width=16, code=1).game
    for net in (game.generator, game.decoder):
        net.body[-1].bias.data.fill_(50)
    assert game.sample(3).min() > 10
    assert game.decoder(game.encoder(torch.zeros(3, 2))).min() > 10


@pytest.mark.parametrize("name", CHANGED)
def test_what_the_encoder_has_learnt_is_what_a_probe_describes_things_by(name, digits):
    game = RECIPES[name](digits.facts, **BASE).game
    features = Discriminator(game, digits.facts.shape)
    assert features.protocol.startswith("activations of the game's encoder")
    maps = 4 * 4 * 4 + 8 * 2 * 2  # of width 4 at 4x4 and of width 8 at 2x2
    assert features(torch.zeros(2, *digits.facts.shape)).shape == (2, maps)


def test_of_both_players_the_discriminators_rate_may_differ():
    game = RECIPES["ebgan"](Facts(shape=(1, 8, 8), count=9), width=4, lr=0.5, lr_d=0.25).game
    rates = {p.name: p.optim(p.parameters()).param_groups[0]["lr"] for p in game.players()}
    assert rates == {"discriminator": 0.25, "generator": 0.5}
