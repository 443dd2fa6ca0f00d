"""Four numbers side by side in one register, for compiled code.

Arithmetic on them costs as much as on one. Numba would use such registers only for loops whose
rounds do not wait for each other; the voltage, carried from spike to spike, is not of that kind,
but four neurons that hear the same spikes can be carried along together.

All functions are for compiled code only; +, - and * work on each of the four numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import lower_builtin, models, register_model, type_callable

from tempotron.compiled.machine import instruction

WIDTH = 4

_LANES = ir.VectorType(ir.DoubleType(), WIDTH)
_NOTHING = ir.Constant(_LANES, ir.Undefined)
_PLACE = ir.IntType(32)
_BITS = ir.IntType(64)


class _Four(types.Type):
    def __init__(self) -> None:
        super().__init__("four numbers")


_four = _Four()


@register_model(_Four)
class _Register(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: types.Type) -> None:
        super().__init__(manager, kind, _LANES)  # type: ignore[no-untyped-call]


@instruction
def load(_typing: Any, array: Any, index: Any) -> Any:
    """Take the four numbers of an array from an index on."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_place_of(context, builder, signature, args), align=8)

    return _four(array, index), write


@instruction
def store(_typing: Any, array: Any, index: Any, numbers: Any) -> Any:
    """Put four numbers into an array from an index on."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _place_of(context, builder, signature, args), align=8)
        return context.get_dummy_value()

    return types.void(array, index, _four), write


def _place_of(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), _LANES.as_pointer())


@instruction
def fourfold(_typing: Any, number: Any) -> Any:
    """Put the same number into all four places."""

    def write(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        first = builder.insert_element(_NOTHING, args[0], _PLACE(0))
        return builder.shuffle_vector(first, _NOTHING, ir.VectorType(_PLACE, WIDTH)([0] * WIDTH))

    return _four(types.float64), write


@instruction
def reached(_typing: Any, numbers: Any, others: Any) -> Any:
    """Tell which numbers are at least as high as those in the same place: a bit for each."""

    def write(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        bits = builder.bitcast(builder.fcmp_ordered(">=", *args), ir.IntType(WIDTH))
        return builder.zext(bits, _BITS)

    return types.int64(_four, _four), write


@instruction
def lowest(_typing: Any, bits: Any) -> Any:
    """Find the place of the first bit that is set; one has to be."""

    def write(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.IntType(1)(1))

    return types.int64(types.int64), write


@instruction
def pick(_typing: Any, numbers: Any, others: Any, above: Any, otherwise: Any) -> Any:
    """Take from one where a number is above its neighbour in place, otherwise from the other."""

    def write(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *args[:2]), *args[2:])

    return _four(_four, _four, _four, _four), write


def _arithmetic(sign: Callable[..., Any], instruction: str) -> None:
    """Let a sign between two fours stand for one instruction."""

    @type_callable(sign)
    def kind_of(_context: Any) -> Any:
        def kind(numbers: Any, others: Any) -> Any:
            return _four if numbers == others == _four else None

        return kind

    @lower_builtin(sign, _Four, _Four)  # type: ignore[no-untyped-call, untyped-decorator]
    def write(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*args)


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")
