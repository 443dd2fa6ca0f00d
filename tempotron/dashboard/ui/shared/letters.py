"""Letters from the browser: numbered, opened once and in order, and read as warily as a link."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

# Numbers are milliseconds of the browser's clock, or a little more. One from far in the future
# would leave no higher one for the letters after it.
_AHEAD = 100 * 365.25 * 24 * 3600 * 1000  # ms


class Letter(BaseModel):
    """What every letter has.

    Attributes:
        n: Its number: higher than that of every letter before it.
    """

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)

    n: int


def opened(post: object, taken: int, kinds: TypeAdapter[Any]) -> Iterator[tuple[int, Any]]:
    """Open the letters of a post that are newer than those taken, one after the other.

    Args:
        post: What a component of ours sent; may be anything.
        taken: Number of the letter opened last.
        kinds: Reads one letter.

    Yields:
        The number of a letter, and the letter; None if it cannot be read.
    """
    newest = 1000 * time.time() + _AHEAD
    letters = post.get("letters") if isinstance(post, Mapping) else None
    for written in letters if isinstance(letters, list) else ():
        n = written.get("n") if isinstance(written, Mapping) else None
        if type(n) is not int or not taken < n <= newest:
            continue
        taken = n
        try:
            yield n, kinds.validate_python(written)
        except ValidationError:
            yield n, None
