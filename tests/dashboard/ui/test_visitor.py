"""What a visitor's state takes over from the stage, from files and from the table of numbers."""

from typing import Any

import pytest

from tempotron.dashboard.state.experiment import MAX_AFFERENTS, MAX_SPIKES, Experiment, decode
from tempotron.dashboard.ui.explore.numbers import edit, table
from tempotron.dashboard.ui.explore.stage import take
from tempotron.dashboard.ui.explore.state import Explore
from tempotron.dashboard.ui.visitor import Visitor

WEIGHT, SPIKES = "Weight", "Spike times (ms)"
SLOW, FAST = Experiment(tau=20), Experiment(tau=10)


def letter(rev: int, number: int, experiment: object, moving: bool = False) -> dict[str, Any]:
    """Write a post of one edit as the stage sends it."""
    fields = (
        experiment.model_dump(mode="json") if isinstance(experiment, Experiment) else experiment
    )
    edit = {"what": "edit", "rev": rev, "experiment": fields, "moving": moving}
    return {"letters": [{"n": number, **edit}]}


def changes(**given: object) -> dict[str, Any]:
    """Report changes as the table does."""
    return {"edited_rows": {}, "added_rows": [], "deleted_rows": [], **given}


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


def test_a_refusal_says_why_and_changes_nothing_else() -> None:
    visitor = Visitor()
    visitor.explore.refuse("it is too late.")
    assert visitor == Visitor(Explore(refusal="Not taken: it is too late.", refusals=1))


def test_the_link_is_that_of_the_state_or_none_if_it_is_too_large() -> None:
    assert Explore(SLOW).link == "tau=20"
    assert Explore().link == ""
    times = [[k + i * k**2 % 1013 / 1013 for k in range(MAX_SPIKES)] for i in range(MAX_AFFERENTS)]
    large = Experiment.model_validate({"weights": [0.1] * MAX_AFFERENTS, "spikes": times})
    assert Explore(large).link is None


# The table of numbers.


def test_the_table_holds_a_row_for_each_afferent() -> None:
    shown = table(Experiment(weights=(0.5, -1), spikes=((10, 20.25), ())))
    assert shown.to_dict("records") == [
        {"Afferent": "A1", WEIGHT: 0.5, SPIKES: "10, 20.25"},
        {"Afferent": "A2", WEIGHT: -1.0, SPIKES: ""},
    ]


@pytest.mark.parametrize(
    ("reported", "link"),
    [
        (changes(edited_rows={0: {WEIGHT: 2.5}}), {"weights": "2.5_1", "spikes": "10~20_30"}),
        (changes(edited_rows={"1": {WEIGHT: None}}), {"weights": "1_0", "spikes": "10~20_30"}),
        (changes(edited_rows={1: {SPIKES: "7; 5.5  9"}}), {"spikes": "10~20_5.5~7~9"}),
        (changes(edited_rows={1: {SPIKES: None}}), {"spikes": "10~20_"}),
        (changes(deleted_rows=[0]), {"weights": "1", "spikes": "30"}),
        (changes(added_rows=[{}]), {"spikes": "10~20_30"}),
        (
            changes(added_rows=[{WEIGHT: -1, SPIKES: "1"}, {SPIKES: "2"}]),
            {"weights": "1_1_-1_0", "spikes": "10~20_30_1_2"},
        ),
        (
            changes(edited_rows={1: {WEIGHT: 3}}, deleted_rows=[0], added_rows=[{WEIGHT: 4}]),
            {"weights": "3_4", "spikes": "30_"},
        ),
    ],
    ids=str,
)
def test_a_change_of_the_table_is_taken_over_as_a_whole(
    reported: dict[str, Any], link: dict[str, str]
) -> None:
    shown = Experiment(tau=20, weights=(1, 1), spikes=((10, 20), (30,)))
    visitor = Visitor(Explore(shown, shown))
    edit(visitor, shown, reported)
    assert visitor.explore.experiment == decode({"tau": "20", "weights": "1_1"} | link)[0]
    assert (visitor.explore.settled, visitor.explore.rev, visitor.explore.refusal) == (
        visitor.explore.experiment,
        1,
        "",
    )


def test_a_change_is_applied_once_and_only_to_what_the_table_showed() -> None:
    visitor = Visitor()
    shown, reported = visitor.explore.experiment, changes(added_rows=[{WEIGHT: 1, SPIKES: "50"}])
    edit(visitor, shown, reported)
    edit(visitor, shown, reported)
    assert len(visitor.explore.experiment.weights) == 7
    assert visitor.explore.rev == 1


@pytest.mark.parametrize(
    ("reported", "why"),
    [
        (changes(edited_rows={0: {WEIGHT: 99}}), "weight 99 is above 10."),
        (changes(edited_rows={0: {SPIKES: "10, x"}}), "spike time x is unreadable."),
        (changes(edited_rows={0: {SPIKES: "-3"}}), "spike time -3 is below 0."),
        (changes(edited_rows={0: {SPIKES: "101"}}), "1 spike after T = 100 ms."),
        (
            changes(edited_rows={0: {SPIKES: "1 " * 51}}),
            "51 spikes of afferent 1 are more than 50.",
        ),
        (changes(deleted_rows=list(range(6))), "0 afferents; there may be 1 to 100."),
        (changes(added_rows=[{WEIGHT: 1}] * 95), "101 afferents; there may be 1 to 100."),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_the_stage_would_not_accept_changes_nothing_and_says_why(
    reported: dict[str, Any], why: str
) -> None:
    visitor = Visitor()
    edit(visitor, visitor.explore.experiment, reported)
    assert visitor == Visitor(Explore(refusal=f"Not taken: {why}", refusals=1))


def test_after_a_refusal_a_good_change_is_taken_and_the_complaint_ends() -> None:
    visitor = Visitor()
    edit(visitor, visitor.explore.experiment, changes(edited_rows={0: {WEIGHT: 99}}))
    edit(visitor, visitor.explore.experiment, changes(edited_rows={0: {WEIGHT: 9}}))
    assert visitor.explore.experiment.weights[0] == 9
    assert visitor.explore.refusal == ""


def test_a_change_of_one_cell_leaves_every_digit_of_the_others() -> None:
    fine = Experiment(T=2000, weights=(1 / 3, 1), spikes=((1234.5678, 200 / 7), (5,)))
    visitor = Visitor(Explore(fine, fine))
    edit(visitor, fine, changes(edited_rows={1: {WEIGHT: 0.5}}))
    assert visitor.explore.experiment == fine.model_copy(update={"weights": (1 / 3, 0.5)})
