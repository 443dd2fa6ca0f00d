"""Verdicts: why a run has not learned its task, and what would cure it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tempotron.compiled import learning as compiled
from tempotron.compiled.events import Floats
from tempotron.compiled.layer import peak
from tempotron.dashboard.state.plan import BOUNDS, LIVELY, MAX_DECISIONS
from tempotron.settings import Settings
from tempotron.training import Run

# Fewer epochs than this say nothing about where the errors are going.
_FEW = 40
# So many standard errors are no accident.
_SURE = 2.0
# What is offered: so many times the epochs, or where at the present pace these would not do, so
# many times the step.
_MORE, _LARGER = 4, 10
# Patterns per afferent from which on random patterns may, and from which on they do, lie beyond
# what can be learned.
_NEAR_CAPACITY, _PAST_CAPACITY = 1.25, 3.0


@dataclass(frozen=True)
class Verdict:
    """Why a run ended at its limit.

    Attributes:
        reason: The reason in a few words.
        sentence: The same with the numbers in it, and what would cure it.
        offer: What a button for the cure says; '' if there is none.
        changes: The fields of a plan that the cure changes.
        goes_on: Whether it takes the run up at its end, or begins anew.
    """

    reason: str
    sentence: str
    offer: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    goes_on: bool = True


def judge(run: Run) -> Verdict | None:
    """Find out why a run has not learned its task; None if it has, or may still do so.

    Args:
        run: A recorded run.
    """
    if run.outcome != "limit":
        return None
    last = run.reason[run.epoch == run.epoch[-1]]
    reasons = {*last[last != compiled.RIGHT].tolist()}
    if pair := _alike(run):
        return _impossible(*pair)
    if reasons <= {compiled.DEAD_ZONE}:
        return _dead(run)
    better = _improving(run)
    load = run.task.patterns / run.task.kind[0]
    if run.task.at_random and load >= (_NEAR_CAPACITY if better is None else _PAST_CAPACITY):
        return _at_capacity(load)
    if reasons <= {compiled.DEAD_ZONE, compiled.SMALL_STEP} or (better or 0) > _MORE:
        return _too_small(run)
    return _settled(run) if better is None else _unfinished(run)


def _dead(run: Run) -> Verdict:
    sentence = (
        "Every error of the last epoch was in the dead zone: V_max is 0, no spike is to blame, so "
        "the weights will never move again."
    )
    return _from_elsewhere(run, "dead zone", sentence)


def _impossible(one: int, other: int) -> Verdict:
    return Verdict(
        "not learnable",
        f"Patterns {one + 1} and {other + 1} ought to be told apart, but one is the other at "
        "another time: with any weights they have the same V_max.",
    )


def _at_capacity(load: float) -> Verdict:
    where = "past" if load >= _PAST_CAPACITY else "near"
    return Verdict(
        f"{where} capacity",
        f"{load:.3g} random patterns for each afferent are {where} capacity, which is 2 to 3 with "
        "many afferents and less with few: take fewer patterns or more afferents.",
    )


def _too_small(run: Run) -> Verdict:
    settings, reason = run.settings, "steps too small"
    sentence = "The steps are too small to get there: V_max hardly moves in an epoch."
    if settings.cost == "squared" and settings.rule == "paper":
        cure = " With the squared cost they shrink with the distance; the linear cost keeps them."
        return _other_steps(run, reason, sentence + cure, "the linear cost", {"cost": "linear"})
    name, value = ("eta", settings.eta) if settings.rate is None else ("rate", settings.rate)
    larger = float(f"{min(_LARGER * value, BOUNDS[name][1]):.3g}")
    if larger <= value:
        return Verdict(reason, sentence)
    label = f"{'eta' if name == 'eta' else 'lambda'} {larger:g}"
    return _other_steps(run, reason, f"{sentence} {value:g} is little.", label, {name: larger})


def _other_steps(
    run: Run, reason: str, sentence: str, label: str, changes: dict[str, Any]
) -> Verdict:
    """Offer to go on with other steps, or where no epochs are left, to begin anew with them."""
    more = _more_epochs(run)
    if more:
        return Verdict(reason, sentence, f"Go on with {label}", changes | {"epochs": more})
    return Verdict(reason, sentence, f"Begin anew with {label}", changes, goes_on=False)


def _unfinished(run: Run) -> Verdict:
    limit, more = run.settings.epochs, _more_epochs(run)
    reason = "still improving"
    sentence = f"It was still improving when it reached its limit of {limit} epochs."
    if len(_of_the_run(run).errors) < _FEW:
        reason = "few epochs"
        sentence = f"{limit} epochs are too few to tell where the errors are going."
    if not more:
        return Verdict(reason, sentence)
    return Verdict(reason, f"{sentence} More may do.", f"Go on to {more} epochs", {"epochs": more})


def _more_epochs(run: Run) -> int | None:
    """Return a limit well above that of a run, or None if there is no room for more."""
    room = MAX_DECISIONS // (run.task.patterns * run.task.kind[1])
    more = min(_MORE * run.settings.epochs, int(BOUNDS["epochs"][1]), room)
    return more if more > run.settings.epochs else None


def _settled(run: Run) -> Verdict:
    few, many = np.sort(_of_the_run(run).errors[-max(len(run.errors) // 4, 1) :])[[0, -1]]
    range_ = f"{few:g}" if few == many else f"{few:g} to {many:g}"
    sentence = (
        f"The errors have settled at {range_} of {run.task.patterns} an epoch, and neither the "
        "dead zone nor small steps are the cause."
    )
    return _from_elsewhere(run, "settled", sentence)


def _from_elsewhere(run: Run, reason: str, sentence: str) -> Verdict:
    """Offer to begin with excitation, with steps of the usual size, or from another seed."""
    settings, changes = run.settings, dict[str, Any]()
    if settings.mean < LIVELY["mean"]:
        changes |= LIVELY
    if settings.rate is None and settings.eta > Settings.eta:
        changes["eta"] = Settings.eta
    if not changes:
        changes["seed"] = (settings.seed + 1) % int(BOUNDS["seed"][1] + 1)
    names = {"mean": "mean", "spread": "s.d.", "eta": "eta", "seed": "seed"}
    start = ", ".join(f"{names[name]} {value:g}" for name, value in changes.items())
    return Verdict(
        reason, f"{sentence} {_WHY[min(changes)]}", f"Begin anew: {start}", changes, False
    )


# By the first in the alphabet of what a new beginning changes.
_WHY = {
    "eta": "Smaller steps do not carry it there so easily.",
    "mean": "Where almost every afferent excites at first, there is a peak to learn from.",
    "seed": "Another seed may end elsewhere.",
}


def _alike(run: Run) -> tuple[int, int] | None:
    """Find two patterns, one of them the other at a later time, that ought to be told apart."""
    events = run.task.events(run.settings.tau, run.settings.synaptic)
    v_max, fire = peak(run.weights, events).v_max.numpy(), run.task.targets.numpy()
    for volts, ought in zip(v_max.T, fire.T, strict=True):
        order = np.argsort(volts)
        same = np.diff(volts[order]) <= 1e-12 * volts[order][1:]
        for place in np.flatnonzero(same & (ought[order][1:] != ought[order][:-1])).tolist():
            one, other = sorted(map(int, order[place : place + 2]))
            if _shifted(run.task.spikes[one].numpy(), run.task.spikes[other].numpy(), run.task.T):
                return one, other
    return None


def _shifted(one: Floats, other: Floats, T: float) -> bool:
    """Tell whether two patterns [N, S] are the same but for when they begin."""
    heard = [np.sort(np.where((p >= 0) & (p < T), p, np.inf), axis=1) for p in (one, other)]
    there = np.isfinite(heard[0])
    if (there != np.isfinite(heard[1])).any() or not there.any():
        return False
    return bool(np.ptp(heard[1][there] - heard[0][there]) <= 1e-9)


@dataclass(frozen=True)
class _Epochs:
    """What became of each epoch since the last fork: errors and what was missing [epochs]."""

    errors: Floats
    missing: Floats


def _of_the_run(run: Run) -> _Epochs:
    since = slice(run.start if run.start < len(run) else 0, None)
    epoch = run.epoch[since] - run.epoch[since][0]
    wrong = run.reason[since] != compiled.RIGHT
    distance = np.abs(run.v_max[since] - run.settings.theta) * wrong
    count = epoch[-1] + 1
    counted, summed = wrong.any(1).astype(float), distance.sum(1)
    errors, missing = (np.bincount(epoch, x, minlength=count) for x in (counted, summed))
    return _Epochs(errors.astype(float), missing.astype(float))


def _improving(run: Run) -> float | None:
    """Tell how many times the epochs so far it would take at the present pace; None if it stalls.

    A run too short to tell counts as improving.
    """
    found = _of_the_run(run)
    count = len(found.errors)
    if count < _FEW:
        return 1.0
    quarter = count // 4
    paces = []
    for values in (found.errors, found.missing):
        before, now = values[-2 * quarter : -quarter], values[-quarter:]
        fallen = before.mean() - now.mean()
        if fallen > _SURE * np.hypot(before.std(), now.std()) / np.sqrt(quarter):
            paces.append(now.mean() / fallen * quarter / count)
    return min(paces, default=None)
