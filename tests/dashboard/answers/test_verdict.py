"""Verdicts: each names the true reason, and its cure does what it says."""

from typing import Any

import numpy as np
import pytest
import torch

from tempotron import Run, Task, tasks, train
from tempotron.compiled.learning import DEAD_ZONE, peaks
from tempotron.dashboard.answers.recorder import run_of
from tempotron.dashboard.answers.standing import ended
from tempotron.dashboard.answers.verdict import Verdict, judge
from tempotron.dashboard.state.plan import Plan, repair

CLASSIC: dict[str, Any] = {"task": "latencies", "mean": 0.0, "spread": 1e-3}


def of(**fields: Any) -> tuple[Run, Verdict]:
    """Compute a run that does not learn its task, and judge it."""
    run = run_of(Plan.model_validate(CLASSIC | fields))
    verdict = judge(run)
    assert verdict
    assert run.outcome == "limit"
    return run, verdict


def cured(run: Run, verdict: Verdict, **fields: Any) -> Run:
    """Take the cure."""
    if verdict.goes_on:
        return run.fork(len(run), **verdict.changes)
    plan, notes = repair(CLASSIC | fields | verdict.changes)
    assert not notes
    return run_of(plan)


STRANDED: dict[str, Any] = {"task": "order", "swap": True, "mean": 0.0, "spread": 1e-3}


def test_a_run_in_the_dead_zone_says_so_and_a_livelier_start_cures_it() -> None:
    run, verdict = of(**STRANDED)
    assert verdict.reason == "dead zone"
    assert verdict.offer == "Begin anew: mean 0.5, s.d. 0.1"
    wrong = run.wrong[run.epoch == 99]
    assert (run.reason[run.epoch == 99][wrong] == DEAD_ZONE).all()
    longer = run.fork(len(run), epochs=1000)  # never, as is said
    assert torch.equal(longer.weights, run.weights)
    assert cured(run, verdict, **STRANDED).outcome == "converged"
    assert ended(run, verdict) == "Not learned: 100 epochs, 1 wrong in the last one (dead zone)."


def test_steps_that_threw_a_neuron_into_the_dead_zone_are_made_smaller() -> None:
    fields: dict[str, Any] = {"patterns": 30, "seed": 2, "swap": True, "epochs": 20, "eta": 0.5}
    run, verdict = of(**fields)
    assert verdict.reason == "dead zone"
    assert verdict.changes == {"mean": 0.5, "spread": 0.1, "eta": 0.05}
    assert cured(run, verdict, **fields).errors[-1] < run.errors[-1]


@pytest.mark.parametrize("swap", [False, True])
def test_patterns_that_differ_in_when_they_begin_are_told_to_be_beyond_learning(
    swap: bool,
) -> None:
    run, verdict = of(task="late", swap=swap)
    assert verdict.reason == "not learnable"
    assert verdict.sentence.startswith("Patterns 1 and 2 ought to be told apart, but one is")
    assert not verdict.offer
    early, late = run.task.spikes[:, :, 0]
    assert (late - early).unique().numel() == 1


def test_patterns_that_have_the_same_peak_by_chance_are_not_told_to_be_beyond_learning() -> None:
    run, verdict = of(patterns=100)
    events = run.task.events(15.0, 3.75)
    volts = np.sort(peaks(events, run.weights.numpy())[0][:, 0])
    assert (np.diff(volts) == 0).any()  # the peak of one spike of the largest weight
    assert verdict.reason == "past capacity"


def test_past_capacity_is_said_of_random_patterns_alone() -> None:
    _, verdict = of(patterns=60)
    assert verdict.sentence.startswith("3 random patterns for each afferent are past capacity")
    assert of(patterns=38)[1].reason == "near capacity"
    assert not verdict.offer
    own = Task(tasks.random_latencies(20, 5.0).spikes, torch.arange(100) % 2 == 0, 500)
    assert getattr(judge(train(own, epochs=100)), "reason", "") != "past capacity"


@pytest.mark.parametrize(
    ("fields", "offer"),
    [
        ({"rate": 1e-6}, "Go on with lambda 1e-05"),
        ({"eta": 1e-4, "mu": 0}, "Go on with eta 0.001"),
        ({"cost": "squared", "rate": 1e-4, "mu": 0}, "Go on with the linear cost"),
        ({"rate": 1e-6, "epochs": 1000}, "Begin anew with lambda 1e-05"),
    ],
)
def test_small_steps_are_told_and_larger_ones_offered(fields: dict[str, Any], offer: str) -> None:
    run, verdict = of(**fields)
    assert (verdict.reason, verdict.offer) == ("steps too small", offer)
    assert verdict.goes_on == (offer.startswith("Go on"))
    after = cured(run, verdict, **fields)
    assert after.weights.abs().max() > 2 * run.weights.abs().max()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"patterns": 20, "epochs": 10}, "few epochs"),
        ({"seed": 5, "epochs": 20}, "few epochs"),
        ({"patterns": 30, "seed": 5, "epochs": 60}, "still improving"),
    ],
)
def test_a_limit_that_came_too_soon_is_told_and_more_epochs_cure_it(
    fields: dict[str, int], reason: str
) -> None:
    run, verdict = of(**fields)
    assert verdict.reason == reason
    assert verdict.changes == {"epochs": 4 * fields["epochs"]}
    assert cured(run, verdict).outcome == "converged"


def test_errors_that_have_settled_are_told_with_their_range() -> None:
    run, verdict = of(task="order", tau=0.1, mean=0.5, spread=0.1)
    assert verdict.reason == "settled"
    low, high = run.errors[-25:].min(), run.errors[-25:].max()
    assert f"settled at {low} to {high} of 2 an epoch" in verdict.sentence
    assert verdict.changes == {"seed": 1}


def test_of_a_run_that_learned_was_cancelled_or_goes_on_nothing_is_said() -> None:
    assert judge(run_of(Plan())) is None
    assert judge(train(tasks.random_latencies(20, 3.0), cancelled=lambda: True)) is None


def test_a_run_forked_at_its_limit_is_judged_by_what_came_before() -> None:
    run, verdict = of(**STRANDED)
    same = judge(run.fork(len(run), eta=0.1))
    assert same
    assert same.reason == verdict.reason
