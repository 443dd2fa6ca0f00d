"""What Capacity shows to a visitor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import parse_qsl

from tempotron.capacity import Sweep
from tempotron.dashboard.answers import glossary
from tempotron.dashboard.state import sweep as requests
from tempotron.dashboard.state.link import sentence
from tempotron.dashboard.state.sweep import Request


@dataclass
class Capacity:
    """A sweep.

    Attributes:
        request: The sweep that is to be run.
        notice: A sentence on what of the request could not be taken; '' if nothing.
        sweep: The sweep of the request, or of an earlier one; None before the first.
        address: The parameters that were last put into the address bar.
    """

    request: Request = field(default_factory=Request)
    notice: str = ""
    sweep: Sweep | None = None
    address: dict[str, str] = field(default_factory=dict)

    names: ClassVar = requests.NAMES  # of the parameters of a link

    def arrive(self, parameters: Mapping[str, str]) -> None:
        """Open the link that brought a new visitor here."""
        self.request, notes = requests.decode(parameters)
        self.notice = sentence(notes)

    def follow(self, parameters: Mapping[str, str], *, entered: bool) -> None:
        """Open what the address says, if not the request but the address has changed: by Back."""
        if entered:
            self.notice = ""  # it was about what is long done
        if (parameters or not entered) and parameters != self.address == self.link:
            request, notes = requests.decode(parameters)
            self.ask(**request.model_dump())
            self.notice = sentence(notes)

    @property
    def query(self) -> str:
        """The query string of what is shown.

        Raises:
            ValueError: If it is too large for a link.
        """
        return requests.encode(self.request)

    def meanings(self) -> dict[str, str]:
        """Explain the fields of the page, with the numbers in force."""
        return glossary.of_request(self.request)

    @property
    def link(self) -> dict[str, str]:
        """The parameters of a link to the request."""
        return dict(parse_qsl(self.query))

    def ask(self, **changes: object) -> None:
        """Change the request; a sweep that is running for another one is ended."""
        if self.sweep:
            self.sweep.cancel()
            self.sweep = None
        self.request, notes = requests.repair(self.request.model_dump() | changes)
        self.notice = sentence(notes, "sweep")
