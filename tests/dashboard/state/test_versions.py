"""A link made today opens the same tomorrow: defaults belong to a version."""

import pytest
from pydantic import BaseModel

from tempotron.dashboard.state.experiment import Experiment
from tempotron.dashboard.state.plan import Plan
from tempotron.dashboard.state.sweep import Request
from tempotron.dashboard.state.versions import DEFAULTS, VERSION

MODELS: dict[str, type[BaseModel]] = {"Explore": Experiment, "Train": Plan, "Capacity": Request}


@pytest.mark.parametrize("page", MODELS)
def test_the_defaults_of_today_are_those_of_the_newest_version(page: str) -> None:
    now = MODELS[page]().model_dump(mode="json")
    assert now == DEFAULTS[VERSION][page] | {"version": VERSION}


def test_the_newest_version_is_the_last_of_all() -> None:
    assert max(DEFAULTS) == VERSION
    assert list(DEFAULTS) == list(range(1, VERSION + 1))
