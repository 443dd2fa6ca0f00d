"""Plans: their links, what is made of bad ones, and what is true of the runs they describe."""

import math
import time
from typing import get_args
from urllib.parse import parse_qsl

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tempotron.dashboard.answers.recorder import Recorder, run_of, settings_of, stream_of, task_of
from tempotron.dashboard.state.patterns import EXAMPLES
from tempotron.dashboard.state.plan import (
    BOUNDS,
    MAX_DECISIONS,
    MAX_FORKS,
    Past,
    Plan,
    compared,
    conditions,
    decode,
    encode,
    repair,
)
from tempotron.dashboard.state.tasks import TABLE, TaskName, size_of
from tempotron.tasks import relabelled
from tempotron.training import train

DEFAULT = Plan()
# The paper's task and start: 20 afferents, 10 patterns, 140 presentations.
CLASSIC = Plan(task="latencies", mean=0, spread=1e-3)


def classic(**changes: object) -> Plan:
    return Plan.model_validate(dict(CLASSIC) | changes)


WHOLE = ("seed", "afferents", "patterns", "T", "epochs", "step")


def opened(query: str) -> tuple[Plan, list[str]]:
    """Open a query string as a browser hands it over."""
    return decode(dict(parse_qsl(query, keep_blank_values=True)))


