"""The compiled core against torch's path and plain loops."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tempotron import credit, find_peak
from tempotron.compiled import learning as compiled
from tempotron.compiled import threads
from tempotron.compiled.events import Events, prepare
from tempotron.compiled.learning import Course, Step, gradients, peaks
from tempotron.learning import Cost, Rule, update

T = 100.0
TIME_CONSTANTS = [(15.0, 3.75), (3.0, 12.0), (10.0, 10.0), (10.0, 10.0 - 1e-9), (60.0, 0.3)]


def patterns(count: int, seed: int) -> Tensor:
    """Draw spikes [count, 6, 2]: coincident, absent, at 0, at and after T, all mixed."""
    generator = torch.Generator().manual_seed(seed)
    spikes = torch.rand(count, 6, 2, generator=generator, dtype=torch.float64) * 1.1 * T
    spikes[::3] = spikes[::3].round(decimals=-1)
    spikes[torch.rand(spikes.shape, generator=generator) < 0.3] = -1
    spikes[-1] = -1
    return spikes


def weights(seed: int, outputs: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(outputs, 6, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(("tau", "tau_s"), TIME_CONSTANTS)
def test_peaks_are_those_of_torch(tau: float, tau_s: float) -> None:
    spikes, values = patterns(500, 1), weights(2)
    expected = find_peak(values, spikes, T, tau, tau_s)
    v_max, t_max = peaks(prepare(spikes, T, tau, tau_s), values.numpy())
    np.testing.assert_allclose(v_max, expected.v_max.numpy(), rtol=0, atol=1e-12)
    # Of two peaks as high as each other rounding may choose either.
    apart = np.abs(t_max - expected.t_max.numpy()) > 1e-6
    assert apart.mean() < 0.01
    assert ((t_max >= 0) & (t_max <= T)).all()


@pytest.mark.parametrize("few", [0, 10**9])
@pytest.mark.parametrize("ratio", [1.0, 1 + 1e-9, 1 + 1e-4, 0.25, 1.5, 1e-3])
def test_a_peak_before_a_long_silence_is_found(
    ratio: float, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a gap of 600 to 760 time constants decays become the smallest numbers, then 0."""
    monkeypatch.setattr("tempotron.compiled.events._FEW", few)
    tau, tau_s = 20.0, 20.0 * ratio
    slow = max(tau, tau_s)
    generator = torch.Generator().manual_seed(3)
    spikes = torch.rand(2000, 5, 1, generator=generator, dtype=torch.float64) * 3 * slow
    gaps = torch.linspace(600, 760, len(spikes), dtype=torch.float64) * slow
    spikes[:, 3:] += spikes[:, :1] + gaps[:, None, None]
    values = torch.randn(6, 5, generator=generator, dtype=torch.float64)
    v_max, _ = peaks(prepare(spikes, 1000 * slow, tau, tau_s), values.numpy())
    expected = find_peak(values, spikes, 1000 * slow, tau, tau_s).v_max.numpy()
    np.testing.assert_allclose(v_max, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("tau", "tau_s"), TIME_CONSTANTS)
