"""Few labels: what is compared on equal terms, how errors and ensembles are worked out, what the claims ask."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from rivals.data.core import Batch, Facts
from rivals.data.memory import Memory
from rivals.studies import few_labels as study
from rivals.studies.core import Plan, run

FACTS = Facts(shape=(1, 16, 16), count=8000, classes=10)


def trial(system, seed=0, labels=100, rounds=1):
    return study.Trial(system=system, labels=labels, seed=seed, rounds=rounds)


@pytest.mark.parametrize("system", study.SYSTEMS)
def test_every_system_has_the_same_classifier_and_few_labels(system):
    setup, alone = study.built(trial(system), FACTS), study.built(trial(study.ALONE), FACTS)
    shapes, others = ({key: x.shape for key, x in made.game.classifier.named_parameters()} for made in (setup, alone))
    assert shapes == others
    assert (setup.batch, setup.average) == (alone.batch, alone.average)
    assert setup.beside.keywords == {"labels": 100, "draw": 0}
    assert study.built(trial(system, seed=3, labels=20), FACTS).beside.keywords == {"labels": 20, "draw": 3}


def test_a_seed_is_a_classifier_of_its_own():
    one, again, other = (study.built(trial(study.ALONE, seed), FACTS).game.classifier for seed in (0, 0, 1))
    first = [next(net.parameters()) for net in (one, again, other)]
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first[0], first[2])


def test_alone_reads_the_labelled_rows_and_nothing_else():
    game = study.built(trial(study.ALONE), FACTS).game.eval()
    (player,) = game.players()
    few = Batch(torch.randn(4, 1, 16, 16), torch.arange(4))
    losses = [player.loss(Batch(x, None, beside=few))["classes"] for x in (torch.zeros(4, 1, 16, 16), few.x)]
    assert torch.equal(*losses)


def test_errors_are_percent_and_an_ensemble_is_a_mean():
    y = np.array([0, 1, 1])
    found = {
        trial(study.SSGAN, 0): np.array([[0.9, 0.1], [0.6, 0.4], [0.1, 0.9]], np.float32),
        trial(study.SSGAN, 1): np.array([[0.4, 0.6], [0.1, 0.9], [0.2, 0.8]], np.float32),
        trial(study.SSGAN, 1, labels=20): np.array([[0.0, 1.0]] * 3, np.float32),
        trial(study.CATGAN, 1): np.array([[0.0, 1.0]] * 3, np.float32),
    }
    assert [study.error(p, y) for p in list(found.values())[:2]] == pytest.approx([100 / 3, 100 / 3])
    assert study.error(study.together(found, study.SSGAN, 100), y) == 0


def errors_of(*systems, **by_system):
    base = {study.ALONE: 12.0, study.SSGAN: 2.0, study.CATGAN: 5.0, study.TRIPLE: 3.0, study.TOGETHER: 1.5}
    mean = {**base, **by_system}
    return {(name, n): [mean[name], mean[name]] for name in systems or mean for n in study.LABELS}


FIRST = (study.ALONE, study.SSGAN, study.TOGETHER)


@pytest.mark.parametrize(
    ("changed", "hold"),
    [
        ({}, [True, True, True]),
        ({study.SSGAN: 3.5}, [False, True, True]),
        ({study.ALONE: 5.5}, [True, False, True]),
        ({study.TOGETHER: 2.5}, [True, True, False]),
    ],
)
def test_claims_ask_for_each(changed, hold):
    assert [claim.holds for claim in study.claims(errors_of(*FIRST, **changed))] == hold


def test_the_further_games_are_asked_the_same_and_have_no_ensemble():
    claims = study.claims(errors_of(study.ALONE, study.CATGAN, study.TRIPLE))
    assert [claim.holds for claim in claims] == [False, False, True, True]
    assert [claim.says.split(":")[0] for claim in claims] == [study.CATGAN] * 2 + [study.TRIPLE] * 2


@pytest.mark.parametrize("systems", [FIRST, (study.ALONE, study.CATGAN, study.TRIPLE)])
def test_rows_have_the_published_numbers_beside_them_and_the_figure_can_be_drawn(systems):
    errors = errors_of(*systems)
    rows = study.rows(errors)
    assert len(rows) == len(systems) * len(study.LABELS)
    published = {row.system: row.published for row in rows if "100 labels" in row.metric}
    assert published.get(study.SSGAN, "0.93 ± 0.065") == "0.93 ± 0.065"
    assert published.get(study.CATGAN, "1.39 ± 0.28") == "1.39 ± 0.28"
    study.drawn(errors).canvas.draw()


@pytest.mark.parametrize(
    ("name", "systems"),
    [("few-labels", (study.ALONE, study.SSGAN)), ("few-labels-further", (study.ALONE, study.CATGAN, study.TRIPLE))],
)
def test_each_study_trains_its_systems_with_all_labels_and_seeds(name, systems, tmp_path, monkeypatch):
    """Of an answer that is always the first class, nine of ten rows are wrong."""
    asked = []

    def answered(plan, function, trials):
        asked.extend(trials)
        return [np.eye(10, dtype=np.float32)[[0] * 20] for _ in trials]

    x, y = torch.zeros(20, 1, 16, 16, dtype=torch.uint8), torch.arange(10).repeat(2)
    digits = Memory(x, y, name="digits", class_names=[str(digit) for digit in range(10)])
    monkeypatch.setattr(study, "load", lambda *data, **options: digits)
    monkeypatch.setattr(Plan, "side_by_side", answered)
    tree = json.loads(run(name, tmp_path, seeds=2, tell=lambda line: None).read_text())
    assert [(trial.system, trial.labels, trial.seed) for trial in asked] == [
        (system, labels, seed) for system in systems for labels in study.LABELS for seed in (0, 1)
    ]
    assert {row["system"] for row in tree["rows"]} - {study.TOGETHER} == set(systems)
    assert {value for row in tree["rows"] for value in row["values"]} == {90.0}
