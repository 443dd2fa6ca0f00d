"""The fields of a training, described for the player: what they are called, hold and may hold."""

from __future__ import annotations

from typing import Any

from tempotron.dashboard.answers import glossary
from tempotron.dashboard.answers.chances import chance
from tempotron.dashboard.answers.glossary import TERMS
from tempotron.dashboard.answers.recorder import settings_of, task_of
from tempotron.dashboard.state.plan import BOUNDS, Plan
from tempotron.dashboard.state.tasks import TABLE, size_of
from tempotron.learning import COSTS, OPTIMISERS, RULES
from tempotron.tasks import Task

_RULE = (
    "A wrong decision goes back to t_max, the time of the highest voltage, and changes the weights "
    "of those whose spikes made it; a right one changes nothing."
)
_CHOICES = {"rule": RULES, "cost": COSTS, "optimiser": OPTIMISERS}
_SECTIONS = {
    "Task": ("patterns", "afferents", "jitter", "seed"),
    "Learning": ("eta", "mu", "tau"),
    "Expert": (
        "rule", "cost", "optimiser", "rate", "tau_s", "theta", "mean", "spread", "epochs",
    ),
}  # fmt: skip


def form(plan: Plan) -> dict[str, Any]:
    """Describe the fields of a plan, in sections, and what its task is called and about."""
    task, size = task_of(plan), size_of(plan.task, plan.own)
    names = {name: entry.label for name, entry in TABLE.items()}
    shut = _shut(plan)
    in_force, meanings = _in_force(plan, task), glossary.of_plan(plan)
    sections = []
    for title, members in _SECTIONS.items():
        fields = [
            _field(name, plan, in_force.get(name), name in shut) | {"help": meanings[name]}
            for name in members
        ]
        sections.append({"title": title, "differs": _differs(plan, members), "fields": fields})
    return {
        "task": {"key": plan.task, "name": names[plan.task], "names": names},
        "about": about(plan, task),
        "swap": plan.swap,
        "one": size.neurons == 1,
        "sections": sections,
    }


def _shut(plan: Plan) -> set[str]:
    """Collect the fields that have no effect on a plan."""
    size, shut = size_of(plan.task, plan.own), set[str]()
    shut |= {"patterns"} if size.patterns is not None else set()
    shut |= {"afferents"} if size.afferents is not None else set()
    shut |= {"cost", "optimiser", "eta"} if plan.rule == "reflect" else set()
    shut |= {"eta"} if plan.rate is not None else set()
    return shut


def _in_force(plan: Plan, task: Task) -> dict[str, str]:
    """Tell what is in force where a field is empty, or has no effect."""
    settings = settings_of(plan)
    afferents, _ = task.kind
    return {
        "rate": f"{settings.rate_for(task):.4g}",
        "mu": f"{settings.momentum:.4g}",
        "tau_s": f"{settings.synaptic:.4g}",
        "mean": f"{settings.mean:.4g}",
        "spread": f"{settings.spread:.4g}",
        "patterns": f"{task.patterns}",
        "afferents": f"{afferents}",
    }


def _field(name: str, plan: Plan, in_force: str | None, shut: bool) -> dict[str, Any]:
    value = getattr(plan, name)
    field = {"name": name, "label": TERMS[name].label, "shut": shut}
    if name in _CHOICES:
        return field | {"value": value, "options": _CHOICES[name]}
    if shut and in_force is not None:
        value = None
    low, high = BOUNDS[name]
    shown = "" if value is None else f"{value:.6g}"
    return field | {
        "value": shown,
        "instead": in_force or "",
        "low": low,
        "high": high,
        "step": TERMS[name].step,
    }


def _differs(plan: Plan, names: tuple[str, ...]) -> str:
    """List what of a section is not as at first: "eta 0.5 instead of 0.05"."""
    default = Plan()
    told = [
        f"{name} {_short(getattr(plan, name))} instead of {_short(getattr(default, name))}"
        for name in names
        if getattr(plan, name) != getattr(default, name)
    ]
    return "; ".join(told)


def _short(value: object) -> str:
    if value is None:
        return "its own"
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)


def about(plan: Plan, task: Task) -> tuple[str, str]:
    """Say what a task is about in one sentence, and all the rest in some more."""
    first, stop, rest = task.sentence.partition(". ")
    more = (_RULE, rest, f"{_size(task)}.", chance(plan))
    return first + stop.strip(), " ".join(filter(None, more))


def _size(task: Task) -> str:
    (afferents, neurons), patterns = task.kind, task.patterns
    layer = f" for {neurons} neurons" if neurons > 1 else ""
    load = f"{patterns / afferents:.3g} per afferent"
    return f"{patterns} patterns of {afferents} afferents{layer} ({load})"
