"""`rivals evaluate`: rows with their protocol and floor, for runs and for folders, and clear errors."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import pytest
import torch

from rivals.cli import main
from rivals.data import Memory, bytes_from_pictures, load
from rivals.data.part import Part, halves, in_order, overlap, some
from rivals.data.pictures import image
from rivals.errors import UserError
from rivals.metrics import core, diversity, memorisation, parzen, realness, two_sample
from rivals.metrics.catalogue import COPIES, METRICS, chosen, features_of
from rivals.metrics.core import Case, Translations, Unsuitable
from rivals.metrics.evaluation import evaluate_folders, evaluate_run, sections
from rivals.metrics.features import Pixels
from rivals.recipes import RECIPES
from rivals.training import Training, train

CHEAP = ("fd", "kid", "precision", "1-nn")


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(core, "cache_folder", lambda: tmp_path_factory.getbasetemp() / "cache")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short run on digits, which have no test part."""
    recipe = RECIPES["dcgan"].but(network="intermediate", width=8, batch=16)
    path = train(recipe, Training(data="digits", into=tmp_path_factory.mktemp("run") / "run", rounds=30, looks=2)).path
    shutil.copy(path / "checkpoints" / "0000015.safetensors", path / "checkpoints" / "best.safetensors")
    return path


@pytest.fixture(scope="module")
def folders(tmp_path_factory, digits):
    """Two halves of the digits as folders of PNG files."""
    paths = []
    for name, half in zip(("real", "fake"), halves(digits), strict=True):
        paths.append(tmp_path_factory.mktemp(name))
        for number, x in enumerate(bytes_from_pictures(half.rows(torch.arange(120), torch.device("cpu")).x)):
            image(x).save(paths[-1] / f"{number}.png")
    return paths


@pytest.fixture
def case(digits):
    """All that a case can have: unseen rows, training rows, samples, labels."""
    train, rest = halves(digits)
    real, fake = halves(rest)
    return Case(real, fake, Pixels(), train)


def test_a_run_is_judged_at_its_best_and_final_with_floor_and_protocol(run):
    found = evaluate_run(run, metrics=CHEAP, features=["classifier", "pixels"], n=200)
    rows = {(row.metric, row.of, row.features.split()[0]): row for row in found.rows}
    for metric in ("fd", "kid", "precision", "recall", "density", "coverage", "1-NN accuracy"):
        for of in ("best, round 15", "final, round 30"):
            for features in ("classifier", "flattened"):
                row = rows[metric, of, features]
                assert math.isfinite(row.value)
                assert row.floor is not None
                assert row.floor == rows[metric, "final, round 30", features].floor
                assert row.protocol.endswith(
                    "200 generated (seed 0) against 200 of digits (training rows, 1x8x8); floor: 200 real against 200"
                )
    assert "weights" in rows["fd", "best, round 15", "classifier"].protocol
    assert rows["fd", "best, round 15", "flattened"].floor < 0.2 * rows["fd", "best, round 15", "flattened"].value
    assert rows["kid", "best, round 15", "flattened"].spread > 0


def test_everything_that_can_judge_a_run_does(run):
    found = evaluate_run(run, n=120, features=["classifier"], checkpoints=["final"])
    names = {row.metric for row in found.rows}
    assert {"fd", "kid", "is", "precision", "sliced wasserstein", "1-NN accuracy", "classes", "parzen"} <= names
    assert {"copies (pixels)", "copies (features)", "D fake", "mean pairwise distance"} <= names
    assert set(found.left_out) == {
        "asked",
        "error",
        "paired",
        "cycle",
    }  # of those with conditions, that classify, that translate
    assert {row.of for row in found.rows} == {"final, round 30"}


def test_equal_seeds_give_equal_rows(run):
    one, two, other = (evaluate_run(run, metrics=["fd"], features=["random"], n=100, seed=s).rows for s in (0, 0, 1))
    assert one == two != other


def test_folders_of_any_origin(folders):
    real, fake = map(str, folders)
    found = evaluate_folders(real, fake, metrics=CHEAP, features=["pixels"])
    rows = {row.metric: row for row in found.rows}
    assert rows["fd"].protocol.startswith("Gaussians fitted; biased upwards: 120 rows are few, take 5,000; flattened values")
    assert "120 generated against 120" in rows["fd"].counts
    assert abs(rows["kid"].value) < 3 * rows["kid"].spread + 0.01
    assert 0.3 < rows["1-NN accuracy"].value < 0.7
    everything = evaluate_folders(real, fake, features=["random"])
    assert {"memorisation", "probe", "realness", "is", "modes"} <= set(everything.left_out)
    assert "judge a run" in everything.left_out["memorisation"]


