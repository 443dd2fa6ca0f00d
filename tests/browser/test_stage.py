"""Every gesture on the stage, as a hand makes it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.driver import answered


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def value(handle: Locator) -> float:
    return float(handle.get_attribute("aria-valuenow") or "nan")


def status(page: Page) -> Locator:
    return page.get_by_role("status")


def drag(
    page: Page, handle: Locator, dx: float, dy: float = 0, steps: int = 10, hold: bool = False
) -> None:
    """Move a handle by some pixels and, unless it is to be held, let go."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=steps)
    if not hold:
        page.mouse.up()


def ms(page: Page, pixels: float) -> float:
    """Convert pixels on the time axis to ms of a trial of 100 ms."""
    width = page.locator(".track").first.evaluate("track => track.clientWidth")
    return pixels * 100 / float(width)


def press(page: Page, handle: Locator, *keys: str) -> None:
    handle.focus()
    for key in keys:
        page.keyboard.press(key)


def test_the_page_opens_on_a_near_miss(explore: Page) -> None:
    expect(status(explore)).to_contain_text("V_max = 0.930 at 43.0 ms: silent, 0.070 short")


def hint(page: Page) -> Locator:
    return page.get_by_role("button", name="Hint")


def test_the_answer_comes_when_a_hint_is_asked_for_and_not_with_the_next_question(
    explore: Page,
) -> None:
    expect(status(explore)).not_to_contain_text("Move")
    hint(explore).click()
    expect(status(explore)).to_contain_text("Move A3 3.2 ms earlier and it fires")
    press(explore, slider(explore, "Afferent 3, spike 1"), "ArrowLeft")
    expect(status(explore)).to_contain_text("Move A3 2.2 ms earlier and it fires")
    explore.get_by_role("button", name="Not a counter").click()
    answered(explore)
    expect(status(explore)).not_to_contain_text("Move")
    expect(hint(explore)).to_have_attribute("aria-pressed", "false")


def test_what_to_try_is_told_until_it_has_been_tried(open_page: OpenPage, server: str) -> None:
    page = open_page(server, viewport={"width": 1280, "height": 800})
    expect(status(page)).to_contain_text("Drag a spike")
    press(page, slider(page, "Afferent 3, spike 1"), "ArrowLeft")
    expect(status(page)).not_to_contain_text("Drag a spike")
    page.reload()
    expect(status(page)).to_contain_text("V_max")
    expect(status(page)).not_to_contain_text("Drag a spike")


def test_afferents_are_added_and_removed_and_both_can_be_undone(explore: Page) -> None:
    explore.get_by_role("button", name="Add afferent").click()
    expect(slider(explore, "Afferent 7, spike 1")).to_be_focused()
    assert value(slider(explore, "Weight of afferent 7")) == 0.4
    slider(explore, "Afferent 3, spike 1").focus()
    explore.get_by_role("button", name="Remove afferent").click()
    expect(slider(explore, "Weight of afferent 3")).to_be_focused()
    assert value(slider(explore, "Weight of afferent 3")) == -0.4  # it was the fourth
    answered(explore)
    expect(slider(explore, "Weight of afferent 7")).to_have_count(0)
    for _ in range(2):
        explore.keyboard.press("Control+z")
    assert value(slider(explore, "Weight of afferent 3")) == 0.4
    expect(slider(explore, "Weight of afferent 7")).to_have_count(0)


def test_the_last_afferent_stays(explore: Page) -> None:
    for _ in range(6):
        explore.get_by_role("button", name="Remove afferent").click()
    expect(status(explore)).to_contain_text("the last one stays")
    expect(explore.get_by_role("slider", name=re.compile("^Weight of"))).to_have_count(1)


