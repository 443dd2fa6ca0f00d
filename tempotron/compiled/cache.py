"""Where machine code is kept: in a folder named after the text it is made of.

A changed file means another folder, so that nothing is ever out of date. It stands beside the
package's files, else in the home, else in a temporary folder.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_PREFIX = "tempotron-"


@cache
def folder() -> Path:
    """Find the folder of this version of the code; the code of earlier ones is removed."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    home = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    homes = [Path(given)] if given else [_HERE / "__pycache__", home]
    found = next(filter(writable, homes), None) or fallback()
    own = found / f"{_PREFIX}{digest(_HERE)}"
    for earlier in found.glob(f"{_PREFIX}*/**/*.nb[ci]"):
        if own not in earlier.parents:
            earlier.unlink(
                missing_ok=True
            )  # its folder stays: a process may be about to write there
    return own


def digest(sources: Path) -> str:
    """Name the text of a folder's modules."""
    texts = (file.read_bytes() for file in sorted(sources.glob("*.py")))
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def kept() -> bool:
    """Tell whether an earlier start has left machine code."""
    return any(folder().rglob("*.nbi"))


def writable(place: Path) -> bool:
    """Tell whether files can be made in a folder, or in it once it is made."""
    while not place.exists():
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            return True
    except OSError:
        return False


def fallback() -> Path:
    """Find a temporary folder that is ours alone: what is kept there is run."""
    ours = Path(tempfile.gettempdir()) / f"tempotron-{os.getuid()}"
    try:
        ours.mkdir(mode=0o700, exist_ok=True)
        found = ours.lstat()
        if found.st_uid == os.getuid() and not ours.is_symlink() and not found.st_mode & 0o077:
            return ours
    except OSError:
        pass  # somebody else's file is in the way
    return Path(tempfile.mkdtemp(prefix="tempotron-"))
