"""The Capacity page: a sweep comes in live, can be cancelled, and ends with its tab."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Page, expect

from tempotron.capacity.labs import LABS
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.slow

# Rows of some seconds, many of them.
ENDLESS = "/capacity?lab=own&afferents=500&values=2&seeds=50&epochs=500&mu=0&eta=0.0001"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def workers(server: str) -> list[psutil.Process]:
    """Find the processes that solve cells for a server."""
    port = str(urlsplit(server).port)
    seen = list(psutil.process_iter(["pid", "ppid", "cmdline", "status"]))
    (own,) = (p.info["pid"] for p in seen if port in (p.info["cmdline"] or []))
    return [p for p in seen if p.info["ppid"] == own and p.info["status"] != psutil.STATUS_ZOMBIE]


def test_a_lab_comes_in_live_and_a_point_opens_its_run(open_page: OpenPage, server: str) -> None:
    page = open_page(server + "/capacity")
    press(page, "Start")
    figure = page.locator(".plot-figure").first
    expect(figure).to_have_attribute("aria-label", re.compile(r"0\.5: 100 \("))
    expect(page.get_by_text("Done: 48 of 48 runs.")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("heading", name="Measured against expected")).to_be_visible()
    points = figure.locator(".trace.scatter", has=page.locator(".errorbar")).locator(".point")
    expect(points).to_have_count(6)
    points.nth(3).click(force=True)
    expect(page.get_by_role("combobox", name="Point")).to_have_value(re.compile("load 2"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Save figure (SVG)").first.click()
    assert download.value.suggested_filename == "L2-solved.svg"
    press(page, "Open on Train")
    expect(page.get_by_role("heading", level=1)).to_have_text("Train")
    expect(page).to_have_url(re.compile("patterns=100&.*epochs="))


@pytest.mark.parametrize("lab", ["L2", "L8"])
def test_every_measured_point_opens_its_own_runs(
    open_page: OpenPage, server: str, lab: str
) -> None:
    page = open_page(f"{server}/capacity?lab={lab}")
    press(page, "Start")
    expect(page.get_by_text(re.compile("^Done: "))).to_be_visible()
    chosen = LABS[lab]
    names = [
        f"{name}{', ' * bool(name)}{chosen.x} {x:g}"
        for name in chosen.curves
        for x in chosen.places
    ]
    for figure in page.locator(".plot-figure").all():
        figure.scroll_into_view_if_needed()
        points = figure.locator(".trace.scatter", has=page.locator(".errorbar")).locator(".point")
        expect(points).to_have_count(len(names))
        for point, name in zip(points.all(), names, strict=True):
            box = point.bounding_box()
            assert box
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
            page.wait_for_timeout(100)
            page.mouse.down()
            page.mouse.up()
            expect(page.get_by_role("combobox", name="Point")).to_have_value(
                re.compile(f"^{name}$")
            )


def test_cancel_answers_within_a_second(open_page: OpenPage, server: str) -> None:
    page = open_page(server + ENDLESS)
    press(page, "Start")
    expect(page.get_by_text("of 50 runs")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    begin = time.monotonic()
    press(page, "Cancel")
    expect(page.get_by_text("Cancelled after")).to_be_visible()
    assert time.monotonic() - begin < 2
    assert workers(server) == []


def test_a_closed_tab_ends_its_sweep(open_page: OpenPage, server: str) -> None:
    page = open_page(server + ENDLESS)
    press(page, "Start")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    assert workers(server)
    page.close()
    begin = time.monotonic()
    while workers(server):
        time.sleep(0.2)
        assert time.monotonic() - begin < 30
