"""What this browser keeps of a person, and a button that ends it."""

from __future__ import annotations

from pathlib import Path

from tempotron.dashboard.ui.component import register

_component = register(Path(__file__).parent, "patterns", room="64px")


def memory() -> None:
    """Say what is kept in the browser, and let a person forget it."""
    _component(key="memory")
