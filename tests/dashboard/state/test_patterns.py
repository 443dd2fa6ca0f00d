"""Patterns of one's own: collected, mended, and written to links and tables and read again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tempotron.dashboard.answers.recorder import run_of, task_of
from tempotron.dashboard.state.patterns import (
    EXAMPLES,
    MAX_PATTERNS,
    Collection,
    Pattern,
    collect,
    even,
    from_csv,
    read_link,
    repair,
    to_csv,
    write_link,
)
from tempotron.dashboard.state.plan import Plan
from tempotron.dashboard.state.plan import repair as repair_plan

TIMES = st.floats(0, 2000).map(lambda time: round(time, 4))
ROWS = st.lists(TIMES, max_size=4)


@st.composite
def collections(draw: st.DrawFn) -> Collection:
    """Draw patterns with the same number of afferents."""
    afferents = draw(st.integers(1, 5))
    rows = st.lists(ROWS, min_size=afferents, max_size=afferents)
    drawn = draw(st.lists(st.tuples(st.booleans(), rows), min_size=1, max_size=6))
    return even(Pattern.model_validate({"fire": fire, "spikes": rows}) for fire, rows in drawn)


@settings(deadline=None)
@given(collections())
def test_a_link_and_a_table_hold_the_patterns_they_were_made_from(own: Collection) -> None:
    notes: list[str] = []
    assert (read_link("own", write_link(own), notes), notes) == (own, [])
    assert from_csv(to_csv(own)) == (own, [])


def test_a_table_has_a_line_for_each_spike_and_for_each_silent_afferent() -> None:
    own = (Pattern(fire=False, spikes=((3.0, 20.25), ())),)
    assert to_csv(own) == "pattern,class,afferent,time_ms\n1,-,1,3\n1,-,1,20.25\n1,-,2,\n"


def test_the_examples_give_way_to_the_first_pattern_and_the_next_ones_join_it() -> None:
    one = collect(EXAMPLES, True, [[30.0, 10.0]])
    assert one == (Pattern(fire=True, spikes=((10.0, 30.0),)),)
    two = collect(one, False, [[5.0], [6.0]])
    assert [pattern.spikes for pattern in two] == [((10.0, 30.0), ()), ((5.0,), (6.0,))]


def test_two_hundred_patterns_can_be_collected_and_no_more() -> None:
    own = EXAMPLES
    for _ in range(MAX_PATTERNS):
        own = collect(own, True, [[1.0]])
    with pytest.raises(ValueError, match="there are 200 patterns, and there is no room for more"):
        collect(own, True, [[1.0]])


@pytest.mark.parametrize(
    ("records", "own", "notes"),
    [
        (
            [("?", [["1"]]), ("+", [["1"]])],
            [(True, ((1.0,),))],
            ["1 pattern without a class of + or -, or without afferents: left out"],
        ),
        (
            [("-", [["x", "2"], ["-3"]])],
            [(False, ((2.0,), (0.0,)))],
            [
                "1 time not readable as a number: left out",
                "1 time outside 0 to 2000 ms: now at the nearer end",
            ],
        ),
        ([("+", [])], None, None),
    ],
    ids=str,
)
def test_the_nearest_patterns_are_found_with_a_clause_for_every_change(
    records: list[tuple[str, list[list[str]]]],
    own: list[tuple[bool, tuple[tuple[float, ...], ...]]] | None,
    notes: list[str] | None,
) -> None:
    told: list[str] = []
    found = repair(records, told)
    if own is None:
        assert found == EXAMPLES
        assert told[-1] == "no pattern is left: now the examples"
    else:
        assert [(pattern.fire, pattern.spikes) for pattern in found] == own
        assert told == notes


@settings(deadline=None)
@given(st.text(alphabet="01+-_~.9x", max_size=40))
def test_whatever_a_link_holds_patterns_are_found(text: str) -> None:
    notes: list[str] = []
    own = read_link("own", text, notes)
    assert read_link("own", write_link(own), []) == own


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "text has no column pattern in its first line"),
        ("pattern,class,afferent,time_ms\n", "text holds no pattern"),
        ("pattern,class,afferent,time_ms\n1,+,0,3\n", "afferent in line 2 is 0"),
        ("pattern,class,afferent,time_ms\n1,+,1,3\n1,-,1,4\n", "pattern 1 has two classes"),
    ],
)
def test_a_table_that_holds_no_patterns_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        from_csv(text)


def test_a_pattern_that_cannot_be_is_refused() -> None:
    for spikes in ([], [[-1.0]], [[2001.0]], [[float("nan")]]):
        with pytest.raises(ValidationError):
            Pattern.model_validate({"fire": True, "spikes": spikes})


def test_the_examples_are_learned_and_so_are_fifty_patterns_of_ones_own() -> None:
    assert run_of(Plan(task="own")).outcome == "converged"
    own: Collection = EXAMPLES
    for p in range(50):
        own = collect(own, p % 2 == 0, [[(7.3 * p * (n + 1)) % 100] for n in range(60)])
    run = run_of(Plan(task="own", own=own))
    assert (run.task.patterns, run.outcome) == (50, "converged")


def test_a_plan_without_its_own_patterns_falls_back_to_the_examples() -> None:
    plan, notes = repair_plan({"task": "own", "own": ""})
    assert (plan.own, notes) == (EXAMPLES, ["own (empty) is unreadable: now the examples"])
    assert task_of(plan).patterns == 2
