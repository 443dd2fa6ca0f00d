"""After whatever was done before, the picture follows a drag in every frame."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.driver import DRAG, answered
from tests.browser.test_stage import drag, press, slider, status, value

pytestmark = pytest.mark.slow

MOVES = 24
SPIKE = "Afferent 3, spike 1"


def live(page: Page) -> float:
    """Drag a spike, one move a frame; the share of frames on which the picture changed."""
    frames: list[tuple[float, bool]] = page.evaluate(DRAG, [MOVES, 1])
    return sum(changed for _, changed in frames) / MOVES


def key(page: Page) -> None:
    press(page, slider(page, SPIKE), "ArrowLeft")


def button(page: Page) -> None:
    page.get_by_role("button", name="Add spike").click()


def undo(page: Page) -> None:
    key(page)
    page.get_by_role("button", name="Undo").click()


def undo_by_key(page: Page) -> None:
    press(page, slider(page, SPIKE), "ArrowLeft", "Control+z")


def typed(page: Page) -> None:
    field = page.get_by_label("tau in ms", exact=True)
    field.fill("20")
    field.press("Enter")


def preset(page: Page) -> None:
    page.get_by_role("button", name="A peak with a kink").click()
    page.get_by_role("button", name="Reset").click()


def flag(page: Page) -> None:
    page.get_by_label("Lock tau_s to tau / 4").uncheck()


def threshold(page: Page) -> None:
    press(page, slider(page, "Threshold"), "ArrowUp")


def hasty_release(page: Page) -> None:
    """Let go in the very frame of the last move."""
    drag(page, slider(page, SPIKE), -30, steps=1)


def broken_off(page: Page) -> None:
    drag(page, slider(page, SPIKE), -30, hold=True)
    page.keyboard.press("Escape")
    page.mouse.up()


def released_outside(page: Page) -> None:
    """Press on an empty place of a row, and let go where the stage does not see it."""
    box = page.locator(".track").nth(1).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(3, 3, steps=3)
    page.mouse.up()


ACTS = [
    key,
    button,
    undo,
    undo_by_key,
    typed,
    preset,
    flag,
    threshold,
    hasty_release,
    broken_off,
    released_outside,
]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("pause", [0, 300])  # ms, before and after the answer
def test_a_drag_is_live(explore: Page, act: Callable[[Page], None], pause: int) -> None:
    act(explore)
    explore.wait_for_timeout(pause)
    assert live(explore) > 0.9
    answered(explore)
    assert live(explore) > 0.9


def test_a_drag_is_live_after_a_reload(explore: Page) -> None:
    key(explore)
    explore.reload()
    answered(explore)
    assert live(explore) > 0.9


def test_a_click_on_a_handle_leaves_nothing_busy(explore: Page) -> None:
    slider(explore, SPIKE).click()
    expect(status(explore)).to_have_attribute("aria-busy", "false")
    assert value(slider(explore, SPIKE)) == 38.5


SWALLOW = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  if (window.swallow-- > 0) return;
  send.call(this, data);
};
window.swallow = 0;
"""


def test_an_edit_whose_message_is_lost_is_posted_again(open_page: OpenPage, server: str) -> None:
    page = open_page(f"{server}/data")
    page.add_init_script(SWALLOW)
    page.goto(server)
    answered(page).evaluate("() => { window.swallow = 1; }")
    key(page)
    expect(page.locator(".stage[data-source=preview]")).to_be_visible()
    answered(page)
    assert value(slider(page, SPIKE)) == 37.5
    expect(page).to_have_url(re.compile("spikes="))
    assert page.evaluate("() => window.swallow") < 0


def test_an_edit_on_its_way_when_the_page_is_left_is_there_again_on_the_way_back(
    open_page: OpenPage, server: str
) -> None:
    page = open_page(f"{server}/data")
    page.add_init_script(SWALLOW)
    page.goto(server)
    answered(page).evaluate("() => { window.swallow = 1; }")
    key(page)
    page.get_by_role("link", name="Data", exact=True).click()
    expect(page.get_by_role("heading", name="Data", level=1)).to_be_visible()
    page.get_by_role("link", name="Explore", exact=True).click()
    answered(page)
    assert value(slider(page, SPIKE)) == 37.5
