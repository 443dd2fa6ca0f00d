"""My own patterns: collected on Explore, looked after on Train."""

from streamlit.testing.v1 import AppTest

from tempotron.collection import EXAMPLES, Pattern, to_csv, write_link
from tempotron.experiment import Experiment
from tempotron.plan import Plan
from tempotron.ui.menu import FILES
from tempotron.ui.own import edit, table
from tempotron.ui.session import Lab
from tests.test_pages import expected, lab_of, opened, press, query, settled

OWN = (
    Pattern(fire=True, spikes=((20.0,), (40.0, 60.5))),
    Pattern(fire=False, spikes=((40.0,), ())),
)
FIRE, SILENT = "+ ought to fire", "\u2212 ought to be silent"


def mine(**link: str) -> AppTest:
    """Open Train with two patterns of one's own."""
    return opened("Train", task="own", own=write_link(OWN), **link)


def changes(**changed: object) -> dict[str, object]:
    """What the table reports of an edit."""
    return {"edited_rows": {}, "deleted_rows": [], "added_rows": [], **changed}


def test_what_explore_shows_is_kept_as_a_pattern_and_trained_on() -> None:
    at = press(press(opened(), FIRE), SILENT)
    spikes = Experiment().spikes
    assert "2 patterns: 1 +, 1 \u2212" in [markdown.value for markdown in at.markdown]
    at = press(at, "Train on them")
    assert at.title[0].value == "Train"
    own = (Pattern(fire=True, spikes=spikes), Pattern(fire=False, spikes=spikes))
    assert lab_of(at).plan == Plan(task="own", own=own)
    assert settled(at) == expected(lab_of(at).plan)


def test_a_link_brings_ones_own_patterns_and_their_run() -> None:
    at = mine(step="3")
    assert lab_of(at).plan == Plan(task="own", own=OWN, step=3)
    assert settled(at) == expected(lab_of(at).plan)
    assert query(at) == {"task": "own", "own": write_link(OWN), "step": "3"}


def test_a_pattern_changes_its_class_is_removed_and_comes_back() -> None:
    at = mine()
    at.number_input(key="own_pattern").set_value(2)
    press(at, "Change its class")
    assert [pattern.fire for pattern in lab_of(at).plan.own] == [True, True]
    press(at, "Remove")
    assert lab_of(at).plan.own == OWN[:1]
    assert next(b for b in at.button if b.label == "Remove").disabled
    press(press(at, "Undo"), "Undo")
    assert lab_of(at).plan.own == OWN


def test_a_pattern_is_edited_on_explore_and_put_back_in_its_place() -> None:
    at = mine()
    at.number_input(key="own_pattern").set_value(2)
    press(at, "Edit in Explore")
    lab = lab_of(at)
    assert (at.title[0].value, lab.experiment.spikes) == ("Explore", OWN[1].spikes)
    lab.open(lab.experiment.model_copy(update={"spikes": ((1.0,), (2.0,))}))
    press(at.switch_page(str(FILES["Explore"])).run(), "Put in place of pattern 2")
    assert lab.plan.own == (OWN[0], Pattern(fire=False, spikes=((1.0,), (2.0,))))


def test_a_table_brings_patterns_or_says_why_not() -> None:
    at = opened("Train", task="own")
    file = at.file_uploader(key="own_upload")
    file.set_value(("own.csv", to_csv(OWN).encode(), "text/csv")).run()
    assert lab_of(at).plan.own == OWN
    file = at.file_uploader(key="own_upload")
    file.set_value(("bad.csv", b"a,b\n1,2\n", "text/csv")).run()
    assert lab_of(at).plan.own == OWN
    assert [warning.value for warning in at.warning] == [
        "bad.csv was not opened: text has no column pattern in its first line."
    ]


def test_an_edit_of_the_table_is_taken_whole_or_not_at_all() -> None:
    lab = Lab(plan=Plan(task="own", own=OWN))
    spikes = table(OWN).columns[-1]
    edit(lab, changes(edited_rows={"0": {"Class": "-", spikes: "7; 8 9"}}))
    assert lab.plan.own == (Pattern(fire=False, spikes=((7.0,), (8.0, 9.0))), OWN[1])
    edit(lab, changes(added_rows=[{"Class": "+", spikes: "1"}], deleted_rows=[0]))
    assert lab.plan.own == (OWN[1], Pattern(fire=True, spikes=((1.0,), ())))
    edit(lab, changes(edited_rows={"0": {spikes: "x"}}))
    assert lab.plan.own[0] == OWN[1]
    assert lab.own_refusal == "Not taken: 1 time not readable as a number."


def test_the_last_change_of_a_hundred_can_be_undone_and_the_examples_are_where_it_began() -> None:
    lab = Lab()
    for number in range(100):
        lab.keep((Pattern(fire=True, spikes=((float(number),),)),), 100)
    for _ in range(100):
        lab.undo_own()
    assert lab.plan.own == EXAMPLES
    assert not lab.own_history


def test_patterns_too_large_for_a_link_stay_in_the_session_and_the_page_says_so() -> None:
    many = tuple(
        Pattern(fire=bool(p % 2), spikes=tuple(((p * 7.919 * n * n) % 997,) for n in range(60)))
        for p in range(60)
    )
    at = mine()
    lab_of(at).keep(many, 1000)
    at.run()
    assert settled(at) == expected(lab_of(at).plan)
    assert query(at) == {}
    assert [info.value for info in at.info] == [
        "These patterns are too large for a link: take them along as a table (CSV)."
    ]
