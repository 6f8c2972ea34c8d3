"""Networks taken apart, and what reads their features."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rivals.networks import FAMILIES
from rivals.networks.heads import Head, apart, features_of


@pytest.mark.parametrize("name", FAMILIES)
def test_a_discriminator_taken_apart_is_the_same_one_and_a_head_reads_its_features(name):
    family = FAMILIES[name]
    D = family.discriminator((3, 17, 12), outputs=1, width=4, norm=family.norm_d, dropout=0.0).eval()
    trunk, judge = apart(D)
    x = torch.randn(2, 3, 17, 12)
    features = trunk(x)
    assert torch.equal(judge(features), D(x))
    assert (features.dim() == 4) == family.maps
    assert {id(p) for net in (trunk, judge) for p in net.parameters()} == {id(p) for p in D.parameters()}
    assert features[0].numel() == features_of(judge)
    assert Head(features_of(judge), 5, hidden=6, activated=True)(features).shape == (2, 5)


def test_a_head_of_activations_does_not_activate_them_again():
    f = torch.tensor([[-1.0, 2.0]])
    for activated, seen in ((True, [[-1.0, 2.0]]), (False, [[-0.2, 2.0]])):
        head = Head(2, 1, activated=activated)
        linear = head.body[-1]
        assert isinstance(linear, nn.Linear)
        assert torch.equal(head(f), linear(torch.tensor(seen)))
