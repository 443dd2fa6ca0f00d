"""Every sentence is true: its advice turns the decision, and its numbers are the neuron's."""

import math
import random
import re

import pytest
import torch

from tempotron.dashboard.answers import sentences
from tempotron.dashboard.answers.response import respond, shares
from tempotron.dashboard.state.experiment import Experiment
from tempotron.dashboard.state.presets import PRESETS
from tests.benchmarks import moves

MOVE = re.compile(
    r"Move A(\d+)(?:'s spike (\d+))? ([\d.]+) ms (later|earlier) and it (fires|falls silent): "
    r"the smallest move of one spike, in steps of 0\.1 ms\."
)
NAMED = {preset.name: preset.experiment for preset in PRESETS}


def drawn(seed: int, **changes: object) -> Experiment:
    """Draw an experiment of few spikes whose peak is within a tenth of theta."""
    r = random.Random(seed)  # noqa: S311
    count = r.randint(2, 4)
    fields = {
        "weights": [r.uniform(-0.5, 1) for _ in range(count - 1)] + [0.8],
        "spikes": [[r.uniform(0, 100) for _ in range(r.randint(1, 2))] for _ in range(count)],
    }
    experiment = Experiment.model_validate(fields | changes)
    factor = r.uniform(0.9, 1.1)
    return experiment.model_copy(update={"theta": factor * respond(experiment).v_max})


def fires_after(experiment: Experiment, afferent: int, spike: int, shift: float) -> bool:
    """Carry a move out as a visitor would, and look."""
    rows = [list(row) for row in experiment.spikes]
    rows[afferent][spike] += shift
    return respond(Experiment.model_validate(experiment.model_dump() | {"spikes": rows})).fires


def with_spikes(count: int, afferents: int, **changes: object) -> Experiment:
    """Spread many spikes over a long trial."""
    times = [2000 * k / count for k in range(count)]
    rows = [times[i::afferents] for i in range(afferents)]
    fields = {"T": 2000, "weights": [0.02] * afferents, "spikes": rows}
    return Experiment.model_validate(fields | changes)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(0, 120, 10))
def test_what_is_said_of_moves_is_true_by_brute_force(seed: int) -> None:
    wrong = [n for n in range(seed, seed + 10) if not moves.judge(moves.drawn(n))[1]]
    assert not wrong


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_the_smallest_move_is_one_that_a_visitor_can_make(seed: int, exact: bool) -> None:
    experiment = drawn(seed, exact=exact)
    if move := MOVE.fullmatch(sentences.advice(experiment)):
        afferent, spike = int(move[1]) - 1, int(move[2] or 1) - 1
        shift = float(move[3]) if move[4] == "later" else -float(move[3])
        assert (move[2] is None) == (len(experiment.spikes[afferent]) == 1)
        assert fires_after(experiment, afferent, spike, shift) == (move[5] == "fires")


def test_a_move_by_half_a_millisecond_more_than_whole_ones_is_found() -> None:
    short = Experiment(
        T=300, tau=2.3, theta=1.45, shunt=True, weights=(0.94, 0.04, 0.51, -0.46, 0.58, 0.57),
        spikes=((253,), (137, 194), (237.4,), (109.5,), (73,), (35.2,)),
    )  # fmt: skip
    assert fires_after(short, 0, 0, -15.6)
    assert sentences.advice(short).startswith("Move A1 ")
    assert moves.judge(short) == ("move", True)


def test_many_spikes_at_the_same_time_and_at_the_end_are_no_trouble() -> None:
    together = Experiment(weights=(0.5, 0.4, -0.3), spikes=((50, 50, 100), (50, 100), (50, 0)))
    for theta in (0.8, 0.9, 1.0, 1.1, 1.3):
        for exact in (True, False):
            fields = {"theta": theta, "exact": exact}
            assert moves.judge(together.model_copy(update=fields))[1]


