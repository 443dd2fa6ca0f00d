"""Replay: the run of a row, as Train shows it."""

from __future__ import annotations

from pydantic import ValidationError

from tempotron.capacity.solve import Row
from tempotron.dashboard.state.plan import Plan

_LENGTH = 500.0  # ms, of the patterns on Train


def plan_of(row: Row) -> Plan:
    """Find the plan whose run is that of a row, presentation by presentation, up to its end.

    Args:
        row: A row; what it was tested on plays no part.

    Raises:
        ValueError: If there is no such plan; the text is a reason.
    """
    cell, settings = row.cell, row.cell.settings
    if cell.neuron == "perceptron":
        raise ValueError("a perceptron has no voltage to show")
    if cell.jitter:
        raise ValueError("it was trained with fresh jitter in every epoch")
    if cell.T != _LENGTH:
        raise ValueError(f"its patterns are {cell.T:g} ms long, not {_LENGTH:g}")
    try:
        return Plan(
            mean=0.0,
            spread=1e-3,
            task=cell.task,
            seed=cell.seed,
            afferents=cell.afferents,
            patterns=cell.patterns,
            rule=cell.rule,
            eta=settings.eta,
            rate=settings.rate,
            mu=cell.mu,
            tau=cell.tau,
            tau_s=cell.tau_s,
            epochs=row.epochs_used,
        )
    except ValidationError as error:
        (problem, *_) = error.errors()
        where = "".join(f"{name}: " for name in problem["loc"])
        raise ValueError(f"it is too large for Train, {where}{problem['msg']}") from error
