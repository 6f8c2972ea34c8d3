"""How much the studio's memory grows while somebody watches a live run.

    python -m benchmarks.studio_memory --minutes 60

A run that trains beside (one thread, low priority), its page open in headless Chromium, which draws it anew every two seconds.
Told each ten minutes: the server's resident memory, and the page's heap after its garbage is collected. The growth is from the
fifth minute, when everything that is imported late is there, to the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tyro
from playwright.sync_api import CDPSession, sync_playwright

from benchmarks.studio import chromium, served, visit
from rivals.run import Run

WARM = 5.0  # minutes


def resident(process: int) -> float:
    """MB of memory that a process holds."""
    line = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1e3


def heap(devtools: CDPSession) -> float:
    """MB of the page's objects, without garbage."""
    devtools.send("HeapProfiler.collectGarbage")
    found: float = devtools.send("Runtime.getHeapUsage")["usedSize"]
    return found / 1e6


def main(minutes: float = 60.0, every: float = 10.0) -> None:
    """How much the studio's memory grows while somebody watches a live run.

    Args:
        minutes: How long it is watched.
        every: Minutes between two readings.
    """
    with tempfile.TemporaryDirectory() as place, sync_playwright() as driver:
        runs = Path(place)
        command = ["nice", "-n", "19", sys.executable, "-m", "rivals", "train", "gan", "--data", "digits", "--width", "8"]
        command += ["--minutes", f"{minutes + WARM:g}", "--looks", "200", "--into", str(runs / "live")]
        alone = os.environ | {"OMP_NUM_THREADS": "1"}
        training = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=alone)
        browser = chromium(driver)
        while not (runs / "live" / "log.jsonl").is_file():
            time.sleep(0.5)
        try:
            with served(runs) as (address, process):
                page = browser.new_page()
                visit(page, f"{address}/run?run=live")
                devtools = page.context.new_cdp_session(page)
                begun, readings = time.monotonic(), []
                for at in [WARM, *(every * k for k in range(1, int(minutes / every) + 1) if every * k > WARM)]:
                    while (left := begun + 60 * at - time.monotonic()) > 0:
                        page.wait_for_timeout(min(1000 * left, 1000))
                    events = len(Run(runs / "live").log())
                    readings.append((resident(process), heap(devtools)))
                    server, shown = readings[-1]
                    print(f"minute {at:3.0f}: {events:5} events, server {server:.1f} MB, page {shown:.1f} MB", flush=True)
                grown = [last - first for first, last in zip(readings[0], readings[-1], strict=True)]
                print(f"from minute {WARM:g} on: server {grown[0]:+.1f} MB, page {grown[1]:+.1f} MB", flush=True)
        finally:
            training.terminate()
            training.wait()
            browser.close()


if __name__ == "__main__":
    tyro.cli(main)
