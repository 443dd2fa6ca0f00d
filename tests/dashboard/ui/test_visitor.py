"""What a visitor's state takes over from the stage and from files."""

from typing import Any

import pytest

from tempotron.dashboard.state.experiment import MAX_AFFERENTS, MAX_SPIKES, Experiment
from tempotron.dashboard.ui.explore.stage import take
from tempotron.dashboard.ui.explore.state import Explore
from tempotron.dashboard.ui.visitor import Visitor

SLOW, FAST = Experiment(tau=20), Experiment(tau=10)


def letter(rev: int, number: int, experiment: object, moving: bool = False) -> dict[str, Any]:
    """Write a post of one edit as the stage sends it."""
    fields = (
        experiment.model_dump(mode="json") if isinstance(experiment, Experiment) else experiment
    )
    edit = {"what": "edit", "rev": rev, "experiment": fields, "moving": moving}
    return {"letters": [{"n": number, **edit}]}


# Edits of the stage.


def test_an_edit_of_the_stage_is_taken_over_and_does_not_come_back_to_it() -> None:
    visitor = Visitor()
    take(visitor, letter(0, 1, SLOW))
    assert (visitor.explore.experiment, visitor.explore.settled) == (SLOW, SLOW)
    assert (visitor.explore.rev, visitor.explore.edit, visitor.explore.refusal) == (0, 1, "")


@pytest.mark.parametrize("number", [6, 7])
def test_an_edit_that_is_not_newer_changes_nothing(number: int) -> None:
    visitor = Visitor(Explore(edit=7))
    take(visitor, letter(0, number, SLOW))
    assert visitor == Visitor(Explore(edit=7))


def test_no_edit_changes_nothing() -> None:
    visitor = Visitor()
    take(visitor, None)
    assert visitor == Visitor()


def test_an_edit_of_a_state_that_python_has_replaced_changes_nothing() -> None:
    visitor = Visitor()
    visitor.explore.open(SLOW)
    take(visitor, letter(0, 1, FAST))
    assert (visitor.explore.experiment, visitor.explore.edit) == (SLOW, 1)
    take(visitor, letter(visitor.explore.rev, 2, FAST))
    assert visitor.explore.experiment == FAST


@pytest.mark.parametrize(
    "wrong",
    [{"rev": 2**70}, {"rev": -1}, {"rev": "0"}, {"experiment": 5}, {"moving": None}],
    ids=str,
)
def test_an_edit_that_cannot_be_read_changes_nothing(wrong: dict[str, Any]) -> None:
    visitor, post = Visitor(), letter(0, 3, SLOW)
    post["letters"][0] |= wrong
    assert take(visitor, post)
    assert visitor == Visitor(Explore(edit=3))
    take(visitor, letter(0, 4, FAST))
    assert visitor.explore.experiment == FAST


def test_after_a_restart_the_browser_goes_on_where_it_was() -> None:
    visitor = Visitor()
    take(visitor, letter(5, 1000, SLOW))
    assert (visitor.explore.experiment, visitor.explore.rev, visitor.explore.edit) == (
        SLOW,
        5,
        1000,
    )
    take(visitor, letter(5, 1001, FAST))
    assert (visitor.explore.experiment, visitor.explore.rev, visitor.explore.edit) == (
        FAST,
        5,
        1001,
    )


def test_while_a_hand_moves_only_the_panels_keep_what_had_settled() -> None:
    visitor = Visitor()
    take(visitor, letter(0, 1, SLOW, moving=True))
    take(visitor, letter(0, 2, FAST, moving=True))
    assert (visitor.explore.experiment, visitor.explore.settled) == (FAST, Experiment())
    take(visitor, letter(0, 3, FAST))
    assert visitor.explore.settled is visitor.explore.experiment


def test_an_edit_that_cannot_be_is_mended_told_and_sent_back() -> None:
    visitor = Visitor()
    take(visitor, letter(0, 1, {"tau": 5000, "weights": [1], "spikes": [[5]]}))
    assert visitor.explore.experiment == Experiment(tau=1000, weights=(1,), spikes=((5,),))
    assert visitor.explore.refusal.endswith("tau 5000 is above 1000, now 1000.")
    assert visitor.explore.rev == 1


# What Python changes.


def test_what_is_opened_reaches_the_stage_and_ends_older_complaints() -> None:
    visitor = Visitor(Explore(notice="old", refusal="old", edit=3))
    visitor.explore.open(SLOW, "something was mended")
    assert (visitor.explore.experiment, visitor.explore.settled) == (SLOW, SLOW)
    assert (visitor.explore.rev, visitor.explore.edit) == (1, 3)
    assert (visitor.explore.notice, visitor.explore.refusal) == ("something was mended", "")


def test_the_link_is_that_of_the_state_or_none_if_it_is_too_large() -> None:
    assert Explore(SLOW).link == "tau=20"
    assert Explore().link == ""
    times = [[k + i * k**2 % 1013 / 1013 for k in range(MAX_SPIKES)] for i in range(MAX_AFFERENTS)]
    large = Experiment.model_validate({"weights": [0.1] * MAX_AFFERENTS, "spikes": times})
    assert Explore(large).link is None
