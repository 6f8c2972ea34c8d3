"""The two networks of a duel, from its options: a family of networks, then what is done to either."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from torch import nn

from rivals.data.core import Facts
from rivals.errors import UserError, pick
from rivals.networks import FAMILIES, Family
from rivals.networks.ensemble import Ensemble
from rivals.networks.layers import Norm
from rivals.networks.minibatch import minibatch_discriminating
from rivals.networks.remedies import ACTIVATIONS, activated, lasting_dropout, spectrally_normalised, weight_normalised
from rivals.networks.virtual import Referred
from rivals.recipes.core import counts, not_negative, shares

if TYPE_CHECKING:
    from rivals.recipes.duel import Duel

Normalisation = Literal["batch", "layer", "virtual", "weight", "spectral", "none"]
LAYERS: dict[str, Norm] = {  # what each is of the layers
    "batch": "batch",
    "layer": "layer",
    "virtual": "batch",
    "weight": "none",
    "spectral": "none",
    "none": "none",
}


def families(options: Duel) -> tuple[Family, Family]:
    """The generator's and the discriminator's."""
    return pick("network", FAMILIES, options.network_g or options.network), pick("network", FAMILIES, options.network)


def check(options: Duel) -> None:
    """Raises `UserError` for options of the networks that are out of range."""
    shares(options, "dropout_d", "dropout_g")
    counts(options, "width", "width_g", "generators")
    not_negative(options, "extra_layers", "minibatch_features")
    if options.minibatch_features and options.penalty != "none":
        raise UserError("--minibatch-features lets rows see each other, a --penalty is of each row by itself: leave one out")


def idle(options: Duel) -> Iterator[tuple[str, str]]:
    """Options of the networks that change nothing beside the others, and why."""
    of_g, of_d = families(options)
    for name, used in (("upsample", of_g.maps), ("downsample", of_d.maps), ("constant_width", of_g.maps or of_d.maps)):
        if not used:
            yield name, "without feature maps: pass --network dcgan, intermediate or resize"
    if not options.dropout_g:
        yield "dropout_g_sampling", "without --dropout-g"


def pair(facts: Facts, options: Duel) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator."""
    of_g, of_d = families(options)
    packed = (options.pack * facts.shape[0], *facts.shape[1:])
    generators = [generator(of_g, facts, options) for _ in range(options.generators)]
    return Ensemble(generators) if len(generators) > 1 else generators[0], discriminator(of_d, packed, options)


def generator(family: Family, facts: Facts, options: Duel) -> nn.Module:
    norm = options.norm_g or family.norm_g
    net = family.generator(
        facts.shape,
        latent=options.latent,
        width=options.width_g or options.width or family.width,
        extra=options.extra_layers,
        norm=pick("norm-g", LAYERS, norm),
        dropout=options.dropout_g,
        activation=options.activation if facts.bounded else "none",
        **of_maps(family, options, upsample=options.upsample),
    )
    if options.hidden_g is not None:
        activated(net, pick("hidden-g", ACTIVATIONS, options.hidden_g))
    if options.dropout_g_sampling:
        lasting_dropout(net)
    return normalising(net, norm, (options.latent,), rows=max(1, options.batch // options.generators))


def discriminator(family: Family, shape: tuple[int, ...], options: Duel) -> nn.Module:
    norm = options.norm_d or family.norm_d
    net = family.discriminator(
        shape,
        width=options.width or family.width,
        extra=options.extra_layers,
        norm=pick("norm-d", LAYERS, norm),
        dropout=options.dropout_d,
        **of_maps(family, options, downsample=options.downsample),
    )
    if options.hidden_d is not None:
        activated(net, pick("hidden-d", ACTIVATIONS, options.hidden_d))
    if options.minibatch_features:
        minibatch_discriminating(net, options.minibatch_features)
    return normalising(net, norm, shape, rows=options.batch // options.pack)


def of_maps(family: Family, options: Duel, **resampling: str | None) -> dict[str, object]:
    """What the builders of networks of feature maps take besides, where it is given."""
    if not family.maps:
        return {}
    return {"constant": options.constant_width, **{name: kind for name, kind in resampling.items() if kind is not None}}


def normalising(net: nn.Module, norm: str, shape: tuple[int, ...], *, rows: int) -> nn.Module:
    """What a norm does beside its layers: to all weights, or by `rows` reference things of this shape."""
    if norm == "virtual":
        return Referred(net, shape, rows=rows)
    if norm == "spectral":
        return spectrally_normalised(net)
    return weight_normalised(net) if norm == "weight" else net
