"""Disentangling: which pairs there are, the losses over them in closed form, who moves what."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from rivals.data.core import Batch
from rivals.errors import UserError
from rivals.game import Encodes, turn
from rivals.games.disentangle import Disentangle, alike, pair_loss
from rivals.networks.pairs import Pairs


def game(**options):
    torch.manual_seed(0)
    return Disentangle(nn.Linear(6, 2), nn.Linear(6, 3), nn.Linear(5, 6), Pairs(3, width=4), **options)


def batch(n: int = 7) -> Batch:
    return Batch(torch.randn(n, 6, generator=torch.Generator().manual_seed(1)), torch.arange(n) % 3)


def test_all_pairs_once():
    i, j, same = alike(torch.tensor([0, 1, 0, 2]))
    assert list(zip(i.tolist(), j.tolist(), same.tolist())) == [
        (0, 1, False), (0, 2, True), (0, 3, False), (1, 2, False), (1, 3, False), (2, 3, False),
    ]  # fmt: skip


def test_both_kinds_of_pairs_weigh_the_same():
    logits, same = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([True, False, False])
    expected = softplus(torch.tensor(-2.0)) + (softplus(torch.tensor(-1.0)) + softplus(torch.tensor(0.5))) / 2
    assert float(pair_loss(logits, same)) == pytest.approx(float(expected))
    assert float(pair_loss(torch.zeros(3), same)) == pytest.approx(2 * math.log(2))
    assert float(pair_loss(logits, torch.ones(3, dtype=torch.bool))) == pytest.approx(float(softplus(-logits).mean()))


def test_speaker_codes_are_drawn_together_and_apart_up_to_the_margin():
    made = game(margin=2.0, speaker=0.5)
    nn.init.zeros_(made.E_s.bias)
    made.E_s.weight.data = torch.eye(6)[:2]
    x = torch.zeros(3, 6)
    x[1, 0], x[2, 1] = 1.0, 3.0  # squared distances 1, 9, 10
    _, autoencoder = made.players()
    with torch.no_grad():
        one = autoencoder.loss(Batch(x, torch.tensor([0, 0, 1])))
        two = autoencoder.loss(Batch(x, torch.tensor([0, 1, 1])))
    assert float(one["speaker"]) == pytest.approx(0.5 * 1)
    assert float(two["speaker"]) == pytest.approx(0.5 * (10 + (2 - 1) / 2))


def test_the_discriminator_minimises_what_the_encoder_turns_round():
    made, rows = game(weight=0.7), batch()
    discriminator, autoencoder = made.players()
    with torch.no_grad():
        p = made.E_p(rows.x)
        i, j, same = alike(rows.y)
        logits = made.C(p)[i, j]
        assert float(discriminator.loss(rows)["pairs"]) == pytest.approx(float(pair_loss(logits, same)))
        terms = autoencoder.loss(rows)
    assert float(terms["confusion"]) == pytest.approx(0.7 * float(pair_loss(-logits, same)), rel=1e-5)
    made_again = made.decode(made.encode(rows.x)).detach()
    assert float(terms["reconstruction"]) == pytest.approx(float((made_again - rows.x).abs().mean()))


def test_each_moves_what_is_its_own_and_confusion_the_phonetic_encoder_alone():
    made = game()
    discriminator, autoencoder = made.players()
    for player, names, moved in (
        (discriminator, ["pairs"], {"C"}),
        (autoencoder, ["confusion"], {"E_p"}),
        (autoencoder, ["speaker"], {"E_s"}),
        (autoencoder, ["reconstruction"], {"E_s", "E_p", "decoder"}),
    ):
        made.zero_grad()
        with turn(made, player):
            terms = player.loss(batch())
            sum(terms[name] for name in names).backward()
        assert {name.split(".")[0] for name, p in made.named_parameters() if p.grad is not None and p.grad.any()} == moved


def test_voices_are_exchanged_and_words_kept():
    made, x = game(), batch().x
    codes = made.encode(x)
    assert codes.shape == (7, 5)
    assert torch.allclose(made.converted(x, codes[:, :2]), made.decode(codes))
    other = made.converted(x, codes[:1, :2].expand(7, 2))
    assert torch.allclose(other, made.decode(torch.cat([codes[:1, :2].expand(7, 2), codes[:, 2:]], 1)))
    assert isinstance(made, Encodes)


def test_the_discriminator_takes_its_turns():
    discriminator, autoencoder = game(critic_turns=4).players()
    assert (discriminator.turns, autoencoder.turns) == (4, 1)


def test_speakers_must_be_known():
    for player in game().players():
        with pytest.raises(UserError, match="has to know who speaks"):
            player.loss(batch()._replace(y=None))