def test_the_presets_are_one_stop_of_the_tab_key(explore: Page) -> None:
    gallery = explore.get_by_role("group", name="Presets")
    assert gallery.locator("button[tabindex='0']").count() == 1
    gallery.get_by_role("button", name="Near miss").focus()
    explore.keyboard.press("ArrowRight")
    expect(gallery.get_by_role("button", name="Not a counter")).to_be_focused()
    explore.keyboard.press("Tab")
    expect(hint(explore)).to_be_focused()


def test_a_fold_names_what_is_not_as_at_first(explore: Page) -> None:
    expect(explore.locator(".finer summary")).to_have_text("More")
    explore.get_by_role("button", name="Hidden by the grid").click()
    expect(explore.locator(".finer summary")).to_have_text("More: peak on whole ms")


def test_dragging_a_spike_moves_it_in_steps_of_half_a_millisecond(explore: Page) -> None:
    spike = slider(explore, "Afferent 3, spike 1")
    drag(explore, spike, -50)
    moved = value(spike)
    assert moved == pytest.approx(38.5 - ms(explore, 50), abs=0.26)
    assert moved * 2 == int(moved * 2)


def test_the_advice_makes_it_fire(explore: Page) -> None:
    drag(explore, slider(explore, "Afferent 3, spike 1"), -4 / ms(explore, 1))
    expect(status(explore)).to_contain_text("fires")
    answered(explore)
    expect(status(explore)).to_contain_text("fires")


def test_with_alt_a_spike_moves_freely(explore: Page) -> None:
    spike = slider(explore, "Afferent 3, spike 1")
    explore.keyboard.down("Alt")
    drag(explore, spike, 13)
    explore.keyboard.up("Alt")
    assert value(spike) == pytest.approx(38.5 + ms(explore, 13), abs=0.11)


def test_while_a_hand_moves_the_old_curve_stays_as_a_ghost(explore: Page) -> None:
    ghost, trace = explore.locator(".voltage .ghost"), explore.locator(".voltage .trace")
    before = trace.get_attribute("d")
    drag(explore, slider(explore, "Afferent 3, spike 1"), -40, hold=True)
    expect(ghost).to_have_attribute("d", before or "")
    assert trace.get_attribute("d") != before
    explore.mouse.up()
    expect(ghost).to_have_attribute("d", "")


def test_escape_takes_a_drag_back(explore: Page) -> None:
    spike = slider(explore, "Afferent 3, spike 1")
    drag(explore, spike, -40, hold=True)
    explore.keyboard.press("Escape")
    explore.mouse.up()
    assert value(spike) == 38.5
    expect(status(explore)).to_contain_text("V_max = 0.930")


def test_a_click_on_an_empty_place_adds_a_spike_there(explore: Page) -> None:
    track = explore.locator(".track").nth(1)
    box = track.bounding_box()
    assert box is not None
    explore.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2)
    added = slider(explore, "Afferent 2, spike 2")
    assert value(added) == pytest.approx(60, abs=0.5)
    expect(added).to_be_focused()


def test_a_spike_dragged_past_its_neighbour_is_still_the_one_held(explore: Page) -> None:
    drag(explore, slider(explore, "Afferent 1, spike 1"), 70 / ms(explore, 1))
    assert value(slider(explore, "Afferent 1, spike 1")) == 80
    second = slider(explore, "Afferent 1, spike 2")
    assert value(second) == pytest.approx(91.5, abs=0.6)
    expect(second).to_be_focused()


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("ArrowRight", 1),
        ("ArrowLeft", -1),
        ("Shift+ArrowRight", 0.1),
        ("PageUp", 10),
        ("PageDown", -10),
    ],
)
def test_keys_move_a_spike(explore: Page, key: str, change: float) -> None:
    spike = slider(explore, "Afferent 3, spike 1")
    press(explore, spike, key)
    assert value(spike) == pytest.approx(38.5 + change)


def test_a_spike_stops_at_the_ends_of_the_trial(explore: Page) -> None:
    spike = slider(explore, "Afferent 6, spike 1")
    press(explore, spike, *["PageUp"] * 4)
    assert value(spike) == 100
    press(explore, spike, *["PageDown"] * 12)
    assert value(spike) == 0


