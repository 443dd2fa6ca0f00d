"""Letters from the browser: numbered, opened once and in order, and read as warily as a link."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

_NEWEST = 2**53  # numbers are whole milliseconds, or a little more


class Letter(BaseModel):
    """What every letter has.

    Attributes:
        n: Its number: higher than that of every letter before it.
    """

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)

    n: Annotated[int, Field(ge=1, le=_NEWEST)]


def opened(post: object, taken: int, kinds: TypeAdapter[Any]) -> Iterator[tuple[int, Any]]:
    """Open the letters of a post that are newer than those taken, one after the other.

    Args:
        post: What a component of ours sent; may be anything.
        taken: Number of the letter opened last.
        kinds: Reads one letter.

    Yields:
        The number of a letter, and the letter; None if it cannot be read.
    """
    letters = post.get("letters") if isinstance(post, Mapping) else None
    for written in letters if isinstance(letters, list) else ():
        n = written.get("n") if isinstance(written, Mapping) else None
        if type(n) is not int or not taken < n <= _NEWEST:
            continue
        taken = n
        try:
            yield n, kinds.validate_python(written)
        except ValidationError:
            yield n, None
