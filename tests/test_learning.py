"""The rules against the gradients of their costs, written-out numbers and the paper's constants."""

import math
from typing import get_args

import pytest
import torch
from torch import Tensor

from tempotron import credit, find_peak, psp, psp_power
from tempotron.learning import (
    REASONS,
    RULES,
    Cost,
    argmax_accuracy,
    firing_accuracy,
    learning_rate,
    linear_cost,
    paper_rate,
    squared_cost,
    update,
)

TAU, TAU_S, T = 15.0, 3.75, 100.0


def layer(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draw weights [3, 8], spikes [20, 8, 2] and targets [20, 3]."""
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(3, 8, generator=generator, dtype=torch.float64)
    spikes = torch.rand(20, 8, 2, generator=generator, dtype=torch.float64) * T
    return weights, spikes, torch.rand(20, 3, generator=generator) < 0.5


@pytest.mark.parametrize("cost", get_args(Cost))
def test_the_update_goes_down_the_gradient_of_its_cost(cost: Cost) -> None:
    weights, spikes, fire = layer(1)
    peak = find_peak(weights.requires_grad_(), spikes, T, TAU, TAU_S)
    {"linear": linear_cost, "squared": squared_cost}[cost](peak.v_max, fire).backward()
    shares = credit(spikes, peak.t_max, TAU, TAU_S)
    step = update(shares, peak.v_max.detach(), fire, rate=0.25, cost=cost)
    assert weights.grad is not None
    assert weights.grad.abs().max() > 0.1
    torch.testing.assert_close(step.mean(0), -0.25 * weights.grad, rtol=0, atol=1e-14)


def test_a_right_decision_changes_nothing_and_costs_nothing() -> None:
    v_max, fire = torch.tensor([[1.5, 0.5]]), torch.tensor([[True, False]])
    assert not update(torch.ones(1, 2, 4), v_max, fire, 0.1).any()
    assert linear_cost(v_max, fire) == squared_cost(v_max, fire) == 0


def test_a_miss_pulls_up_and_a_false_alarm_pushes_down() -> None:
    shares = torch.tensor([[[0.5, 1.0]], [[0.5, 1.0]]])
    v_max, fire = torch.tensor([[0.2], [1.4]]), torch.tensor([[True], [False]])
    expected = torch.tensor([[[0.05, 0.1]], [[-0.05, -0.1]]])
    torch.testing.assert_close(update(shares, v_max, fire, 0.1), expected)
    # Twice the rate, times .8 missing and .4 too much.
    expected = torch.tensor([[[0.08, 0.16]], [[-0.04, -0.08]]])
    torch.testing.assert_close(update(shares, v_max, fire, 0.1, cost="squared"), expected)


def test_reflect_at_rate_1_carries_the_own_peak_to_the_threshold() -> None:
    weights, spikes, fire = layer(2)
    peak = find_peak(weights, spikes, T, TAU, TAU_S)
    shares = credit(spikes, peak.t_max, TAU, TAU_S)
    step = update(shares, peak.v_max, fire, 1.0, "reflect")
    wrong = ((peak.v_max >= 1) != fire) & (shares.square().sum(-1) >= 1)
    moved = peak.v_max + (step * shares).sum(-1)
    assert wrong.sum() > 10
    torch.testing.assert_close(moved[wrong], torch.ones(int(wrong.sum())).double())


def test_reflect_is_short_where_there_is_hardly_any_credit() -> None:
    step = update(torch.tensor([[[0.01]]]), torch.tensor([[0.0]]), torch.tensor([[True]]), 1,
                  "reflect")  # fmt: skip
    assert step.item() == pytest.approx(0.01)


def test_in_the_dead_zone_no_rule_moves_anything() -> None:
    for rule in RULES:
        step = update(torch.zeros(1, 1, 3), torch.zeros(1, 1), torch.ones(1, 1) > 0, 0.1, rule)
        assert torch.equal(step, torch.zeros(1, 1, 3))


def test_every_reason_for_no_change_has_its_words() -> None:
    assert REASONS[0] == ""
    assert len(set(REASONS)) == len(REASONS) == 4


@pytest.mark.parametrize(("tau", "tau_s"), [(15, 3.75), (3.75, 15), (10, 10), (20, 19.9)])
def test_the_power_of_a_potential_is_the_integral_of_its_square(tau: float, tau_s: float) -> None:
    delays = torch.arange(0, 1000, 0.01, dtype=torch.float64)
    power = torch.trapezoid(psp(delays, tau, tau_s).square(), delays).item()
    assert psp_power(tau, tau_s) == pytest.approx(power, rel=1e-6)


def test_the_power_agrees_with_its_formula_in_v0() -> None:
    expected = 2.116535**2 * (7.5 + 1.875 - 2 * 15 * 3.75 / 18.75)
    assert psp_power(15, 3.75) == pytest.approx(expected, rel=1e-5)


def test_eta_is_the_mean_change_of_the_own_peak_of_random_patterns() -> None:
    generator = torch.Generator().manual_seed(3)
    spikes = torch.rand(400, 500, 1, generator=generator, dtype=torch.float64) * 500
    weights = torch.randn(1, 500, generator=generator, dtype=torch.float64) * 0.01
    peak = find_peak(weights, spikes, 500, TAU, TAU_S)
    power = credit(spikes, peak.t_max, TAU, TAU_S).square().sum(-1).mean().item()
    change = learning_rate(0.05, 500, 500, TAU, TAU_S) * power
    # A peak sits where spikes crowd, hence a little more than expected.
    assert 0.04 < change < 0.07


def test_the_papers_rate_is_that_of_the_paper() -> None:
    assert paper_rate(500, 500, 15, 3.75) == pytest.approx(3e-3 / 15 / 2.116535, rel=1e-6)
    with pytest.raises(ValueError, match=r"^tau_s must differ from tau .*got 15"):
        paper_rate(500, 500, 15, 15)


def test_accuracies_count_exact_decisions_and_the_highest_voltage() -> None:
    fire = torch.tensor([[True, False], [True, False], [False, True], [False, True]])
    v_max = torch.tensor([[1.2, 0.3], [1.3, 1.1], [0.2, 0.4], [1.1, 0.9]])
    assert firing_accuracy(v_max, fire) == 0.25
    assert argmax_accuracy(v_max, fire) == 0.75


V, F = torch.zeros(2, 1), torch.ones(2, 1) > 0


@pytest.mark.parametrize(
    ("message", "call"),
    [
        (r"v_max must be floats \[B, O\]", lambda: linear_cost(torch.zeros(2), F)),
        (r"v_max must be floats", lambda: linear_cost(V.int(), F)),
        (r"v_max must be finite, got nan", lambda: squared_cost(V * math.nan, F)),
        (r"fire must be bool \[2, 1\], got torch.float32", lambda: linear_cost(V, V)),
        (r"fire must be bool \[2, 1\].*\[1, 2\]", lambda: linear_cost(V, F.T)),
        (r"theta must be positive and finite, got -1", lambda: linear_cost(V, F, -1.0)),
        (r"credit must be", lambda: update(torch.zeros(2, 4), V, F, 0.1)),
        (r"rate must be positive and finite, got 0", lambda: update(V[..., None], V, F, 0)),
        (r"rule must be one of paper, reflect, got 'x'",
         lambda: update(V[..., None], V, F, 1, "x")),  # type: ignore[arg-type]
        (r"cost must be one of linear, squared, got 'x'",
         lambda: update(V[..., None], V, F, 1, cost="x")),  # type: ignore[arg-type]
        (r"eta must be positive and finite, got 0", lambda: learning_rate(0, 5, 9, 15, 3)),
        (r"spikes must be finite and not negative, got -1",
         lambda: learning_rate(0.1, -1, 9, 15, 3)),
        (r"afferents must be positive", lambda: paper_rate(0, 500, 15, 3)),
        (r"fire must be one-hot, got a row with 0", lambda: argmax_accuracy(V, ~F)),
        (r"v_max must be floats", lambda: firing_accuracy(V[:0], F[:0])),
    ],
)  # fmt: skip
def test_impossible_input_is_refused_by_name(message: str, call: object) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
