"""The gallery: the tasks to choose from, each with two of its patterns drawn from its data."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

from tempotron.dashboard.answers.recorder import task_of
from tempotron.dashboard.state.plan import Plan
from tempotron.dashboard.state.tasks import TABLE, TaskName
from tempotron.dashboard.ui.assets import publish_text

_ROWS = 24


@cache
def url() -> str:
    """Give out the pictures of all tasks; they are drawn at the first call."""
    return publish_text("gallery.json", json.dumps([picture(name) for name in TABLE]))


def picture(name: TaskName) -> dict[str, Any]:
    """Give the name of a task, and a pattern to fire at and one to be silent at as rows of 0 to 1.

    Of many afferents it takes some, evenly.
    """
    task = task_of(Plan(task=name))
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
    return {"key": name, "name": TABLE[name].label, "patterns": patterns}
