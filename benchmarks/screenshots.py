"""The pictures of docs/studio.md, of runs that are trained for it: a few minutes. Two more take longer and are trained before:

    rivals train cgan --data emoji/ --image-key google.png --caption-key txt --condition attributes ... --into further/emoji
    rivals train cyclegan --data punks --pair grey --generator unet --norm none --width 24 --lr 1e-3 --penalty r1 \\
        --penalty-weight 0.3 --average 0.99 --decay linear --minutes 6 --into further/grey
    python -m benchmarks.screenshots --out docs/studio --further further

(the options of the first stand in docs/games/conditional.md).
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import tyro
from PIL import Image
from playwright.sync_api import Page, sync_playwright

import rivals
from benchmarks.studio import chromium, served, visit
from rivals.data import bytes_from_pictures, load
from rivals.data.pictures import image
from rivals.recipes import find
from rivals.training import Training, train


def runs(folder: Path) -> None:
    """Those that are shown."""
    train(find("auto"), Training(data="digits", into=folder / "demo", minutes=2))
    for seed in (0, 1):
        name = "lsgan-digits" if not seed else f"lsgan-digits-{seed}"
        train(find("lsgan").but(width=16), Training(data="digits", into=folder / name, rounds=600, seed=seed))
    train(find("gan").but(adversarial="minimax", width=8), Training(data="digits", into=folder / "minimax", rounds=400))
    options = {"network": "mlp", "width": 64, "penalty": "r1", "penalty_weight": 0.1, "latent": 2, "lr": 1e-3, "beta1": 0.5}
    ring = find("gan").but(adversarial="relativistic", **options)
    train(ring, Training(data="ring", into=folder / "ring", rounds=3000, looks=60))


def shown(page: Page, wait: Callable[[], Any], path: str = "") -> None:
    if path:
        page.goto(path)
    wait()
    page.wait_for_timeout(1500)  # charts draw themselves


def overview(page: Page, save: Callable[[str], None]) -> None:
    shown(page, page.get_by_role("link", name="demo", exact=True).wait_for, "/")
    save("runs")
    shown(page, page.get_by_role("img", name="Speed").locator("svg").wait_for, "/run?run=demo")
    save("run")
    shown(page, page.get_by_role("heading", name="What differs").wait_for, "/compare?run=lsgan-digits&run=lsgan-digits-1")
    save("compare")


def explored(page: Page, save: Callable[[str], None]) -> None:
    shown(page, page.get_by_role("button", name="Sample 5", exact=True).wait_for, "/explore?run=demo")
    for role, number in (("These", 3), ("+ that", 9)):
        page.get_by_role("button", name=role, exact=True).click()
        page.get_by_role("button", name=f"Sample {number}", exact=True).click()
    page.get_by_role("slider", name="Direction 2").fill("1.5")
    page.get_by_role("button", name="Nearest training pictures").click()
    shown(page, page.get_by_alt_text("A training picture near to it").nth(4).wait_for)
    page.evaluate("scrollTo(0, 0)")
    save("explore")


def looked_into(page: Page, save: Callable[[str], None]) -> None:
    shown(page, page.get_by_alt_text("Drawn: where the discriminator looks").nth(7).wait_for, "/inside?run=demo")
    save("inside")
    shown(page, page.get_by_role("img", name="round 600", exact=False).wait_for, "/inside?run=ring&round=600")
    save("plane")


def played(page: Page, save: Callable[[str], None]) -> None:
    shown(page, page.get_by_role("button", name="Play", exact=True).wait_for, "/play")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(20_000)
    page.get_by_role("button", name="Pause").click()
    shown(page, lambda: None)
    save("play")


def read(page: Page, save: Callable[[str], None]) -> None:
    shown(page, page.get_by_role("button", name="Start").wait_for, "/train?recipe=wgan-gp")
    save("train")
    shown(page, page.get_by_role("heading", name="What each logged name means").wait_for, "/learn")
    save("learn")


def asked(page: Page, save: Callable[[str], None]) -> None:
    first = page.get_by_role("button", name="Sample 0", exact=True)
    shown(page, first.wait_for, "/explore?run=emoji&only=a+smiling+face")
    save("asked")


def translated(page: Page, save: Callable[[str], None]) -> None:
    shown(page, page.get_by_text("Upload a picture").wait_for, "/translate?run=grey")
    file = io.BytesIO()
    image(bytes_from_pictures(load("punks").rows(torch.tensor([7]), torch.device("cpu")).x[0])).save(file, "png")
    page.locator("input[type=file]").set_input_files({"name": "face.png", "mimeType": "image/png", "buffer": file.getvalue()})
    shown(page, page.get_by_text("What does not come back").wait_for)
    save("translate")


def main(out: Path, further: Path | None = None) -> None:
    """The pictures of docs/studio.md.

    Args:
        out: Where to.
        further: A folder with the runs emoji and grey; None: their pictures stay as they are.
    """
    with tempfile.TemporaryDirectory() as place, sync_playwright() as driver:
        folder = Path(place) / "runs"
        runs(folder)
        browser = chromium(driver)
        with served(folder) as (address, _):
            page = browser.new_page(viewport={"width": 1280, "height": 860}, base_url=address)

            def save(name: str, page: Page = page) -> None:
                Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(out / f"{name}.png", optimize=True)

            visit(page, address)
            for pictures in (overview, explored, looked_into, played, read):
                pictures(page, save)
        if further is not None:
            with served(further) as (address, _):
                page = browser.new_page(viewport={"width": 1280, "height": 860}, base_url=address)
                visit(page, address)
                for pictures in (asked, translated):
                    pictures(page, lambda name: save(name, page))
        book = browser.new_page(viewport={"width": 1000, "height": 640})
        book.set_content(rivals.Run(folder / "demo")._repr_html_())
        save("notebook", book)
        browser.close()


if __name__ == "__main__":
    tyro.cli(main)