def test_the_command_prints_a_table_and_writes_rows_and_a_page(run, folders, tmp_path, capsys):
    asked = ["--n", "100", "--metrics", "fd,is", "--features", "classifier", "--json", str(tmp_path / "rows.json")]
    main(["evaluate", str(run), *asked])
    printed = capsys.readouterr().out
    assert "classifier trained on digits" in printed
    assert "fd " in printed
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert {"metric", "value", "spread", "floor", "protocol"} <= set(rows[0])
    assert [row["of"] for row in rows if row["metric"] == "is"] == ["best, round 15", "final, round 30"]
    page = (run / "report.html").read_text()
    assert "Evaluation" in page
    assert "Samples beside the training pictures they come nearest to" in page
    real, fake = map(str, folders)
    main(
        [
            "evaluate",
            "--real",
            real,
            "--fake",
            fake,
            "--metrics",
            "fd",
            "--features",
            "pixels",
            "--out",
            str(tmp_path / "e.html"),
        ]
    )
    assert "judged" in (tmp_path / "e.html").read_text()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "give a run"),
        (["RUN", "--real", "REAL"], "give a run"),
        (["--real", "REAL"], "give a run"),
        (["--real", "REAL", "--fake", "ring"], "pass --size, --channels"),
        (["RUN", "--metrics", "fdd"], "unknown metric 'fdd': did you mean 'fd'?"),
        (["RUN", "--metrics", "fid", "--features", "pixels"], "fid is fd on the features 'inception' alone"),
        (["RUN", "--split", "test"], "'digits' has no test part: leave out --split test"),
        (["RUN", "--metrics", "probe", "--labels", "5"], "a probe takes 5 labelled rows, as many of each of 10 classes"),
        (["RUN", "--features", "vgg"], "unknown features 'vgg'"),
        (["RUN", "--data", "ring"], "size and channels are for pictures: the rows of 'ring' are vectors"),
        (["RUN", "--checkpoints", "7"], "has no checkpoint '7'"),
        (["RUN", "--n", "1"], "at least 10 things of each kind, not 1"),
        (["RUN", "--json", "."], "cannot write .: pass the path of a file"),
        (["RUN", "--data", "nowhere/"], "nowhere"),
        (["RUN", "--metrics", "is", "--features", "pixels"], "takes features that classify"),
        (["--real", "REAL", "--fake", "REAL", "--features", "discriminator"], "take a run"),
        (["--real", "REAL", "--fake", "REAL", "--metrics", "memorisation"], "judge a run"),
    ],
)
def test_bad_input_is_one_clear_line(args, said, run, folders, capsys):
    named = {"RUN": str(run), "REAL": str(folders[0])}
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", *(named.get(arg, arg) for arg in args)])
    printed = capsys.readouterr().err
    assert stop.value.code == 2
    assert said in printed
    assert printed.count("\n") == 1


def test_the_floor_is_real_against_real(case):
    floor = case.at_the_floor()
    assert len(floor.fake) == 449  # half of the training rows; there are 450 samples
    assert not overlap(floor.train, floor.fake)
    assert floor.real is case.real
    assert floor.unseen
    no_test_part = Case(case.train, case.fake, Pixels(), case.train)
    assert not no_test_part.unseen
    assert not overlap(no_test_part.at_the_floor().fake, no_test_part.at_the_floor().real)
    few = Case(some(case.train, 100), some(case.fake, 100), Pixels(), spare=case.train).at_the_floor()
    assert (len(few.real), len(few.fake)) == (100, 100)  # the folder has enough for as many as were judged
    fd = METRICS["fd"].measure
    assert fd(floor)["fd"].value == pytest.approx(fd(Case(case.real, floor.fake, Pixels()))["fd"].value)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_neither_the_order_nor_the_batches_of_the_rows_change_anything(case, name, small, monkeypatch):
    class InFull:
        name, protocol, key, class_names = "float64", "float64", None, case.real.class_names

        def __call__(self, x):
            return x.flatten(1).double()

        def log_posterior(self, x):
            return x[:, 10:20].log_softmax(1)

    class Elsewhere(Part):
        """The same rows in another place."""

        def __init__(self, data, seed):
            super().__init__(data, torch.randperm(len(data), generator=torch.Generator().manual_seed(seed)))

    for module, rows in ((two_sample, 300), (diversity, 300), (memorisation, 150), (realness, 200), (parzen, 250)):
        for constant in {"ROWS", "SHIFTED", "SAMPLES", "TESTED"} & {*vars(module)}:
            monkeypatch.setattr(module, constant, rows)  # so that only some are taken: always the same

    def found(real, fake):
        game = small({"asked": "cgan", "error": "ssgan", "cycle": "cyclegan"}.get(name, "dcgan")).game
        pairs = Translations(real, fake, real)
        return METRICS[name].measure(Case(real, fake, InFull(), case.train, game, labels=[100], translated=pairs))

    real, fake = some(case.real, 400), some(case.fake, 400)
    one = found(real, fake)
    monkeypatch.setattr(in_order, "__defaults__", (77,))
    two = found(Elsewhere(real, 1), Elsewhere(fake, 1 if name in ("paired", "cycle") else 2))  # what is paired stays paired
    assert one.keys() == two.keys()
    float32 = name in ("realness", "paired", "cycle")  # a network in float32 is not the same to the bit in batches of any size
    close = {"rel": 1e-5, "abs": 1e-6} if float32 else {"rel": 1e-9}
    for key, value in one.items():
        assert value.value == pytest.approx(two[key].value, **close)
        if value.spread is not None:
            assert value.spread == pytest.approx(two[key].spread, **close)


