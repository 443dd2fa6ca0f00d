"""The answer to an experiment equals a plain sum of potentials, searched on a fine grid."""

import math
import random

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tempotron.dashboard.answers.response import course, decides, respond, shares, tau_sweep
from tempotron.dashboard.state.experiment import Experiment

Curve = NDArray[np.float64]
SEEDS = range(10)


def drawn(seed: int, **changes: object) -> Experiment:
    """Draw an experiment that fires about every second time."""
    r = random.Random(seed)  # noqa: S311
    count = r.randint(1, 8)
    tau = r.uniform(5, 30)
    fields = {
        "tau": tau,
        "tau_s": r.choice([None, tau, 2 * tau, 1.5]),
        "theta": r.uniform(0.3, 2),
        "weights": [r.uniform(-1, 1.2) for _ in range(count)],
        "spikes": [[r.uniform(0, 100) for _ in range(r.randint(0, 3))] for _ in range(count)],
        "scaled": r.random() < 0.3,
    }
    return Experiment.model_validate(fields | changes)


def potential(delay: Curve, tau: float, tau_s: float) -> Curve:
    """Write the kernel out, scaled by its highest value."""
    if tau == tau_s:
        curve: Curve = delay / tau * np.exp(1 - delay / tau)
    else:
        peak = tau * tau_s / (tau - tau_s) * math.log(tau / tau_s)
        height = math.exp(-peak / tau) - math.exp(-peak / tau_s)
        curve = (np.exp(-delay / tau) - np.exp(-delay / tau_s)) / height
    return curve


def plain(experiment: Experiment, times: Curve, tau: float, tau_s: float) -> Curve:
    """Add up every potential at every time."""
    total = np.zeros_like(times)
    for weight, row in zip(experiment.weights, experiment.spikes, strict=True):
        for onset in row:
            delay = np.maximum(times - onset, 0)
            total += weight * potential(delay, tau, tau_s)
    return total * (experiment.theta if experiment.scaled else 1)


def fine(experiment: Experiment) -> Curve:
    """Times 0.01 ms apart, and every spike time, where there may be a kink."""
    onsets = [time for row in experiment.spikes for time in row]
    return np.sort(np.append(np.linspace(0, experiment.T, 100 * experiment.T + 1), onsets))


def voltage_of(experiment: Experiment, times: Curve) -> Curve:
    return plain(experiment, times, experiment.tau, experiment.synaptic)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_exact_peak_is_the_highest_of_a_plain_sum(seed: int) -> None:
    experiment = drawn(seed)
    times = fine(experiment)
    level = voltage_of(experiment, times)
    response = respond(experiment)
    assert level.max() - 1e-12 <= response.v_max <= level.max() + 1e-5
    at_peak = voltage_of(experiment, np.array([response.t_max]))[0]
    assert at_peak == pytest.approx(response.v_max, abs=1e-12)
    assert response.fires == bool(level.max() >= experiment.theta)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_grid_peak_is_the_highest_of_a_plain_sum_at_whole_milliseconds(seed: int) -> None:
    experiment = drawn(seed, exact=False)
    level = voltage_of(experiment, np.arange(experiment.T, dtype=np.float64))
    response = respond(experiment)
    assert response.v_max == pytest.approx(level.max(), abs=1e-12)
    assert response.t_max == level.argmax()
    reached = np.flatnonzero(level >= experiment.theta)
    assert response.crossing == (reached[0] if len(reached) else -1)
    assert response.fires == bool(len(reached))


def test_about_half_of_the_drawn_experiments_fire() -> None:
    assert 3 <= sum(respond(drawn(seed)).fires for seed in SEEDS) <= 7


@pytest.mark.parametrize("seed", SEEDS)
def test_the_crossing_is_the_first_time_at_which_theta_is_reached(seed: int) -> None:
    experiment = drawn(seed)
    times = fine(experiment)
    reached = times[voltage_of(experiment, times) >= experiment.theta]
    crossing = respond(experiment).crossing
    if len(reached):
        assert reached[0] - 0.01 <= crossing <= reached[0]
    else:
        assert crossing == -1


@pytest.mark.parametrize("seed", SEEDS)
def test_scaled_potentials_make_the_threshold_a_mere_unit(seed: int) -> None:
    unit = respond(drawn(seed, theta=1.0, scaled=False))
    scaled = respond(drawn(seed, theta=2.5, scaled=True))
    assert scaled.v_max == pytest.approx(2.5 * unit.v_max, abs=1e-12)
    assert scaled.t_max == pytest.approx(unit.t_max, abs=1e-9)
    assert scaled.fires == unit.fires


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_with_the_shunt_input_after_the_output_spike_does_not_matter(
    seed: int, exact: bool
) -> None:
    experiment = drawn(seed, shunt=True, exact=exact, theta=0.3, scaled=False)
    response = respond(experiment)
    free = respond(experiment.model_copy(update={"shunt": False}))
    assert (response.fires, response.crossing) == (free.fires, free.crossing)
    if not response.fires:
        assert (response.v_max, response.t_max) == (free.v_max, free.t_max)
        return
    heard = [[time for time in row if time <= response.crossing] for row in experiment.spikes]
    only = Experiment.model_validate(experiment.model_dump() | {"spikes": heard, "shunt": False})
    assert response.v_max == pytest.approx(respond(only).v_max, abs=1e-12)
    assert response.t_max == pytest.approx(respond(only).t_max, abs=1e-9)
    times = np.linspace(0, experiment.T, 301)
    expected = voltage_of(only, times)
    np.testing.assert_allclose(course(experiment, 301).numpy(), expected, rtol=0, atol=1e-12)


