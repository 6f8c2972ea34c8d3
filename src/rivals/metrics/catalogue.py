"""All metrics by name. Each stands in its own file, with its paper, formula, range, direction and failings."""

from __future__ import annotations

from collections.abc import Sequence

from rivals.errors import UserError, pick
from rivals.metrics import (
    asked,
    cycle,
    diversity,
    error,
    frechet,
    inception_score,
    kid,
    memorisation,
    modes,
    paired,
    parzen,
    prdc,
    probe,
    realness,
    two_sample,
    wasserstein,
)
from rivals.metrics.core import Metric

COPIES = ("copies (pixels)", "copies (features)", "copies (values)")
METRICS = {
    metric.name: metric
    for metric in (
        Metric("fd", frechet.measure, features=True, gives=("fd", "fid")),
        Metric("kid", kid.measure, features=True, gives=("kid",)),
        Metric("is", inception_score.measure, features=True, gives=("is",)),
        Metric("prdc", prdc.measure, features=True, gives=("precision", "recall", "density", "coverage")),
        Metric("wasserstein", wasserstein.measure, features=True, gives=("sliced wasserstein", "wasserstein")),
        Metric("1-nn", two_sample.measure, features=True, gives=("1-NN accuracy",)),
        Metric("diversity", diversity.measure, features=True, gives=("mean pairwise distance", "ms-ssim")),
        Metric("modes", modes.measure, features=True, gives=("modes", "high quality", "mode kl", "classes", "class kl")),
        Metric("asked", asked.measure, features=True, gives=("asked",)),
        Metric("paired", paired.measure, features=True, floor=False, gives=("l1", "psnr", "ssim", "perceptual")),
        Metric("cycle", cycle.measure, floor=False, gives=cycle.GIVES),
        Metric("error", error.measure, samples=False, floor=False, gives=("error",)),
        Metric("memorisation", memorisation.measure, features=True, gives=COPIES),
        Metric("parzen", parzen.measure, gives=("parzen",)),
        Metric("realness", realness.measure, floor=False, gives=()),
        Metric("probe", probe.measure, samples=False, floor=False, gives=()),
    )
}


def features_of(names: Sequence[str], features: Sequence[str]) -> Sequence[str]:
    """The features for these metrics: those asked for, but FID is the Fréchet distance on one network's alone."""
    if "fid" in names and {*features} - {"auto", "inception"}:
        raise UserError("fid is fd on the features 'inception' alone: name these features, or ask for fd")
    return ["inception"] if "fid" in names else features


def chosen(names: Sequence[str]) -> list[Metric]:
    """Metrics by their names, or by that of a number they give (`precision` stands for all of `prdc`)."""
    known = METRICS | {value: metric for metric in METRICS.values() for value in metric.gives}
    return list(dict.fromkeys(pick("metric", known, name) for name in names))
