"""What is said about chances was counted, and only with the settings it was counted with."""

import re
from typing import get_args

import pytest

from tempotron.dashboard.answers.chances import LEARNED, SEEDS, chance
from tempotron.dashboard.answers.recorder import task_of
from tempotron.dashboard.state.plan import Plan
from tempotron.dashboard.state.tasks import TaskName
from tests.benchmarks.claims import learned

SMALL: list[tuple[TaskName, bool]] = [
    ("order", False),
    ("order", True),
    ("gaps", False),
    ("gaps", True),
    ("xor", False),
]


@pytest.mark.slow
@pytest.mark.parametrize(("task", "swap"), SMALL)
def test_as_many_seeds_learn_as_is_said(task: TaskName, swap: bool) -> None:
    assert len(learned(task, swap)) == LEARNED[task, swap]


def test_the_chance_is_told_with_the_number_that_was_counted() -> None:
    told = "With these settings 199 of 200 seeds learned it within 100 epochs."
    assert chance(Plan(task="xor", seed=5, step=3)) == told


@pytest.mark.parametrize("changes", [{"eta": 0.2}, {"epochs": 50}, {"jitter": 1.0}, {"mean": 0.1}])
def test_with_other_settings_nothing_is_said(changes: dict[str, float]) -> None:
    assert chance(Plan.model_validate({"task": "order"} | changes)) == ""


def test_at_a_step_that_the_opened_run_has_not_nothing_is_said_either() -> None:
    longer = Plan(task="latencies", afferents=500, patterns=1000, epochs=300, step=250_000)
    assert chance(longer) == ""


def test_every_count_is_of_two_hundred_seeds() -> None:
    assert SEEDS >= 200
    assert all(0 <= count <= SEEDS for count in LEARNED.values())


@pytest.mark.parametrize(
    ("task", "swap"), [*((task, False) for task in get_args(TaskName)), *SMALL]
)
def test_no_sentence_of_a_task_counts_seeds_by_itself(task: TaskName, swap: bool) -> None:
    sentence = task_of(Plan(task=task, swap=swap)).sentence
    assert not re.search(r"\d+ seeds|\d %", sentence)
