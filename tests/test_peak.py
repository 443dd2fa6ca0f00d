"""The exact peak against brute force, written-out numbers and automatic differentiation."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tempotron import Peak, credit, find_peak, first_crossing, psp, voltage

TAU, TAU_S = 15.0, 3.75
T = 100.0


def floats(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def peak_of(weights: list[float], times: list[float], tau: float = TAU) -> Peak:
    """Find the peak of one spike per afferent within 200 ms."""
    return find_peak(floats([weights]), floats([times])[..., None], 200, tau, tau / 4)


def direct_potentials(spikes: Tensor, times: Tensor, tau: Tensor, tau_s: Tensor) -> Tensor:
    """Sum the potentials of each afferent [B, N, G], from spikes [B, N, S] at times [B, G]."""
    tau, tau_s = tau[:, None, None], tau_s[:, None, None]  # [B, 1, 1]
    apart = torch.where(tau == tau_s, 2 * tau, tau)
    s_peak = apart * tau_s / (apart - tau_s) * torch.log(apart / tau_s)
    v0 = 1 / (torch.exp(-s_peak / apart) - torch.exp(-s_peak / tau_s))
    total = torch.zeros(())
    for onsets in spikes.split(1, dim=2):
        lag = (times[:, None] - onsets).clamp(min=0)  # [B, N, G]
        rise = torch.exp(-lag / tau_s)
        separate = v0 * (torch.exp(-lag / apart) - rise)
        potential = torch.where(tau == tau_s, math.e * lag / tau_s * rise, separate)
        total = total + potential * (onsets >= 0)
    return total


def random_patterns(count: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draw spikes [B, 5, 2] and both time constants [B], all kinds mixed."""
    generator = torch.Generator().manual_seed(seed)
    spikes = torch.rand(count, 5, 2, generator=generator, dtype=torch.float64) * 1.1 * T
    spikes[::3] = spikes[::3].round(decimals=-1)  # coincident, or exactly at 0 or T
    spikes[torch.rand(spikes.shape, generator=generator) < 0.3] = -1
    tau = torch.exp(torch.rand(count, generator=generator, dtype=torch.float64) * 5)
    ratio = torch.exp(torch.randn(count, generator=generator, dtype=torch.float64))
    ratio[::4] = 1  # equal time constants; elsewhere either may be the larger
    return spikes, tau, tau * ratio


