"""Two layers, through the times of hidden spikes."""

import math

import pytest
import torch

from tempotron import Task, Tempotron, tasks
from tempotron.two_layers import TwoLayerRun, train_two_layers


@pytest.fixture(scope="module")
def run() -> TwoLayerRun:
    return train_two_layers(tasks.temporal_xor(), seed=1)


def test_two_layers_learn_the_temporal_xor(run: TwoLayerRun) -> None:
    assert run.outcome == "converged"
    assert run.errors[0] > 0
    assert run.errors[-1] == 0
    assert torch.equal(run.v_max[-1] >= 1, run.task.targets)


def test_the_record_is_what_the_recorded_weights_do(run: TwoLayerRun) -> None:
    first, second = (Tempotron(2, 4, 100, psp_peak=1.0), Tempotron(4, 1, 100, psp_peak=1.0))
    for e in (0, len(run.errors) - 1):
        with torch.no_grad():
            first.double().fc.weight.copy_(run.hidden_weights[e])
            second.double().fc.weight.copy_(run.output_weights[e])
        assert torch.equal(first(run.task.spikes, "spikes"), run.hidden_spikes[e])
        # With a gradient wanted torch computes the second layer, else machine code does.
        torch.testing.assert_close(second(run.hidden_spikes[e], "v_max"), run.v_max[e])


def test_both_layers_learn(run: TwoLayerRun) -> None:
    assert (run.hidden_weights[-1] - run.hidden_weights[0]).abs().max() > 1e-3
    assert (run.output_weights[-1] - run.output_weights[0]).abs().max() > 0.01


def test_the_first_layer_can_be_left_as_drawn_or_learn_at_a_rate_of_its_own(
    run: TwoLayerRun,
) -> None:
    fixed = train_two_layers(run.task, seed=1, hidden_rate=0.0)
    assert (fixed.hidden_weights == run.hidden_weights[0]).all()
    assert fixed.outcome == "converged"
    fast = train_two_layers(run.task, seed=1, hidden_rate=1.0, epochs=2)
    same = train_two_layers(run.task, seed=1, hidden_rate=0.02)
    assert torch.equal(same.hidden_weights, run.hidden_weights)
    moved, usual = (each.hidden_weights[1] - each.hidden_weights[0] for each in (fast, run))
    torch.testing.assert_close(moved, 50 * usual)


def test_a_run_ends_at_its_limit_or_when_cancelled() -> None:
    impossible = Task(torch.tensor([[5.0], [5.0]]), torch.tensor([True, False]), 40)
    run = train_two_layers(impossible, epochs=7)
    assert (run.outcome, len(run.errors)) == ("limit", 7)
    answers = iter([False, False, True])
    cut = train_two_layers(impossible, cancelled=lambda: next(answers))
    assert (cut.outcome, len(cut.errors)) == ("cancelled", 3)
    assert torch.equal(cut.v_max, run.v_max[:3])


@pytest.mark.parametrize(
    ("name", "value"),
    [("cost", "x"), ("rate", 0.0), ("mu", 1.0), ("mu", math.nan), ("tau", -1.0), ("tau_s", 0.0),
     ("epochs", 0), ("hidden_rate", -1.0), ("hidden_rate", "1"), ("seed", -1), ("task", None)],
)  # fmt: skip
def test_impossible_settings_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{name} must"):
        train_two_layers(**{"task": tasks.temporal_xor(), name: value})  # type: ignore[arg-type]


def test_impossible_sizes_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^hidden must be a positive integer, got 0"):
        train_two_layers(tasks.temporal_xor(), hidden=0)
    with pytest.raises(ValueError, match=r"^task must have a whole number of ms, got T = 99.5"):
        train_two_layers(tasks.temporal_xor(T=99.5))
