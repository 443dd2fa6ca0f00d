"""Patterns of one's own, as the player and Python tell each other of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tempotron.dashboard.state import link
from tempotron.dashboard.state import patterns as collection
from tempotron.dashboard.state.patterns import EXAMPLES, MAX_PATTERNS, Collection
from tempotron.dashboard.ui.visitor import Visitor

_NOTHING = "nothing in it can be used: expected lines of pattern, class (+ or -), afferent, time_ms"


def describe(visitor: Visitor) -> dict[str, Any]:
    """Tell the player where the patterns of the plan are from, and which ones are wanted.

    Only those of a link are told themselves: the browser has the others.
    """
    own = visitor.train.plan.own
    source = "browser" if visitor.train.own_name else "examples" if own == EXAMPLES else "link"
    shown = own if source == "link" else ()
    return {
        "from": source,
        "name": visitor.train.own_name,
        "want": visitor.train.own_wanted,
        "T": visitor.train.plan.T,
        "patterns": [{"fire": p.fire, "spikes": p.spikes} for p in shown],
    }


def know(visitor: Visitor, message: object) -> None:
    """Get to know patterns that the browser sent; anything else changes nothing."""
    if not isinstance(message, Mapping):
        return
    name, sent, T = (message.get(key) for key in ("name", "patterns", "T"))
    if not isinstance(name, str) or not isinstance(sent, list) or not 1 <= len(name) <= 40:
        return
    notes: list[str] = []
    length = link.read_whole((10, 2000), 100, "length", T, notes)
    records = [("+" if fire else "-", rows) for fire, rows in filter(_is_pattern, sent)]
    found = collection.repair(records, notes) if records else EXAMPLES
    if records:
        visitor.train.know(name, found, length, link.sentence(notes, "collection"))


def _is_pattern(sent: object) -> bool:
    return (
        isinstance(sent, list)
        and len(sent) == 2
        and isinstance(sent[0], bool)
        and isinstance(sent[1], list)
        and all(isinstance(row, list) for row in sent[1])
    )


def read(message: object) -> dict[str, Any]:
    """Read a table that the browser has opened.

    Returns:
        Its number ``n``, the ``patterns`` as class and spikes, their length ``T``, and a
        ``notice``; no patterns if none can be used.
    """
    fields = message if isinstance(message, Mapping) else {}
    name, text = str(fields.get("name", "file"))[:80], str(fields.get("text", ""))
    brought: dict[str, Any] = {"n": fields.get("n"), "patterns": None, "T": None}
    try:
        found, notes = collection.from_csv(text.removeprefix("\ufeff"))
    except ValueError as error:
        return brought | {"notice": f"{name} was not opened: {error}."}
    if _is_empty(found, notes):
        return brought | {"notice": f"{name} was not opened: {_NOTHING}."}
    last = max((t for p in found for row in p.spikes for t in row), default=0)
    return brought | {
        "patterns": [[p.fire, p.spikes] for p in found[:MAX_PATTERNS]],
        "T": max(math.ceil(last), 100),
        "notice": link.sentence(notes, "file"),
    }


def _is_empty(found: Collection, notes: list[str]) -> bool:
    return found == EXAMPLES and any("no pattern is left" in note for note in notes)
