"""My own patterns: they belong to the browser, and Python gets to know them when it needs them."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tempotron.dashboard.state.experiment import Experiment
from tempotron.dashboard.state.patterns import EXAMPLES, Pattern, to_csv, write_link
from tempotron.dashboard.state.plan import Plan
from tempotron.dashboard.ui.explore.stage import take
from tempotron.dashboard.ui.train import own
from tempotron.dashboard.ui.train.state import Train
from tempotron.dashboard.ui.visitor import Visitor
from tests.dashboard.ui.test_pages import address, expected, opened, post, sent, settled, visitor_of

OWN = (
    Pattern(fire=True, spikes=((20.0,), (40.0, 60.5))),
    Pattern(fire=False, spikes=((40.0,), ())),
)
SENT = {
    "name": "abc",
    "T": 120,
    "patterns": [[pattern.fire, [list(row) for row in pattern.spikes]] for pattern in OWN],
}


def told(at: AppTest) -> dict[str, Any]:
    """What the player is told of own patterns."""
    (data,) = sent(at, "player")
    found: dict[str, Any] = data["own"]
    return found


def test_a_link_brings_ones_own_patterns_for_the_visit_and_their_run() -> None:
    at = opened("Train", task="own", own=write_link(OWN), step="3")
    assert visitor_of(at).train.plan == Plan(task="own", own=OWN, step=3)
    assert settled(at) == expected(visitor_of(at).train.plan)
    assert address(at) == f"task=own&own={write_link(OWN)}"
    assert told(at)["from"] == "link"
    assert told(at)["patterns"][1] == {"fire": False, "spikes": [[40], []]}


def test_without_any_there_are_two_examples() -> None:
    at = opened("Train", task="own")
    assert visitor_of(at).train.plan.own == EXAMPLES
    assert (told(at)["from"], told(at)["patterns"]) == ("examples", [])


def test_the_browsers_patterns_are_asked_for_once_and_then_known_by_their_name() -> None:
    at = post(opened("Train", task="own"), "own", name="abc", step=None)
    assert (told(at)["want"], visitor_of(at).train.plan.own) == ("abc", EXAMPLES)
    own.know(visitor_of(at), SENT)
    at.run()
    assert visitor_of(at).train.plan == Plan(task="own", own=OWN, T=120)
    assert (told(at)["from"], told(at)["name"], told(at)["want"]) == ("browser", "abc", "")
    post(at, "own", name="", step=None)
    assert visitor_of(at).train.plan.own == EXAMPLES
    post(at, "own", name="abc", step=None)
    assert (told(at)["want"], visitor_of(at).train.plan.own) == ("", OWN)


def test_patterns_that_are_there_already_keep_run_and_step() -> None:
    at = opened("Train", task="own", own=write_link(OWN), T="120", step="3")
    post(at, "own", name="abc", step=None)
    own.know(visitor_of(at), SENT)
    assert visitor_of(at).train.plan == Plan(task="own", own=OWN, T=120, step=3)
    assert visitor_of(at).train.own_name == "abc"


def test_after_a_reload_the_step_of_the_address_waits_for_the_patterns() -> None:
    at = opened("Train", task="own", step="150", seed="4")
    post(at, "own", name="abc", step=150)
    own.know(visitor_of(at), SENT)
    assert visitor_of(at).train.plan == Plan(task="own", own=OWN, T=120, step=150, seed=4)


def test_reset_keeps_them() -> None:
    at = post(opened("Train", task="own"), "own", name="abc", step=None)
    own.know(visitor_of(at), SENT)
    post(at.run(), "reset")
    assert (visitor_of(at).train.plan.own, visitor_of(at).train.own_name) == (OWN, "abc")


@pytest.mark.parametrize(
    "message",
    [
        None,
        5,
        [],
        {},
        {"name": 5, "patterns": [], "T": 5},
        {"name": "abc", "patterns": [], "T": 100},
        {"name": "abc", "patterns": [[1, [[5]]], ["+", [[5]]], [True], [True, 5]], "T": 100},
        {"name": "x" * 99, "patterns": SENT["patterns"], "T": 100},
    ],
    ids=repr,
)
def test_what_is_no_collection_changes_nothing(message: object) -> None:
    visitor = Visitor(train=Train(own_wanted="abc"))
    own.know(visitor, message)
    assert visitor == Visitor(train=Train(own_wanted="abc"))


def test_spike_times_that_cannot_be_are_mended_and_told() -> None:
    visitor = Visitor(train=Train(plan=Plan(task="own"), own_wanted="abc"))
    own.know(visitor, {"name": "abc", "T": 1e9, "patterns": [[True, [[-5, None, 3000.5]]]]})
    assert visitor.train.plan.own == (Pattern(fire=True, spikes=((0.0, 2000.0),)),)
    assert visitor.train.plan.T == 2000
    assert "2 times outside 0 to 2000 ms" in visitor.train.notice


def test_a_table_brings_patterns_or_says_why_not_and_changes_nothing() -> None:
    brought = own.read({"n": 7, "name": "own.csv", "text": to_csv(OWN)})
    assert brought == {
        "n": 7,
        "patterns": [[pattern.fire, pattern.spikes] for pattern in OWN],
        "T": 100,
        "notice": "",
    }
    for text in ("a,b\n1,2\n", "", "pattern,class,afferent,time_ms\n1,yes,1,5\n", "null"):
        brought = own.read({"n": 8, "name": "bad.csv", "text": text})
        assert brought["patterns"] is None
        assert brought["notice"].startswith("bad.csv was not opened: ")


def test_a_pattern_is_shown_on_explore_with_the_weights_that_fit() -> None:
    at = post(opened("Train", task="own"), "borrow", spikes=[[1.0], [2.5, 7]], T=150)
    assert at.title[0].value == "Explore"
    shown = visitor_of(at).explore.experiment
    assert (shown.T, shown.spikes, shown.weights) == (150, ((1.0,), (2.5, 7.0)), (0.5, 0.5))


def test_explore_leads_to_train_and_its_own_patterns() -> None:
    at = opened(tau="20")
    assert take(visitor_of(at), {"letters": [{"n": 1, "what": "train"}]})
    at.run()
    assert at.title[0].value == "Train"
    assert visitor_of(at).train.plan == Plan(task="own")
    assert visitor_of(at).explore.experiment == Experiment(tau=20)


def test_explore_leads_to_the_browsers_own_though_a_link_brought_others() -> None:
    visitor = Visitor(train=Train(plan=Plan(task="own", own=OWN[:1])))
    visitor.train_on_own()
    assert visitor.train.plan.own == EXAMPLES  # until the browser has sent its own


def test_explore_leads_to_the_browsers_own_after_another_task_or_run() -> None:
    visitor = Visitor(train=Train(plan=Plan(task="own"), own_wanted="abc"))
    own.know(visitor, SENT)
    visitor.train.choose(task="order")
    visitor.train_on_own()
    assert (visitor.train.plan.own, visitor.train.own_name) == (OWN, "abc")
    visitor.train.visit("task=own&own=1_5")
    assert visitor.train.own_name == ""
    visitor.train.own("abc")
    assert (visitor.train.plan.own, visitor.train.own_name) == (OWN, "abc")


def test_the_address_keeps_what_fits_of_patterns_too_large_for_a_link() -> None:
    many = tuple(
        Pattern(fire=bool(p % 2), spikes=tuple(((p * 7.919 * n * n) % 997,) for n in range(60)))
        for p in range(60)
    )
    at = opened("Train", task="own", tau="20", seed="3")
    visitor_of(at).train.own("abc")
    visitor_of(at).train.know("abc", many, 1000, "")
    at.run()
    assert settled(at) == expected(visitor_of(at).train.plan)
    assert address(at) == "tau=20&task=own&seed=3&T=1000"
    assert not sent(at, "player")[0]["linkable"]
