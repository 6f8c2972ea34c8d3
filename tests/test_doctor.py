"""Each symptom on made-up logs: there, not there, and just not; and real small trainings that fail."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from rivals.criteria import CRITERIA, hinge, minimax, nonsaturating, wasserstein
from rivals.data import Memory
from rivals.doctor import SYMPTOMS, Doctor, diagnose, not_finite
from rivals.recipes import RECIPES
from rivals.report import write_report
from rivals.training import Training, train
from rivals.vitals import Duels, Vitals, answers, rectified
from rivals.window import Diverged

HEALTHY = {"diversity": 0.9, "crowding": 0.9, "copies": 0.0, "area": 0.8, "certainty": 0.7, "pull": 1.0}
HEALTHY |= {"dead units of the generator": 0.1}
LEVEL = {"discriminator": 1.2, "generator": 0.8}


def log(looks=10, *, signs=lambda i: {}, score=lambda i: 100.0, loss=lambda i: LEVEL, spread=0.1, norm=lambda i: 1.0):
    """Looks at rounds 0, 10, 20 ..., each with a line before it: healthy, but for the values that are given by look."""
    events = []
    for i in range(looks):
        if i:
            terms = {player: {"adversarial": value} for player, value in loss(i).items()}
            spreads = {player: {"adversarial": spread(i) if callable(spread) else spread} for player in terms}
            line = {"terms": terms, "spreads": spreads, "gradients": dict.fromkeys(terms, norm(i))}
            events.append({"kind": "terms", "round": 10 * i, **line})
        events.append({"kind": "signs", "round": 10 * i, "signs": HEALTHY | signs(i)})
        events.append({"kind": "score", "round": 10 * i, "scores": {"fd": score(i)}, "better": {"fd": "lower"}})
    return events


def names(events):
    return [finding.name for finding in diagnose(events)]


def started(i):
    """A score that falls once and stays."""
    return 100.0 if i else 1000.0


def from_look(first, **values):
    return lambda i: values if i >= first else {}


SICK = {
    "D wins": {"signs": from_look(3, certainty=0.02)},
    "D is saturated": {"signs": from_look(3, pull=0.01)},
    "D sees nothing": {"signs": lambda i: {"area": 0.9 if i % 2 else 0.2, "certainty": 1.0}},
    "G fools D with garbage": {"signs": from_look(3, area=0.2)},
    "collapse": {"signs": from_look(3, diversity=0.15)},
    "memorisation": {"signs": from_look(3, copies=0.5)},
    "dead units": {"signs": from_look(3, **{"dead units of the generator": 0.75})},
    "large gradients": {"norm": lambda i: 101.0 if i >= 3 else 1.0},
    "spikes": {"spread": lambda i: 12.1 if i == 3 else 0.1},
}
JUST_NOT = {
    "D wins": {"signs": from_look(3, certainty=0.021)},
    "D is saturated": {"signs": from_look(3, pull=0.011)},
    "D sees nothing": {"signs": lambda i: {"area": 0.9 if i % 2 else 0.31, "certainty": 1.0}},
    "G fools D with garbage": {"signs": from_look(3, area=0.21)},
    "collapse": {"signs": from_look(3, diversity=0.151, crowding=0.051)},
    "memorisation": {"signs": from_look(3, copies=0.49)},
    "dead units": {"signs": from_look(3, **{"dead units of the generator": 0.74})},
    "large gradients": {"norm": lambda i: 100.0 if i > 1 else 1.0},
    "spikes": {"spread": lambda i: 7.9 if i == 3 else 0.1},
    "G stands still": {"score": lambda i: 100.0 if i else 103.0},
}


def test_a_healthy_log_raises_no_alarm():
    assert names(log(score=started)) == []
    assert names([]) == []
    assert names([event for event in log(score=started) if event["kind"] != "signs"]) == []


@pytest.mark.parametrize("name", SICK)
def test_each_symptom_is_named_alone_and_since_its_round(name):
    found = diagnose(log(score=started, **SICK[name]))
    assert [finding.name for finding in found] == [name]
    assert found[0].since == {"D sees nothing": 10}.get(name, 30)
    assert found[0].sees.endswith(".")
    assert found[0].tries.startswith("Try ")


@pytest.mark.parametrize("name", JUST_NOT)
def test_just_below_the_threshold_nothing_is_said(name):
    assert names(log(**{"score": started, **JUST_NOT[name]})) == []


def test_a_score_that_never_moves():
    assert names(log(score=lambda i: 1000.0 + i)) == ["G stands still"]


def test_gradients_that_are_large_from_the_start_are_the_unit_of_the_loss():
    assert names(log(score=started, norm=lambda i: 300.0)) == []
    assert names(log(score=started, norm=lambda i: 3100.0 if i > 2 else 300.0)) == ["large gradients"]


def test_a_repeated_few_far_apart_are_a_collapse_too():
    found = diagnose(log(score=started, signs=from_look(3, crowding=0.05)))
    assert [finding.name for finding in found] == ["collapse"]
    assert "nearest neighbours" in found[0].sees


def test_a_loss_that_falls_steadily_is_garbage_unless_the_samples_improve():
    def falling(i):
        return {"discriminator": 1.2, "generator": 3.0 - 0.1 * i}

    assert names(log(16, score=started, loss=falling)) == ["G fools D with garbage"]
    assert names(log(16, score=lambda i: 1000.0 * 0.99**i, loss=falling)) == []
    assert names(log(16, score=started, loss=lambda i: {"discriminator": 1.2, "generator": 3.0 - 0.05 * i})) == []  # a little
    assert names(log(16, score=started, loss=lambda i: {"discriminator": 1.2, "generator": 3.0 - 0.1 * (i % 4)})) == []


@pytest.mark.parametrize("name", ["D wins", "D is saturated", "collapse"])
def test_what_still_improves_is_left_alone(name):
    assert names(log(score=lambda i: 1000.0 * 0.9**i, **SICK[name])) == []


@pytest.mark.parametrize("name", ["D wins", "collapse", "memorisation", "dead units"])
def test_what_passes_is_not_said(name):
    signs = SICK[name]["signs"]
    assert names(log(score=started, signs=lambda i: signs(i) if i < 5 else {})) == []


def test_each_is_said_once_also_after_a_resume():
    events = log(score=started, **SICK["collapse"])
    doctor = Doctor()
    said = [(event["round"], finding.name) for event in events for finding in doctor.hear(event)]
    assert said == [(60, "collapse")]
    half = [event for event in events if event["round"] <= 70]
    resumed = Doctor([*half, {"kind": "finding", "round": 60, "name": "collapse"}])
    assert [finding for event in events if event["round"] > 70 for finding in resumed.hear(event)] == []
    unheard = Doctor(
        [event for event in events if event["round"] <= 50]
    )  # stopped before it was said: it comes when it would have
    assert [(e["round"], f.name) for e in events if e["round"] > 50 for f in unheard.hear(e)] == said


def test_a_score_where_higher_is_better_counts_the_other_way():
    events = log(score=lambda i: 1.1**i, **SICK["collapse"])
    for event in events:
        if event["kind"] == "score":
            event["better"] = {"fd": "higher"}
    assert names(events) == []


def test_a_critic_that_circles_is_not_blind():
    """Its loss is its own, or has no level; at the equilibrium D is right half of the time at every look."""
    assert names(log(score=started, signs=lambda i: {"area": 0.9 if i % 2 else 0.2, "certainty": 0.8})) == []
    assert names(log(score=started, signs=lambda i: {"area": 0.5 + 0.05 * (-1) ** i, "certainty": 1.0})) == []


def test_every_symptom_has_a_made_up_log():
    assert set(SICK) | {"G stands still"} == set(SYMPTOMS)


@pytest.mark.parametrize("name", CRITERIA)
def test_answers_of_a_discriminator_that_sees_nothing(name):
    nothing = torch.zeros(8, 1)
    found = answers(CRITERIA[name], nothing, nothing)
    assert found["area"] == 0.5
    assert found["pull"] == pytest.approx(1.0)
    assert found.get("certainty", 1.0) == pytest.approx(1.0)


def test_certainty_is_of_criteria_that_stop_at_zero():
    nothing = torch.zeros(8, 1)
    known = {name for name, criterion in CRITERIA.items() if "certainty" in answers(criterion, nothing, nothing)}
    assert known >= {"minimax", "non-saturating", "least-squares", "hinge", "relativistic"}
    assert not known & {"wasserstein", "f-kl"}


def test_answers_in_closed_form():
    real, fake = torch.full((8, 1), 10.0), torch.full((8, 1), -10.0)
    slope = torch.sigmoid(torch.tensor(-10.0)).item()
    level = torch.nn.functional.softplus(torch.tensor(-10.0)).item() / torch.tensor(2.0).log().item()
    assert answers(minimax, real, fake) == {"area": 1.0, "certainty": pytest.approx(level), "pull": pytest.approx(2 * slope)}
    assert answers(nonsaturating, real, fake)["pull"] == pytest.approx(2 * (1 - slope))
    assert answers(hinge, real, fake) == {"area": 1.0, "certainty": 0.0, "pull": 1.0}
    assert answers(wasserstein, real, fake) == {"area": 1.0, "pull": 1.0}


def test_dead_units_are_counted_by_layer():
    layer = nn.Linear(3, 4)
    nn.init.zeros_(layer.weight)
    layer.bias.data = torch.tensor([-1.0, -1.0, -1.0, 1.0])
    net = nn.Sequential(layer, nn.ReLU(), nn.Linear(4, 2), nn.LeakyReLU(0.2), nn.Unflatten(1, (2, 1, 1)), nn.ReLU())
    net[2].bias.data.fill_(9.0)
    with rectified(net) as dead:
        net(torch.rand(5, 3))
        dead("generator")
    net(torch.rand(5, 3))  # no longer listened to
    assert dead.heard == []
    assert [float(x.float().mean()) for x in dead.layers["generator"]] == [0.75, 0.0, 0.0]
    assert dead.worst() == {"generator": 0.75}


def test_a_unit_is_dead_only_if_it_never_answers():
    layer = nn.Linear(1, 2)
    layer.weight.data, layer.bias.data = torch.tensor([[1.0], [-1.0]]), torch.zeros(2)
    net = nn.Sequential(layer, nn.ReLU())
    with rectified(net) as dead:
        net(torch.ones(3, 1))
        dead("D")
        assert dead.worst() == {"D": 0.5}
        net(-torch.ones(3, 1))
        dead("D")
    assert dead.worst() == {"D": 0.0}


def test_signs_of_samples(digits):
    vitals = Vitals(digits, torch.device("cpu"))
    rows = digits.rows(torch.arange(1797), torch.device("cpu")).x
    real = vitals.of(Memory(rows[:500], name="real"))
    assert real["diversity"] == pytest.approx(1, abs=0.02)
    assert real["crowding"] == pytest.approx(1, abs=0.05)
    assert real["copies"] == 1.0
    repeated = vitals.of(Memory(rows[:1].repeat(500, 1, 1, 1), name="one"))
    assert repeated["diversity"] == repeated["crowding"] == pytest.approx(0, abs=1e-3)
    noise = vitals.of(Memory(torch.rand(500, 1, 8, 8) * 2 - 1, name="noise"))
    assert noise["copies"] == 0.0


@pytest.mark.parametrize(("batch", "asked"), [(64, 128), (127, 127), (30, 120), (300, 300)])
def test_the_networks_are_asked_whole_batches(digits, batch, asked):
    numbers = Vitals(digits, torch.device("cpu"), batch=batch).numbers
    assert {len(rows) for rows in numbers} == {batch}
    assert sum(map(len, numbers)) == asked


@pytest.mark.parametrize("recipe", ["gan", "dcgan", "sngan", "vae", "wgan-gp"])
def test_measuring_changes_nothing(recipe, small, digits):
    """Batch norm, spectral norm and dropout in training mode, and the generators of random numbers."""
    game = small(recipe, dropout_d=0.3).game.train()
    before = {name: value.clone() for name, value in game.state_dict().items()}
    torch.manual_seed(1)
    drawn = torch.rand(1)
    torch.manual_seed(1)
    signs = Vitals(digits, torch.device("cpu")).inside(game, seed=0)
    assert torch.equal(torch.rand(1), drawn)
    assert [name for name, value in game.state_dict().items() if not torch.equal(value, before[name])] == []
    assert ("area" in signs) == isinstance(game, Duels) == (recipe != "vae")


@pytest.fixture
def training(tmp_path):
    return Training(data="digits", into=tmp_path / "run", rounds=90, looks=9, precision="float32")


def test_a_frozen_generator_is_found_told_and_reported(training, capsys):
    run = train(RECIPES["gan"].but(width=8, lr=1e-9, lr_d=1e-2), training)
    found = [event for event in run.log() if event["kind"] == "finding"]
    assert "G stands still" in [event["name"] for event in found]
    assert len({event["name"] for event in found}) == len(found)
    assert "since round 0: The score has not moved" in capsys.readouterr().err
    page = write_report([run.path]).read_text()
    assert "What is wrong" in page
    assert all(f"<b>{event['name']}</b>" in page for event in found)
    train(RECIPES["gan"].but(width=8, lr=1e-9, lr_d=1e-2), replace(training, rounds=110))  # goes on, and does not repeat itself
    names = [event["name"] for event in run.log() if event["kind"] == "finding"]
    assert len(set(names)) == len(names)


def test_a_constant_generator_has_collapsed(training):
    def constant(facts, options):
        setup = RECIPES["gan"].build(facts, options)
        first = next(m for m in setup.game.generator.modules() if isinstance(m, nn.Linear))
        first.requires_grad_(False)
        first.weight.data.zero_()
        return setup

    run = train(replace(RECIPES["gan"].but(width=8, lr=0.02), build=constant), replace(training, rounds=300, looks=15))
    assert "collapse" in [event["name"] for event in run.log() if event["kind"] == "finding"]


def test_divergence_is_a_finding(training):
    with pytest.raises(Diverged):
        train(RECIPES["gan"].but(width=8, adversarial="wasserstein", optimizer="sgd", lr=1e9), training)
    last = [json.loads(line) for line in (training.into / "log.jsonl").read_text().splitlines()]
    (found,) = [event for event in last if event["kind"] == "finding" and event["name"] == "not finite"]
    assert found["sees"].startswith("NaN or infinity: the ")
    assert found["tries"] == not_finite(0, "").tries
