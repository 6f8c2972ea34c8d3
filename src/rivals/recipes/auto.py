"""What we recommend to someone with pictures and no opinion: chosen from the data's size, channels and count."""

from __future__ import annotations

from dataclasses import dataclass

from rivals.data.core import Facts
from rivals.recipes.core import Setup, recipe
from rivals.recipes.duel import Duel, duel


@dataclass(frozen=True, kw_only=True)
class Auto:
    """There is one option; for more, take another recipe and its options."""

    batch: int | None = None
    """Rows a turn; None: chosen from the count."""


@recipe(
    paper="Mescheder et al., 2018, Which Training Methods for GANs do actually Converge?",
    url="https://arxiv.org/abs/1801.04406",
    options=Auto(),
)
def auto(facts: Facts, options: Auto) -> Setup:
    """Chooses networks, criterion, penalty, averaging and batch from the data, and says what and why."""
    batch = options.batch or max(1, min(64, facts.count // 4))
    chosen = Duel(
        network="resize" if facts.pictures else "mlp",
        penalty="r1",
        penalty_weight=1.0,
        penalty_every=8,
        latent=64,
        lr=2e-3,
        beta1=0.5,
        beta2=0.99,
        decay="linear",
        average=0.999,
        batch=batch,
    )
    setup = duel(facts, chosen)
    return Setup(game=setup.game, batch=setup.batch, average=setup.average, why=())
