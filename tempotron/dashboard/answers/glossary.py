"""The glossary: what every field does, with the numbers in force, and what words mean.

Fields, pages and the `?` take their words from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tempotron.dashboard.answers.recorder import settings_of, task_of
from tempotron.dashboard.state.experiment import Experiment
from tempotron.dashboard.state.plan import Plan
from tempotron.dashboard.state.sweep import Request
from tempotron.kernel import psp_half_width, psp_peak_time
from tempotron.settings import Settings


class Term(NamedTuple):
    """A field.

    Attributes:
        label: What it is called; a symbol carries its name.
        meaning: What it does, with places for the numbers in force.
        step: By how much a key changes it; None for a choice.
    """

    label: str
    meaning: str
    step: float | None = None


TERMS = {
    "patterns": Term(
        "Patterns", "How many patterns are to be learned: {patterns}, {load} per afferent.", 1
    ),
    "afferents": Term("Afferents", "How many inputs the neuron has: {afferents}.", 1),
    "load": Term(
        "Load (patterns per afferent)",
        "Patterns per afferent, alpha = P / N: at {load} and {afferents} afferents there are "
        "{patterns}. Somewhere between 2 and 3 random patterns can no longer be learned.",
        0.25,
    ),
    "T": Term("Trial length (T, ms)", "How long a pattern is: {T} ms.", 50),
    "jitter": Term(
        "Jitter (ms)",
        "Standard deviation of a noise that moves every spike: {jitter} ms. It can be learned "
        "through as long as it is well below the width of a potential, {width} ms.",
        0.5,
    ),
    "test_jitter": Term(
        "Jitter in tests (ms)",
        "The same noise, on the patterns that are tested after training: {test_jitter} ms.",
        0.5,
    ),
    "seed": Term(
        "Seed",
        "Decides all that is drawn at random: patterns, first weights and order. Now {seed}; the "
        "same number gives the same run.",
        1,
    ),
    "seeds": Term("Seeds", "How many runs stand behind each point: {seeds}.", 1),
    "eta": Term(
        "Learning rate (eta)",
        "By how much one update moves the peak of the pattern it corrects, in thresholds, before "
        "momentum: at {eta} it takes {updates} updates to move it by a whole one.",
        0.01,
    ),
    "rate": Term(
        "Step size (lambda)",
        "By how much an update changes a weight whose spike gets the full credit of 1: {rate}. "
        "Left empty it follows from the learning rate.",
        0.01,
    ),
    "mu": Term(
        "Momentum (mu)",
        "Which share of the last change is repeated at the next error: at {mu} an update counts "
        "{gain} times in the long run. Left empty it is the rule's own.",
        0.05,
    ),
    "tau": Term(
        "Membrane time constant (tau, ms)",
        "How long the neuron remembers a spike: with {tau} ms its potential peaks after {peak} ms "
        "and stays above half for {width} ms.",
        1,
    ),
    "tau_s": Term(
        "Synaptic time constant (tau_s, ms)",
        "How fast a potential rises: now {tau_s} ms. Left empty, or locked, it is a quarter of "
        "tau.",
        0.5,
    ),
    "theta": Term(
        "Threshold (theta)",
        "The voltage that has to be reached to fire: {theta} times the default one.",
        0.1,
    ),
    "rule": Term(
        "Rule",
        "How an error moves the weights, now {rule}. paper: always by the same step. reflect: by "
        "as much as the peak is away from theta.",
    ),
    "cost": Term(
        "Cost",
        "What the rule follows downhill, now {cost}. linear: |theta - V_max|, so that every error "
        "counts the same. squared: small errors count little, and the last one is hardly mended.",
    ),
    "optimiser": Term(
        "Optimiser",
        "What becomes of an update, now {optimiser}. momentum: a share of the last change is "
        "repeated, as in the paper. adam: each weight has its own step, which is not the paper's.",
    ),
    "mean": Term(
        "Initial weights: mean",
        "Mean of the weights before the first presentation: {mean}. At 0 and below the neuron may "
        "be in the dead zone for good.",
        0.1,
    ),
    "spread": Term(
        "Initial weights: s.d.",
        "Standard deviation of the weights before the first presentation: {spread}.",
        0.1,
    ),
    "epochs": Term(
        "Limit of epochs",
        "After how many presentations of all patterns a run ends that has not learned: {epochs}.",
        10,
    ),
    "neuron": Term(
        "Neuron",
        "What learns, now {neuron}: a tempotron, or a perceptron that is told only how often each "
        "afferent fired.",
    ),
    "fixed": Term(
        "Whatever mu is",
        "What stays the same when mu is changed, now {fixed}: the rate lambda, or the step "
        "lambda / (1 - mu), which is what an update comes to in the long run.",
    ),
}

# What else a page speaks of.
WORDS = {
    "Afferent": "An input of the neuron. It sends spikes; its weight says how much each counts.",
    "Potential, K": "What one spike does to the voltage: a rise and a slower fall, 1 at its peak.",
    "Voltage, V": "The sum of all potentials, each as high as its weight. At rest it is 0.",
    "Decision": "The neuron fires if the voltage reaches theta anywhere in the trial.",
    "V_max, t_max": "The highest voltage of a trial, and when it is reached.",
    "Excitatory, inhibitory": "Of positive and of negative weight: it lifts or lowers the voltage.",
    "Miss, false alarm": "It ought to have fired and was silent; it fired and ought not to have.",
    "Credit": "What a spike gave to the voltage at t_max, K(t_max - t). Blame goes by it.",
    "Dead zone": "V_max is 0, at rest: no spike made it, so no weight can be blamed or changed.",
    "Presentation, epoch": "One pattern shown once; every pattern shown once.",
    "Converged": "An epoch passed without an error: from there on nothing changes any more.",
}

KEYS = {
    "Explore": {
        "← →": "move a spike by 1 ms, or change a weight",
        "Shift": "with an arrow: a tenth of it",
        "Page Up, Page Down": "move by 10 ms",
        "↑ ↓": "choose another spike or weight; on the threshold: raise or lower it",
        "+, Delete": "add a spike, remove it",
        "Escape": "break off a drag",
        "Ctrl+Z, Ctrl+Y": "undo, redo, wherever the focus is",
    },
    "Train": {
        "Space": "play and pause",
        "← →": "a presentation back or on",
        "Shift+← →": "to the error before or after",
        "Home, End": "to the start or the end",
    },
}


def _of_kernel(tau: float, tau_s: float) -> dict[str, str]:
    peak, width = psp_peak_time(tau, tau_s), psp_half_width(tau, tau_s)
    shown = {"tau": f"{tau:.4g}", "tau_s": f"{tau_s:.4g}"}
    return shown | {"peak": f"{peak:.1f}", "width": f"{width:.1f}"}


def _explained(names: Iterable[str], numbers: Mapping[str, object]) -> dict[str, str]:
    shown = {n: f"{v:.4g}" if isinstance(v, float) else v for n, v in numbers.items()}
    return {name: TERMS[name].meaning.format_map(shown) for name in names}


def of_experiment(experiment: Experiment) -> dict[str, str]:
    """Explain the fields of Explore."""
    names = ("tau", "tau_s", "theta", "T")
    kernel = _of_kernel(experiment.tau, experiment.synaptic)
    return _explained(names, {"theta": experiment.theta, "T": experiment.T, **kernel})


def of_plan(plan: Plan) -> dict[str, str]:
    """Explain the fields of Train."""
    settings, task = settings_of(plan), task_of(plan)
    fields = {name: getattr(plan, name) for name in TERMS if hasattr(plan, name)}
    numbers = _of_kernel(settings.tau, settings.synaptic) | {
        "patterns": task.patterns,
        "afferents": task.kind[0],
        "load": task.patterns / task.kind[0],
        "updates": f"{1 / settings.eta:.3g}",
        "rate": settings.rate_for(task),
        "mu": settings.momentum,
        "gain": f"{1 / (1 - settings.momentum):.3g}",
        "mean": settings.mean,
        "spread": settings.spread,
    }
    return _explained(fields, fields | numbers)


def of_request(request: Request) -> dict[str, str]:
    """Explain the fields of Capacity; what is None follows from the rule."""
    fields = {name: getattr(request, name) for name in TERMS if hasattr(request, name)}
    settings = {"tau": request.tau, "tau_s": request.tau_s or request.tau / 4}
    momentum = Settings(rule=request.rule, mu=request.mu).momentum
    own = {name: "its own" for name, value in fields.items() if value is None}
    known = _of_kernel(**settings) | {
        "patterns": round(request.afferents * request.load),
        "updates": f"{1 / request.eta:.3g}" if request.eta else "as many as the paper's rate takes",
        "mu": momentum,
        "gain": f"{1 / (1 - momentum):.3g}",
    }
    return _explained(fields, fields | own | known)
