"""What Train shows to a visitor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from tempotron.dashboard.answers import glossary
from tempotron.dashboard.answers.recorder import Recorder
from tempotron.dashboard.answers.verdict import judge
from tempotron.dashboard.state import plan as plans
from tempotron.dashboard.state.link import ours, sentence
from tempotron.dashboard.state.patterns import EXAMPLES, Collection
from tempotron.dashboard.state.plan import Conditions, Past, Plan

MOST_PINNED = 3
MOST_KNOWN = 8
_OF_A_FORK = {*Conditions.model_fields, "before", "step", "epochs"}
OF_A_TASK = {"task", "own", "T", "afferents", "patterns"}
_ANEW: dict[str, Any] = {"before": (), "step": 0}
_FIRST_PICTURE = 0.25  # seconds of computing after which Train shows what it has


@dataclass
class Train:
    """A run, and what it is compared with.

    Attributes:
        plan: The run that is shown, and the step at which it is.
        moved: Raised whenever Python, not the player, changed the step.
        taken: Number of the letter of the player that was opened last.
        replaced: Names of runs that changed numbers, labels or seeds have replaced: where one
            rested while nobody had seen the new one counts for that.
        notice: A sentence on what of the plan could not be taken; '' if nothing.
        known: The browser's own patterns and their length that have been sent, by their name.
        own_wanted: Name of those that the browser is asked for; '' if of none.
        own_step: The step of the run at which they are to be looked at, or None.
        recorder: The run of the plan, or of an earlier one; None before the first.
        pinned: Runs kept to compare with, at most three, by the number each keeps.
        twin: The run of the same task that was shown before the last change; None if none was.
    """

    plan: Plan = field(default_factory=Plan)
    moved: int = 0
    taken: int = 0
    replaced: tuple[str, ...] = ()
    notice: str = ""
    known: dict[str, tuple[Collection, int]] = field(default_factory=dict)
    own_wanted: str = ""
    own_step: int | None = None
    recorder: Recorder | None = None
    pinned: dict[int, Recorder] = field(default_factory=dict)
    twin: Recorder | None = None

    names: ClassVar = plans.NAMES  # of the parameters of a link

    def arrive(self, parameters: Mapping[str, str]) -> None:
        """Open the link that brought a new visitor here."""
        self.plan, notes = plans.decode(parameters)
        self.notice = sentence(notes)

    def follow(self, parameters: Mapping[str, str], *, entered: bool) -> None:
        """Open the plan of an address by which the page was entered: by Back, from another page."""
        plan, notes = plans.decode(parameters)
        if entered and parameters and plan != self.plan:
            self.show(plan, sentence(notes))

    @property
    def whole(self) -> Plan:
        """The plan, its step aside: that of the whole run."""
        return self.plan.model_copy(update={"step": 0})

    @property
    def link(self) -> tuple[str, bool]:
        """The query string of the plan, its step aside, and whether it holds the whole plan.

        It leaves patterns of one's own out that are too large for a link.
        """
        try:
            return plans.encode(self.whole), True
        except ValueError:
            return plans.encode(self.whole.model_copy(update={"own": EXAMPLES})), False

    @property
    def query(self) -> str:
        """The query string of what is shown.

        Raises:
            ValueError: If it is too large for a link.
        """
        return plans.encode(self.plan)

    def meanings(self) -> dict[str, str]:
        """Explain the fields of the page, with the numbers in force."""
        return glossary.of_plan(self.plan)

    def choose(self, notes: Sequence[str] = (), **changes: object) -> None:
        """Change the plan. The step stays, unless it is another task's.

        What a fork cannot change is another run, and the forks are left behind.

        Args:
            notes: What had to be changed before, for the notice.
            changes: Fields of the plan.
        """
        before = self.plan.before if changes.keys() <= _OF_A_FORK else ()
        another_task = not changes.keys().isdisjoint(OF_A_TASK)
        step = 0 if another_task else self.plan.step
        fields = dict(self.plan) | {"before": before, "step": step} | changes
        self.plan, more = plans.repair(fields)
        if another_task:
            self.twin = None
        elif self.recorder and self.recorder.plan != self.whole:
            self.twin = self.recorder
        self.notice = sentence([*notes, *more], "plan")
        # A player that keeps its step may have gone on meanwhile, and is not called back.
        self.moved += another_task or "step" in changes

    def show(self, plan: Plan, notice: str = "") -> None:
        """Have another plan and its step; the player goes there."""
        self.plan, self.notice, self.twin = plan, notice, None
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
            self.notice = f"There are {plans.MAX_FORKS} forks, and there is room for no more."
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
        self._show_run(recorder, step)

    def _show_run(self, recorder: Recorder, step: int) -> None:
        self.show(recorder.plan.model_copy(update={"step": min(step, len(recorder.run))}))

    def exchange(self, step: int) -> None:
        """Show the run before the last change again; the one shown becomes its twin."""
        if self.twin:
            shown = self.recorded()
            self._show_run(self.twin, step)
            self.twin = shown

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
            self.notice = notice or self.notice

    def recorded(self) -> Recorder:
        """Have the run of the plan, computed as far as it goes within a moment."""
        if self.recorder is None or self.recorder.plan != self.whole:
            known = [other for other in self.pinned.values() if other.plan == self.whole]
            self.recorder = known[0] if known else Recorder(self.whole)
            self.recorder.advance(_FIRST_PICTURE)
        return self.recorder

    def rest(self, step: int) -> None:
        """Look at the run after so many presentations."""
        self.plan = self.plan.model_copy(update={"step": step})
