"""The loop that everyone writes by hand: what the trainer is measured against. Plain float32, default memory layout, and the
discriminator's weight gradients computed on the generator's step and thrown away by zero_grad."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.optim import Adam


def bare_loop(
    generator: nn.Module, discriminator: nn.Module, images: Tensor, *, latent: int, batch: int, fused: bool = False
) -> Callable[[int], None]:
    """images: (N, *shape) uint8. Returns play(rounds)."""
    d = Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=fused)
    g = Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=fused)
    ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)

    def play(rounds: int) -> None:
        for _ in range(rounds):
            real = images[torch.randint(len(images), (batch,))].float() / 127.5 - 1
            fake = generator(torch.randn(batch, latent))
            loss_d = bce(discriminator(real), ones) + bce(discriminator(fake.detach()), zeros)
            d.zero_grad()
            loss_d.backward()
            d.step()
            loss_g = bce(discriminator(generator(torch.randn(batch, latent))), ones)
            g.zero_grad()
            loss_g.backward()
            g.step()
            if not (loss_d.isfinite() and loss_g.isfinite()):
                raise RuntimeError("diverged")

    return play
