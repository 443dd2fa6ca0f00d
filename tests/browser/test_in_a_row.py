"""What comes in a row: acts while it plays, edits not entered, undo anywhere, work that stays."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.conftest import OpenPage
from tests.browser.driver import answered
from tests.browser.proxy import delayed
from tests.browser.test_player import CLASSIC, LARGE, Held, count, press, status, step
from tests.browser.test_stage import drag, slider, value

pytestmark = pytest.mark.slow


def train(open_page: OpenPage, server: str, query: str = CLASSIC) -> Page:
    page = open_page(f"{server}/train{query}", viewport={"width": 1280, "height": 900})
    page.set_default_timeout(15_000)
    expect(status(page).first).to_contain_text(re.compile("Before the first of|Presentation"))
    return page


def below(page: Page, beginning: str) -> None:
    """Wait until what Python says below the player is about a step."""
    expect(page.get_by_text(re.compile(f"^{beginning}"))).to_be_visible()


def test_reset_takes_the_player_back_to_the_start(open_page: OpenPage, server: str) -> None:
    page = train(open_page, server, "?step=6")
    press(page, "Step")
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(status(page)).to_contain_text("Before the first of")
    below(page, "Before the first presentation")
    expect(page).to_have_url(f"{server}/train")


def test_the_chosen_task_chosen_again_and_its_menu_link_leave_the_step(
    open_page: OpenPage, server: str
) -> None:
    page = train(open_page, server, "?step=6")
    page.get_by_role("button", name=re.compile("^Order of two spikes")).click()
    gallery = page.get_by_role("group", name="Tasks")
    gallery.get_by_role("button", name="Order of two spikes").click()
    page.get_by_text("Train", exact=True).first.click(force=True)
    page.wait_for_timeout(600)
    assert step(page) == 6
    assert page.url.endswith("step=6")


def test_another_task_begins_at_its_start_in_picture_and_address(
    open_page: OpenPage, server: str
) -> None:
    page = train(open_page, server, "?step=6")
    page.get_by_role("button", name=re.compile("^Order of two spikes")).click()
    page.get_by_role("button", name="Temporal XOR").click()
    expect(page).to_have_url(f"{server}/train?task=xor")
    expect(status(page)).to_contain_text("Before the first of")


def test_a_fork_during_playing_is_made_at_the_step_that_is_shown(
    open_page: OpenPage, server: str
) -> None:
    page = train(open_page, server)
    page.get_by_text("Fork and compare", exact=True).click()
    page.get_by_label("Speed").select_option("16")
    press(page, "Play")
    page.wait_for_timeout(700)
    page.get_by_role("button", name="Fork here").click()
    shown = step(page)
    assert shown > 0
    expect(page.locator(".lineage")).to_contain_text(f"Forked after presentation {shown}:")
    expect(status(page)).to_contain_text(f"Presentation {shown} of")


def test_to_the_end_and_fork_at_once_forks_at_the_end(open_page: OpenPage, server: str) -> None:
    page = train(open_page, server)
    page.get_by_text("Fork and compare", exact=True).click()
    press(page, "To the end")
    page.get_by_role("button", name="Fork here").click()
    expect(page.locator(".lineage")).to_contain_text("Forked after presentation 140:")


def test_a_step_and_a_new_seed_at_once_keep_field_and_plan_together(
    open_page: OpenPage, server: str
) -> None:
    page = train(open_page, server)
    page.get_by_text("Task", exact=True).click()
    for seed in (1, 2, 3):
        press(page, "Step")
        page.get_by_role("button", name="New seed").click()
        expect(page).to_have_url(re.compile(f"seed={seed}&"))
    page.wait_for_timeout(600)
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("3")
    expect(page).to_have_url(re.compile("seed=3&.*step=3"))


def test_a_new_seed_is_the_one_after_the_seed_that_was_typed(
    open_page: OpenPage, server: str
) -> None:
    page = train(open_page, server, "")
    page.get_by_text("Task", exact=True).click()
    page.get_by_role("spinbutton", name="Seed").fill("7")
    page.get_by_role("button", name="New seed").click()
    expect(page).to_have_url(f"{server}/train?seed=8")
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("8")


def test_a_step_on_a_slow_line_outlives_the_answer_to_a_choice_that_changed_nothing(
    open_page: OpenPage, server: str
) -> None:
    with delayed(int(server.rpartition(":")[2]), 0.1) as slow:
        page = train(open_page, f"http://127.0.0.1:{slow}", "")
        page.get_by_text("Expert", exact=True).click()
        page.get_by_role("combobox", name="Cost").select_option("linear")
        page.wait_for_timeout(120)
        press(page, "Step")
        page.wait_for_timeout(1000)
        assert step(page) == 1
        assert page.url.endswith("?step=1")


def test_one_click_takes_the_run_before_a_change_back_and_another_one_the_change(
    open_page: OpenPage, server: str
) -> None:
    page = train(open_page, server, "?step=6")
    page.get_by_text("Learning", exact=True).click()
    eta = page.get_by_role("spinbutton", name="Learning rate (eta)")
    for typed, other in (("0.3", "0.05"), ("", "0.3"), ("", "0.05")):
        if typed:
            eta.fill(typed)
            eta.press("Enter")
        else:
            page.get_by_role("button", name=re.compile("^Back to eta")).click()
        back = page.get_by_role("button", name=re.compile(f"^Back to eta {other} against"))
        expect(back).to_be_visible()
        expect(page.locator(".player .pins [data-pin='0']")).to_have_count(1)
    expect(eta).to_have_value("0.3")
    expect(page).to_have_url(f"{server}/train?eta=0.3&step=6")


def test_a_double_click_on_new_seed_counts_once(open_page: OpenPage, server: str) -> None:
    page = train(open_page, server)
    page.get_by_role("button", name="New seed").dblclick()
    expect(page).to_have_url(re.compile("seed=1"))
    page.wait_for_timeout(400)
    expect(page).to_have_url(re.compile("seed=1"))


def test_forks_are_undone_as_often_as_is_pressed_however_fast(
    open_page: OpenPage, server: str
) -> None:
    page = train(open_page, server, f"{CLASSIC}&step=30&before=10_20")
    page.locator("[data-fold=compare] summary").click()
    page.get_by_role("button", name="Undo the fork").dblclick()
    expect(page).to_have_url(re.compile("^((?!before).)*$"))
    below(page, "After 10 presentations")


def test_a_chip_leads_back_to_the_step_that_explore_was_opened_at(
    open_page: OpenPage, server: str
) -> None:
    page = train(open_page, server, "?step=6")
    press(page, "Step")
    page.get_by_role("button", name="Open in Explore").click()
    chip = page.get_by_role("button", name=re.compile("step 7: back to Train$"))
    expect(chip).to_contain_text("of Order of two spikes, step 7")
    slider(page, "Afferent 1, spike 1").press("ArrowRight")
    chip.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Train")
    expect(status(page)).to_contain_text("Presentation 7 of")
    page.get_by_role("link", name="Explore").click()
    expect(slider(page, "Afferent 1, spike 1")).to_be_visible()
    expect(chip).to_have_count(0)


def test_back_at_once_after_a_new_seed_stays(open_page: OpenPage, server: str) -> None:
    page = train(open_page, server, f"{CLASSIC}&seed=2")
    page.get_by_role("button", name="New seed").click()
    page.wait_for_url(re.compile("seed=3"))
    page.go_back()
    page.wait_for_timeout(1200)
    assert "seed=2" in page.url
    page.get_by_text("Task", exact=True).click()
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("2")


def test_an_address_holds_what_is_of_its_page_and_of_others_sites_but_not_of_other_pages(
    open_page: OpenPage, server: str
) -> None:
    page = train(open_page, server, "?weights=1_2&spikes=3_4&utm_source=mail&step=3")
    press(page, "Step")
    expect(page).to_have_url(f"{server}/train?utm_source=mail&step=4")


def test_a_pinned_run_keeps_its_number_and_the_end_is_told_of_each_run(
    open_page: OpenPage, server: str
) -> None:
    page = train(open_page, server)
    page.get_by_text("Fork and compare", exact=True).click()
    press(page, "To the end")
    below(page, "After 140")
    page.get_by_role("button", name="Pin this run").click()
    page.get_by_role("button", name="New seed").click()
    page.get_by_role("button", name="Open run 1").click()
    press(page, "To the start")
    below(page, "Before the first presentation")
    press(page, "To the end")
    below(page, "After 140")
    expect(page).to_have_url(re.compile("step=140"))
    expect(page.locator(".pinned")).to_contain_text("Pinned run 2")


def test_a_cancelled_run_is_gone_on_with(open_page: OpenPage, server: str) -> None:
    page = open_page(f"{server}/data")
    held = Held(page)
    page.goto(server + LARGE.replace("epochs=300", "epochs=500"))  # not done at once
    expect(page.get_by_text("of the epochs")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelling")).to_be_visible()
    held.release()
    go_on = page.get_by_role("button", name="Go on computing")
    expect(go_on).to_be_visible()
    assert count(page) < 500_000
    go_on.click()
    expect(page.get_by_label("Presentations done")).to_have_attribute("max", "500000")
    expect(go_on).to_be_hidden()


def test_what_is_typed_is_taken_when_the_hand_goes_to_a_spike(explore: Page) -> None:
    explore.get_by_label("tau in ms", exact=True).fill("12,5")
    slider(explore, "Afferent 3, spike 1").click()
    answered(explore)
    expect(explore.get_by_label("tau in ms", exact=True)).to_have_value("12.5")
    expect(explore).to_have_url(re.compile("tau=12.5"))


def test_undo_works_wherever_the_focus_is(explore: Page) -> None:
    spike = slider(explore, "Afferent 3, spike 1")
    spike.focus()
    for _ in range(2):
        explore.keyboard.press("+")
    expect(slider(explore, "Afferent 3, spike 3")).to_be_visible()
    explore.get_by_label("Lock tau_s to tau / 4").uncheck()
    for _ in range(3):
        explore.keyboard.press("Control+z")
    expect(slider(explore, "Afferent 3, spike 2")).to_have_count(0)
    expect(explore.get_by_label("Lock tau_s to tau / 4")).to_be_checked()


def test_undo_ends_where_it_began_though_a_value_had_to_be_mended(explore: Page) -> None:
    field = explore.get_by_label("tau in ms", exact=True)
    field.fill("0.2")
    field.press("Enter")
    explore.get_by_label("Lock tau_s to tau / 4").uncheck()
    answered(explore)
    for _ in range(2):
        explore.get_by_role("button", name="Undo", exact=True).click()
        answered(explore)
    expect(field).to_have_value("15")


def test_keys_do_nothing_while_a_hand_holds_a_spike(explore: Page) -> None:
    spike = slider(explore, "Afferent 3, spike 1")
    before = value(spike)
    drag(explore, spike, -40, hold=True)
    for key in ("Delete", "ArrowRight", "Control+z"):
        explore.keyboard.press(key)
    explore.mouse.up()
    answered(explore)
    assert value(spike) < before
    explore.keyboard.press("Control+z")
    expect(spike).to_have_attribute("aria-valuenow", re.compile(f"^{before:g}$"))


def test_own_patterns_survive_reload_back_and_reset(open_page: OpenPage, server: str) -> None:
    page = answered(open_page(server, viewport={"width": 1280, "height": 900}))
    page.set_default_timeout(15_000)
    expect(page.get_by_role("button", name="Train on them")).to_have_attribute(
        "aria-disabled", "true"
    )
    page.get_by_role("button", name="+ ought to fire").click()
    page.get_by_role("button", name="A peak with a kink").click()
    page.get_by_role("button", name="\u2212 ought to be silent").click()
    expect(page.locator(".kept")).to_have_text("2 patterns: 1 +, 1 \u2212")
    page.reload()
    expect(page.locator(".kept")).to_have_text("2 patterns: 1 +, 1 \u2212")
    page.get_by_role("button", name="Train on them").click()
    mine = page.locator(".told")
    expect(mine).to_have_text("2 patterns: 1 +, 1 \u2212")
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(mine).to_be_hidden()
    page.go_back()
    expect(mine).to_have_text("2 patterns: 1 +, 1 \u2212")
    page.reload()
    expect(mine).to_have_text("2 patterns: 1 +, 1 \u2212")
    page.get_by_role("button", name="Remove pattern 2").click()
    expect(mine).to_have_text("1 pattern: 1 +, 0 \u2212")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(mine).to_have_text("2 patterns: 1 +, 1 \u2212")


def test_a_pattern_is_put_back_in_its_own_place_though_others_went(
    open_page: OpenPage, server: str
) -> None:
    page = train(open_page, server, "?task=own")
    for _ in range(3):
        page.get_by_role("button", name="Add a pattern").click()
    page.get_by_label("Spike times of pattern 2 in ms").fill("7; 9.5")
    page.get_by_role("button", name="Edit pattern 2 in Explore").click()
    answered(page)
    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_role("button", name="Remove pattern 1").click()
    page.get_by_role("link", name="Explore", exact=True).click()
    answered(page)
    page.get_by_role("button", name="Put in place of pattern 1").click()
    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_label("Spike times of pattern 1 in ms")).to_have_value("7; 9.5")


def test_a_press_on_a_spike_that_a_typed_row_has_not_any_more_selects_nothing_new(
    open_page: OpenPage, server: str
) -> None:
    page = answered(open_page(server))
    page.get_by_text("Numbers: 6 afferents").click()
    spike = page.get_by_role("slider", name="Afferent 5, spike 1")
    page.get_by_label("Spike times of A5 in ms").fill("4.6, 48.2")
    spike.click()
    expect(page.get_by_text("Selected: Weight of afferent 5")).to_be_visible()
    expect(page.get_by_role("slider", name="Afferent 5, spike 2")).to_have_count(1)


def test_what_the_browser_keeps_is_forgotten_at_the_second_press(
    open_page: OpenPage, server: str
) -> None:
    page = answered(open_page(server))
    page.get_by_role("button", name="+ ought to fire").click()
    page.get_by_role("button", name="?", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("your own patterns (1 pattern")).to_be_visible()
    dialog.get_by_role("button", name="Forget what this browser keeps").click()
    expect(dialog.get_by_text("your own patterns")).to_be_visible()
    dialog.get_by_role("button", name="Press again to forget it for good").click()
    expect(dialog.get_by_text("no patterns")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter(n => n.startsWith('tempotron'))") == []
    page.keyboard.press("Escape")
    expect(page.get_by_text("none yet")).to_be_visible()
    page.reload()
    expect(answered(page).get_by_text("none yet")).to_be_visible()


def test_a_page_that_is_left_empty_is_asked_for_again(open_page: OpenPage, server: str) -> None:
    frames = list[object]()

    def count_frames(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: frames.extend([frame]))

    page = answered(open_page(server))
    page.on("websocket", count_frames)
    page.reload()
    answered(page)
    page.wait_for_timeout(2000)
    before = len(frames)
    page.wait_for_timeout(2000)
    assert len(frames) == before
    page.evaluate("document.querySelector('h1').remove()")
    page.wait_for_timeout(2500)
    assert len(frames) > before


def test_a_link_of_the_menu_waits_until_what_was_done_has_been_sent(
    open_page: OpenPage, server: str
) -> None:
    page = answered(open_page(server))
    order = page.evaluate(
        """() => new Promise(resolve => {
            const order = [];
            const send = WebSocket.prototype.send;
            WebSocket.prototype.send = function (message) {
                order.push(new TextDecoder().decode(message).includes("letters"));
                return send.call(this, message);
            };
            const roots = [...document.querySelectorAll("*")].map(e => e.shadowRoot);
            const stage = roots.find(root => root?.querySelector(".stage"));
            const links = document.querySelectorAll("[data-testid=stPageLink] a");
            stage.querySelector("[data-do=add]").click();
            [...links].find(link => link.textContent.trim() === "Train").click();
            const end = performance.now() + 400;  // the machine is busy
            while (performance.now() < end);
            setTimeout(() => resolve(order), 1500);
        })"""
    )
    assert order[0] is True
    assert len(order) > 1
    expect(page.get_by_role("heading", name="Train", level=1)).to_be_visible()
