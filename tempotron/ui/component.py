"""Custom components from plain files: HTML, CSS, and JavaScript modules joined into one."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_IMPORT = re.compile(r"^import .*?;\n", re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def register(folder: Path, *modules: str, isolate_styles: bool = True) -> ComponentRenderer:
    """Register the component of a folder, once, when the module that owns it is imported.

    Streamlit takes one script, so the modules are joined in order and their imports of each
    other left out. Each file stays a module of its own for tests and editors.

    Args:
        folder: Holds ``<folder>.html`` and ``<folder>.css``, and the modules.
        modules: Names of JavaScript files, each after those it imports; the last one exports
            the component by default.
        isolate_styles: Whether it lives in a shadow root.

    Returns:
        The function that mounts it.
    """
    text = "\n".join((folder / f"{name}.js").read_text("utf-8") for name in modules)
    return st.components.v2.component(
        f"tempotron_{folder.name}",
        html=(folder / f"{folder.name}.html").read_text("utf-8"),
        css=(folder / f"{folder.name}.css").read_text("utf-8"),
        js=_EXPORT.sub("", _IMPORT.sub("", text)),
        isolate_styles=isolate_styles,
    )