def test_the_drawn_experiments_ask_for_moves_both_ways_and_for_none() -> None:
    advice = [sentences.advice(drawn(seed)) for seed in range(10)]
    outcomes = {move[5] for move in map(MOVE.fullmatch, advice) if move}
    assert outcomes == {"fires", "falls silent"}
    assert any(sentence.startswith("No move") for sentence in advice)


def test_a_short_way_later_is_preferred_to_a_long_way_earlier() -> None:
    between = Experiment(weights=(0.6, 0.6, 0.28, 0.28), spikes=((24,), (42,), (60,), (60,)))
    assert fires_after(between, 1, 0, -8)
    assert sentences.advice(between).startswith("Move A2 5.4 ms later and it fires: ")


def test_the_advice_never_moves_a_spike_out_of_the_trial() -> None:
    edge = Experiment(weights=(0.6, 0.6), spikes=((1.0,), (15.0,)))
    assert sentences.advice(edge).startswith("Move A2 3.3 ms earlier and it fires: ")
    late = Experiment(weights=(0.6, 0.6), spikes=((98.0,), (99.0,)))
    assert moves.judge(late) == ("no move", True)


def test_a_surplus_and_what_is_missing_are_told() -> None:
    loud = Experiment(weights=(3.0,), spikes=((30.0,),))
    none = "No move of one spike by up to 20 ms, in steps of 0.1 ms, "
    assert sentences.advice(loud) == f"{none}silences it: 2.000 to spare."
    faint = Experiment(weights=(0.4,), spikes=((30.0,),))
    assert sentences.advice(faint) == f"{none}makes it fire: 0.600 short."


def test_of_many_spikes_those_nearest_the_peak_are_tried() -> None:
    sentence = sentences.advice(with_spikes(120, 10))
    assert sentence.startswith("No move of one of the 33 spikes nearest the peak by up to 20 ms, ")
    sentence = sentences.advice(with_spikes(1010, 30))
    assert sentence.startswith("No move of one of the 3 spikes nearest the peak by up to 20 ms, ")


@pytest.mark.parametrize("weight", [0.02, 0.5])
def test_with_too_many_spikes_nothing_is_claimed_about_moves(weight: float) -> None:
    experiment = with_spikes(4500, 90, weights=[weight] * 90)
    gap = abs(respond(experiment).v_max - experiment.theta)
    outcome = "to spare" if respond(experiment).fires else "short"
    expected = f"With 4500 spikes, single moves are not tried: {gap:.3f} {outcome}."
    assert sentences.advice(experiment) == expected


@pytest.mark.parametrize("weights", [(0.5,), (-0.5,), (3.0,)])
def test_without_any_spike_the_advice_says_so(weights: tuple[float, ...]) -> None:
    quiet = Experiment(weights=weights, spikes=((),))
    assert sentences.advice(quiet) == "There is no spike at all."


def test_only_inhibition_is_a_dead_zone() -> None:
    assert sentences.advice(NAMED["The dead zone"]) == (
        "Only inhibition: V_max is the rest, 0, and no spike is to blame for it: a dead zone."
    )


@pytest.mark.parametrize("weights", [(0.0, 0.0), (-0.5, 0.0), (0.01, -3.0)])
def test_a_voltage_that_never_rises_is_a_dead_zone_but_not_only_inhibition(
    weights: tuple[float, float],
) -> None:
    experiment = Experiment(weights=weights, spikes=((50.0,), (49.0,)), T=60)
    assert sentences.advice(experiment) == (
        "The voltage never rises above rest, so no spike is to blame for V_max: a dead zone."
    )


