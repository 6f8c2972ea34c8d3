"""An option that would change nothing beside the others is refused, and says why; left as it was, it is not in the way."""

from __future__ import annotations

import dataclasses

import pytest

from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.recipes import RECIPES
from rivals.recipes.core import Idle, flag

IDLE = [  # recipe, what is asked for, the option that then changes nothing, why
    ("gan", {}, "penalty_weight", 3.0, "without --penalty"),
    ("gan", {}, "penalty_every", 4, "without --penalty"),
    ("gan", {}, "penalty_falls_to", 0.1, "without --penalty"),
    ("gan", {}, "matching_weight", 2.0, "without --matching"),
    ("gan", {}, "unroll_lr", 0.1, "without --unroll"),
    ("gan", {}, "momentum", 0.9, "with --optimizer adam"),
    ("gan", {"optimizer": "rmsprop"}, "beta1", 0.9, "with --optimizer rmsprop"),
    ("gan", {"optimizer": "sgd"}, "beta2", 0.9, "with --optimizer sgd"),
    ("gan", {"lr_d": 1e-3, "lr_g": 1e-3}, "lr", 1e-3, "beside --lr-d and --lr-g"),
    ("gan", {}, "augment_policy", "color", "without --augment"),
    ("gan", {}, "dropout_g_sampling", True, "without --dropout-g"),
    ("gan", {"network": "mlp"}, "constant_width", True, "without feature maps"),
    ("gan", {"network": "mlp"}, "downsample", "average", "without feature maps"),
    ("dcgan", {"network_g": "mlp"}, "upsample", "shuffle", "without feature maps"),
    ("infogan", {}, "views", "affine", "without --pretrain"),
    ("infogan", {}, "heads", 2, "without --pretrain"),
    ("infogan", {}, "lr_s", 0.1, "without --pretrain"),
    ("infogan", {"continuous": 0}, "continuous_weight", 0.5, "without --continuous"),
    ("infogan", {"categories": ()}, "categorical_weight", 0.5, "without --categories"),
    ("triplegan", {"generated_weight": 0.0}, "generated_from", 0.5, "with --generated-weight 0"),
    ("triplegan", {"dropout": 0.0}, "consistency", 1.0, "without --dropout"),
    ("dann", {"weight": 0.0}, "gamma", 5.0, "with --weight 0"),
    ("pix2pix", {"generator": "resnet"}, "depth", 2, "which has --blocks"),
    ("pix2pix", {"generator": "resnet"}, "noise", 0.5, "without --generator unet"),
    ("pix2pix", {}, "blocks", 2, "which has --depth"),
    ("pix2pix", {"rival": False}, "patch", "16", "with --no-rival"),
    ("pix2pix", {"rival": False}, "adversarial", "hinge", "with --no-rival"),
    ("pix2pix", {"rival": False}, "penalty", "r1", "with --no-rival"),
    ("cyclegan", {}, "penalty_weight", 1.0, "without --penalty"),
    ("cyclegan", {"cycle": 0.0}, "identity", 0.5, "with --cycle 0"),
    ("cyclegan", {"cycle": 0.0}, "distance", "l2", "with --cycle 0"),
    ("cyclegan", {"cycle": 0.0}, "hidden_noise", 0.1, "with --cycle 0"),
    ("dualgan", {}, "beta1", 0.9, "with --optimizer rmsprop"),
    ("onesided", {}, "blocks", 2, "which has --depth"),
    ("onesided", {}, "keep_weight", 2.0, "without --keep"),
    ("fader", {}, "patch", "16", "there are no discriminators"),
    ("fader", {}, "adversarial", "hinge", "there are no discriminators"),
    ("fader", {}, "judged", "reconstructions", "there are no discriminators"),
    ("stargan", {"penalty": "none"}, "penalty_weight", 1.0, "without --penalty"),
    ("stargan", {"generator": "unet"}, "blocks", 2, "with --generator unet"),
    ("srresnet", {}, "patch", "16", "without --rival"),
    ("srresnet", {}, "adversarial", "hinge", "without --rival"),
    ("srresnet", {}, "adversarial_weight", 0.1, "without --rival"),
    ("srresnet", {}, "penalty", "r1", "without --rival"),
    ("srgan", {}, "penalty_weight", 3.0, "without --penalty"),
    ("cgan", {}, "penalty_weight", 3.0, "without --penalty"),
    ("acgan", {}, "penalty_weight", 3.0, "without --penalty"),
    ("context-encoder", {}, "penalty_weight", 3.0, "without --penalty"),
    ("context-encoder", {"rival": False}, "penalty", "r1", "with --no-rival"),
    ("srresnet", {}, "content_weight", 0.5, "without --content"),
    ("context-encoder", {"rival": False}, "patch", "16", "with --no-rival"),
    ("context-encoder", {"rival": False}, "adversarial", "hinge", "with --no-rival"),
    ("context-encoder", {"rival": False}, "adversarial_weight", 0.1, "with --no-rival"),
]


@pytest.mark.parametrize(("recipe", "asked", "option", "value", "why"), IDLE)
def test_an_option_that_would_change_nothing_is_refused(recipe, asked, option, value, why):
    RECIPES[recipe].but(**asked)  # as it is by default, it is not in the way
    with pytest.raises(UserError, match=f"{flag(option)} changes nothing .*{why}"):
        RECIPES[recipe].but(**asked, **{option: value})


def test_what_recipes_call_idle_are_options_of_theirs_and_listed_here():
    listed = {option for _, _, option, _, _ in IDLE}
    for recipe in RECIPES.values():
        if isinstance(recipe.options, Idle):
            idle = {option for option, _ in recipe.options.idle()}
            assert idle <= {field.name for field in dataclasses.fields(recipe.options)} & listed


def test_it_is_refused_in_steps_too_and_runs_of_before_are_built_as_they_were():
    with pytest.raises(UserError, match="changes nothing without --penalty"):
        RECIPES["gan"].but(penalty="r1", penalty_weight=3.0).but(penalty="none")
    options = {**vars(RECIPES["pix2pix"].options), "rival": False, "patch": "16", "pair": "edges"}
    assert RECIPES["pix2pix"].as_it_was(Facts(shape=(1, 16, 16), count=9), options).game.D is None
