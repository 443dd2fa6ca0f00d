"""Chances: of how many seeds a task is learned as the page opens it, counted and not supposed.

`python -m tests.benchmarks.claims` counts again. A sentence takes its number from here.
"""

from __future__ import annotations

from tempotron.dashboard.state.plan import Plan
from tempotron.dashboard.state.tasks import TaskName

SEEDS = 200
# Seeds from 0 to 199 whose run ended without an error, by task and whether labels are swapped.
LEARNED: dict[tuple[TaskName, bool], int] = {
    ("order", False): 200,
    ("order", True): 200,
    ("gaps", False): 200,
    ("gaps", True): 200,
    ("xor", False): 199,
    ("xor", True): 200,
    ("late", False): 0,
    ("late", True): 0,
    ("latencies", False): 198,
    ("latencies", True): 196,
    ("templates", False): 200,
    ("templates", True): 200,
    ("synchrony", False): 200,
    ("synchrony", True): 200,
    ("rates", False): 200,
    ("rates", True): 200,
    ("iris", False): 199,
}


def chance(plan: Plan) -> str:
    """Tell of how many seeds a plan's task is learned; '' where that has not been counted.

    Args:
        plan: A plan; it was counted if nothing but task, labels, seed and step is chosen.
    """
    opened = Plan(task=plan.task, swap=plan.swap, seed=plan.seed)
    learned = LEARNED.get((plan.task, plan.swap))
    if learned is None or plan.model_copy(update={"step": 0}) != opened:
        return ""
    return f"With these settings {learned} of {SEEDS} seeds learned it within {plan.epochs} epochs."
