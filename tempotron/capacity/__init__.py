"""Capacity: sweeps of many small trainings, here or on a cluster.

In reading order:

    cell        what one training is, and grids of them
    solve       a pure function from a cell to its row
    record      rows as text, and a file to take a sweep up again from
    kept        a folder with such a file for every sweep
    pace        how many cells to hand out at once
    local       processes of this machine, each of them a worker
    worker      what such a process does
    cluster     the workers of a Dask scheduler
    sweep       cells at work, watched by whoever started them
    summary     many rows become a few points with intervals
    labs        sweeps worth repeating, and what is expected of them
    computed    curves that nobody should have to wait for
    replay      the run of a row, as Train shows it
    request     what a link to the Capacity page holds

The same from the shell: ``python -m tempotron.capacity --help``.
"""

from tempotron.capacity.cell import Cell, grid
from tempotron.capacity.solve import Row, solve
from tempotron.capacity.sweep import Sweep

__all__ = ["Cell", "Row", "Sweep", "grid", "solve"]
