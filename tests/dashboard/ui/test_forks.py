"""Forks and comparisons on Train: a run taken up anew, beside those that were pinned."""

from typing import Any
from urllib.parse import parse_qsl

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tempotron.dashboard.answers.recorder import run_of
from tempotron.dashboard.state.plan import Past, Plan
from tempotron.dashboard.ui.train.state import MOST_PINNED, Train
from tempotron.dashboard.ui.visitor import Visitor
from tests.dashboard.ui.test_pages import (
    CLASSIC,
    address,
    classic,
    expected,
    opened,
    post,
    sent,
    settled,
    visitor_of,
)


def pins(at: AppTest) -> list[dict[str, Any]]:
    """What the player is told of pinned runs."""
    (data,) = sent(at, "player")
    found: list[dict[str, Any]] = data["pins"]
    return found


def told(at: AppTest) -> str:
    (data,) = sent(at, "player")
    return str(data["lineage"])


def test_a_fork_pins_the_run_and_goes_on_from_its_step_with_what_is_changed() -> None:
    at = post(opened("Train", step="60", **CLASSIC), "fork", step=60, how="here")
    assert visitor_of(at).train.plan == classic(step=60, before=(Past(until=60),))
    assert "nothing has been changed yet" in told(at)
    post(at, "set", name="eta", value="0.3")
    plan = classic(eta=0.3, step=60, before=(Past(until=60),))
    assert visitor_of(at).train.plan == plan
    assert told(at) == "Forked after presentation 60: eta was 0.05 and is 0.3."
    assert settled(at) == expected(plan)
    assert dict(parse_qsl(address(at))) == CLASSIC | {"eta": "0.3", "before": "60~eta~0.05"}
    original, forked = run_of(classic()), run_of(plan)
    assert (original.errors[:6] == forked.errors[:6]).all()
    (pin,) = pins(at)
    assert (pin["number"], pin["errors"], pin["patterns"], pin["outcome"]) == (
        1,
        original.errors.tolist(),
        10,
        "converged",
    )
    assert pin["differs"] == "eta 0.05 against 0.3; not forked against forked after 60"


def test_a_fork_is_made_at_the_step_that_was_shown_whatever_rested_last() -> None:
    at = post(opened("Train", step="60", **CLASSIC), "fork", step=98, how="here")
    assert visitor_of(at).train.plan == classic(step=98, before=(Past(until=98),))


def test_a_fork_beyond_the_end_is_made_at_the_end() -> None:
    at = post(opened("Train", **CLASSIC), "fork", step=5000, how="here")
    assert visitor_of(at).train.plan.before == (Past(until=140),)


def test_the_same_fork_asked_for_twice_is_one() -> None:
    at = opened("Train", **CLASSIC)
    for _ in range(2):
        post(at, "fork", step=60, how="here")
    assert visitor_of(at).train.plan == classic(step=60, before=(Past(until=60),))


def test_labels_are_swapped_and_a_pattern_relabelled_by_one_button() -> None:
    at = post(opened("Train", step="140", **CLASSIC), "fork", step=140, how="swapped")
    plan = visitor_of(at).train.plan
    assert (plan.swap, plan.before) == (True, (Past(until=140),))
    assert settled(at) == expected(plan)
    post(at, "join")
    assert visitor_of(at).train.plan == classic(step=140)
    post(at, "fork", step=140, how="relabelled", pattern=4)
    assert visitor_of(at).train.plan.flips == (4,)


def test_a_letter_is_not_lost_when_its_run_is_broken_off_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = opened("Train", step="60", **CLASSIC)
    monkeypatch.setattr("tempotron.dashboard.ui.train.bench.stand", lambda *_: st.stop())
    post(at, "fork", step=60, how="here")
    monkeypatch.undo()
    post(at.run(), "set", name="mu", value="0.5")
    assert visitor_of(at).train.plan == classic(mu=0.5, step=60, before=(Past(until=60),))


def test_going_back_more_often_than_there_are_steps_changes_nothing() -> None:
    visitor = Visitor(train=Train(plan=Plan(eta=0.3, before=(Past(until=60),))))
    visitor.train.fork(100)
    for _ in range(3):
        visitor.train.join()
    assert visitor.train.plan == Plan(step=60)
    for _ in range(2):
        visitor.train.unpin(1)
    assert visitor.train.pinned == {}


