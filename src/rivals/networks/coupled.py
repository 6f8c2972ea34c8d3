"""Networks of one form that share layers: Liu and Tuzel, 2016, Coupled Generative Adversarial Networks, section 3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import nn

from rivals.errors import UserError


def couple(nets: Sequence[nn.Module], own: int, *, shared: Literal["first", "last"]) -> None:
    """The networks get the first one's layers, the first or the last of them; `own` layers stay each one's own.

    A layer is a convolution or a linear map, and what is normalised after it.
    """
    layers = [layers_of(net) for net in nets]
    if own >= len(layers[0]):
        raise UserError(f"{own} layers of one's own: these networks have {len(layers[0])}, choose 1 to {len(layers[0]) - 1}")
    for net, others in zip(nets[1:], layers[1:], strict=True):
        chosen = slice(0, len(others) - own) if shared == "first" else slice(own, None)
        for theirs, ours in zip(others[chosen], layers[0][chosen], strict=True):
            for name in theirs:
                parent, _, attribute = name.rpartition(".")
                setattr(net.get_submodule(parent), attribute, nets[0].get_submodule(name))
            assert theirs == ours


def layers_of(net: nn.Module) -> list[list[str]]:
    """The names of the modules with weights of their own, layer by layer, in the order of their use."""
    found: list[list[str]] = []
    for name, module in net.named_modules():
        weights = list(module.parameters(recurse=False))
        if weights and (max(weight.dim() for weight in weights) > 1 or not found):
            found.append([name])
        elif weights:
            found[-1].append(name)
    return found
