"""Autoencoder, adversarial autoencoder, VAE-GAN: their terms in closed form, and who is moved by what."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from rivals import chance
from rivals.criteria import nonsaturating, relativistic, wasserstein
from rivals.data.core import Batch
from rivals.game import turn
from rivals.games.aae import AAE
from rivals.games.autoencoder import Autoencoder
from rivals.games.vae import gaussian_nll, kl_to_standard_normal
from rivals.games.vaegan import VAEGAN
from rivals.priors import Normal

X = torch.randn(64, 5, generator=torch.Generator().manual_seed(0))


def aae(**options):
    torch.manual_seed(0)
    return AAE(nn.Linear(5, 2), nn.Linear(2, 5), nn.Linear(2, 1), prior=Normal(2), **options)


def vaegan(**options):
    torch.manual_seed(0)
    return VAEGAN(nn.Linear(5, 4), nn.Linear(2, 5), nn.Linear(5, 7), nn.Linear(7, 1), latent=2, **options)


def test_a_linear_autoencoder_finds_the_principal_directions():
    """Baldi and Hornik (1989): its error is what is left beside the two largest eigenvalues."""
    torch.manual_seed(0)
    x = (X - X.mean(0)) @ torch.diag(torch.tensor([3.0, 2.0, 0.5, 0.4, 0.3]))
    game = Autoencoder(nn.Linear(5, 2), nn.Linear(2, 5), latent=2)
    optimizer = torch.optim.LBFGS(game.parameters(), max_iter=300, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = game.loss(Batch(x))["reconstruction"]
        loss.backward()
        return loss

    optimizer.step(closure)
    left = torch.linalg.eigvalsh(torch.cov(x.T, correction=0))[:3].sum() / 5
    assert float(closure().detach()) == pytest.approx(float(left), rel=0.01)


def test_an_autoencoder_draws_from_the_gaussian_of_its_codes():
    torch.manual_seed(0)
    game = Autoencoder(nn.Linear(2, 2), nn.Linear(2, 2), latent=2)
    mixing = torch.tensor([[1.0, 0.0], [2.0, 0.5]])
    z = torch.randn(4000, 2) @ mixing.T + torch.tensor([3.0, -1.0])
    for _ in range(1000):
        game.heed(z)
    drawn = game.prior(40_000)
    assert torch.allclose(drawn.mean(0), z.mean(0), atol=0.05)
    assert torch.allclose(torch.cov(drawn.T), torch.cov(z.T), rtol=0.05, atol=0.05)


def test_the_three_phases_of_an_adversarial_autoencoder():
    game = aae()
    assert [player.name for player in game.players()] == ["autoencoder", "discriminator", "encoder"]
    z = game.encode(X)
    assert torch.equal(game.loss_R(Batch(X))["reconstruction"], mse_loss(game.decoder(z), X))
    with chance.fixed(1):
        prior = game.prior(64)
    with chance.fixed(1):
        expected = nonsaturating.critic(game.judged(prior), game.judged(z))
        assert torch.equal(game.loss_D(Batch(X))["adversarial"], expected)
    assert torch.equal(game.loss_E(Batch(X))["adversarial"], nonsaturating.generator(game.judged(z)))
    with chance.fixed(1):
        paired = relativistic.generator(game.judged(prior), game.judged(z))
        assert torch.equal(aae(adversarial=relativistic).loss_E(Batch(X))["adversarial"], paired)


def test_a_vaegan_measures_likeness_by_features():
    game = vaegan(gamma=3.0)
    mean, log_variance = game.posterior(X)
    with chance.fixed(1):
        same = game.trunk(game.reconstructed(mean, log_variance))
    with chance.fixed(1):
        terms = game.loss_Enc(Batch(X))
    like = gaussian_nll(game.trunk(X), same)
    assert torch.equal(terms["likeness"], like)
    assert torch.equal(terms["kl"], kl_to_standard_normal(mean, log_variance))
    with chance.fixed(1):
        assert torch.allclose(game.loss_Dec(Batch(X))["likeness"], 3.0 * like / 7)


@pytest.mark.parametrize("criterion", [nonsaturating, relativistic])
def test_a_vaegan_judges_reconstructions_and_samples_alike(criterion):
    game = vaegan(adversarial=criterion)
    real = game.logits(X)
    with chance.fixed(1):
        fakes = [game.logits(game.reconstructed(*game.posterior(X))), game.logits(game.sample(64))]
    with chance.fixed(1):
        expected = sum(criterion.critic(real, fake) for fake in fakes) / 2
        assert torch.allclose(game.loss_Dis(Batch(X))["adversarial"], expected)
    others = (real,) if criterion.paired else ()
    with chance.fixed(1):
        expected = sum(criterion.generator(*others, fake) for fake in fakes) / 2
        assert torch.allclose(game.loss_Dec(Batch(X))["adversarial"], expected)


def test_each_of_a_vaegans_players_has_a_gradient_of_its_own():
    """The encoder does not see the adversarial term, the discriminator is not pulled by likeness, the decoder by both."""

    def gradients(**options):
        game, found = vaegan(**options), {}
        for player in game.players():
            with turn(game, player), chance.fixed(1):
                loss = sum(player.loss(Batch(X)).values())
                found[player.name] = torch.cat([g.flatten() for g in torch.autograd.grad(loss, player.parameters())])
        return found

    plain, likeness, criterion = gradients(), gradients(gamma=9.0), gradients(adversarial=wasserstein)
    for other, alike in ((likeness, {"encoder", "discriminator"}), (criterion, {"encoder"})):
        assert {name for name in plain if torch.equal(plain[name], other[name])} == alike
