"""Forks and comparisons on Train: a run taken up anew, beside those that were pinned."""

from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tempotron.plan import Past, Plan
from tempotron.recorder import run_of
from tempotron.ui.session import MOST_PINNED, Lab
from tests.test_pages import expected, lab_of, opened, press, query, sent, settled


def pins(at: AppTest) -> list[dict[str, Any]]:
    """What the player is told of pinned runs."""
    (data,) = sent(at, "player")
    found: list[dict[str, Any]] = data["pins"]
    return found


def told(at: AppTest) -> str:
    return next(m.value for m in at.markdown if m.value.startswith(("Take the run up", "Forked")))


def enabled(at: AppTest, label: str) -> bool:
    (button,) = [button for button in at.button if button.label == label]
    return not button.disabled


def test_a_fork_pins_the_run_and_goes_on_from_its_step_with_what_is_changed() -> None:
    at = press(opened("Train", step="60"), "Fork here")
    assert lab_of(at).plan == Plan(step=60, before=(Past(until=60),))
    assert "nothing has been changed yet" in told(at)
    at.number_input(key="plan_eta").set_value(0.3).run()
    plan = Plan(eta=0.3, step=60, before=(Past(until=60),))
    assert lab_of(at).plan == plan
    assert told(at) == "Forked after presentation 60: eta was 0.05 and is 0.3."
    assert settled(at) == expected(plan)
    assert query(at) == {"eta": "0.3", "before": "60~eta~0.05", "step": "60"}
    original, forked = run_of(Plan()), run_of(plan)
    assert (original.errors[:6] == forked.errors[:6]).all()
    assert pins(at) == [
        {"number": 1, "errors": original.errors.tolist(), "patterns": 10, "outcome": "converged"}
    ]
    table = at.dataframe[0].value
    differs = "eta 0.05 against 0.3; not forked against forked after 60"
    assert table["Differs in"].tolist() == [differs]


def test_labels_are_swapped_and_a_pattern_relabelled_by_one_button() -> None:
    at = press(opened("Train", step="140"), "Fork, labels swapped")
    plan = lab_of(at).plan
    assert (plan.swap, plan.before) == (True, (Past(until=140),))
    assert settled(at) == expected(plan)
    press(at, "Undo the fork")
    assert lab_of(at).plan == Plan(step=140)
    pattern = int(run_of(Plan()).pattern[139]) + 1
    press(at, f"Fork, pattern {pattern} relabelled")
    assert lab_of(at).plan.flips == (pattern,)


def test_a_fork_is_not_lost_when_its_run_is_broken_off_by_another_edit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = opened("Train", step="60")
    monkeypatch.setattr("tempotron.ui.study.player", lambda *_: st.stop())
    press(at, "Fork here")
    monkeypatch.undo()
    at.number_input(key="plan_mu").set_value(0.5).run()
    assert lab_of(at).plan == Plan(mu=0.5, step=60, before=(Past(until=60),))


def test_going_back_more_often_than_there_are_steps_changes_nothing() -> None:
    lab = Lab(plan=Plan(eta=0.3, before=(Past(until=60),)))
    lab.fork(100)
    for _ in range(3):
        lab.join()
    assert lab.plan == Plan(step=60)
    lab.undo_own()
    assert lab.plan == Plan(step=60)
    (pinned,) = lab.pinned
    for _ in range(2):
        lab.unpin(pinned)
    assert lab.pinned == []


def test_a_task_for_several_neurons_keeps_its_labels() -> None:
    at = opened("Train", task="iris", step="5")
    assert not enabled(at, "Fork, labels swapped")
    assert enabled(at, "Fork here")


def test_a_fork_before_an_earlier_one_is_under_the_conditions_of_then() -> None:
    lab = Lab(plan=Plan(eta=0.3, step=40, before=(Past(until=60),)))
    lab.fork(40, mu=0.5)
    assert lab.plan == Plan(mu=0.5, step=40, before=(Past(until=40),))


def test_another_task_or_seed_leaves_the_forks_behind() -> None:
    lab = Lab(plan=Plan(eta=0.3, before=(Past(until=60),)))
    lab.choose(tau=20.0)
    assert lab.plan == Plan(eta=0.3, tau=20.0, step=60, before=(Past(until=60),))
    lab.choose(seed=1)
    assert lab.plan == Plan(eta=0.3, tau=20.0, seed=1)


def test_three_runs_are_pinned_opened_and_let_go() -> None:
    at = opened("Train")
    for seed in range(MOST_PINNED):
        lab_of(at).choose(seed=seed)
        press(at.run(), "Pin this run")
    assert not enabled(at, "Pin this run")
    assert [pin["number"] for pin in pins(at)] == [1, 2]  # the third is the one that is shown
    press(at, "Open run 1")
    assert (lab_of(at).plan.seed, len(pins(at))) == (0, 2)
    press(at, "Unpin run 2")
    assert [other.plan.seed for other in lab_of(at).pinned] == [0, 2]


def test_a_pinned_run_keeps_what_was_computed_of_it() -> None:
    lab = Lab()
    recorder = lab.recorded()
    lab.pin()
    lab.choose(seed=1)
    assert lab.recorded() is not recorder
    lab.choose(seed=0)
    assert lab.recorded() is recorder


@pytest.mark.parametrize("link", [{"before": "5000~eta~0.1"}, {"before": "3_9~mu~0"}], ids=str)
def test_a_link_to_a_forked_run_opens_it(link: dict[str, str]) -> None:
    at = opened("Train", step="12", **link)
    assert not at.exception
    assert settled(at) == expected(lab_of(at).plan)
