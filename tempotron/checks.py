"""Checks: what does not fit is refused by a `ValueError` that names the argument and its value."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from numbers import Integral, Real
from typing import Any, TypeGuard

import numpy as np
import torch
from torch import Tensor

_LARGEST = 2**63 - 1  # whole number that numpy and torch can take


def positive(value: float | Tensor, name: str) -> Tensor:
    """Return a number or tensor in float64, refusing what is not positive and finite."""
    if isinstance(value, Tensor) and _real(tensor(value, name)):
        numbers = value.double()
        valid = (numbers > 0) & (numbers < torch.inf)
        if valid.all():
            return numbers
        value = numbers[~valid][0].item()
    elif _is_number(value) and 0 < _float(value) < math.inf:
        return torch.tensor(_float(value), dtype=torch.float64)
    raise ValueError(f"{name} must be positive and finite, got {value!r}")


def positive_number(value: float | Tensor, name: str) -> float:
    """Return one number, refusing what is not positive and finite."""
    if type(value) is float and 0 < value < math.inf:
        return value
    numbers = positive(value, name)
    if numbers.ndim:
        raise ValueError(f"{name} must be one number, got {list(numbers.shape)} of them")
    return numbers.item()


def bounded(value: float, name: str, least: float, most: float) -> float:
    """Return a number from one bound to another, refusing others."""
    found = number(value, name)
    if not least <= found <= most:
        raise ValueError(f"{name} must be from {least:g} to {most:g}, got {value}")
    return found


def real(value: object, name: str) -> float:
    """Return a number, finite or not, refusing what is none."""
    if not _is_number(value):
        raise ValueError(f"{name} must be a number, got {value!r}")
    return _float(value)


def number(value: float, name: str) -> float:
    """Return a number, refusing what is none or not finite."""
    found = real(value, name)
    if not math.isfinite(found):
        raise ValueError(f"{name} must be finite, got {value}")
    return found


def not_negative(value: float, name: str) -> float:
    """Return a finite number from 0 on, refusing others."""
    found = real(value, name)
    if not 0 <= found < math.inf:
        raise ValueError(f"{name} must be finite and not negative, got {value}")
    return found


def share(value: float, name: str) -> float:
    """Return a number from 0 to below 1, refusing others."""
    if not 0 <= number(value, name) < 1:
        raise ValueError(f"{name} must be from 0 to below 1, got {value}")
    return float(value)


def whole(value: int, name: str, least: int = 1, most: float = _LARGEST) -> int:
    """Return a whole number within bounds, refusing others."""
    known = isinstance(value, Integral) and not isinstance(value, bool)
    if not known or not least <= value <= most:
        if most < _LARGEST:
            bounds = f"an integer from {least} to {most}"
        elif least == 1:
            bounds = "a positive integer"
        else:
            bounds = f"an integer of at least {least}" if least else "an integer from 0"
        raise ValueError(f"{name} must be {bounds}, got {value!r}")
    return int(value)


def seed(value: int, name: str = "seed") -> int:
    """Return a whole number from 0, however large, refusing others."""
    return whole(value, name, 0, math.inf)


def yes_or_no(value: bool, name: str) -> bool:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def one_of(value: str, names: Collection[str], argument: str) -> None:
    """Refuse a name that is not among those known."""
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"{argument} must be one of {', '.join(names)}, got {value!r}")


def several(values: Iterable[Any], name: str, of: str) -> list[Any]:
    """Return what can be gone through as a list, refusing single things and text."""
    if isinstance(values, str) or not _many(values):
        raise ValueError(f"{name} must be a sequence of {of}, got {values!r}")
    return list(values)


def function(value: Callable[..., object], name: str) -> None:
    """Refuse what cannot be called."""
    if not callable(value):
        raise ValueError(f"{name} must be a function, got {value!r}")


def an_instance(value: object, kind: type, name: str) -> None:
    """Refuse what is of another class."""
    if not isinstance(value, kind):
        raise ValueError(f"{name} must be a {kind.__name__}, got {type(value)}")


def fits(value: object, name: str, shape: torch.Size) -> torch.Size:
    """Refuse a tensor that does not broadcast with a shape; return what both come to."""
    if not isinstance(value, Tensor):
        return shape
    try:
        return torch.Size(torch.broadcast_shapes(shape, value.shape))
    except RuntimeError as error:
        told = f"{name} must go with the shape {list(shape)}, got {list(value.shape)}"
        raise ValueError(told) from error


def tensor(value: Tensor, name: str, shape: str = "") -> Tensor:
    """Refuse what is no tensor; the shape is told with what is wanted."""
    if not isinstance(value, Tensor):
        raise ValueError(f"{name} must be a tensor{shape and ' ' + shape}, got {type(value)}")
    if value.layout != torch.strided or value.is_meta:
        kind = "meta" if value.is_meta else value.layout
        raise ValueError(f"{name} must be a dense tensor that holds numbers, got {kind}")
    return value


def real_tensor(value: Tensor, name: str, shape: str = "") -> Tensor:
    """Refuse what is no tensor of real numbers; the shape is told with what is wanted."""
    if not _real(tensor(value, name, shape)):
        kind = f"real numbers{shape and ' ' + shape}"
        raise ValueError(f"{name} must be {kind}, got {value.dtype} {list(value.shape)}")
    return value


def finite(value: Tensor, name: str) -> Tensor:
    """Refuse a tensor that holds NaN or infinity."""
    if not value.isfinite().all():
        raise ValueError(f"{name} must be finite, got {value[~value.isfinite()][0].item()}")
    return value


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real) and not isinstance(value, bool)


def _many(values: object) -> bool:
    try:
        iter(values)  # type: ignore[call-overload]
    except TypeError:  # an array or tensor without an axis has the method, too
        return False
    return True


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number may be larger than any float
        return math.inf if value > 0 else -math.inf


def _real(numbers: Tensor) -> bool:
    return not numbers.is_complex() and numbers.dtype != torch.bool
