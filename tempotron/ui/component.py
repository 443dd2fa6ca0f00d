"""Custom components from plain files: HTML, CSS and JavaScript modules, served by URL.

Streamlit sends a component's whole text again with every message. So what it is given is a loader
of a few lines; the browser fetches the files themselves once, as native modules that import each
other.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import math
import shutil
import tempfile
import time
import weakref
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_STATIC = Path(__file__).parents[2] / "static"
_COMMON = Path(__file__).parent / "common.css"
_KEPT = "kept-"
_DAY, _GRACE = 86_400, 30  # seconds
_needed_until: dict[Path, float] = {}
_LOADER = """\
const base = new URL("BASE", document.baseURI);
const text = (file) => fetch(new URL(file, base)).then((answer) => answer.text());
const texts = ["common.css", "NAME.css", "NAME.html"].map(text);
const parts = Promise.all([import(new URL("NAME.js", base)), ...texts]);
const cleanups = new WeakMap();

export default function load(component) {
  const place = component.parentElement.querySelector(".place");
  parts.then(([module, common, css, html]) => {
    if (!place.isConnected) return;
    if (!place.firstChild) place.innerHTML = `<style>${common}${css}</style>${html}`;
    cleanups.set(place, module.default(component));
    return place.drawn;
  }).then(() => {
    place.removeAttribute("style");
    place.removeAttribute("aria-busy");
  });
  return () => {
    if (place.isConnected) return; // called early: a newer message overtook this one
    cleanups.get(place)?.();
    cleanups.delete(place);
  };
}
"""


def register(
    folder: Path, *borrowed: Path, room: str = "0", isolate_styles: bool = True
) -> ComponentRenderer:
    """Register the component of a folder, once, when the module that owns it is imported.

    Args:
        folder: Holds ``<folder>.html``, ``<folder>.css`` and ``<folder>.js``, which exports the
            component by default, and the modules that this one imports. If it is not drawn yet
            when it returns, it leaves a promise at its place, as ``drawn``.
        borrowed: Modules of other components that it imports, too.
        room: Height kept for it until it is drawn, in CSS: what stands below is not to move.
        isolate_styles: Whether it lives in a shadow root.

    Returns:
        The function that mounts it.
    """
    name = folder.name
    base = publish(folder, _COMMON, *borrowed) + "/"
    loader = _LOADER.replace("BASE", base).replace("NAME", name)
    place = f'<div class="place" style="min-height: {room}" aria-busy="true"></div>'
    return st.components.v2.component(
        f"tempotron_{name}", html=place, js=loader, isolate_styles=isolate_styles
    )


def publish(source: Path, *others: Path) -> str:
    """Copy a file or folder to where the server gives files out, unless it is there already.

    Args:
        source: A file, or a folder without folders in it.
        others: Files to be put beside it.

    Returns:
        The path of its URL, another one for every content.
    """
    own = [source] if source.is_file() else sorted(source.glob("*.[!p]*"))  # all but Python's
    files = [*own, *others]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    target = _STATIC / f"{source.stem}-{digest}"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=_STATIC) as parts:
            whole = Path(parts) / "whole"
            whole.mkdir()
            for file in files:
                shutil.copy(file, whole)
            try:
                whole.replace(target)
            except OSError:
                if not target.exists():  # else another server that is starting, too, was sooner
                    raise
    return _url(target)


class Folder:
    """A folder of files that the server gives out for as long as this object is there.

    Its name is random. It stays a while longer, for a browser that is still fetching from it, and
    goes when another one is made or the process ends.

    Attributes:
        url: The path of its URL.
    """

    def __init__(self) -> None:
        _remove_left_behind()
        _remove(time.monotonic())
        self._path = Path(tempfile.mkdtemp(prefix=_KEPT, dir=_STATIC))
        self.url = _url(self._path)
        _needed_until[self._path] = math.inf
        weakref.finalize(self, _leave, self._path)

    def put(self, name: str, data: bytes) -> None:
        """Give out a file, whole at once."""
        part = self._path / f".{name}"
        part.write_bytes(data)
        part.replace(self._path / name)


def _leave(folder: Path) -> None:
    _needed_until[folder] = time.monotonic() + _GRACE


def _remove(now: float) -> None:
    """Remove the folders that nobody needs by now."""
    for folder, until in list(_needed_until.items()):
        if until <= now:
            _needed_until.pop(folder, None)
            shutil.rmtree(folder, ignore_errors=True)


atexit.register(_remove, math.inf)


@functools.cache
def _remove_left_behind() -> None:
    """Remove, once, folders of a server that was killed."""
    for folder in _STATIC.glob(f"{_KEPT}*"):
        if time.time() - folder.stat().st_mtime > _DAY:
            shutil.rmtree(folder, ignore_errors=True)


def _url(file: Path) -> str:
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"{'/' * bool(base)}{base}/app/static/{file.name}"
