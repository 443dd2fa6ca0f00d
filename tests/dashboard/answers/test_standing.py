"""Where a run stands: against plain decisions, counted one by one, and in words."""

import numpy as np
import pytest
import torch

from tempotron import Task, find_peak, train
from tempotron.dashboard.answers.recorder import run_of
from tempotron.dashboard.answers.response import respond
from tempotron.dashboard.answers.standing import Standing, ended, stand, to_experiment, told
from tempotron.dashboard.state.plan import Plan
from tempotron.training import Run

RUN = run_of(Plan(task="latencies", mean=0, spread=1e-3))


def standing(v_max: list[list[float]], fire: list[list[bool]]) -> Standing:
    volts = torch.tensor(v_max).double()
    return Standing(torch.tensor(fire), volts, torch.zeros_like(volts), 1.0)


def run_with(weights: list[float]) -> Run:
    """Make a run of one "+" pattern that begins with these weights."""
    spikes = torch.arange(len(weights)).double()[None] * 10
    task = Task(spikes, torch.tensor([True]), 100)
    return train(task, weights=torch.tensor([weights]).double(), epochs=1)


@pytest.mark.parametrize("step", [0, 1, 77, 140])
def test_a_standing_holds_the_exact_peaks_with_the_weights_of_the_step(step: int) -> None:
    found = find_peak(RUN.at(step), RUN.task.spikes, 500, 15, 3.75)
    torch.testing.assert_close(stand(RUN, step).v_max, found.v_max, rtol=0, atol=1e-12)
    torch.testing.assert_close(stand(RUN, step).t_max, found.t_max, rtol=0, atol=1e-6)


def test_every_decision_was_recorded_as_the_standing_before_it_has_it() -> None:
    for step in range(0, 140, 7):
        before, pattern = stand(RUN, step), RUN.pattern[step]
        assert before.fired[pattern].tolist() == RUN.fired[step].tolist()
        assert before.right[pattern].item() == (not RUN.wrong[step])


def test_the_threshold_is_that_of_the_run() -> None:
    run = run_of(Plan(theta=2))
    assert stand(run, len(run)).right.all()
    assert stand(run, len(run)).theta == 2


def test_unseen_trials_stand_apart_and_are_refused_where_there_are_none() -> None:
    run = run_of(Plan(task="iris"))
    assert len(stand(run, 5).right) == 120
    assert len(stand(run, 5, unseen=True).right) == 30
    with pytest.raises(ValueError, match="unseen must be False"):
        stand(RUN, 5, unseen=True)


def test_margins_are_positive_on_the_right_side_of_the_threshold() -> None:
    here = standing([[1.25], [0.5], [0.5], [1.25]], [[True], [True], [False], [False]])
    assert here.margin.flatten().tolist() == [0.25, -0.5, 0.5, -0.25]
    assert here.right.tolist() == [True, False, True, False]
    assert here.firing_accuracy == 0.5


def test_patterns_are_counted_by_class_and_by_what_they_made_fire() -> None:
    one, two = [True, False], [False, True]
    here = standing(
        [[2, 0], [0, 2], [0, 0], [2, 2], [0, 2], [2, 3]], [one, one, one, one, two, two]
    )
    assert here.confusion.tolist() == [[1, 1, 1, 1], [0, 1, 0, 1]]
    assert here.firing_accuracy == pytest.approx(2 / 6)
    assert here.argmax_accuracy == pytest.approx(5 / 6)


def test_all_patterns_are_counted_once() -> None:
    run = run_of(Plan(task="digits"))
    here = stand(run, 500)
    classes = run.task.targets.sum(0)
    assert here.confusion.sum(1).tolist() == classes.tolist()
    assert here.confusion.diagonal().sum().item() == here.right.sum().item()


# Words.


