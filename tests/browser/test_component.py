"""Components in the hands of Streamlit: messages that overtake each other, pages that are left."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.driver import answered

LISTENERS = """
for (const [name, step] of [["addEventListener", 1], ["removeEventListener", -1]]) {
  const native = window[name];
  window[name] = (event, ...rest) => {
    if (event === "tempotron:settled") window.followers = (window.followers ?? 0) + step;
    return native.call(window, event, ...rest);
  };
}
"""


def delay_calls(route: Route) -> None:
    """Let Streamlit call a component later than it means to, as it does on a slow machine."""
    answer = route.fetch()
    late = r"await new Promise((go) => setTimeout(go, window.lag ?? 0));\1"
    text, found = re.subn(r"(let \w+=await \w+\(\(\)=>import\(\w+\))", late, answer.text())
    assert found == 1, "Streamlit loads components in another way now"
    route.fulfill(response=answer, body=text)


def test_a_message_that_overtakes_another_leaves_one_stage(
    open_page: OpenPage, server: str
) -> None:
    page = open_page(f"{server}/data")
    page.route("**/BidiComponent*.js", delay_calls)
    page.goto(server)
    answered(page).evaluate("window.lag = 150")
    page.get_by_role("slider", name="Afferent 3, spike 1").focus()
    for key in ["ArrowRight"] * 10 + ["ArrowLeft"] * 10:
        page.keyboard.press(key)
        page.wait_for_timeout(20)
    answered(page)
    assert page.locator(".row").count() == 6


def test_a_component_is_closed_when_its_page_is_left(open_page: OpenPage, server: str) -> None:
    page = open_page(f"{server}/data")
    page.add_init_script(LISTENERS)
    page.goto(server)
    assert answered(page).evaluate("window.followers") > 0
    page.get_by_role("link", name="Data", exact=True).click()
    expect(page.get_by_role("heading", name="Data", level=1)).to_be_visible()
    page.wait_for_function("window.followers === 0")