@pytest.mark.parametrize("key", ["Delete", "Backspace", "-"])
def test_keys_remove_a_spike(explore: Page, key: str) -> None:
    press(explore, slider(explore, "Afferent 1, spike 2"), key)
    expect(slider(explore, "Afferent 1, spike 2")).to_have_count(0)
    expect(slider(explore, "Afferent 1, spike 1")).to_be_focused()


def test_buttons_add_and_remove_without_dragging(explore: Page) -> None:
    slider(explore, "Afferent 5, spike 1").click()
    explore.get_by_role("button", name="Add spike").click()
    expect(slider(explore, "Afferent 5, spike 2")).to_be_focused()
    explore.get_by_role("button", name="Remove spike").click()
    expect(slider(explore, "Afferent 5, spike 2")).to_have_count(0)
    explore.get_by_role("button", name="Remove spike").click()
    expect(slider(explore, "Weight of afferent 5")).to_be_focused()
    explore.get_by_role("button", name="Remove spike").click()
    expect(status(explore)).to_contain_text("Afferent 5 has no spike to remove.")


def test_the_field_of_the_selected_handle_moves_it_without_dragging(explore: Page) -> None:
    slider(explore, "Afferent 2, spike 1").click()
    field = explore.get_by_label("Selected value", exact=True)
    field.fill("33.3")
    field.press("Enter")
    assert value(slider(explore, "Afferent 2, spike 1")) == 33.3
    explore.get_by_role("button", name="Increase selected value").click()
    assert value(slider(explore, "Afferent 2, spike 1")) == pytest.approx(34.3)


def test_a_typed_value_that_is_impossible_becomes_the_nearest_and_is_told(explore: Page) -> None:
    slider(explore, "Afferent 2, spike 1").click()
    field = explore.get_by_label("Selected value", exact=True)
    field.fill("400")
    field.press("Enter")
    assert value(slider(explore, "Afferent 2, spike 1")) == 100
    expect(status(explore)).to_contain_text("400 is not possible here: now 100.")


def test_dragging_a_weight_changes_its_height_and_its_sign(explore: Page) -> None:
    weight = slider(explore, "Weight of afferent 4")
    drag(explore, weight, 35)
    assert value(weight) > 0
    expect(explore.locator(".row").nth(3)).not_to_have_class(re.compile("inhibitory"))


def test_keys_change_a_weight(explore: Page) -> None:
    weight = slider(explore, "Weight of afferent 3")
    press(explore, weight, "ArrowRight", "ArrowRight")
    assert value(weight) == pytest.approx(0.5)
    expect(status(explore)).to_contain_text("fires")


def test_dragging_the_threshold_down_makes_it_fire(explore: Page) -> None:
    threshold = slider(explore, "Threshold")
    drag(explore, threshold, 0, 20)
    assert 0.7 < value(threshold) < 0.93
    expect(status(explore)).to_contain_text("fires")


def test_keys_change_the_threshold(explore: Page) -> None:
    threshold = slider(explore, "Threshold")
    press(explore, threshold, "ArrowUp")
    assert value(threshold) == 1.05
    press(explore, threshold, "Shift+ArrowDown")
    assert value(threshold) == 1.04


def test_turning_tau_turns_tau_s_along_until_it_is_unlocked(explore: Page) -> None:
    tau = explore.get_by_role("slider", name="Membrane time constant")
    tau_s = explore.get_by_role("slider", name="Synaptic time constant")
    tau.fill("30")
    expect(tau_s).to_have_value("7.5")
    expect(tau_s).to_be_disabled()
    expect(status(explore)).to_contain_text("fires")
    explore.get_by_label("Lock tau_s to tau / 4").uncheck()
    tau.fill("20")
    expect(tau_s).to_have_value("7.5")
    press(explore, tau_s, "ArrowRight")
    expect(tau_s).to_have_value("7.75")