def test_gradients_are_those_of_autograd(tau: float, tau_s: float) -> None:
    spikes, values = patterns(200, 3), weights(4).requires_grad_()
    outer = torch.randn(200, 4, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    peak = find_peak(values, spikes, T, tau, tau_s)
    peak.v_max.backward(outer)
    events = prepare(spikes, T, tau, tau_s)
    actual = gradients(events, peak.t_max.numpy(), outer.numpy())
    assert values.grad is not None
    np.testing.assert_allclose(actual, values.grad.numpy(), rtol=0, atol=1e-11)


def test_the_peak_at_a_kink_is_the_inhibitory_spike_itself() -> None:
    events = prepare(torch.tensor([[[10.397], [16.479]]], dtype=torch.float64), T, 15, 3.75)
    v_max, t_max = peaks(events, np.array([[2.0, -1.0]]))
    assert v_max[0, 0] == pytest.approx(1.986, abs=5e-4)
    assert t_max[0, 0] == 16.479


def test_a_lone_spike_is_found_in_the_longest_pattern() -> None:
    # Before the pattern ends both state variables have decayed to exactly 0.
    v_max, t_max = peaks(prepare(torch.tensor([[[50.0]]]), 1e5, 15, 3.75), np.ones((1, 1)))
    assert v_max[0, 0] == pytest.approx(1, abs=1e-15)
    assert t_max[0, 0] == pytest.approx(56.931472, abs=1e-6)


def test_recovery_from_strong_inhibition_still_finds_the_late_peak() -> None:
    spikes = torch.tensor([[[10.0], [30.0]]], dtype=torch.float64)
    values = torch.tensor([[-3.0, 3.5]], dtype=torch.float64)
    expected = find_peak(values, spikes, 200, 15, 3.75)
    v_max, t_max = peaks(prepare(spikes, 200, 15, 3.75), values.numpy())
    assert v_max[0, 0] == pytest.approx(expected.v_max.item(), abs=1e-14)
    assert t_max[0, 0] == pytest.approx(expected.t_max.item(), abs=1e-9)


def test_few_and_many_spikes_are_prepared_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    spikes = patterns(60, 10)
    monkeypatch.setattr("tempotron.compiled.events._FEW", 0)
    many = prepare(spikes, T, 15, 3.75)
    monkeypatch.setattr("tempotron.compiled.events._FEW", 10**9)
    few = prepare(spikes, T, 15, 3.75)
    np.testing.assert_array_equal(few.bounds, many.bounds)
    np.testing.assert_array_equal(few.time, many.time)
    for name in ("slow_decay", "build_up"):
        np.testing.assert_allclose(getattr(few, name), getattr(many, name), rtol=1e-14)
    # Of coincident spikes either may come first.
    np.testing.assert_allclose(
        peaks(few, weights(11).numpy()), peaks(many, weights(11).numpy()), rtol=0, atol=1e-12
    )


def test_a_peak_is_the_same_to_the_last_digit_whatever_is_computed_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Or their decays would differ by a rounding.
    monkeypatch.setattr("tempotron.compiled.events._FEW", 0)
    spikes, values = patterns(60, 12), weights(13, outputs=1).numpy()
    v_max, t_max = peaks(prepare(spikes, T, 15, 3.75), values)
    for p in range(60):
        for partner in (0, 59):  # a pattern of many spikes, and one of none
            alone = peaks(prepare(spikes[[p, partner]], T, 15, 3.75), values)
            assert (alone[0][0], alone[1][0]) == (v_max[p], t_max[p])


def test_four_neurons_at_a_time_have_the_peaks_of_each_alone() -> None:
    events, values = prepare(patterns(200, 14), T, 15, 3.75), weights(15, outputs=9).numpy()
    v_max, t_max = peaks(events, values)
    for o in range(9):
        alone = peaks(events, values[o : o + 1])
        np.testing.assert_allclose(v_max[:, [o]], alone[0], rtol=0, atol=1e-14)
        assert (np.abs(t_max[:, [o]] - alone[1]) > 1e-6).mean() < 0.01


def test_patterns_without_spikes_stay_at_rest() -> None:
    for spikes in (torch.full((3, 2, 1), -1.0), torch.empty(3, 2, 0)):
        events = prepare(spikes, T, 15, 3.75)
        v_max, t_max = peaks(events, np.ones((1, 2)))
        assert not v_max.any()
        assert not t_max.any()
        assert not gradients(events, t_max, np.ones((3, 1))).any()


def test_two_threads_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    spikes, values, order = patterns(101, 6), weights(7).numpy(), np.arange(101, dtype=np.int32)
    events = prepare(spikes, T, 15, 3.75)
    found = []
    monkeypatch.setattr(threads, "_WORTH_A_THREAD", 1)
    for count in (1, 2):
        monkeypatch.setattr(torch, "get_num_threads", lambda count=count: count)
        v_max, t_max = peaks(events, values)
        course = blank(values, 101)
        fire = np.ascontiguousarray(np.arange(101) % 2 == 0)[None].repeat(4, 0)
        compiled.learn(events, order, fire, Step(compiled.LINEAR, 1.0, 0.1, 0.5), course)
        found.append((v_max, t_max, gradients(events, t_max, v_max), *course))
    for one, two in zip(*found, strict=True):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-12)


