"""Super-resolution and in-painting: every option changes something, wrong ones are refused; what is known stays."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate, mse_loss

from rivals.criteria import least_squares
from rivals.data import Batches, Memory
from rivals.data.changed import centre, free, holed, strokes
from rivals.data.core import Batch, Facts
from rivals.data.partners import made_pairs
from rivals.errors import UserError
from rivals.games.context_encoder import ContextEncoder
from rivals.games.srgan import SRGAN
from rivals.networks.enlarging import SRResNet
from rivals.penalties import R1
from rivals.recipes import RECIPES
from rivals.recipes.restoration import InpaintingOptions, SuperResolution
from rivals.trainer import Trainer

BASE = {
    "srgan": {"width": 4, "batch": 8, "blocks": 1, "times": 2, "content": "none"},
    "context-encoder": {"width": 4, "batch": 8, "patch": "16"},
}
BOTH = {
    "width": 5,
    "rival": False,
    "adversarial": "hinge",
    "adversarial_weight": 0.5,
    "lr": 0.01,
    "beta1": 0.1,
    "decay": "linear",
    "batch": 9,
    "average": 0.5,
    "penalty": "r1",
    "penalty_weight": 500.0,
}
CHANGED = {
    "srgan": {**BOTH, "times": 4, "blocks": 2, "content": "random", "content_weight": 5.0, "patch": "16"},
    "context-encoder": {**BOTH, "holes": "strokes", "depth": 1, "norm": "none", "patch": "pixel"},
}
NEEDS = {
    ("srgan", "content_weight"): {"content": "random"},
    ("context-encoder", "rival"): {"patch": "34"},
    **{(name, "penalty_weight"): {"penalty": "r1"} for name in BASE},
}
OPTIONS = {"srgan": SuperResolution, "context-encoder": InpaintingOptions}


def played(name, **options):
    torch.manual_seed(0)
    x = torch.randint(0, 256, (40, 3, 12, 12), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    data = Memory(x, name="noise")
    setup = RECIPES[name](data.facts, **{**BASE[name], **options})
    trainer = Trainer(setup.game, Batches(setup.beside(data), setup.batch, seed=0), average=setup.average)
    for round in range(6):
        trainer.play(round / 6)
    return torch.cat([p.detach().flatten() for p in trainer.shown().parameters()])


def test_the_lists_of_options_are_whole():
    for name, options in OPTIONS.items():
        assert set(CHANGED[name]) == {field.name for field in dataclasses.fields(options)}


@pytest.mark.parametrize(("name", "option"), [(name, option) for name, changed in CHANGED.items() for option in changed])
def test_every_option_changes_the_run(name, option):
    needed = NEEDS.get((name, option), {})
    plain, changed = played(name, **needed), played(name, **{**needed, option: CHANGED[name][option]})
    assert plain.shape != changed.shape or not torch.equal(plain, changed)


def pictures(n=6, size=16):
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(3)) * 2 - 1


def test_holes_are_where_they_are_told_to_be():
    x = pictures()
    middle = centre(x)
    assert middle.mean() == 0.25
    assert (middle[:, :, 4:12, 4:12] == 1).all()
    brushed = free(x)
    assert torch.equal(brushed, free(x))  # of the picture alone
    assert len({tuple(row.flatten().tolist()) for row in brushed}) == 6
    assert 0.05 < float(brushed.mean()) < 0.8
    line = strokes(torch.tensor([[[0.5, 0.0, 0.5, 1.0, 0.2]]]), (21, 21))[0, 0]
    assert line.sum(1).tolist() == [0.0] * 9 + [21.0] * 3 + [0.0] * 9  # from the left to the right, a tenth of the height
    with_holes = holed(x, middle)
    assert with_holes.shape == (6, 4, 16, 16)
    assert (with_holes[:, :3, 4:12, 4:12] == 0).all()
    assert (with_holes[:, 3, 4:12, 4:12] == -1).all()
    assert (with_holes[:, 3, :4] == 1).all()


class Grey(nn.Module):
    """Half grey, whatever it sees."""

    def __init__(self):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(0.5))

    def forward(self, x):
        return self.value * torch.ones_like(x[:, :3])


def test_the_known_is_taken_over_and_the_holes_alone_are_judged():
    x = pictures()
    game = ContextEncoder(Grey())
    filled = game.translate(holed(x, centre(x)))
    assert torch.equal(filled[:, :, :4], x[:, :, :4])
    assert (filled[:, :, 4:12, 4:12] == 0.5).all()
    batch = Batch(holed(x, centre(x)), None, Batch(x))
    (term,) = game.loss_G(batch).values()
    assert float(term.detach()) == pytest.approx(float((0.5 - x[:, :, 4:12, 4:12]).square().mean()), rel=1e-5)
    assert [player.name for player in game.players()] == ["G"]
    with pytest.raises(UserError, match="with holes to whole ones"):
        game.translate(x, 1, 0)


def test_strokes_are_drawn_anew_in_training_and_fixed_where_it_is_looked_at():
    x = Memory(torch.randint(0, 256, (9, 3, 16, 16), dtype=torch.uint8), name="noise")
    game = ContextEncoder(Grey(), holes="strokes")
    assert not torch.equal(game.drawn(pictures()), game.drawn(pictures()))
    pairs = made_pairs(x, "strokes")
    assert pairs.facts.shape == (4, 16, 16)
    rows = torch.arange(9)
    first, again = (pairs.rows(rows, torch.device("cpu")) for _ in range(2))
    assert torch.equal(first.x, again.x)
    assert torch.equal(first.beside.x, x.rows(rows, torch.device("cpu")).x)


@pytest.mark.parametrize("times", [2, 4])
def test_it_begins_as_bicubic_interpolation_and_takes_any_size(times):
    net = SRResNet(3, times=times, width=4, blocks=1)
    for size in ((2, 2), (7, 5)):
        x = torch.rand(2, 3, *size)
        assert torch.allclose(net(x), interpolate(x, scale_factor=times, mode="bicubic"), atol=1e-6)


def test_its_losses():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = nn.Parameter(torch.ones(()))

        def forward(self, x):
            return self.one * interpolate(x, scale_factor=2.0)

    class Mean(Twice):
        def forward(self, x):
            return self.one * x.mean((1, 2, 3))[:, None]

    small, large = torch.full((2, 3, 2, 2), 0.5), torch.full((2, 3, 4, 4), 0.1)
    batch = Batch(small, None, Batch(large))
    game = SRGAN(Twice(), Mean(), content=mse_loss, content_weight=3.0, weight=0.5, adversarial=least_squares)
    found = {name: float(term.detach()) for name, term in game.loss_G(batch).items()}
    assert found == {
        "squares": pytest.approx(0.16),
        "content": pytest.approx(3 * 0.16),
        "adversarial": pytest.approx(0.5 * 0.5 * 0.25),
    }
    assert float(game.loss_D(batch)["adversarial"].detach()) == pytest.approx(0.5 * 0.81 + 0.5 * 0.25)
    assert [player.name for player in SRGAN(Twice()).players()] == ["G"]
    with pytest.raises(UserError, match="from small pictures to large"):
        game.translate(large, 1, 0)
    penalised = SRGAN(Twice(), Mean(), penalty=R1(3.0))
    assert float(penalised.loss_D(batch)["penalty"].detach()) == pytest.approx(1.5 / 48)  # a slope of 1 / 48 in each number
    holes = ContextEncoder(Grey(), Mean(), penalty=R1(3.0))
    assert float(holes.loss_D(Batch(small, None, Batch(large)))["penalty"].detach()) == pytest.approx(1.5 / 48)
    below = torch.full((2, 3, 2, 2), -1.5)
    with torch.no_grad():
        assert torch.equal(game.judged(below), torch.full((2, 1), -1.0))  # D sees what will be shown
    game.loss_G(Batch(below, None, Batch(large)))["adversarial"].backward()
    assert game.G.one.grad == pytest.approx(1.5)  # and who is below is told the way up


def test_wrong_input_says_what_to_do():
    with pytest.raises(UserError, match="vectors of 2"):
        RECIPES["context-encoder"](Facts(shape=(2,), count=10))
    for shape, match in (((3, 50, 42), r"50x42 \(H x W\) are not 4 times anything: pass --size 48 40"), ((2,), "vectors of 2")):
        with pytest.raises(UserError, match=match):
            RECIPES["srresnet"](Facts(shape=shape, count=10))
    with pytest.raises(UserError, match="more than 0"):
        RECIPES["srgan"](Facts(shape=(3, 16, 16), count=10), content_weight=0.0)
