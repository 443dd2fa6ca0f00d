"""One visitor: what a page needs to know of them, and the frame that every page shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import streamlit as st

from tempotron import plan as plans
from tempotron.capacity import Sweep
from tempotron.capacity import request as requests
from tempotron.capacity.request import Request
from tempotron.collection import Collection
from tempotron.experiment import NAMES, Experiment, decode, encode, repair
from tempotron.link import ours, sentence
from tempotron.plan import Conditions, Past, Plan
from tempotron.recorder import Recorder
from tempotron.ui.menu import FILES

_HERE = Path(__file__).parent
MOST_PINNED = 3
_OF_A_FORK = {*Conditions.model_fields, "before", "step", "epochs"}
_UNDO_DEPTH = 100
_FIRST_PICTURE = 0.25  # seconds of computing after which Train shows what it has


@dataclass
class Lab:
    """The one mutable object of a visitor.

    Attributes:
        experiment: The state everything on the pages is drawn from.
        settled: The same, but for what a hand on the stage is still moving: the panels below it
            wait until it rests, so that the frames of a drag belong to the stage.
        rev: Raised whenever Python, not the visitor's hand on the stage, changed it.
        staged: The rev of the state that the stage was last given.
        edit: Number of the newest edit of the stage that was taken over.
        notice: A sentence on what a link or file held that could not be taken; '' if nothing.
        refusal: A sentence on why the last change of the table was refused; '' if it was not.
        refusals: How many there were.
        plan: The run that Train shows, and the step at which it shows it.
        plan_notice: A sentence on what of the plan could not be taken; '' if nothing.
        own_history: Earlier patterns of one's own and their length, to go back to.
        own_refusal: A sentence on why patterns of one's own were not taken; '' if they were.
        own_refusals: How often that was so.
        replacing: Pattern of one's own that is being edited on Explore, or None.
        recorder: The run of the plan, or of an earlier one; None before the first.
        pinned: Runs kept to compare with, at most three.
        request: The sweep that Capacity is to run.
        request_notice: A sentence on what of the request could not be taken; '' if nothing.
        sweep: The sweep of the request, or of an earlier one; None before the first.
        page: The page entered last.
        address: The parameters that the page last put into the address bar.
    """

    experiment: Experiment = field(default_factory=Experiment)
    settled: Experiment = field(default_factory=Experiment)
    rev: int = 0
    staged: int = 0
    edit: int = 0
    notice: str = ""
    refusal: str = ""
    refusals: int = 0
    plan: Plan = field(default_factory=Plan)
    plan_notice: str = ""
    own_history: list[tuple[Collection, int]] = field(default_factory=list)
    own_refusal: str = ""
    own_refusals: int = 0
    replacing: int | None = None
    recorder: Recorder | None = None
    pinned: list[Recorder] = field(default_factory=list)
    request: Request = field(default_factory=Request)
    request_notice: str = ""
    sweep: Sweep | None = None
    page: str = ""
    address: dict[str, str] = field(default_factory=dict)

    def take(self, edit: dict[str, Any] | None) -> None:
        """Take over an edit of the stage, unless Python has changed the state since."""
        if edit is None or edit["rev"] < self.rev or edit["edit"] <= self.edit:
            return
        self.rev, self.edit = edit["rev"], edit["edit"]
        experiment, notes = repair(edit["experiment"])
        self.experiment, self.refusal = experiment, sentence(notes, "edit")
        self.rev += bool(notes)
        if not edit["moving"]:
            self.settled = experiment

    def open(self, experiment: Experiment, notice: str = "") -> None:
        """Show another experiment; the stage adopts it as one step that can be undone."""
        self.experiment = self.settled = experiment
        self.notice, self.refusal = notice, ""
        self.rev += 1

    def refuse(self, why: str) -> None:
        """Keep the state as it is and say why."""
        self.refusal = f"Not taken: {why}"
        self.refusals += 1

    @property
    def link(self) -> str | None:
        """The query string of this state, or None if it is too large for a link."""
        try:
            return encode(self.experiment)
        except ValueError:
            return None

    @property
    def plan_link(self) -> dict[str, str]:
        """The parameters of a link to the plan; none if it is too large for a link."""
        return dict(parse_qsl(self._plan_query or ""))

    @property
    def linkable(self) -> bool:
        """Whether the plan is small enough for a link."""
        return self._plan_query is not None

    @property
    def _plan_query(self) -> str | None:
        try:
            return plans.encode(self.plan)
        except ValueError:
            return None

    @property
    def request_link(self) -> dict[str, str]:
        """The parameters of a link to the request."""
        return dict(parse_qsl(requests.encode(self.request)))

    def ask(self, **changes: object) -> None:
        """Change the request; a sweep that is running for another one is ended."""
        if self.sweep:
            self.sweep.cancel()
            self.sweep = None
        self.request, notes = requests.repair(self.request.model_dump() | changes)
        self.request_notice = sentence(notes, "sweep")

    def choose(self, **changes: object) -> None:
        """Change the plan, and go back to the first step of its run, or to that of its last fork.

        What a fork cannot change is another run, and the forks are left behind.
        """
        before = self.plan.before if changes.keys() <= _OF_A_FORK else ()
        start = before[-1].until if before else 0
        fields = dict(self.plan) | {"before": before, "step": start} | changes
        self.plan, notes = plans.repair(fields)
        self.plan_notice = sentence(notes, "plan")

    def fork(self, step: int, **changes: object) -> None:
        """Pin the run, and take it up after some step under other conditions."""
        self.pin()
        then = plans.conditions(self.plan, step)
        past = Past.model_validate(then | {"until": step})
        kept = [other for other in self.plan.before if other.until < step]
        self.choose(**then | changes | {"before": (*kept, past), "step": step})

    def join(self) -> None:
        """Go back to the run that was forked last, as it was; without a fork nothing happens."""
        if not self.plan.before:
            return
        *earlier, last = self.plan.before
        then = plans.conditions(self.plan, last.until)
        self.choose(**then, before=tuple(earlier), step=last.until)

    def pin(self) -> None:
        """Keep the run to compare with, unless it is or there are three already."""
        recorder = self.recorded()
        if recorder not in self.pinned and len(self.pinned) < MOST_PINNED:
            self.pinned.append(recorder)

    def unpin(self, recorder: Recorder) -> None:
        """Let a pinned run go."""
        self.pinned = [other for other in self.pinned if other is not recorder]

    def reopen(self, recorder: Recorder, step: int) -> None:
        """Show a pinned run again; the one shown is pinned if there is room."""
        self.pin()
        step = min(step, len(recorder.run))
        self.plan, self.plan_notice = recorder.plan.model_copy(update={"step": step}), ""

    def reset(self) -> None:
        """Go back to the default plan, but keep the seed."""
        self.plan, self.plan_notice = Plan(seed=self.plan.seed), ""

    def keep(self, patterns: Collection, T: int) -> None:
        """Have other patterns of one's own, of length T; it can be undone."""
        self.own_history = [*self.own_history[1 - _UNDO_DEPTH :], (self.plan.own, self.plan.T)]
        self.own_refusal = ""
        self.choose(own=patterns, T=T)

    def undo_own(self) -> None:
        """Go back to the patterns of one's own before the last change of them, if there was one."""
        if not self.own_history:
            return
        patterns, T = self.own_history.pop()
        self.own_refusal = ""
        self.choose(own=patterns, T=T)

    def refuse_own(self, why: str) -> None:
        """Keep the patterns of one's own as they are and say why."""
        self.own_refusal = why
        self.own_refusals += 1

    def recorded(self) -> Recorder:
        """Have the run of the plan, computed as far as it goes within a moment."""
        plan = self.plan.model_copy(update={"step": 0})
        if self.recorder is None or self.recorder.plan != plan:
            known = [recorder for recorder in self.pinned if recorder.plan == plan]
            self.recorder = known[0] if known else Recorder(plan)
            self.recorder.advance(_FIRST_PICTURE)
        return self.recorder

    def rest(self, step: int) -> None:
        """Look at the run after so many presentations."""
        self.plan = self.plan.model_copy(update={"step": step})


