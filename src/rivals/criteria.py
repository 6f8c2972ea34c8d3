"""Adversarial criteria: what a critic and a generator minimise, as functions of the critic's logits.

A criterion is a value, `Adversarial`: hand it to a game. Critics end in logits (no sigmoid), D(x) = sigmoid(logit), and all
logarithms go through `softplus`, which neither overflows nor needs an epsilon:

    -log D(x) = softplus(-logit)        -log(1 - D(x)) = softplus(logit)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import relu, softplus

from rivals.divergences import DIVERGENCES, Divergence, hellinger, kl, pearson
from rivals.errors import UserError


class Adversarial(NamedTuple):
    """Two losses. A relativistic criterion compares real with fake on the generator's turn too: it says so by `paired`,
    and its `generator` then takes (real logits, fake logits); all others take the fake logits alone."""

    critic: Callable[[Tensor, Tensor], Tensor]  # (real logits, fake logits), each (B, 1) -> ()
    generator: Callable[..., Tensor]  # fake logits -> ()
    paired: bool = False


minimax = Adversarial(
    critic=lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
    generator=lambda fake: -softplus(fake).mean(),
)
"""Goodfellow et al. (2014), eq. 1: min_G max_D E log D(x) + E log(1 - D(G(z))). At the equilibrium the critic's
loss is log 4. The generator's gradient vanishes where the critic is sure; use `nonsaturating` unless you study that."""

nonsaturating = Adversarial(
    critic=minimax.critic,
    generator=lambda fake: softplus(-fake).mean(),
)
"""Goodfellow et al. (2014), section 3: the generator maximises log D(G(z)). Same fixed point, strong early gradients."""

least_squares = Adversarial(
    critic=lambda real, fake: 0.5 * (real - 1).square().mean() + 0.5 * fake.square().mean(),
    generator=lambda fake: 0.5 * (fake - 1).square().mean(),
)
"""Mao et al. (2017), Least Squares GANs, eq. 9 (labels 0, 1, 1): https://arxiv.org/abs/1611.04076"""

hinge = Adversarial(
    critic=lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(),
    generator=lambda fake: -fake.mean(),
)
"""Lim and Ye (2017), Geometric GAN: https://arxiv.org/abs/1705.02894; the criterion of SNGAN and BigGAN."""

wasserstein = Adversarial(
    critic=lambda real, fake: fake.mean() - real.mean(),
    generator=lambda fake: -fake.mean(),
)
"""Arjovsky et al. (2017), Wasserstein GAN: https://arxiv.org/abs/1701.07875. Minus the critic's loss estimates the distance, up
to the critic's Lipschitz constant: bind it by clipping, a gradient penalty or spectral norm."""

relativistic = Adversarial(
    critic=lambda real, fake: softplus(fake - real).mean(),
    generator=lambda real, fake: softplus(real - fake).mean(),
    paired=True,
)
"""Jolicoeur-Martineau (2018), RpGAN: https://arxiv.org/abs/1807.00734. Each fake is compared with a real one, so no mode of
the data can be left on the real side of one boundary; with R1 and R2 it is R3GAN's criterion (Huang et al., 2024)."""


def smoothed(criterion: Adversarial, smooth: float) -> Adversarial:
    """One-sided label smoothing: the critic's target for real rows is 1 - smooth, that for fake ones stays 0. Salimans et al.
    (2016), Improved Techniques for Training GANs, section 3.4: https://arxiv.org/abs/1606.03498

    Of criteria whose critic regresses labels: the logistic ones, where -t log D - (1 - t) log(1 - D) = softplus(-logit) +
    (1 - t) logit, and least squares. The others have no label to smooth: `UserError`."""
    if criterion.critic is minimax.critic:
        return criterion._replace(critic=lambda real, fake: minimax.critic(real, fake) + smooth * real.mean())
    if criterion.critic is least_squares.critic:
        return criterion._replace(
            critic=lambda real, fake: 0.5 * (real - 1 + smooth).square().mean() + 0.5 * fake.square().mean()
        )
    raise UserError("only criteria with labels can be smoothed: minimax, non-saturating, least-squares")


def minus_bound(real: Tensor, fake: Tensor, divergence: Divergence) -> Tensor:
    return -divergence.bound(real, fake)


def lowered_bound(fake: Tensor, divergence: Divergence) -> Tensor:
    return -divergence.conjugate(fake).mean()


def raised_activation(fake: Tensor, divergence: Divergence) -> Tensor:
    return -divergence.activation(fake).mean()


def variational(divergence: Divergence, *, alternative: bool = False) -> Adversarial:
    """Nowozin et al. (2016), f-GAN: https://arxiv.org/abs/1606.00709. The critic raises the variational bound on the
    divergence, the generator lowers what of it is its own, -E f*(T(fake)) (eq. 6). alternative: it raises E T(fake) instead
    (section 3.2), which has the same fixed point and pulls where the critic is sure. Of `gan` that is `nonsaturating`."""
    return Adversarial(
        critic=partial(minus_bound, divergence=divergence),
        generator=partial(raised_activation if alternative else lowered_bound, divergence=divergence),
    )


CRITERIA: dict[str, Adversarial] = {
    "minimax": minimax,
    "non-saturating": nonsaturating,
    "least-squares": least_squares,
    "hinge": hinge,
    "wasserstein": wasserstein,
    "relativistic": relativistic,
    **{f"f-{name}": variational(divergence) for name, divergence in DIVERGENCES.items()},
    **{f"f-{each.name}-ns": variational(each, alternative=True) for each in (kl, pearson, hellinger)},
}
"""By their names on the command line. f-NAME: the generator lowers the bound; f-NAME-ns: section 3.2's alternative, for those
whose bound saturates. (Of js and gan that is non-saturating.)"""
