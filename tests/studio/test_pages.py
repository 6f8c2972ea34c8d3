"""The pages in a real browser: each opens with no error and no request to any other host, and does what it says."""

from __future__ import annotations

import json
import re
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import PIL.Image
import pytest

TRIES = "Try --penalty r1, or --critic-turns 1."


def test_every_page_opens(page):
    titles = {
        "/": "Runs",
        "/run?run=gan-digits": "gan-digits",
        "/compare": "Compare",
        "/explore": "Explore",
        "/train": "Train",
    }
    for path, title in titles.items():
        page.goto(path)
        assert page.get_by_role("heading", level=1).inner_text() == title
    page.goto("/learn?game=vae")
    page.get_by_role("heading", name="VAE", exact=False).first.wait_for()
    page.get_by_role("link", name="GAN: two players").click()
    page.get_by_role("heading", name="What each logged name means").wait_for()
    page.goto("/inside?run=gan-digits")
    page.get_by_role("img", name="Histogram of the discriminator's logits").locator("svg").wait_for()
    assert page.get_by_alt_text("Drawn: where the discriminator looks").count() == 8
    assert page.get_by_role("row").count() > 5
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the answers as CSV").click()
    rows = [line.split(",") for line in Path(saved.value.path()).read_text().splitlines()]
    assert rows[0] == ["logit", "real", "drawn"]
    assert sum(int(real) for _, real, _ in rows[1:]) == sum(int(drawn) for *_, drawn in rows[1:]) == 512
    page.goto("/explore")
    page.get_by_role("link", name="gan-digits").wait_for()
    page.goto("/run?run=nothing")
    assert "no run 'nothing'" in page.get_by_role("alert").inner_text()


def test_runs_are_listed_filtered_and_chosen(page):
    page.goto("/")
    page.get_by_role("link", name="gan-digits").wait_for()
    assert page.get_by_role("row").count() == 3
    page.get_by_label("Filter").fill("seed")
    page.get_by_role("link", name="gan-digits").wait_for(state="hidden")
    page.wait_for_url("**/?find=seed")
    page.reload()  # a link opens the same view
    page.get_by_role("link", name="more/seed-1").wait_for()
    assert page.get_by_role("row").count() == 2
    page.get_by_label("Filter").fill("")
    page.get_by_role("link", name="gan-digits").wait_for()
    for box in page.get_by_role("row").all()[1:]:
        box.get_by_role("checkbox").click()
    page.get_by_role("columnheader", name="Time").click()
    page.wait_for_url("**/?sort=seconds&run=*&run=*")
    page.reload()
    page.locator("th.sorted", has_text="Time").wait_for()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("heading", name="What differs").wait_for()
    assert page.get_by_role("row", name="seed 0 1").count() == 1
    assert "±" in page.get_by_role("row", name="2 seeds of gan").inner_text()
    page.get_by_role("button", name="Save Fréchet distance").click()
    with page.expect_download() as saved:
        page.get_by_text("CSV", exact=True).click()
    curves = {line.split(",")[0] for line in Path(saved.value.path()).read_text().splitlines()[1:]}
    assert curves == {"gan-digits", "more/seed-1"}


def test_samples_go_through_time_and_curves_are_drawn(page, library):
    page.goto("/run?run=gan-digits&x=minute")
    shown = page.get_by_alt_text(re.compile("Samples of round"))
    assert shown.get_attribute("alt") == "Samples of round 40"
    slider = page.get_by_role("slider", name="Samples through time")
    slider.focus()
    page.keyboard.press("ArrowLeft")  # by keyboard alone
    page.get_by_alt_text("Samples of round 30").wait_for()
    picture = page.get_by_alt_text("Samples of round 30").element_handle()
    page.wait_for_function("img => img.complete && img.naturalWidth > 0", arg=picture)  # it is there, and is a picture
    page.get_by_role("button", name="Play").click()
    page.get_by_alt_text("Samples of round 40").wait_for()
    charts = page.locator("figure.chart")
    charts.first.locator("svg path").first.wait_for(state="attached")
    assert charts.count() >= 5
    page.get_by_role("button", name="rounds").click()
    page.wait_for_url("**x=round**")
    run = library / "gan-digits" / "log.jsonl"
    last = json.loads(run.read_text().splitlines()[-1])
    sees = "The discriminator's <b>samples</b> are all alike."
    finding = {"kind": "finding", "name": "collapse", "since": 30, "sees": sees, "tries": TRIES}
    with run.open("a") as log:  # live: what is written is shown
        log.write(json.dumps(last | finding) + "\n")
    page.get_by_text(sees).wait_for()
    assert "critic-turns" not in page.locator(".finding").last.inner_text()  # which it does already
    page.get_by_role("link", name="--penalty r1").click()
    page.wait_for_url("**/train?into=gan-digits-2&recipe=gan&**&penalty=r1")
    assert page.get_by_label("Folder").input_value() == "gan-digits-2"