def test_a_peak_that_the_grid_misses_is_told_with_its_height_and_time() -> None:
    hidden = NAMED["Hidden by the grid"]
    between = respond(hidden.model_copy(update={"exact": True}))
    assert sentences.advice(hidden) == (
        f"Between the milliseconds, at {between.t_max:.1f} ms, it reaches 1.020: "
        "the grid misses it."
    )


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_the_decision_is_told_with_peak_time_and_crossing(preset: object) -> None:
    experiment = NAMED[getattr(preset, "name", "")]
    response = respond(experiment)
    sentence = sentences.decision(experiment)
    peak = f"V_max = {response.v_max:.3f} at {response.t_max:.1f} ms: "
    end = f"fires at {response.crossing:.1f} ms." if response.fires else "silent."
    assert sentence == peak + end


def test_the_default_is_told_to_be_a_near_miss() -> None:
    assert sentences.decision(Experiment()) == "V_max = 0.930 at 43.0 ms: silent."


def test_the_three_largest_shares_at_the_peak_are_told_with_their_signs() -> None:
    sentence = sentences.contributions(Experiment())
    told = re.findall(r"A(\d) ([+-]\d\.\d{3})", sentence)
    peak = torch.tensor([respond(Experiment()).t_max], dtype=torch.float64)
    parts = shares(Experiment(), peak)[:, 0].tolist()
    largest = sorted(parts, key=abs, reverse=True)[:3]
    assert [(parts[int(i) - 1], text) for i, text in told] == [
        (part, f"{part:+.3f}") for part in largest
    ]
    assert sentence.startswith("At the peak, 43.0 ms, ")


def test_a_peak_at_rest_is_told_to_have_no_shares() -> None:
    sentence = sentences.contributions(NAMED["The dead zone"])
    assert sentence == "At the peak no afferent contributes anything."


@pytest.mark.slow
@pytest.mark.parametrize("weights", [(0.6, 0.6), (-0.6, 0.6), (0.6, -0.6), (0.5, 0.9)])
@pytest.mark.parametrize("tau", [0.1, 15.0, 1000.0])
def test_the_best_tau_and_its_peak_are_told_where_they_lie_inside_the_axis(
    tau: float, weights: tuple[float, float]
) -> None:
    experiment = Experiment(tau=tau, weights=weights, spikes=((30.0,), (44.0,)))
    sentence = sentences.boundary(experiment)
    relation = "reaches" if respond(experiment).fires else "stays below"
    assert sentence.startswith(f"At tau = {tau:g} ms V_max {relation} theta = 1. It ")
    axis = torch.logspace(math.log10(min(2, tau / 2)), math.log10(max(200, tau * 2)), 400)
    peaks = [respond(experiment.model_copy(update={"tau": t})).v_max for t in axis.tolist()]
    best = peaks.index(max(peaks))
    if told := re.search(r"It is highest, (\S+), at tau = (\S+) ms\.$", sentence):
        assert 0 < best < 399
        assert float(told[1]) == pytest.approx(max(peaks), abs=0.001)
        there = respond(experiment.model_copy(update={"tau": float(told[2])}))
        assert there.v_max == pytest.approx(max(peaks), abs=0.001)
    else:
        assert best == (0 if "falls from" in sentence else 399)
        assert sentence.endswith(f"tau = {axis[best]:.4g} ms, where it is {peaks[best]:.3f}.")


@pytest.mark.parametrize(
    ("weights", "spikes", "words"),
    [
        ((0.6, 0.6), (20, 420), "It still rises towards the end of the axis, tau = 200 ms, "),
        ((0.6, -0.6), (20, 20.5), "It falls from the end of the axis, tau = 2 ms, "),
        ((-0.6, -0.6), (20, 30), "It is 0 at every tau from 2 to 200 ms."),
    ],
)
def test_a_maximum_at_an_end_of_the_axis_is_not_told_to_be_one(
    weights: tuple[float, float], spikes: tuple[float, float], words: str
) -> None:
    first, second = spikes
    experiment = Experiment(T=2000, weights=weights, spikes=((first,), (second,)))
    sentence = sentences.boundary(experiment)
    assert words in sentence
    assert "highest" not in sentence