def test_time_constants_may_be_equal_or_exchanged(explore: Page) -> None:
    explore.get_by_label("Lock tau_s to tau / 4").uncheck()
    for number in ("15", "40"):
        field = explore.get_by_label("tau_s in ms")
        field.fill(number)
        field.press("Enter")
        answered(explore)
        expect(status(explore)).to_contain_text(re.compile(r"V_max = \d\.\d{3} at"))


def unfold(page: Page) -> None:
    if page.locator(".finer:not([open])").count():
        page.locator(".finer summary").click()


def test_the_trial_may_become_shorter_than_its_spikes(explore: Page) -> None:
    unfold(explore)
    field = explore.get_by_label("T in ms", exact=True)
    field.fill("50")
    field.press("Enter")
    assert value(slider(explore, "Afferent 6, spike 1")) == 50
    answered(explore)


def test_the_toggles_say_what_the_reference_would_see(explore: Page) -> None:
    explore.get_by_role("button", name="Hidden by the grid").click()
    expect(status(explore)).to_contain_text("V_max = 0.978 at 31.0 ms: silent")
    hint(explore).click()
    expect(status(explore)).to_contain_text("the grid misses it")
    unfold(explore)
    explore.get_by_label("Exact peak, also between milliseconds").check()
    expect(status(explore)).to_contain_text("V_max = 1.020")


def test_the_shunt_ends_the_voltage_after_the_output_spike(explore: Page) -> None:
    explore.get_by_role("button", name="A peak with a kink").click()
    answered(explore)
    unfold(explore)
    before = explore.locator(".voltage .trace").get_attribute("d")
    explore.get_by_label("Shunt all input after the output spike").check()
    answered(explore)
    assert explore.locator(".voltage .trace").get_attribute("d") != before


def test_fifty_edits_can_be_undone_and_done_again(explore: Page) -> None:
    spike = slider(explore, "Afferent 3, spike 1")
    press(explore, spike, *["ArrowRight"] * 55)
    assert value(spike) == 93.5
    undo = explore.get_by_role("button", name="Undo")
    for _ in range(55):
        undo.dispatch_event("click")
    assert value(spike) == 38.5
    redo = explore.get_by_role("button", name="Redo")
    for _ in range(55):
        redo.dispatch_event("click")
    assert value(spike) == 93.5
    expect(redo).to_have_attribute("aria-disabled", "true")


def test_reset_goes_back_to_the_near_miss_and_can_itself_be_undone(explore: Page) -> None:
    spike = slider(explore, "Afferent 3, spike 1")
    press(explore, spike, "PageUp")
    explore.get_by_role("button", name="Reset").click()
    expect(status(explore)).to_contain_text("V_max = 0.930")
    explore.get_by_role("button", name="Undo").click()
    assert value(spike) == 48.5


def test_a_drag_is_one_step_of_undo(explore: Page) -> None:
    spike = slider(explore, "Afferent 3, spike 1")
    drag(explore, spike, -60, steps=30)
    press(explore, spike, "Control+z")
    assert value(spike) == 38.5


def test_presets_open_with_their_question(explore: Page) -> None:
    button = explore.get_by_role("button", name="Order: small first")
    button.click()
    expect(status(explore)).to_contain_text("V_max = 1.079")
    expect(explore.locator(".ask")).to_contain_text("Now swap the two spikes.")
    expect(button).to_have_attribute("aria-pressed", "true")
    explore.get_by_role("button", name="Undo").click()
    expect(status(explore)).to_contain_text("V_max = 0.930")


def test_an_afferent_holds_fifty_spikes_and_says_so(explore: Page) -> None:
    spike = slider(explore, "Afferent 2, spike 1")
    press(explore, spike, *["+"] * 50)
    assert explore.locator(".row").nth(1).get_by_role("slider").count() == 51  # and its weight
    expect(status(explore)).to_contain_text("Afferent 2 has 50 spikes, as many as it can hold.")


