"""The 1-D experiment: its networks, what is looked at, what is claimed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rivals import chance
from rivals.networks.trials import Linears
from rivals.studies import gaussian
from rivals.studies.gaussian import COLLAPSED, SYSTEMS, History, Whole, claims, frame, noise, played, share_collapsed


def test_the_discriminator_judges_each_trials_numbers_as_one_vector():
    torch.manual_seed(0)
    D, x = Whole(3), torch.randn(300, 1)
    logits = D(x)
    assert logits.shape == (3, 1)
    first, second, third = (layer for layer in D.body if isinstance(layer, Linears))
    h = x[1::3, 0]  # the numbers of the second trial
    for layer in (first, second):
        h = torch.nn.functional.elu(h @ layer.weight[1] + layer.bias[1, 0])
    assert torch.allclose(logits[1], h @ third.weight[1] + third.bias[1, 0], atol=1e-6)
    assert sum(p.numel() for p in D.parameters()) == 3 * (100 * 50 + 50 + 50 * 50 + 50 + 50 + 1)


def test_noise_is_uniform_on_0_1():
    with chance.fixed(0):
        z = noise(10_000, torch.device("cpu"))
    assert 0 <= float(z.min()) < 0.01 < 0.99 < float(z.max()) < 1


def test_a_short_run_has_a_look_at_its_begin_and_end(monkeypatch):
    monkeypatch.setattr(gaussian, "SAMPLES", 500)
    history = played((SYSTEMS[2], 3, 20))
    assert history.rounds[[0, -1]].tolist() == [0, 20]
    assert history.means.shape == history.deviations.shape == (len(history.rounds), 3)
    assert not np.array_equal(history.means[0], history.means[-1])
    assert (history.answers > 0).all() and (history.answers < 1).all()  # noqa: PT018
    again = played((SYSTEMS[2], 3, 20))
    assert np.array_equal(history.means, again.means)
    assert frame({"SGD": history, "Adam": again}, 1).get_axes()


def made(deviation):
    rounds = np.asarray([0, 100])
    deviations = np.stack([np.full(4, 0.01), np.asarray(deviation)])
    return History(rounds, deviations + 4, deviations, np.zeros((2, 96)), np.zeros((2, 97)))


def test_claims_say_what_was_seen():
    good, collapsed = made([1.2, 1.3, 1.0, 0.9]), made([0.02, 0.03, 0.02, 1.0])
    assert share_collapsed(collapsed) == 0.75
    assert share_collapsed(made([COLLAPSED * 1.01] * 4)) == 0
    histories = {"SGD": collapsed, "SGD with momentum 0.9": good, "Adam": collapsed} | {
        system.name: good for system in gaussian.REPAIRS
    }
    held = {claim.says: claim.holds for claim in claims(histories)}
    assert list(held.values()) == [True, True, False, True]
    assert "75% of the runs" in claims(histories)[0].seen
    with pytest.raises(KeyError):
        claims({"SGD": good})