@pytest.mark.parametrize(
    ("v_max", "fire", "words"),
    [
        ([[1.5], [0.969]], [[True], [True]], "1 of 2 right; pattern 2 misses by 0.031."),
        (
            [[0.5], [1.25]],
            [[False], [False]],
            "1 of 2 right; pattern 2 fires, 0.250 above the threshold.",
        ),
        ([[1.0], [0.5]], [[False], [False]], "pattern 1 fires, just at the threshold."),
        ([[1 - 1e-6], [0.5]], [[True], [False]], "1 of 2 right; pattern 1 misses by 1e-06."),
        ([[1 + 2e-5], [0.5]], [[False], [False]], "pattern 1 fires, 2e-05 above the threshold."),
        ([[1 - 1e-12], [0.5]], [[True], [False]], "all 2 right, pattern 1 just at the threshold."),
        ([[1.25], [0.5]], [[True], [False]], "all 2 right, pattern 1 by only 0.250."),
        ([[2, 0.5]], [[True, True]], "0 of 1 right; pattern 1: neuron 2 misses by 0.500."),
    ],
)
def test_the_worst_decision_is_told_with_its_number(
    v_max: list[list[float]], fire: list[list[bool]], words: str
) -> None:
    assert told(RUN, 0, standing(v_max, fire)).endswith(words)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (0, "Before the first presentation: "),
        (1, "After 1 presentation (epoch 1): "),
        (10, "After 10 presentations (epoch 1): "),
        (11, "After 11 presentations (epoch 2): "),
        (140, "After 140 presentations (epoch 14): all 10 right"),
    ],
)
def test_the_moment_is_told_in_presentations_and_epochs(step: int, words: str) -> None:
    assert told(RUN, step, stand(RUN, step)).startswith(words)


def test_the_end_of_a_run_is_told() -> None:
    assert ended(RUN) == "Learned: epoch 14 passed without an error, after 140 presentations."
    late = run_of(Plan(task="late", epochs=3))
    assert ended(late) == "Not learned: 3 epochs, 1 wrong in the last one."
    cancelled = train(RUN.task, cancelled=lambda: True)
    assert ended(cancelled) == "Cancelled: 1 epoch, 0 wrong in the last one."


# As an experiment.


@pytest.mark.parametrize("step", [0, 1, 8, 140])
def test_the_pattern_of_a_step_does_in_an_experiment_what_it_does_in_the_run(step: int) -> None:
    pattern = RUN.pattern[max(step - 1, 0)]
    response = respond(to_experiment(RUN, step))
    here = stand(RUN, step)
    assert response.v_max == pytest.approx(here.v_max[pattern, 0].item(), abs=1e-12)
    assert response.t_max == pytest.approx(here.t_max[pattern, 0].item(), abs=1e-6)
    assert response.fires == here.fired[pattern, 0].item()


def test_of_several_neurons_the_one_that_ought_to_fire_is_taken() -> None:
    run = run_of(Plan(task="iris", tau=20, tau_s=4, theta=1.5))
    neuron = int(np.flatnonzero(run.task.targets[run.pattern[99]])[0])
    experiment = to_experiment(run, 100)
    assert list(experiment.weights) == run.at(100)[neuron].tolist()
    assert (experiment.T, experiment.tau, experiment.tau_s, experiment.theta) == (100, 20, 4, 1.5)


def test_absent_and_late_spikes_are_left_out() -> None:
    task = Task(torch.tensor([[[-1.0, 5.0, 100.0]]]), torch.tensor([True]), 100)
    assert to_experiment(train(task), 0).spikes == ((5,),)


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (run_with([0.1] * 101), "it has 101 afferents, and Explore has room for 100"),
        (run_with([-12.5, 1]), "a weight is 12.5, and on Explore they end at 10"),
        (
            train(Task(torch.arange(51.0).view(1, 1, 51), torch.tensor([True]), 100)),
            "an afferent has 51 spikes, and Explore has room for 50",
        ),
        (
            train(Task(torch.zeros(1, 1), torch.tensor([True]), 2001)),
            "its T is not one that Explore has",
        ),
    ],
    ids=["afferents", "weight", "spikes", "T"],
)
def test_a_pattern_too_large_for_an_experiment_is_refused_with_the_reason(
    run: Run, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        to_experiment(run, 0)
