"""How functions become machine code.

A function is compiled by Numba on its first call and kept on disk, see `cache`; `layer.warm_up`
calls all of them ahead of time. Compiled code releases the interpreter's lock. Products and sums
may fuse, nothing else is relaxed, and no division raises an exception.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit
from numba.core import config
from numba.extending import intrinsic

from tempotron.compiled.cache import folder

Compilable = TypeVar("Compilable", bound=Callable[..., Any])

_FUSED = {"contract"}
_numba: Any = config


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
    before = _numba.CACHE_DIR
    _numba.CACHE_DIR = str(folder())  # for this function, not for those of others
    try:
        return cast("Compilable", njit(**options)(function))
    finally:
        _numba.CACHE_DIR = before


def instruction(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make what returns a signature and writes instructions a function of compiled code."""
    written: Callable[..., Any] = intrinsic(function)
    return written
