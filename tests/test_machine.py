"""Devices by name, the faster precision, memory; and signals as wishes."""

from __future__ import annotations

import os
import signal

import pytest
import torch

from rivals.errors import UserError
from rivals.machine import faster_precision, find_device, native_precision, peak_memory, processor
from rivals.stop import wishes


@pytest.mark.parametrize(
    ("name", "said"),
    [("abacus", "unknown device 'abacus'"), ("cuda:x", "unknown device"), ("mps", "no Apple GPU"), ("cuda", "no GPU here")],
)
def test_devices_that_are_not_there_are_refused(name, said):
    if (name == "cuda" and torch.cuda.is_available()) or (name == "mps" and torch.backends.mps.is_available()):
        pytest.skip(f"there is a {name} device")
    with pytest.raises(UserError, match=said):
        find_device(name)


def test_there_is_always_a_device():
    assert find_device("cpu").type == "cpu"
    assert find_device("auto").type in ("cpu", "cuda", "mps")


def test_bf16_is_taken_where_it_is_faster_by_a_tenth(small, digits, monkeypatch):
    from rivals import machine
    from rivals.data import Batches

    game = small("gan").game
    weights = [p.detach().clone() for p in game.parameters()]
    batches = Batches(digits, 16, seed=0)
    for bf16, expected in ((0.85, "bf16"), (0.95, "float32"), (1.5, "float32")):
        monkeypatch.setattr(machine, "seconds", lambda trainer, t=bf16: t if trainer.precision == "bf16" else 1.0)
        assert faster_precision(game, batches) == expected
    monkeypatch.undo()
    assert faster_precision(game, batches) in ("bf16", "float32")
    assert all(torch.equal(a, b) for a, b in zip(weights, game.parameters(), strict=True))  # tried on copies


def test_memory_only_grows():
    before = peak_memory()
    assert before > 50  # MB: torch alone takes more
    assert peak_memory() >= before


def test_signals_become_wishes_and_handlers_come_back():
    before = signal.getsignal(signal.SIGTERM)
    with wishes() as wish:
        assert wish() == 0
        os.kill(os.getpid(), signal.SIGTERM)
        assert wish() == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("instruction", "told"), [("avx512_bf16", "bf16"), ("amx_bf16", "bf16"), ("bf16", "bf16"), ("avx2", "float32")]
)
def test_bf16_is_native_where_the_processor_has_instructions_for_it(instruction, told, monkeypatch):
    there = {"architecture": "any", "avx512_bf16": False, instruction: True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: there)
    assert native_precision() == told


def test_the_processor_has_a_name(monkeypatch, tmp_path):
    from rivals import machine

    assert processor().strip() == processor() != ""
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n")
    monkeypatch.setattr(machine, "Path", lambda _: info)
    assert processor() == "Some CPU @ 2 GHz"
