"""Many trials at once are many trials."""

from __future__ import annotations

import copy
from functools import partial

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam

from rivals.criteria import hinge, nonsaturating, relativistic, wasserstein
from rivals.data.core import Batch
from rivals.game import turn
from rivals.games.gan import GAN
from rivals.networks.minibatch import MinibatchDiscrimination
from rivals.networks.trials import (
    Linears,
    MinibatchDiscriminations,
    SpectralLinears,
    Trials,
    each,
    mlp,
    summed,
    summed_penalty,
)
from rivals.penalties import R1R2
from rivals.priors import Normal


def alone(net, trial):
    """One of the trials as a network by itself."""
    one = copy.deepcopy(net)
    one.trials = 1
    for layer in one.modules():
        if isinstance(layer, Linears):
            layer.weight = nn.Parameter(layer.weight[trial : trial + 1].detach().clone())
            layer.bias = nn.Parameter(layer.bias[trial : trial + 1].detach().clone())
    return one


def test_each_trial_sees_its_own_rows_and_weights():
    torch.manual_seed(0)
    net = mlp(3, [2, 5, 1], nn.ELU, nn.Sigmoid())
    x = torch.randn(12, 2)
    parts = [alone(net, trial)(x[trial::3]) for trial in range(3)]
    assert torch.allclose(net(x), torch.stack(parts, 1).flatten(0, 1))
    plain, ours = nn.Linear(1000, 10), Linears(1, 1000, 10)
    assert float(ours.weight.detach().std() / plain.weight.detach().std()) == pytest.approx(1, abs=0.05)
    assert float(ours.bias.detach().abs().max()) < 1000**-0.5


def test_trained_together_is_trained_alone():
    """Also by SGD, where a mean over all trials would move each by a third."""
    for optim in (partial(SGD, lr=0.1), partial(Adam, lr=1e-2)):
        for criterion, penalty in ((nonsaturating, None), (relativistic, R1R2(0.5))):
            torch.manual_seed(1)
            G, D, x = mlp(3, [2, 6, 2], nn.ReLU), mlp(3, [2, 6, 1], nn.SiLU), torch.randn(12, 2)
            z = torch.randn(12, 2)

            def played(G, D, x, z, trials, optim=optim, criterion=criterion, penalty=penalty):
                game = GAN(
                    G,
                    D,
                    prior=lambda n, device: z,
                    adversarial=summed(criterion, trials),
                    penalty=penalty and summed_penalty(penalty, trials),
                    optim_d=optim,
                    optim_g=optim,
                )
                optimizers = [player.optim(player.parameters()) for player in game.players()]
                for _ in range(3):
                    for player, optimizer in zip(game.players(), optimizers, strict=True):
                        with turn(game, player):
                            sum(player.loss(Batch(x)).values()).backward()
                        optimizer.step()
                        optimizer.zero_grad()
                return game

            ones = [played(alone(G, t), alone(D, t), x[t::3], z[t::3], 1).generator.body[0].weight for t in range(3)]
            together = played(G, D, x, z, 3).generator.body[0].weight
            assert torch.allclose(together, torch.cat(ones), atol=1e-5)


def test_each_trial_has_its_own_criterion():
    """Six trials of two criteria: 0, 2, 4 have the first."""
    torch.manual_seed(2)
    real, fake = torch.randn(24, 1), torch.randn(24, 1)
    together = each([hinge, wasserstein], 6)
    for loss, rows in (("critic", (real, fake)), ("generator", (fake,))):
        alone = [getattr((hinge, wasserstein)[t % 2], loss)(*(r[t::6] for r in rows)) for t in range(6)]
        assert torch.allclose(getattr(together, loss)(*rows), torch.stack(alone).sum())


def test_a_body_of_other_layers_is_taken_as_it_is():
    net = Trials(2, Linears(2, 3, 3), nn.Tanh())
    assert net(torch.zeros(4, 3)).abs().max() < 1
    assert isinstance(GAN(net, net, prior=Normal(3)).sample, object)


def test_each_trial_has_the_spectral_norm_of_its_own():
    torch.manual_seed(0)
    layer = SpectralLinears(3, 5, 4)
    x = torch.eye(5).expand(3, 5, 5)
    for _ in range(50):
        layer(x)
    found = torch.linalg.svdvals((layer.eval()(x) - layer.bias).detach())[:, 0]
    assert torch.allclose(found, torch.ones(3), atol=1e-4)
    before = layer.u.clone()
    layer(x)
    assert torch.equal(layer.u, before)  # a look changes nothing


def test_minibatch_discrimination_stays_within_a_trial():
    torch.manual_seed(0)
    many, one, f = MinibatchDiscriminations(3, 4, 2), MinibatchDiscrimination(4, 2), torch.randn(3, 6, 4)
    with torch.no_grad():
        one.T.copy_(many.T[1])
    assert torch.allclose(many(f)[1], one(f[1]), atol=1e-6)