def test_a_run_on_points_is_drawn_through_its_training(page, library):
    from rivals.recipes import find
    from rivals.training import Training, train

    path = library / "ring"
    train(find("gan").but(width=16), Training(data="ring", into=path, rounds=20, looks=4, precision="float32"))
    try:
        page.goto("/inside?run=ring&round=10")
        page.get_by_role("img", name="round 10", exact=False).wait_for()
        page.get_by_role("slider", name="The game through its training").focus()
        page.keyboard.press("End")
        page.get_by_role("img", name="round 20", exact=False).wait_for()
        page.wait_for_url(re.compile("/inside.run=ring$"))  # who stands at the newest goes with it
        page.keyboard.press("ArrowLeft")
        page.wait_for_url("**&round=15")
        for form, begins in (("SVG", b"<svg"), ("PNG", b"\x89PNG"), ("GIF", b"GIF8"), ("MP4", None)):
            page.get_by_role("button", name="Save the picture, or a film").click()
            with page.expect_download() as saved:
                page.get_by_text(form, exact=True).click()
            content = Path(saved.value.path()).read_bytes()
            assert content.startswith(begins) if begins else content[4:8] == b"ftyp"
    finally:
        shutil.rmtree(path)


def test_a_run_that_goes_while_it_is_shown_is_told(page, library):
    name = 'an "odd" name\'s <b>'
    shutil.copytree(library / "gan-digits", library / name)
    page.goto(f"/run?{urlencode({'run': name})}")
    page.get_by_text("Finished").wait_for()
    page.get_by_alt_text("Samples of round 40").wait_for()
    shutil.rmtree(library / name)
    page.get_by_text("it was deleted").wait_for()


def test_charts_and_films_are_saved(page, served):
    page.goto("/run?run=gan-digits")
    for form in ("PNG", "SVG", "CSV"):
        page.get_by_role("button", name="Save Speed").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=form).or_(page.get_by_text(form, exact=True)).first.click()
        assert download.value.suggested_filename == f"gan-digits-speed.{form.lower()}"
    with urllib.request.urlopen(f"{served}/film?run=gan-digits&form=gif") as answer:
        assert answer.read(6) == b"GIF89a"
    with urllib.request.urlopen(f"{served}/page?run=gan-digits&run=more/seed-1") as answer:
        assert b"2 runs compared" in answer.read()
    with urllib.request.urlopen(f"{served}/page?run=gan-digits") as answer:
        assert b"gan on digits" in answer.read()


def test_the_explorer_moves_calculates_and_inverts(page, library, tmp_path):
    page.goto("/explore?run=gan-digits")
    picture = page.get_by_role("img", name="The picture where you stand").locator("img")
    picture.wait_for()
    expect = pytest.importorskip("playwright.sync_api").expect

    def shown():
        return picture.get_attribute("src")

    def changes(act):
        before = shown()
        act()
        page.wait_for_function("([img, before]) => img.src !== before", arg=[picture.element_handle(), before])

    slider = page.get_by_role("slider", name="Direction 1", exact=True)
    changes(lambda: slider.fill("3"))
    changes(lambda: page.get_by_role("slider", name="Truncation").fill("0.4"))
    changes(lambda: page.get_by_role("button", name="Sample 5", exact=True).click())
    assert slider.input_value() == "0"
    for role, number in (("These", 3), ("\N{MINUS SIGN} those", 8), ("+ that", 9)):
        page.get_by_role("button", name=role, exact=True).click()
        page.get_by_role("button", name=f"Sample {number}", exact=True).click()
    expect(page.get_by_label("Arithmetic of samples")).to_have_value("3 - 8 + 9")
    changes(lambda: page.get_by_role("button", name="Go", exact=True).click())
    page.get_by_role("button", name="Ends of a way").click()
    for number in (1, 2):
        page.get_by_role("button", name=f"Sample {number}", exact=True).click()
    page.get_by_text("From sample 1 to sample 2").wait_for()
    changes(lambda: page.get_by_role("slider", name="Along the way").fill("0.5"))
    with page.expect_download() as download:
        page.get_by_role("button", name="GIF").click()
    assert download.value.suggested_filename == "gan-digits-way.gif"
    slider.fill("1.5")
    page.wait_for_url(re.compile(r"at=1(~|%7E)2%40.*&moves=1.5.*&psi=0.4"))
    here = shown()
    page.reload()  # a link opens the same view
    page.get_by_role("slider", name="Truncation").wait_for()
    assert slider.input_value() == "1.5"
    assert shown() == here
    PIL.Image.new("RGB", (40, 30), "white").save(tmp_path / "white.png")
    changes(lambda: page.locator("input[type=file]").set_input_files(tmp_path / "white.png"))
    page.get_by_text("mean squared error").wait_for()
    page.get_by_role("button", name="Nearest training pictures").click()
    page.get_by_alt_text("A training picture near to it").nth(4).wait_for()
    (tmp_path / "no.png").write_text("no picture")
    page.locator("input[type=file]").set_input_files(tmp_path / "no.png")
    page.get_by_text("no picture that can be read").wait_for()


