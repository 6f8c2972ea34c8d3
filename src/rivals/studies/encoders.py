"""The way back: what an encoder keeps of a picture. Larsen et al., 2015, https://arxiv.org/abs/1512.09300 (a VAE blurs, a
VAE-GAN does not), Donahue et al., 2016, https://arxiv.org/abs/1605.09782, table 1 (nearest neighbours of BiGAN's codes), and
the claim of lectures that BiGAN reconstructs the meaning of a picture rather than its pixels.

Each system encodes the test digits and draws them again. Told are the mean square error of pixels in [-1, 1]; the sharpness, as
the mean absolute Laplacian over that of the digits themselves (1: as sharp as they); the share of the digits that a classifier,
which no system has seen, reads as the same class again; and how well classes can be read from the codes by the nearest
neighbour and by a linear machine, beside the pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import mean
from typing import Any, NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import conv2d

from rivals.data import Dataset, bytes_from_pictures, load
from rivals.data.part import in_order, labels_of
from rivals.data.sources import test_part
from rivals.game import Encodes, Samples
from rivals.metrics import frechet
from rivals.metrics.core import Case
from rivals.metrics.features.classifier import Classifier
from rivals.metrics.probe import LEARNERS, described, scaled, share
from rivals.recipes import find
from rivals.sampling import generated
from rivals.studies.core import Claim, Findings, Plan, Row, study
from rivals.studies.drawing import figure
from rivals.studies.pictures import CPU, SEED, shown_after, tiles

DATA, SIZE, SHOWN = "mnist-10k", 16, 12
ROUNDS, LATENT = 3000, 10  # with 32 latents BiGAN's encoder does not find the way back in as many rounds
NETWORKS: Mapping[str, Any] = {"network": "intermediate", "width": 32, "latent": LATENT, "batch": 64, "decay": "linear"}
SYSTEMS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "autoencoder": ("autoencoder", {}),
    "VAE": ("vae", {}),
    "adversarial autoencoder": ("aae", {}),
    "VAE-GAN": ("vaegan", {"lr": 5e-4, "average": 0.99}),
    "BiGAN": ("bigan", {"lr": 1e-3, "lr_d": 2e-4, "average": 0.99}),
    "ALI": ("ali", {"lr": 1e-3, "lr_d": 2e-4, "average": 0.99}),
}
PIXELS = "pixels"
PUBLISHED = {"BiGAN": "97.39", PIXELS: "97.43"}  # nearest neighbours, 60,000 digits of 28 x 28
SOURCE = "Donahue, Krähenbühl and Darrell, 2016, table 1; Larsen et al., 2015 (figures)"
SETTINGS = {"SVM": 1.0, "k-NN": 1}  # C, k
CALLED = {"SVM": "linear machine", "k-NN": "nearest neighbour"}


class Outcome(NamedTuple):
    """Of one system and one seed."""

    error: float  # mean square, pixels in [-1, 1]
    sharpness: float  # 1: as the data's
    same: float  # share of the classes that survive
    fd: float  # of samples
    read: dict[str, float]  # accuracy by learner
    pictures: Tensor  # (SHOWN, C, H, W) bytes: the first test digits again


def trained(asked: tuple[str, int, int]) -> Outcome:
    name, seed, rounds = asked
    data = load(DATA, size=SIZE)
    torch.manual_seed(seed)
    recipe, changes = SYSTEMS[name]
    setup = find(recipe)(data.facts, **{**NETWORKS, **changes})
    shown = shown_after(setup, data, seed, rounds, precision="float32")
    assert isinstance(shown, Samples)
    assert isinstance(shown, Encodes)
    train, test, judge = judged_by()
    x, y = everything(test)
    with torch.no_grad():
        again = torch.cat([shown.decode(shown.encode(part)) for part in torch.split(x, 256)])
        fake = generated(shown, len(test), SEED, bounded=True)
        codes = {part: described(shown.encode, part, CPU) for part in (train, test)}
    return Outcome(
        error=float((again - x).square().mean()),
        sharpness=sharpness(again) / sharpness(x),
        same=share(judge.read(again), y),
        fd=frechet.measure(Case(test, fake, judge))["fd"].value,
        read=readings(*codes.values(), apart=True),
        pictures=bytes_from_pictures(again[:SHOWN]),
    )


def judged_by() -> tuple[Dataset, Dataset, Classifier]:
    """The two parts of the data and the classifier."""
    train, test = load(DATA, size=SIZE), test_part(DATA, size=SIZE)
    assert test is not None
    return train, test, Classifier.trained(train, test)


def everything(data: Dataset) -> tuple[Tensor, Tensor]:
    """All pictures and classes."""
    y = labels_of(data)
    assert y is not None
    return torch.cat([batch.x for batch in in_order(data, CPU)]), y


def sharpness(x: Tensor) -> float:
    """The mean absolute Laplacian of grey pictures: (B, 1, H, W) -> a number in the pixels' unit.

    >>> sharpness(torch.ones(1, 1, 4, 4)), sharpness(torch.eye(3).view(1, 1, 3, 3))
    (0.0, 4.0)
    """
    kernel = torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
    return float(conv2d(x, kernel[None, None]).abs().mean())


def readings(x: Tensor, others: Tensor, *, apart: bool) -> dict[str, float]:
    """How many classes of the test part are read right from these features of both parts, by each learner."""
    train, test, _ = judged_by()
    (_, y), (_, truth) = everything(train), everything(test)
    x, others = scaled(x, others, apart=apart)
    return {learner.name: share(learner.predict(x, y, others, SETTINGS[learner.name]), truth) for learner in LEARNERS}


SEES = "BiGAN's codes are as good for the nearest neighbour as pixels are, within 2 points"
WHY = {
    SEES: "the paper has 50 latents and hundreds of passes over six times the data. Here 10 are few enough for the encoder to "
    "find the way back in 24 passes, and leave the neighbours less to compare"
}


@study(title="What an encoder keeps of a picture", source=SOURCE, seeds=3, minutes=22, why=WHY, page="control")
def encoders(plan: Plan) -> Findings:
    """Reconstruction, sharpness, meaning and codes of autoencoder, VAE, AAE, VAE-GAN, BiGAN and ALI."""
    rounds = plan.rounds(ROUNDS)
    train, test, judge = judged_by()  # learnt once, before the trials want it
    asked = [(name, seed, rounds) for name in SYSTEMS for seed in plan.each_seed]
    played = iter(plan.side_by_side(trained, asked))
    outcomes = {name: [next(played) for _ in range(plan.seeds)] for name in SYSTEMS}
    flat = partial(torch.flatten, start_dim=1)
    pixels = readings(described(flat, train, CPU), described(flat, test, CPU), apart=False)
    x, y = everything(test)
    rows = [
        Row(system=name, metric=metric, values=values, published=published, source=SOURCE if published else "")
        for name, found in outcomes.items()
        for metric, values, published in (
            ("mean square error", [outcome.error for outcome in found], ""),
            ("sharpness (data 1)", [outcome.sharpness for outcome in found], ""),
            ("% read as the same class", [100 * outcome.same for outcome in found], ""),
            ("Fréchet distance of samples", [outcome.fd for outcome in found], ""),
            *((f"% read by {CALLED[key]}", [100 * outcome.read[key] for outcome in found], told(key, name)) for key in CALLED),
        )
    ]
    rows += [
        Row(system=PIXELS, metric=f"% read by {CALLED[key]}", values=[100 * pixels[key]], published=told(key, PIXELS))
        for key in CALLED
    ]
    rows.append(
        Row(
            system=PIXELS,
            metric="% read as the same class",
            values=[100 * share(judge.read(x), y)],
        )
    )
    plan.figure(drawn(outcomes, x), "reconstructions")
    protocol = f"""
        {DATA} at {SIZE} x {SIZE}, 8,000 digits to learn from and 2,000 to judge by; `intermediate` networks of width
        {NETWORKS["width"]}, {LATENT} latents, {rounds:,} rounds of batch {NETWORKS["batch"]}, learning rates falling to 0. The
        published rows are of the nearest neighbours among 60,000 digits of 28 x 28."""
    return Findings(rows=rows, claims=claims(outcomes, pixels), protocol=protocol)


def told(learner: str, system: str) -> str:
    """The published number, where there is one."""
    return PUBLISHED.get(system, "") if learner == "k-NN" else ""


def claims(outcomes: Mapping[str, Sequence[Outcome]], pixels: Mapping[str, float]) -> list[Claim]:
    def of(name: str, what: str) -> float:
        return mean(float(getattr(outcome, what)) for outcome in outcomes[name])

    reads = {name: mean(outcome.read["k-NN"] for outcome in found) for name, found in outcomes.items()}
    return [
        Claim(
            "A VAE-GAN is sharper than a VAE, which blurs",
            of("VAE", "sharpness") < of("VAE-GAN", "sharpness"),
            f"sharpness {of('VAE-GAN', 'sharpness'):.2f} against {of('VAE', 'sharpness'):.2f}",
        ),
        Claim(
            "BiGAN keeps the meaning and not the pixels: most digits stay themselves, at a multiple of the autoencoder's error",
            of("BiGAN", "same") > 0.5 and of("BiGAN", "error") > 3 * of("autoencoder", "error"),
            f"{100 * of('BiGAN', 'same'):.1f} % read as the same class, error {of('BiGAN', 'error'):.3f} against "
            f"{of('autoencoder', 'error'):.3f}",
        ),
        Claim(
            SEES,
            reads["BiGAN"] > pixels["k-NN"] - 0.02,
            f"{100 * reads['BiGAN']:.1f} % against {100 * pixels['k-NN']:.1f} %",
        ),
    ]


def drawn(outcomes: Mapping[str, Sequence[Outcome]], x: Tensor) -> Figure:
    """The first test digits, and below them what each system makes of them again; the first seed."""
    rows = {"data": bytes_from_pictures(x[:SHOWN]), **{name: found[0].pictures for name, found in outcomes.items()}}
    made = figure(0.6 * SHOWN, 0.85 * len(rows))
    for axes, (name, pictures) in zip(made.subplots(len(rows), 1), rows.items(), strict=True):
        below = "" if name == "data" else f"error {outcomes[name][0].error:.3f}, sharpness {outcomes[name][0].sharpness:.2f}"
        tiles(axes, pictures, name, columns=SHOWN, below=below)
    return made
