"""Sweeps from the shell.

    python -m tempotron.capacity --lab L2
    python -m tempotron.capacity --load 1 1.5 2 --tau 15 30 --seeds 8 --out rows.csv

Rows already in the file are not computed again, so that a sweep that was stopped goes on where it
was. Without a file they are printed at the end, and kept until then in the folder, if any, that the
environment variable TEMPOTRON_SWEEPS names: the same sweep, also of the page, goes on from there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tempotron.capacity.cell import BOUNDS, FIELDS, FIXED, NEURONS, TASKS, Cell, grid
from tempotron.capacity.kept import file_of
from tempotron.capacity.labs import LABS, Lab, compare
from tempotron.capacity.record import to_csv
from tempotron.capacity.solve import Row
from tempotron.capacity.sweep import Sweep
from tempotron.learning import RULES

_HELP = {
    "task": "what is learned",
    "afferents": "number of afferents N",
    "load": "patterns per afferent, alpha",
    "T": "length of a pattern in ms",
    "tau": "membrane time constant in ms",
    "tau_s": "synaptic time constant in ms (default: tau / 4)",
    "neuron": "what learns: a tempotron, or a perceptron on spike counts",
    "rule": "learning rule",
    "eta": "change of a corrected pattern's own peak (default: the paper's rate)",
    "mu": "momentum (default: the rule's own)",
    "fixed": "what does not depend on mu: the learning rate, or the effective step",
    "jitter": "s.d. in ms of noise on every spike, anew in each epoch",
    "test_jitter": "the same for the patterns it is tested on",
    "seed": "task, weights, order and noise",
    "epochs": "limit of epochs",
    "patience": "epochs without a better error after which a run counts as stalled",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sweep; return 0, 1 if it failed or a lab is outside its bands, 130 if interrupted."""
    parser = build_parser()
    options = vars(parser.parse_args(arguments))
    lab = LABS.get(options["lab"] or "")
    try:
        cells = chosen_cells(lab, options)
        sweep = Sweep(
            cells,
            processes=options["processes"],
            scheduler=options["scheduler"],
            file=options["out"] or file_of(cells),
        )
    except ValueError as error:
        parser.error(f"{error}.")
    if 0 < sweep.done < sweep.total:
        print(f"Going on: {sweep.done} of {sweep.total} rows are there.", file=sys.stderr)
    rows = _watched(sweep)
    if not options["out"]:
        sys.stdout.write(to_csv(rows))
    if sweep.state != "done":
        print(sweep.failure or "Interrupted.", file=sys.stderr)
        return 1 if sweep.failure else 130
    return _told(lab, rows) if lab else 0


def build_parser() -> argparse.ArgumentParser:
    """Describe all options, which are the fields of a cell and where to run."""
    parser = argparse.ArgumentParser(
        "python -m tempotron.capacity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    labs = "; ".join(f"{name}: {lab.title}" for name, lab in LABS.items())
    parser.add_argument("--lab", choices=LABS, help=f"a ready-made sweep ({labs})")
    parser.add_argument("--seeds", type=int, metavar="COUNT", help="seeds 0, 1, ... COUNT - 1")
    parser.add_argument("--out", type=Path, metavar="FILE", help="CSV file to add rows to")
    parser.add_argument("--processes", type=int, metavar="COUNT", help="default: one a core")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster to use instead")
    fields = parser.add_argument_group("a sweep of your own: one or more values for a field")
    for name, kind in FIELDS.items():
        choices = {"task": TASKS, "neuron": NEURONS, "rule": RULES, "fixed": FIXED}.get(name)
        text = _HELP[name]
        if name in BOUNDS:
            low, high = BOUNDS[name]
            text += f"; {low:g} to {high:g}"
        if getattr(Cell, name) is not None:
            text += f"; default {getattr(Cell, name)}"
        fields.add_argument(
            f"--{name.replace('_', '-')}", type=kind, nargs="+", choices=choices, help=text,
            metavar=None if choices else "VALUE",
        )  # fmt: skip
    return parser


def chosen_cells(lab: Lab | None, options: dict[str, Any]) -> list[Cell]:
    """List the cells that were asked for.

    Raises:
        ValueError: If they contradict each other or cannot be.
    """
    fields = {name: options[name] for name in FIELDS if options[name] is not None}
    seeds = options["seeds"]
    if lab:
        if fields:
            raise ValueError(f"{next(iter(fields))} cannot be chosen together with a lab")
        return lab.cells(seeds)
    if seeds is not None:
        if "seed" in fields:
            raise ValueError("seed and seeds cannot both be chosen")
        if seeds < 1:
            raise ValueError(f"seeds must be at least 1, got {seeds}")
        fields = {"seed": range(seeds), **fields}
    return grid(**fields)


def _watched(sweep: Sweep) -> list[Row]:
    """Draw a progress bar until the sweep ends; Ctrl-C ends it."""
    rows = []
    try:
        with tqdm(total=sweep.total, unit="row", disable=None) as bar:
            for row in sweep:
                rows.append(row)
                bar.update()
    except KeyboardInterrupt:
        sweep.cancel()
    return rows


def _told(lab: Lab, rows: list[Row]) -> int:
    """Print measured against expected; return 1 if anything is outside."""
    lines = compare(lab, rows)
    for line in lines:
        print(line.told, file=sys.stderr)
    return int(not all(line.inside for line in lines))


if __name__ == "__main__":
    sys.exit(main())
