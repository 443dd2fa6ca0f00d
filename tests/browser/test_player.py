"""The Train page: a run is played, stepped and scrubbed in the browser."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.browser.conftest import OpenPage, listen

# The paper's task and start: 20 afferents, 10 patterns, 140 presentations.
CLASSIC = "?task=latencies&mean=0&spread=0.001"


@pytest.fixture(scope="module")
def theatre(profile: BrowserContext, server: str) -> Iterator[Page]:
    """The Train page, loaded once for all tests of this file."""
    page = profile.new_page()
    page.goto(server + "/train" + CLASSIC)
    yield page
    page.close()


@pytest.fixture
def player(theatre: Page, complaints: list[str]) -> Page:
    """The Train page with its default run, paused at the start."""
    listen(theatre, complaints)
    theatre.get_by_label("Order").select_option("index")
    press(theatre, "To the start")
    expect(status(theatre)).to_contain_text("Before the first of")
    return theatre


def status(page: Page) -> Locator:
    return page.get_by_role("status")


def press(page: Page, name: str) -> None:
    page.get_by_role("group", name="Transport").get_by_role("button", name=name, exact=True).click()


def step(page: Page) -> int:
    told = re.match(r"Presentation (\d+) of", status(page).inner_text())
    return int(told[1]) if told else 0


def count(page: Page) -> int:
    return int(page.get_by_label("Presentations done").get_attribute("max") or 0)


def test_it_starts_paused_before_the_first_presentation(player: Page) -> None:
    player.wait_for_timeout(500)
    assert step(player) == 0
    expect(player.get_by_text("how it is seen now")).to_be_visible()


def test_steps_go_forwards_and_back(player: Page) -> None:
    for _ in range(3):
        press(player, "Step")
    expect(status(player)).to_contain_text("Presentation 3 of")
    press(player, "Step back")
    expect(status(player)).to_contain_text("Presentation 2 of")
    press(player, "To the end")
    expect(status(player)).to_contain_text(f"Presentation {count(player)} of")
    press(player, "To the start")
    expect(status(player)).to_contain_text("Before the first of")


def test_the_next_error_changes_weights_and_names_who_is_blamed(player: Page) -> None:
    press(player, "Next error")
    expect(status(player)).to_contain_text(re.compile(r"weights changed, now \w+ \(V_max = "))
    lens = player.get_by_label("Credit lens")
    expect(lens).to_contain_text(re.compile(r"dw of A\d+ = step x credit \+ momentum"))


def test_a_step_that_changed_nothing_says_why(player: Page) -> None:
    press(player, "To the end")
    expect(player.get_by_label("Credit lens")).to_contain_text(
        "nothing changed, the decision was right"
    )


def test_an_epoch_at_a_time(player: Page) -> None:
    press(player, "Epoch")
    expect(status(player)).to_contain_text("epoch 1:")
    first = step(player)
    press(player, "Epoch")
    expect(status(player)).to_contain_text("epoch 2:")
    assert step(player) == 2 * first


def test_play_follows_the_clock_and_pause_is_immediate(player: Page) -> None:
    player.get_by_label("Speed").select_option("4")
    transport = player.get_by_role("group", name="Transport")
    seconds = transport.evaluate(
        """async (transport) => {
            const press = (name) => {
                transport.querySelector(`[aria-label="${name}"]`).click();
                return performance.now();
            };
            const begin = press("Play");
            await new Promise(resolve => setTimeout(resolve, 1000));
            return (press("Pause") - begin) / 1000;
        }"""
    )
    stopped = step(player)
    assert 5 < stopped <= 16 * seconds + 1
    player.wait_for_timeout(300)
    assert step(player) == stopped


def test_keys_play_and_step(player: Page) -> None:
    scrubber = player.get_by_label("Presentations done")
    scrubber.focus()
    player.keyboard.press("ArrowRight")
    player.keyboard.press("ArrowRight")
    expect(status(player)).to_contain_text("Presentation 2 of")
    player.keyboard.press("ArrowLeft")
    expect(status(player)).to_contain_text("Presentation 1 of")
    player.keyboard.press("End")
    expect(status(player)).to_contain_text(f"Presentation {count(player)} of")
    player.keyboard.press("Home")
    expect(status(player)).to_contain_text("Before the first of")
    player.keyboard.press("Space")
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    player.keyboard.press("Space")
    expect(player.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_the_scrubber_goes_anywhere(player: Page) -> None:
    middle = count(player) // 2
    player.get_by_label("Presentations done").fill(str(middle))
    expect(status(player)).to_contain_text(f"Presentation {middle} of")


def test_at_the_end_every_pattern_is_right(player: Page) -> None:
    press(player, "To the end")
    expect(player.locator(".tile")).not_to_have_count(0)
    expect(player.locator(".tile.wrong")).to_have_count(0)


def test_patterns_can_be_sorted_by_their_margin(player: Page) -> None:
    player.get_by_label("Order").select_option("margin")
    labels = [svg.get_attribute("aria-label") or "" for svg in player.locator(".tile svg").all()]
    peaks = [float(re.search(r"V_max ([\d.]+)", label)[1]) for label in labels]  # type: ignore[index]
    fires = [
        "fire" in (c.get_attribute("class") or "") for c in player.locator(".tile .class").all()
    ]
    margins = [peak - 1 if fire else 1 - peak for peak, fire in zip(peaks, fires, strict=True)]
    assert margins == sorted(margins)


def test_a_loop_begins_again_after_the_end(player: Page) -> None:
    player.get_by_label("Speed").select_option("fastest")
    press(player, "Loop")
    press(player, "Play")
    expect(status(player)).to_contain_text(f"Presentation {count(player)} of")
    expect(status(player)).not_to_contain_text(f"Presentation {count(player)} of")
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    press(player, "Loop")
    expect(player.get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect(status(player)).to_contain_text(f"Presentation {count(player)} of")


class Held:
    """The chunks of a run, those from the second on if not told, kept back until released."""

    def __init__(self, page: Page, chunks: str = r"[1-9]\d*") -> None:
        self.routes = list[Route]()
        self.released = False
        page.route(re.compile(rf"/records/.*/{chunks}$"), self.hold)

    def hold(self, route: Route) -> None:
        if self.released:
            route.continue_()
        else:
            self.routes.append(route)

    def release(self) -> None:
        self.released = True
        for route in self.routes:
            route.continue_()

    def parts(self) -> int:
        """Count the chunks that the server gives out by now."""
        record = self.routes[0].request.url.rpartition("/")[0]
        found = (
            self.routes[0].request.frame.page.request.get(f"{record}/{n}").ok for n in range(9)
        )
        return sum(found)


LARGE = "/train?task=latencies&mean=0&spread=0.001&afferents=500&patterns=1000&epochs=300&eta=0.001"


@pytest.fixture
def growing(open_page: OpenPage, server: str) -> tuple[Page, Held]:
    """A large run of which the player has the first chunk, while the second is held back."""
    page = open_page(f"{server}/data")
    held = Held(page)
    page.goto(server + LARGE)
    expect(page.get_by_text("of the epochs")).to_be_visible()
    return page, held


@pytest.mark.slow
def test_a_large_run_plays_before_it_is_computed_and_waits_for_more(
    growing: tuple[Page, Held],
) -> None:
    page, held = growing
    assert step(page) == 0
    first = count(page)
    assert 0 < first < 300_000
    page.get_by_label("Speed").select_option("fastest")
    press(page, "Play")
    expect(status(page)).to_contain_text(f"Presentation {first} of {first} so far")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    held.release()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect(status(page)).to_contain_text("Presentation 300000 of 300000,")
    assert count(page) == 300_000
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()


def test_a_cancelled_run_stays_as_far_as_it_was_computed(growing: tuple[Page, Held]) -> None:
    page, held = growing
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelling")).to_be_visible()
    held.release()
    expect(page.get_by_text("(cancelled)")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Cancelled: \d+ epochs"))).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    assert count(page) < 300_000
    press(page, "To the end")
    expect(status(page)).to_contain_text(f"Presentation {count(page)} of")


def test_what_the_address_of_a_record_does_not_give_comes_another_way(
    open_page: OpenPage, server: str
) -> None:
    page = open_page(f"{server}/data")
    asked: list[Route] = []

    def refuse(route: Route) -> None:
        asked.append(route)
        route.fulfill(status=404)

    page.route(re.compile("/records/"), refuse)
    page.goto(f"{server}/train?step=7")
    expect(status(page)).to_contain_text("Presentation 7 of")
    assert len(asked) == 2  # the task and one chunk


def test_nothing_is_computed_that_nobody_waits_for(growing: tuple[Page, Held]) -> None:
    page, held = growing
    page.wait_for_timeout(1500)
    assert held.parts() == 2


@pytest.mark.slow
def test_the_step_of_a_link_is_shown_as_soon_as_it_is_computed(
    open_page: OpenPage, server: str
) -> None:
    page = open_page(f"{server}{LARGE}&step=250000")
    expect(status(page)).to_contain_text("Presentation 250000 of", timeout=60_000)
    assert "step=250000" in page.url


def test_the_address_follows_the_playhead_and_back_leads_to_the_plan_before(
    open_page: OpenPage, server: str
) -> None:
    page = open_page(f"{server}/train?seed=2")
    expect(status(page)).to_contain_text("Before the first of")
    entries = page.evaluate("history.length")
    for steps in (1, 2, 3):
        press(page, "Step")
        page.wait_for_url(f"**/train?seed=2&step={steps}")
        page.wait_for_timeout(500)  # until Python has been told, too
    assert page.evaluate("history.length") == entries
    press(page, "To the start")
    page.wait_for_url("**/train?seed=2")
    press(page, "To the end")
    page.wait_for_url("**/train?seed=2&step=*")
    end, last = page.url, count(page)
    page.get_by_role("button", name="New seed").click()
    page.wait_for_url(f"**/train?seed=3&step={last}")
    assert page.evaluate("history.length") == entries + 1
    page.go_back()
    expect(status(page)).to_contain_text(f"Presentation {last} of {last},")
    expect(page.get_by_label("Seed", exact=True)).to_have_value("2")
    assert page.url == end


def opacity(page: Page, selector: str) -> float:
    return float(page.locator(selector).first.evaluate("e => getComputedStyle(e).opacity"))


def test_at_slow_speed_a_step_is_told_piece_after_piece(player: Page) -> None:
    player.get_by_label("Speed").select_option("0.1")
    press(player, "Play")
    expect(player.locator(".lens.story")).to_be_visible()
    assert opacity(player, ".list .dw") == 0  # blame comes after the peak
    ends = time.monotonic() + 15
    while opacity(player, ".list .dw") < 1 and time.monotonic() < ends:
        player.wait_for_timeout(50)
    assert opacity(player, ".list .dw") == 1
    press(player, "Pause")
    expect(player.locator(".lens.story")).to_have_count(0)
    assert opacity(player, ".equation") == 1


@pytest.mark.slow
def test_where_motion_is_to_be_reduced_no_step_is_told_as_a_story(
    open_page: OpenPage, server: str
) -> None:
    page = open_page(f"{server}/train", reduced_motion="reduce")
    page.get_by_label("Speed").select_option("0.1")
    press(page, "Play")
    expect(status(page)).to_contain_text("Presentation 1 of")
    expect(page.locator(".lens.story")).to_have_count(0)
    assert opacity(page, ".list .dw") == 1


def test_where_motion_is_to_be_reduced_the_picture_changes_once_a_second(
    open_page: OpenPage, server: str
) -> None:
    page = open_page(f"{server}/train", reduced_motion="reduce")
    expect(status(page)).to_contain_text("Before the first of")
    page.get_by_label("Speed").select_option("16")
    seen, seconds = page.get_by_role("status").evaluate(
        """async (status) => {
            const seen = new Set();
            const watch = new MutationObserver(() => seen.add(status.textContent));
            watch.observe(status, {childList: true, characterData: true, subtree: true});
            const begin = performance.now();
            status.getRootNode().querySelector(".play").click();
            await new Promise(resolve => setTimeout(resolve, 1800));
            return [seen.size, (performance.now() - begin) / 1000];
        }"""
    )
    assert 1 <= seen <= 1 + seconds


def test_a_fork_keeps_both_runs_on_the_curve_with_their_playheads_linked(
    open_page: OpenPage, server: str
) -> None:
    page = open_page(f"{server}/train{CLASSIC}&step=60")
    expect(status(page)).to_contain_text("Presentation 60 of")
    page.get_by_text("Fork and compare", exact=True).click()
    page.get_by_role("button", name="Fork here").click()
    expect(page.locator(".lineage")).to_contain_text("Forked after presentation 60")
    page.get_by_text("Learning", exact=True).click()
    page.get_by_role("spinbutton", name="Learning rate (eta)").fill("0.3")
    page.keyboard.press("Enter")
    expect(page.locator(".lineage")).to_contain_text("eta was 0.05 and is 0.3")
    expect(page.get_by_label("Presentations done")).to_have_attribute("max", "110")
    note = page.get_by_text(re.compile(r"Pinned run 1: \d+ of 10 wrong in epoch 6"))
    expect(note).to_be_visible()
    expect(page.locator(".pins path")).to_have_count(1)
    for _ in range(11):
        press(page, "Step")
    expect(page.get_by_text(re.compile("Pinned run 1: .* in epoch 8"))).to_be_visible()
    expect(status(page)).to_contain_text("epoch 8")


def test_what_stands_below_does_not_move_when_the_run_arrives(
    open_page: OpenPage, server: str
) -> None:
    page = open_page(f"{server}/data")
    held = Held(page, "0")
    page.goto(f"{server}/train")
    place = page.locator(".place[aria-busy]")
    expect(place).to_have_count(1)
    below = page.get_by_role("heading", name=re.compile("Where it stands"))
    before = dict(below.bounding_box() or {})
    held.release()
    expect(status(page)).to_contain_text("Before the first of")
    expect(place).to_have_count(0)
    assert below.bounding_box() == pytest.approx(before, abs=1)


def test_what_is_below_is_of_the_step_it_names_and_grey_while_it_plays(player: Page) -> None:
    below = player.locator(".st-key-standing")
    expect(below).to_contain_text("Where it stands as of step 0")
    press(player, "Play")
    expect(below).to_have_css("opacity", "0.45")
    player.wait_for_timeout(600)
    player.keyboard.press("Space")
    expect(below).to_have_css("opacity", "1")
    expect(below).to_contain_text(f"Where it stands as of step {step(player)}")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1024, 576), (390, 844)])
def test_the_first_screen_holds_what_learning_is_seen_by(
    open_page: OpenPage, server: str, width: int, height: int
) -> None:
    page = open_page(f"{server}/train?step=6", viewport={"width": width, "height": height})
    expect(status(page)).to_contain_text("Presentation 6 of")

    def end(selector: str) -> float:
        box = page.locator(f".player {selector}").bounding_box()
        assert box is not None
        return box["y"] + box["height"]

    drive = page.locator(".player .drive").bounding_box()
    assert drive is not None
    low = drive["y"] if width == 390 else height
    assert max(map(end, (".status", ".lens"))) <= low
    assert end(".play") <= height
    if height == 800:
        assert max(map(end, (".curve", ".tiles"))) <= height
