"""A folder of runs, and the studio over it in a browser."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import numpy
import PIL.Image
import pytest


def filled(runs, trained):
    """Two runs, one of them in a folder of its own."""
    shutil.copytree(trained, runs / "gan-digits")
    shutil.copytree(trained, runs / "more" / "seed-1")
    settings = runs / "more" / "seed-1" / "settings.json"
    settings.write_text(settings.read_text().replace('"seed": 0', '"seed": 1'))
    return runs


@pytest.fixture(scope="session")
def by_attributes(tmp_path_factory):
    """A run that is asked for attributes."""
    place = tmp_path_factory.mktemp("faces")
    draw = numpy.random.default_rng(0)
    attributes = draw.integers(0, 2, (40, 3), dtype=numpy.uint8)
    images = draw.integers(0, 255, (40, 8, 8, 3), dtype=numpy.uint8)
    numpy.savez(place / "faces.npz", images=images, attributes=attributes, names=numpy.array(["female", "hat", "smile"]))
    return asked_for(place / "run", data=str(place / "faces.npz"))


@pytest.fixture(scope="session")
def by_text(tmp_path_factory):
    """A run that is told a text."""
    place = tmp_path_factory.mktemp("pets")
    lines = []
    for k in range(24):
        PIL.Image.new("RGB", (8, 8), (10 * k, 0, 0)).save(place / f"{k}.png")
        lines.append({"file_name": f"{k}.png", "text": f"a {('red', 'blue')[k % 2]} {('cat', 'dog')[k // 2 % 2]}"})
    (place / "metadata.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return asked_for(place / "run", data=str(place), caption_key="text")


def asked_for(into, **data):
    from rivals.recipes import find
    from rivals.training import Training, train

    recipe = find("cgan").but(width=4, batch=8)
    return train(recipe, Training(into=into, rounds=8, looks=1, precision="float32", **data)).path


@pytest.fixture
def folder(trained, tmp_path):
    return filled(tmp_path / "runs", trained)


@pytest.fixture(scope="module")
def library(trained, tmp_path_factory):
    """The same, of the studio that serves all tests of a file."""
    return filled(tmp_path_factory.mktemp("served") / "runs", trained)


@pytest.fixture(scope="module")
def served(library):
    """The address of a studio over these runs, in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "rivals", "studio", str(library), "--port", str(port)]
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI"))}
    told = library / ".told.txt"
    with told.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=alone)
    address = f"http://localhost:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=5).read()
            break
        except OSError:
            assert process.poll() is None, told.read_text()
            time.sleep(0.1)
    else:
        pytest.fail(told.read_text())
    yield address
    process.terminate()
    process.wait(timeout=20)
    assert "Traceback" not in told.read_text(), told.read_text()


@pytest.fixture(scope="session")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="the pages are tried in a browser: pip install playwright")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("the pages are tried in a browser, and there is none: apt install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, served):
    """A page of the browser that fails the test by what went wrong in it, or by a request to any other host."""
    context = chromium.new_context(base_url=served, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    wrong = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: wrong.append(asked.url) if foreign(asked.url, served) else None)
    yield page
    context.close()
    assert wrong == []


def foreign(url, served):
    return not url.startswith((served, "data:", "blob:"))
