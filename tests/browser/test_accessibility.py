"""Everybody can use it: axe, the keyboard alone, one pointer, small screens."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.driver import answered, show_panels

pytestmark = pytest.mark.slow

PAGES = ["/", "/train", "/capacity", "/data"]


def serious(page: Page) -> list[dict[str, Any]]:
    """Collect axe's serious and critical violations, short enough to read."""
    violations = Axe().run(page).response["violations"]
    return [
        {"rule": violation["id"], "where": [node["html"][:160] for node in violation["nodes"]]}
        for violation in violations
        if violation["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    open_page: OpenPage, server: str, path: str, scheme: str
) -> None:
    page = open_page(server + path, color_scheme=scheme)
    if path == "/":
        show_panels(answered(page))
        expect(page.locator(".plot-figure .main-svg").first).to_be_visible()
    expect(page.get_by_role("heading", level=2).last).to_be_visible()
    assert serious(page) == []


@pytest.mark.parametrize("name", ["Share", "?"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_dialog(
    open_page: OpenPage, server: str, name: str, scheme: str
) -> None:
    page = open_page(f"{server}/train", color_scheme=scheme)
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(500)
    assert serious(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_nothing_scrolls_sideways_at_320_px(open_page: OpenPage, server: str, path: str) -> None:
    page = open_page(server + path, viewport={"width": 320, "height": 640})
    if path == "/":
        show_panels(answered(page))
        expect(page.locator(".plot-figure .main-svg").first).to_be_visible()
    widths = page.get_by_test_id("stMain").evaluate("main => [main.scrollWidth, main.clientWidth]")
    assert widths[0] <= widths[1] <= 320


def test_every_handle_is_at_least_24_px(explore: Page) -> None:
    handles = explore.locator(".spike, .weight, .threshold, .stage button, .stage input")
    boxes = handles.evaluate_all(
        """elements => elements.filter(e => !e.matches("[hidden], :disabled")).map(element => {
            const target = element.matches("[type=checkbox]") ? element.closest("label") : element;
            const {width, height} = target.getBoundingClientRect();
            return [element.className || element.type, width, height];
        })"""
    )
    assert [box for box in boxes if min(box[1:]) < 23.5] == []


def test_the_keyboard_alone_can_do_everything(explore: Page) -> None:
    def focused(name: str) -> None:
        expect(explore.get_by_role("slider", name=name, exact=True)).to_be_focused()

    explore.get_by_role("button", name="Train on them").focus()
    explore.keyboard.press("Tab")  # the weights are one stop, the spikes another
    focused("Weight of afferent 1")
    explore.keyboard.press("Tab")
    focused("Afferent 1, spike 1")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown"):
        explore.keyboard.press(key)
    focused("Afferent 3, spike 1")
    for _ in range(4):
        explore.keyboard.press("ArrowLeft")
    expect(explore.get_by_role("status")).to_contain_text("fires")
    explore.keyboard.press("+")
    focused("Afferent 3, spike 2")
    explore.keyboard.press("Delete")
    focused("Afferent 3, spike 1")
    explore.keyboard.press("Tab")
    focused("Threshold")
    explore.keyboard.press("ArrowUp")
    explore.keyboard.press("ArrowUp")
    expect(explore.get_by_role("status")).to_contain_text("silent")
    explore.keyboard.press("Control+z")
    explore.keyboard.press("Control+z")
    expect(explore.get_by_role("status")).to_contain_text("fires")
    explore.get_by_role("button", name="Copy link").focus()
    explore.keyboard.press("Enter")
    expect(explore.get_by_role("status")).to_contain_text("Link copied.")
    assert "spikes=" in explore.evaluate("navigator.clipboard.readText()")


def test_the_state_is_told_while_no_hand_is_moving(explore: Page) -> None:
    status = explore.get_by_role("status")
    expect(status).to_have_count(1)
    expect(status).to_have_attribute("aria-busy", "false")
    threshold = explore.get_by_role("slider", name="Threshold", exact=True)
    box = threshold.bounding_box()
    assert box is not None
    explore.mouse.move(box["x"] + 200, box["y"] + 12)
    explore.mouse.down()
    explore.mouse.move(box["x"] + 200, box["y"] + 40)
    expect(status).to_have_attribute("aria-busy", "true")
    explore.mouse.up()
    expect(status).to_have_attribute("aria-busy", "false")


def test_figures_say_what_is_to_be_seen(all_of_it: Page) -> None:
    for alt in ("At the peak, 43.0 ms", "At tau = 15 ms"):
        expect(all_of_it.get_by_role("img", name=alt)).to_have_count(1)


@pytest.mark.parametrize(
    ("path", "role", "name"),
    [
        ("/", "slider", "Afferent 1, spike 1"),
        ("/train", "button", "Play"),
        ("/data", "heading", "Data"),
    ],
)
def test_one_key_leads_past_the_menu(
    open_page: OpenPage,
    server: str,
    path: str,
    role: Literal["slider", "button", "heading"],
    name: str,
) -> None:
    page = open_page(server + path)
    goal = page.get_by_role(role, name=name, exact=True)
    expect(goal).to_be_visible()
    page.keyboard.press("Tab")
    skip = page.get_by_role("button", name="Skip the menu")
    expect(skip).to_be_focused()
    box = skip.bounding_box()
    assert box is not None
    assert box["y"] >= 0
    page.keyboard.press("Enter")
    expect(goal).to_be_focused()