def test_torch_confirms_the_last_of_many_quick_edits(explore: Page) -> None:
    spike = slider(explore, "Afferent 3, spike 1")
    drag(explore, spike, -60, steps=60)
    answered(explore)
    fired = status(explore).inner_text()
    explore.reload()
    answered(explore)
    assert status(explore).inner_text() == fired


def number_field(page: Page, name: str) -> Locator:
    """Find a field of the table, with its fold open."""
    folded = page.locator(".numbers:not([open]) > summary")
    if folded.count():
        folded.click()
    return page.get_by_label(name, exact=True)


def type_into(page: Page, name: str, text: str) -> None:
    field = number_field(page, name)
    field.fill(text)
    field.press("Enter")


def test_the_table_holds_every_number_and_follows_the_stage(explore: Page) -> None:
    expect(number_field(explore, "Spike times of A3 in ms")).to_have_value("38.5")
    expect(explore.locator(".numbers tbody tr")).to_have_count(6)
    expect(explore.get_by_text("Numbers: 6 afferents, 8 spikes")).to_be_visible()
    press(explore, slider(explore, "Afferent 3, spike 1"), "ArrowLeft")
    expect(number_field(explore, "Spike times of A3 in ms")).to_have_value("37.5")
    explore.get_by_role("button", name="Remove afferent").click()
    expect(explore.locator(".numbers tbody tr")).to_have_count(5)


def test_what_is_typed_into_the_table_is_one_edit_and_can_be_undone(explore: Page) -> None:
    type_into(explore, "Spike times of A3 in ms", "60.5; 30")
    expect(slider(explore, "Afferent 3, spike 2")).to_have_attribute("aria-valuenow", "60.5")
    expect(number_field(explore, "Spike times of A3 in ms")).to_have_value("30, 60.5")
    type_into(explore, "Weight of A3 in numbers", "0,7")
    assert value(slider(explore, "Weight of afferent 3")) == 0.7
    answered(explore)
    for _ in range(2):
        explore.get_by_role("button", name="Undo").click()
    assert value(slider(explore, "Afferent 3, spike 1")) == 38.5


@pytest.mark.parametrize(
    ("name", "text", "why", "left"),
    [
        ("Spike times of A3 in ms", "30, soon", "“soon” is not a time", [38.5]),
        ("Spike times of A3 in ms", "1 " * 51, "51 spikes are too many, there may be 50", [38.5]),
        ("Spike times of A3 in ms", "30,5", "30,5 was read as two spikes", [5, 30]),
        ("Spike times of A3 in ms", "30, 140", "140 is not within the trial of 100 ms", [30, 100]),
        ("Weight of A3 in numbers", "much", "“much” is not a number", [38.5]),
    ],
)
def test_the_table_says_what_it_cannot_take(
    explore: Page, name: str, text: str, why: str, left: list[float]
) -> None:
    type_into(explore, name, text)
    expect(status(explore)).to_contain_text(why)
    for number, time in enumerate(left, start=1):
        assert value(slider(explore, f"Afferent 3, spike {number}")) == time
    expect(slider(explore, f"Afferent 3, spike {len(left) + 1}")).to_have_count(0)


def test_the_panels_follow_an_edit_and_are_never_blank(all_of_it: Page) -> None:
    figures = all_of_it.locator(".plot-figure .main-svg .scatterlayer")
    expect(figures).to_have_count(2)
    all_of_it.evaluate(
        """() => {
            window.blanks = 0;
            const look = () => {
                const drawn = document.querySelectorAll(".plot-figure .scatterlayer .trace");
                window.blanks += drawn.length < 9;
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    press(all_of_it, slider(all_of_it, "Afferent 3, spike 1"), *["ArrowLeft"] * 4)
    expect(all_of_it.get_by_role("img", name="At the peak, 39.9 ms")).to_have_count(1)
    assert all_of_it.evaluate("window.blanks") == 0
