"""How many modes of the data a generator has, and how evenly.

Known modes (`ring`, `grid`), as in VEEGAN: Reducing Mode Collapse in GANs using Implicit Variational Learning, Srivastava et
al., 2017, https://arxiv.org/abs/1705.07761, and PacGAN: The power of two samples in generative adversarial networks, Lin,
Khetan, Fanti, Oh, 2018, https://arxiv.org/abs/1712.04086. A sample belongs to the mode with the nearest centre, and is of high
quality within three standard deviations of it. Of 2,500 samples:

    modes = #{k : c_k > 0},    high quality = 100 sum_k c_k / n,    mode kl = sum_k q_k log(q_k / p_k),    q = c / sum c

where c_k counts the samples of high quality of mode k, and p are the shares of the real points. The histogram is of high
quality samples alone, as in PacGAN's published code (`MetricLogger`); samples between the modes are in the percentage.

Modes that a classifier reads, as on stacked MNIST (Metz et al., Unrolled Generative Adversarial Networks, 2017,
https://arxiv.org/abs/1611.02163): the class of a sample is argmax_y p(y|x), and "class kl" compares the shares of the
classes with those among the labels of the real rows. Stacked digits have three of them as red, green and blue, hence 1,000
modes, and are judged by 26,000 samples.

Modes are in [0, K] and high quality in [0, 100], higher is better; at its best the latter is 98.9 in the plane, 1 - exp(-9/2).
KL is "reverse", of the generated from the data, in [0, inf] nats, lower is better: it is log(K / m) for m of K modes in equal
shares, and inf where nothing is of high quality.

Fails: one sample makes a mode; nothing is seen of the shape within a mode; the KL of a perfect generator is not 0 but about
(K - 1) / 2n (0.019 for stacked digits); a classifier gives noise a class too, so read it beside a metric of quality.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rivals.data.part import in_order, labels_of
from rivals.data.sources import load, test_part
from rivals.data.stacked import STACKED
from rivals.data.toys import TOYS
from rivals.metrics.core import Case, Classifies, Unsuitable, Value, rows_of
from rivals.metrics.features.classifier import Classifier

SAMPLES = 2_500
DEVIATIONS = 3
HISTOGRAM = 20  # classes whose shares are told one by one


def measure(case: Case) -> dict[str, Value]:
    """`modes`, `high quality`, `mode kl` of the ring and the grid, `modes` and `mode kl` of stacked digits; `classes` and
    `class kl` where a classifier reads them."""
    centres, deviation = TOYS.get(case.real.name, ((), 0.0))
    if len(centres) > 1:
        return _known(case, torch.tensor(centres), deviation)
    if case.real.name in STACKED:
        return _stacked(case)
    if case.real.facts.classes and isinstance(case.features, Classifies):
        return _read(case, case.features)
    raise Unsuitable("modes are counted on 'ring', 'grid', stacked digits, or with features that classify data with classes")


def _known(case: Case, centres: Tensor, deviation: float) -> dict[str, Value]:
    fake = rows_of(case.fake, SAMPLES)
    counts = high_quality(fake, centres, deviation)
    expected = high_quality(rows_of(case.real), centres, deviation)
    protocol = (
        f"{len(fake):,} samples; high quality: within {DEVIATIONS} deviations of {deviation:g} "
        f"of the nearest of {len(centres)} centres"
    )
    return {
        "modes": Value(int((counts > 0).sum()), "higher", protocol + "; a mode needs one such sample"),
        "high quality": Value(100 * float(counts.sum()) / len(fake), "higher", protocol + "; percent"),
        "mode kl": Value(kl(counts, expected), "lower", protocol + "; nats, of those samples from the real shares"),
    }


def _stacked(case: Case) -> dict[str, Value]:
    """Each channel is read by a classifier of the digits that were stacked."""
    name = STACKED[case.real.name]
    digits = load(name)
    judge = Classifier.trained(digits, test_part(name), device=case.device)
    channels = (batch.x.flatten(0, 1)[:, None] for batch in in_order(case.fake, case.device))
    read = torch.cat([judge.log_posterior(judge(x)).argmax(1).cpu() for x in channels]).view(-1, 3)
    modes, divergence = stacked_modes(read)
    protocol = f"{len(read):,} samples, each channel read by the {judge.protocol}"
    return {
        "modes": Value(modes, "higher", protocol + "; one sample makes a mode"),
        "mode kl": Value(divergence, "lower", protocol + "; nats, from equal shares"),
    }


def _read(case: Case, judge: Classifies) -> dict[str, Value]:
    labels = labels_of(case.real)
    if labels is None or tuple(judge.class_names) != tuple(case.real.class_names):
        raise Unsuitable(
            f"classes are counted by a classifier of this very data: pass --features classifier, not {case.features.name}"
        )
    posterior = judge.log_posterior(case.describe(case.fake))  # (N, classes)
    counts, expected = (y.cpu().bincount(minlength=posterior.shape[1]) for y in (posterior.argmax(1), labels))
    protocol = f"{len(posterior):,} samples, class by argmax of the classifier, {posterior.shape[1]} classes"
    shares = ", ".join(f"{name} {n / len(posterior):.1%}" for name, n in zip(judge.class_names, counts.tolist(), strict=True))
    told = f": {shares}" if len(counts) <= HISTOGRAM else ""
    return {
        "classes": Value(int((counts > 0).sum()), "higher", protocol + f"; one sample makes a class{told}"),
        "class kl": Value(kl(counts, expected), "lower", protocol + f"; nats, from the shares of {len(labels):,} real labels"),
    }


def high_quality(x: Tensor, centres: Tensor, deviation: float) -> Tensor:
    """Points (N, D), centres (K, D) -> (K,) how many are nearest to each centre and within three deviations of it.

    >>> high_quality(torch.tensor([[0.0], [0.2], [0.4], [1.0]]), torch.tensor([[0.0], [1.0], [2.0]]), deviation=0.1)
    tensor([2, 1, 0])
    """
    # no product of matrices: beside a deviation of 0.01 its rounding could be seen
    distance, mode = torch.cdist(x, centres.to(x), compute_mode="donot_use_mm_for_euclid_dist").min(1)
    return mode[distance < DEVIATIONS * deviation].bincount(minlength=len(centres))


def kl(counts: Tensor, expected: Tensor) -> float:
    """Two histograms (K,) -> the divergence of the first from the second in nats; inf of an empty one.

    >>> kl(torch.tensor([3, 3, 0, 0]), torch.tensor([1, 1, 1, 1]))  # log 2
    0.6931471805599453
    """
    if not counts.any():
        return float("inf")
    q, p = counts.double() / counts.sum(), expected.double() / expected.sum()
    return float((torch.xlogy(q, q) - torch.xlogy(q, p)).sum())


def stacked_modes(digits: Tensor) -> tuple[int, float]:
    """(N, 3) digits 0..9 read from the channels -> the number of modes hit, of 1,000, and KL from equal shares in nats.

    >>> stacked_modes(torch.tensor([[0, 0, 0], [9, 9, 9], [9, 9, 9], [0, 0, 0]]))  # log 500
    (2, 6.214608098422191)
    """
    counts = (digits @ digits.new_tensor([100, 10, 1])).bincount(minlength=1000)
    return int((counts > 0).sum()), kl(counts, torch.ones(1000))