PASTS = st.builds(
    Past,
    until=st.integers(0, 1000),
    swap=st.booleans(),
    flips=st.sets(st.integers(1, 2000), max_size=3).map(tuple),
    rule=st.sampled_from(["paper", "reflect"]),
    eta=st.floats(1e-4, 2),
    mu=st.none() | st.floats(0, 0.999),
    tau_s=st.none() | st.floats(0.1, 1000),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw valid plans."""
    fields: dict[str, object] = {}
    for name, (low, high) in BOUNDS.items():
        whole = st.integers(math.ceil(low), math.floor(high))
        fields[name] = draw(whole if name in WHOLE else st.floats(low, high))
    fields["task"] = draw(st.sampled_from([*TABLE]))
    fields["flips"] = tuple(draw(st.sets(st.integers(1, 2000), max_size=3)))
    fields["before"] = tuple(draw(st.lists(PASTS, max_size=3)))
    fields["swap"] = draw(st.booleans())
    for name in ("rate", "mu", "tau_s"):
        fields[name] = draw(st.none() | st.just(fields[name]))
    return repair(fields)[0]


# Links.


@settings(deadline=None, max_examples=150)
@given(plans())
def test_a_link_opens_the_plan_it_was_made_from(plan: Plan) -> None:
    assert opened(encode(plan)) == (plan, [])


def test_default_values_stay_out_of_the_link() -> None:
    assert encode(DEFAULT) == ""
    assert encode(CLASSIC) == "task=latencies&mean=0&spread=0.001"
    assert encode(Plan(task="gaps", swap=True)) == "swap=1&task=gaps"
    before = (Past(until=23, eta=0.1, mu=0), Past(until=40, rate=0.2, flips=(3, 1)))
    forked = Plan(rate=0.3, mu=0.5, before=before)
    assert encode(forked) == (
        "rate=0.3&mu=0.5&before=23~eta~0.1~rate~auto~mu~0_40~flips~1.3~rate~0.2~mu~auto"
    )
    assert encode(Plan(mu=0, tau_s=3.75, step=12)) == "mu=0&tau_s=3.75&step=12"


@pytest.mark.parametrize(
    ("query", "plan", "notes"),
    [
        ("tau=nan", Plan(), ["tau nan is unreadable: now 15"]),
        ("eta=1e999", Plan(eta=2), ["eta 1e999 is above 2: now 2"]),
        ("mu=1", Plan(mu=0.999), ["mu 1 is above 0.999: now 0.999"]),
        ("mu=x", Plan(), ["mu x is unreadable: now the rule's own"]),
        ("rate=", Plan(), ["rate (empty) is unreadable: now the one for eta"]),
        ("tau_s=0", Plan(tau_s=0.1), ["tau_s 0 is below 0.1: now 0.1"]),
        ("task=nor", Plan(), ["task nor is not known here: now order"]),
        ("rule=hebb", Plan(), ["rule hebb is not known here: now paper"]),
        ("cost=", Plan(), ["cost (empty) is not known here: now linear"]),
        ("seed=1.5", Plan(seed=2), ["seed 1.5 is not whole: now 2"]),
        ("seed=-1", Plan(), ["seed -1 is below 0: now 0"]),
        ("swap=perhaps", Plan(), ["swap perhaps is unreadable: now off"]),
        ("version=2", Plan(), ["version 2 is not known here: read as version 1"]),
        ("weights=1_2", Plan(), []),  # a parameter of others
        ("z=%25", Plan(), ["its packed part is damaged: so the default is shown"]),
        (
            f"task={'x' * 9000}",
            Plan(),
            ["it is longer than 8000 characters: so the default is shown"],
        ),
        (
            "task=iris&swap=1",
            Plan(task="iris"),
            ["swap is for one neuron only: left out"],
        ),
        (
            "task=latencies&afferents=500&patterns=2000",
            Plan(task="latencies", afferents=500, patterns=1000),
            ["patterns 2000 is above 1000 for this task: now 1000"],
        ),
        (
            "task=digits&epochs=1000",
            Plan(task="digits", epochs=139),
            ["epochs 1000 is above 139 for this task: now 139"],
        ),
        ("flips=1.0", Plan(flips=(1,)), ["flips 1.0 are not numbers of patterns: left out"]),
        (
            "before=9~eta~9",
            Plan(before=(Past(until=9, eta=2),)),
            ["eta 9 is above 2: now 2"],
        ),
        (
            "eta=0.1&before=x~nothing~1_3~rate~0.2",
            Plan(eta=0.1, before=(Past(until=0, eta=0.1), Past(until=3, eta=0.1, rate=0.2))),
            ["fork x is unreadable: now 0", "nothing is no condition of a fork: left out"],
        ),
        (
            "before=" + "_".join(["1"] * 21),
            Plan(before=(Past(until=1),) * MAX_FORKS),
            ["21 forks are more than 20: the rest is left out"],
        ),
        (
            "task=iris&before=3~swap~1",
            Plan(task="iris", before=(Past(until=3),)),
            ["swap is for one neuron only: left out"],
        ),
        (
            "epochs=3&step=31",
            Plan(epochs=3, step=6),
            ["step 31 is above 6 for this task: now 6"],
        ),
    ],
)
def test_a_bad_value_opens_the_nearest_plan_with_one_clause(
    query: str, plan: Plan, notes: list[str]
) -> None:
    assert opened(query) == (plan, notes)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from([*Plan.model_fields, "z", "x"]), st.text(max_size=20)))
def test_whatever_a_link_holds_a_valid_plan_is_opened(parameters: dict[str, str]) -> None:
    plan, _ = decode(parameters)
    assert opened(encode(plan)) == (plan, [])


@pytest.mark.parametrize(
    "fields",
    [
        {"tau": math.nan},
        {"eta": 0},
        {"mu": 1},
        {"version": 2},
        {"nothing": 1},
        {"task": "iris", "swap": True},
        {"task": "latencies", "afferents": 500, "patterns": 1001},
        {"task": "digits", "epochs": 140},
        {"epochs": 1, "step": 11},
    ],
    ids=str,
)
def test_a_plan_that_cannot_be_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Plan.model_validate(fields)


# Runs.


@pytest.mark.parametrize("swap", [False, True])
def test_the_default_plan_is_learned_in_steps_one_can_follow_by_eye(swap: bool) -> None:
    runs = [run_of(Plan(seed=seed, swap=swap)) for seed in range(200)]
    assert {run.outcome for run in runs} == {"converged"}
    assert all(4 <= len(run) <= 40 for run in runs)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("task", [task for task in TABLE if task != "late"])
def test_every_other_task_is_learned_in_small_steps(task: str, seed: int) -> None:
    run = run_of(Plan.model_validate({"task": task, "seed": seed, "eta": 0.02}))
    assert run.outcome == "converged"


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("fields", [{}, {"rule": "reflect"}, {"cost": "squared"}, {"spread": 1}])
@pytest.mark.parametrize("seed", range(3))
def test_early_or_late_is_never_learned_and_says_so(
    fields: dict[str, object], swap: bool, seed: int
) -> None:
    plan = Plan.model_validate(
        {"task": "late", "swap": swap, "seed": seed, "epochs": 1000, **fields}
    )
    run = run_of(plan)
    assert run.outcome == "limit"
    assert run.errors.min() >= 1
    assert "Not learnable" in task_of(plan).sentence


def test_every_task_that_a_link_may_name_is_in_the_table() -> None:
    assert tuple(TABLE) == get_args(TaskName)


@pytest.mark.parametrize("name", TABLE)
def test_a_task_has_the_size_that_its_plan_expects(name: str) -> None:
    plan = Plan.model_validate({"task": name, "afferents": 30, "patterns": 12})
    size, task = size_of(plan.task, plan.own), task_of(plan)
    spikes = TABLE[plan.task].spikes
    assert task.kind == (size.afferents or 30, size.neurons)
    assert task.patterns == (size.patterns or 12)
    assert task.spikes_per_pattern <= task.kind[0] * spikes


@pytest.mark.parametrize("name", ["latencies", "order", "gaps", "late", "templates", "rates"])
def test_a_swap_asks_for_the_opposite(name: str) -> None:
    plan = Plan.model_validate({"task": name})
    task, other = task_of(plan), task_of(plan.model_copy(update={"swap": True}))
    assert torch.equal(other.spikes, task.spikes)
    assert torch.equal(other.targets, ~task.targets)
    assert "swapped" in other.name


def test_jitter_and_seed_change_the_task_but_settings_do_not() -> None:
    spikes = task_of(DEFAULT).spikes
    assert task_of(Plan(eta=0.1, tau=20)) is task_of(DEFAULT)
    assert not torch.equal(task_of(Plan(seed=1)).spikes, spikes)
    assert not torch.equal(task_of(Plan(jitter=1)).spikes, spikes)


def test_settings_are_those_of_the_plan() -> None:
    plan = Plan(rule="reflect", rate=0.3, mu=0.2, tau=20, theta=2, epochs=7, seed=5, mean=0.2)
    chosen = settings_of(plan)
    assert (chosen.rule, chosen.rate, chosen.mu, chosen.synaptic) == ("reflect", 0.3, 0.2, 5)
    assert (chosen.theta, chosen.epochs, chosen.seed, chosen.mean) == (2, 7, 5, 0.2)


def test_the_same_link_gives_the_same_run_to_the_last_digit() -> None:
    run = run_of(DEFAULT)
    assert run_of(Plan(step=5)) is run
    *_, last = stream_of(opened(encode(DEFAULT))[0])
    assert torch.equal(last.run().weights, run.weights)
    assert last.run().pattern.tolist() == run.pattern.tolist()


def test_a_fork_that_changes_nothing_is_the_same_run_to_the_last_digit() -> None:
    run = run_of(CLASSIC)
    for step in (0, 23, 140):
        forked = run_of(classic(before=(Past(until=step),)))
        assert forked.pattern.tolist() == run.pattern.tolist()
        assert forked.v_max.tolist() == run.v_max.tolist()
        assert torch.equal(forked.weights, run.weights)


def test_a_forked_plan_is_the_fork_of_its_run_from_the_link_on() -> None:
    task = task_of(CLASSIC)
    once = train(task, epochs=100).fork(23, eta=0.2)
    twice = once.fork(35, task=relabelled(task, [2]), eta=0.2, rule="reflect")
    plan = classic(
        eta=0.2,
        rule="reflect",
        flips=(3,),
        before=(Past(until=23), Past(until=35, eta=0.2)),
    )
    run = run_of(opened(encode(plan))[0])
    assert torch.equal(run.weights, twice.weights)
    assert run.v_max.tolist() == twice.v_max.tolist()
    assert run.task.targets[2].item() != task.targets[2].item()


def test_the_conditions_of_a_step_are_those_before_the_next_fork() -> None:
    plan = Plan(eta=0.3, before=(Past(until=3, eta=0.1), Past(until=9, eta=0.2)))
    assert [conditions(plan, step)["eta"] for step in (0, 3, 4, 9, 10)] == [
        0.1, 0.1, 0.2, 0.2, 0.3
    ]  # fmt: skip


def test_what_two_plans_differ_in_is_listed() -> None:
    assert compared(Plan(step=3), DEFAULT) == "nothing"
    forked = Plan(eta=0.3, mu=0.5, before=(Past(until=3), Past(until=9)))
    assert compared(forked, DEFAULT) == (
        "eta 0.3 against 0.05; mu 0.5 against auto; forked after 3, 9 against not forked"
    )
    one = Plan(task="own", flips=(1, 2))
    other = Plan(task="own", own=EXAMPLES[:1])
    assert compared(one, other) == "flips 1.2 against none; other patterns"


def test_a_fork_beyond_the_end_of_its_run_is_one_at_its_end() -> None:
    run = run_of(classic(swap=True, before=(Past(until=5000),)))
    assert run.start == len(run_of(CLASSIC)) == 140
    assert len(run) > 140


def test_a_recorder_goes_on_where_it_was_and_ends_with_the_run_of_its_plan() -> None:
    plan = classic(afferents=4, patterns=50, step=7)
    recorder, shares = Recorder(plan), []
    while recorder.running:
        recorder.advance(1e-9)
        shares.append(recorder.share)
        assert len(recorder.run) == recorder.share * 5000
    assert shares == [0.2, 0.4, 0.6, 0.8, 1]
    assert torch.equal(recorder.run.weights, run_of(plan).weights)
    assert recorder.run.outcome == "limit"


def test_a_cancelled_recorder_stays_where_it_was() -> None:
    recorder = Recorder(classic(afferents=4, patterns=50))
    recorder.advance(1e-9)
    recorder.cancel()
    recorder.advance(10)
    assert not recorder.running
    assert (recorder.run.outcome, len(recorder.run)) == ("cancelled", 1000)


def test_what_has_ended_cannot_be_cancelled() -> None:
    recorder = Recorder(DEFAULT)
    recorder.advance(10)
    recorder.cancel()
    assert recorder.run.outcome == "converged"


def test_the_longest_run_of_a_plan_stays_a_message_of_some_megabytes() -> None:
    for name in TABLE:
        fields = {"task": name, "afferents": 4, "patterns": 2000, "epochs": 1000}
        plan = repair(fields)[0]
        size = size_of(plan.task, plan.own)
        patterns = size.patterns or plan.patterns
        assert plan.epochs * patterns * size.neurons <= MAX_DECISIONS


def test_a_toy_run_is_computed_within_a_second() -> None:
    run_of(DEFAULT)  # so that machine code is ready
    start = time.perf_counter()
    run_of(Plan(seed=7, epochs=99))
    assert time.perf_counter() - start < 1