def test_what_is_asked_for_is_drawn_and_stands_in_the_address(page, library, by_attributes, by_text):
    for run in (by_attributes, by_text):
        shutil.copytree(run, library / f"asked-{run.parent.name}")
    faces, pets = (f"/explore?run=asked-{run.parent.name}" for run in (by_attributes, by_text))
    try:
        page.goto(faces)
        first = page.get_by_role("button", name="Sample 0", exact=True).locator("img")
        before = first.get_attribute("src")
        page.get_by_label("Ask for").click()
        page.get_by_role("option", name="smile").click()
        page.wait_for_url("**only=smile**")
        page.get_by_label("Ask for").fill("HA")
        page.keyboard.press("Enter")
        page.wait_for_url("**only=smile%2Chat**")
        assert first.get_attribute("src") != before
        page.get_by_role("option").first.wait_for(state="hidden")
        picture = page.get_by_role("img", name="The picture where you stand").locator("img")
        before = picture.get_attribute("src")
        page.get_by_label("This one has").click()
        page.get_by_role("option", name="female").click()
        page.wait_for_url("**has=**female**")
        assert picture.get_attribute("src") != before
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save", exact=True).click()
        assert re.fullmatch(r"asked-faces0(-(female|hat|smile))+-0\.png", saved.value.suggested_filename)
        assert PIL.Image.open(saved.value.path()).size == (512, 512)
        page.reload()
        page.get_by_text("female", exact=True).first.wait_for()
        page.get_by_label("Ask for").fill("beard")
        page.keyboard.press("Enter")
        page.get_by_text("nothing here is called 'beard'").wait_for()
        page.goto(pets)
        before = first.get_attribute("src")
        page.get_by_label("Ask for").fill("a red cat, please")
        page.keyboard.press("Enter")
        page.get_by_text("its captions know red, cat").wait_for()
        page.wait_for_url("**only=a+red+cat%2C+please**")
        assert first.get_attribute("src") != before
        page.get_by_label("Ask for").fill("a horse")
        page.keyboard.press("Enter")
        page.get_by_text("no word of 'a horse' is known here").wait_for()
    finally:
        for run in (by_attributes, by_text):
            shutil.rmtree(library / f"asked-{run.parent.name}")


def test_a_game_is_played_turn_by_turn_and_on_what_is_drawn_with_the_mouse(page):
    expect = pytest.importorskip("playwright.sync_api").expect
    page.goto("/play")
    page.get_by_text("Round 0").wait_for()
    for who, round in (("discriminator", 0), ("generator", 0), ("discriminator", 1)):
        page.get_by_role("button", name="One turn").click()
        page.get_by_text(f"Round {round}: the {who} moved").wait_for()
    page.get_by_role("button", name="Play", exact=True).click()
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_text(re.compile(r"Round \d\d")).wait_for()
    page.get_by_role("slider", name="Learning rate of the generator, as a power of ten").fill("-2.5")
    page.get_by_label("Criterion").click()
    page.get_by_role("option", name="hinge").click()
    page.get_by_role("button", name="Pause").click()
    for form in ("SVG", "GIF"):
        page.get_by_role("button", name="Save the picture, or a film").click()
        with page.expect_download() as download:
            page.get_by_text(form, exact=True).click()
        assert download.value.suggested_filename == f"auto-ring.{form.lower()}"
    film = PIL.Image.open(download.value.path())
    assert film.n_frames > 3  # what was played
    page.wait_for_url(re.compile("criterion=hinge.*rates="))
    page.reload()  # a link opens the same game
    expect(page.get_by_label("Criterion")).to_have_value("hinge")
    expect(page.get_by_role("slider", name="Learning rate of the generator, as a power of ten")).to_have_value("-2.5")
    page.get_by_label("Data", exact=True).click()
    page.get_by_role("option", name="what you draw").click()
    page.get_by_text("Draw where the data is to be").wait_for()
    plane = page.get_by_role("img", name="Nothing yet").bounding_box()
    page.mouse.move(plane["x"] + 80, plane["y"] + 90)
    page.mouse.down()
    for step in range(10):
        page.mouse.move(plane["x"] + 80 + 20 * step, plane["y"] + 90 + 8 * step)
    page.mouse.up()
    page.get_by_text("Round 0").wait_for()
    page.get_by_role("button", name="One round").click()
    expect(page.get_by_text("Round 1", exact=True)).to_be_visible()


