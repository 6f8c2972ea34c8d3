"""The VAE's terms in closed form."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from rivals.data.core import Batch
from rivals.games.vae import VAE, gaussian_nll, kl_to_standard_normal


def test_kl_is_that_of_the_library():
    mean, log_variance = torch.randn(7, 3), torch.randn(7, 3)
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum(1).mean()
    assert float(kl_to_standard_normal(mean, log_variance)) == pytest.approx(float(expected), rel=1e-5)


def test_likelihood_is_that_of_the_best_shared_variance():
    x, mean = torch.randn(50, 1, 4, 4), torch.randn(50, 1, 4, 4)
    std = (x - mean).square().mean().sqrt()
    expected = -Normal(mean, std).log_prob(x).flatten(1).sum(1).mean()
    assert float(gaussian_nll(x, mean)) == pytest.approx(float(expected), rel=1e-5)
    for factor in (0.8, 1.25):  # any other variance is worse
        assert -Normal(mean, factor * std).log_prob(x).flatten(1).sum(1).mean() > expected


def test_a_linear_vae_reaches_the_likelihood_of_probabilistic_pca():
    """Tipping and Bishop (1999): with a linear decoder the bound is tight at pPCA's maximum likelihood."""
    torch.manual_seed(0)
    directions = torch.linalg.qr(torch.randn(6, 6)).Q
    x = torch.randn(2000, 6) * torch.tensor([3.0, 2.0, 0.5, 0.5, 0.5, 0.5]) @ directions.T
    x -= x.mean(0)
    game = VAE(nn.Linear(6, 4), nn.Linear(2, 6), latent=2)
    optimizer = torch.optim.Adam(game.parameters(), lr=0.02)
    for step in range(1500):
        for group in optimizer.param_groups:
            group["lr"] = 0.02 * (1 - step / 1500)
        optimizer.zero_grad()
        loss = sum(game.loss(Batch(x)).values())
        loss.backward()
        optimizer.step()
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)
    noise = values[2:].mean()
    log_likelihood = -0.5 * (6 * math.log(2 * math.pi) + values[:2].log().sum() + 4 * noise.log() + 6)
    assert float(loss.detach()) == pytest.approx(-float(log_likelihood), abs=0.05)


def test_beta_scales_the_kl():
    torch.manual_seed(0)
    batch, encoder, decoder = Batch(torch.randn(8, 6)), nn.Linear(6, 4), nn.Linear(2, 6)
    kl = [float(VAE(encoder, decoder, latent=2, beta=beta).loss(batch)["kl"].detach()) for beta in (1.0, 4.0)]
    assert kl[1] == pytest.approx(4 * kl[0])


def test_what_is_encoded_is_the_mean():
    game = VAE(nn.Linear(6, 4), nn.Linear(2, 6), latent=2)
    x = torch.randn(3, 6)
    assert torch.equal(game.encode(x), game.encoder(x)[:, :2])
