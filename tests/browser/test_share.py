"""A teacher shares a state with a title and a task; the class sees exactly that."""

from __future__ import annotations

import io
import re
from urllib.parse import urlencode

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.driver import answered
from tests.browser.test_stage import drag, slider, status, value

pytestmark = pytest.mark.slow


def shared(page: Page, title: str, task: str, *locked: str) -> str:
    """Fill in the dialog; return the link."""
    page.get_by_role("button", name="Share", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").fill(title)
    dialog.get_by_label("Task, for whoever opens the link").fill(task)
    for name in locked:
        dialog.get_by_label("Lock").fill(name)
        page.get_by_role("option", name=name).click()
    link = dialog.locator("code").first
    count = len(locked)
    pattern = rf"title={title}.*" + (rf"lock=(\w+\.){{{count - 1}}}\w+$" if locked else "")
    expect(link).to_have_text(re.compile(pattern))
    return link.inner_text()


@pytest.fixture
def link(open_page: OpenPage, server: str) -> str:
    page = open_page(server, viewport={"width": 1280, "height": 900})
    slider(answered(page), "Afferent 3, spike 1").press("ArrowRight")
    answered(page)
    return shared(page, "Near", "Make it fire!", "weights", "threshold", "time constants")


def test_a_shared_link_opens_the_state_with_its_task_and_locks(
    open_page: OpenPage, link: str
) -> None:
    assert len(link) < 2000
    page = answered(open_page(link, viewport={"width": 1280, "height": 900}))
    expect(page.get_by_role("heading", name="Near")).to_be_visible()
    expect(page.get_by_text("Make it fire!")).to_be_visible()
    assert value(slider(page, "Afferent 3, spike 1")) == 39.5
    expect(page.get_by_text("Locked: weights, threshold, time constants.")).to_be_visible()
    weight = slider(page, "Weight of afferent 1")
    drag(page, weight, 30)
    expect(status(page)).to_contain_text("The weights are locked here")
    assert value(weight) == 0.45
    drag(page, slider(page, "Afferent 3, spike 1"), -60)
    expect(status(page)).to_contain_text("fires")
    page.get_by_role("button", name="Show and unlock all").click()
    expect(page.get_by_text("Locked: weights")).to_have_count(0)
    expect(page.get_by_role("heading", name="Near")).to_be_visible()
    drag(page, weight, 30)
    assert value(weight) > 0.45


def test_it_can_be_embedded(open_page: OpenPage, link: str) -> None:
    page = answered(open_page(f"{link}&embed=true", viewport={"width": 1000, "height": 860}))
    expect(page.get_by_text("Make it fire!")).to_be_visible()
    expect(page.get_by_role("link", name="Train")).to_have_count(0)


def test_title_and_task_are_plain_text(open_page: OpenPage, server: str) -> None:
    words = "[a](https://a.example) **b** $c$ :red[d] <b>e</b> # f_g_h 1. `i`"
    query = urlencode({"title": words, "text": words})
    page = open_page(f"{server}/?{query}", viewport={"width": 1280, "height": 900})
    expect(page.get_by_role("heading", level=2).first).to_have_text(words)
    expect(page.get_by_text(words, exact=True)).to_have_count(2)
    expect(page.get_by_role("link", name="a", exact=True)).to_have_count(0)


def test_what_is_locked_on_the_stage_is_locked_in_the_table(
    open_page: OpenPage, server: str
) -> None:
    page = open_page(f"{server}/?lock=weights")
    page.get_by_text("Numbers: 6 afferents").click()
    expect(page.get_by_label("Weight of A1 in numbers")).to_be_disabled()
    expect(page.get_by_label("Spike times of A1 in ms")).to_be_enabled()


def test_its_code_can_be_scanned(open_page: OpenPage, server: str) -> None:
    page = open_page(server, viewport={"width": 1280, "height": 1600})
    found = shared(answered(page), "Near", "Make it fire!")
    code: Locator = page.get_by_role("dialog").get_by_role("img").last
    read = zxingcpp.read_barcode(Image.open(io.BytesIO(code.screenshot())))
    assert read is not None
    assert read.text == found


@pytest.mark.parametrize(
    ("path", "hidden", "seen"),
    [
        ("?hide=hint.voltage.kernel", [".voltage", "[data-do=hint]"], ".raster"),
        ("train?hide=lens.tiles", [".lens", ".tiles"], ".curve"),
    ],
)
def test_what_is_hidden_is_not_seen_until_it_is_asked_for(
    open_page: OpenPage, server: str, path: str, hidden: list[str], seen: str
) -> None:
    page = open_page(f"{server}/{path}", viewport={"width": 1280, "height": 900})
    expect(page.locator(seen).first).to_be_visible()
    for selector in hidden:
        expect(page.locator(selector).first).to_be_hidden()
    page.get_by_role("button", name="Show and unlock all").click()
    for selector in hidden:
        expect(page.locator(selector).first).to_be_visible()


def test_locks_hold_on_train(open_page: OpenPage, server: str) -> None:
    page = open_page(
        f"{server}/train?lock=task.fields.forks", viewport={"width": 1280, "height": 900}
    )
    for name in ("New seed", "Swap the labels", "Reset"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    page.locator(".fold summary", has_text="Learning").click()
    expect(page.get_by_label("Learning rate (eta)")).to_be_disabled()
    expect(page.get_by_role("button", name="Play")).to_be_enabled()


@pytest.mark.parametrize(("path", "picture"), [("", ".stage"), ("train", ".player")])
def test_on_a_beamer_there_is_the_picture_alone_and_larger(
    open_page: OpenPage, server: str, path: str, picture: str
) -> None:
    page = open_page(f"{server}/{path}?view=stage", viewport={"width": 1600, "height": 1000})
    expect(page.locator(picture)).to_be_visible()
    expect(page.get_by_role("link", name="Capacity")).to_have_count(0)
    expect(page.get_by_role("heading", level=2, name="Where it stands")).to_have_count(0)
    zoom = page.locator(picture).evaluate("e => e.currentCSSZoom")
    assert zoom == pytest.approx(1.4)


@pytest.mark.parametrize(("path", "picture"), [("", ".stage"), ("train?step=3", ".player")])
def test_a_page_is_printed_on_one_sheet_with_its_task(
    open_page: OpenPage, server: str, path: str, picture: str
) -> None:
    joint = "&" if "?" in path else "?"
    page = open_page(f"{server}/{path}{joint}title=Near&text=Make+it+fire!")
    expect(page.locator(f"{picture} .status")).to_contain_text("V_max")
    assert len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4"))) == 1
    page.emulate_media(media="print")
    expect(page.get_by_text("Make it fire!")).to_be_visible()
    expect(page.get_by_role("button", name="Share")).to_be_hidden()
    page.emulate_media(media="screen")
