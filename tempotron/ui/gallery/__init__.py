"""The gallery: the tasks to choose from, each with two of its patterns drawn from its data."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from tempotron.collection import EXAMPLES, Collection
from tempotron.plan import TASKS, Plan, TaskName
from tempotron.recorder import task_of
from tempotron.ui.component import register

NAMES: dict[TaskName, str] = {
    "latencies": "Random latency patterns",
    "order": "Order of two spikes",
    "gaps": "Gaps of 5 and 10 ms",
    "xor": "Temporal XOR",
    "late": "Early or late",
    "templates": "Two noisy templates",
    "synchrony": "Pairwise synchrony",
    "rates": "Poisson rates",
    "iris": "Iris",
    "digits": "Handwritten digits",
    "own": "My own patterns",
}
_ROWS = 24
_component = register(Path(__file__).parent, room="89px")


def gallery(plan: Plan, on_choice: Callable[[str], None]) -> None:
    """Show the tasks, that of a plan pressed.

    Args:
        plan: Its task is the one chosen, and its own patterns are drawn.
        on_choice: Told the key of the task that is pressed.
    """
    tasks = [picture(name, plan.own if name == "own" else EXAMPLES) for name in TASKS]
    _component(
        key="gallery",
        data={"tasks": tasks, "chosen": plan.task},
        on_task_change=lambda: on_choice(st.session_state["gallery"]["task"]),
    )


@lru_cache(maxsize=64)
def picture(name: TaskName, own: Collection) -> dict[str, Any]:
    """Give the name of a task, and a pattern to fire at and one to be silent at as rows of 0 to 1.

    Of many afferents it takes some, evenly.
    """
    task = task_of(Plan(task=name, own=own))
    fire = task.targets[:, 0]
    shown = [int(fire.int().argmax()), int((~fire).int().argmax())]
    every = math.ceil(task.kind[0] / _ROWS)
    patterns = [
        {
            "fire": bool(fire[p]),
            "rows": [
                [round(t / task.T, 4) for t in row if 0 <= t < task.T]
                for row in task.spikes[p, ::every].tolist()
            ],
        }
        for p in dict.fromkeys(shown)
    ]
    return {"key": name, "name": NAMES[name], "patterns": patterns}


def draw_ahead() -> None:
    """Draw all pictures once, so that the first visitor need not wait for the data."""
    for name in TASKS:
        picture(name, EXAMPLES)
