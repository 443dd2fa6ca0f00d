"""Sentences with the numbers in them: what happened, why, and what would change it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from tempotron.dashboard.answers.counting import Contest
from tempotron.dashboard.answers.moves import REACH, STEPS_PER_MS, Spikes, smallest_move
from tempotron.dashboard.answers.response import best_tau, heights, respond, shares, tau_sweep
from tempotron.dashboard.state.experiment import Experiment

# Where there are many spikes, moves of those nearest the peak are tried: on how many, a budget of
# pairs of spikes decides, so that an answer takes a few ms.
_BUDGET = 4000
_GRAIN = f"in steps of {1 / STEPS_PER_MS:g} ms"


@lru_cache(maxsize=256)
def advice(experiment: Experiment) -> str:
    """Name the smallest single move of a spike that turns the decision, or say why none does."""
    response = respond(experiment)
    between = respond(experiment.model_copy(update={"exact": True}))
    if between.fires and not response.fires:
        return (
            f"Between the milliseconds, at {between.t_max:.1f} ms, it reaches "
            f"{between.v_max:.3f}: the grid misses it."
        )
    move = _turning_move(experiment)
    if move is not None:
        name, shift = move
        direction = "later" if shift > 0 else "earlier"
        outcome = "falls silent" if response.fires else "fires"
        told = f"Move {name} {abs(shift):g} ms {direction} and it {outcome}"
        return f"{told}: the smallest move {_tried(experiment)}, {_GRAIN}."
    if response.fires:
        free = respond(experiment.model_copy(update={"shunt": False}))  # the one that decides
        surplus = free.v_max - experiment.theta
        return f"{_no_move(experiment, 'silences it')}: {surplus:.3f} to spare."
    return _why_silent(experiment, response.v_max)


def _no_move(experiment: Experiment, outcome: str) -> str:
    spikes = sum(map(len, experiment.spikes))
    if not _nearest_spikes(experiment):
        return f"With {spikes} spikes, single moves are not tried"
    return f"No move {_tried(experiment)} by up to {REACH} ms, {_GRAIN}, {outcome}"


def _tried(experiment: Experiment) -> str:
    """Tell which spikes' moves were tried."""
    tried, spikes = len(_nearest_spikes(experiment)), sum(map(len, experiment.spikes))
    return "of one spike" if tried == spikes else f"of one of the {tried} spikes nearest the peak"


def _why_silent(experiment: Experiment, v_max: float) -> str:
    if not any(experiment.spikes):
        return "There is no spike at all."
    if v_max > 0:
        missing = experiment.theta - v_max
        return f"{_no_move(experiment, 'makes it fire')}: {missing:.3f} short."
    if all(weight < 0 for weight in experiment.weights):
        return (
            "Only inhibition: V_max is the rest, 0, and no spike is to blame for it: a dead zone."
        )
    return "The voltage never rises above rest, so no spike is to blame for V_max: a dead zone."


def _turning_move(experiment: Experiment) -> tuple[str, float] | None:
    """Find the smallest shift of one spike after which the neuron decides otherwise."""
    handles = _nearest_spikes(experiment)
    if not handles:
        return None
    height = heights(experiment)[0].tolist()
    rows = [(t, height[i], (i, k)) for i, row in enumerate(experiment.spikes)
            for k, t in enumerate(row)]  # fmt: skip
    rows.sort()
    time, weight, places = zip(*rows, strict=True)
    spikes = Spikes(np.array(time), np.array(weight), float(experiment.T), experiment.exact)
    chosen = np.array([places.index(handle) for handle in handles])
    constants = experiment.tau, experiment.synaptic, experiment.theta
    move = smallest_move(spikes, chosen, *constants)
    return None if move is None else (spike_name(experiment, *places[move[0]]), move[1])


def _nearest_spikes(experiment: Experiment) -> list[tuple[int, int]]:
    """Choose the spikes nearest to the peak: (afferent, index) of each."""
    t_max = respond(experiment).t_max
    every = [(i, k) for i, row in enumerate(experiment.spikes) for k in range(len(row))]
    every.sort(key=lambda place: abs(experiment.spikes[place[0]][place[1]] - t_max))
    return every[: _BUDGET // max(len(every), 1)]


def spike_name(experiment: Experiment, afferent: int, spike: int) -> str:
    """Name a spike as short as it can be: A3, or A1's spike 2 where there are several."""
    several = len(experiment.spikes[afferent]) > 1
    return f"A{afferent + 1}'s spike {spike + 1}" if several else f"A{afferent + 1}"


def decision(experiment: Experiment) -> str:
    """Tell V_max, its time and the decision."""
    response = respond(experiment)
    verdict = f"fires at {response.crossing:.1f} ms" if response.fires else "silent"
    return f"V_max = {response.v_max:.3f} at {response.t_max:.1f} ms: {verdict}."


def contributions(experiment: Experiment) -> str:
    """Tell which afferents raise and which lower the voltage at its peak."""
    response = respond(experiment)
    parts = shares(experiment, torch.tensor([response.t_max]).double())[:, 0].tolist()
    ranked = sorted(range(len(parts)), key=lambda i: -abs(parts[i]))[:3]
    named = [f"A{i + 1} {parts[i]:+.3f}" for i in ranked if abs(parts[i]) >= 5e-4]
    if not named:
        return "At the peak no afferent contributes anything."
    return f"At the peak, {response.t_max:.1f} ms, the largest shares are {', '.join(named)}."


def boundary(experiment: Experiment) -> str:
    """Tell how V_max depends on tau, and where on the axis it is highest."""
    (tau, v_max, inside), (axis, _) = best_tau(experiment), tau_sweep(experiment)
    relation = "reaches" if respond(experiment).fires else "stays below"
    here = f"At tau = {experiment.tau:g} ms V_max {relation} theta = {experiment.theta:g}."
    if v_max < 5e-4:
        return f"{here} It is 0 at every tau from {axis[0]:.4g} to {axis[-1]:.4g} ms."
    if inside:
        return f"{here} It is highest, {v_max:.3f}, at tau = {tau:.3g} ms."
    way = "falls from" if tau == axis[0] else "still rises towards"
    return f"{here} It {way} the end of the axis, tau = {tau:.4g} ms, where it is {v_max:.3f}."


def timing_or_rate(contest: Contest, here: int, *, trained: bool) -> str:
    """Tell what jitter takes from a tempotron, and what a counter of spikes gets without times.

    Args:
        contest: Its first jitter is 0, or the only one.
        here: Index of the jitter looked at.
        trained: Whether there has been a presentation; without one there is no verdict.
    """
    tempotron, counter = contest.tempotron[here], contest.perceptron[here]
    counts = f"a perceptron that only counts spikes for {counter:.1%}"
    if not contest.jitter[here]:
        beyond = "what lies between is timing"
        if not trained:
            beyond = "nothing has been learned yet"
        elif tempotron <= counter:
            beyond = "no better than counting" if tempotron == counter else "counting does better"
        return (
            f"With every spike where it is, the tempotron is right for {tempotron:.1%} of the "
            f"patterns, {counts}: {beyond}."
        )
    return (
        f"Jitter of {contest.jitter[here]:g} ms takes the tempotron from "
        f"{contest.tempotron[0]:.1%} to {tempotron:.1%}; {counts}, as before: the counts are the "
        "same."
    )
