"""Timing or rate: jitter costs a tempotron what it knew of timing, and a counter nothing."""

import numpy as np
import pytest
import torch

from tempotron.dashboard.answers.counting import Contest, timing_or_rate
from tempotron.dashboard.answers.recorder import run_of
from tempotron.dashboard.answers.sentences import timing_or_rate as told
from tempotron.dashboard.answers.standing import stand
from tempotron.dashboard.state.plan import Plan
from tempotron.tasks import Task, jittered, random_latencies
from tempotron.training import Run, train

JITTERS = (0.0, 2.0, 10.0, 50.0)


@pytest.fixture(scope="module")
def latencies() -> Run:
    return run_of(Plan())


def test_jitter_keeps_the_count_of_every_afferent() -> None:
    task = run_of(Plan(task="rates")).task
    for jitter in JITTERS[1:]:
        assert np.array_equal(jittered(task, jitter).counts, task.counts)


def test_without_jitter_the_tempotron_is_as_good_as_it_stands(latencies: Run) -> None:
    for step in (0, 20, len(latencies)):
        contest = timing_or_rate(latencies, step, [0])
        assert contest.tempotron[0] == stand(latencies, step).firing_accuracy


def test_where_every_afferent_fires_once_a_counter_is_at_chance(latencies: Run) -> None:
    contest = timing_or_rate(latencies, len(latencies), JITTERS)
    assert contest.perceptron == (0.5,) * 4
    assert contest.tempotron[0] == 1
    assert sorted(contest.tempotron, reverse=True) == list(contest.tempotron)
    assert contest.tempotron[-1] < 0.75


@pytest.mark.parametrize("task", ["rates", "iris"])
def test_where_counts_differ_a_counter_keeps_what_jitter_takes(task: str) -> None:
    run = run_of(Plan.model_validate({"task": task}))
    contest = timing_or_rate(run, len(run), JITTERS)
    assert contest.perceptron == (1.0,) * 4
    assert contest.tempotron[-1] < contest.tempotron[0]


def test_a_counter_learns_what_a_line_can_divide() -> None:
    spikes = torch.tensor([[[1.0, 2, 3], [4, -1, -1]], [[1, -1, -1], [2, 3, -1]]])
    task = Task(spikes, torch.tensor([True, False]), 50.0)
    assert task.counts.tolist() == [[3, 1], [1, 2]]
    assert timing_or_rate(train(task, epochs=1), 0, [0]).perceptron == (1.0,)


def test_with_one_class_only_there_is_nothing_to_learn() -> None:
    task = random_latencies(5, 0.2)  # one pattern
    assert timing_or_rate(train(task, epochs=1), 0, [0, 3]).perceptron == (1.0, 1.0)


def test_a_jitter_that_cannot_be_is_refused(latencies: Run) -> None:
    for jitter in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="jitters must be finite and not negative, got"):
            timing_or_rate(latencies, 0, [jitter])
    with pytest.raises(ValueError, match="k must be an integer from 0 to"):
        timing_or_rate(latencies, 10_000, [0])


def test_a_sentence_tells_what_jitter_took_and_what_counting_gives() -> None:
    contest = Contest((0.0, 5.0), (1.0, 0.71), (0.5, 0.5))
    assert told(contest, 0, trained=True).endswith(
        "only counts spikes for 50.0%: what lies between is timing."
    )
    assert told(contest, 1, trained=True).startswith(
        "Jitter of 5 ms takes the tempotron from 100.0% to 71.0%;"
    )
    start = Contest((0.0,), (0.5,), (0.5,))
    assert told(start, 0, trained=True).endswith("for 50.0%: no better than counting.")
    assert told(start, 0, trained=False).endswith("for 50.0%: nothing has been learned yet.")
    rates = Contest((0.0,), (0.9,), (1.0,))
    assert told(rates, 0, trained=True).endswith("for 100.0%: counting does better.")