def random_weights(outputs: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(outputs, 5, generator=generator, dtype=torch.float64)


def brute_force(weights: Tensor, spikes: Tensor, tau: Tensor, tau_s: Tensor) -> Tensor:
    """Maximise the direct sum [B, O] over a fine grid and the event times."""
    maxima = []
    for parts in zip(*(part.split(500) for part in (spikes, tau, tau_s)), strict=True):
        grid = torch.linspace(0, T, 300, dtype=torch.float64).expand(len(parts[0]), -1)
        times = torch.cat([grid, parts[0].flatten(1).clamp(0, T)], dim=1)
        maxima.append((weights @ direct_potentials(parts[0], times, *parts[1:])).amax(-1))
    return torch.cat(maxima)


@pytest.fixture(scope="module")
def hundred_thousand() -> tuple[Tensor, tuple[Tensor, Tensor, Tensor], Tensor]:
    """10 000 spike patterns seen by 10 neurons: weights, patterns and their true maxima."""
    weights, patterns = random_weights(10, seed=1), random_patterns(10_000, seed=2)
    return weights, patterns, brute_force(weights, *patterns)


HundredThousand = tuple[Tensor, tuple[Tensor, Tensor, Tensor], Tensor]


@pytest.mark.parametrize(("dtype", "slack"), [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_no_point_of_100_000_patterns_lies_above_the_peak(
    hundred_thousand: HundredThousand, dtype: torch.dtype, slack: float
) -> None:
    weights, (spikes, tau, tau_s), highest = hundred_thousand
    peak = find_peak(weights.to(dtype), spikes, T, tau, tau_s)
    assert peak.v_max.dtype == peak.t_max.dtype == dtype
    assert (highest - peak.v_max).max() <= slack


def test_the_voltage_at_t_max_is_v_max(hundred_thousand: HundredThousand) -> None:
    weights, (spikes, tau, tau_s), _ = hundred_thousand
    peak = find_peak(weights, spikes, T, tau, tau_s)
    potentials = direct_potentials(spikes, peak.t_max, tau, tau_s)  # [B, N, O]
    attained = (weights.T * potentials).sum(1)
    # The written-out kernel cancels where the time constants nearly agree: 1e-10 is its own error.
    torch.testing.assert_close(attained, peak.v_max, rtol=0, atol=1e-9)
    assert ((peak.t_max >= 0) & (peak.t_max <= T)).all()


def test_the_first_crossing_is_where_the_voltage_first_reaches_the_threshold(
    hundred_thousand: HundredThousand,
) -> None:
    weights, (spikes, tau, tau_s), _ = hundred_thousand
    peak = find_peak(weights, spikes, T, tau, tau_s)
    crossing = first_crossing(weights, spikes, T, tau, tau_s, 1.0)
    fires = peak.v_max >= 1
    assert torch.equal(crossing >= 0, fires)
    assert torch.equal(crossing[~fires], torch.full_like(crossing[~fires], -1))
    assert (crossing <= peak.t_max)[fires].all()
    at = crossing.clamp(min=0)
    level = (weights.T * direct_potentials(spikes, at, tau, tau_s)).sum(1)
    assert (level[fires] - 1).abs().max() < 1.1e-9


def test_the_voltage_stays_below_the_threshold_until_the_first_crossing() -> None:
    weights, (spikes, tau, tau_s) = random_weights(10, seed=5), random_patterns(100, seed=6)
    crossing = first_crossing(weights, spikes, T, tau, tau_s, 1.0)[..., None]
    grid = torch.linspace(0, T, 1000, dtype=torch.float64).expand(100, -1)
    level = weights @ direct_potentials(spikes, grid, tau, tau_s)  # [B, O, G]
    early = (crossing < 0) | (grid[:, None] < crossing)
    assert level[early].max() < 1


@pytest.mark.parametrize("tau_s", [3.75, 15.0, 40.0])
def test_the_voltage_is_the_sum_of_all_potentials(tau_s: float) -> None:
    weights, (spikes, _, _) = random_weights(3, seed=3), random_patterns(40, seed=4)
    times = torch.linspace(-5, 1.5 * T, 400, dtype=torch.float64)
    taus = torch.full((2, 40), TAU, dtype=torch.float64)
    taus[1] = tau_s
    expected = weights @ direct_potentials(spikes, times.expand(40, -1), *taus)
    actual = voltage(weights, spikes, times, TAU, tau_s)
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)


def test_times_of_the_voltage_may_come_in_any_order() -> None:
    weights, (spikes, _, _) = random_weights(2, seed=3), random_patterns(5, seed=4)
    forward = voltage(weights, spikes, torch.arange(50), TAU, TAU_S)
    backward = voltage(weights, spikes, torch.arange(50).flip(0), TAU, TAU_S)
    assert torch.equal(forward, backward.flip(-1))


def test_the_peak_at_a_kink_is_the_inhibitory_spike_itself() -> None:
    peak = peak_of([2, -1], [10.397, 16.479])
    assert peak.v_max.item() == pytest.approx(1.986, abs=5e-4)
    assert peak.t_max.item() == 16.479


def test_a_lone_spike_peaks_at_its_weight() -> None:
    peak = peak_of([3], [5])
    assert peak.v_max.item() == pytest.approx(3, abs=1e-14)
    assert peak.t_max.item() == pytest.approx(5 + 6.931472, abs=1e-6)


def test_a_rise_that_the_pattern_cuts_off_peaks_at_its_end() -> None:
    peak = find_peak(floats([[1.0]]), floats([[[95.0]]]), T, TAU, TAU_S)
    assert peak.t_max.item() == T
    assert peak.v_max.item() == psp(floats(5.0), TAU, TAU_S).item()


def test_a_spike_at_or_after_the_end_comes_too_late_to_matter() -> None:
    weights, late = floats([[1.0, 5.0, -5.0]]), floats([[[20.0], [T], [T + 1]]])
    alone = floats([[[20.0], [-1.0], [-1.0]]])
    assert find_peak(weights, late, T, TAU, TAU_S) == find_peak(weights, alone, T, TAU, TAU_S)


def test_of_equal_peaks_the_earliest_counts() -> None:
    spikes = floats([[[50.0, 20_050.0, 40_050.0]]])
    peak = find_peak(floats([[1.0]]), spikes, 1e5, TAU, TAU_S)
    assert peak.t_max.item() == pytest.approx(56.931472, abs=1e-6)


def test_coincident_spikes_act_as_one() -> None:
    together = peak_of([0.5, 0.75, -0.25], [30, 30, 30])
    assert together.v_max.item() == pytest.approx(1, abs=1e-15)
    assert together.t_max.item() == pytest.approx(peak_of([1], [30]).t_max.item(), abs=1e-12)


@pytest.mark.parametrize(
    ("weights", "times"),
    [([1.0, 1.0], [-1.0, -1.0]), ([-1.0, -2.0], [3.0, 9.0]), ([1.0, -1.0], [30.0, 30.0])],
    ids=["no spikes", "all inhibitory", "cancelled"],
)
def test_where_no_voltage_is_positive_the_peak_is_the_rest_at_time_0(
    weights: list[float], times: list[float]
) -> None:
    learnable = floats([weights]).requires_grad_()
    spikes = floats([times])[..., None]
    peak = find_peak(learnable, spikes, T, TAU, TAU_S)
    assert peak.v_max.tolist() == peak.t_max.tolist() == [[0]]
    assert first_crossing(learnable, spikes, T, TAU, TAU_S, 1.0).tolist() == [[-1]]
    peak.v_max.sum().backward()
    assert learnable.grad is not None
    assert not learnable.grad.any()


def test_a_pattern_without_room_for_spikes_stays_at_rest() -> None:
    weights, nothing = floats([[1.0, 2.0]]), torch.empty(3, 2, 0)
    assert find_peak(weights, nothing, T, TAU, TAU_S).v_max.tolist() == [[0]] * 3
    assert not voltage(weights, nothing, torch.arange(5), TAU, TAU_S).any()


def test_recovery_from_strong_inhibition_still_finds_the_late_peak() -> None:
    # At the second spike V is so negative that the rise lasts far beyond a lone potential's.
    peak = peak_of([-3, 3.5], [10, 30])
    times = torch.linspace(0, 200, 200_001, dtype=torch.float64)
    level = voltage(floats([[-3, 3.5]]), floats([[[10.0], [30.0]]]), times, TAU, TAU_S)
    assert peak.v_max.item() == pytest.approx(level.max().item(), abs=1e-8)
    assert peak.t_max.item() == pytest.approx(times[level.argmax()].item(), abs=2e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("tau_s", [0.05, 3.75, 15.0, 60.0])
def test_the_longest_patterns_have_no_nan(dtype: torch.dtype, tau_s: float) -> None:
    generator = torch.Generator().manual_seed(7)
    weights = torch.randn(3, 20, generator=generator).to(dtype).requires_grad_()
    spikes = torch.rand(4, 20, 3, generator=generator) * 1e5
    peak = find_peak(weights, spikes, 1e5, TAU, tau_s)
    level = voltage(weights, spikes, torch.linspace(0, 1e5, 1000), TAU, tau_s)
    assert peak.v_max.isfinite().all()
    assert level.isfinite().all()
    (peak.v_max.sum() + level.sum()).backward()
    assert weights.grad is not None
    assert weights.grad.isfinite().all()


def test_one_call_answers_for_a_time_constant_of_each_pattern() -> None:
    weights, (spikes, tau, tau_s) = random_weights(2, seed=8), random_patterns(20, seed=9)
    together = find_peak(weights, spikes, T, tau, tau_s)
    for b in range(20):
        alone = find_peak(weights, spikes[[b]], T, tau[b].item(), tau_s[b].item())
        assert torch.equal(together.v_max[[b]], alone.v_max)
        assert torch.equal(together.t_max[[b]], alone.t_max)


def test_the_gradient_of_the_peak_is_the_credit_of_each_afferent() -> None:
    weights, (spikes, _, _) = random_weights(1, seed=10), random_patterns(1, seed=11)
    spikes = spikes.where(spikes < T, -1)
    peak = find_peak(weights.requires_grad_(), spikes, T, TAU, TAU_S)
    peak.v_max.sum().backward()
    lag = peak.t_max - spikes[0]
    expected = (psp(lag, TAU, TAU_S) * (spikes[0] >= 0)).sum(1)
    assert not peak.t_max.requires_grad
    torch.testing.assert_close(weights.grad, expected[None], rtol=0, atol=1e-15)
    torch.testing.assert_close(credit(spikes, peak.t_max, TAU, TAU_S)[0, 0], expected)


def test_the_gradient_of_the_peak_is_its_rate_of_change() -> None:
    weights, (spikes, tau, tau_s) = random_weights(3, seed=12), random_patterns(20, seed=13)
    torch.autograd.gradcheck(
        lambda w: find_peak(w, spikes, T, tau, tau_s).v_max, weights.requires_grad_()
    )


def test_a_kink_moves_with_the_inhibitory_spike_that_holds_it() -> None:
    weights, spikes = floats([[2.0, -1.0]]), floats([[[10.397], [16.479]]]).requires_grad_()
    find_peak(weights, spikes, T, TAU, TAU_S).v_max.sum().backward()
    slope = 2 * (psp(floats([6.083]), TAU, TAU_S) - psp(floats([6.081]), TAU, TAU_S)).item() / 0.002
    assert spikes.grad is not None
    # V rises until the inhibitory spike: the later it comes, the higher; the other way round
    # for the spike that made it rise.
    assert spikes.grad.flatten().tolist() == pytest.approx([-slope, slope], rel=1e-6)


@pytest.mark.parametrize("seed", range(60))
def test_gradients_of_spike_times_are_finite_differences_kinks_included(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(2, 5, generator=generator).double() * 2
    spikes = (torch.rand(2, 5, 2, generator=generator) * 40).double().requires_grad_()
    tau_s = [TAU_S, TAU, 2 * TAU][seed % 3]
    peak = find_peak(weights, spikes, 41.0, TAU, tau_s)
    peak.v_max.sum().backward()
    assert spikes.grad is not None
    numeric = torch.zeros_like(spikes)
    for place in itertools.product(range(2), range(5), range(2)):
        ends = []
        for step in (-1e-5, 1e-5):
            moved = spikes.detach().clone()
            moved[place] += step
            ends.append(find_peak(weights, moved, 41.0, TAU, tau_s).v_max.sum())
        numeric[place] = (ends[1] - ends[0]) / 2e-5
    torch.testing.assert_close(spikes.grad, numeric, rtol=1e-5, atol=1e-6)


def test_many_of_those_maxima_are_kinks() -> None:
    kinks = 0
    for seed in range(60):
        generator = torch.Generator().manual_seed(seed)
        weights = torch.randn(2, 5, generator=generator).double() * 2
        spikes = (torch.rand(2, 5, 2, generator=generator) * 40).double()
        t_max = find_peak(weights, spikes, 41.0, TAU, TAU_S).t_max
        kinks += int((t_max[..., None] == spikes.flatten(1)[:, None]).any(-1).sum())
    assert kinks > 20


def test_the_update_formula_holds_at_a_kink() -> None:
    weights = floats([[2.0, -1.0]]).requires_grad_()
    spikes = floats([[[10.397], [16.479]]])
    torch.autograd.gradcheck(lambda w: find_peak(w, spikes, T, TAU, TAU_S).v_max, weights)


@pytest.mark.parametrize("tau_s", [3.75, 15.0])
def test_voltages_are_differentiable_in_weights_and_spike_times(tau_s: float) -> None:
    weights, (spikes, _, _) = random_weights(2, seed=14), random_patterns(2, seed=16)
    spikes = torch.where(spikes < 0, -1, spikes + 0.3)  # a nudge below 0 would remove a spike
    times = floats([3.3, 27.1, 54.7, 99.9])
    torch.autograd.gradcheck(
        lambda w, s: voltage(w, s, times, TAU, tau_s),
        (weights.requires_grad_(), spikes.requires_grad_()),
    )


def test_the_first_crossing_precedes_the_peak() -> None:
    weights, spikes = floats([[3.0]]), floats([[[5.0]]])
    crossing = first_crossing(weights, spikes, T, TAU, TAU_S, 1.0)
    assert crossing.item() == pytest.approx(5.9161, abs=5e-5)
    assert 3 * psp(crossing - 5, TAU, TAU_S).item() == pytest.approx(1 - 1e-9, abs=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_voltage_that_only_just_reaches_the_threshold_crosses_it_at_the_peak(
    dtype: torch.dtype,
) -> None:
    weights, (spikes, _, _) = random_weights(1, seed=17).to(dtype), random_patterns(200, seed=18)
    peak = find_peak(weights, spikes, T, TAU, TAU_S)
    for b in peak.v_max.gt(0.01).nonzero()[:, 0].tolist():
        threshold = peak.v_max[b].item()
        crossing = first_crossing(weights, spikes[[b]], T, TAU, TAU_S, threshold)
        assert peak.t_max[b].item() - 0.01 <= crossing.item() <= peak.t_max[b].item()
        above = first_crossing(weights, spikes[[b]], T, TAU, TAU_S, threshold * (1 + 1e-6))
        assert above.item() == -1


@pytest.mark.parametrize(("tau", "gap"), [(5, 3.5), (10, 7.1), (15, 10.7), (30, 21.5)])
def test_two_spikes_fire_only_if_they_come_close_together(tau: float, gap: float) -> None:
    assert peak_of([0.6, 0.6], [20, 20 + gap], tau).v_max >= 1
    assert peak_of([0.6, 0.6], [20, 20 + gap + 0.1], tau).v_max < 1


def test_the_order_of_two_excitatory_spikes_decides() -> None:
    assert peak_of([0.5, 0.9], [20, 40]).v_max.item() == pytest.approx(1.079, abs=5e-4)
    assert peak_of([0.5, 0.9], [40, 20]).v_max.item() == pytest.approx(0.900, abs=5e-4)


def test_a_small_change_of_weights_can_make_the_peak_jump() -> None:
    times = [50.0, 55.0, 150.0, 155.0]
    before = peak_of([0.5, 0.5, 0.49, 0.49], times)
    after = peak_of([0.48, 0.48, 0.49, 0.49], times)
    assert before.v_max.item() == pytest.approx(0.9505, abs=5e-5)
    assert before.t_max.item() == pytest.approx(60.4, abs=0.05)
    assert after.t_max.item() == pytest.approx(160.4, abs=0.05)


weight_lists = st.lists(st.floats(-3, 3), min_size=4, max_size=4)
time_lists = st.lists(st.floats(0, 80), min_size=4, max_size=4)


@settings(deadline=None, max_examples=50)
@given(weight_lists, weight_lists, time_lists, st.floats(-2, 2))
def test_the_voltage_is_linear_in_the_weights(
    first: list[float], second: list[float], times: list[float], factor: float
) -> None:
    spikes, grid = floats([times])[..., None], torch.arange(120)
    both = floats([first, second])
    apart = voltage(both, spikes, grid, TAU, TAU_S)
    mixed = voltage(both[:1] + factor * both[1:], spikes, grid, TAU, TAU_S)
    torch.testing.assert_close(mixed, apart[:, :1] + factor * apart[:, 1:], rtol=0, atol=1e-12)


@settings(deadline=None, max_examples=50)
@given(weight_lists, time_lists, st.permutations(range(4)))
def test_the_names_of_afferents_do_not_matter(
    weights: list[float], times: list[float], order: list[int]
) -> None:
    renamed = peak_of([weights[i] for i in order], [times[i] for i in order])
    expected = peak_of(weights, times).v_max
    torch.testing.assert_close(renamed.v_max, expected, rtol=0, atol=1e-12)


@settings(deadline=None, max_examples=50)
@given(weight_lists, time_lists, st.floats(0, 1000))
def test_a_later_pattern_has_the_same_peak_later(
    weights: list[float], times: list[float], delay: float
) -> None:
    values, spikes = floats([weights]), floats([times])[..., None]
    now = find_peak(values, spikes, T, TAU, TAU_S)
    later = find_peak(values, spikes + delay, T + delay, TAU, TAU_S)
    torch.testing.assert_close(later.v_max, now.v_max, rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("spikes", {"spikes": torch.zeros(1, 2)}),
        ("spikes", {"spikes": torch.tensor([[[1.0], [math.nan]]])}),
        ("spikes", {"spikes": torch.tensor([[[1.0], [math.inf]]])}),
        ("weights", {"weights": torch.zeros(1, 3)}),
        ("weights", {"weights": torch.zeros(1, 2, dtype=torch.int64)}),
        ("T", {"T": 0.0}),
        ("tau", {"tau": -3.0}),
        ("tau", {"tau": torch.ones(7)}),
        ("tau_s", {"tau_s": math.nan}),
    ],
)
def test_impossible_input_is_refused_by_name(name: str, arguments: dict[str, object]) -> None:
    possible = {"weights": torch.ones(1, 2), "spikes": torch.ones(1, 2, 1), "T": T}
    with pytest.raises(ValueError, match=f"^{name} must be"):
        find_peak(**{**possible, "tau": TAU, "tau_s": TAU_S, **arguments})  # type: ignore[arg-type]


def test_impossible_times_and_thresholds_are_refused_by_name() -> None:
    weights, spikes = torch.ones(1, 2), torch.ones(1, 2, 1)
    with pytest.raises(ValueError, match=r"^times must be \[G\], got \[2, 2\]"):
        voltage(weights, spikes, torch.ones(2, 2), TAU, TAU_S)
    with pytest.raises(ValueError, match=r"^times must be \[1, O\], got \[2\]"):
        credit(spikes, torch.ones(2), TAU, TAU_S)
    with pytest.raises(ValueError, match=r"^threshold must be positive and finite, got 0.0"):
        first_crossing(weights, spikes, T, TAU, TAU_S, 0.0)