def enter(page: str) -> Lab:
    """Begin a page: its frame, the whole menu, its heading, and the visitor's state.

    Args:
        page: A name of the menu.

    Returns:
        The visitor's state; in a new session that of the link.
    """
    st.set_page_config(page_icon=str(_HERE / "icon.svg"), layout="wide")
    if "lab" not in st.session_state:
        st.session_state.lab = _arrive(page)
    lab: Lab = st.session_state.lab
    if page == lab.page:
        _go_back(lab)
    lab.page = page
    if not st.context.is_embedded:
        _menu(lab)
    st.title(page, anchor=False)
    return lab


def _menu(lab: Lab) -> None:
    with st.container(horizontal=True, key="menu"):
        for name, file in FILES.items():
            query = {"Train": lab.plan_link, "Capacity": lab.request_link}.get(name)
            st.page_link(str(file), label=name, icon=None, query_params=query)


def show_address(lab: Lab) -> None:
    """Make the address bar a link to the plan, or to the request."""
    lab.address = lab.plan_link if lab.page == "Train" else lab.request_link
    if _parameters(lab.page) != lab.address:
        given = st.query_params.to_dict()
        foreign = {name: given[name] for name in given.keys() - _parameters(lab.page).keys()}
        st.query_params.from_dict(foreign | lab.address)


def _parameters(page: str) -> dict[str, str]:
    """Read what the address says of a page's state."""
    names = {"Train": plans.NAMES, "Capacity": requests.NAMES}.get(page, NAMES)
    return ours(st.query_params.to_dict(), names)


def _arrive(page: str) -> Lab:
    """Open the state of the link that brought a new visitor here."""
    parameters = st.query_params.to_dict()
    if page == "Train":
        chosen, notes = plans.decode(parameters)
        return Lab(plan=chosen, plan_notice=sentence(notes))
    if page == "Capacity":
        request, notes = requests.decode(parameters)
        return Lab(request=request, request_notice=sentence(notes))
    experiment, notes = decode(parameters)
    return Lab(experiment, experiment, notice=sentence(notes))


def _go_back(lab: Lab) -> None:
    """Open what the address says, if not the state but the address has changed: by Back."""
    parameters = _parameters(lab.page)
    if lab.page == "Capacity" and parameters != lab.address == lab.request_link:
        request, notes = requests.decode(parameters)
        lab.ask(**request.model_dump())
        lab.request_notice = sentence(notes)
    if lab.page == "Train" and parameters != lab.address == lab.plan_link:
        lab.plan, notes = plans.decode(parameters)
        lab.plan_notice = sentence(notes)
