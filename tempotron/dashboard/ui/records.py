"""Records of runs for the browser: given out from memory, under a name that nobody can guess.

A record is packed, part by part, when it is fetched. It goes with whoever made it.
"""

from __future__ import annotations

import secrets
from typing import Protocol
from weakref import WeakValueDictionary

from starlette.requests import Request
from starlette.responses import Response


class Record(Protocol):
    """Whatever has parts to give out."""

    def part(self, name: str) -> bytes | None:
        """Pack a part, if there is one of this name."""


_records: WeakValueDictionary[str, Record] = WeakValueDictionary()


def give_out(record: Record) -> str:
    """Give out the parts of a record for as long as it is there.

    Returns:
        The path of their folder, from the root of the app.
    """
    name = secrets.token_urlsafe(16)
    _records[name] = record
    return f"records/{name}"


def serve(request: Request) -> Response:
    """Answer a request for a part of a record, or say that there is none (any more)."""
    record = _records.get(request.path_params["name"])
    data = record.part(request.path_params["part"]) if record else None
    if data is None:
        return Response(status_code=404)
    # Not compressed on the way: numbers hardly shrink, and it takes longer than to compute them.
    headers = {"Cache-Control": "private, no-store", "Content-Encoding": "identity"}
    return Response(data, headers=headers, media_type="application/octet-stream")
