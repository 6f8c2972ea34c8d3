"""What a recipe tells about itself."""

from __future__ import annotations

import pytest

from rivals.errors import UserError
from rivals.recipes import RECIPES, find


def test_needs_and_abilities_are_found_out():
    assert find("gan").needs() == "pictures or vectors"
    assert find("dcgan").needs() == "pictures"
    assert find("gan").can() == ["samples"]
    assert find("vae").can() == ["samples", "encodes"]


def test_an_unknown_recipe_gets_the_nearest_name():
    with pytest.raises(UserError, match="did you mean 'wgan-gp'"):
        find("wgan_gp")
    assert set(RECIPES) >= {"auto", "gan", "dcgan", "lsgan", "wgan", "wgan-gp", "sngan", "vae"}
