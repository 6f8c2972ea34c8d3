"""Penalties on a critic's gradient, and clipping of its weights.

A penalty is a value: (critic, real, fake) -> (), added to the critic's loss. What is differentiated twice is computed in
float32 and without compilation, in here, so that no game has to know.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from rivals import chance, processes

Critic = Callable[[Tensor], Tensor]  # (B, ...) -> (B, 1) logits
Penalty = Callable[[Critic, Tensor, Tensor], Tensor]


def gradient_norm_squared(critic: Critic, x: Tensor) -> Tensor:
    """|d critic(x_i) / d x_i|^2 of each row: (B, ...) -> (B,), differentiable in the critic's weights.

    The norm runs over everything but the batch. Rows must not see each other: with batch norm in the critic the "gradient of
    a row" mixes rows, and no penalty means what its paper says.

    >>> w = torch.tensor([[3.0], [4.0]])
    >>> gradient_norm_squared(lambda x: x @ w, torch.zeros(2, 2))
    tensor([25., 25.])
    """
    with torch.autocast(x.device.type, enabled=False), torch.enable_grad(), torch.compiler.set_stance("force_eager"):
        x = x.detach().float().requires_grad_()
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return gradient.flatten(1).square().sum(1)


def slope(critic: Critic, x: Tensor) -> Tensor:
    """|d critic(x_i) / d x_i| of each row: (B, ...) -> (B,)."""
    return (gradient_norm_squared(critic, x) + 1e-12).sqrt()  # 1e-12: the root has no gradient at 0


def of_patches(critic: Critic) -> Critic:
    """What judges patches, (B, C, H, W) -> (B, 1, h, w) logits, as a critic of pictures: the sum over the root of their number.
    Its squared gradient is the mean of the patches' own, as far as these do not overlap, so a penalty is as strong at 256 x 256
    pixels as at 32 x 32. (Of their sum it would grow with the number of patches, of their mean fall with it.)"""

    def of_picture(x: Tensor) -> Tensor:
        logits = critic(x).flatten(1)
        return logits.sum(1, keepdim=True) / math.sqrt(logits.shape[1])

    return of_picture


def between(real: Tensor, fake: Tensor) -> Tensor:
    """Points uniform on the lines from each fake to its real, one alpha for each *pair*: (B, ...) -> (B, ...), float32."""
    alpha = chance.uniform(len(real), *[1] * (real.dim() - 1), device=real.device)
    return torch.lerp(fake.float(), real.float(), alpha)


@dataclass(frozen=True)
class WGANGP:
    """weight * E (|grad D(u)| - 1)^2 at u uniform between a real and a fake: one alpha for each *pair*, the norm over the whole
    picture. Gulrajani et al. (2017), Improved Training of Wasserstein GANs, eq. 3: https://arxiv.org/abs/1704.00028"""

    weight: float = 10.0

    def __call__(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return self.weight * (slope(critic, between(real, fake)) - 1).square().mean()


@dataclass(frozen=True)
class WGANLP:
    """weight * E max(0, |grad D(u)| - 1)^2 at u as in WGAN-GP: a slope under 1 is free, as it is to a 1-Lipschitz critic.
    Petzka, Fischer and Lukovnikov (2018), On the Regularization of Wasserstein GANs, eq. 8: https://arxiv.org/abs/1709.08894"""

    weight: float = 10.0

    def __call__(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return self.weight * relu(slope(critic, between(real, fake)) - 1).square().mean()


@dataclass(frozen=True)
class DRAGAN:
    """weight * E (|grad D(x + delta)| - 1)^2 around real x. Kodali et al. (2017), On Convergence and Stability of GANs, section
    2.3: https://arxiv.org/abs/1705.07215

    delta as in the authors' code, where the paper has N(0, c I): alpha * 0.5 * std * u, with std over all numbers of the batch
    (of all processes), u uniform on [0, 1) for each pixel and one alpha for each picture. Wrong forms that are about: alpha for
    each pixel, which is no point on a line; a norm over the channels alone; a perturbed *fake*, which is the WGAN-GP penalty
    in another place; a std of each picture, which is 0 on a blank one."""

    weight: float = 10.0  # lambda

    def __call__(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        x = real.float()
        mean, square = processes.mean(torch.stack([x.mean(), x.square().mean()]))
        std = (square - mean.square()).clamp(min=0).sqrt()
        moved = x + 0.5 * std * chance.uniform(*x.shape, device=x.device)
        return self.weight * (slope(critic, between(moved, x)) - 1).square().mean()


@dataclass(frozen=True)
class R1:
    """gamma / 2 * E |grad D(x)|^2 at real x. Mescheder et al. (2018), Which Training Methods for GANs do actually Converge?,
    eq. 9: https://arxiv.org/abs/1801.04406"""

    weight: float = 1.0  # gamma

    def __call__(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return 0.5 * self.weight * gradient_norm_squared(critic, real).mean()


@dataclass(frozen=True)
class R1R2:
    """R1 at the real and R2 at the fake. Mescheder et al. (2018), eq. 9 and 10; R3GAN uses both (Huang et al., 2024):
    https://arxiv.org/abs/2501.05441"""

    weight: float = 1.0  # gamma, of each

    def __call__(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        both = torch.cat([real.float(), fake.float()])
        return self.weight * gradient_norm_squared(critic, both).mean()  # mean over 2B rows: twice the half of each


def clip_weights(critic: nn.Module, c: float) -> None:
    """Every weight into [-c, c], in place. Arjovsky et al. (2017), Wasserstein GAN, algorithm 1."""
    with torch.no_grad():
        parameters: list[Tensor] = list(critic.parameters())
        torch._foreach_clamp_min_(parameters, -c)
        torch._foreach_clamp_max_(parameters, c)


def falling_to(share: float, progress: float) -> float:
    """A factor on a penalty that falls by equal ratios from 1 to this share. A penalty smooths D: early on that finds the
    modes, at the end it blurs what is finer than it lets D see. Huang et al. (2024), R3GAN, let gamma fall too, by a cosine.

    >>> falling_to(0.01, 0.0), falling_to(0.01, 0.5), falling_to(0.01, 1.0)
    (1.0, 0.1, 0.01)
    """
    return float(share**progress)


PENALTIES: dict[str, Callable[..., Penalty]] = {
    "wgan-gp": WGANGP,
    "wgan-lp": WGANLP,
    "dragan": DRAGAN,
    "r1": R1,
    "r1+r2": R1R2,
}
