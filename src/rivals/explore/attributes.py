"""Concepts by attribute: which samples show what, as a judge reads them, and the way in the latent space from one to the other.

Radford, Metz and Chintala, 2015, DCGAN, section 6.3.2, https://arxiv.org/abs/1511.06434: a concept is the mean of the latents
whose samples show it, and their "turn" vector the difference of two such means. A game's latents have no labels; here those of
many draws are read by a judge of attributes (`rivals.metrics.features.attributes`).

Shen, Gu, Tang and Zhou, 2020, Interpreting the Latent Space of GANs for Semantic Face Editing (InterFaceGAN),
https://arxiv.org/abs/1907.10786: an attribute is a half-space of the latents, z is moved along its normal; along what is left
of that normal across the normals of others, their attributes stay (section 2.2, conditional manipulation). Latents are N(0, 1)
in all directions, where the difference of means points along the normal of the best linear classifier (Fisher's) by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from rivals.errors import UserError, pick
from rivals.explore.arithmetic import Concept
from rivals.explore.inversion import held
from rivals.game import Game, Samples
from rivals.sampling import latents

CHUNK = 256  # samples read at a time: bounds the memory
LEAST = 3  # latents whose mean is a concept; of one the arithmetic was unstable (Radford et al.)


class Reads(Protocol):
    """A judge: (B, *shape) -> (B, A) logits, above 0: has it."""

    @property
    def names(self) -> Sequence[str]: ...

    def __call__(self, x: Tensor) -> Tensor: ...


class Reading(NamedTuple):
    """Latents, and what a judge says of their samples."""

    z: Tensor  # (N, d)
    has: Tensor  # (N, A), true or false
    names: Sequence[str]

    def having(self, asked: str, *, least: int = LEAST) -> Tensor:
        """(M,) numbers of the latents whose samples have all of these: 'male smile' both, '~smile' not, 'cap/beanie' any; a
        name of several words is written with _ between them.

        Raises `UserError` for an attribute that nobody knows, naming the nearest, and where fewer than `least` have them."""
        numbers = {name.replace(" ", "_"): k for k, name in enumerate(self.names)}
        found = torch.ones_like(self.has[:, 0])
        for word in asked.split():
            any_of = word.removeprefix("~")
            columns = [pick("attribute", numbers, name) for name in ([any_of] if any_of in numbers else any_of.split("/"))]
            found &= self.has[:, columns].any(1) != word.startswith("~")
        if (count := int(found.sum())) < least:
            raise UserError(f"'{asked}': {count} of {len(self.z):,} samples have it, {least} are needed: read more (--reads)")
        return found.nonzero()[:, 0]

    def sets(self, to: str, away: str = "") -> tuple[Tensor, Tensor]:
        """Numbers of the latents that have what `to` asks for, and of those to turn from: that have what `away` asks for; ""
        for all that have not the former."""
        there = self.having(to)
        if away:
            return there, self.having(away)
        others = torch.ones_like(self.has[:, 0])
        others[there] = False
        if (count := int(others.sum())) < LEAST:
            raise UserError(f"'{to}': all samples but {count} have it: say what to turn from")
        return there, others.nonzero()[:, 0]


@torch.no_grad()
def read(game: Game, judge: Reads, n: int, seed: int = 0) -> Reading:
    """What the judge says of n samples."""
    if n < 2 * LEAST:
        raise UserError(f"{n} samples are too few to read: give at least {2 * LEAST}")
    z = latents(game, n, seed)
    return Reading(z, logits_of(game, judge, z) > 0, judge.names)


@torch.no_grad()
def logits_of(game: Game, judge: Reads, z: Tensor) -> Tensor:
    """(N, d) -> (N, A)."""
    if not isinstance(game, Samples):
        raise UserError("this game draws nothing from noise alone: it has no latent space")
    game.eval()
    return torch.cat([judge(game.decode(part)) for part in torch.split(z, CHUNK)])


def named(formula: str, reading: Reading) -> list[Concept]:
    """'smile male - male + female', of attributes: each concept is the samples that have all of its words (`Reading.having`).

    Signs stand between spaces, for a name may have one in it."""
    words = formula.split()
    signs = [k for k, word in enumerate(words) if word in ("+", "-")]
    if not signs or signs[0] > 0:
        words, signs = ["+", *words], [0, *(k + 1 for k in signs)]
    ends = [*signs[1:], len(words)]
    terms = [(words[k], words[k + 1 : end]) for k, end in zip(signs, ends, strict=True)]
    if not all(term for _, term in terms):
        raise UserError(f"'{formula}' is no formula: write for instance 'smile female - female + male'")
    return [Concept(-1 if sign == "-" else 1, reading.having(" ".join(term)).tolist()) for sign, term in terms]


def difference(z: Tensor, there: Tensor, others: Tensor) -> Tensor:
    """(d,) the turn vector, from the mean latent of the others to that of those there, both by their numbers."""
    return z[there].mean(0) - z[others].mean(0)


def across(v: Tensor, others: Sequence[Tensor]) -> Tensor:
    """What is left of v, (d,), at right angles to each of these: moving along it leaves their half-spaces as they are.

    >>> across(torch.tensor([1.0, 1.0]), [torch.tensor([0.0, 2.0])])
    tensor([1., 0.])
    """
    if not others:
        return v
    basis, _ = torch.linalg.qr(torch.stack(list(others)).T)
    left: Tensor = v - basis @ (basis.T @ v)
    return left


def moved(z: Tensor, v: Tensor, far: Sequence[float] | Tensor) -> Tensor:
    """(B, d) latents, each moved so many times v: (B, len(far), d). `UserError` for a vector of another latent space."""
    if z.shape[-1] != v.shape[-1]:
        raise UserError(f"these latents have {z.shape[-1]} numbers, this vector {v.shape[-1]}: take both from one run")
    at = torch.as_tensor(far, dtype=z.dtype, device=z.device)
    return z[:, None] + at[None, :, None] * v


@torch.no_grad()
def until(
    game: Game, judge: Reads, z: Tensor, v: Tensor, k: Tensor, far: Sequence[float], *, margin: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Each of the latents (B, d) along its v, (B, d), as far as it takes until the judge's logit of its attribute number k,
    (B,), is above the margin: (B, d) and how far, (B,). The one with the largest logit where none is."""
    at = torch.as_tensor(far, dtype=z.dtype, device=z.device)
    ways = z[:, None] + at[None, :, None] * v[:, None]
    logits = logits_of(game, judge, ways.flatten(0, 1)).view(len(z), len(at), -1)
    logits = logits.gather(2, k[:, None, None].expand(-1, len(at), 1))[:, :, 0]
    there = logits > margin
    stop = torch.where(there.any(1), there.int().argmax(1), logits.argmax(1))  # argmax: the first of the greatest
    return ways[torch.arange(len(z)), stop], at[stop]


def sought(
    game: Game,
    judge: Reads,
    z: Tensor,
    wanted: Tensor,
    *,
    steps: int = 60,
    lr: float = 0.05,
    margin: float = 2.0,
    stay: float = 0.1,
) -> Tensor:
    """Near each latent, (B, d), one whose sample the judge reads as wanted, (B, A): 1 has it, -1 has it not, 0 as it comes.

    Adam on the hinge of each logit, margin - wanted * logit where that is above 0, and on stay * the mean square of how far z
    goes. The game's weights stay as they are."""
    assert isinstance(game, Samples)
    start, found = z.detach(), z.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([found], lr=lr)
    with held(game):
        for _ in range(steps):
            hinge = torch.relu(margin - wanted * judge(game.decode(found))) * wanted.abs()
            loss = hinge.sum(1) + stay * (found - start).square().mean(1)
            optimizer.zero_grad()
            torch.autograd.backward(loss.sum())
            optimizer.step()
    return found.detach()