def blank(values: np.ndarray, count: int) -> Course:
    """Make room for a run of some presentations."""
    rows = (len(values), count)
    zeros = np.zeros_like(values)
    return Course(values.copy(), zeros, np.zeros(rows), np.zeros(rows), np.zeros(rows, np.int8))


@pytest.mark.parametrize(
    ("rule", "cost", "number"),
    [("paper", "linear", 0), ("paper", "squared", 1), ("reflect", "linear", 2)],
)
def test_online_learning_is_the_plain_loop(rule: Rule, cost: Cost, number: int) -> None:
    spikes, values = patterns(12, 8), weights(9, outputs=1)
    fire = torch.arange(12)[:, None] % 2 == 0
    order = np.tile(np.arange(12, dtype=np.int32), 4)
    course = blank(values.numpy(), len(order))
    events = prepare(spikes, T, 15, 3.75)
    step = Step(number, 1.0, 0.3, 0.6)
    compiled.learn(events, order, np.ascontiguousarray(fire.T.numpy()), step, course)
    momentum = torch.zeros_like(values)
    for k, p in enumerate(order):
        peak = find_peak(values, spikes[[p]], T, 15, 3.75)
        assert course.v_max[0, k] == pytest.approx(peak.v_max.item(), abs=1e-9)
        shares = credit(spikes[[p]], peak.t_max, 15, 3.75)
        change = update(shares, peak.v_max, fire[[p]], 0.3, rule, cost)[0]
        right = (peak.v_max.item() >= 1) == fire[p].item()
        assert (course.outcome[0, k] == compiled.RIGHT) == right
        assert (course.outcome[0, k] == compiled.DEAD_ZONE) == (not right and not change.any())
        if change.any():
            momentum = 0.6 * momentum + change
            values = values + momentum
    np.testing.assert_allclose(course.weights, values.numpy(), rtol=0, atol=1e-9)
    assert (course.outcome[0] == compiled.RIGHT).any()
    assert (course.outcome[0] == compiled.CHANGED).any()


def test_a_step_too_small_to_see_is_told() -> None:
    events = prepare(torch.tensor([[[10.0]]]), T, 15, 3.75)
    for rate, outcome in ((1e-7, compiled.SMALL_STEP), (1e-3, compiled.CHANGED)):
        course = blank(np.full((1, 1), 0.5), 1)
        step = Step(compiled.LINEAR, 1.0, rate, 0.0)
        compiled.learn(events, np.zeros(1, np.int32), np.ones((1, 1), bool), step, course)
        assert course.outcome[0, 0] == outcome
        assert course.weights[0, 0] == pytest.approx(0.5 + rate, rel=1e-12)


numbers = st.lists(st.floats(-3, 3), min_size=4, max_size=4)
times = st.lists(st.floats(0, 80), min_size=4, max_size=4)


def events_of(moments: list[float], end: float = T) -> Events:
    return prepare(torch.tensor(moments, dtype=torch.float64)[None, :, None], end, 15, 3.75)


def height(values: list[float], moments: list[float], end: float = T) -> float:
    v_max, _ = peaks(events_of(moments, end), np.array([values]))
    return float(v_max[0, 0])


