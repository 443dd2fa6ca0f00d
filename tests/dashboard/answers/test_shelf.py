"""What a process keeps of runs: bounded in bytes, computed again, in turns."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from dataclasses import dataclass

import numpy as np
import pytest

from tempotron.dashboard.answers.counting import timing_or_rate
from tempotron.dashboard.answers.recorder import Recorder, _makings, run_of
from tempotron.dashboard.answers.shelf import SETTING, Shelf
from tempotron.dashboard.answers.turns import Turns
from tempotron.dashboard.state.plan import Plan


@dataclass
class Box:
    nbytes: int


def test_the_oldest_goes_when_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "1")
    shelf = Shelf[Box](1.0)
    boxes = [shelf.put(name, Box(400_000)) for name in "ab"]
    assert shelf.get("a") is boxes[0]
    shelf.put("c", Box(400_000))
    assert shelf.get("a") is boxes[0]  # used since
    assert shelf.get("b") is None


def test_one_that_is_larger_than_the_room_is_kept_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "1")
    shelf = Shelf[Box](1.0)
    shelf.put("a", Box(10))
    large = shelf.put("b", Box(5_000_000))
    assert (shelf.get("a"), shelf.get("b")) == (None, large)


PLAN = Plan(task="latencies", afferents=4, patterns=50, eta=0.001, epochs=100)


def test_a_run_that_had_to_go_is_computed_again_as_far_as_it_was() -> None:
    recorder = Recorder(PLAN)
    recorder.advance(0)
    before = recorder.run
    _makings.drop(recorder._name)
    again = recorder.run
    assert again is not before
    np.testing.assert_array_equal(again.v_max, before.v_max)
    while recorder.running:
        recorder.advance(0)
    np.testing.assert_array_equal(recorder.run.v_max, run_of(PLAN).v_max)


def test_a_cancelled_run_is_cancelled_still_when_it_is_computed_again() -> None:
    recorder = Recorder(PLAN)
    recorder.advance(0)
    recorder.cancel()
    length = len(recorder.run)
    _makings.drop(recorder._name)
    assert (recorder.run.outcome, len(recorder.run), recorder.running) == (
        "cancelled",
        length,
        False,
    )


def test_no_cache_keeps_a_run_alive_that_nobody_looks_at() -> None:
    recorder = Recorder(PLAN.model_copy(update={"seed": 77}))
    recorder.advance(0)
    run = weakref.ref(recorder.run)
    timing_or_rate(recorder.run, 10, [0.0])
    del recorder
    gc.collect()
    assert run() is None


def test_who_comes_first_is_first_and_keeps_the_place_by_asking_again() -> None:
    turns = Turns(1)
    assert turns.take("a", 0)
    assert not turns.take("b", 0)
    assert not turns.take("c", 0)
    assert [turns.place(who) for who in "abc"] == [0, 1, 2]
    turns.give_back()
    assert not turns.take("c", 0)  # it is b's turn
    assert turns.take("b", 0)
    turns.give_back()
    assert turns.take("c", 0)


def test_who_asks_no_more_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(1)
    turns.take("a", 0)
    turns.take("gone", 0)
    turns.give_back()
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert turns.take("c", 0)


def test_one_that_waits_begins_as_soon_as_another_ends() -> None:
    turns = Turns(1)
    turns.take("a", 0)
    taken: list[bool] = []
    waiting = threading.Thread(target=lambda: taken.append(turns.take("b", 30)))
    waiting.start()
    turns.give_back()
    waiting.join(30)
    assert taken == [True]
