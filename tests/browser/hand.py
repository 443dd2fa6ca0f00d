"""A hand on a page: what gestures on every page have in common."""

from __future__ import annotations

import random
import time
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

from tests.browser.monkey import Gesture, How, Places

PATIENCE = 30.0  # seconds for page and model to agree
SIZES = [(1280, 900), (1024, 576), (390, 844), (1600, 1000)]
# It asks for its configuration where there is none, and for the file of a button that was left.
STREAMLITS_OWN = ("404 (Not Found)", "Download Button source error - 404")
# Counts clicks before anything on the page hears of them.
CLICKS = """() => {
  if (window.clicks === undefined) {
    window.clicks = 0;
    addEventListener("click", () => { window.clicks += 1; }, true);
  }
  return window.clicks;
}"""


class Hand:
    """A page in a profile of its own, under a hand that points, taps or has a slow line."""

    def __init__(self, browser: Browser, places: Places, how: How) -> None:
        self.browser, self.places, self.how = browser, places, how
        self.url = places.slow if how == "slow" else places.url
        self.context = browser.new_context(
            viewport={"width": 1280, "height": 900}, has_touch=how == "touch"
        )
        self.context.set_default_timeout(15_000)
        self.complaints = list[str]()
        self.told = list[str]()
        self.page = self.listened(self.context.new_page())

    def difference(self, page: Page, model: Any) -> str:  # noqa: ANN401  each page has its own
        """Say in what a page differs from a model; '' if in nothing."""
        raise NotImplementedError

    def listened(self, page: Page) -> Page:
        """Collect what a page says on its console."""

        def hear(text: str) -> None:
            if not any(known in text for known in STREAMLITS_OWN):
                self.complaints.append(text)

        def hear_message(message: ConsoleMessage) -> None:
            if message.type == "error":
                hear(message.text)

        page.on("console", hear_message)
        page.on("pageerror", lambda error: hear(str(error)))
        return page

    def close(self) -> None:
        self.places.go_on()
        self.context.close()

    def act(self, gesture: Gesture) -> None:
        self.dice = random.Random(gesture.dice)
        self.told.append(gesture.name)
        getattr(self, gesture.name)()

    def tell(self, what: str) -> None:
        """Note what a gesture came to."""
        self.told[-1] += f": {what}"

    def agree(self, page: Page, model: Any) -> None:  # noqa: ANN401
        """Wait until a page shows what a model has."""
        end = time.monotonic() + PATIENCE
        while why := self.difference(page, model):
            if time.monotonic() > end:
                raise AssertionError(why)
            page.wait_for_timeout(50)
        assert not self.complaints, f"the console has {self.complaints}"

    def elsewhere(self, model: Any) -> None:  # noqa: ANN401
        """Open the link where nothing is known of this visit."""
        fresh = self.browser.new_context()
        page = self.listened(fresh.new_page())
        page.goto(self.page.url)
        self.agree(page, model)
        fresh.close()

    # Gestures that every page knows.

    def press(self, target: Locator) -> None:
        """Click or tap, now and then with press and release at once."""
        target.scroll_into_view_if_needed()
        # One that is disabled for the moment can be reached all the same, and takes the focus.
        force = target.get_attribute("aria-disabled") == "true"
        if self.how == "touch":
            before = self.page.evaluate(CLICKS)
            target.tap(force=force)
            if not self._heard(before):
                target.tap(force=force)
        else:
            target.click(delay=self.dice.choice([0, 0, 100]), force=force)

    def _heard(self, before: int) -> bool:
        """Tell whether the browser made a click of a tap: now and then it makes nothing of one."""
        for _ in range(8):
            if self.page.evaluate(CLICKS) != before:
                return True
            self.page.wait_for_timeout(50)
        return False

    def press_at(self, x: float, y: float) -> None:
        if self.how == "touch":
            self.page.touchscreen.tap(x, y)
        else:
            self.page.mouse.click(x, y, delay=self.dice.choice([0, 100]))

    def box(self, target: Locator) -> tuple[float, float, float, float]:
        """Bring something into view; return its left, top, width and height in px."""
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        assert box is not None
        return box["x"], box["y"], box["width"], box["height"]

    def by_menu(self, name: str) -> None:
        self.press(self.page.get_by_role("link", name=name, exact=True))
        self.page.get_by_role("heading", name=name, level=1).wait_for()

    def resize(self) -> None:
        width, height = self.dice.choice(SIZES)
        self.tell(f"{width} x {height}")
        self.page.set_viewport_size({"width": width, "height": height})

    def theme(self) -> None:
        self.page.emulate_media(color_scheme=self.dice.choice(["dark", "light"]))


def apart(page: object, model: object) -> str:
    """Tell two values apart, of tables only what differs."""
    if isinstance(page, dict) and isinstance(model, dict):
        names = [n for n in {**page, **model} if page.get(n) != model.get(n)]
        return "; ".join(f"{n} {page.get(n)!r} and not {model.get(n)!r}" for n in names)
    return f"{page!r} and not {model!r}"
