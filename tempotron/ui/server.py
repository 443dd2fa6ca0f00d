"""The server: what it gives out beside Streamlit's pages, and what it does when it starts."""

from __future__ import annotations

import gc
import json
import logging
import threading
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from streamlit import net_util
from streamlit.runtime.scriptrunner import get_script_run_ctx

from tempotron.ui import assets, middleware, readiness, records
from tempotron.ui.menu import PATHS

FRAME = Path(__file__).parent / "frame.py"
_log = logging.getLogger("tempotron")
_SORRY = (
    "Something went wrong here. What you made is safe: its link is in the address bar, and the "
    "browser keeps the rest. Reload the page; if it happens again, open the page from the menu "
    "anew."
)


def _under(path: str) -> list[str]:
    """Give a path with and without a base path before it; Streamlit does not add its own."""
    return [f"/{path}", f"/{{base:path}}/{path}"]


ROUTES: list[BaseRoute] = [
    Route(path, serve)
    for pattern, serve in (
        ("assets/{name:path}", assets.serve),
        ("records/{name}/{part}", records.serve),
        ("ready", readiness.serve),
    )
    for path in _under(pattern)
]
MIDDLEWARE = [
    Middleware(middleware.TrustedHosts),
    Middleware(middleware.SafeHeaders),
    Middleware(middleware.Bundle),
    Middleware(middleware.Pages, pages={*PATHS}),
]


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[dict[str, Any]]:
    """Prepare the process beside the first requests."""
    # Streamlit asks an outside address for this machine's own, at start and at handshakes from
    # elsewhere. It need not know: "" is no address that anything could be compared with.
    net_util._external_ip = ""
    threading.Thread(target=_prepare, daemon=True).start()
    yield {}


def _prepare() -> None:
    """Import and compile all that pages need, so that nobody waits for it."""
    start = time.monotonic()
    try:
        from tempotron.ui import prepare  # noqa: PLC0415  imports torch

        prepare.everything()
    except Exception:
        _log.exception("no page will open: what pages need could not be prepared")
        raise
    middleware.document()
    assets.compress_all()
    gc.collect()
    gc.freeze()  # what is imported by now stays: no collection need look at it again
    readiness.readiness.prepared()
    _log.warning("ready after %.1f s", time.monotonic() - start)


def on_script_error(error: Exception) -> bool:
    """Log an error that nobody foresaw in one line, and say one sentence on the page."""
    context = get_script_run_ctx()
    session = context.session_id if context else ""
    readiness.readiness.failed(session)
    report = {
        "event": "script error",
        "session": session[:8],
        "page": context.page_script_hash[:8] if context else "",
        "error": type(error).__name__,
        "message": str(error),
        "trace": traceback.format_exception(error),
    }
    _log.error(json.dumps(report))
    st.error(_SORRY)
    return True