def test_without_the_shunt_input_after_the_output_spike_raises_the_peak() -> None:
    two = Experiment(weights=(1.2, 1.0), spikes=((20.0,), (30.0,)))
    shunted = respond(two.model_copy(update={"shunt": True}))
    assert shunted.v_max == pytest.approx(1.2, abs=1e-12)
    assert respond(two).v_max > 1.5


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_a_peak_a_billionth_below_theta_touches_it_and_one_lower_does_not(
    seed: int, exact: bool
) -> None:
    fields = {"weights": (0.7, 0.6), "spikes": ((20,), (31,)), "exact": exact, "scaled": False}
    v_max = respond(drawn(seed, **fields)).v_max
    touching = respond(drawn(seed, **fields, theta=v_max * (1 + 0.9e-9)))
    assert touching.fires
    assert touching.crossing == pytest.approx(touching.t_max, abs=0.01)
    assert not respond(drawn(seed, **fields, theta=v_max * (1 + 1.1e-9))).fires


@pytest.mark.parametrize("seed", SEEDS)
def test_the_course_is_the_plain_sum_at_even_times(seed: int) -> None:
    experiment = drawn(seed, shunt=False)
    expected = voltage_of(experiment, np.linspace(0, experiment.T, 101))
    np.testing.assert_allclose(course(experiment, 101).numpy(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("shunt", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_shares_of_all_afferents_add_up_to_the_voltage(seed: int, shunt: bool) -> None:
    experiment = drawn(seed, shunt=shunt)
    times = torch.linspace(0, experiment.T, 101, dtype=torch.float64)
    parts = shares(experiment, times)
    assert parts.shape == (len(experiment.weights), 101)
    torch.testing.assert_close(parts.sum(0), course(experiment, 101), rtol=0, atol=1e-12)


def test_the_share_of_an_afferent_is_the_voltage_it_would_make_alone() -> None:
    experiment = drawn(3, shunt=False)
    times = np.linspace(0, experiment.T, 101)
    parts = shares(experiment, torch.from_numpy(times)).numpy()
    for i in range(len(experiment.weights)):
        alone = [row if i == k else () for k, row in enumerate(experiment.spikes)]
        expected = voltage_of(experiment.model_copy(update={"spikes": tuple(alone)}), times)
        np.testing.assert_allclose(parts[i], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("tau_s", [None, 4.0])
def test_the_sweep_gives_the_peak_that_each_tau_would_have(
    tau_s: float | None, exact: bool
) -> None:
    experiment = drawn(5, tau=20.0, tau_s=tau_s, exact=exact)
    tau, v_max = tau_sweep(experiment)
    assert (tau[0].item(), tau[-1].item()) == pytest.approx((2, 200))
    torch.testing.assert_close(tau.log().diff(), tau.log().diff()[:1].expand(len(tau) - 1))
    for k in range(0, len(tau), 6):
        there = respond(experiment.model_copy(update={"tau": tau[k].item()}))
        assert v_max[k].item() == pytest.approx(there.v_max, abs=1e-12)


def test_the_sweep_is_coarser_where_there_are_many_spikes() -> None:
    rows = [tuple(range(50))] * 10
    many = Experiment.model_validate({"weights": [0.1] * 11, "spikes": [*rows, ()]})
    more = Experiment.model_validate({"weights": [0.1] * 11, "spikes": [*rows, (1,)]})
    assert len(tau_sweep(many)[0]) > 2 * len(tau_sweep(more)[0]) > 40


@pytest.mark.parametrize("tau", [0.1, 1.5, 150.0, 1000.0])
def test_the_sweep_goes_on_both_sides_of_an_extreme_tau(tau: float) -> None:
    taus, v_max = tau_sweep(Experiment(tau=tau))
    assert taus[0] <= tau / 2 * (1 + 1e-12)
    assert taus[-1] >= tau * 2 * (1 - 1e-12)
    assert v_max.isfinite().all()


@pytest.mark.parametrize("exact", [True, False])
def test_many_patterns_are_decided_as_each_one_alone(exact: bool) -> None:
    experiment = Experiment(weights=(0.6, 0.6), spikes=((50.0,), (30.0,)), exact=exact)
    seconds = range(101)
    patterns = torch.tensor([[[50.0], [second]] for second in seconds], dtype=torch.float64)
    alone = [
        respond(experiment.model_copy(update={"spikes": ((50.0,), (float(second),))})).fires
        for second in seconds
    ]
    assert decides(experiment, patterns).tolist() == alone
    assert alone == [abs(second - 50) <= 10 for second in seconds]


@pytest.mark.parametrize("exact", [True, False])
def test_the_largest_experiment_is_answered_like_any_other(exact: bool) -> None:
    r = random.Random(1)  # noqa: S311
    experiment = Experiment.model_validate(
        {
            "T": 400,
            "weights": [r.uniform(-1, 1) for _ in range(100)],
            "spikes": [[r.uniform(0, 400) for _ in range(50)] for _ in range(100)],
            "exact": exact,
        }
    )
    response = respond(experiment)
    level = voltage_of(experiment, np.arange(400.0))
    assert response.v_max >= level.max() - 1e-10
    assert exact or response.v_max == pytest.approx(level.max(), abs=1e-10)
    at_peak = voltage_of(experiment, np.array([response.t_max]))[0]
    assert response.v_max == pytest.approx(at_peak, abs=1e-10)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("afferents", [1, 3])
def test_without_any_spike_the_neuron_rests(afferents: int, exact: bool) -> None:
    quiet = Experiment(weights=(0.5,) * afferents, spikes=((),) * afferents, exact=exact)
    response = respond(quiet)
    assert (response.fires, response.v_max, response.t_max, response.crossing) == (False, 0, 0, -1)
    assert not course(quiet, 11).any()
    assert not shares(quiet, torch.tensor([5.0]).double()).any()
    assert not tau_sweep(quiet)[1].any()
