"""Directions of the latent space that change most, found without labels.

`factorised`: Shen and Zhou, 2021, Closed-Form Factorization of Latent Semantics in GANs (SeFa),
https://arxiv.org/abs/2007.06600: of the first layer y = A z + b the directions n with the largest |A n|, which are the
eigenvectors of A^T A (eq. 4).

`principal`: Härkönen, Hertzmann, Lehtinen and Paris, 2020, GANSpace, https://arxiv.org/abs/2004.02546: the principal components
of the first layer's activations, as the second layer gets them, over many draws, carried back to the latents by regression
(section 2.2).

Of a latent that also says what is asked for only the noise is moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from rivals.errors import UserError
from rivals.game import Game, Samples
from rivals.sampling import latents, noise_of


def first_layer(game: Game, dimension: int) -> nn.Linear:
    """The linear layer that the latents enter. `UserError` where there is none."""
    entered = list[nn.Linear]()

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if isinstance(module, nn.Linear) and module.in_features == dimension and module.out_features > 1:
            entered.append(module)

    with watched(game, note):
        draws(game, latents(game, 2, 0))
    if not entered:
        raise UserError("directions are found in the linear layer that the latents enter, and this game has none")
    return entered[0]


def activations(game: Game, z: Tensor) -> Tensor:
    """(n, d) latents -> (n, F) what the layer after the first gets; of a single layer, what comes out of it."""
    layer, found = first_layer(game, z.shape[1]), list[Tensor]()
    after = False

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        nonlocal after
        if after:
            found.append(inputs[0].flatten(1).float())
        after = module is layer

    with watched(game, note):
        for part in torch.split(z, 250):
            draws(game, part)
            after = False
    if found:
        return torch.cat(found)
    with torch.no_grad():
        y: Tensor = layer(z)
    return y


@contextmanager
def watched(game: Game, note: Callable[[nn.Module, tuple[Tensor, ...]], None]) -> Iterator[None]:
    """note(module, inputs) before every layer with weights that multiply, as it is called."""
    hooks = [
        module.register_forward_pre_hook(note)
        for module in game.modules()
        if isinstance(module, nn.Linear | nn.modules.conv._ConvNd)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def draws(game: Game, z: Tensor) -> None:
    assert isinstance(game, Samples)
    game.decode(z)


def factorised(game: Game, k: int) -> Tensor:
    """(k, d) unit directions, the strongest first."""
    d = dimension_of(game)
    A = first_layer(game, d).weight.detach().double()[:, : noise_of(game)]
    _, vectors = torch.linalg.eigh(A.T @ A)
    return widened(signed(vectors.flip(1).T[: fitting(k, vectors)]), d).to(game.device, torch.float32)


def principal(game: Game, k: int, *, n: int = 2000, seed: int = 0) -> Tensor:
    """(k, d) directions of unit length, those of the largest variance first; n draws."""
    z, noise = latents(game, n, seed), noise_of(game)
    if noise is not None:
        z[:, noise:] = z[0, noise:]  # all are asked for the same
    y, d = activations(game, z), z.shape[1]
    z = z[:, :noise]
    y, z = y - y.mean(0), (z - z.mean(0)).double()
    _, scores = torch.linalg.eigh((y @ y.T).double())  # (n, n), the least first: the components' values of each draw
    x = scores.flip(1)[:, : fitting(k, scores[: z.shape[1]])]
    back = x.T @ z  # (k, d): the latents that go with each component, by regression on orthonormal x
    return widened(signed(back / back.norm(dim=1, keepdim=True)), d).to(game.device, torch.float32)


FINDERS: dict[str, Callable[[Game, int], Tensor]] = {"factorised": factorised, "principal": principal}


def dimension_of(game: Game) -> int:
    if not isinstance(game, Samples):
        raise UserError("this game draws nothing from noise alone: it has no latent space")
    return game.prior(2).shape[1]


def widened(directions: Tensor, d: int) -> Tensor:
    """(k, noise) -> (k, d): what the others of a latent's numbers ask for stays."""
    return torch.nn.functional.pad(directions, (0, d - directions.shape[1]))


def fitting(k: int, vectors: Tensor) -> int:
    if not 1 <= k <= len(vectors):
        raise UserError(f"there are {len(vectors)} directions: ask for 1 to {len(vectors)}, not {k}")
    return k


def signed(directions: Tensor) -> Tensor:
    """The sign of a direction means nothing: its largest number is made positive, so that equal runs give equal pictures."""
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    return directions * largest.sign()
