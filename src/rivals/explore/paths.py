"""Ways from one latent to another. All take and give latents, (d,) and (n, d), and know no game.

Between two draws from N(0, 1) in many dimensions the straight line runs through a part of the space where hardly any draw lies:
its middle is shorter than both ends. White, 2016, Sampling Generative Networks, https://arxiv.org/abs/1609.04468, goes along
the arc instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from rivals.errors import UserError

Way = Callable[[Tensor, Tensor, int], Tensor]  # (d,), (d,), n -> (n, d), both ends included


def linear(a: Tensor, b: Tensor, n: int) -> Tensor:
    """
    >>> linear(torch.zeros(1), torch.ones(1), 3).flatten().tolist()
    [0.0, 0.5, 1.0]
    """
    return torch.lerp(a, b, torch.linspace(0, 1, n, device=a.device, dtype=a.dtype)[:, None])


def spherical(a: Tensor, b: Tensor, n: int) -> Tensor:
    """Along the arc: the angle grows evenly, and so does the length. The straight line where the ends lie on one line.

    >>> spherical(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), 3)[1]
    tensor([0.7071, 0.7071])
    """
    unit_a, unit_b = a / a.norm(), b / b.norm()
    angle = torch.arccos((unit_a @ unit_b).clamp(-1, 1))
    if not 1e-4 < angle < torch.pi - 1e-4:
        return linear(a, b, n)
    t = torch.linspace(0, 1, n, device=a.device, dtype=a.dtype)[:, None]
    arc = (torch.sin((1 - t) * angle) * unit_a + torch.sin(t * angle) * unit_b) / torch.sin(angle)
    z: Tensor = arc * torch.lerp(a.norm(), b.norm(), t)
    return z


WAYS: dict[str, Way] = {"linear": linear, "spherical": spherical}


def through(ends: Sequence[Tensor] | Tensor, n: int, way: Way) -> Tensor:
    """From each to the next in n steps, without standing still at any: (k, d) -> ((k - 1) n + 1, d)."""
    legs = [way(a, b, n + 1) for a, b in pairwise(ends)]
    return torch.cat([leg[:-1] for leg in legs] + [legs[-1][-1:]])


def plane(z: Tensor, u: Tensor, v: Tensor, n: int, reach: float) -> Tensor:
    """z + s u + t v for s, t in [-reach, reach]: (n n, d), a row of the picture for each t."""
    at = torch.linspace(-reach, reach, n, device=z.device, dtype=z.dtype)
    t, s = (axis.reshape(-1, 1) for axis in torch.meshgrid(at, at, indexing="ij"))
    x: Tensor = z + s * u + t * v
    return x


def truncated(z: Tensor, psi: float, noise: int | None = None) -> Tensor:
    """Towards the middle of the prior: psi 1 leaves them, 0 makes all alike. Karras et al., 2019, A Style-Based Generator,
    https://arxiv.org/abs/1812.04948, truncate in the space of styles; here it is that of the latents, whose middle is 0. noise:
    how many of their numbers, the first ones, are noise; the others say what is asked for, and stay (None: all are noise)."""
    if not 0 <= psi <= 1:
        raise UserError(f"truncation is from 0, all alike, to 1, as drawn: not {psi:g}")
    return torch.cat([psi * z[:, :noise], z[:, noise:] if noise is not None else z[:, :0]], 1)
