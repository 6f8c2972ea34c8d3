"""What clipping costs: gradients by layers, singular values, weights at the ends."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from rivals.criteria import wasserstein
from rivals.games.gan import GAN
from rivals.networks.trials import Linears, mlp, summed
from rivals.priors import Normal
from rivals.studies.clipping import CLIPS, NORMS, PENALTY, Critic, claims, deep, edges, through


def test_gradients_are_with_respect_to_what_enters_each_layer():
    """Of a linear critic of two layers, a then b: d D / d x = a b and d D / d (a x) = b, in each of 2B rows, over B."""
    D = mlp(1, [1, 1, 1], nn.Identity)
    layers = [module for module in D.modules() if isinstance(module, Linears)]
    with torch.no_grad():
        layers[0].weight.fill_(3.0)
        layers[1].weight.fill_(0.5)
    game = GAN(mlp(1, [2, 1], nn.Identity), D, prior=Normal(2), adversarial=summed(wasserstein, 1))
    found = through(game, layers, torch.randn(8, 1))
    assert found[:, 0] == pytest.approx([1.5 * 16**0.5 / 8, 0.5 * 16**0.5 / 8])


@pytest.mark.parametrize("clip", [0.01, None])
def test_a_deep_critic_is_clipped_or_penalised(clip):
    critic = deep((clip, 2, 2))
    assert critic.gradients.shape == (12, 2)
    assert (np.abs(critic.weights).max() <= 0.01 * (1 + 1e-6)) == (clip is not None)


def test_edges_are_a_percentage():
    assert edges(np.array([0.1, -0.0999, 0.05, 0.0], np.float32), 0.1) == 50


def test_claims_see_explosions_and_low_ranks():
    def critic(ratio, c=1.0):
        return Critic(np.array([c, -c, 0.0], np.float32), np.array([[ratio] * 2, [1.0] * 2]))

    critics = {f"c = {c:g}": critic(1e-9, c) for c in CLIPS} | {PENALTY: critic(1.5)}
    flat, steep = [np.ones(4)] * 2, [np.array([1.0, 0.1, 0.1, 0.1])] * 2
    values = {norm: [steep, steep] for norm in NORMS} | {"spectral norm": [flat, flat]}
    assert [claim.holds for claim in claims(critics, values)] == [True] * 4
    critics["c = 0.1"] = critic(2.0)
    assert [claim.holds for claim in claims(critics, {**values, "clipping": [flat]})] == [False, True, True, False]
