"""What may be done to a finished network, of this house or your own: other activations, weights of bounded size, lasting noise.

Each takes a network and gives it back, changed in place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal, TypeVar

from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

Hidden = Literal["relu", "leaky", "prelu", "tanh"]
Net = TypeVar("Net", bound=nn.Module)
Layer = TypeVar("Layer", bound=nn.Module)

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky": partial(nn.LeakyReLU, 0.2),
    "prelu": nn.PReLU,
    "tanh": nn.Tanh,
}


def replaced(net: Net, kind: type[Layer], by: Callable[[Layer], nn.Module]) -> Net:
    """Each layer of this kind becomes what `by` makes of it."""
    for name, layer in list(net.named_modules(remove_duplicate=False)):
        if name and isinstance(layer, kind):
            net.set_submodule(name, by(layer))
    return net


def activated(net: Net, activation: Callable[[], nn.Module]) -> Net:
    """Other hidden activations in the place of ReLU and LeakyReLU, which pass no or little gradient where they are negative."""
    for kind in (nn.ReLU, nn.LeakyReLU):
        replaced(net, kind, lambda _: activation())
    return net


class LastingDropout(nn.Dropout):
    """Dropout that also acts where samples are drawn, as a generator's only or further noise. Isola et al. (2017),
    Image-to-Image Translation with Conditional Adversarial Networks, section 3.1: https://arxiv.org/abs/1611.07004"""

    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, self.p, training=True)


def lasting_dropout(net: Net) -> Net:
    """Every dropout of the network acts in eval mode too."""
    return replaced(net, nn.Dropout, lambda layer: LastingDropout(layer.p))


def spectrally_normalised(net: Net) -> Net:
    """Every weight divided by its largest singular value. Miyato et al. (2018), https://arxiv.org/abs/1802.05957"""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            spectral_norm(module)
    return net


def weight_normalised(net: Net) -> Net:
    """w = g v / |v| for each output: its direction and its length are learnt apart. Salimans and Kingma (2016), Weight
    Normalization, eq. 2: https://arxiv.org/abs/1602.07868. Not their initialisation from data: the network begins as it was."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            weight_norm(module, dim=1 if isinstance(module, nn.ConvTranspose2d) else 0)
    return net
