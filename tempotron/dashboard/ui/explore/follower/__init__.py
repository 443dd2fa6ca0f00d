"""What stands beside the stage and follows it: a fragment of its own, run again after each edit.

Were it one fragment with the stage, every move of a hand would draw it again, and frames would
be lost. While it is out of view it waits.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tempotron.dashboard.ui.component import register

_component = register(Path(__file__).parent)


def follow(seen: bool, on_sight: Callable[[], None]) -> None:
    """Let the fragment that calls this run again whenever an edit of the stage has settled.

    Args:
        seen: Whether it has been in view; until then it has nothing to show.
        on_sight: Called when it comes into view, and at every settled edit while it is there.
    """
    _component(key="follower", data={"seen": seen}, on_settled_change=on_sight)
