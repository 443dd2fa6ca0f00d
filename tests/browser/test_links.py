"""What a link, a reload and a first visit bring."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.driver import answered, serve

pytestmark = pytest.mark.slow


@pytest.fixture
def page_of(profile: BrowserContext) -> Iterator[Page]:
    """A tab that has opened nothing yet."""
    page = profile.new_page()
    yield page
    page.close()


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
    told = "[role=status] b"
    assert there.locator(told).inner_text() == explore.locator(told).inner_text()
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


def test_parameters_of_others_survive_every_edit_and_are_not_warned_of(
    open_page: OpenPage, server: str
) -> None:
    foreign = "utm_source=mail&embed=true&tau=20&course=7"
    page = answered(open_page(f"{server}/?{foreign}"))
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("link", name="Train", exact=True)).to_have_count(0)  # no menu
    page.get_by_role("slider", name="Afferent 3, spike 1").press("ArrowLeft")
    answered(page)
    expect(page).to_have_url(re.compile(r"\?utm_source=mail&embed=true&course=7&tau=20&spikes="))
    page.goto(f"{server}/train?utm_source=mail&seed=3&embed=true")
    expect(page.get_by_role("status")).to_contain_text("Before the first of")
    page.get_by_role("button", name="New seed").click()
    expect(page).to_have_url(re.compile("seed=4"))
    assert {"utm_source=mail", "embed=true"} <= {*page.url.partition("?")[2].split("&")}


def test_an_unknown_address_leads_to_explore(page_of: Page, server: str) -> None:
    page_of.goto(f"{server}/trian")
    expect(page_of.get_by_role("heading", name="There is no such page")).to_be_visible()
    page_of.get_by_role("link", name="Open Explore").click()
    answered(page_of)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", ["", "train", "capacity", "data"])
def test_nothing_moves_while_a_page_loads_and_nothing_comes_from_elsewhere(
    page_of: Page, server: str, path: str, width: int
) -> None:
    asked: list[str] = []
    page_of.on("request", lambda request: asked.append(request.url))
    page_of.add_init_script(
        """window.shift = 0;
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.shift += entry.value;
        }).observe({type: "layout-shift", buffered: true});"""
    )
    page_of.set_viewport_size({"width": width, "height": 800})
    page_of.goto(f"{server}/{path}")
    page_of.wait_for_selector("html[data-drawn]", state="attached")
    page_of.wait_for_timeout(1000)
    assert page_of.evaluate("() => window.shift") <= 0.1
    assert {url.split("/")[2] for url in asked if url.startswith("http")} == {server[7:]}


def test_a_page_left_open_while_the_server_was_updated_says_so(page_of: Page, server: str) -> None:
    page_of.add_init_script("globalThis.tempotronBuild = 'before'")
    page_of.goto(server)
    alert = page_of.get_by_role("alert")
    expect(alert).to_contain_text("Tempotron was updated while this page was open.")
    expect(alert.get_by_role("button", name="Reload")).to_be_visible()
