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

from tempotron.compiled.layer import warm_up
from tempotron.kernel import psp, psp_area, psp_half_width, psp_peak_time, psp_power
from tempotron.neuron import Tempotron
from tempotron.peak import Peak, credit, find_peak, first_crossing, voltage
from tempotron.settings import Settings
from tempotron.tasks import Task
from tempotron.training import Run, train

__version__ = "0.1.0"
INSTALL = "pip install ."  # in the project's folder: the name is on no registry yet

__all__ = [
    "INSTALL",
    "Peak",
    "Run",
    "Settings",
    "Task",
    "Tempotron",
    "credit",
    "find_peak",
    "first_crossing",
    "psp",
    "psp_area",
    "psp_half_width",
    "psp_peak_time",
    "psp_power",
    "train",
    "voltage",
    "warm_up",
]
