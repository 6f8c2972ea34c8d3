"""What the discriminator of a run answers, where it looks, and the weights of the run."""

from __future__ import annotations

import io

import numpy
import PIL.Image
import pytest
import torch

from rivals import chance
from rivals.data import Batches
from rivals.data import load as load_data
from rivals.errors import UserError
from rivals.loading import load, read, setup_of
from rivals.recipes import find
from rivals.studio import inside
from rivals.training import Training, train


@pytest.mark.parametrize("which", ["latest", "best"])
def test_answers_are_the_discriminators(trained, which):
    found = inside.answers(trained, which)
    game = load(trained, checkpoint=which)
    assert found.round == game.round == inside.opened(trained, which, 0).round
    with torch.no_grad():
        assert torch.allclose(game.logits(found.judged[0]).flatten(), found.real[:64], atol=1e-5)
        assert torch.allclose(game.logits(found.judged[1]).flatten(), found.fake[:64], atol=1e-5)
    at, real, fake = inside.histogram(found)
    assert len(at) == len(real) == inside.BINS
    assert (sum(real), sum(fake)) == (inside.ROWS, inside.ROWS)
    mean = sum(x * n for x, n in zip(at, real, strict=True)) / inside.ROWS
    assert mean == pytest.approx(float(found.real.mean()), abs=(at[1] - at[0]))


def test_a_discriminator_with_batch_norm_answers_as_it_plays(tmp_path):
    """To a batch of real things and to one of drawn things, each by itself: by its averages over both it would tell less."""
    into = tmp_path / "dcgan"
    recipe = find("dcgan").but(network="intermediate", width=4, batch=32)
    train(recipe, Training(data="digits", into=into, rounds=30, looks=1, precision="float32"))
    found = inside.answers(into)
    game = setup_of(read(into, "latest")[0]["settings"]).game
    game.load_state_dict(read(into, "latest")[0]["game"])
    x, y = found.judged
    with torch.no_grad():
        real, fake = game.train().logits(x), game.logits(y)
    assert torch.allclose(real.flatten(), found.real[:32], atol=1e-5)
    assert torch.allclose(fake.flatten(), found.fake[:32], atol=1e-5)
    game.load_state_dict(read(into, "latest")[0]["game"])
    with torch.no_grad():
        assert not torch.allclose(game.eval().logits(x).flatten(), found.real[:32], atol=0.1)
    again = inside.answers(into)  # nothing was remembered
    assert torch.equal(again.real, found.real)


def test_the_map_is_where_the_answer_changes(trained):
    x = inside.answers(trained).judged[0]
    where = inside.minded(trained, x)
    assert where.shape == (inside.LOOKED, 8, 8)
    assert torch.equal(where.flatten(1).amax(1), torch.ones(inside.LOOKED))
    game = load(trained, checkpoint="latest")

    assert len(x) == 64  # a batch

    def change(y, z):
        moved = x[:1].clone()
        moved[0, 0, y, z] += 1e-2
        with torch.no_grad():
            return abs(float(game.logits(moved) - game.logits(x[:1])))

    best, least = (divmod(int(at), 8) for at in (where[0].argmax(), where[0].argmin()))
    assert change(*best) > change(*least)
    drawn = numpy.asarray(PIL.Image.open(io.BytesIO(inside.shown(x[0], where[0]))))
    assert drawn.shape == (8, 8, 3)
    assert tuple(drawn[best]) != tuple(drawn[best][::-1])  # orange there


def test_weights_are_told_of_every_layer(trained):
    told = inside.layers(trained)
    assert {layer.name for layer in told} == {name for name, _ in load(trained).named_parameters()}
    assert all(layer.size > 0 or layer.name.endswith("bias") for layer in told)


def test_gradients_are_those_of_the_owners_turn(trained):
    tree, _ = read(trained, "latest")
    setup = setup_of(tree["settings"])
    game = setup.game
    game.load_state_dict(tree["game"])
    G, D = game.generator, game.discriminator
    with Batches(load_data("digits"), setup.batch, seed=0) as batches, chance.fixed(0):
        sum(game.loss_D(batches(0)).values()).backward()
        wanted = [p.grad.square().mean().sqrt().item() for p in D.parameters()]
    found = inside.gradients(trained)
    assert [found[f"discriminator.{name}"] for name, _ in D.named_parameters()] == pytest.approx(wanted, rel=1e-4)
    assert {name for name, value in found.items() if value > 0} >= {f"generator.{name}" for name, _ in G.named_parameters()}


def test_games_without_a_discriminator_show_their_weights_alone(tmp_path):
    into = tmp_path / "vae"
    train(
        find("vae").but(network="simple", width=8), Training(data="digits", into=into, rounds=2, looks=1, precision="float32")
    )
    with pytest.raises(UserError, match="no discriminator"):
        inside.answers(into)
    assert inside.layers(into)


@pytest.mark.parametrize("told", ["projection", "two-scores"])
def test_what_was_asked_for_is_judged_with_it(tmp_path, told):
    into = tmp_path / "cgan"
    recipe = find("cgan").but(width=4, norm_d="none", told=told)
    train(recipe, Training(data="digits", into=into, rounds=2, looks=1, precision="float32"))
    found, game, rows = inside.answers(into), load(into, checkpoint="latest"), load_data("digits")
    first = inside.opened(into, "latest", 0).rows
    game.train()
    y = torch.nn.functional.one_hot(first.y, 10).float()
    with torch.no_grad():
        wanted = torch.cat([game.discriminator(x, c)[:, 0] for x, c in zip(first.x.split(64), y.split(64), strict=True)])
    assert len(rows) > len(wanted)
    assert torch.allclose(found.real, wanted, atol=1e-5)
    x = found.judged[0].clone().requires_grad_()
    game.discriminator(x, y[: len(x)])[: inside.LOOKED, 0].sum().backward()
    slope = x.grad[: inside.LOOKED].abs().amax(1)
    assert torch.allclose(inside.minded(into, found.judged[0]), slope / slope.flatten(1).amax(1)[:, None, None], atol=1e-5)


def test_points_are_answered_too(tmp_path):
    into = tmp_path / "ring"
    train(find("gan").but(network="mlp", width=8), Training(data="ring", into=into, rounds=2, looks=1, precision="float32"))
    assert inside.answers(into).judged[0].shape == (64, 2)
