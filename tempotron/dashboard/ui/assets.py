"""Files for the browser: from the package, compressed once, named by their content.

Nothing is written to a disk. What a name gives never changes, so that browsers keep it.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import threading
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

FOR_EVER = "public, max-age=31536000, immutable"
_LEVEL = 6  # of compression: higher ones take several times as long for a percent
_files: dict[str, Asset] = {}


class Asset:
    """A file as it was when it was published.

    Attributes:
        whole: Its bytes.
        media_type: What they are, for a browser.
    """

    def __init__(self, name: str, whole: bytes) -> None:
        self.whole = whole
        self.media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self._lock = threading.Lock()

    @cached_property
    def _compressed(self) -> bytes:
        return gzip.compress(self.whole, _LEVEL, mtime=0)

    def compressed(self) -> bytes:
        """Compress the file, once, however many ask for it at the same time."""
        with self._lock:
            return self._compressed

    async def answer(self, request: Request) -> Response:
        """Answer a request for this very content."""
        headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self.whole, headers=headers, media_type=self.media_type)
        headers["Content-Encoding"] = "gzip"
        body = await run_in_threadpool(self.compressed)
        return Response(body, headers=headers, media_type=self.media_type)


class Published(NamedTuple):
    """Where files are given out.

    Attributes:
        url: The path of their folder, from the root of the app, without a slash before or after.
        digest: Follows from their content.
    """

    url: str
    digest: str


def publish(source: Path, *others: Path) -> Published:
    """Give out a file or folder, as it is now, for as long as the process lives.

    Args:
        source: A file, or a folder without folders in it.
        others: Files to be put beside it.

    Returns:
        Another URL for every content.
    """
    own = [source] if source.is_file() else sorted(source.glob("*.[!p]*"))  # all but Python's
    assets = {
        file.name: Asset(file.name, file.read_bytes()) for file in [*own, *others] if file.is_file()
    }
    digest = hashlib.sha256(b"".join(asset.whole for asset in assets.values())).hexdigest()[:12]
    folder = f"{source.stem}-{digest}"
    _files.update({f"{folder}/{name}": asset for name, asset in assets.items()})
    return Published(f"assets/{folder}", digest)


def publish_text(name: str, text: str) -> str:
    """Give out a text as a file; return its URL, another one for every text."""
    asset = Asset(name, text.encode())
    folder = f"{Path(name).stem}-{hashlib.sha256(asset.whole).hexdigest()[:12]}"
    _files[f"{folder}/{name}"] = asset
    return f"assets/{folder}/{name}"


def addresses(stem: str) -> list[str]:
    """List the URLs of all files of a folder that was published, as `publish` writes them."""
    return [f"assets/{name}" for name in _files if stem and name.startswith(f"{stem}-")]


def compress_all() -> None:
    """Compress whatever is given out, so that no visitor waits for it."""
    for asset in list(_files.values()):
        asset.compressed()


async def serve(request: Request) -> Response:
    """Answer a request for a file that was published, or say that there is none."""
    asset = _files.get(request.path_params["name"])
    return await asset.answer(request) if asset else Response(status_code=404)
