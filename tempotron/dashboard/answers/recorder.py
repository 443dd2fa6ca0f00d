"""The run that a plan describes: its task, and the run in the making.

The run of a plan is the same to the last digit wherever and however often it is computed.
"""

from __future__ import annotations

import dataclasses
import os
import threading
import time
import weakref
from collections.abc import Iterator

from tempotron import tasks
from tempotron.dashboard.answers.shelf import Shelf
from tempotron.dashboard.answers.turns import Turns
from tempotron.dashboard.state.plan import MAX_DECISIONS, Plan, conditions, start_of
from tempotron.dashboard.state.tasks import TABLE, Draw, TaskName
from tempotron.settings import Settings
from tempotron.tasks import Task
from tempotron.training import Progress, Run, stream

_SETTINGS = {field.name for field in dataclasses.fields(Settings)}


def settings_of(plan: Plan) -> Settings:
    """Collect the settings of a plan's run, after its last fork."""
    return Settings(**plan.model_dump(include=_SETTINGS) | start_of(plan))


def task_of(plan: Plan) -> Task:
    """Make the task of a plan, after its last fork, or find it again."""
    own, T = (plan.own, plan.T) if plan.task == "own" else ((), 0)
    draw = Draw(plan.seed, plan.swap, plan.afferents, plan.patterns, own, T)
    about = (plan.task, draw, plan.flips, plan.jitter)
    return _tasks.get(about) or _tasks.put(about, _task(*about))


def _task(name: TaskName, draw: Draw, flips: tuple[int, ...], jitter: float) -> Task:
    task = TABLE[name].make(draw)
    task = tasks.swapped(task) if draw.swap and not TABLE[name].swaps else task
    task = tasks.relabelled(task, [p - 1 for p in flips if p <= task.patterns]) if flips else task
    return tasks.jittered(task, jitter, draw.seed) if jitter else task


def stream_of(plan: Plan) -> Iterator[Progress]:
    """Compute the run of a plan bit by bit; see `training.stream`.

    A forked run is taken up from the one it was forked from, computed up to there.
    """
    settings = vars(settings_of(plan))
    if not plan.before:
        return stream(task_of(plan), **settings)
    *earlier, last = plan.before
    then = conditions(plan, last.until)
    old = plan.model_copy(update=then | {"before": tuple(earlier), "step": 0})
    origin = _up_to(old, last.until)
    same = old.swap == plan.swap and old.flips == plan.flips
    task = None if same else task_of(plan)
    return origin.stream(min(last.until, len(origin)), task=task, **settings)


def _up_to(plan: Plan, step: int) -> Run:
    """Compute so many presentations of a run at least, or all there are; or find it again."""
    run = _runs.get((plan, step))
    if run is None:
        for progress in stream_of(plan):
            if progress.presentations >= step:
                break
        run = _runs.put((plan, step), progress.run())
    return run


def run_of(plan: Plan) -> Run:
    """Compute the run of a plan, whatever its step."""
    return _up_to(plan.model_copy(update={"step": 0}), MAX_DECISIONS)


class _Making:
    """A run in the making.

    Attributes:
        progress: How far it has come.
        lock: Held by whoever goes on with it.
    """

    def __init__(self, plan: Plan) -> None:
        self._stream = stream_of(plan)
        self.lock = threading.RLock()
        self.progress = next(self._stream)
        self._run: Run | None = None

    @property
    def nbytes(self) -> int:
        return self.run.nbytes

    @property
    def run(self) -> Run:
        """The record so far."""
        with self.lock:
            if self._run is None:
                self._run = self.progress.run()
            return self._run

    def go_on(self) -> None:
        """Compute a thousand presentations, or to the end."""
        with self.lock:
            self.progress, self._run = next(self._stream), None


class Recorder:
    """The run of a plan in the making, to be looked at, continued or cancelled at any time.

    It stays for as long as there is room (see `shelf`), and is computed again when it is asked for
    after that.

    Attributes:
        plan: The plan, its step aside.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan.model_copy(update={"step": 0})
        self._name = object()
        self._presentations = 0
        self._cancelled = False
        weakref.finalize(self, _makings.drop, self._name)
        self._put(_Making(self.plan))

    def _put(self, making: _Making) -> None:
        self._presentations = making.progress.presentations
        _makings.put(self._name, making)

    def _made(self) -> _Making:
        """Find what has been computed, or compute it again."""
        making = _makings.get(self._name)
        if making is None:
            making = _Making(self.plan)
            while making.progress.presentations < self._presentations:
                making.go_on()
            self._put(making)
        return making

    @property
    def running(self) -> bool:
        """Whether there is more to compute."""
        return not self._cancelled and self._made().progress.outcome == "running"

    @property
    def share(self) -> float:
        """Epochs computed, as a share of the limit."""
        return self._made().progress.epochs / self.plan.epochs

    @property
    def place(self) -> int:
        """Place in the queue of those that wait to be computed, from 1; 0 if it does not wait."""
        return _turns.place(self._name)

    @property
    def run(self) -> Run:
        """The record so far."""
        run = self._made().run
        return dataclasses.replace(run, outcome="cancelled") if self._cancelled else run

    def advance(self, seconds: float) -> None:
        """Go on for about so long, by a thousand presentations at least, or to the end.

        Where others are computed it waits for so long, and perhaps nothing happens; see ``place``.
        """
        if not self.running or not _turns.take(self._name, seconds):
            return
        try:
            making, end = self._made(), time.monotonic() + seconds
            while making.progress.outcome == "running":
                making.go_on()
                if time.monotonic() > end:
                    break
            self._put(making)
        finally:
            _turns.give_back()

    def cancel(self) -> None:
        """Leave it at what has been computed."""
        self._cancelled = self.running

    def resume(self) -> None:
        """Go on with what was left."""
        self._cancelled = False


_tasks: Shelf[Task] = Shelf(0.25)
_runs: Shelf[Run] = Shelf(0.25)  # those that forks were taken up from
_makings: Shelf[_Making] = Shelf(0.5)
_turns = Turns(int(os.environ.get("TEMPOTRON_COMPUTING", os.cpu_count() or 1)))
