"""Briefs: what a teacher adds to a link, a title, a task in words, and what is hidden or locked.

Hiding is presentation: whoever reads the link finds the same state in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote_plus

from pydantic import BaseModel, ConfigDict

MOST = 280  # characters of title and task together
MOST_ENCODED = 700  # as they stand in a link
_BETWEEN = "."

# What can be hidden and locked on a page, by its name in a link, and what it is called.
HIDE: dict[str, dict[str, str]] = {
    "Explore": {
        "presets": "presets",
        "sentence": "the sentence with the verdict",
        "hint": "the hint",
        "voltage": "the voltage and its threshold",
        "kernel": "what one spike does",
        "panels": "what stands below the stage",
    },
    "Train": {
        "lens": "the credit lens",
        "errors": "the errors",
        "weights": "the weights",
        "tiles": "the pattern tiles",
        "standing": "where it stands",
    },
}
LOCK: dict[str, dict[str, str]] = {
    "Explore": {
        "spikes": "spikes",
        "weights": "weights",
        "theta": "threshold",
        "tau": "time constants",
        "more": "trial length and finer settings",
    },
    "Train": {"task": "task, labels and seed", "fields": "all fields", "forks": "forks and pins"},
}


class Brief(BaseModel):
    """What stands around a shared state.

    Attributes:
        title: One line above the page's own picture.
        text: The task, plain text.
        hide: Names of what is not shown.
        lock: Names of what cannot be changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    text: str = ""
    hide: tuple[str, ...] = ()
    lock: tuple[str, ...] = ()


NAMES = frozenset(Brief.model_fields)  # of the parameters of a link


def parameters(brief: Brief) -> dict[str, str]:
    """Write a brief as parameters of a link; what is empty stays out."""
    fields = {"title": brief.title, "text": brief.text}
    fields |= {"hide": _BETWEEN.join(brief.hide), "lock": _BETWEEN.join(brief.lock)}
    return {name: value for name, value in fields.items() if value}


def left(brief: Brief) -> int:
    """Count the characters that there is still room for; below 0 there are too many."""
    encoded = len(quote_plus(brief.title)) + len(quote_plus(brief.text))
    return min(MOST - len(brief.title) - len(brief.text), MOST_ENCODED - encoded)


def decode(given: Mapping[str, str], page: str) -> tuple[Brief, list[str]]:
    """Read the brief of a link.

    Args:
        given: Its parameters.
        page: A name of the menu.

    Returns:
        The nearest valid brief, and one clause for every change; see `link`.
    """
    notes: list[str] = []
    words = Brief(title=given.get("title", ""), text=given.get("text", ""))
    if left(words) < 0:
        notes.append(f"title and text are longer than {MOST} characters: the rest is left out")
        words = _shortened(words)
    hide = _named(given.get("hide", ""), "hide", HIDE.get(page, {}), notes)
    lock = _named(given.get("lock", ""), "lock", LOCK.get(page, {}), notes)
    return words.model_copy(update={"hide": hide, "lock": lock}), notes


def _shortened(words: Brief) -> Brief:
    """Cut the text, and then the title, to what there is room for."""
    for name in ("text", "title"):
        while left(words) < 0 and getattr(words, name):
            words = words.model_copy(update={name: getattr(words, name)[: left(words)]})
    return words


def _named(text: str, what: str, known: Mapping[str, str], notes: list[str]) -> tuple[str, ...]:
    names = text.split(_BETWEEN) if text else []
    found = tuple(name for name in known if name in names)
    if len(found) < len(names):
        notes.append(f"{what} names what this page has not: left out")
    return found


def told(brief: Brief, page: str) -> str:
    """Say what is hidden and locked; '' if nothing is."""
    parts = [
        f"{word}: {', '.join(table[page][name] for name in names)}"
        for word, names, table in (("Hidden", brief.hide, HIDE), ("Locked", brief.lock, LOCK))
        if names
    ]
    return f"{'. '.join(parts)}." if parts else ""
