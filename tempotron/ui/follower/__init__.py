"""What stands beside the stage and follows it: a fragment of its own, run again after each edit.

Were it one fragment with the stage, every move of a hand would draw it again, and frames would
be lost.
"""

from __future__ import annotations

from pathlib import Path

from tempotron.ui.component import register

_component = register(Path(__file__).parent)


def follow() -> None:
    """Let the fragment that calls this run again whenever an edit of the stage has settled."""
    _component(key="follower", on_settled_change=lambda: None)