@settings(deadline=None)
@given(
    st.floats(0.05, 2000),
    st.sampled_from([0.25, 1.0, 1 + 1e-9, 1.001, 0.01, 40.0]) | st.floats(0.01, 100),
    st.sampled_from([5.0, 50.0, 5000.0, 1e5]),
    st.integers(0, 10**6),
)
def test_no_constants_and_no_length_set_the_peak_apart_from_torch(
    tau: float, ratio: float, end: float, seed: int
) -> None:
    spikes, values = patterns(9, seed) * end / T, weights(seed)
    spikes[::2] %= 5 * tau  # as dense as the neuron is fast
    expected = find_peak(values, spikes, end, tau, tau * ratio)
    v_max, t_max = peaks(prepare(spikes, end, tau, tau * ratio), values.numpy())
    np.testing.assert_allclose(v_max, expected.v_max.numpy(), rtol=0, atol=1e-12)
    heard, reached = spikes.where(spikes < end, -1.0), torch.from_numpy(t_max)
    at_t_max = (credit(heard, reached, tau, tau * ratio) * values).sum(-1)  # summed over N
    np.testing.assert_allclose(at_t_max.numpy(), v_max, rtol=0, atol=1e-9)


@settings(deadline=None, max_examples=50)
@given(numbers, times, st.floats(0, 100))
def test_the_peak_grows_with_the_weights(
    values: list[float], moments: list[float], by: float
) -> None:
    grown = height([by * value for value in values], moments)
    assert grown == pytest.approx(by * height(values, moments), abs=1e-10)


@settings(deadline=None, max_examples=50)
@given(numbers, numbers, times)
def test_the_credit_makes_the_peak_linear_in_the_weights(
    values: list[float], others: list[float], moments: list[float]
) -> None:
    events = events_of(moments)
    v_max, t_max = peaks(events, np.array([values]))
    shares = gradients(events, t_max, np.ones((1, 1)))[0]
    assert v_max[0, 0] == pytest.approx(shares @ values, abs=1e-12)
    # At that moment other weights have no more voltage than at their own peak.
    assert shares @ others <= height(others, moments) + 1e-12


@settings(deadline=None, max_examples=50)
@given(numbers, times, st.permutations(range(4)))
def test_the_names_of_afferents_do_not_matter(
    values: list[float], moments: list[float], order: list[int]
) -> None:
    renamed = height([values[i] for i in order], [moments[i] for i in order])
    assert renamed == pytest.approx(height(values, moments), abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(numbers, times, st.floats(0, 1000))
def test_a_later_pattern_has_the_same_peak_later(
    values: list[float], moments: list[float], delay: float
) -> None:
    later = height(values, [moment + delay for moment in moments], T + delay)
    assert later == pytest.approx(height(values, moments), abs=1e-11)


EVENTS = prepare(torch.tensor([[[10.0], [20.0]]]), T, 15, 3.75)


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("spikes must be real numbers", lambda: prepare(torch.zeros(1, 2), T, 15, 3)),
        ("spikes must be finite, got nan",
         lambda: prepare(torch.full((1, 1, 1), math.nan), T, 15, 3)),
        ("T must be positive and finite, got 0", lambda: prepare(torch.zeros(1, 2, 1), 0, 15, 3)),
        ("tau must be positive", lambda: prepare(torch.zeros(1, 2, 1), T, -1, 3)),
        ("tau_s must be positive", lambda: prepare(torch.zeros(1, 2, 1), T, 1, math.nan)),
        ("weights must be float64", lambda: peaks(EVENTS, np.ones((1, 3)))),
        ("weights must be float64", lambda: peaks(EVENTS, np.ones((1, 2), np.float32))),
        ("moments must be float64", lambda: gradients(EVENTS, np.ones((2, 1)), np.ones((1, 1)))),
        ("outer must be float64", lambda: gradients(EVENTS, np.ones((1, 1)), np.ones((1, 2)))),
    ],
)  # fmt: skip
def test_impossible_input_is_refused_by_name(message: str, call: object) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
