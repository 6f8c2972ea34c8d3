"""What a training shows: curves by name, losses on a line, plain lines in a log file."""

from __future__ import annotations

from rivals.display import Display, losses, scalars

TERMS = {
    "kind": "terms",
    "round": 7,
    "seconds": 1.5,
    "speed": 1234.0,
    "memory": 99.0,
    "terms": {"discriminator": {"adversarial": 1.0, "penalty": 0.25}, "generator": {"adversarial": 0.5}},
    "gradients": {"generator": 2.0},
    "gauges": {"k": 0.125},
}
SCORE = {"kind": "score", "round": 7, "seconds": 1.5, "scores": {"coverage": 0.5, "fd": 9.0}, "best": True}


def test_curves_are_named_by_player_and_term():
    assert dict(scalars(TERMS)) == {
        "discriminator/adversarial": 1.0,
        "discriminator/penalty": 0.25,
        "generator/adversarial": 0.5,
        "gradient norm/generator": 2.0,
        "gauge/k": 0.125,
        "speed/images per second": 1234.0,
        "memory/MB": 99.0,
    }
    assert dict(scalars(SCORE)) == {"score/coverage": 0.5, "score/fd": 9.0}
    assert scalars({"kind": "note", "round": 1, "text": "a"}) == []


def test_a_line_holds_each_players_loss():
    assert losses(TERMS) == "D 1.25 · G 0.5"


def test_turns_that_were_skipped_are_told():
    held = {**TERMS, "skipped": {"discriminator": 0.25}}
    assert losses(held) == "D 1.25 (25% skipped) · G 0.5"
    assert dict(scalars(held))["skipped/discriminator"] == 0.25


def test_a_log_file_gets_plain_lines_with_the_score_that_decides(tmp_path, capsys):
    with Display(tmp_path, visible=True, round=0) as display:
        display.show(SCORE, 0.5)
        display.show(TERMS, 0.5)
        display.show({"kind": "note", "round": 7, "text": "stopped"}, 0.5)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["round       7 · 1,234 images/s · D 1.25 · G 0.5 · coverage 0.5 (best) · 0:02 left", "stopped"]
    assert list(tmp_path.glob("events.out.tfevents*"))


def test_other_processes_show_and_write_nothing(tmp_path, capsys):
    with Display(tmp_path, visible=False, round=0) as display:
        display.show(TERMS, 0.5)
    assert capsys.readouterr().err == ""
    assert list(tmp_path.iterdir()) == []