def test_features_of_real_rows_are_worked_out_once_for_all_time(case):
    class Counted(Pixels):
        key, calls = "counted", 0

        def __call__(self, x):
            Counted.calls += 1
            return super().__call__(x)

    found = [Case(case.real, case.fake, Counted()).describe(case.real) for _ in range(2)]
    assert torch.equal(*found)
    assert Counted.calls == math.ceil(len(case.real) / 256)
    Case(case.real, case.fake, Counted()).describe(case.fake)
    before = Counted.calls
    Case(case.real, case.fake, Counted()).describe(case.fake)
    assert Counted.calls > before  # samples are not kept


def test_metrics_are_found_by_what_they_give():
    assert [metric.name for metric in chosen(["recall", "coverage", "fd"])] == ["prdc", "fd"]
    given = [name for metric in METRICS.values() for name in metric.gives]
    assert len(given) == len(set(given))


def test_what_a_metric_says_it_gives_it_gives(case, digits, small):
    from rivals.metrics.features import Classifier

    full = Case(case.real, case.fake, Classifier.trained(digits), case.train, small("cgan").game)
    ring = some(load("ring"), 500)
    points = Case(ring, Memory(load("grid").x[:500], name="points"), Pixels())
    line = some(load("gaussian"), 500)
    numbers = Case(line, Memory(load("gaussian").x[:500], name="numbers"), Pixels())
    given = set(METRICS["error"].measure(Case(case.real, case.fake, Pixels(), case.train, small("ssgan").game)))
    pairs = Translations(case.real, case.real, case.real)
    for name in ("paired", "cycle"):
        translated = Case(case.real, case.fake, Pixels(), game=small("cyclegan").game, translated=pairs)
        given |= set(METRICS[name].measure(translated))
    for metric in METRICS.values():
        for each in (full, points, numbers):
            try:
                given |= set(metric.measure(each)) if metric.name not in ("memorisation", "parzen") else set()
            except Unsuitable:
                continue
    wanted = {name for metric in METRICS.values() for name in metric.gives} - {"parzen", "ms-ssim", "fid", *COPIES}
    assert wanted <= given


def test_the_part_of_the_data_can_be_chosen(folders, tmp_path):
    for part, folder in zip(("train", "test"), folders, strict=True):
        shutil.copytree(folder, tmp_path / "both" / part)
    both, fake = str(tmp_path / "both"), str(folders[1])
    asked = {"metrics": ["fd", "memorisation"], "features": ["pixels"]}

    def rows(split):
        return {row.metric: row for row in evaluate_folders(both, fake, split=split, **asked).rows}

    by_test = rows("auto")
    assert by_test == rows("test")
    assert by_test["fd"].value == pytest.approx(0, abs=1e-6)  # these very pictures
    assert "(test part, 1x8x8" in by_test["fd"].counts
    assert by_test["copies (pixels)"].value < 0.1  # the training part is taken for what was learnt from
    by_train = {
        row.metric: row for row in evaluate_folders(both, fake, split="train", metrics=["fd"], features=["pixels"]).rows
    }
    assert by_train["fd"].value > 1
    assert "(training part, 1x8x8" in by_train["fd"].counts
    recipe = RECIPES["dcgan"].but(network="intermediate", width=8, batch=16)
    path = train(recipe, Training(data=both, into=tmp_path / "run", rounds=2, looks=1)).path
    told = [evaluate_run(path, split=s, metrics=["fd"], features=["pixels"], n=50).rows[0].counts for s in ("auto", "train")]
    assert ["test part" in told[0], "training rows" in told[1]] == [True, True]


