"""A third of what is promised against the dense formula, on any machine that runs the tests."""

import time

import pytest
import torch

from tempotron import tasks, train, warm_up
from tests.benchmarks.compare import SHAPE, in_turns, peak_memory, present, seconds
from tests.benchmarks.contenders import Batch, dense_online

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def one_thread() -> object:
    warm_up()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_batch_is_a_hundred_times_faster_than_the_dense_formula(threads: int) -> None:
    torch.set_num_threads(threads)
    work = Batch(*SHAPE)
    steps = {"dense": work.dense, "prepared": work.ours_prepared, "ours": work.ours}
    took = in_turns(steps, rounds=2, each=5, once={"dense"})
    assert took["dense"] > 100 * took["prepared"]
    assert took["dense"] > 33 * took["ours"]


def test_a_batch_is_67_times_faster_than_spikingjelly() -> None:
    pytest.importorskip("spikingjelly")
    work = Batch(*SHAPE)
    steps = {"peer": work.spikingjelly(), "prepared": work.ours_prepared, "ours": work.ours}
    took = in_turns(steps, rounds=2, each=5, once={"peer"})
    assert took["peer"] > 67 * took["prepared"]
    assert took["peer"] > 27 * took["ours"]


def test_a_batch_takes_a_hundred_and_sixtieth_of_the_memory_of_the_dense_formula() -> None:
    assert peak_memory("dense") > 167 * peak_memory("ours_prepared")


@pytest.mark.parametrize("afferents", [10, 100])
def test_a_single_pattern_takes_no_longer_than_three_times_the_dense_formula(
    afferents: int,
) -> None:
    work = Batch(1, afferents, 1, 500)
    steps = {"dense": work.dense, "ours": work.ours, "peak": work.bare_peak}
    took = in_turns(steps, rounds=50, each=3)
    assert took["ours"] < 3 * took["dense"]
    assert took["peak"] < 0.3e-3


def test_online_training_is_700_times_faster_than_the_dense_formula() -> None:
    task = tasks.random_latencies(500, 1.0)
    run = train(task)
    slow = seconds(lambda: present(dense_online(run), 200)) / 200
    assert run.outcome == "converged"
    fast = min(seconds(lambda: train(task)) for _ in range(3)) / len(run)
    assert slow > 667 * fast


@pytest.mark.parametrize(
    ("load", "rule", "promised"),
    [(2.0, "paper", 1.0), (2.0, "reflect", 0.2), (3.0, "reflect", 2.0)],
)
def test_five_hundred_afferents_are_trained_to_zero_errors_in_time(
    load: float, rule: str, promised: float
) -> None:
    took = []
    for seed in range(3):
        task = tasks.random_latencies(500, load, seed=seed)
        begin = time.perf_counter()
        run = train(task, seed=seed, rule=rule, epochs=2000)
        took.append(time.perf_counter() - begin)
        assert run.outcome == "converged"
    assert sorted(took)[1] < 3 * promised
