"""Who moves when: simultaneous gradients, turns about an equilibrium, the game of two Gaussians."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import SGD

from rivals.criteria import wasserstein
from rivals.data.core import Batch
from rivals.games.gan import GAN
from rivals.studies.loops import MU, SCHEMES, Path, Scheme, Shift, on_gaussians, on_ring, played_together


def test_together_means_by_gradients_at_the_same_weights():
    """On the bilinear game of a Wasserstein critic w x and G(z) = z + theta: w += lr (mean x - theta), theta += lr w."""
    D, theta, lr = nn.Linear(1, 1, bias=False), torch.tensor([0.5]), 0.1
    with torch.no_grad():
        D.weight.fill_(2.0)
    sgd = partial(SGD, lr=lr)
    z = torch.zeros(4, 1)
    game = GAN(Shift(theta), D, prior=lambda n, device: z, adversarial=wasserstein, optim_d=sgd, optim_g=sgd)
    played_together(game, [p.optim(p.parameters()) for p in game.players()], Batch(torch.full((4, 1), 3.0)))
    assert float(D.weight.detach()) == pytest.approx(2 + lr * (3 - 0.5))
    assert float(game.generator.theta.detach()) == pytest.approx(0.5 + lr * 2)  # by the critic before its step


def test_a_circle_is_a_turn():
    angle = np.linspace(0, 2 * math.pi, 200)[:, None]
    path = Path(MU + np.cos(angle), np.sin(angle))
    assert path.turns == pytest.approx([1], abs=1e-6)
    assert path.distances == pytest.approx(np.ones((200, 1)))
    inward = Path(MU + np.linspace(1, 0, 200)[:, None], np.zeros((200, 1)))
    assert inward.turns == pytest.approx([0])  # what happens within a hundredth of the equilibrium is not counted


def test_the_equilibrium_stays_and_more_steps_of_d_turn_less():
    one, converged = (on_gaussians((scheme, 3, 400)) for scheme in (SCHEMES[1], SCHEMES[3]))
    assert converged.turns.mean() < one.turns.mean()
    assert one.theta.shape == (400, 3)
    assert np.array_equal(one.theta[0], converged.theta[0])  # the same starts
    assert (converged.distances[-1] < converged.distances[0]).all()


def test_every_scheme_plays_the_ring():
    for scheme in (Scheme("together", together=True), Scheme("turns", turns=2)):
        drawn = on_ring((scheme, 2, 5))
        assert len(drawn.modes) == len(drawn.quality) == 2
        assert drawn.x.shape == (2500, 2)
