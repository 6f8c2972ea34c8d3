"""A game on points, turn by turn: it is the trainer's game, its surface and pull are D's, and it changes while it is played."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
import torch

from rivals.criteria import CRITERIA
from rivals.data import Batches, Memory
from rivals.errors import UserError
from rivals.recipes import find
from rivals.studio import plane
from rivals.studio.playground import DRAWN, POINT_SETS, VIEW, Playground, drawn, playable, points, small
from rivals.studio.scene import CELLS, View
from rivals.trainer import Trainer


def weights(game):
    return torch.cat([p.detach().flatten() for p in game.parameters()])


@pytest.mark.parametrize("name", POINT_SETS)
def test_points_fit_into_what_is_shown(name):
    x = points(name)
    assert x.shape[1] == (1 if name in ("gaussian", "two hills") else 2)
    assert (x.abs() < VIEW.reach).double().mean() > 0.98


def test_rounds_are_the_trainers():
    ground = Playground(points("ring"), "gan", seed=4)
    data = Memory(points("ring"), name="points")
    torch.manual_seed(4)
    setup = small(find("gan"))(data.facts)
    trainer = Trainer(setup.game, Batches(data, setup.batch, seed=4), seed=4)
    ground.play(5)
    for _ in range(5):
        trainer.play()
    assert torch.equal(weights(ground.game), weights(trainer.game))
    assert ground.losses["generator"][-1][0] == 5


def test_a_turn_moves_one_player_alone():
    ground = Playground(points("ring"), "gan")
    D, G = ground.game.discriminator, ground.game.generator
    before = weights(D), weights(G)
    assert ground.turn() == "discriminator"
    assert not torch.equal(weights(D), before[0])
    assert torch.equal(weights(G), before[1])
    before = weights(D), weights(G)
    assert ground.turn() == "generator"
    assert torch.equal(weights(D), before[0])
    assert not torch.equal(weights(G), before[1])
    ground.turn()
    ground.play()  # ends the round that has begun, and plays another
    assert ground.trainer.round == 3


def test_two_players_at_once_do_not_disturb_each_other():
    alone, beside, other = (Playground(points("ring"), "gan", seed=seed) for seed in (1, 1, 2))
    for _ in range(4):
        alone.turn()
    for _ in range(4):
        beside.turn()
        other.turn()
    assert torch.equal(weights(alone.game), weights(beside.game))


@pytest.mark.parametrize("recipe", playable())
@pytest.mark.parametrize("name", ["two moons", "two hills"])
def test_every_game_is_played_and_drawn(recipe, name):
    ground = Playground(points(name), recipe)
    ground.play(2)
    ground.turn()
    scene = ground.scene
    assert scene.samples().shape == (DRAWN, ground.data.shape[1])
    if (logits := scene.surface()) is not None:
        assert logits.shape == ((CELLS,) if scene.flat else (CELLS, CELLS))
    drawing = plane.draw(scene)
    if not scene.flat:
        assert drawing.content().count("<circle") == plane.SHOWN + DRAWN
    ElementTree.fromstring(drawing.svg())
    pixels = drawing.pixels(120)
    assert pixels.size == (120, 120)
    assert len(pixels.getcolors(120 * 120)) > 50  # something is drawn


@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_pull_is_downhill_for_the_generator_whatever_the_criterion(criterion):
    ground = Playground(points("ring"), "gan", adversarial=criterion, norm_d="none")
    ground.play(3)
    fake = ground.scene.samples()
    pull = ground.scene.pull(fake)

    def loss(x):
        real, logits = ground.game.logits(ground.data[: len(x)]), ground.game.logits(x)
        return CRITERIA[criterion].generator(*((real,) if CRITERIA[criterion].paired else ()), logits)

    ground.game.eval()
    with torch.no_grad():
        assert loss(fake + 1e-3 * pull / pull.abs().max()) < loss(fake)


def test_the_surface_is_ds_answer_at_each_place():
    ground = Playground(points("ring"), "gan")
    ground.play(2)
    surface = ground.scene.surface()
    ground.game.eval()
    with torch.no_grad():
        corner = ground.game.logits(torch.tensor([VIEW.place(0.5, 0.5)]))  # the middle of the first cell, above, on the left
    assert surface[0, 0] == pytest.approx(float(corner), abs=1e-5)


@pytest.mark.parametrize(
    ("criterion", "level"), [("least-squares", 0.5), ("hinge", 0.0), ("relativistic", None), ("wasserstein", None)]
)
def test_white_is_where_it_says_neither(criterion, level):
    """Of a criterion that minds differences alone: halfway between what D says of the data and of what is drawn."""
    ground = Playground(points("ring"), "gan")
    ground.change(criterion=criterion)
    ground.play(2)
    scene = ground.scene
    ground.game.eval()
    with torch.no_grad():
        real, fake = (ground.game.logits(x).mean() for x in (ground.data[:DRAWN], ground.game.decode(ground.z)))
    assert scene.undecided() == pytest.approx(float(real + fake) / 2 if level is None else level, abs=1e-5)


def test_places_and_cells():
    assert VIEW.place(0.0, 0.0) == (-VIEW.reach, VIEW.reach)
    view = View.of(torch.tensor([[0.0, 10.0], [4.0, 12.0]]))
    assert view == (2.0, 11.0, 2.5)
    for at in ((0.0, 0.0), (13.0, 37.5)):
        assert torch.allclose(view.cell(torch.tensor([view.place(*at)])), torch.tensor([at]), atol=1e-4)
    assert view.column(torch.tensor([2.0])) == CELLS / 2


def test_the_drawing_as_svg_and_as_pixels_is_the_same():
    """A point of the data at the middle of a cell, one that is drawn at another, and D's surface under them."""
    surface = torch.full((CELLS, CELLS), -2.0)
    surface[:, CELLS // 2 :] = 2.0
    drawing = plane.Drawing(plane.coloured(surface), [plane.Dots(torch.tensor([[10.5, 20.5]]), plane.REAL, 0.9)])
    assert 'cx="10.50" cy="20.50"' in drawing.content()
    pixels = drawing.pixels(400)
    r, g, _ = pixels.getpixel((105, 205))
    assert g > r  # green
    assert pixels.getpixel((50, 50))[0] > pixels.getpixel((50, 50))[2]  # orange, where it says drawn
    assert pixels.getpixel((350, 50))[2] > pixels.getpixel((350, 50))[0]  # blue, where it says real


def test_rates_criterion_and_penalty_change_while_it_is_played():
    ground = Playground(points("ring"), "gan")
    ground.play()
    ground.change(rates={"generator": 0.0})
    before = weights(ground.game.generator)
    ground.change(criterion="least-squares", penalised="r1")
    ground.play(2)
    assert torch.equal(weights(ground.game.generator), before)  # at rate 0 it stands still
    assert ground.game.adversarial is CRITERIA["least-squares"]
    assert ground.game.penalty is not None
    ground.change(penalised="none")
    assert ground.game.penalty is None
    with pytest.raises(UserError, match="criterion of its own"):
        Playground(points("ring"), "vae").change(criterion="hinge")


def test_what_was_drawn_with_the_mouse_is_the_data():
    x = drawn([(1.0, 2.0), (-1.0, 0.0)])
    assert torch.allclose(x[::2].mean(0), torch.tensor([1.0, 2.0]), atol=0.02)
    assert drawn([(1.0, 2.0)], flat=True).shape[1] == 1
    for wrong in (lambda: drawn([]), lambda: Playground(torch.zeros(3, 2)), lambda: points("nothing")):
        with pytest.raises(UserError):
            wrong()


def test_a_game_that_flies_apart_is_told():
    ground = Playground(points("ring"), "wgan", clip=1e9)
    ground.change(rates=dict.fromkeys(ground.losses, 1e30))
    with pytest.raises(UserError, match="flew apart"):
        ground.play(30)
