"""One random sequence of gestures on each page; `python -m tests.browser.monkey` plays more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.monkey import WAYS, Places, Walk, pages, places, play, sequence, shortened

pytestmark = pytest.mark.slow

GESTURES = 15
SEED = 7


@pytest.fixture(scope="module")
def there() -> Iterator[Places]:
    with places() as found:
        yield found


@pytest.mark.parametrize("page", [*pages()])
def test_page_and_model_agree_whatever_comes_in_a_row(
    browser: Browser, there: Places, page: str
) -> None:
    start, weights = pages()[page]
    way = WAYS[len(page) % len(WAYS)]

    def again() -> Walk:
        return start(browser, there, way)

    failure = play(again, sequence(weights, SEED, GESTURES))
    if failure:
        failure = shortened(again, failure, replays=8)
    told = failure and "\n".join([failure.why, *failure.told])
    assert not failure, told
