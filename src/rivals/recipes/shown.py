"""What the discriminator of a duel is shown, from its options: views, and what is kept of the past."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from rivals.augmentation import POLICIES, Adaptive, Augment, Transform
from rivals.data.core import Facts
from rivals.errors import UserError, pick
from rivals.recipes.core import counts, positive
from rivals.views import InstanceNoise, Pack, View

if TYPE_CHECKING:
    from rivals.recipes.duel import Duel

AugmentName = Literal["none", "diff", "adaptive"]
USUAL = {"diff": "color,translation,cutout", "adaptive": "color,translation,cutout,flip,rotation"}  # policies
SIGNED = (  # criteria whose logit is positive for what is called real
    "minimax",
    "non-saturating",
    "hinge",
    "f-reverse-kl",
    "f-pearson",
    "f-neyman",
    "f-hellinger",
    "f-jeffreys",
    "f-js",
    "f-gan",
    "f-tv",
    "f-pearson-ns",
    "f-hellinger-ns",
)


def check_shown(options: Duel) -> None:
    """Raises `UserError` for options that are out of range."""
    counts(options, "pack", "replay")
    positive(options, "instance_noise")
    if options.augment == "adaptive" and options.adversarial not in SIGNED:
        raise UserError(
            f"--augment adaptive reads the sign of the logit, which says nothing with --adversarial {options.adversarial}: "
            f"use one of {', '.join(SIGNED)}, or --augment diff"
        )
    if options.batch % options.pack:
        fit = max(1, options.batch // options.pack) * options.pack
        raise UserError(f"--batch {options.batch} makes no packs of {options.pack}: choose a multiple, as {fit}")
    if options.recall is not None and options.recall < 2:
        raise UserError(f"--recall takes at least 2 rounds, not {options.recall}")


def views(facts: Facts, options: Duel) -> list[View]:
    """Each picture augmented and under noise, and then packed."""
    found = [] if options.augment == "none" else [augmentation(facts, options)]
    found += [] if options.instance_noise is None else [InstanceNoise(options.instance_noise)]
    return found + ([Pack(options.pack)] if options.pack > 1 else [])


def transforms_of(facts: Facts, policies: str, *, option: str = "--augment") -> list[Transform]:
    """Those of policies, as "color,flip", in their order. option: what asked for them."""
    if not facts.pictures:
        raise UserError(f"{option} is for pictures, this data has vectors: leave it out")
    return [transform for name in policies.split(",") for transform in pick("augmentation policy", POLICIES, name.strip())]


def augmentation(facts: Facts, options: Duel) -> View:
    transforms = transforms_of(facts, options.augment_policy or USUAL[options.augment])
    kinds: dict[str, Callable[[Sequence[Transform]], View]] = {"diff": Augment, "adaptive": Adaptive}
    return pick("augmentation", kinds, options.augment)(transforms)
