"""What we recommend to someone with pictures and no opinion: chosen from the data's size, channels and count."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rivals.data.core import Facts
from rivals.recipes.core import Setup, counts, recipe
from rivals.recipes.duel import Duel, duel

FEW = 1_000  # pictures below which augmentation has helped more than it cost (docs/benchmarks.md, Small data)


@dataclass(frozen=True, kw_only=True)
class Auto:
    """`auto` chooses; who wants to choose takes another recipe and its options."""

    batch: int | None = None
    """Rows a turn; None: 64, or a quarter of the data if that is less."""

    def __post_init__(self) -> None:
        counts(self, "batch")


@recipe(
    paper="Mescheder et al., 2018, Which Training Methods for GANs do actually Converge?",
    url="https://arxiv.org/abs/1801.04406",
    options=Auto(),
)
def auto(facts: Facts, options: Auto) -> Setup:
    """Chooses networks, criterion, penalty, averaging and batch from the data, and says what and why.

    Measured: Fashion-MNIST, 7,500 rounds, which is ten minutes on two cores of an AMD EPYC (bf16, torch 2.13.0, rivals 0.1.0):
    0.73, 0.68, 0.62 (seeds 0 to 2) by the judge of `benchmarks/judge.py`, Fréchet distance of 10,000 samples. Nothing else here
    came below 0.99."""
    batch = options.batch or max(2, min(64, facts.count // 4))
    chosen, why = for_pictures(facts) if facts.pictures else for_vectors()
    setup = duel(facts, replace(chosen, batch=batch))
    size = sum(p.numel() for p in setup.game.parameters())
    why += (
        f"Batches of {batch}, of {facts.count:,} rows; {size / 1e6:.1f} million weights in both networks together.",
        "The learning rate falls to 0 over the training, and samples are drawn with averaged weights: the game settles, and "
        "what is drawn does not jump from round to round.",
    )
    return replace(setup, why=why)


def for_pictures(facts: Facts) -> tuple[Duel, tuple[str, ...]]:
    _, height, width = facts.shape
    chosen = Duel(
        network="resize",
        penalty="r1",
        penalty_weight=3.0,
        penalty_every=8,
        latent=64,
        lr=2e-3,
        beta2=0.99,
        decay="linear",
        average=0.999,
        augment="adaptive" if facts.count < FEW else "none",
    )
    learnt_by_heart = (
        f"Fewer than {FEW:,} pictures, which the discriminator could learn by heart: where it grows too sure of them, some of "
        "what it is shown is turned, moved and recoloured, as often as that takes."
    )
    why = (
        f"Pictures of {height}x{width}: the `resize` networks, which repeat pixels and convolve, and so cannot draw the "
        "checkerboards of transposed convolutions.",
        "The non-saturating criterion with R1: the discriminator's slope at real pictures is held down, so the game settles "
        "instead of circling, without a norm that lets rows see each other. The penalty is taken on each eighth round.",
    )
    return chosen, (*why, learnt_by_heart) if facts.count < FEW else why


def for_vectors() -> tuple[Duel, tuple[str, ...]]:
    chosen = Duel(
        network="mlp",
        adversarial="relativistic",
        penalty="r1+r2",
        penalty_weight=0.1,
        latent=8,
        lr=1e-3,
        beta1=0.0,
        beta2=0.99,
        decay="linear",
        average=0.999,
    )
    why = (
        "Vectors: fully-connected networks, with the relativistic criterion, which leaves no mode of the data aside, and R1 "
        "and R2, which make it settle.",
    )
    return chosen, why
