"""The kernel against the paper's constants, its written-out formula and its limits."""

import math

import pytest
import torch

from tempotron import psp, psp_area, psp_half_width, psp_peak_time

DELAYS = torch.linspace(-20, 300, 641, dtype=torch.float64)


def difference_of_exponentials(elapsed: torch.Tensor, tau: float, tau_s: float) -> torch.Tensor:
    delay = elapsed.clamp(min=0)
    s_peak = tau * tau_s / (tau - tau_s) * math.log(tau / tau_s)
    v0 = 1 / (math.exp(-s_peak / tau) - math.exp(-s_peak / tau_s))
    return v0 * (torch.exp(-delay / tau) - torch.exp(-delay / tau_s))


@pytest.mark.parametrize(("tau", "tau_s"), [(15, 3.75), (3.75, 15), (60, 1), (10, 9.5)])
def test_a_potential_is_a_scaled_difference_of_exponentials(tau: float, tau_s: float) -> None:
    expected = difference_of_exponentials(DELAYS, tau, tau_s)
    torch.testing.assert_close(psp(DELAYS, tau, tau_s), expected, rtol=1e-12, atol=1e-13)


def test_a_potential_has_the_constants_of_the_paper() -> None:
    assert psp_peak_time(15, 3.75) == pytest.approx(6.93147, abs=1e-5)
    assert psp_half_width(15, 3.75) == pytest.approx(19.92, abs=0.005)
    assert psp_area(15, 3.75) == pytest.approx(23.81, abs=0.005)
    assert psp(torch.tensor([15.0, 30.0, 60.0]), 15, 3.75).tolist() == pytest.approx(
        [0.740, 0.286, 0.039], abs=5e-4
    )


def test_a_potential_falls_below_a_twentieth_after_56_ms() -> None:
    before, after = psp(torch.tensor([56.1, 56.3]), 15, 3.75)
    assert before > 0.05 > after


def test_the_synaptic_time_constant_sets_time_and_width_of_the_peak() -> None:
    assert psp_peak_time(15, 1) == pytest.approx(2.90, abs=0.005)
    assert psp_half_width(15, 1) == pytest.approx(13.8, abs=0.05)
    assert psp_peak_time(15, 7.5) == pytest.approx(10.4, abs=0.005)
    assert psp_half_width(15, 7.5) == pytest.approx(26.4, abs=0.05)


@pytest.mark.parametrize("tau_s", [1e-6, 0.1, 3.75, 15 - 1e-9, 15, 15 + 1e-9, 400])
def test_the_peak_of_a_potential_is_one(tau_s: float) -> None:
    peak_time = torch.tensor(psp_peak_time(15, tau_s), dtype=torch.float64)
    assert psp(peak_time, 15, tau_s).item() == pytest.approx(1, abs=1e-15)
    assert psp(DELAYS, 15, tau_s).max() <= 1 + 1e-15


def test_half_width_is_measured_at_half_height() -> None:
    step = 1e-3
    delays = torch.arange(0, 200, step, dtype=torch.float64)
    width = step * (psp(delays, 15, 3.75) >= 0.5).sum().item()
    assert psp_half_width(15, 3.75) == pytest.approx(width, abs=2 * step)


def test_area_is_the_integral_of_the_potential() -> None:
    delays = torch.arange(0, 1000, 1e-2, dtype=torch.float64)
    area = torch.trapezoid(psp(delays, 15, 3.75), delays).item()
    assert psp_area(15, 3.75) == pytest.approx(area, rel=1e-6)


def test_equal_time_constants_give_the_alpha_function() -> None:
    delay = DELAYS.clamp(min=0)
    torch.testing.assert_close(psp(DELAYS, 10, 10), delay / 10 * torch.exp(1 - delay / 10))
    assert psp_peak_time(10, 10) == 10


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9, 1e-12])
def test_nearly_equal_time_constants_lose_no_digits(gap: float) -> None:
    # To first order in the gap only the mean time constant matters.
    mean = 10 + gap / 2
    expected = psp(DELAYS, mean, mean)
    torch.testing.assert_close(psp(DELAYS, 10, 10 + gap), expected, rtol=0, atol=gap**2 + 1e-14)


def test_the_two_time_constants_may_change_places() -> None:
    assert torch.equal(psp(DELAYS, 15, 3.75), psp(DELAYS, 3.75, 15))
    assert psp_half_width(15, 3.75) == psp_half_width(3.75, 15)


def test_nothing_happens_before_the_spike() -> None:
    before = torch.tensor([-math.inf, -1e6, -1e-9, 0.0])
    assert torch.equal(psp(before, 15, 3.75), torch.zeros(4))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("tau_s", [0.01, 3.75, 15])
def test_long_delays_neither_overflow_nor_become_nan(dtype: torch.dtype, tau_s: float) -> None:
    far = torch.tensor([-1e5, 1e5, math.inf], dtype=dtype)
    assert torch.equal(psp(far, 15, tau_s), torch.zeros(3, dtype=dtype))


def test_a_potential_keeps_shape_and_dtype_of_its_delays() -> None:
    assert psp(torch.zeros(2, 3, dtype=torch.float32), 15, 3.75).shape == (2, 3)
    assert psp(torch.zeros(1, dtype=torch.float32), 15, 15).dtype == torch.float32
    assert psp(torch.ones(1, dtype=torch.int64), 15, 3.75).dtype == torch.get_default_dtype()


def test_time_constants_may_be_tensors() -> None:
    together = psp(torch.tensor([7.0]), torch.tensor([[15.0], [30.0]]), 5.0)
    apart = [psp(torch.tensor([7.0]), tau, 5.0) for tau in (15.0, 30.0)]
    assert torch.equal(together, torch.stack(apart))


def test_the_slope_of_a_potential_is_right() -> None:
    delays = torch.tensor([0.5, 7.0, 80.0], dtype=torch.float64, requires_grad=True)
    for tau_s in (3.75, 15.0):
        torch.autograd.gradcheck(lambda s, tau_s=tau_s: psp(s, 15.0, tau_s), delays)


@pytest.mark.parametrize("value", [-3.0, 0.0, math.inf, math.nan])
def test_impossible_time_constants_are_refused_by_name(value: float) -> None:
    message = f"must be positive and finite, got {value}"
    with pytest.raises(ValueError, match=f"^tau {message}"):
        psp(DELAYS, value, 3.75)
    with pytest.raises(ValueError, match=f"^tau_s {message}"):
        psp_area(15, value)
