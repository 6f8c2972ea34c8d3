"""Does a picture that is translated there and back come from what is seen, or from what is hidden?

Chu, Zhmoginov and Sandler, 2017, CycleGAN, a Master of Steganography, https://arxiv.org/abs/1712.02950: a translator that is
judged by what comes back learns to write the picture into its translation, in steps too small to see, and reads it there. So
the translation is disturbed a little before it is turned back, and what comes back then is compared with what came back before:

    cycle                mean absolute difference of a thing and what comes back, in [0, 1]
    cycle, rounded       with the translation rounded to 8 bits, as a file holds it
    cycle, noise         with noise of standard deviation 2/255
    cycle, blurred       blurred by a Gaussian of one pixel
    hidden               1 - cycle / cycle, noise: the share of what comes back wrong then for want of what could not be seen

The first four in [0, 1], lower is better; hidden is 0 for a translator that hides nothing, and near 1 for one that does little
else. Of two domains the way that begins in the second one is measured too, as `back: cycle` and so on: who turns the richer
domain into the poorer one has more to hide. Real things in the place of the generated have no cycle: there is no floor.

Fails: one that ignores its input, or draws the same thing for all, hides nothing either; its cycle is bad.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from rivals import chance
from rivals.data import Batch, Dataset, bytes_from_pictures, pictures_from_bytes
from rivals.data.part import in_order
from rivals.errors import UserError
from rivals.game import Relabels, Translates
from rivals.metrics.core import Case, Unsuitable, Value

NOISE = 4 / 255  # of pixels in [-1, 1]: 2 of 255 steps
SEED = 0
BACK = "back: "


def measure(case: Case) -> Mapping[str, Value]:
    values: dict[str, Value] = {}
    for name, given, there in ways(case):
        found = returned(given, there, case.device)
        how = f"mean absolute difference of {len(given):,} real things and what comes back, pixels in [0, 1]"
        values |= {f"{name}{key}": Value(value, "lower", how) for key, value in found.items()}
        hidden = 1 - found["cycle"] / max(found["cycle, noise"], 1e-12)
        told = "share of the error after noise of 2/255 that is not there without it"
        values[f"{name}hidden"] = Value(hidden, "lower", told)
    return values


Back = Callable[[Tensor], Tensor]
There = Callable[[Batch], tuple[Tensor, Back]]  # a batch -> what is made of it, and the way back


def returned(given: Dataset, there: There, device: torch.device) -> dict[str, float]:
    """What does not come back, by how the translations were disturbed."""
    sums: dict[str, float] = dict.fromkeys(DISTURBANCES, 0.0)
    with torch.no_grad(), chance.fixed(SEED):
        for batch in in_order(given, device):
            try:
                made, back = there(batch)
                for name, disturbed in DISTURBANCES.items():
                    again = back(disturbed(made))
                    sums[name] += 0.5 * float((again - batch.x).abs().flatten(1).mean(1).sum())
            except UserError:
                raise Unsuitable("this game does not translate back: it takes one that does (cyclegan)") from None
    return {name: value / len(given) for name, value in sums.items()}


def ways(case: Case) -> list[tuple[str, Dataset, There]]:
    """The ways there and back, each with its name and what begins it."""
    game = case.game
    if isinstance(game, Relabels):

        def relabelled(batch: Batch) -> tuple[Tensor, Back]:
            c, other = game.labels(batch)
            made = game.decode(game.latents_of(batch.x, other))
            return made, lambda x: game.decode(game.latents_of(x, c))

        return [("", case.real, relabelled)]
    if not isinstance(game, Translates) or case.translated is None:
        raise Unsuitable("what a cycle hides takes a game that translates there and back (cyclegan)")
    return [
        ("", case.translated.given, lambda batch: (game.translate(batch.x), lambda x: game.translate(x, 1, 0))),
        (BACK, case.real, lambda batch: (game.translate(batch.x, 1, 0), game.translate)),
    ]


def rounded(x: Tensor) -> Tensor:
    return pictures_from_bytes(bytes_from_pictures(x))


def noisy(x: Tensor) -> Tensor:
    """The same noise on every picture, so that what is measured depends on no order of them."""
    with chance.fixed(SEED):
        return (x + NOISE * chance.normal(1, *x.shape[1:], device=x.device)).clamp(-1, 1)


def blurred(x: Tensor) -> Tensor:
    """By a Gaussian of one pixel."""
    line = torch.exp(-torch.arange(-2, 3, device=x.device).square() / 2)
    weights = (line[:, None] * line / line.sum() ** 2).expand(x.shape[1], 1, -1, -1)
    return conv2d(pad(x, (2, 2, 2, 2), mode="reflect"), weights, groups=x.shape[1])


DISTURBANCES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "cycle": lambda x: x,
    "cycle, rounded": rounded,
    "cycle, noise": noisy,
    "cycle, blurred": blurred,
}
NAMES = (*DISTURBANCES, "hidden")
GIVES = (*NAMES, *(f"{BACK}{name}" for name in NAMES))
