"""Machine code: computes what `peak`, `learning` and `multispike` define, only faster.

cache       where machine code is kept
ahead       made by another process, while this one imports
machine     how functions become machine code
lanes       four numbers side by side in one register
threads     compiled code on several threads
events      spike patterns in order of time, prepared once
learning    peaks, and online learning
layer       voltages and peaks with their gradients
multispike  a neuron that fires several times
"""
