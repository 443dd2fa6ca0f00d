"""What a link, a reload and a first visit bring."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.driver import answered, serve

MENU = ["Explore", "Train", "Data"]


def test_the_address_reproduces_the_page_on_another_machine(
    explore: Page, open_page: OpenPage
) -> None:
    explore.get_by_role("slider", name="Afferent 3, spike 1").focus()
    explore.keyboard.press("PageDown")
    explore.get_by_role("slider", name="Membrane time constant").fill("20")
    answered(explore)
    expect(explore).to_have_url(re.compile("tau=20"))
    there = answered(open_page(explore.url, locale="de-DE"))
    assert there.get_by_role("status").inner_text() == explore.get_by_role("status").inner_text()
    expect(there.get_by_role("slider", name="Afferent 3, spike 1")).to_have_attribute(
        "aria-valuenow", "28.5"
    )


def test_defaults_stay_out_of_the_address(explore: Page, server: str) -> None:
    explore.get_by_role("button", name="The dead zone").click()
    expect(explore).to_have_url(re.compile("weights="))
    explore.get_by_role("button", name="Reset").click()
    expect(explore).to_have_url(f"{server}/")


def test_a_reload_keeps_the_state_and_the_past(open_page: OpenPage, server: str) -> None:
    page = answered(open_page(server))
    spike = page.get_by_role("slider", name="Afferent 3, spike 1")
    spike.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    page.reload()
    answered(page)
    expect(spike).to_have_attribute("aria-valuenow", "35.5")
    page.get_by_role("button", name="Undo").click()
    expect(spike).to_have_attribute("aria-valuenow", "36.5")


def test_an_experiment_too_large_for_a_link_says_so_and_survives_a_reload(
    open_page: OpenPage, server: str
) -> None:
    page = answered(open_page(server + "/?T=2000"))
    page.get_by_role("slider", name="Weight of afferent 1").focus()
    row = "Array.from({length: 50}, () => Math.round(Math.random() * 2e7) / 1e4)"
    page.evaluate(
        f"""() => {{
            const store = JSON.parse(sessionStorage.getItem("tempotron.history.1"));
            const state = JSON.parse(store.states[store.at]);
            state.spikes = Array.from({{length: 100}}, () => {row});
            state.weights = Array(100).fill(0.01);
            store.states.push(JSON.stringify(state));
            store.at += 1;
            sessionStorage.setItem("tempotron.history.1", JSON.stringify(store));
        }}"""
    )
    page.reload()
    answered(page)
    expect(page.locator(".row")).to_have_count(100)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("status")).to_contain_text("too large for a link")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("tau=5000", "tau 5000 is above 1000, now 1000"),
        ("tau=nan", "tau nan is unreadable"),
        ("theta=-1", "theta -1 is below 0.05"),
        ("T=1e9", "T"),
        ("spikes=5~x_7", "spike time x is unreadable"),
        ("z=damaged", "its packed part is damaged"),
        ("version=9", "version 9 is not known here"),
    ],
)
def test_a_bad_link_opens_the_nearest_state_and_says_what_was_changed(
    open_page: OpenPage, server: str, query: str, told: str
) -> None:
    page = answered(open_page(f"{server}/?{query}"))
    expect(page.get_by_role("alert")).to_contain_text(told)
    expect(page.get_by_role("status")).to_contain_text("V_max =")


@pytest.mark.parametrize("page_name", MENU)
def test_any_page_opens_first_on_a_server_nobody_has_visited(
    open_page: OpenPage, page_name: str
) -> None:
    with serve() as fresh:
        path = "/" if page_name == "Explore" else f"/{page_name.lower()}"
        page = open_page(fresh + path)
        expect(page.get_by_role("heading", level=1)).to_have_text(page_name)
        for name in MENU:
            expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
        page.goto("about:blank")


def test_the_experiment_goes_along_from_page_to_page(open_page: OpenPage, server: str) -> None:
    page = answered(open_page(server + "/?tau=30"))
    page.get_by_role("link", name="Data", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Data")
    expect(
        page.get_by_text(re.compile(r"tau, tau_s, theta = 100, 30\.0, 7\.5, 1\.0"))
    ).to_be_visible()
    page.get_by_role("link", name="Explore", exact=True).click()
    answered(page)
    expect(page).to_have_url(re.compile("tau=30"))


def test_a_file_opens_on_explore_and_can_be_undone(open_page: OpenPage, server: str) -> None:
    page = answered(open_page(server))
    page.get_by_role("link", name="Data", exact=True).click()
    table = "afferent,weight,time_ms\n1,0.7,10\n2,0.8,20\n"
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "spikes.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    expect(page.get_by_text("fires at")).to_be_visible()
    page.get_by_role("link", name="Explore", exact=True).click()
    answered(page)
    expect(page.locator(".row")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".row")).to_have_count(6)
