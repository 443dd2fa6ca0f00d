"""Where a run stands: every decision with the weights it had after some of its presentations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from pydantic import ValidationError
from torch import Tensor

from tempotron import checks
from tempotron.compiled.layer import peak
from tempotron.dashboard.answers.verdict import Verdict
from tempotron.dashboard.state.experiment import MAX_AFFERENTS, MAX_SPIKES, Experiment
from tempotron.learning import argmax_accuracy, firing_accuracy
from tempotron.peak import level
from tempotron.training import Run


@dataclass(frozen=True, eq=False)
class Standing:
    """What a layer does with every pattern of a task.

    Attributes:
        fire: Which neurons ought to fire, bool [P, O].
        v_max: Highest voltage of each neuron [P, O].
        t_max: Its time in ms [P, O].
        theta: Firing threshold.
    """

    fire: Tensor
    v_max: Tensor
    t_max: Tensor
    theta: float

    @cached_property
    def fired(self) -> Tensor:
        """Decisions, bool [P, O]."""
        return self.v_max >= level(self.theta)

    @cached_property
    def right(self) -> Tensor:
        """Whether every neuron does what it ought to, bool [P]."""
        return (self.fired == self.fire).all(1)

    @cached_property
    def margin(self) -> Tensor:
        """Distance to the threshold on the right side of it, negative on the wrong one [P, O]."""
        return torch.where(self.fire, self.v_max - self.theta, self.theta - self.v_max)

    @property
    def firing_accuracy(self) -> float:
        """Share of patterns for which every neuron does what it ought to."""
        return firing_accuracy(self.v_max, self.fire, self.theta)

    @property
    def argmax_accuracy(self) -> float:
        """Share of patterns for which the highest voltage is that of the right neuron."""
        return argmax_accuracy(self.v_max, self.fire)

    @property
    def confusion(self) -> Tensor:
        """Count what the patterns of each class made fire [O, O + 2].

        A column for each neuron that fired alone, one for none and one for several.
        """
        neurons = self.fire.shape[1]
        number = self.fired.sum(1)  # summed over O
        alone = self.fired.int().argmax(1)
        outcome = torch.where(number == 1, alone, neurons + (number > 1).long())
        cell = self.fire.int().argmax(1) * (neurons + 2) + outcome
        return cell.bincount(minlength=neurons * (neurons + 2)).view(neurons, neurons + 2)


def stand(run: Run, step: int, unseen: bool = False) -> Standing:
    """Decide on every pattern with the weights after some presentations.

    Args:
        run: A recorded run of K presentations.
        step: Number of presentations, from 0 to K.
        unseen: Whether to take the unseen trials instead.

    Raises:
        ValueError: If there is no such step, or there are no unseen trials.
    """
    checks.an_instance(run, Run, "run")
    step = checks.whole(step, "step", 0, len(run))
    weights, then = run.at(step), run.before(step)
    task = then.task.unseen if unseen else then.task
    if task is None:
        raise ValueError("unseen must be False for a task without unseen trials")
    found = peak(weights, task.events(then.settings.tau, then.settings.synaptic))
    return Standing(task.targets, found.v_max, found.t_max, then.settings.theta)


def told(run: Run, step: int, standing: Standing) -> str:
    """Tell in one sentence how many decisions are right, and which is the worst of them."""
    count, right = len(standing.right), int(standing.right.sum())
    when = "Before the first presentation"
    if step:
        noun = "presentation" if step == 1 else "presentations"
        when = f"After {step} {noun} (epoch {run.epoch[step - 1] + 1})"
    if right == count:
        narrowest, margin = int(standing.margin.amin(1).argmin()), standing.margin.min().item()
        spare = f"by only {_size(margin)}" if margin > 0 else "just at the threshold"
        return f"{when}: all {count} right, pattern {narrowest + 1} {spare}."
    # Of wrong decisions alone: one exactly at the threshold may be right or wrong.
    wrong = torch.where(standing.fired != standing.fire, standing.margin, torch.inf)
    pattern, neuron = divmod(int(wrong.argmin()), wrong.shape[1])
    size = _size(abs(wrong[pattern, neuron].item()))
    who = f": neuron {neuron + 1}" if wrong.shape[1] > 1 else ""
    what = f"misses by {size}"
    if standing.fired[pattern, neuron]:
        above = standing.v_max[pattern, neuron] > standing.theta
        what = f"fires, {size} above the threshold" if above else "fires, just at the threshold"
    return f"{when}: {right} of {count} right; pattern {pattern + 1}{who} {what}."


def _size(voltage: float) -> str:
    """Write a distance to the threshold; one that is not 0 is not told as 0."""
    return f"{voltage:.3f}" if voltage >= 5e-4 else f"{voltage:.0e}"


def ended(run: Run, verdict: Verdict | None = None) -> str:
    """Tell how a run ended, or that it has not, and in a few words why it did not learn.

    Args:
        run: A recorded run.
        verdict: What `verdict.judge` says of it.
    """
    epochs, last = len(run.errors), int(run.errors[-1])
    if run.outcome == "converged":
        return f"Learned: epoch {epochs} passed without an error, after {len(run)} presentations."
    kind = {"limit": "Not learned", "cancelled": "Cancelled", "running": "Still being computed"}
    count = "1 epoch" if epochs == 1 else f"{epochs} epochs"
    why = f" ({verdict.reason})" if verdict else ""
    return f"{kind[run.outcome]}: {count}, {last} wrong in the last one{why}."


def to_experiment(run: Run, step: int) -> Experiment:
    """Take the pattern presented last, and the weights it left, as an experiment.

    Of several neurons it is the one that ought to fire.

    Args:
        run: A recorded run of K presentations.
        step: Number of presentations, from 0 to K; 0 for the first pattern before it is presented.

    Raises:
        ValueError: If it is too large for an experiment; the text is a clause that says why.
    """
    pattern, then = int(run.pattern[max(step - 1, 0)]), run.before(step)
    neuron = int(then.task.targets[pattern].int().argmax())
    weights, settings, T = run.at(step)[neuron], then.settings, then.task.T
    rows = [[t for t in row if 0 <= t < T] for row in then.task.spikes[pattern].tolist()]
    if len(rows) > MAX_AFFERENTS:
        raise ValueError(f"it has {len(rows)} afferents, and Explore has room for {MAX_AFFERENTS}")
    most = max(map(len, rows))
    if most > MAX_SPIKES:
        raise ValueError(f"an afferent has {most} spikes, and Explore has room for {MAX_SPIKES}")
    if weights.abs().max() > 10:
        raise ValueError(f"a weight is {weights.abs().max():.3g}, and on Explore they end at 10")
    fields = {"tau": settings.tau, "tau_s": settings.tau_s, "theta": settings.theta, "T": T}
    try:
        return Experiment.model_validate(fields | {"weights": weights.tolist(), "spikes": rows})
    except ValidationError as error:
        where = error.errors()[0]["loc"][0]
        raise ValueError(f"its {where} is not one that Explore has") from error
