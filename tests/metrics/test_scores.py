"""The scores of training order what should be ordered, and drawing them leaves no trace."""

from __future__ import annotations

import pytest
import torch

from rivals.data import load
from rivals.data.core import Facts
from rivals.errors import UserError
from rivals.metrics.features import RandomConvolutions, RandomWaves
from rivals.metrics.scores import Scores, merit, to_translate
from rivals.sampling import drawn, generated

CPU = torch.device("cpu")


class Draws:
    """A 'game' that hands out given rows."""

    def __init__(self, rows):
        self.rows, self.at = rows, 0

    def sample(self, n):
        self.at += n
        return self.rows[self.at - n : self.at]


def fd_of(scores):
    return lambda game, seed: scores(scores.draw(game, seed))["fd"].value


def test_worse_samples_score_worse(digits):
    score = fd_of(Scores(digits, CPU, fake=1500))
    x = digits.rows(torch.randperm(len(digits), generator=torch.Generator().manual_seed(1))[:1500], CPU).x
    one_class = digits.rows(torch.arange(1797), CPU)
    values = [
        score(Draws(x), 0),
        score(Draws((x + 0.1 * torch.randn_like(x)).clamp(-1, 1)), 0),
        score(Draws((x + 0.4 * torch.randn_like(x)).clamp(-1, 1)), 0),
        score(Draws(torch.rand_like(x) * 2 - 1), 0),
    ]
    assert values == sorted(values)
    assert values[0] < 0.05 * values[2]
    assert score(Draws(one_class.x[one_class.y == 1].repeat(10, 1, 1, 1)), 0) > 10 * values[0]


def test_features_are_fixed_for_all_time():
    x = torch.linspace(-1, 1, 640).view(10, 1, 8, 8)
    features = RandomConvolutions(x)(x)
    assert features.shape == (10, 280)
    assert float(features.std(0, correction=0).max()) == pytest.approx(1, abs=1e-3)
    assert torch.equal(features, RandomConvolutions(x)(x))
    points = torch.linspace(-1, 1, 10).view(5, 2)
    assert torch.equal(RandomWaves(points)(points), RandomWaves(points)(points))


def test_fourier_features_see_missing_modes_of_a_ring():
    ring = load("ring")
    score = fd_of(Scores(ring, CPU))
    x = ring.rows(torch.arange(0, len(ring), 13), CPU)
    seven = x.x[x.y != 3]
    assert score(Draws(x.x), 0) < 0.1 * score(Draws(seven), 0)


def test_drawing_leaves_no_trace(small):
    game = small("gan").game.eval()
    torch.manual_seed(4)
    expected = torch.rand(2)
    torch.manual_seed(4)
    a = drawn(game, 300, seed=2)
    assert torch.equal(torch.rand(2), expected)
    assert torch.equal(a, drawn(game, 300, seed=2))
    assert not torch.equal(a, drawn(game, 300, seed=3))


def test_the_first_name_decides(digits):
    scores = Scores(digits, CPU, names=["coverage", "fd"], features="pixels", real=300, fake=200)
    x = digits.rows(torch.arange(1797), CPU).x
    good, bad = (scores.event(scores.draw(Draws(rows), 0)) for rows in (x[:200], 0 * x[:200]))
    assert list(good["scores"]) == ["coverage", "precision", "recall", "density", "fd"]
    assert good["scores"]["coverage"] > bad["scores"]["coverage"]
    assert merit(good) == -good["scores"]["coverage"] < merit(bad)
    assert "200 samples against 300 training rows" in good["protocol"]["fd"]


def test_any_metric_can_decide_by_its_distance_from_the_floor(digits):
    scores = Scores(digits, CPU, names=["copies (pixels)", "diversity"], features="pixels", real=500, fake=200)
    x = digits.rows(torch.arange(1797), CPU).x
    noise = torch.rand(200, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    copied, drawn = (scores.event(scores.draw(Draws(rows), 0)) for rows in (x[:200], noise))
    assert next(iter(copied["scores"])) == "copies (pixels)"
    assert copied["scores"]["copies (pixels)"] > 0.5 > copied["floor"]
    assert copied["better"]["copies (pixels)"] == "near the floor"
    assert merit(drawn) == abs(drawn["scores"]["copies (pixels)"] - drawn["floor"]) < merit(copied)


def test_the_discriminator_can_be_asked_while_training(digits, small):
    scores = Scores(digits, CPU, names=["D AUC real/fake", "realness"][1:], features="pixels", real=100, fake=100)
    game = small("dcgan").game
    found = scores.event(scores.draw(game, 0), game)
    assert {"D fake", "D real", "D AUC real/fake"} <= set(found["scores"])
    with pytest.raises(UserError, match="fid is fd on the features 'inception' alone"):
        Scores(digits, CPU, names=["fid"])


def test_what_cannot_be_scored_is_told_at_once(digits):
    with pytest.raises(UserError, match="unknown metric 'fdd': did you mean 'fd'"):
        Scores(digits, CPU, names=["fdd"])
    with pytest.raises(UserError, match="unknown features 'clasifier': did you mean 'classifier'"):
        Scores(digits, CPU, features="clasifier")
    with pytest.raises(UserError, match="takes features that classify"):
        Scores(digits, CPU, names=["is"])(digits)


@pytest.mark.parametrize(
    ("x", "match"), [(torch.full((9, 1, 8, 8), torch.nan), "NaN"), (3 * torch.ones(9, 1, 8, 8), "end it in")]
)
def test_samples_that_are_no_pictures_are_refused(x, match):
    with pytest.raises(UserError, match=match):
        generated(Draws(x), 9, 0, bounded=True)


def test_nothing_is_worse_than_what_is_not_finite():
    for better in ("lower", "higher", "near 0.5"):
        for value in (float("nan"), float("inf"), float("-inf")):
            assert merit({"scores": {"a": value}, "better": {"a": better}}) == float("inf")


def test_scores_are_in_float32_whatever_the_training(digits):
    scores, samples = (
        Scores(digits, CPU, names=["precision", "kid", "wasserstein"], real=200),
        generated(Draws(digits.rows(torch.arange(100), CPU).x), 100, 0, bounded=True),
    )
    plain = scores.event(samples)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = torch.cat(list(scores.case.stream(samples)))
    assert torch.equal(features, scores.case.features(samples.rows(torch.arange(100), CPU).x))
    assert plain == scores.event(samples)


def test_a_look_at_a_translator_takes_fewer_rows_of_few_or_of_large_pictures():
    class Pictures(list):
        facts = Facts(shape=(3, 32, 32), count=0)

    assert (to_translate(Pictures([0] * 3000)), to_translate(Pictures([0] * 150))) == (2000, 150)
    for side, rows in ((128, 500), (512, 200)):
        Pictures.facts = Facts(shape=(3, side, side), count=0)
        assert to_translate(Pictures([0] * 3000)) == rows
