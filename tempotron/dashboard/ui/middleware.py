"""Middleware: which hosts are answered, what a browser may do, and files compressed only once."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.file_util import get_static_dir

from tempotron.dashboard.ui.assets import Asset, addresses, publish

# Who may show the dashboard in a frame: sources as in a Content-Security-Policy. Default: anyone.
FRAME_ANCESTORS = "TEMPOTRON_FRAME_ANCESTORS"
_HERE, _BUNDLE = Path(__file__).parent, Path(get_static_dir())
# First parts of paths that are not a person's: Streamlit's own and ours.
_NO_PAGES = {"_stcore", "media", "component", "static", "app", "assets", "records", "ready"}
# The component that a page begins with: a browser can fetch it before Streamlit asks for it.
_FIRST = {"": "stage", "train": "player"}
_HINTS = "<!-- modules -->"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class TrustedHosts:
    """Answer only the hosts that Streamlit's setting ``server.allowedHosts`` names, if any.

    Streamlit itself looks at them at its websocket only.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._checked: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if self._checked is None:  # settings are read after the app was made
            hosts = st.get_option("server.allowedHosts") or ["*"]
            self._checked = TrustedHostMiddleware(self._app, hosts, www_redirect=False)
        await self._checked(scope, receive, send)


class SafeHeaders:
    """Tell browsers to load nothing from elsewhere, and to tell nobody where they came from."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with these headers."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = policy()
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, receive, send_safely)


@cache
def policy() -> str:
    """Write the Content-Security-Policy: all from this server, framed by whom the setting names."""
    inline = _INLINE.findall((_BUNDLE / "index.html").read_text())
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()) for text in inline)
    scripts = " ".join(f"'sha256-{digest.decode()}'" for digest in digests)
    return (
        f"default-src 'self'; script-src 'self' blob: {scripts}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
        f"frame-ancestors {os.environ.get(FRAME_ANCESTORS, '*')}"
    )


class Bundle:
    """Give out Streamlit's own scripts compressed, once each; it sends them as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._assets: dict[str, Asset] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for such a file, and hand on all others."""
        _, found, name = scope["path"].rpartition("/static/") if _is_get(scope) else ("", "", "")
        asset = self._asset(name) if found and name.endswith((".js", ".css")) else None
        answer = await asset.answer(Request(scope)) if asset else self._app
        await answer(scope, receive, send)

    def _asset(self, name: str) -> Asset | None:
        file = (_BUNDLE / "static" / name).resolve()
        if name not in self._assets and _BUNDLE in file.parents and file.is_file():
            self._assets[name] = Asset(name, file.read_bytes())
        return self._assets.get(name)


class Pages:
    """Answer a person's address: with the document of every page, or that there is no such page."""

    def __init__(self, app: ASGIApp, pages: set[str]) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a page, and hand on all others."""
        name = _page_asked(scope)
        answer: ASGIApp = self._app
        if name in self._pages:
            text = document().replace(_HINTS, _hints(name))
            answer = HTMLResponse(text, headers={"Cache-Control": "no-cache"})
        elif name is not None:
            answer = HTMLResponse(_unknown_page(), 404)
        await answer(scope, receive, send)


def _is_get(scope: Scope) -> bool:
    return bool(scope["type"] == "http" and scope["method"] == "GET")


def _base() -> str:
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"/{base}/" if base else "/"


def _page_asked(scope: Scope) -> str | None:
    """Read the name of a page off an address, or find that it is not one of a page."""
    if not _is_get(scope) or "text/html" not in Headers(scope=scope).get("accept", ""):
        return None
    path = scope["path"]
    name: str = path.removeprefix(_base())
    inside = path.startswith(_base()) and not (name and path.endswith("/"))
    is_file = name.split("/", 1)[0] in _NO_PAGES or "." in name
    return name if inside and not is_file else None


@cache
def document() -> str:
    """Write the document that every page begins with: Streamlit's, with our name and our look."""
    text = (_BUNDLE / "index.html").read_text()
    style = publish(_HERE / "frame.css").url
    script = publish(_HERE / "page.js").url
    ours = (
        f'<link rel="stylesheet" href="./{style}/frame.css" />'
        f'<script type="module" src="./{script}/page.js"></script>{_HINTS}'
    )
    text = text.replace("<title>Streamlit</title>", f"<title>Tempotron</title>{ours}")
    if ours not in text:
        raise RuntimeError("Streamlit's index.html has another title than expected")
    return text


def _hints(page: str) -> str:
    """Name the modules that a page is going to need."""
    streamlits = sorted((_BUNDLE / "static/js").glob("BidiComponent.*.js"))
    modules = [f"static/js/{file.name}" for file in streamlits]
    modules += [url for url in addresses(_FIRST.get(page, "")) if url.endswith(".js")]
    return "".join(f'<link rel="modulepreload" href="./{url}" />' for url in modules)


def _unknown_page() -> str:
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>No such page - Tempotron</title>
<style>
  :root {{ color-scheme: light dark; font: 1.05rem/1.5 system-ui, sans-serif; }}
  body {{ max-width: 34rem; margin: 18vh auto; padding: 0 1.25rem; }}
  h1 {{ font-size: 1.6rem; }}
  a {{ color: light-dark(#0072b2, #56b4e9); }}
</style>
<h1>There is no such page</h1>
<p>This address leads to no page of Tempotron. Perhaps a letter is missing, or one too many.</p>
<p><a href="{_base()}">Open Explore</a>, where every visit begins.</p>
</html>"""