def test_a_training_is_started_from_its_form_and_finishes(page, library):
    page.goto("/train?recipe=gan")
    page.get_by_label("Folder").fill("from the page")
    page.get_by_label("minutes").fill("")
    page.get_by_label("rounds").fill("30")
    page.get_by_label("width", exact=True).fill("8")
    page.wait_for_url("**&width=8")
    page.reload()  # a link opens the same form
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/run?run=from*", timeout=150_000)
    page.get_by_text("Finished: round 30").wait_for(timeout=150_000)
    settings = json.loads((library / "from the page" / "settings.json").read_text())
    assert (settings["options"]["width"], settings["budget"]) == (8, {"rounds": 30})


def test_what_cannot_be_trained_is_told_on_the_page(page):
    page.goto("/train?recipe=gan")
    page.get_by_label("Folder").fill("../elsewhere")
    page.get_by_role("button", name="Start").click()
    page.get_by_text("name a folder for the run").wait_for()
    page.get_by_label("Folder").fill("new")
    page.get_by_label("penalty weight").fill("3")
    page.get_by_label("beta1").fill("x")
    page.get_by_role("button", name="Start").click()
    page.get_by_text("Error parsing --beta1").wait_for(timeout=150_000)
    page.get_by_label("beta1").fill("")
    page.get_by_role("button", name="Start").click()
    page.get_by_text("--penalty-weight changes nothing without --penalty").wait_for(timeout=150_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_all(chromium, served, scheme):
    context = chromium.new_context(base_url=served, viewport={"width": 390, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    for path in (
        "/",
        "/run?run=gan-digits",
        "/compare?run=gan-digits&run=more/seed-1",
        "/explore?run=gan-digits",
        "/play",
        "/train",
    ):
        page.goto(path)
        page.get_by_role("heading", level=1).wait_for()
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(247, 246, 242)" if scheme == "light" else "rgb(16, 18, 22)")
    context.close()


OUTSIDE = (
    "/picture?run=..&round=real",
    "/picture?run=%2Fetc&round=real",
    "/picture?run=gan-digits&round=..%2F..%2Fsettings",
    "/picture?run=gan-digits%2F..%2F..&round=real",
    "/picture?run=gan-digits&round=999",
    "/picture?run=%00&round=real",
    "/chart?run=..%2Fgan-digits&title=Speed",
    "/chart?run=gan-digits&title=Nothing",
    "/film?run=..",
    "/page?run=..",
    "/picture?run=linked&round=1",
    "/film?run=linked",
    "/..%2f..%2f..%2fetc/passwd",
)


def test_a_page_that_there_is_not_says_so(served):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{served}/nowhere")
    assert refused.value.code == 404
    assert "There is no such page" in refused.value.read().decode()


def test_nothing_outside_the_folder_is_read(served, library, tmp_path):
    secret = tmp_path / "secret.png"
    PIL.Image.new("RGB", (8, 8), "red").save(secret)
    shutil.copytree(library / "gan-digits", library / "linked")
    shutil.rmtree(library / "linked" / "pictures")
    (library / "linked" / "pictures").mkdir()
    (library / "linked" / "pictures" / "0000001.png").symlink_to(secret)
    for path in OUTSIDE:
        with pytest.raises(urllib.error.HTTPError) as told:
            urllib.request.urlopen(served + path)
        assert told.value.code == 404, path
        assert "Traceback" not in told.value.read().decode()
