"""The server: what it gives out beside Streamlit's pages, and what it does when it starts."""

from __future__ import annotations

import gc
import json
import logging
import os
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
from streamlit import config, net_util
from streamlit.config_option import ConfigOption
from streamlit.runtime.scriptrunner import get_script_run_ctx

from tempotron.compiled import ahead
from tempotron.dashboard.ui import assets, middleware, readiness, records
from tempotron.dashboard.ui.menu import PATHS

FRAME = Path(__file__).parent / "frame.py"
# A server for a class: local by default, nothing sent anywhere, nothing of visitors kept.
SETTINGS: dict[str, Any] = {
    "server.address": "localhost",  # to be opened to a network knowingly
    "server.headless": True,  # never ask for an e-mail address, never open a browser by itself
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.maxUploadSize": 2,  # MB; an experiment is a few kB
    "server.maxMessageSize": 20,  # MB
    "server.disconnectedSessionTTL": 120,  # s for which a lost connection finds its session again
    "server.fileWatcherType": "none",  # no polling; restart after an edit
    "client.showErrorDetails": "none",  # a person never sees a traceback
    "client.showSidebarNavigation": False,  # the menu is our own
    "client.toolbarMode": "minimal",
    # Bytes: messages are sent whole. The browser forgets cached ones while fragments rerun, and
    # then stops with "Cached ForwardMsg MISS".
    "global.minCachedMessageSize": 1e9,
    "runner.magicEnabled": False,  # a bare expression in a page is not output
    "runner.postScriptGC": False,  # a full collection after every rerun costs 141 ms with torch
    "browser.gatherUsageStats": False,
    "theme.primaryColor": "#0072B2",
    "theme.baseRadius": "8px",
    "theme.dark.primaryColor": "#56B4E9",
}
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


def settings() -> dict[str, Any]:
    """Return what the server is set to: ours, but for what a person set by file or environment."""
    options = config.get_config_options()
    own = {
        name: value
        for name, value in SETTINGS.items()
        if config.get_where_defined(name) == ConfigOption.DEFAULT_DEFINITION
    }
    theirs = {
        name: _read(option, os.environ[option.env_var])
        for name, option in options.items()
        if option.env_var in os.environ and not option.sensitive
    }
    return own | theirs


def _read(option: ConfigOption, text: str) -> Any:  # noqa: ANN401  as the option asks for
    """Read an environment variable as its option has it."""
    if option.multiple:
        return text.split(",")
    return text.lower() in ("1", "true", "yes") if option.type is bool else option.type(text)


def run(flags: dict[str, Any]) -> None:
    """Run the dashboard until it is stopped; flags win over everything else."""
    st.App(FRAME, **PARTS).run(config=settings() | flags)


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[dict[str, Any]]:
    """Prepare the process beside the first requests."""
    # Streamlit asks an outside address for this machine's own, at start and at handshakes from
    # elsewhere. It need not know: "" is no address that anything could be compared with.
    net_util._external_ip = ""
    readiness.machine_code.clear()
    threading.Thread(target=_prepare, daemon=True).start()
    yield {}


def _prepare() -> None:
    """Import and compile all that pages need, so that nobody waits for it."""
    start = time.monotonic()
    part_is_there = ahead.begun()
    try:
        from tempotron.dashboard.ui import prepare  # noqa: PLC0415  imports torch

        prepare.everything(part_is_there)
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


PARTS: dict[str, Any] = {
    "routes": ROUTES,
    "middleware": MIDDLEWARE,
    "lifespan": lifespan,
    "on_script_error": on_script_error,
}
