"""Packed runs: what is read is what was written."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tempotron import Task, tasks, train
from tempotron.recording import pack, unpack


@settings(deadline=None, max_examples=30)
@given(
    st.integers(1, 6), st.integers(1, 5), st.integers(1, 3), st.integers(0, 1000),
    st.sampled_from(["paper", "reflect"]),
)  # fmt: skip
def test_a_packed_run_is_read_as_it_was(
    patterns: int, afferents: int, neurons: int, seed: int, rule: str
) -> None:
    generator = torch.Generator().manual_seed(seed)
    spikes = torch.rand(patterns, afferents, 2, generator=generator) * 60
    task = Task(spikes, torch.rand(patterns, neurons, generator=generator) < 0.5, 50.0)
    run = train(task, seed=seed, epochs=7, rule=rule)
    about, arrays = unpack(pack(run))
    for name in ("epoch", "pattern", "reason", "errors"):
        np.testing.assert_array_equal(arrays[name], getattr(run, name))
    for name in ("v_max", "t_max"):
        np.testing.assert_array_equal(arrays[name], getattr(run, name).astype(np.float32))
    np.testing.assert_array_equal(arrays["decided"], run.fired)
    assert about["outcome"] == run.outcome
    assert about["settings"]["rule"] == rule
    assert about["reasons"][1] == "the decision was right"
    # Between two steps the weights stay as they are.
    shown = arrays["weights"][np.searchsorted(arrays["steps"], range(len(run) + 1), "right") - 1]
    np.testing.assert_array_equal(shown, run.path(range(len(run) + 1)).numpy().astype(np.float32))


def test_every_array_begins_where_a_typed_array_may() -> None:
    data = pack(train(tasks.random_latencies(7, 1), epochs=3))
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[8 : 8 + length])
    assert length % 8 == 0
    for dtype, _, offset in header["arrays"].values():
        assert offset % 8 == 0
        assert dtype in ("<i4", "<f4", "|i1")


def test_too_many_weights_are_thinned_evenly() -> None:
    run = train(tasks.random_latencies(100, 3, seed=1), epochs=30)
    few = unpack(pack(run, weights_limit=4 * 100 * 50))[1]
    assert few["weights"].shape == (50, 1, 100)
    assert few["steps"][0] == 0
    assert few["steps"][-1] == len(run)
    np.testing.assert_array_equal(few["weights"][-1], run.weights.numpy().astype(np.float32))
    assert len(unpack(pack(run, weights_limit=0))[1]["steps"]) == 2


def test_a_run_of_toy_size_is_a_small_message() -> None:
    run = train(tasks.random_latencies(10, 2, seed=2), seed=2, epochs=50)
    assert len(pack(run)) < 60_000


@pytest.mark.parametrize(
    "damaged", [b"", b"\5\0\0\0\0\0\0\0{}", b"nonsense and more nonsense", b"\2\0\0\0\0\0\0\0{}"]
)
def test_damaged_bytes_are_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"^data must be a packed run"):
        unpack(damaged)


def test_a_cut_message_and_another_version_are_refused() -> None:
    data = pack(train(tasks.order_of_two(), epochs=5))
    with pytest.raises(ValueError, match=r"^data must be a packed run"):
        unpack(data[:-9])
    with pytest.raises(ValueError, match=r"^data must be of version 1, got 2"):
        unpack(data.replace(b'"version": 1', b'"version": 2'))
