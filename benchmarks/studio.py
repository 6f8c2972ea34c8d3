"""The studio's answers: the first page over 200 runs, and a slider of the explorer, in a real browser.

    python benchmarks/studio.py

First page: from the command to the table in the browser, a new process each time. Slider: from the moment it moves to the
moment the picture in the page is another, `dcgan` at 32 x 32.
"""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from rivals.recipes import find
from rivals.training import Training, train

RUNS, TIMES, MOVES = 200, 5, 40
CHANGED = """async ([slider, img, value]) => {
  const before = img.src, begun = performance.now();
  slider.value = value;
  slider.dispatchEvent(new Event("input", {bubbles: true}));
  while (img.src === before) await new Promise(done => requestAnimationFrame(done));
  return performance.now() - begun;
}"""


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """A studio's address, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "rivals", "studio", str(folder), "--port", str(port)])
    try:
        yield f"http://localhost:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def chromium(driver: Playwright) -> Browser:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return driver.chromium.launch(executable_path=program, args=["--no-sandbox"])


def visit(page: Page, address: str) -> None:
    """As soon as somebody listens there. (A browser that asks in vain draws a page about that, beside a server that starts.)"""
    asked = urlsplit(address)
    while True:
        try:
            socket.create_connection((asked.hostname, asked.port)).close()
            break
        except ConnectionRefusedError:
            time.sleep(0.02)
    page.goto(address)


def first_page(browser: Browser, folder: Path) -> float:
    """Seconds until the table stands."""
    page = browser.new_page()
    begun = time.perf_counter()
    with served(folder) as (address, _):
        visit(page, address)
        page.get_by_role("link", name="run-7", exact=True).or_(page.get_by_role("row").nth(1)).first.wait_for()
        seconds = time.perf_counter() - begun
    page.close()
    return seconds


def slider(browser: Browser, folder: Path) -> list[float]:
    """Milliseconds of each move."""
    page = browser.new_page()
    with served(folder) as (address, _):
        visit(page, f"{address}/explore?run=dcgan")
        page.get_by_role("button", name="Sample 1", exact=True).wait_for()
        moved = page.get_by_role("slider", name="Direction 1", exact=True).element_handle()
        image = page.get_by_role("img", name="The picture where you stand").locator("img").element_handle()
        found = []
        for move in range(MOVES):
            found.append(page.evaluate(CHANGED, [moved, image, str(round(3 * (-1) ** move * (1 - move / 100), 2))]))
            page.wait_for_timeout(150)
    page.close()
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as place, sync_playwright() as driver:
        folder = Path(place)
        one = train(find("gan").but(width=8), Training(data="digits", into=folder / "one", rounds=400, looks=20)).path
        many = folder / "many"
        for number in range(RUNS):
            (many / f"run-{number}").mkdir(parents=True)
            for name in ("settings.json", "log.jsonl"):
                shutil.copy(one / name, many / f"run-{number}" / name)
        train(find("dcgan"), Training(data="digits", size=32, into=folder / "few" / "dcgan", rounds=2, looks=1))
        browser = chromium(driver)
        pages = [first_page(browser, many) for _ in range(TIMES)]
        moves = slider(browser, folder / "few")
        browser.close()
    said = ", ".join(f"{seconds:.2f}" for seconds in pages)
    print(f"first page over {RUNS} runs: {said} s, median {statistics.median(pages):.2f} s")
    ordered = sorted(moves)
    print(
        f"slider, {MOVES} moves: median {statistics.median(moves):.0f} ms, nine in ten under {ordered[int(0.9 * MOVES)]:.0f} ms"
    )


if __name__ == "__main__":
    main()
