"""Tempotron: a spiking neuron that decides, and learns, by the timing of its input spikes.

In reading order, each module using only those before it:

    checks      what does not fit is refused by name
    kernel      what one input spike does to the voltage
    peak        the voltage of many spikes, its exact maximum and first threshold crossing
    compiled    the same, and what is defined in learning and multispike, in machine code
    neuron      Tempotron, the trainable module
    learning    costs and rules
    encoding    numbers become spike times
    tasks       labelled spike patterns
    settings    how a task is to be trained
    training    a run of the online rule, recorded step by step
    two_layers  a second layer that listens to the first

Units: times and time constants in ms; voltages, weights and thresholds in theta, the firing
threshold, unless a threshold is given.

Axes, as named in every docstring:

    B  patterns in a batch        N  afferents (inputs)       S  spikes per afferent
    O  output neurons             T  time steps of 1 ms       P  patterns in a task

Source:
    Gutig & Sompolinsky (2006), Nature Neuroscience 9, 420-428.
"""

import lazy_loader

__version__ = "0.1.0"
INSTALL = "pip install ."  # in the project's folder: the name is on no registry yet

# The names stand in __init__.pyi, and are imported when they are asked for: torch takes seconds.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