def test_a_task_for_several_neurons_keeps_its_labels() -> None:
    at = opened("Train", task="iris", step="5")
    assert not sent(at, "player")[0]["one"]
    for how in ("swapped", "relabelled"):
        post(at, "fork", step=5, how=how, pattern=1)
    assert visitor_of(at).train.plan == Plan(task="iris", step=5)


def test_a_fork_before_an_earlier_one_is_under_the_conditions_of_then() -> None:
    visitor = Visitor(train=Train(plan=Plan(eta=0.3, step=40, before=(Past(until=60),))))
    visitor.train.fork(40, mu=0.5)
    assert visitor.train.plan == Plan(mu=0.5, step=40, before=(Past(until=40),))


def test_another_task_or_seed_leaves_the_forks_behind() -> None:
    visitor = Visitor(train=Train(plan=Plan(eta=0.3, before=(Past(until=60),))))
    visitor.train.choose(tau=20.0)
    assert visitor.train.plan == Plan(eta=0.3, tau=20.0, before=(Past(until=60),))
    visitor.train.choose(seed=1)
    assert visitor.train.plan == Plan(eta=0.3, tau=20.0, seed=1)


def test_three_runs_are_pinned_opened_and_let_go_and_each_keeps_its_number() -> None:
    at = opened("Train")
    for seed in range(MOST_PINNED):
        post(at, "set", name="seed", value=seed)
        post(at, "pin")
    assert not sent(at, "player")[0]["pinnable"]
    assert [pin["number"] for pin in pins(at)] == [1, 2]  # the third is the one that is shown
    post(at, "reopen", number=1, step=3)
    assert visitor_of(at).train.plan == Plan(step=3)
    assert [pin["number"] for pin in pins(at)] == [2, 3]
    post(at, "unpin", number=2)
    assert {n: other.plan.seed for n, other in visitor_of(at).train.pinned.items()} == {1: 0, 3: 2}
    post(at, "set", name="seed", value=9)
    post(at, "pin")
    assert list(visitor_of(at).train.pinned) == [1, 2, 3]
    assert visitor_of(at).train.pinned[2].plan.seed == 9


def test_a_pinned_run_keeps_what_was_computed_of_it() -> None:
    visitor = Visitor()
    recorder = visitor.train.recorded()
    visitor.train.pin()
    visitor.train.choose(seed=1)
    assert visitor.train.recorded() is not recorder
    visitor.train.choose(seed=0)
    assert visitor.train.recorded() is recorder


@pytest.mark.parametrize("link", [{"before": "5000~eta~0.1"}, {"before": "3_9~mu~0"}], ids=str)
def test_a_link_to_a_forked_run_opens_it(link: dict[str, str]) -> None:
    at = opened("Train", step="12", **CLASSIC, **link)
    assert not at.exception
    assert settled(at) == expected(visitor_of(at).train.plan)


def test_a_field_changed_or_not_leaves_the_step_to_the_player_that_may_have_gone_on() -> None:
    train = Train(plan=classic(step=6))
    train.choose(cost=train.plan.cost)
    train.choose(eta=0.3)
    assert (train.moved, train.plan.step) == (0, 6)
    train.choose(task="xor")
    assert (train.moved, train.plan.step) == (1, 0)


def test_the_run_before_a_change_stays_as_a_twin_until_the_task_is_another_one() -> None:
    at = post(opened("Train", step="60", **CLASSIC), "set", name="eta", value="0.3")
    (data,) = sent(at, "player")
    assert data["twin"]["errors"] == run_of(classic()).errors.tolist()
    assert data["twin"]["differs"] == "eta 0.05 against 0.3"
    post(at, "exchange", step=70)
    assert visitor_of(at).train.plan == classic(step=70)
    (data,) = sent(at, "player")
    assert data["twin"]["differs"] == "eta 0.3 against 0.05"
    post(at, "pin")
    post(at, "set", name="eta", value="0.2")
    assert sent(at, "player")[0]["twin"] is None  # it is pinned
    post(at, "set", name="eta", value="0.1")
    assert sent(at, "player")[0]["twin"]
    post(at, "set", name="task", value="xor")
    assert sent(at, "player")[0]["twin"] is None
