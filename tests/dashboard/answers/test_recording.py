"""Packed runs: what is read is what was written."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tempotron import Task, tasks, train
from tempotron.dashboard.answers.recording import pack, pack_span, pack_task, spans, unpack


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
    for name in ("epoch", "pattern", "reason"):
        np.testing.assert_array_equal(arrays[name], getattr(run, name))
    for name in ("v_max", "t_max"):
        np.testing.assert_array_equal(arrays[name], getattr(run, name).astype(np.float32))
    np.testing.assert_array_equal(arrays["decided"], run.fired)
    np.testing.assert_array_equal(arrays["targets"], task.targets.numpy())
    assert about["settings"]["rule"] == rule
    assert about["reasons"][1] == "the decision was right"
    # So short a run has the state of every step.
    np.testing.assert_array_equal(arrays["steps"], range(len(run)))
    expected = [states.numpy().astype(np.float32) for states in run.states(range(len(run)))]
    np.testing.assert_array_equal(arrays["weights"], expected[0])
    np.testing.assert_array_equal(arrays["momentum"], expected[1])


def test_a_later_chunk_holds_what_the_whole_has_from_there_on() -> None:
    run = train(tasks.random_latencies(7, 1), seed=3, epochs=9)
    cut = len(run) // 3
    whole, (about, rest) = unpack(pack(run))[1], unpack(pack(run, cut))
    assert about["first"] == cut
    np.testing.assert_array_equal(rest.pop("targets"), whole.pop("targets"))
    for name, array in whole.items():
        np.testing.assert_array_equal(rest[name], array[cut:])


def test_numbers_in_force_are_told_where_none_were_chosen() -> None:
    run = train(tasks.random_latencies(7, 1), epochs=3)
    told = unpack(pack(run))[0]["settings"]
    assert (told["tau_s"], told["mu"]) == (3.75, 0.9)
    assert told["rate"] == run.settings.rate_for(run.task)


def test_every_array_begins_where_a_typed_array_may() -> None:
    run = train(tasks.random_latencies(7, 1), epochs=3)
    for data in (pack(run), pack_task(run.task)):
        length = int.from_bytes(data[:4], "little")
        header = json.loads(data[8 : 8 + length])
        assert length % 8 == 0
        for dtype, _, offset in header["arrays"].values():
            assert offset % 8 == 0
            assert dtype in ("<i4", "<f4", "<f8", "|i1")


def test_too_many_states_are_thinned_evenly() -> None:
    run = train(tasks.random_latencies(100, 3, seed=1), epochs=30)
    few = unpack(pack(run, states_limit=8 * 100 * 50))[1]
    assert few["weights"].shape == few["momentum"].shape == (50, 1, 100)
    assert set(np.diff(few["steps"])) == {len(run) // 50}
    assert unpack(pack(run, states_limit=0))[1]["steps"].tolist() == [0]


def test_nothing_more_is_a_chunk_with_the_state_only() -> None:
    run = train(tasks.order_of_two(), epochs=5)
    data = unpack(pack(run, len(run)))[1]
    assert len(data["pattern"]) == 0
    assert data["steps"].tolist() == [len(run)]


def test_what_was_before_a_fork_is_not_in_its_own_part() -> None:
    fork = train(tasks.order_of_two(), epochs=5).fork(4)
    with pytest.raises(ValueError, match=r"^first and end must be from 4 to"):
        pack(fork)


def test_all_of_a_forked_run_is_a_chunk_for_each_of_its_conditions() -> None:
    task = tasks.order_of_two()
    once = train(task, epochs=50, eta=0.01).fork(4, eta=0.02)
    twice = once.fork(4, eta=0.03).fork(9, task=tasks.swapped(task), eta=0.04)
    parts = [unpack(chunk) for chunk in [pack_span(twice, span) for span in spans(twice)]]
    assert [about["first"] for about, _ in parts] == [0, 4, 9]
    assert [about["settings"]["eta"] for about, _ in parts] == [0.01, 0.03, 0.04]
    whole = np.concatenate([arrays["v_max"] for _, arrays in parts])
    np.testing.assert_array_equal(whole, twice.v_max.astype("f4"))
    targets = [arrays["targets"][0, 0] for _, arrays in parts]
    assert targets == [1, 1, 0]


def test_a_task_is_read_as_it_was() -> None:
    task = tasks.poisson_rates(5, 2)
    about, arrays = unpack(pack_task(task))
    assert (about["name"], about["T"]) == (task.name, task.T)
    np.testing.assert_array_equal(arrays["spikes"], task.spikes.numpy())


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
    with pytest.raises(ValueError, match=r"^data must be of version 2, got 1"):
        unpack(data.replace(b'"version": 2', b'"version": 1'))
