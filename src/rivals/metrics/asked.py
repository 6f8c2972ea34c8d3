"""Does a generator draw what it is asked for? The share of conditional samples whose class, as a classifier of the data reads
it, is the one that was asked for; each class as often as any other.

In [0, 1], higher is better; 1 / K for a generator of K classes that does not listen. Real things score the accuracy of the
classifier, and no sample should be expected to be read better than they are (one that is, is a caricature of its class).

Fails: it sees nothing of quality or variety; one perfect picture for each class has 1. Read it beside the Fréchet distance.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from rivals.data import Dataset, Memory, bytes_from_pictures
from rivals.data.part import in_order, labels_of
from rivals.game import ByAttributes, Conditional
from rivals.metrics.core import Case, Classifies, Unsuitable, Value
from rivals.sampling import drawn

SEED = 0


def measure(case: Case) -> Mapping[str, Value]:
    judge, labels = case.features, labels_of(case.real)
    if labels is None:
        raise Unsuitable(f"whether samples are what was asked for takes labelled data: '{case.real.name}' has no classes")
    if not isinstance(judge, Classifies):
        raise Unsuitable("whether samples are what was asked for is read by a classifier: pass --features classifier")
    if tuple(judge.class_names) != tuple(case.real.class_names):
        told, has = (", ".join(names) for names in (judge.class_names, case.real.class_names))
        raise Unsuitable(f"the classifier knows the classes {told}, and '{case.real.name}' has {has}")
    data: Dataset
    if case.sampled:
        game = case.game
        if not isinstance(game, Conditional):
            raise Unsuitable("this game draws nothing that was asked for: it takes a conditional one (cgan, acgan)")
        if isinstance(game, ByAttributes) and game.attributes:
            raise Unsuitable("this game is asked for attributes, and a classifier reads classes")
        y = torch.arange(len(case.fake)) % case.real.facts.classes
        as_data = bytes_from_pictures if case.real.facts.bounded else Tensor.float
        data = Memory(drawn(game, len(y), SEED, as_data, asked=y.to(case.device)).cpu(), name="asked")
    else:
        data, y = case.real, labels
    with torch.no_grad():
        read = torch.cat([judge.log_posterior(judge(batch.x)).argmax(1).cpu() for batch in in_order(data, case.device)])
    each = f"each of {len(judge.class_names)} classes asked for equally often"
    protocol = f"{len(y):,} samples, class by argmax of the classifier, {each}"
    return {"asked": Value(float((read == y).double().mean()), "higher", protocol)}
