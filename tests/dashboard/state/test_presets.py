"""Each preset shows the number it promises, and what it asks for does what it says."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from tempotron import credit, find_peak, first_crossing, psp_peak_time, voltage
from tempotron.dashboard.state.experiment import Experiment, decode, encode, repair
from tempotron.dashboard.state.presets import PRESETS

NAMED = {preset.name: preset.experiment for preset in PRESETS}


@dataclass
class Answer:
    """What the neuron does: its peak and, if it fires, when."""

    v_max: float
    t_max: float
    crossing: float | None


def tensors(experiment: Experiment) -> tuple[Tensor, Tensor]:
    """Write weights [1, N] and spikes [1, N, S] of an experiment, -1 for no spike."""
    height = experiment.theta if experiment.scaled else 1.0
    most = max(len(row) for row in experiment.spikes)
    rows = [[*row, *[-1.0] * (most - len(row))] for row in experiment.spikes]
    weights = torch.tensor([experiment.weights], dtype=torch.float64) * height
    return weights, torch.tensor([rows], dtype=torch.float64)


def answer(experiment: Experiment) -> Answer:
    weights, spikes = tensors(experiment)
    taus = experiment.tau, experiment.synaptic
    if not experiment.exact:
        level = voltage(weights, spikes, torch.arange(experiment.T), *taus)[0, 0]
        early = (level >= experiment.theta).nonzero()[:, 0].tolist()
        return Answer(level.max().item(), level.argmax().item(), early[0] if early else None)
    peak = find_peak(weights, spikes, experiment.T, *taus)
    crossing = first_crossing(weights, spikes, experiment.T, *taus, experiment.theta).item()
    return Answer(peak.v_max.item(), peak.t_max.item(), None if crossing < 0 else crossing)


def fires(experiment: Experiment) -> bool:
    return answer(experiment).crossing is not None


def altered(name: str, **changes: object) -> Experiment:
    """Change a preset as a visitor would."""
    return Experiment.model_validate(NAMED[name].model_dump() | changes)


@pytest.mark.parametrize(
    ("name", "v_max", "t_max", "crossing"),
    [
        ("Near miss", 0.9300, 43.043, None),
        ("Not a counter", 0.9263, 49.391, None),
        ("Order: small first", 1.0789, 46.262, 43.775),
        ("Order: large first", 0.9000, 26.931, None),
        ("A peak with a kink", 1.9859, 16.479, 11.912),
        ("The jumping peak", 0.9505, 60.400, None),
        ("A sharp synapse", 1.0567, 52.623, 51.584),
        ("A long memory", 1.0195, 80.782, 75.354),
        ("Hidden by the grid", 0.9778, 31, None),
        ("A threshold without effect", 0.4650, 43.043, None),
        ("The dead zone", 0, 0, None),
    ],
)
def test_a_preset_shows_the_number_it_promises(
    name: str, v_max: float, t_max: float, crossing: float | None
) -> None:
    shown = answer(NAMED[name])
    assert shown.v_max == pytest.approx(v_max, abs=5e-5)
    assert shown.t_max == pytest.approx(t_max, abs=5e-4)
    assert shown.crossing == (None if crossing is None else pytest.approx(crossing, abs=5e-4))


def test_the_presets_are_at_least_eight_each_with_a_name_and_a_state_of_its_own() -> None:
    assert len(PRESETS) >= 8
    assert len(NAMED) == len({preset.experiment for preset in PRESETS}) == len(PRESETS)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_survives_link_and_repair(preset: object) -> None:
    experiment = NAMED[getattr(preset, "name", "")]
    link = dict(part.split("=") for part in encode(experiment).split("&") if part)
    assert decode(link) == (experiment, [])
    assert repair(experiment.model_dump()) == (experiment, [])


def test_near_miss_is_the_default_and_seven_percent_short() -> None:
    assert NAMED["Near miss"] == Experiment()
    assert 1 - answer(Experiment()).v_max == pytest.approx(0.07, abs=5e-4)


def test_near_miss_fires_if_one_well_chosen_spike_moves_a_few_ms() -> None:
    rows = Experiment().spikes
    cures = {
        afferent + 1
        for afferent, row in enumerate(rows)
        for spike in range(len(row))
        for shift in (-6.0, -3.0, 3.0, 6.0)
        if fires(
            altered(
                "Near miss",
                spikes=[
                    [time + shift * ((i, k) == (afferent, spike)) for k, time in enumerate(times)]
                    for i, times in enumerate(rows)
                ],
            )
        )
    }
    assert cures
    assert len(cures) < len(rows)


def test_not_a_counter_fires_within_10_7_ms_and_no_further() -> None:
    assert sum(NAMED["Not a counter"].weights) > 1
    assert fires(altered("Not a counter", spikes=((30.0,), (40.7,))))
    assert not fires(altered("Not a counter", spikes=((30.0,), (40.8,))))


def test_the_two_orders_differ_only_by_a_swap_of_spikes_20_ms_apart() -> None:
    small, large = NAMED["Order: small first"], NAMED["Order: large first"]
    assert small.weights == large.weights == (0.5, 0.9)
    assert small.spikes == large.spikes[::-1] == ((20.0,), (40.0,))
    assert fires(small)
    assert not fires(large)


def test_the_peak_with_a_kink_is_where_inhibition_arrives_while_the_voltage_rises() -> None:
    experiment = NAMED["A peak with a kink"]
    assert experiment.weights[1] < 0
    assert answer(experiment).t_max == experiment.spikes[1][0]
    times = torch.tensor([16.469, 16.479, 16.489], dtype=torch.float64)
    level = voltage(*tensors(experiment), times, experiment.tau, experiment.synaptic)[0, 0]
    before, after = (level.diff() / 0.01).tolist()
    assert before > 0.01
    assert after < -0.1


def test_the_jumping_peak_jumps_by_100_ms_when_a1_and_a2_lose_002() -> None:
    jumped = answer(altered("The jumping peak", weights=(0.48, 0.48, 0.49, 0.49)))
    assert jumped.t_max == pytest.approx(160.4, abs=0.05)
    assert jumped.t_max - answer(NAMED["The jumping peak"]).t_max == pytest.approx(100, abs=0.01)


def test_a_sharp_synapse_stands_beside_a_blunt_one() -> None:
    experiment = NAMED["A sharp synapse"]
    assert psp_peak_time(experiment.tau, experiment.synaptic) == pytest.approx(2.9, abs=0.005)
    assert experiment.pinned == (experiment.tau, 7.5)
    assert psp_peak_time(*experiment.pinned) == pytest.approx(10.4, abs=0.005)


def test_a_long_memory_fires_and_at_15_ms_it_would_not() -> None:
    first, second = NAMED["A long memory"].spikes
    assert second[0] - first[0] == 40
    short = answer(altered("A long memory", tau=15.0))
    assert short.v_max == pytest.approx(0.6562, abs=5e-5)
    assert short.crossing is None


def test_what_the_grid_hides_fires_in_continuous_time() -> None:
    exact = answer(altered("Hidden by the grid", exact=True))
    assert exact.v_max == pytest.approx(1.02, abs=1e-12)
    assert exact.crossing == pytest.approx(31.112, abs=5e-4)


@pytest.mark.parametrize("theta", [0.5, 1.0, 2.0])
def test_a_threshold_that_scales_its_potentials_has_no_effect(theta: float) -> None:
    scaled = answer(altered("A threshold without effect", theta=theta))
    assert scaled.v_max / theta == pytest.approx(0.9300, abs=5e-5)
    assert scaled.crossing is None


def test_a_threshold_apart_from_its_potentials_has_an_effect() -> None:
    assert fires(altered("A threshold without effect", scaled=False))


def test_in_the_dead_zone_no_spike_is_to_blame() -> None:
    experiment = NAMED["The dead zone"]
    weights, spikes = tensors(experiment)
    assert (weights < 0).all()
    t_max = torch.full((1, 1), answer(experiment).t_max, dtype=torch.float64)
    assert not credit(spikes, t_max, experiment.tau, experiment.synaptic).any()
