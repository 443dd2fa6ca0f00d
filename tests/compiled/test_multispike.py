"""Several output spikes in machine code against the plain definition."""

import math

import numpy as np
import pytest
import torch

from tempotron.compiled.events import Floats, prepare
from tempotron.compiled.learning import CHANGED, DEAD_ZONE, RIGHT, SMALL_STEP
from tempotron.compiled.multispike import CountCourse, CountStep, Trials, critical, fire, learn
from tempotron.multispike import count_update, critical_threshold, spike_times
from tests.staircases import Case, random_case


def trials(case: Case) -> Trials:
    return Trials(prepare(case.spikes[None], case.T, case.tau, case.tau_s), np.array([case.T]))


@pytest.mark.parametrize("theta", [0.02, 0.1, 0.3, 1.0])
def test_output_spikes_are_those_of_the_plain_definition(theta: float) -> None:
    for seed in range(50):
        case = random_case(seed)
        expected = spike_times(case.weights, case.spikes, theta=theta, **case.setting)
        counts, times = fire(trials(case), case.weights.numpy(), theta)
        assert counts.tolist() == [len(expected)]
        np.testing.assert_allclose(times, expected.numpy(), rtol=0, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 2, 3, 4, 7, 20])
def test_risers_are_those_found_by_halving(k: int) -> None:
    for seed in range(50):
        case = random_case(seed)
        expected = critical_threshold(case.weights, case.spikes, k, **case.setting)
        found = critical(trials(case), 0, case.weights.numpy(), k)
        assert found.theta == pytest.approx(expected.theta, rel=1e-12)
        assert found.time == pytest.approx(expected.time, rel=0, abs=1e-8)
        torch.testing.assert_close(found.gradient, expected.gradient, rtol=1e-8, atol=1e-9)


def test_patterns_end_at_their_own_time() -> None:
    case = random_case(1)
    spikes = case.spikes.expand(3, -1, -1)
    ends = np.array([case.T, 40.0, 10.0])
    cut = torch.stack([case.spikes.where(case.spikes < end, -1.0) for end in ends])
    decays = [prepare(spikes[p : p + 1], end, case.tau, case.tau_s) for p, end in enumerate(ends)]
    events = prepare(cut, case.T, case.tau, case.tau_s)._replace(
        slow_decay=np.concatenate([own.slow_decay for own in decays]),
        build_up=np.concatenate([own.build_up for own in decays]),
    )
    counts, times = fire(Trials(events, ends), case.weights.numpy(), 0.1)
    for p, own in enumerate(np.split(times, counts.cumsum()[:-1])):
        alone = fire(Trials(decays[p], ends[p : p + 1]), case.weights.numpy(), 0.1)[1]
        np.testing.assert_array_equal(own, alone)
    assert counts[0] > counts[2]


def test_patterns_without_spikes_stay_silent() -> None:
    empty = Trials(prepare(torch.full((2, 3, 1), -1.0), 50, 20, 5), np.full(2, 50.0))
    counts, times = fire(empty, np.ones(3), 0.1)
    assert counts.tolist() == [0, 0]
    assert not len(times)
    with pytest.raises(ValueError, match=r"^weights must raise the voltage above 0"):
        critical(empty, 0, np.ones(3), 1)


def course(weights: Floats, count: int) -> CountCourse:
    return CountCourse(
        weights.copy(), np.zeros_like(weights), np.zeros(count, np.int32), np.zeros(count),
        np.zeros(count), np.zeros(count, np.int8), np.zeros((count, len(weights))),
    )  # fmt: skip


def test_online_learning_is_the_plain_loop() -> None:
    generator = torch.Generator().manual_seed(2)
    spikes = torch.rand(6, 8, 3, generator=generator, dtype=torch.float64) * 100
    weights = torch.randn(8, generator=generator, dtype=torch.float64) * 0.5
    wanted = np.array([0, 1, 2, 3, 4, 0], np.int32)
    order = np.tile(np.arange(6, dtype=np.int32), 8)
    made = course(weights.numpy(), len(order))
    prepared = Trials(prepare(spikes, 100, 20, 5), np.full(6, 100.0))
    changes = learn(prepared, order, wanted, CountStep(1.0, 0.05, 0.6), made)
    momentum, changed = torch.zeros_like(weights), 0
    for n, p in enumerate(order):
        setting = {"T": 100.0, "tau": 20.0, "tau_s": 5.0}
        fired = len(spike_times(weights, spikes[p], theta=1, **setting))
        assert made.fired[n] == fired
        change = count_update(weights, spikes[p], wanted[p], 0.05, theta=1, **setting)
        assert (made.outcome[n] == RIGHT) == (fired == wanted[p])
        assert math.isnan(made.theta[n]) == math.isnan(made.time[n]) == (fired == wanted[p])
        if fired != wanted[p]:
            k = max(fired, 1) if fired > wanted[p] else fired + 1
            moved = critical_threshold(weights, spikes[p], k, **setting)
            assert made.theta[n] == pytest.approx(moved.theta, rel=1e-9)
            assert made.time[n] == pytest.approx(moved.time, rel=1e-9)
            momentum = 0.6 * momentum + change
            np.testing.assert_allclose(made.changes[changed], momentum.numpy(), rtol=0, atol=1e-9)
            weights, changed = weights + momentum, changed + 1
    np.testing.assert_allclose(made.weights, weights.numpy(), rtol=0, atol=1e-8)
    assert changes == changed
    assert 5 < changed < len(order) - 5
    assert {*made.outcome} == {RIGHT, CHANGED}


def test_the_dead_zone_and_steps_too_small_to_see_are_told() -> None:
    lone = Trials(prepare(torch.tensor([[[10.0]]]), 100, 20, 5), np.array([100.0]))
    once, one = np.zeros(1, np.int32), np.ones(1, np.int32)
    for weight, rate, outcome in ((-1.0, 0.1, DEAD_ZONE), (0.5, 1e-7, SMALL_STEP)):
        made = course(np.array([weight]), 1)
        changes = learn(lone, once, one, CountStep(1.0, rate, 0.0), made)
        assert made.outcome.tolist() == [outcome]
        assert changes == int(outcome == SMALL_STEP)


def test_counting_ends_somewhere_however_large_the_weights() -> None:
    lone = Trials(prepare(torch.tensor([[[10.0]]]), 100, 20, 5), np.array([100.0]))
    made = course(np.array([1e7]), 1)
    learn(lone, np.zeros(1, np.int32), np.zeros(1, np.int32), CountStep(1.0, 0.1, 0.0), made)
    assert made.fired.tolist() == [10_000]
    assert made.weights[0] < 1e7


def test_impossible_input_is_refused_by_name() -> None:
    case = random_case(0)
    prepared, weights = trials(case), case.weights.numpy()
    with pytest.raises(ValueError, match=r"^weights must be float64"):
        fire(prepared, weights[1:], 1.0)
    with pytest.raises(ValueError, match=r"^theta must be positive"):
        fire(prepared, weights, 0.0)
    with pytest.raises(ValueError, match=r"^theta must leave at most 100,000 .* got 1e-07"):
        fire(prepared, weights, 1e-7)
    with pytest.raises(ValueError, match=r"^k must be an integer from 1 to 100000, got 0"):
        critical(prepared, 0, weights, 0)
    with pytest.raises(ValueError, match=r"^pattern must be an integer from 0 to 0, got 1"):
        critical(prepared, 1, weights, 1)
