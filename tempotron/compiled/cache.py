"""Where machine code is kept when neither the package nor the home can be written.

Importing this tells Numba, which keeps it beside the package's files otherwise.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_HOMES = (Path(__file__).parent, Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser())


def writable(folder: Path) -> bool:
    """Tell whether files can be made in a folder, or in it once it is made."""
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def kept() -> bool:
    """Tell whether an earlier start has left machine code; what is out of date counts, too."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    folders = [Path(given)] if given else [_HOMES[0] / "__pycache__", _HOMES[1] / "numba"]
    return any(any(folder.rglob("learning.*.nbi")) for folder in folders)


def fallback() -> Path:
    """Find a temporary folder that is ours alone: what is kept there is run."""
    folder = Path(tempfile.gettempdir()) / f"tempotron-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if found.st_uid == os.getuid() and not folder.is_symlink() and not found.st_mode & 0o077:
            return folder
    except OSError:
        pass  # somebody else's file is in the way
    return Path(tempfile.mkdtemp(prefix="tempotron-"))


if "NUMBA_CACHE_DIR" not in os.environ and not any(map(writable, _HOMES)):
    os.environ["NUMBA_CACHE_DIR"] = str(fallback())
