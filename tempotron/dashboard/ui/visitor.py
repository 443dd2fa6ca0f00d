"""One visitor: what a page needs to know of them, and the frame that every page shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import streamlit as st

from tempotron.capacity import Sweep
from tempotron.dashboard.answers.recorder import Recorder
from tempotron.dashboard.answers.verdict import judge
from tempotron.dashboard.state import plan as plans
from tempotron.dashboard.state import sweep as requests
from tempotron.dashboard.state.experiment import NAMES, Experiment, decode, encode, repair
from tempotron.dashboard.state.link import ours, sentence
from tempotron.dashboard.state.patterns import EXAMPLES, Collection
from tempotron.dashboard.state.plan import Conditions, Past, Plan
from tempotron.dashboard.state.sweep import Request
from tempotron.dashboard.ui.menu import FILES

_HERE = Path(__file__).parent
MOST_PINNED = 3
MOST_KNOWN = 8
_OF_A_FORK = {*Conditions.model_fields, "before", "step", "epochs"}
_OF_A_TASK = {"task", "own", "T", "afferents", "patterns"}
_ANEW: dict[str, Any] = {"before": (), "step": 0}
_AHEAD = 1_000_000  # revs: a stage may know of more than a server that was started anew
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
        panels: Whether the panels below the stage have been in view.
        notice: A sentence on what a link or file held that could not be taken; '' if nothing.
        refusal: A sentence on why the last change of the table was refused; '' if it was not.
        refusals: How many there were.
        plan: The run that Train shows, and the step at which it shows it.
        moved: Raised whenever Python, not the player, changed the step.
        taken: Number of the letter of the player that was opened last.
        bound_for: The page that an act leads to; '' if it stays.
        plan_notice: A sentence on what of the plan could not be taken; '' if nothing.
        known: The browser's own patterns and their length that have been sent, by their name.
        own_wanted: Name of those that the browser is asked for; '' if of none.
        own_step: The step of the run at which they are to be looked at, or None.
        recorder: The run of the plan, or of an earlier one; None before the first.
        pinned: Runs kept to compare with, at most three, by the number each keeps.
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
    panels: bool = False
    notice: str = ""
    refusal: str = ""
    refusals: int = 0
    plan: Plan = field(default_factory=Plan)
    moved: int = 0
    taken: int = 0
    bound_for: str = ""
    plan_notice: str = ""
    known: dict[str, tuple[Collection, int]] = field(default_factory=dict)
    own_wanted: str = ""
    own_step: int | None = None
    recorder: Recorder | None = None
    pinned: dict[int, Recorder] = field(default_factory=dict)
    request: Request = field(default_factory=Request)
    request_notice: str = ""
    sweep: Sweep | None = None
    page: str = ""
    address: dict[str, str] = field(default_factory=dict)

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
    def plan_link(self) -> tuple[str, bool]:
        """The query string of the plan, its step aside, and whether it holds the whole plan.

        It leaves patterns of one's own out that are too large for a link.
        """
        plan = self.plan.model_copy(update={"step": 0})
        try:
            return plans.encode(plan), True
        except ValueError:
            return plans.encode(plan.model_copy(update={"own": EXAMPLES})), False

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

    def choose(self, notes: Sequence[str] = (), **changes: object) -> None:
        """Change the plan. The step stays, unless it is another task's.

        What a fork cannot change is another run, and the forks are left behind.

        Args:
            notes: What had to be changed before, for the notice.
            changes: Fields of the plan.
        """
        before = self.plan.before if changes.keys() <= _OF_A_FORK else ()
        step = self.plan.step if changes.keys().isdisjoint(_OF_A_TASK) else 0
        fields = dict(self.plan) | {"before": before, "step": step} | changes
        plan, more = plans.repair(fields)
        self.show(plan, sentence([*notes, *more], "plan"))

    def show(self, plan: Plan, notice: str = "") -> None:
        """Have another plan, or another step of it; the player goes there."""
        self.plan, self.plan_notice = plan, notice
        self.moved += 1

    def visit(self, query: str) -> None:
        """Open the plan of an address that Back or Forward has led to."""
        parameters = ours(dict(parse_qsl(query, keep_blank_values=True)), plans.NAMES)
        plan, notes = plans.decode(parameters)
        self.show(plan, sentence(notes))

    def fork(self, step: int, **changes: object) -> None:
        """Pin the run, and take it up after some step under other conditions."""
        self.pin()
        then = plans.conditions(self.plan, step)
        past = Past.model_validate(then | {"until": step})
        kept = [other for other in self.plan.before if other.until < step]
        if len(kept) >= plans.MAX_FORKS:
            self.plan_notice = f"There are {plans.MAX_FORKS} forks, and there is room for no more."
            return
        self.choose(**then | changes | {"before": (*kept, past), "step": step})

    def cure(self) -> None:
        """Change what kept the run from learning: go on from its end, or begin another one."""
        run = self.recorded().run
        verdict = judge(run)
        if verdict and verdict.offer and verdict.goes_on:
            self.fork(len(run), **verdict.changes)
        elif verdict and verdict.offer:
            self.pin()
            self.choose(**{**_ANEW, **verdict.changes})

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
        free = [n for n in range(1, MOST_PINNED + 1) if n not in self.pinned]
        if free and recorder.plan not in (other.plan for other in self.pinned.values()):
            self.pinned = dict(sorted({**self.pinned, free[0]: recorder}.items()))

    def unpin(self, number: int) -> None:
        """Let a pinned run go."""
        self.pinned = {n: other for n, other in self.pinned.items() if n != number}

    def reopen(self, recorder: Recorder, step: int) -> None:
        """Show a pinned run again; the one shown is pinned if there is room."""
        self.pin()
        self.show(recorder.plan.model_copy(update={"step": min(step, len(recorder.run))}))

    def reset(self) -> None:
        """Go back to the default plan, but keep the seed and the patterns of one's own."""
        kept = self.plan.model_dump(include={"seed"}) | {"own": self.plan.own, "T": self.plan.T}
        self.show(Plan.model_validate(kept))

    @property
    def own_name(self) -> str:
        """Name of the plan's own patterns; '' if they came with a link, or are examples."""
        here = (self.plan.own, self.plan.T)
        return next((name for name, known in self.known.items() if known == here), "")

    def own(self, name: str, step: int | None = None) -> None:
        """Train on the browser's own patterns, which are those of a name, or ask for them.

        Args:
            name: Follows from what they are; '' if there are none.
            step: Where the run is to be looked at; None for where it is.
        """
        patterns, T = self.known.get(name, (EXAMPLES, self.plan.T))
        self.own_wanted = "" if name in self.known or not name else name
        if self.own_wanted:
            self.own_step = step
            return
        step = self.own_step if step is None else step
        self.own_step = None
        if (patterns, T) != (self.plan.own, self.plan.T):
            self.choose(own=patterns, T=T, step=step or 0)

    def know(self, name: str, patterns: Collection, T: int, notice: str) -> None:
        """Get to know the patterns that were asked for."""
        self.known = dict([*self.known.items(), (name, (patterns, T))][-MOST_KNOWN:])
        if name == self.own_wanted:
            self.own(name)
            self.plan_notice = notice or self.plan_notice

    def borrow(self, spikes: list[list[float]], T: float) -> None:
        """Show a pattern on Explore, with the weights that are there if there are as many."""
        weights = self.experiment.weights
        fitting = weights if len(weights) == len(spikes) else (0.5,) * len(spikes)
        fields = {"T": T, "weights": fitting, "spikes": spikes}
        experiment, notes = repair(self.experiment.model_dump() | fields)
        self.open(experiment, sentence(notes, "pattern"))
        self.bound_for = "Explore"

    def train_on_own(self) -> None:
        """Go to Train, and there take the browser's own patterns."""
        own = self.plan.own if self.own_name else EXAMPLES
        if (self.plan.task, self.plan.own) != ("own", own):
            self.choose(task="own", own=own)
        self.bound_for = "Train"

    def recorded(self) -> Recorder:
        """Have the run of the plan, computed as far as it goes within a moment."""
        plan = self.plan.model_copy(update={"step": 0})
        if self.recorder is None or self.recorder.plan != plan:
            known = [other for other in self.pinned.values() if other.plan == plan]
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
    _follow_address(lab, page)
    lab.page = page
    if not st.context.is_embedded:
        _menu(page)
    st.title(page, anchor=False)
    return lab


