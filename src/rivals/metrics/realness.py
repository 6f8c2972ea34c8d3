"""What a trained discriminator says of real things, of those it learnt from and of those it never saw. Goodfellow et al., 2014,
https://arxiv.org/abs/1406.2661

At the optimum the logit is log p_data(x) - log p_G(x) (proposition 1): it is largest where the generator never goes, so the
real pictures with the highest logits are candidates for missing modes (`candidates`).

The area under the ROC curve of two sets is the chance that a row of one has a higher logit than a row of the other, ties
counted half: in [0, 1]. Between the training rows and the generated ones, 0.5 says that this discriminator cannot tell them
apart. Between the training rows and unseen real ones, above 0.5 says that it has learnt its training data by heart.

Fails: all of it is one discriminator's opinion, and an untrained one says 0.5 too; logits of two games do not compare; a
discriminator with batch norm, asked here in evaluation mode, met batches of one kind only as it was trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rivals.data.core import Dataset, bytes_from_pictures
from rivals.data.part import in_order, some
from rivals.data.pictures import grid
from rivals.game import Game
from rivals.metrics.core import Better, Case, Unsuitable, Value, judges_alone

if TYPE_CHECKING:
    from PIL.Image import Image

ROWS = 10_000  # of each set


def measure(case: Case) -> Mapping[str, Value]:
    """Mean logits, from the generator's side (a discriminator that is less sure is better), and areas under the curve."""
    game = game_of(case)
    sets = {"fake": case.fake, "train": case.train, "test": case.real}
    if case.train is None or not case.unseen:
        sets = {"fake": case.fake, "real": case.real}
    logits = {name: scores(game, some(data, ROWS)) for name, data in sets.items() if data is not None}
    counts = ", ".join(f"{len(found):,} {name}" for name, found in logits.items())
    found = {name: mean_logit(x, "higher" if name == "fake" else "lower", counts) for name, x in logits.items()}
    values = {{"fake": "D fake", "real": "D real"}.get(name, f"D real ({name})"): value for name, value in found.items()}
    for a, b in (("train", "fake"), ("test", "fake"), ("real", "fake"), ("train", "test")):
        if a in logits and b in logits:
            values[f"D AUC {a}/{b}"] = Value(area(logits[a], logits[b]), "near 0.5", f"area under the ROC curve; {counts} rows")
    return values


def mean_logit(logits: Tensor, better: Better, counts: str) -> Value:
    protocol = f"mean logit of the game's discriminator; {counts} rows; spread over rows"
    return Value(float(logits.mean()), better, protocol, float(logits.std()))


def game_of(case: Case) -> Game:
    if case.game is None:
        raise Unsuitable("only samples are here: the discriminator's opinion takes a run or a checkpoint")
    return case.game


@torch.no_grad()
def scores(game: Game, data: Dataset) -> Tensor:
    """(N,) float64: the discriminator's logit of each row, in evaluation mode."""
    discriminator = getattr(game, "discriminator", None)
    if not isinstance(discriminator, nn.Module):
        raise Unsuitable("this game has no discriminator to ask")
    judges_alone(game)
    training = discriminator.training
    discriminator.eval()
    try:
        logits = torch.cat([discriminator(batch.x).double().cpu() for batch in in_order(data, game.device)])
    except TypeError as error:
        raise Unsuitable(f"the discriminator of this game judges more than a thing by itself ({error})") from None
    finally:
        discriminator.train(training)
    if logits.shape != (len(data), 1):
        raise Unsuitable(f"the discriminator of this game gives {tuple(logits.shape[1:])} numbers a row, not one logit")
    return logits[:, 0]


def candidates(case: Case, n: int = 64) -> Image:
    """The n real pictures that the discriminator is surest of, the surest first."""
    if not case.real.facts.pictures:
        raise Unsuitable("candidates for missing modes are shown as pictures: this data has vectors")
    surest = scores(game_of(case), case.real).topk(min(n, len(case.real))).indices
    return grid(bytes_from_pictures(case.real.rows(surest, torch.device("cpu")).x))


def area(a: Tensor, b: Tensor) -> float:
    """P(a > b) + P(a = b) / 2 over all pairs of (N,) and (M,), exactly.

    >>> area(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 2.0]))
    0.625
    """
    b = b.sort().values
    below, not_above = torch.searchsorted(b, a), torch.searchsorted(b, a, right=True)
    return float((below + not_above).double().mean() / (2 * len(b)))
