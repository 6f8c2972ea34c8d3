"""What the studies of translation say of the numbers they get, and that their systems are built."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from rivals.data import Memory
from rivals.data.core import Facts
from rivals.data.part import Part
from rivals.errors import UserError
from rivals.game import Game, Translates
from rivals.metrics.features import Pixels
from rivals.recipes import find
from rivals.studies import across, pairs, relabelled, restoring, translations, unpaired
from rivals.studies.translations import Outcome, Task

X = torch.zeros(10, 3, 8, 8, dtype=torch.uint8)
NUMBERS = {"psnr": 18.0, "l1": 0.1, "ssim": 0.5, "perceptual": 0.5, "fd": 50.0, "back: cycle, noise": 0.1}


def outcome(**numbers):
    return [Outcome({**NUMBERS, **numbers}, X)]


SHAPES = {"clothes": (1, 28, 28), "emoji": (3, 32, 32)}


@pytest.mark.parametrize("study", [pairs, unpaired])
def test_every_system_is_built(study):
    if study is unpaired:
        systems = [(recipe, changes, SHAPES[name]) for name, of in study.SYSTEMS.items() for recipe, changes in of.values()]
    else:
        systems = [
            ("pix2pix", {**study.BASE, **options, **changes}, SHAPES[name])
            for name, (_, options, of) in study.TASKS.items()
            for changes in of.values()
        ]
    for recipe, changes, shape in systems:
        game = find(recipe)(Facts(shape=shape, count=99), **changes).game
        assert isinstance(game, Translates)
        assert game.translate(torch.zeros(2, *shape)).shape == (2, *shape)


def paired_claims(**of):
    """Whether the claims about clothes hold; of emoji they hold."""
    found = {(name, system): outcome() for name, (_, _, systems) in pairs.TASKS.items() for system in systems}
    for name in pairs.TASKS:
        found[name, pairs.NEIGHBOUR] = outcome(l1=0.15, fd=10.0)
        found[name, pairs.NEAR] = outcome(psnr=19.0, fd=100.0)
        found[name, pairs.LOOKS] = outcome(psnr=10.0)
        found[name, pairs.BOTH] = outcome(psnr=18.0, fd=40.0)
    found |= {("clothes", system): outcome(**numbers) for system, numbers in of.items()}
    return [claim.holds for claim in pairs.claims(found)]


def test_near_and_sharp_are_claims_of_their_own():
    assert paired_claims() == [True] * 7
    near = paired_claims(**{pairs.BOTH: {"psnr": 16.0, "fd": 40.0}})
    assert near == [True, False, True, True, True, True, True]
    assert paired_claims(**{pairs.BOTH: {"psnr": 18.0, "fd": 51.0}})[:3] == [True, False, True]
    assert paired_claims(**{pairs.LOOKS: {"psnr": 18.5}})[:3] == [False, True, True]
    assert paired_claims(**{pairs.NEIGHBOUR: {"l1": 0.09}})[:3] == [True, True, False]
    assert not paired_claims(**{f"{pairs.BOTH}, patch pixel": {"fd": 30.0}})[6]


def unpaired_claims(**of):
    """Whether the claims hold, those about emoji first; of: numbers about clothes."""
    found = {cell: outcome() for cell in unpaired.CELLS}
    for name in unpaired.SYSTEMS:
        found[name, unpaired.COPY] = outcome(fd=65.0)
        found[name, unpaired.ONESIDED] = outcome(l1=0.2)
    found[unpaired.CLOTHES, unpaired.ALONE] = outcome(psnr=10.0)
    found |= {(unpaired.CLOTHES, name): outcome(**{"back: cycle, noise": 0.05}) for name in unpaired.DEFENCES}
    found |= {(unpaired.CLOTHES, system): outcome(**numbers) for system, numbers in of.items()}
    holds = [claim.holds for claim in unpaired.claims(found)]
    return holds[2:4] + holds[:2] + holds[4:]


def test_without_pairs_each_claim_can_fail():
    assert unpaired_claims() == [True] * 6
    assert unpaired_claims(CycleGAN={"l1": 0.3}) == [True, True, False, True, True, True]
    assert unpaired_claims(CycleGAN={"fd": 55.0}) == [True, True, True, False, True, True]
    assert unpaired_claims(XGAN={"psnr": 9.0}) == [True, True, True, True, False, True]
    assert unpaired_claims(CycleGAN={"back: cycle, noise": 0.04})[5] is False
    assert unpaired_claims(CycleGAN={"l1": 0.08})[5] is False  # the defences are farther from the truth


@pytest.fixture
def few(monkeypatch):
    """A task of noise, whose second domain is the first turned upside down."""
    x = torch.randint(0, 256, (40, 3, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)

    def both(rows):
        return translations.Beside(Memory(rows, name="up"), Memory(rows.flip(2), name="down"), paired=True)

    made = Task(train=both(x[:20]), test=both(x[10:]), facts=Memory(x, name="noise").facts, features=Pixels(), sees=Pixels())
    monkeypatch.setattr(translations, "task", lambda name: made)
    return made


def test_baselines_and_pictures(few):
    near = translations.nearest("noise")
    assert near.numbers["l1"] < translations.copied("noise").numbers["l1"]  # a third of the rows are training rows
    assert torch.equal(near.pictures, few.test.second.x[:10])
    translations.compared("noise", {"nearest": near.pictures})
    assert not few.hidden().paired


def test_a_translator_is_judged(few):
    found = translations.trained("noise", "cyclegan", {"width": 4, "blocks": 1, "patch": "16"}, 0, 1, hidden=True)
    assert {"psnr", "fd", "perceptual", "cycle", "hidden"} <= found.numbers.keys()
    one_way = translations.trained("noise", "onesided", {"width": 4, "patch": "16"}, 0, 1, hidden=True)
    assert "cycle" not in one_way.numbers


def test_data_without_a_name_is_looked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("RIVALS_DATA", str(tmp_path))
    with pytest.raises(UserError, match="set RIVALS_DATA to a folder that holds it"):
        translations.folder("emoji")


def test_every_system_of_the_others_is_built():
    facts = {
        across: Facts(shape=(1, 28, 28), count=99, classes=10),
        relabelled: Facts(shape=(3, 24, 24), count=99, attributes=5),
        restoring: Facts(shape=(3, 64, 64), count=99),
    }
    for study, of in facts.items():
        for recipe, rounds, changes in study.SYSTEMS.values():
            assert rounds > 0
            assert list(find(recipe)(of, **changes).game.players())


def restored(**of):
    found = {cell: outcome() for cell in restoring.SYSTEMS} | {(restoring.GREY, restoring.COPY): outcome(l1=0.2)}
    found |= {(name, restoring.BICUBIC): outcome(psnr=16.5, fd=60.0, perceptual=0.6) for name in restoring.TIMES}
    found |= {(name, restoring.RIVAL): outcome(psnr=17.5, fd=40.0, perceptual=0.4) for name in restoring.FILES}
    found |= {(name, restoring.RIVAL): outcome(**numbers) for name, numbers in of.items()}
    return "".join("+-"[not claim.holds] for claim in restoring.claims(found))


def test_restoration_is_near_or_looks_right():
    """Of larger pictures three claims each, a hole, strokes, colours."""
    assert restored() == "+++++++++"
    assert restored(**{restoring.TWICE: {"fd": 40.0, "perceptual": 0.55}}) == "+-+++++++"
    assert restored(**{restoring.LARGER: {"fd": 55.0, "perceptual": 0.4}}) == "++++--+++"
    assert restored(**{restoring.LARGER: {"fd": 40.0, "perceptual": 0.55}}) == "++++-++++"
    assert restored(hole={"psnr": 16.9, "fd": 40.0}) == "++++++-++"
    assert restored(strokes={"psnr": 17.5, "fd": 51.0}) == "+++++++-+"
    assert restored(grey={"fd": 51.0}) == "++++++++-"


def digits(meant, shared):
    found = {
        across.MEANT: [across.Outcome(meant, X)],
        across.BLIND: [across.Outcome(10.0, X)],
        across.SHARED: [across.Outcome(shared, X), across.Outcome(0.95, X)],
        across.ALONE: [across.Outcome(0.8, X), across.Outcome(0.81, X)],
    }
    return [claim.holds for claim in across.claims(found, 30.0, 0.8)]


def test_digits_are_read_and_pixels_agree():
    assert digits(85.0, 0.9) == [True, True]
    assert digits(79.0, 0.9) == [False, True]
    assert digits(85.0, 0.805) == [True, False]


def test_faces_get_what_is_asked_and_keep_the_rest():
    def said(found, stays):
        each = relabelled.Outcome({"female": found, "hat": 90.0}, {"female": stays, "hat": 90.0}, {}, {}, {}, {}, {}, {})
        return [claim.holds for claim in relabelled.claims({relabelled.STAR: [each]})]

    assert said(85.0, 92.0) == [True, True]
    assert said(70.0, 92.0) == [False, True]
    assert said(85.0, 85.0) == [True, False]


class Same:
    """A translator that changes nothing."""

    attributes = 2

    def translate(self, x, of=0, to=1):
        return x

    def latents_of(self, x, c):
        return x

    def decode(self, z):
        return z


class Bright:
    """A judge: what is bright is of class 1, and has attribute 0; all have attribute 1."""

    def read(self, x):
        assert x.is_floating_point()
        return (x.mean((1, 2, 3)) > 0).long()

    def __call__(self, x):
        return torch.stack([self.read(x) - 0.5, torch.ones(len(x))], 1)


@pytest.fixture
def shades():
    """Eight pictures, the last four bright; classes and the first attribute say so."""
    x = torch.cat([torch.full((4, 3, 8, 8), 20), torch.full((4, 3, 8, 8), 230)]).to(torch.uint8)
    bright = torch.arange(8) // 4
    return Memory(x, bright, a=torch.stack([bright, torch.ones_like(bright)], 1).float(), name="shades")


def test_a_judge_reads_translations_as_it_reads_what_is_given(shades, monkeypatch):
    monkeypatch.setattr(across, "plain", lambda: (shades, Bright()))
    found, given = across.read(Same()), across.read(None)
    assert found.number == given.number == 100
    assert torch.equal(found.pictures, given.pictures)
    assert torch.equal(found.pictures, torch.cat([shades.x, shades.x]))


def test_what_is_not_changed_stays(shades, monkeypatch):
    monkeypatch.setattr(relabelled, "SHOWN", 8)
    monkeypatch.setattr(relabelled, "ATTRIBUTES", {"bright": ("bright",), "there": ("there",)})
    monkeypatch.setattr(relabelled.Faces, "parted", lambda: SimpleNamespace(tells=Bright()))
    turned, exchanged = relabelled.turned(Same(), shades, 0), relabelled.exchanged(Same(), shades)
    assert torch.equal(turned, exchanged)
    monkeypatch.setattr(relabelled, "choose", lambda *args, **options: Pixels())
    found = relabelled.judged({"bright": turned}, shades, shades, {})
    assert (found.found, found.stays, found.each, found.faces) == (
        {"bright": 0},
        {"bright": 100},
        {"bright": 100},
        {"bright": 8},
    )
    assert torch.equal(found.pictures["bright"], shades.x)
    assert found.both == {"bright": 0}
    (near,) = (value for name, value in found.looks.items() if name.startswith(relabelled.STRANGERS))
    assert near == pytest.approx(0, abs=1e-6)


def test_other_faces_are_others(shades):
    x = shades.x.clone()
    x[:, 0, 0, 0] = torch.arange(8)  # which face it is
    named = Memory(x, a=shades.rows(torch.arange(8), torch.device("cpu")).a, name="named")
    one, other = ({*relabelled.such(named, torch.tensor([2] * 9 + [3] * 9), draw)[:, 0, 0, 0].tolist()} for draw in range(2))
    assert one
    assert other
    assert not one & other


def test_both_ways_begin_in_their_own_domain(shades):
    class Watched(Game):
        def __init__(self):
            super().__init__()
            self.seen, self.factor = [], torch.nn.Parameter(torch.ones(()))

        def players(self):
            return []

        def translate(self, x, of=0, to=1):
            self.seen.append((of, to, bool(x.mean() > 0)))
            return x

    game, (dark, bright) = Watched(), (Part(shades, torch.arange(8)[rows]) for rows in (slice(4), slice(4, 8)))
    relabelled.hidden_by(game, dark, bright)
    assert game.seen[0] == (0, 1, False)
    assert next(first for first in game.seen if first[2]) == (1, 0, True)


def test_domains_hold_what_occurs_in_both():
    a = torch.tensor([[0, 0], [0, 1], [1, 0], [0, 0]])
    data = Memory(torch.zeros(4, 3, 8, 8, dtype=torch.uint8), a=a.float(), name="men, one with a beard, and a woman")
    assert relabelled.exchangeable(data).numbers.tolist() == [0, 2, 3]


def test_faces_are_compared_with_such_as_were_asked_for(shades):
    found = relabelled.such(shades, torch.tensor([3, 2, 2, 3]), 0)
    assert (found.mean((1, 2, 3)) > 0).tolist() == [True, False, False, True]


def test_a_hole_alone_is_judged(few, monkeypatch):
    part = translations.middle
    monkeypatch.setattr(translations, "task", lambda name: Task(**{**vars(few), "part": part}))
    x = few.test.second.x.clone()
    x[:, :, :2] = 0  # beyond the middle
    found = translations.as_made(translations.task("noise"), x, "beyond")
    assert found.numbers["l1"] == 0
    assert torch.equal(found.pictures, x[:10])
