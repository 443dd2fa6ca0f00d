"""What Explore shows to a visitor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tempotron.dashboard.answers import glossary
from tempotron.dashboard.state.experiment import NAMES, Experiment, decode, encode, repair
from tempotron.dashboard.state.link import sentence

_AHEAD = 1_000_000  # revs: a stage may know of more than a server that was started anew


@dataclass
class Explore:
    """An experiment under a hand.

    Attributes:
        experiment: The state everything on the page is drawn from.
        settled: The same, but for what a hand on the stage is still moving: the panels below it
            wait until it rests, so that the frames of a drag belong to the stage.
        rev: Raised whenever Python, not the visitor's hand on the stage, changed it.
        edit: Number of the newest edit of the stage that was taken over.
        hinted: Whether a hint is wanted, as the stage said last.
        origin: Where on Train the experiment came from, in words; '' if it did not.
        panels: Whether the panels below the stage have been in view.
        notice: A sentence on what a link or file held that could not be taken; '' if nothing.
        refusal: A sentence on what of the last edit could not be taken; '' if all was.
    """

    experiment: Experiment = field(default_factory=Experiment)
    settled: Experiment = field(default_factory=Experiment)
    rev: int = 0
    edit: int = 0
    hinted: bool = False
    origin: str = ""
    panels: bool = False
    notice: str = ""
    refusal: str = ""

    names: ClassVar = NAMES  # of the parameters of a link

    def arrive(self, parameters: Mapping[str, str]) -> None:
        """Open the link that brought a new visitor here."""
        experiment, notes = decode(parameters)
        self.experiment = self.settled = experiment
        self.notice = sentence(notes)

    def follow(self, parameters: Mapping[str, str], *, entered: bool) -> None:
        """Leave Back and Forward to the stage, which keeps what was done."""

    def take(self, rev: int, fields: Mapping[str, Any], *, moving: bool) -> None:
        """Take over an edit of the stage, unless Python has changed the state since."""
        if not self.rev <= rev <= self.rev + _AHEAD:
            return
        self.rev = rev
        experiment, notes = repair(fields)
        self.experiment, self.refusal = experiment, sentence(notes, "edit")
        self.rev += bool(notes)
        if not moving:
            self.settled = experiment

    def look(self) -> None:
        """Have the panels below the stage drawn: they have come into view."""
        self.panels = True

    def open(self, experiment: Experiment, notice: str = "", origin: str = "") -> None:
        """Show another experiment; the stage adopts it as one step that can be undone."""
        self.origin = origin
        self.experiment = self.settled = experiment
        self.notice, self.refusal = notice, ""
        self.rev += 1

    @property
    def query(self) -> str:
        """The query string of what is shown.

        Raises:
            ValueError: If it is too large for a link.
        """
        return encode(self.experiment)

    def meanings(self) -> dict[str, str]:
        """Explain the fields of the page, with the numbers in force."""
        return glossary.of_experiment(self.experiment)

    @property
    def link(self) -> str | None:
        """The query string of this state, or None if it is too large for a link."""
        try:
            return self.query
        except ValueError:
            return None
