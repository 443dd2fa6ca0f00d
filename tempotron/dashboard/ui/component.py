"""Custom components from plain files: HTML, CSS and JavaScript modules, served by URL.

Streamlit sends a component's whole text again with every message. So what it is given is a loader
of a few lines; the browser fetches the files themselves once, as native modules that import each
other.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from tempotron.dashboard.ui.assets import publish

_HERE = Path(__file__).parent
_SHARED, _LOADER = _HERE / "shared", (_HERE / "loader.js").read_text()


@functools.cache
def build() -> str:
    """Name the version of everything that runs in a browser."""
    files = [file for kind in ("js", "css", "html") for file in sorted(_HERE.rglob(f"*.{kind}"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def register(
    folder: Path, *shared: str, room: str = "0", isolate_styles: bool = True
) -> ComponentRenderer:
    """Register the component of a folder, once, when the module that owns it is imported.

    Args:
        folder: Holds ``<folder>.html``, ``<folder>.css`` and ``<folder>.js``, which exports the
            component by default, and the modules that this one imports. If it is not drawn yet
            when it returns, it leaves a promise at its place, as ``drawn``.
        shared: Names of modules in ``shared/`` that it imports, too.
        room: Height kept for it until it is drawn, in CSS: what stands below is not to move.
        isolate_styles: Whether it lives in a shadow root.

    Returns:
        The function that mounts it.
    """
    name = folder.name
    files = [_SHARED / "common.css", *(_SHARED / f"{module}.js" for module in shared)]
    loader = _LOADER
    for word, value in (
        ("BASE", publish(folder, *files).url + "/"),
        ("NAME", name),
        ("BUILD", build()),
    ):
        loader = loader.replace(word, value)
    place = f'<div class="place" style="min-height: {room}" aria-busy="true"></div>'
    return st.components.v2.component(
        f"tempotron_{name}", html=place, js=loader, isolate_styles=isolate_styles
    )


def sent(key: str, what: str) -> object:
    """Read what a component has sent under a name; None if nothing, or if it stands nowhere."""
    return st.session_state[key].get(what) if key in st.session_state else None
