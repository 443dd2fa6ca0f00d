"""How functions become machine code.

A function is compiled by Numba on its first call and kept on disk, until a file is changed in which
it or what it may call stands; `layer.warm_up` calls all of them ahead of time. Compiled code
releases the interpreter's lock. Products and sums may fuse, nothing else is relaxed, and no
division raises an exception.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit, types
from numba.extending import intrinsic

Compilable = TypeVar("Compilable", bound=Callable[..., Any])

_FUSED = {"contract"}
_changed = 0  # when the youngest was changed of the files seen so far that machine code is made of


def machine_code(function: Compilable) -> Compilable:
    """Compile a function at its first call."""
    return _compiled(function, _FUSED)


def inlined(function: Compilable) -> Compilable:
    """Compile a function into each compiled one that calls it.

    Arrays are handed over number by number: that takes as long as many spikes.
    """
    return _compiled(function, _FUSED, inline=True)


def any_order(function: Compilable) -> Compilable:
    """Compile a sum that may be taken in any order, several terms at a time."""
    return _compiled(function, _FUSED | {"reassoc"})


def _compiled(function: Compilable, relaxed: set[str], *, inline: bool = False) -> Compilable:
    options: dict[str, Any] = {
        "cache": True, "nogil": True, "fastmath": relaxed, "error_model": "numpy"
    }  # fmt: skip
    if inline:
        options |= dict.fromkeys(("forceinline", "no_cpython_wrapper", "no_cfunc_wrapper"), True)
    dispatcher = njit(**options)(function)
    _see(function)
    _drop_stale(Path(function.__code__.co_filename).stem, Path(dispatcher.stats.cache_path))
    return cast("Compilable", dispatcher)


def _see(function: Callable[..., Any]) -> None:
    global _changed  # noqa: PLW0603
    _changed = max(_changed, Path(function.__code__.co_filename).stat().st_mtime_ns)


_see(_see)  # this file counts, too


@cache
def _drop_stale(module: str, folder: Path) -> None:
    """Drop the kept code of a module that is older than its file or one that it may call into.

    Numba looks at the file itself only. What is called stands in files that were imported before.
    """
    for kept in folder.glob(f"{module}.*.nb[ci]"):
        with suppress(OSError):  # another process may be doing the same
            if kept.stat().st_mtime_ns < _changed:
                kept.unlink()


def instruction(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make what returns a signature and writes instructions a function of compiled code."""
    _see(function)
    written: Callable[..., Any] = intrinsic(function)
    return written


@instruction
def lent(_typing: Any, arrays: Any) -> Any:
    """Take an array, or a tuple of such and of numbers, whose references need not be counted.

    Numba counts them up and down again in almost every function, and threads that do so for the
    same array wait for each other. For arguments only: whoever calls keeps them from being freed.
    """

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _ownerless(context, builder, signature.args[0], args[0])

    return arrays(arrays), write


def _ownerless(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        for owner in ("meminfo", "parent"):
            setattr(array, owner, getattr(array, owner).type(None))
        return array._getvalue()
    members: Any = kind if isinstance(kind, types.BaseTuple) else ()
    for place, member in enumerate(members):
        part = _ownerless(context, builder, member, builder.extract_value(value, place))
        value = builder.insert_value(value, part, place)
    return value
