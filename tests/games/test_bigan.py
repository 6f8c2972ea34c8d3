"""BiGAN and ALI: the pairs, their exchange, what an encoder gives."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from rivals import chance
from rivals.criteria import nonsaturating, relativistic, wasserstein
from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.games.bigan import BiGAN
from rivals.networks.conditioned import Joint
from rivals.priors import Normal

BATCH = Batch(torch.randn(16, 3, generator=torch.Generator().manual_seed(0)))


class Told(nn.Module):
    """Remembers the pairs; its logit is a weight times the sum of both."""

    def __init__(self):
        super().__init__()
        self.weight, self.pairs = nn.Parameter(torch.ones(())), []

    def forward(self, x, z):
        self.pairs.append((x, z))
        return self.weight * torch.cat([x, z], 1).sum(1, keepdim=True)


def game(**options):
    torch.manual_seed(0)
    outputs = 4 if options.get("stochastic") else 2
    return BiGAN(nn.Linear(2, 3), nn.Linear(3, outputs), Told(), prior=Normal(2), **options)


def test_pairs_are_things_with_their_codes_and_latents_with_their_samples():
    made = game()
    made.loss_D(BATCH)
    (x, code), (sample, z) = made.discriminator.pairs
    assert torch.equal(x, BATCH.x)
    assert torch.equal(code, made.encoder(BATCH.x))
    assert torch.equal(sample, made.generator(z))


@pytest.mark.parametrize("criterion", [nonsaturating, wasserstein])
def test_generator_and_encoder_play_for_the_pairs_exchanged(criterion):
    made = game(adversarial=criterion)
    with chance.fixed(1):
        real, fake = made.pairs(BATCH.x)
    with chance.fixed(1):
        assert torch.equal(made.loss_D(BATCH)["adversarial"], criterion.critic(real, fake))
    with chance.fixed(1):
        assert torch.equal(made.loss_GE(BATCH)["adversarial"], criterion.critic(fake, real))


def test_a_stochastic_encoder_draws_and_encodes_by_its_mean():
    made = game(stochastic=True)
    with torch.no_grad():
        made.encoder.weight.zero_()
        made.encoder.bias.copy_(torch.tensor([1.0, -2.0, math.log(0.25), math.log(4.0)]))
    z = made.drawn(torch.zeros(20_000, 3))
    assert torch.allclose(z.mean(0), torch.tensor([1.0, -2.0]), atol=0.05)
    assert torch.allclose(z.std(0), torch.tensor([0.5, 2.0]), rtol=0.03)
    assert torch.equal(made.encode(torch.zeros(1, 3)), torch.tensor([[1.0, -2.0]]))
    assert torch.equal(game().drawn(BATCH.x), game().encode(BATCH.x))


def test_a_relativistic_criterion_is_refused():
    with pytest.raises(UserError, match="take another"):
        game(adversarial=relativistic)


def test_a_joint_discriminator_sees_both():
    torch.manual_seed(0)
    D = Joint(lambda shape, outputs: nn.Linear(shape[0], outputs), (3,), 2, features=4)
    x, z = torch.randn(1, 3), torch.randn(1, 2)
    assert D(x, z).shape == (1, 1)
    assert D(x, z) != D(x + 1, z) != D(x + 1, z + 1)