def leave(lab: Lab) -> None:
    """Go to the page that an act leads to, if one does.

    Before anything is drawn: a component that was told something could answer, and Streamlit shows
    an empty page after a message of a fragment whose page has gone.
    """
    if lab.bound_for:
        page, lab.bound_for = FILES[lab.bound_for], ""
        st.switch_page(page)


def _menu(page: str) -> None:
    """Link to all pages; without parameters, as each page shows what the visitor's state holds."""
    with st.container(horizontal=True, key="menu"):
        for name, file in FILES.items():
            st.page_link(str(file), label=name, icon=None, disabled=name == page)


def show_address(lab: Lab) -> None:
    """Make the address bar a link to the request of Capacity."""
    lab.address = lab.request_link
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
        return Lab(plan=chosen, plan_notice=sentence(notes), page=page)
    if page == "Capacity":
        request, notes = requests.decode(parameters)
        return Lab(request=request, request_notice=sentence(notes), page=page)
    experiment, notes = decode(parameters)
    return Lab(experiment, experiment, notice=sentence(notes), page=page)


def _follow_address(lab: Lab, page: str) -> None:
    """Open what the address says, if not the state but the address has changed: by Back.

    A bare address is a link of the menu, which leads to the page as it was left.
    """
    parameters = _parameters(page)
    wished = parameters or page == lab.page
    if page == "Capacity" != lab.page:
        lab.request_notice = ""  # it was about what is long done
    if page == "Capacity" and wished and parameters != lab.address == lab.request_link:
        request, notes = requests.decode(parameters)
        lab.ask(**request.model_dump())
        lab.request_notice = sentence(notes)
    if page == "Train" != lab.page and parameters:
        plan, notes = plans.decode(parameters)
        if plan != lab.plan:
            lab.show(plan, sentence(notes))
