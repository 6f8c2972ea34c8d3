"""Moving in the latent space: what a trial is, how it is scored, whom the systems ask, what the claims ask."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from rivals import chance
from rivals.data import Memory
from rivals.game import Game
from rivals.studies import faces as parts
from rivals.studies import moving as study
from rivals.studies.faces import ATTRIBUTES, Faces, Score, Trials, coded, drawn_trials, scored

A = len(ATTRIBUTES)


class Plain(Game):
    """Pictures whose first pixels are the latents."""

    def __init__(self):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(1.0))

    def players(self):
        return []

    def prior(self, n):
        return chance.normal(n, A + 1)

    def decode(self, z):
        return (self.factor * z).view(len(z), 1, 1, A + 1).expand(-1, 3, 1, -1)

    def sample(self, n):
        return self.decode(self.prior(n))


class Signs:
    """Attribute k where pixel k is above 0; it counts how often it was asked."""

    names = tuple(ATTRIBUTES)

    def __init__(self):
        self.asked = 0

    def __call__(self, x):
        self.asked += 1
        return 3 * x[:, 0, 0, :A]


def faces_of(has) -> Faces:
    names = [name for members in ATTRIBUTES.values() for name in members]
    firsts = [names.index(members[0]) for members in ATTRIBUTES.values()]
    a = torch.zeros(len(has), len(names), dtype=torch.uint8)
    a[:, firsts] = has.to(torch.uint8)
    x = torch.zeros(len(has), 3, 1, A + 1, dtype=torch.uint8)
    data = Memory(x, name="faces", a=a, attribute_names=names)
    return Faces(data, data, Signs(), Signs())


@pytest.fixture
def every() -> Faces:
    """All combinations but those of a first and a second attribute at once."""
    has = torch.cartesian_prod(*[torch.tensor([False, True])] * A)
    return faces_of(has[~(has[:, 0] & has[:, 1])])


def test_trials_lack_what_they_are_to_get_and_may_get_it(every):
    known = every.combinations()
    assert len(known.unique()) == 2**A - 2 ** (A - 2)
    trials = drawn_trials(Plain(), every, 3, known)
    assert torch.bincount(trials.k).tolist() == [parts.EACH] * A
    assert not trials.has[trials.asked].any()
    assert torch.isin(coded(trials.wanted), known).all()
    assert torch.equal(trials.has, trials.z[:, :A] > 0)
    anything = drawn_trials(Plain(), every, 3, None)
    assert not torch.isin(coded(anything.wanted), known).all()


def test_trials_start_where_both_judges_read_alike(every):
    class Blind(Signs):
        def __call__(self, x):
            return super().__call__(x) * (x[:, 0, 0, A:] > 0)  # where the last pixel is dark it sees nothing

    trials = drawn_trials(Plain(), replace(every, leads=Blind()), 3, None)
    assert ((trials.z[:, A] > 0) | ~trials.has.any(1)).all()
    assert trials.has.any()


def test_a_score_counts_what_came_and_what_stayed():
    has = torch.zeros(4, A).bool()
    trials = Trials(torch.zeros(4, A + 1), torch.tensor([0, 0, 1, 2]), has)
    end = has.clone()
    end[0, 0] = True  # as wanted
    end[1, [0, 3]] = True  # with another that nobody asked for
    end[2, 4] = True  # not what was wanted, and another
    score = scored(trials, end)
    assert score[:4] == pytest.approx((50.0, 100 * 14 / 16, 50.0, 25.0))
    assert score.hits[:3] == [100.0, 0.0, 0.0]
    assert score.hits[3] != score.hits[3]  # of no trials nothing is known


def test_ways_end_where_they_say_and_never_ask_the_judge_that_tells(every):
    game = Plain()
    trials = drawn_trials(game, every, 3, every.combinations())
    asked = every.tells.asked
    ways = study.Ways(game, every.leads, 0)
    ends = ways(trials, 2.0)
    assert every.tells.asked == asked
    v = torch.stack(ways.turns)[trials.k]
    assert torch.allclose(ends[study.PLAIN], trials.z + v)
    assert torch.allclose(ends[study.TUNED], trials.z + 2 * v)
    far = ends[study.UNTIL][trials.asked.nonzero()[:, 0], trials.k]
    assert (far > 0).all()
    assert (far > study.SURE / 3).float().mean() > 0.95
    scores = {name: scored(trials, every.leads(game.decode(z)) > 0) for name, z in ends.items()}
    assert scores[study.SOUGHT].both > 99  # here nothing is in the way
    assert scores[study.FORMULA].hit > 80


def test_the_formula_takes_two_combinations_that_differ_in_nothing_else(every):
    ways = study.Ways(Plain(), every.leads, 0)
    trials = drawn_trials(Plain(), every, 3, every.combinations())
    ends = ways.formula(trials)
    again = study.Ways(Plain(), every.leads, 0).formula(trials)
    assert torch.equal(ends, again)
    assert not torch.equal(ends, study.Ways(Plain(), every.leads, 1).formula(trials))
    ways.has[:] = False  # no sample has anything: there is nothing to add
    lone = Trials(trials.z, trials.k, torch.ones_like(trials.has))
    assert torch.equal(ways.formula(lone), trials.z)


def test_a_generator_is_explored_as_told_even_where_it_draws_little(every, monkeypatch):
    """Nobody has the first attribute, all have the third: there is nothing to learn it from, and no trial of it."""

    class Poor(Signs):
        def __call__(self, x):
            logits = super().__call__(x)
            return logits + torch.tensor([-999.0, 0.0, 999.0, 0.0, 0.0])

    monkeypatch.setattr(study, "DRAWS", 300)
    monkeypatch.setattr(study, "FACES", 4)
    found = study.explored(Plain(), replace(every, leads=Poor(), tells=Poor()), 0)
    assert set(found.scores) == set(study.SYSTEMS)
    assert found.scores[study.SOUGHT].hits[0] == 0  # told as missed
    assert found.scores[study.SOUGHT].hits[3] == 100
    assert not (found.k == 2).any()
    assert found.strength in study.STRENGTHS
    near, back = found.errors
    assert all(b < n for n, b in zip(near, back, strict=True))
    assert len(found.shown[study.STARTS]) == len(found.k)
    study.drawn(found).canvas.draw()


def outcome(shown=2, **by_system) -> study.Outcome:
    plain, good = Score(50.0, 80.0, 60.0, 30.0, [50.0] * A), Score(85.0, 95.0, 84.0, 75.0, [85.0] * A)
    scores = dict.fromkeys(study.SYSTEMS, plain) | {study.SOUGHT: good, study.ACROSS: plain._replace(both=40.0)} | by_system
    x = torch.zeros(shown * A, 3, 4, 4, dtype=torch.uint8)
    pictures = dict.fromkeys((study.STARTS, *study.SYSTEMS, *study.INVERTED), x)
    k = torch.arange(A).repeat_interleave(shown)
    return study.Outcome(scores, plain, 2.0, ([0.04, 0.06], [0.01, 0.035]), k, pictures)


def test_claims_ask_for_each():
    good = outcome().scores[study.SOUGHT]
    assert [claim.holds for claim in study.claims([outcome()])] == [True, True, False, False, True, True]
    assert study.claims([outcome(**{study.PLAIN: good})])[2].holds
    assert study.claims([outcome()._replace(anywhere=good)])[3].holds
    assert [claim.holds for claim in study.claims([outcome(**{study.SOUGHT: good._replace(hit=79.0)})])][:2] == [False, True]
    assert [claim.holds for claim in study.claims([outcome(**{study.SOUGHT: good._replace(stay=79.0)})])][:2] == [True, False]
    assert not study.claims([outcome(**{study.UNTIL: good})])[4].holds
    assert not study.claims([outcome()._replace(errors=([0.04], [0.03]))])[5].holds
    assert study.twice(outcome()) == 0.5


def test_rows_name_every_system_and_figures_can_be_drawn():
    rows = study.rows([outcome(), outcome()])
    assert {row.system for row in rows} >= {*study.SYSTEMS, *study.INVERTED[1:]}
    assert all(len(row.values) == 2 for row in rows)
    for made in (study.drawn(outcome()), study.inverted(outcome()), study.drawn(outcome(shown=0))):
        made.canvas.draw()


def test_a_generator_is_another_for_another_seed_and_the_same_again():
    black = Memory(torch.zeros(64, 3, 8, 8, dtype=torch.uint8), name="black")
    one, again, other = (study.trained(black, seed, 2) for seed in (0, 0, 1))
    z = one.prior(2)
    assert z.shape == (2, study.LATENT)
    with torch.no_grad():
        x = one.decode(z)
        assert x.shape == (2, 3, 8, 8)
        assert torch.equal(x, again.decode(z))
        assert not torch.equal(x, other.decode(z))
