"""Several output spikes: their times, the staircase of thresholds, and what moves a riser."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from tempotron import credit, find_peak, psp
from tempotron.dashboard.state.experiment import Experiment
from tempotron.multispike import count_update, critical_threshold, spike_times
from tests.staircases import CONSTANTS, Case, central_differences, random_case

V1: dict[str, Any] = {"T": 100.0, "tau": 20.0, "tau_s": 5.0}
SPIKES = torch.tensor([[10, 30, 60], [14, 33, 64], [20, 50, -1]], dtype=torch.float64)
WEIGHTS = torch.tensor([0.8, 0.6, -0.4], dtype=torch.float64)


def test_spikes_fall_where_the_vector_says() -> None:
    found = spike_times(WEIGHTS, SPIKES, theta=1, **V1)
    expected = [15.7339859554, 34.169884799, 65.7088895487]
    assert found.tolist() == pytest.approx(expected, rel=0, abs=6e-11)


@pytest.mark.parametrize(
    ("k", "theta"),
    [(1, 1.7988635725), (2, 1.3675342351), (3, 1.2628493888), (4, 0.9142853594),
     (5, 0.7707288373)],
)  # fmt: skip
def test_risers_stand_where_the_vector_says(k: int, theta: float) -> None:
    assert critical_threshold(WEIGHTS, SPIKES, k, **V1).theta == pytest.approx(theta, rel=1e-9)


@pytest.mark.parametrize(
    ("k", "time", "earlier", "gradient"),
    [
        (2, 71.35278897, [34.0137984328], [1.1769477992, 1.2119610499, 0.7530015854]),
        (4, 42.84171962, [15.2528134141, 33.5997572104],
         [0.7473328033, 0.7676677719, 0.3604538672]),
    ],
)  # fmt: skip
def test_a_riser_is_grazed_where_and_moved_by_whom_the_vector_says(
    k: int, time: float, earlier: list[float], gradient: list[float]
) -> None:
    critical = critical_threshold(WEIGHTS, SPIKES, k, **V1)
    assert critical.time == pytest.approx(time, rel=0, abs=6e-9)
    assert critical.gradient.tolist() == pytest.approx(gradient, rel=1e-9)
    before = spike_times(WEIGHTS, SPIKES, theta=critical.theta + 1e-13, **V1)
    assert before[before < time].tolist() == pytest.approx(earlier, rel=0, abs=6e-11)


def test_the_risers_of_the_default_experiment_are_known() -> None:
    shown = Experiment()
    room = max(map(len, shown.spikes))
    rows = [[*row, *[-1.0] * (room - len(row))] for row in shown.spikes]
    spikes = torch.tensor(rows, dtype=torch.float64)
    weights = torch.tensor(shown.weights, dtype=torch.float64)
    expected = [
        0.9300239163, 0.8059068395, 0.5892898857, 0.4829188782, 0.4445519679, 0.3542537777,
    ]  # fmt: skip
    found = [
        critical_threshold(weights, spikes, k, T=shown.T, tau=15, tau_s=3.75).theta
        for k in range(1, 7)
    ]
    assert found == pytest.approx(expected, rel=1e-9)


def voltage(case: Case, fired: Tensor, theta: float, times: Tensor) -> Tensor:
    """Add up all potentials and all resets at some times, as the equation has it."""
    elapsed = times - case.spikes.where(case.spikes < case.T, torch.inf)[..., None]  # [N, S, G]
    heard = psp(elapsed.where(case.spikes[..., None] >= 0, -1.0), case.tau, case.tau_s)
    since = times - fired[:, None]  # [n, G]
    resets = torch.exp(-since / case.tau).where(since > 0, 0.0)
    return case.weights @ heard.sum(1) - theta * resets.sum(0)


@pytest.mark.parametrize("seed", range(20))
def test_the_voltage_is_at_the_threshold_at_output_spikes_and_below_it_between_them(
    seed: int,
) -> None:
    case, theta = random_case(seed), 0.3
    fired = spike_times(case.weights, case.spikes, theta=theta, **case.setting)
    levels = voltage(case, fired, theta, fired)
    torch.testing.assert_close(levels, torch.full_like(fired, theta), rtol=0, atol=1e-11)
    grid = torch.linspace(0, case.T, 20_001, dtype=torch.float64)
    between = ((grid - fired[:, None]).abs() > 1e-6).all(0)
    assert (voltage(case, fired, theta, grid)[between] < theta + 1e-9).all()


def test_the_reset_after_a_lone_input_is_as_worked_out_step_by_step() -> None:
    # With tau = 2 tau_s, w = 2 and x = exp(-t / tau) the voltage is 8 (x - x^2): 1.5 at x = 3/4.
    setting: dict[str, Any] = {"T": 100.0, "tau": 10.0, "tau_s": 5.0}
    weights, spikes = torch.tensor([2.0]).double(), torch.tensor([[20.0]]).double()
    found = spike_times(weights, spikes, theta=1.5, **setting)
    assert found.tolist() == pytest.approx([20 - 10 * math.log(3 / 4)], abs=1e-12)
    # After a spike at x it is (8 - theta / x) y - 8 y^2, highest at y = (8 - theta / x) / 16.
    theta = critical_threshold(weights, spikes, 2, **setting).theta
    y = (8 - theta / (0.5 + math.sqrt(0.25 - theta / 8))) / 16
    assert theta == pytest.approx(8 * y**2, rel=1e-12)
    time = critical_threshold(weights, spikes, 2, **setting).time
    assert time == pytest.approx(20 - 10 * math.log(y), abs=1e-10)


@pytest.mark.parametrize("seed", range(50))
def test_with_one_spike_wanted_it_is_the_tempotrons_peak_and_credit_to_the_last_digit(
    seed: int,
) -> None:
    case = random_case(seed)
    peak = find_peak(case.weights[None], case.spikes[None], case.T, case.tau, case.tau_s)
    critical = critical_threshold(case.weights, case.spikes, 1, **case.setting)
    assert (critical.theta, critical.time) == (peak.v_max.item(), peak.t_max.item())
    shares = credit(case.spikes[None], peak.t_max, case.tau, case.tau_s)[0, 0]
    assert torch.equal(critical.gradient, shares)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_the_surface_is_a_staircase_of_single_steps_with_the_gradient_of_its_risers(
    seed: int,
) -> None:
    case = random_case(seed)
    risers = [critical_threshold(case.weights, case.spikes, k, **case.setting) for k in range(1, 5)]
    heights = [riser.theta for riser in risers]
    assert heights == sorted(heights, reverse=True)
    for k, riser in enumerate(risers, 1):
        assert case.count(riser.theta * (1 + 1e-11)) == k - 1
        assert case.count(riser.theta * (1 - 1e-11)) == k
        expected = central_differences(case, k)
        torch.testing.assert_close(riser.gradient, expected, rtol=1e-6, atol=1e-6)


def test_the_reset_is_in_the_gradient() -> None:
    critical = critical_threshold(WEIGHTS, SPIKES, 2, **V1)
    shares = credit(SPIKES[None], torch.tensor([[critical.time]]).double(), 20, 5)[0, 0]
    assert not torch.allclose(critical.gradient, shares, rtol=1e-2)


def test_a_riser_may_be_held_by_an_inhibitory_spike() -> None:
    weights = torch.tensor([2.0, 1.8, -1.0]).double()
    spikes = torch.tensor([[10.0], [40.0], [46.0]]).double()
    case = Case(weights, spikes, 100.0, 20.0, 5.0)
    critical = critical_threshold(weights, spikes, 2, **case.setting)
    assert critical.time == 46.0
    torch.testing.assert_close(critical.gradient, central_differences(case, 2), rtol=1e-6, atol=0)


@pytest.mark.parametrize(("tau", "tau_s"), CONSTANTS)
def test_spikes_that_never_come_or_come_too_late_change_nothing(tau: float, tau_s: float) -> None:
    setting: dict[str, Any] = {"T": 100.0, "tau": tau, "tau_s": tau_s}
    more = torch.cat([SPIKES, torch.tensor([[-3.0], [100.0], [250.0]])], 1)
    plain, padded = (spike_times(WEIGHTS, rows, theta=0.5, **setting) for rows in (SPIKES, more))
    assert len(plain) > 2
    assert torch.equal(plain, padded)
    one, other = (critical_threshold(WEIGHTS, rows, 3, **setting) for rows in (SPIKES, more))
    assert (one.theta, one.time) == (other.theta, other.time)
    torch.testing.assert_close(one.gradient, other.gradient, rtol=1e-12, atol=0)


def test_a_silent_neuron_has_no_spikes_and_no_critical_threshold() -> None:
    for weights, spikes in ((-WEIGHTS[:2], SPIKES[:2]), (WEIGHTS, torch.full((3, 1), -1.0))):
        assert spike_times(weights, spikes, theta=1, **V1).tolist() == []
        with pytest.raises(ValueError, match=r"^weights must raise the voltage above 0"):
            critical_threshold(weights, spikes, 1, **V1)
        assert not count_update(weights, spikes, 2, 0.1, theta=1, **V1).any()


def test_time_constants_do_not_change_places() -> None:
    for tau, tau_s in ((5.0, 20.0), (5.0, 5.0)):
        with pytest.raises(ValueError, match=r"^tau_s must be below tau.* the reset decays with"):
            spike_times(WEIGHTS, SPIKES, T=100, tau=tau, tau_s=tau_s, theta=1)
        with pytest.raises(ValueError, match=r"^tau_s must be below tau"):
            critical_threshold(WEIGHTS, SPIKES, 2, T=100, tau=tau, tau_s=tau_s)


def test_close_time_constants_lose_no_digits() -> None:
    times = [
        spike_times(WEIGHTS, SPIKES, T=100, tau=10, tau_s=10 - gap, theta=0.5)
        for gap in (1e-6, 1e-10)
    ]
    torch.testing.assert_close(*times, rtol=1e-6, atol=0)


def test_an_update_moves_one_riser_across_the_threshold() -> None:
    for wanted, k, sign in ((4, 4, 1), (2, 3, -1)):
        before = critical_threshold(WEIGHTS, SPIKES, k, **V1)
        change = count_update(WEIGHTS, SPIKES, wanted, 0.1, theta=1, **V1)
        torch.testing.assert_close(change, sign * 0.1 * before.gradient)
        after = critical_threshold(WEIGHTS + change, SPIKES, k, **V1)
        assert sign * (after.theta - before.theta) > 0
    assert not count_update(WEIGHTS, SPIKES, 3, 0.1, theta=1, **V1).any()


def test_single_precision_comes_back_as_such() -> None:
    weights, spikes = WEIGHTS.float(), SPIKES.float()
    assert spike_times(weights, spikes, theta=1, **V1).dtype == torch.float32
    assert critical_threshold(weights, spikes, 2, **V1).gradient.dtype == torch.float32


@pytest.mark.parametrize(
    ("message", "changes"),
    [
        ("weights must be floats", {"weights": WEIGHTS[None]}),
        ("weights must be finite, got nan", {"weights": WEIGHTS * math.nan}),
        (r"spikes must be \[3, S\], got \[2, 3\]", {"spikes": SPIKES[:2]}),
        ("spikes must be finite", {"spikes": SPIKES * math.inf}),
        ("T must be positive", {"T": 0.0}),
        ("tau must be positive", {"tau": -1.0}),
        ("tau_s must be positive", {"tau_s": math.nan}),
        ("theta must be positive", {"theta": 0.0}),
        ("theta must leave at most 100,000 output spikes, got 1e-06", {"theta": 1e-6}),
    ],
)
def test_impossible_input_is_refused_by_name(message: str, changes: dict[str, Any]) -> None:
    given = {"weights": WEIGHTS, "spikes": SPIKES, "theta": 1.0, **V1, **changes}
    with pytest.raises(ValueError, match=f"^{message}"):
        spike_times(**given)


def test_only_whole_numbers_of_spikes_are_asked_for() -> None:
    for k in (0, 1.5, True):
        with pytest.raises(ValueError, match=r"^k must be a positive integer"):
            critical_threshold(WEIGHTS, SPIKES, k, **V1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^wanted must be an integer from 0, got -1"):
        count_update(WEIGHTS, SPIKES, -1, 0.1, theta=1, **V1)