def test_the_protocol_tells_of_a_resize_on_either_side(folders):
    real, fake = map(str, folders)
    (row,) = evaluate_folders(real, fake, size=6, metrics=["fd"], features=["pixels"]).rows
    assert row.counts.startswith("120 generated (pictures resized to 6x6 (120 of 120 looked at have another size)) against")
    assert "1x6x6, pictures resized to 6x6" in row.counts


def test_only_the_published_inception_makes_an_fid(case):
    class Named(Pixels):
        def __init__(self, name):
            self.name = name

    fd = METRICS["fd"].measure
    assert set(fd(Case(case.real, case.fake, Named("inception")))) == {"fid"}
    assert set(fd(Case(case.real, case.fake, Named("inception with other weights")))) == {"fd"}
    assert features_of(["fid", "kid"], []) == ["inception"]
    assert features_of(["fd"], ["pixels"]) == ["pixels"]


def test_the_probe_learns_from_as_many_labels_as_asked(run):
    found = evaluate_run(run, metrics=["probe"], labels=[50], n=50)
    assert {row.metric.split(" (")[0] for row in found.rows} == {"probe SVM 50 labels", "probe k-NN 50 labels"}


def test_the_shares_of_the_classes_are_told(digits):
    from rivals.metrics.features import Classifier

    found = METRICS["modes"].measure(Case(digits, some(digits, 500), Classifier.trained(digits)))
    shares = [
        float(word.strip("%,")) for word in found["classes"].protocol.split(": ")[1].split() if word.rstrip(",")[-1] == "%"
    ]
    assert len(shares) == 10
    assert sum(shares) == pytest.approx(100, abs=0.6)


def test_an_evaluation_stays_beside_a_later_one_until_a_checkpoint_moves_on(run, tmp_path):
    from rivals.report import judged

    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    (folder / "evaluation.json").unlink(missing_ok=True)

    def evaluated(*metrics, **asked):
        judged.write(evaluate_run(folder, metrics=metrics, features=["pixels"], n=50, **asked), folder)
        return {(row.metric, row.of) for row in judged.read(folder).rows}

    assert evaluated("fd") == {("fd", "best, round 15"), ("fd", "final, round 30")}
    assert evaluated("kid", checkpoints=["best"]) == {
        ("fd", "best, round 15"),
        ("fd", "final, round 30"),
        ("kid", "best, round 15"),
    }
    shutil.copy(folder / "checkpoints" / "best.safetensors", folder / "checkpoints" / "final.safetensors")
    assert evaluated("fd") == {("fd", "best and final, round 15")}


def test_rows_are_grouped_as_they_are_read(run):
    (section,) = sections(evaluate_run(run, metrics=["prdc"], features=["pixels"], n=100).rows)
    assert section.of == ["best, round 15", "final, round 30"]
    assert [line.note for line in section.lines] == [1, 1, 2, 2]
    assert section.notes == ["k = 3", "k = 5"]
    assert np.isfinite([row.value for line in section.lines for row in line.values.values()]).all()


def test_too_few_rows_say_how_many_it_takes(case):
    few = Memory(bytes_from_pictures(case.real.rows(torch.arange(4), torch.device("cpu")).x), name="few")
    with pytest.raises(UserError, match="take more than 5 rows of each kind, not 4"):
        METRICS["prdc"].measure(Case(few, case.fake, Pixels()))


def test_a_set_sorted_by_class_scores_as_a_shuffled_one(digits):
    from rivals.metrics.features import Classifier

    judge = Classifier.trained(digits)
    everything = digits.rows(torch.arange(len(digits)), torch.device("cpu"))
    ordered = Part(digits, everything.y.argsort(stable=True))
    one, two = (METRICS["is"].measure(Case(digits, data, judge))["is"].value for data in (ordered, digits))
    assert one == pytest.approx(two, rel=0.02)
    assert one > 8


