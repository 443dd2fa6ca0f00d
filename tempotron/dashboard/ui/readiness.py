"""Readiness: whether a page would open if somebody came now."""

from __future__ import annotations

import threading

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

# Whether machine code is at hand. A server clears it while it is made; pages that cannot do without
# wait for it.
machine_code = threading.Event()
machine_code.set()

_FAILURES = 3  # runs in a row, of as many sessions, after which pages are taken to be broken


class Readiness:
    """What is known of the process: whether all is prepared, and how the last runs went."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._prepared = False
        self._failed: set[str] = set()

    def prepared(self) -> None:
        """Take note that everything is imported and compiled."""
        self._prepared = True

    def failed(self, session: str) -> None:
        """Take note of a run that ended in an error."""
        with self._lock:
            self._failed.add(session)

    def succeeded(self) -> None:
        """Take note of a run of a whole page without an error."""
        if self._failed:
            with self._lock:
                self._failed.clear()

    @property
    def reason(self) -> str:
        """Why no page would open; '' if one would."""
        if not self._prepared:
            return "starting"
        return "pages fail" if len(self._failed) >= _FAILURES else ""


readiness = Readiness()


async def serve(_: Request) -> Response:
    """Answer 200 if a page would open, else 503 and the reason."""
    reason = readiness.reason
    return PlainTextResponse(reason or "ready", 503 if reason else 200)
