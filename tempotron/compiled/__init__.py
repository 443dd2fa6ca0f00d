"""Machine code: computes what `peak`, `learning` and `multispike` define, only faster.

cache       where machine code is kept
machine     how functions become machine code
lanes       four numbers side by side in one register
threads     compiled code on several threads
events      spike patterns in order of time, prepared once
learning    peaks, and online learning
layer       voltages and peaks with their gradients
multispike  a neuron that fires several times
"""

import tempotron.compiled.cache  # noqa: F401  tells Numba, before it is imported, where to keep it
from tempotron.compiled.learning import (
    CHANGED,
    DEAD_ZONE,
    LINEAR,
    REFLECT,
    RIGHT,
    SMALL_STEP,
    SQUARED,
    Course,
    Step,
    check_weights,
    gradients,
    learn,
    peaks,
    replay,
    spread,
)

__all__ = [
    "CHANGED",
    "DEAD_ZONE",
    "LINEAR",
    "REFLECT",
    "RIGHT",
    "SMALL_STEP",
    "SQUARED",
    "Course",
    "Step",
    "check_weights",
    "gradients",
    "learn",
    "peaks",
    "replay",
    "spread",
]