def test_infinite_values_survive_the_json(tmp_path, run, capsys):
    from rivals.metrics.evaluation import Evaluation, Row
    from rivals.report import judged

    row = Row(
        metric="mode kl", of="best", value=math.inf, spread=None, floor=0.1, better="lower", how="h", features="", counts="c"
    )
    case = Case(load("ring"), Memory(load("ring").x[:9], name="g"), Pixels())
    (tmp_path / "run").mkdir()
    judged.write(Evaluation(rows=[row], cases={"best": case}), tmp_path / "run")
    assert (
        json.loads((tmp_path / "run" / "evaluation.json").read_text(), parse_constant=pytest.fail)["rows"][0]["value"] == "inf"
    )
    assert judged.read(tmp_path / "run").sections[0].lines[0].values["best"].value == math.inf


def test_other_data_are_unseen_and_the_training_rows_stay_those_of_the_run(run, folders, tmp_path):
    real = str(folders[0])
    by_name = {
        row.metric: row for row in evaluate_run(run, data=real, metrics=["memorisation"], features=["pixels"], n=50).rows
    }
    row = by_name["copies (pixels)"]
    assert "other data than it learnt from" in row.counts
    assert "1,797 training rows; as near as 1% of 50 unseen real rows" in row.how


def test_a_run_that_was_interrupted_is_judged_as_far_as_it_came(run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "checkpoints" / "final.safetensors").unlink()
    asked = {"metrics": ["fd"], "features": ["pixels"], "n": 50}
    assert [row.of for row in evaluate_run(tmp_path / "run", **asked).rows] == ["best, round 15"]
    with pytest.raises(UserError, match="no checkpoint 'final'"):
        evaluate_run(tmp_path / "run", checkpoints=["final"], **asked)


def test_an_export_and_a_game_of_your_own_are_judged(run, tmp_path, small):
    import rivals

    asked = {"metrics": ["fd"], "features": ["pixels"], "n": 50}
    exported = rivals.export(run, tmp_path / "export")
    (row,) = evaluate_run(exported, **asked).rows
    assert row.of == "latest, round 15"
    assert row.value == evaluate_run(run, checkpoints=["best"], **asked).rows[0].value
    own = train(small("gan").game, Training(data="digits", into=tmp_path / "own", rounds=2, looks=1)).path
    assert evaluate_run(own, game=small("gan").game, **asked).rows[0].of.startswith("best")


def test_folders_with_their_training_pictures_are_judged_for_memorisation(folders):
    real, fake = map(str, folders)
    found = evaluate_folders(real, fake, train=fake, metrics=["memorisation"], features=["pixels"])
    assert {row.metric: row.value for row in found.rows}["copies (pixels)"] == 1.0


def test_a_metric_is_left_out_only_where_no_features_can_answer(run):
    found = evaluate_run(run, metrics=["is", "fd"], features=["pixels", "classifier"], n=50)
    assert found.left_out == {}
    assert {row.metric for row in found.rows} >= {"is", "fd"}
    with pytest.raises(UserError, match="takes features that classify"):
        evaluate_run(run, metrics=["fd", "is"], features=["pixels", "random"], n=50)


def test_a_best_that_is_the_final_one_is_judged_once(run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    shutil.copy(run / "checkpoints" / "final.safetensors", tmp_path / "run" / "checkpoints" / "best.safetensors")
    (row,) = evaluate_run(tmp_path / "run", metrics=["fd"], features=["pixels"], n=50).rows
    assert row.of == "best and final, round 30"


def test_where_the_training_data_are_gone_the_classifier_is_not_tested_on_what_it_learnt(tmp_path, folders):
    labelled = tmp_path / "labelled"
    for number in range(40):
        folder = labelled / ("dark" if number % 2 else "bright")
        folder.mkdir(parents=True, exist_ok=True)
        x = torch.full((1, 8, 8), 20 if number % 2 else 230, dtype=torch.uint8) + torch.arange(8, dtype=torch.uint8)
        image(x.roll(number, 2)).save(folder / f"{number}.png")
    gone = tmp_path / "gone"
    shutil.copytree(folders[0], gone)
    recipe = RECIPES["gan"].but(network="simple", width=8, batch=16)
    own = train(recipe, Training(data=str(gone), into=tmp_path / "own", rounds=2, looks=1)).path
    shutil.rmtree(gone)
    asked = {"metrics": ["fd"], "features": ["classifier"], "n": 20}
    row = evaluate_run(own, data=str(labelled), **asked).rows[0]
    assert "of 4 held-out rows" in row.features  # a tenth that it did not learn from
