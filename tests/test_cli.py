"""The command line as a user meets it: a process, its output, its exit code."""

from __future__ import annotations

import resource
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from rivals.recipes import RECIPES


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder that a command trained."""
    folder = tmp_path_factory.mktemp("trained")
    args = ["train", "gan", "--rounds", "30", "--looks", "3", "--width", "16", "--into", "run"]
    command = [sys.executable, "-m", "rivals", *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "final" in done.stdout
    assert "rivals sample run" in done.stdout
    assert (folder / "run" / "report.html").exists()
    assert "round" in done.stderr
    return folder / "run"


def spent() -> float:
    """By processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


HEAVY = "sorted({'torch', 'numpy', 'scipy', 'matplotlib', 'nicegui'} & {*sys.modules})"


def test_it_answers_at_once():
    """Heavy things are imported late. In seconds of the processor, the fewest of five: other tests run beside this one."""
    for code, limit in (("import rivals", 1.5), ("from rivals.cli import main; main(['--help'])", 0.8)):
        times = []
        told = f"import atexit, sys; atexit.register(lambda: print({HEAVY})); {code}"
        for _ in range(5):
            before = spent()
            done = subprocess.run([sys.executable, "-c", told], capture_output=True, check=True, text=True)
            times.append(spent() - before)
            assert done.stdout.endswith("[]\n")
        assert min(times) < limit


def test_help_names_every_command(rivals_command):
    done = rivals_command("--help")
    assert done.returncode == 0
    for command in ("recipes", "data", "train", "sample", "report", "export", "demo"):
        assert command in done.stdout
    help_of_wgan = rivals_command("train", "wgan", "--help").stdout
    for option in ("--clip", "--data", "--minutes", "--adversarial", "(default: 0.01)", "--dry-run"):
        assert option in help_of_wgan


def test_recipes_are_listed_with_their_papers(rivals_command):
    out = rivals_command("recipes").stdout
    for name, recipe in RECIPES.items():
        assert name in out
        assert recipe.url in out


def test_data_is_described_with_a_picture(rivals_command, tmp_path):
    done = rivals_command("data", "digits", "--out", "sheet.png")
    assert "1,797" in done.stdout
    assert "8x8" in done.stdout
    assert Image.open(tmp_path / "sheet.png").size[0] > 200


def test_sample_as_picture_arrays_and_folder(rivals_command, run, tmp_path):
    for out in ("a.npz", "b.npz", "grid.png", "folder"):
        done = rivals_command("sample", str(run), "--n", "5", "--seed", "3", "--out", out)
        assert done.returncode == 0, done.stderr
    a, b = (np.load(tmp_path / name)["samples"] for name in ("a.npz", "b.npz"))
    assert a.shape == (5, 1, 8, 8)
    assert np.array_equal(a, b)
    assert Image.open(tmp_path / "grid.png").size[0] > 40
    assert sorted(file.name for file in (tmp_path / "folder").iterdir()) == [f"{i:06d}.png" for i in range(5)]
    assert Image.open(tmp_path / "folder" / "000000.png").size == (8, 8)
    other = rivals_command("sample", str(run), "--n", "5", "--seed", "4", "--out", "c.npz", "--checkpoint", "20")
    assert other.returncode == 0, other.stderr
    assert not np.array_equal(a, np.load(tmp_path / "c.npz")["samples"])


def test_vectors_are_sampled_as_a_plot_or_arrays(rivals_command, tmp_path):
    train = rivals_command("train", "gan", "--data", "ring", "--network", "mlp", "--rounds", "5", "--looks", "1", "--into", "r")
    assert train.returncode == 0, train.stderr
    assert rivals_command("sample", "r", "--out", "p.png").returncode == 0
    assert rivals_command("sample", "r", "--out", "p.npz", "--n", "7").returncode == 0
    assert np.load(tmp_path / "p.npz")["samples"].shape == (7, 2)
    refused = rivals_command("sample", "r", "--out", "folder")
    assert refused.returncode == 2
    assert "FILE.npz" in refused.stderr


def test_export_and_report(rivals_command, run, tmp_path):
    assert rivals_command("export", str(run), "--out", "exported").returncode == 0
    assert rivals_command("sample", "exported", "--out", "s.png").returncode == 0
    assert rivals_command("report", str(run), str(run), "--out", "page.html").returncode == 0
    assert "Fr" in (tmp_path / "page.html").read_text()


def test_a_dry_run_says_what_and_writes_nothing(rivals_command, tmp_path):
    done = rivals_command("train", "dcgan", "--data", "digits", "--width", "8", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "nothing was written" in done.stdout
    assert list(tmp_path.iterdir()) == []


BAD = [
    (["train", "wgna"], "did you mean 'wgan'"),
    (["train", "gan", "--data", "digist"], "did you mean 'digits'"),
    (["train", "gan", "--bogus", "1"], "--bogus"),
    (["train", "gan", "--batc", "1"], "did you mean --batch"),
    (["train", "gan", "--minutes", "abc"], "'abc'"),
    (["sample"], "Missing.*PATH"),
    (["samplee", "x"], "samplee.*sample, translate, convert, explore, evaluate"),
    (["train", "gan", "--adversarial", "hige"], "hinge"),
    (["train", "gan", "--batch", "5000"], "1,797|1797"),
    (["train", "gan", "--data", "nowhere/"], "nowhere"),
    (["train", "gan", "--data", "empty"], "empty"),
    (["train", "dcgan", "--data", "ring"], "--network mlp"),
    (["train", "dcgan", "--data", "digits", "--size", "3"], "at least 4x4"),
    (["train", "gan", "--device", "cuda"], "no GPU|CUDA"),
    (["train", "gan", "--device", "abacus"], "unknown device"),
    (["train", "gan", "--rounds", "3", "--minutes", "1"], "one budget"),
    (["train", "gan", "--flip", "2"], "share in"),
    (["train", "gan", "--only", "eleven"], "class 'eleven'"),
    (["train", "gan", "--into", "taken/run"], "cannot write"),
    (["sample", "nowhere"], "nothing at nowhere"),
    (["sample", "empty"], "no run folder"),
    (["sample", "pickle.pt"], "pickle"),
    (["report", "empty"], "empty"),
    (["data", "pickled.npz"], "pickle"),
]


@pytest.mark.parametrize(("args", "said"), BAD, ids=[" ".join(args) for args, _ in BAD])
def test_bad_input_is_one_clear_line_and_exit_code_2(args, said, capsys, tmp_path, monkeypatch):
    """In this process, since each costs seconds as another: `main` is all that a process calls."""
    import re

    import torch

    from rivals.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "taken").write_text("a file")
    torch.save({"a": torch.ones(1)}, tmp_path / "pickle.pt")
    np.savez(tmp_path / "pickled.npz", images=np.array([{"a": 1}, None], dtype=object))
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(SystemExit) as stopped:
        main(args)
    assert stopped.value.code == 2
    err = capsys.readouterr().err
    assert re.search(said, err), err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before
