"""Once, before any test: compile what all tests and servers then find compiled."""

import pytest
import torch

from tempotron import warm_up

torch.set_num_threads(1)  # many small tensors: threads cost tests more than they give


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # not in the processes that share the tests out
        warm_up()
