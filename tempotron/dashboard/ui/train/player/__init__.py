"""The player: a recorded run, played, stepped and scrubbed in the browser, and what can be done.

The browser fetches the record by URL, a chunk at a time, and asks here for what it does not find
there: behind a proxy the URL may lead to another process. While the run is still being computed it
asks for more after each chunk, so that computing goes on for as long as somebody watches, and no
longer.

The browser owns the step while a run is shown. What a person does comes as letters (see `acts`);
``moved`` is raised whenever Python has set another step.
"""

from __future__ import annotations

import base64
import weakref
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import streamlit as st

from tempotron.dashboard.answers.recorder import Recorder
from tempotron.dashboard.answers.recording import Span, pack_span, pack_task, spans
from tempotron.dashboard.answers.standing import ended, stand
from tempotron.dashboard.answers.verdict import judge
from tempotron.dashboard.state.plan import compared
from tempotron.dashboard.ui.component import register, sent
from tempotron.dashboard.ui.records import give_out
from tempotron.dashboard.ui.train import own
from tempotron.dashboard.ui.train.acts import carry_out
from tempotron.dashboard.ui.visitor import NAMES, Visitor
from tempotron.training import Run

_HERE = Path(__file__).parent
_STRETCH = 0.25  # seconds of computing between two looks
_MODULES = ("address", "mail", "patterns", "roving", "times", "voltage", "axes")
_component = register(_HERE, *_MODULES, room="823px")


class _Reel:
    """The record of a run for the browser: its task, and chunk after chunk."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = weakref.ref(recorder)  # else it would be there for as long as this is
        self._chunks = spans(recorder.run)
        self.url = give_out(self)

    def follow(self, run: Run) -> int:
        """Add a chunk if the run has grown; return how many there are."""
        last = self._chunks[-1]
        if last.end < len(run):
            self._chunks.append(Span(last.depth, last.end, len(run)))
        return len(self._chunks)

    def part(self, name: str) -> bytes | None:
        """Pack the task, or a chunk by its number."""
        recorder = self._recorder()
        if recorder is None:
            return None
        if name == "task":
            return pack_task(recorder.run.task)
        if name not in map(str, range(len(self._chunks))):
            return None
        return pack_span(recorder.run, self._chunks[int(name)])


_reels: WeakKeyDictionary[Recorder, _Reel] = WeakKeyDictionary()


def player(visitor: Visitor, recorder: Recorder, about: dict[str, Any]) -> None:
    """Show a run, finished or not, paused.

    Args:
        visitor: The visitor's state.
        recorder: Makes the run.
        about: What the player shows around the run: see ``study.about``.
    """
    reel = _reels.get(recorder) or _reels.setdefault(recorder, _Reel(recorder))
    data = _told(visitor, recorder, reel) | about

    def asked(what: str) -> dict[str, Any] | None:
        """Read a question that is about the run which is shown."""
        message = sent("player", what)
        return message if isinstance(message, dict) and message.get("id") == reel.url else None

    if message := asked("fetch"):
        name = str(message.get("part"))
        part = reel.part(name) or b""
        data["part"] = {"name": name, "bytes": base64.b64encode(part).decode()}

    def more() -> None:
        message = asked("more")
        if message and message.get("chunks") == data["chunks"]:
            recorder.advance(_STRETCH)

    def posted() -> None:
        carry_out(visitor, sent("player", "post"), reel.url)

    if table := sent("player", "table"):
        data["brought"] = own.read(table)

    _component(
        key="player",
        data=data,
        on_post_change=posted,
        on_more_change=more,
        on_fetch_change=lambda: None,
        on_table_change=lambda: None,
        on_patterns_change=lambda: own.know(visitor, sent("player", "patterns")),
    )
    if carry_out(visitor, sent("player", "post"), reel.url):
        st.rerun()  # sent to another session: a server was started anew


def _told(visitor: Visitor, recorder: Recorder, reel: _Reel) -> dict[str, Any]:
    """Tell the browser what the run is and where it stands, and where the visitor is in it."""
    run, (address, linkable) = recorder.run, visitor.train.link
    return {
        "taken": visitor.train.taken,
        "id": reel.url,
        "chunks": reel.follow(run),
        "outcome": run.outcome,
        "share": recorder.share,
        "place": recorder.place,
        "step": visitor.train.plan.step,
        "moved": visitor.train.moved,
        "address": address,
        "linkable": linkable,
        "names": [*NAMES],
        "hide": visitor.brief.hide,
        "lock": visitor.brief.lock,
        "notice": visitor.train.notice,
        "twin": _twin(recorder, visitor),
        "pins": [
            _pin(n, other, visitor)
            for n, other in visitor.train.pinned.items()
            if other is not recorder
        ],
        "own": own.describe(visitor),
    }


def _twin(recorder: Recorder, visitor: Visitor) -> dict[str, Any] | None:
    """Describe the run before the last change, unless a pinned one has its curve."""
    twin = visitor.train.twin
    if twin is None or twin.plan == recorder.plan:
        return None
    pinned = [other.run.errors for other in visitor.train.pinned.values()]
    if any(np.array_equal(twin.run.errors, errors) for errors in pinned):
        return None
    return _pin(0, twin, visitor)


def _pin(number: int, other: Recorder, visitor: Visitor) -> dict[str, Any]:
    """Describe a pinned run: its errors, what it differs in, and where it stands and ended."""
    run = other.run
    k = min(visitor.train.plan.step, len(run))
    right = stand(run, k).right
    return {
        "number": number,
        "errors": run.errors.tolist(),
        "patterns": run.task.patterns,
        "outcome": run.outcome,
        "differs": compared(other.plan, visitor.train.plan),
        "right": f"{int(right.sum())} of {len(right)} right after {k}",
        "ended": ended(run, judge(run)),
    }
