"""Directions of the latent space that change most, found without labels.

`factorised`: Shen and Zhou, 2021, Closed-Form Factorization of Latent Semantics in GANs (SeFa),
https://arxiv.org/abs/2007.06600: of the first layer y = A z + b the directions n with the largest |A n|, which are the
eigenvectors of A^T A (eq. 4).

`principal`: Härkönen, Hertzmann, Lehtinen and Paris, 2020, GANSpace, https://arxiv.org/abs/2004.02546: the principal components
of the first layer's activations over many draws, carried back to the latents by regression (section 2.2).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from rivals.errors import UserError
from rivals.game import Game, Samples
from rivals.sampling import latents


def first_layer(game: Game, dimension: int) -> nn.Linear:
    """The linear layer that the latents enter. `UserError` where there is none."""
    for module in game.modules():
        if isinstance(module, nn.Linear) and module.in_features == dimension and module.out_features > 1:
            return module
    raise UserError("directions are found in the linear layer that the latents enter, and this game has none")


def factorised(game: Game, k: int) -> Tensor:
    """(k, d) unit directions, the strongest first."""
    A = first_layer(game, dimension_of(game)).weight.detach().double()
    _, vectors = torch.linalg.eigh(A.T @ A)
    return signed(vectors.flip(1).T[: fitting(k, vectors)]).to(game.device, torch.float32)


def principal(game: Game, k: int, *, n: int = 5000, seed: int = 0) -> Tensor:
    """(k, d) directions of unit length, those of the largest variance first; n draws."""
    z = latents(game, n, seed).double()
    layer = first_layer(game, z.shape[1])
    with torch.no_grad():
        y = torch.relu(layer(z.to(layer.weight.dtype))).double()
    y = y - y.mean(0)
    _, _, components = torch.linalg.svd(y, full_matrices=False)
    x = y @ components[: fitting(k, components)].T
    x = x / x.std(0)
    back = torch.linalg.lstsq(x, z - z.mean(0)).solution  # (k, d): the latents that go with each component
    return signed(back / back.norm(dim=1, keepdim=True)).to(game.device, torch.float32)


FINDERS: dict[str, Callable[[Game, int], Tensor]] = {"factorised": factorised, "principal": principal}


def dimension_of(game: Game) -> int:
    if not isinstance(game, Samples):
        raise UserError("this game draws nothing from noise alone: it has no latent space")
    return game.prior(2).shape[1]


def fitting(k: int, vectors: Tensor) -> int:
    if not 1 <= k <= len(vectors):
        raise UserError(f"there are {len(vectors)} directions: ask for 1 to {len(vectors)}, not {k}")
    return k


def signed(directions: Tensor) -> Tensor:
    """The sign of a direction means nothing: its largest number is made positive, so that equal runs give equal pictures."""
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    return directions * largest.sign()
