"""The model of Train, and the gestures of a hand on it."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from playwright.sync_api import Browser, Locator, Page

from tempotron.dashboard.answers.recorder import run_of
from tempotron.dashboard.answers.standing import ended, stand, to_experiment, told
from tempotron.dashboard.answers.verdict import judge
from tempotron.dashboard.state import experiment as experiments
from tempotron.dashboard.state.plan import MAX_FORKS, Past, Plan, decode, repair
from tempotron.dashboard.state.tasks import size_of
from tempotron.learning import REASONS
from tempotron.training import Run
from tests.browser.hand import PATIENCE, Hand, apart
from tests.browser.monkey import How, Places

GESTURES = {
    "transport": 12,
    "transport_key": 6,
    "scrub": 4,
    "curve": 3,
    "tile": 3,
    "play": 8,
    "play_and_act": 6,
    "task": 6,
    "type_field": 8,
    "arrow_field": 4,
    "choose_field": 3,
    "swap": 3,
    "new_seed": 5,
    "reset": 2,
    "fork": 7,
    "join": 3,
    "pin": 3,
    "reopen": 3,
    "unpin": 2,
    "exchange": 3,
    "cure": 3,
    "back": 3,
    "timing_or_rate": 2,
    "explore_and_back": 3,
    "visit": 3,
    "reload": 2,
    "resize": 2,
    "theme": 1,
    "stop_server": 2,
    "long_run": 1,
}
FRAMES = 20  # a second, at least, while it plays
MOST_PINNED = 3
TASKS = {
    "order": "Order of two spikes",
    "gaps": "Gaps of 5 and 10 ms",
    "latencies": "Random latency patterns",
    "xor": "Temporal XOR",
    "late": "Early or late",
    "templates": "Two noisy templates",
    "synchrony": "Pairwise synchrony",
    "rates": "Poisson rates",
    "iris": "Iris",
    "own": "My own patterns",
}
FIELDS = {
    "patterns": "Patterns",
    "afferents": "Afferents",
    "jitter": "Jitter (ms)",
    "seed": "Seed",
    "eta": "Learning rate (eta)",
    "mu": "Momentum (mu)",
    "tau": "Membrane time constant (tau, ms)",
    "rule": "Rule",
    "cost": "Cost",
    "optimiser": "Optimiser",
    "rate": "Step size (lambda)",
    "tau_s": "Synaptic time constant (tau_s, ms)",
    "theta": "Threshold (theta)",
    "mean": "Initial weights: mean",
    "spread": "Initial weights: s.d.",
    "epochs": "Limit of epochs",
}
TYPED: dict[str, list[str]] = {
    "patterns": ["4", "12", "30"],
    "afferents": ["5", "20", "40"],
    "jitter": ["0", "2,5", "1.5"],
    "seed": ["0", "7", "123"],
    "eta": ["0.01", "0,1", "0.5", ".2"],
    "mu": ["0", "0.5", "0,9", ""],
    "tau": ["5", "15", "40", "12,5"],
    "rate": ["0.01", "0,1", ""],
    "tau_s": ["1", "3,75", "10", ""],
    "theta": ["0.5", "1", "2"],
    "mean": ["0", "0.5", "0,2", ""],
    "spread": ["0.1", "0.001", ""],
    "epochs": ["10", "50", "100"],
}
STEPS = {"patterns": 1, "afferents": 1, "jitter": 0.5, "seed": 1, "eta": 0.01, "theta": 0.1}
CHOICES = {
    "rule": ["paper", "reflect"],
    "cost": ["linear", "squared"],
    "optimiser": ["momentum", "adam"],
}
LONG = "task=rates&afferents=500&patterns=166&epochs=500&eta=2"
OF_A_FORK = {"rule", "cost", "optimiser", "eta", "rate", "mu", "tau", "tau_s", "theta", "swap"}
OF_A_FORK |= {"flips", "epochs", "before", "step"}
OF_A_TASK = {"task", "own", "T", "afferents", "patterns"}

# What the page says of itself, by the names that a screen reader would read.
READ = """() => {
  if (!("drawn" in document.documentElement.dataset)) return null;  // nobody sees it yet
  const roots = [...document.querySelectorAll("*")].map(e => e.shadowRoot);
  const root = roots.find(shadow => shadow?.querySelector(".player"));
  const player = root?.querySelector(".player");
  if (!player || !player.dataset.run) return null;
  const find = selector => player.querySelector(selector);
  const boxes = [...player.querySelectorAll(".field")];
  const fields = boxes.map(box => [box.firstChild.textContent, box.lastChild.value]);
  const scrubber = find(".scrubber");
  const texts = [...document.querySelectorAll("[data-testid=stMarkdownContainer] p")];
  const said = texts.map(p => p.textContent);
  return {
    task: find(".task").textContent.replace(" ▾", ""),
    swap: find("[data-do=swap]").getAttribute("aria-pressed") === "true",
    fields: Object.fromEntries(fields),
    step: scrubber.valueAsNumber, count: Number(scrubber.max),
    status: find(".status").textContent,
    forked: !find("[data-do=join]").hidden,
    lineage: find(".lineage").textContent.split(":")[0],
    twin: !find(".twin").hidden,
    pins: [...player.querySelectorAll(".pinned > li")].map(e => Number(e.dataset.pin)),
    where: said.filter(text => /^(After \\d|Before the first presentation:)/.test(text))[0] ?? "",
    playing: find(".play").getAttribute("aria-label") === "Pause",
    busy: [...root.querySelectorAll("[aria-busy=true]")].length,
    query: location.search.slice(1), path: location.pathname,
  };
}"""

# Plays for a while; tells how many frames a second there were, and at which step it stands.
PLAY = """async (ms) => {
  const roots = [...document.querySelectorAll("*")].map(e => e.shadowRoot);
  const root = roots.find(shadow => shadow?.querySelector(".player"));
  const press = name => root.querySelector(`[aria-label="${name}"]`)?.click();
  const frame = () => new Promise(requestAnimationFrame);
  const begin = await frame();
  press("Play");
  let [frames, now] = [0, begin];
  while (now - begin < ms) { now = await frame(); frames += 1; }
  press("Pause");
  return [frames / (now - begin) * 1000, root.querySelector(".scrubber").valueAsNumber];
}"""


@dataclass
class Model:
    """What a person has chosen: the plan with its step, other runs, and what Back leads to.

    The run before the last change is the twin; where two changes came at once it is not known.
    """

    plan: Plan = field(default_factory=Plan)
    pinned: dict[int, Plan] = field(default_factory=dict)
    twin: Plan | None = None
    known: bool = True
    trail: list[Plan] = field(default_factory=list)
    at: int = 0

    def __post_init__(self) -> None:
        self.run = run_of(self.plan)
        self.begin_trail()

    def begin_trail(self) -> None:
        self.trail, self.at = [self.plan], 0

    def show(self, plan: Plan) -> None:
        """Have another plan, an entry for Back unless only its step is another one."""
        self.twin, self.known = None, True
        if _bare(plan) != _bare(self.plan):
            self.run = run_of(_bare(plan))
            self.plan = plan.model_copy(update={"step": min(plan.step, len(self.run))})
            self.trail = [*self.trail[: self.at + 1], self.plan]
            self.at += 1
        else:
            self.rest(plan.step)

    def rest(self, step: int) -> None:
        """Move the playhead."""
        self.plan = self.plan.model_copy(update={"step": max(0, min(step, len(self.run)))})
        self.trail[self.at] = self.plan

    def choose(self, **changes: object) -> None:
        """Change fields: the step stays unless the task is another one, forks if it can be one."""
        now = dict(self.plan)
        if not changes.keys() <= OF_A_FORK:
            now["before"] = ()
        if changes.keys() & OF_A_TASK:
            now["step"] = 0
        before, twin, known = _bare(self.plan), self.twin, self.known
        self.show(repair(now | changes)[0])
        if changes.keys() & OF_A_TASK:
            return
        if before == _bare(self.plan):
            self.twin, self.known = twin, known
        else:
            self.twin = before

    def exchange(self) -> None:
        """Take the run before the last change back."""
        assert self.twin
        shown = _bare(self.plan)
        self.show(self.twin.model_copy(update={"step": self.plan.step}))
        self.twin = shown

    @property
    def twinned(self) -> bool:
        """Whether the twin is offered."""
        if self.twin is None or self.twin == _bare(self.plan):
            return False
        return _errors(self.twin) not in map(_errors, self.pinned.values())

    def conditions(self, step: int) -> dict[str, Any]:
        """Collect what held when the last of so many presentations was made."""
        names = OF_A_FORK - {"epochs", "before", "step"}
        then = next((past for past in self.plan.before if step <= past.until), self.plan)
        return {name: getattr(then, name) for name in names}

    def fork(self, **changes: object) -> None:
        self.pin()
        step = self.plan.step
        then = self.conditions(step)
        kept = [past for past in self.plan.before if past.until < step]
        if len(kept) < MAX_FORKS:
            past = {**then, "until": step}
            self.choose(**{**then, **changes}, before=(*kept, Past.model_validate(past)), step=step)

    def join(self) -> None:
        *earlier, last = self.plan.before
        then = self.conditions(last.until)
        self.choose(**then, before=tuple(earlier), step=last.until)

    @property
    def pinnable(self) -> bool:
        pinned = self.pinned.values()
        return len(self.pinned) < MOST_PINNED and _bare(self.plan) not in pinned

    def pin(self) -> None:
        if self.pinnable:
            free = min({1, 2, 3} - {*self.pinned})
            self.pinned = dict(sorted({**self.pinned, free: _bare(self.plan)}.items()))

    def reopen(self, number: int) -> None:
        step = self.plan.step
        there = self.pinned[number]
        self.pin()
        self.show(there.model_copy(update={"step": step}))

    def reset(self) -> None:
        self.show(Plan(seed=self.plan.seed, own=self.plan.own, T=self.plan.T))

    def travel(self, direction: int) -> None:
        """Go Back (-1) or Forward (+1)."""
        self.at += direction
        self.twin, self.known = None, True
        self.plan = self.trail[self.at]
        self.run = run_of(_bare(self.plan))

    @property
    def lone(self) -> bool:
        """Whether there is one neuron."""
        return self.run.task.kind[1] == 1

    def shut(self) -> set[str]:
        """Collect the fields that cannot be changed."""
        size = size_of(self.plan.task, self.plan.own)
        shut = {n for n in ("patterns", "afferents") if getattr(size, n) is not None}
        if self.plan.rule == "reflect":
            shut |= {"cost", "optimiser", "eta"}
        return shut | ({"eta"} if self.plan.rate is not None else set())

    def shown(self) -> dict[str, Any]:
        """Say what the page has to say of itself."""
        plan, run, step = self.plan, self.run, self.plan.step
        values = {name: getattr(plan, name) for name in FIELDS}
        for name in self.shut() & {"patterns", "afferents"}:
            values[name] = None
        standing = stand(run, step)
        return {
            "task": TASKS[plan.task],
            "swap": plan.swap,
            "fields": {FIELDS[name]: _written(values[name]) for name in FIELDS},
            "step": step,
            "count": len(run),
            "forked": bool(plan.before),
            "pins": [n for n, pinned in self.pinned.items() if pinned != _bare(plan)],
            **({"twin": self.twinned} if self.known else {}),
            "where": f"{told(run, step, standing)} {ended(run, judge(run))}",
            "playing": False,
            "busy": 0,
            "path": "/train",
        }


def _bare(plan: Plan) -> Plan:
    return plan.model_copy(update={"step": 0})


@lru_cache(50)
def _errors(plan: Plan) -> tuple[int, ...]:
    return tuple(run_of(plan).errors.tolist())


def _written(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.6g}"


def difference(page: dict[str, Any] | None, model: Model) -> str:
    """Say in what the page differs from the model; '' if in nothing."""
    if page is None:
        return "there is no run on the page"
    for name, there in model.shown().items():
        if page[name] != there:
            return f"{name}: page {apart(page[name], there)}"
    linked, notes = decode(dict(parse_qsl(page["query"], keep_blank_values=True)))
    if linked != model.plan or notes:
        return f"address {page['query']} leads to {linked}, the model has {model.plan}"
    if model.plan.before:
        until = model.plan.before[-1].until
        if page["lineage"] != f"Forked after presentation {until}":
            return f"lineage {page['lineage']}, the model forked after {until}"
    return sentence(page["status"], model.run, model.plan.step)


def sentence(status: str, run: Run, step: int) -> str:
    """Hold the status against the record of the run; '' if it is right."""
    if step == 0:
        beginning = f"Before the first of {len(run)} presentations in "
        return "" if status.startswith(beginning) else f"status {status!r} at the start"
    k = step - 1
    pattern, epoch = int(run.pattern[k]), int(run.epoch[k])
    fire = bool(run.before(step).task.targets[pattern, 0])
    wrong = bool(run.fired[k, 0]) != fire
    judged = "right" if not wrong else "missed" if fire else "false alarm"
    reason = REASONS[int(run.reason[k, 0])]
    moved = reason in ("", REASONS[3])  # too small a step is one all the same
    now = stand(run, step).v_max[pattern, 0].item()
    fires = "fires" if now >= run.before(step).settings.theta * (1 - 1e-6) else "silent"
    better = f"weights changed, now {fires} (V_max = *)"
    done = better if moved else "nothing changed" if not wrong else reason
    ought = (
        f"Presentation {step} of {len(run)}, epoch {epoch + 1}: pattern {pattern + 1} "
        f"({'+' if fire else '−'}), V_max = *, {judged}; {done}."
    )
    found = re.sub(r"V_max = -?[\d.]+", "V_max = *", status)
    if found != ought:
        return f"status {status!r}, the record has {ought!r}"
    page = [float(number) for number in re.findall(r"V_max = (-?[\d.]+\d)", status)]
    there = [float(run.v_max[k, 0]), now][: len(page)]
    same = all(abs(one - other) < 5.1e-4 for one, other in zip(page, there, strict=True))
    return "" if same else f"V_max {page}, the record has {there}"


class Walk(Hand):
    """A page of Train under a hand, and its model."""

    def __init__(self, browser: Browser, places: Places, how: How) -> None:
        super().__init__(browser, places, how)
        self.model = Model()
        self.page.goto(f"{self.url}/train")
        self.look()
        self._unfold()

    def difference(self, page: Page, model: Model) -> str:
        return difference(page.evaluate(READ), model)

    def _unfold(self) -> None:
        """Open all folds: what stands in them is to be reached."""
        folded = self.page.locator(".player details.fold:not([open]):not([hidden]) > summary")
        while folded.count():
            folded.first.click()

    def look(self) -> None:
        self.agree(self.page, self.model)

    def look_deep(self) -> None:
        self.told.append("look at everything")
        self.elsewhere(Model(self.model.plan))
        self.reload()
        self.look()
        while self.model.plan.before:  # undo every fork, and do the last one again
            self.join()
            self.look()
        self._plays()

    def _plays(self) -> None:
        """Play from the start for a second."""
        self.page.get_by_label("Speed").select_option("4")
        self.go("start")
        self.model.rest(0)
        self.look()
        frames, step = self.page.evaluate(PLAY, 800)
        assert frames >= FRAMES, f"it played with {frames:.0f} frames a second"
        assert step > 0, "it did not play"
        self.model.rest(step)
        self.look()

    # Hands.

    def named(self, name: str) -> Locator:
        return self.page.locator(".player").get_by_role("button", name=name, exact=True)

    def go(self, what: str) -> None:
        self.press(self.page.locator(f".player [data-go={what}]"))

    def transport(self) -> None:
        what = self.dice.choice(["start", "back", "step", "step", "error", "epoch", "end"])
        self.tell(what)
        self.go(what)
        self.model.rest(self._after(what))

    def _after(self, what: str) -> int:
        """Tell where a button of the transport leads."""
        run, step = self.model.run, self.model.plan.step
        count = len(run)
        later = range(step, count)
        wrong = [k + 1 for k in later if run.wrong[k].any()]
        epoch = run.epoch[min(step, count - 1)]
        last = max(k + 1 for k in range(count) if run.epoch[k] == epoch)
        return {
            "start": 0,
            "back": step - 1,
            "step": step + 1,
            "error": wrong[0] if wrong else count,
            "epoch": last if step < count else count,
            "end": count,
        }[what]

    def transport_key(self) -> None:
        """Press a key where nothing else uses it."""
        key = self.dice.choice(["ArrowRight", "ArrowLeft", "Home", "End", "Shift+ArrowRight"])
        self.tell(key)
        self.press(self.page.get_by_role("heading", level=1))
        self.page.keyboard.press(key)
        what = {"ArrowRight": "step", "ArrowLeft": "back", "Home": "start", "End": "end"}
        self.model.rest(self._after(what.get(key, "error")))

    def _taken(self) -> int:
        """Read the step that a gesture led to which cannot be foreseen to the last one."""
        self.page.wait_for_timeout(150)
        return int(self.page.evaluate(READ)["step"])

    def scrub(self) -> None:
        x, y, width, height = self.box(self.page.get_by_label("Presentations done"))
        share = self.dice.random()
        self.tell(f"to {share:.2f}")
        self.press_at(x + 8 + share * (width - 16), y + height / 2)
        step, count = self._taken(), len(self.model.run)
        assert abs(step - share * count) <= 1 + 0.02 * count, f"step {step} of {count}"
        self.model.rest(step)

    def curve(self) -> None:
        """Click the curve of errors: it leads to the end of that epoch."""
        x, y, width, height = self.box(self.page.locator(".player .curve .plot"))
        self.press_at(x + self.dice.uniform(0.05, 0.95) * width, y + height / 2)
        step, run = self._taken(), self.model.run
        ends = {0, len(run), *(k for k in range(1, len(run)) if run.epoch[k] != run.epoch[k - 1])}
        assert step in ends, f"step {step} is not the end of an epoch"
        self.model.rest(step)

    def tile(self) -> None:
        """Look at a pattern: the step stays."""
        tiles = self.page.locator(".player .tile")
        n = self.dice.randrange(tiles.count())
        self.tell(f"{n + 1}")
        self.press(tiles.nth(n))

    def play(self) -> None:
        speed = self.dice.choice(["1", "4", "16", "64", "fastest"])
        self.tell(f"at {speed}")
        before = self.model.plan.step
        self._begin(speed)
        if self.page.evaluate(READ)["playing"]:
            way = self.dice.choice(["button", "Space"])
            if way == "Space" and self.how != "touch":
                self.press(self.page.get_by_role("heading", level=1))
                self.page.keyboard.press("Space")
            else:
                self.press(self.page.locator(".player .play"))
            while self.page.evaluate(READ)["playing"]:  # it had come to its end, and began anew
                self.press(self.page.locator(".player .play"))
                before = 0
        step = self._taken()
        assert step >= before or before == len(self.model.run), f"step {step} after {before}"
        self.model.rest(step)

    def _begin(self, speed: str) -> None:
        self.page.get_by_label("Speed").select_option(speed)
        self.press(self.page.locator(".player .play"))
        self.page.wait_for_timeout(self.dice.randint(0, 900))

    def play_and_act(self) -> None:
        """Do something while it plays: it counts for the step that is shown then."""
        speed, what = self.dice.choice(["1", "4", "16"]), self.dice.choice(["fork", "seed", "pin"])
        self.tell(f"at {speed}, then {what}")
        if what == "pin" and not self.model.pinnable:
            return
        self._begin(speed)
        name = {"fork": "Fork here", "seed": "New seed", "pin": "Pin this run"}[what]
        self.press(self.named(name))
        step = self._stepped(what)
        self.model.rest(step)
        if what == "fork":
            self.model.fork()
        elif what == "seed":
            self.model.choose(seed=self.model.plan.seed + 1)
        else:
            self.model.pin()

    def _stepped(self, what: str) -> int:
        """Read at which step it came to a stand, of a fork from what is said of it."""
        self.page.wait_for_timeout(100)
        if what == "fork":
            end = time.monotonic() + PATIENCE
            before = [past.until for past in self.model.plan.before]
            while time.monotonic() < end:
                page = self.page.evaluate(READ)
                found = re.match(r"Forked after presentation (\d+)", page["lineage"])
                if found and page["step"] == int(found[1]) and not page["playing"]:
                    return int(found[1])
                self.page.wait_for_timeout(50)
            raise AssertionError(f"there is no fork beside {before}")
        return int(self.page.evaluate(READ)["step"])

    def box(self, target: Locator) -> tuple[float, float, float, float]:
        """Bring it into the middle: on a phone the transport lies over the lower edge."""
        target.evaluate("element => element.scrollIntoView({block: 'center'})")
        return super().box(target)

    # Fields and acts.

    def task(self) -> None:
        task = self.dice.choice([*TASKS, "order", "gaps", "latencies"])
        self.tell(task)
        self.press(self.page.locator(".player .task"))
        gallery = self.page.get_by_role("group", name="Tasks")
        self.press(gallery.get_by_role("button", name=TASKS[task], exact=True))
        if task != self.model.plan.task:
            self.model.choose(task=task)

    def _field(self, name: str) -> Locator:
        return self.page.locator(".player .field").filter(
            has=self.page.get_by_text(FIELDS[name], exact=True)
        )

    def type_field(self) -> None:
        name = self.dice.choice([name for name in TYPED if name not in self.model.shut()])
        before = self.model.plan.step
        text, way = (
            self.dice.choice(TYPED[name]),
            self.dice.choice(["Enter", "Tab", "step", "seed"]),
        )
        self.tell(f"{name} {text!r}, then {way}")
        self._field(name).locator("input").fill(text)
        if way in ("Enter", "Tab"):
            self.page.keyboard.press(way)
        elif way == "step":
            self.go("step")
            self.model.rest(self._after("step"))
        else:
            self.press(self.named("New seed"))
        value = float(text.replace(",", ".")) if text else getattr(Plan(), name)
        if value != getattr(self.model.plan, name):
            self.model.choose(**{name: value})
        if way == "seed":
            self.look_until_seed(before)

    def look_until_seed(self, before: int) -> None:
        """A new seed after another field: two plans, of which Back knows the last.

        The run between them may end before the step that is shown, and may or may not be seen.
        """
        self.model.at -= self.model.at > 0 and len(self.model.trail) > 1
        self.model.choose(seed=self.model.plan.seed + 1)
        self.model.known = False
        steps = {self.model.plan.step, min(before, len(self.model.run))}
        end = time.monotonic() + PATIENCE
        for step in itertools.cycle(steps):
            self.model.rest(step)
            if not self.difference(self.page, self.model) or time.monotonic() > end:
                break
            self.page.wait_for_timeout(50)
        self.model.begin_trail()

    def arrow_field(self) -> None:
        names = [name for name in STEPS if name not in self.model.shut()]
        name, up = self.dice.choice(names), self.dice.random() < 0.6
        now = getattr(self.model.plan, name)
        low = 1 if name in ("patterns", "afferents") else 0
        there = float(f"{now + STEPS[name] * (1 if up else -1):.6g}")
        if there <= low:
            return
        self.tell(f"{name} {'up' if up else 'down'}")
        self._field(name).locator("input").focus()
        self.page.keyboard.press("ArrowUp" if up else "ArrowDown")
        self.model.choose(**{name: there})

    def choose_field(self) -> None:
        names = [name for name in CHOICES if name not in self.model.shut()]
        name = self.dice.choice(names)
        value = self.dice.choice(CHOICES[name])
        self.tell(f"{name} {value}")
        self._field(name).locator("select").select_option(value)
        if value != getattr(self.model.plan, name):
            self.model.choose(**{name: value})

    def swap(self) -> None:
        if self.model.lone:
            self.press(self.named("Swap the labels"))
            self.model.choose(swap=not self.model.plan.swap)

    def new_seed(self) -> None:
        self.press(self.named("New seed"))
        self.model.choose(seed=self.model.plan.seed + 1)

    def reset(self) -> None:
        self.press(self.named("Reset"))
        self.model.reset()

    def fork(self) -> None:
        plan, step = self.model.plan, self.model.plan.step
        way = self.dice.choice(["here", "swapped", "relabelled"])
        pattern = int(self.model.run.pattern[step - 1]) + 1 if step else 0
        if (way == "relabelled" and not pattern) or not self.model.lone:
            way = "here"
        self.tell(way)
        then = self.model.conditions(step)
        if way == "here":
            self.press(self.named("Fork here"))
            self.model.fork()
        elif way == "swapped":
            self.press(self.named("Fork, labels swapped"))
            self.model.fork(swap=not then["swap"])
        else:
            self.press(self.named(f"Fork, pattern {pattern} relabelled"))
            self.model.fork(flips=tuple(sorted({*then["flips"]} ^ {pattern})))
        assert self.model.plan.task == plan.task

    def join(self) -> None:
        if self.model.plan.before:
            self.press(self.named("Undo the fork"))
            self.model.join()

    def pin(self) -> None:
        if self.model.pinnable:
            self.press(self.named("Pin this run"))
            self.model.pin()

    def _a_pinned(self) -> int:
        shown = self.model.shown()["pins"]
        return int(self.dice.choice(shown)) if shown else 0

    def reopen(self) -> None:
        if number := self._a_pinned():
            self.tell(f"{number}")
            self.press(self.named(f"Open run {number}"))
            self.model.reopen(number)

    def unpin(self) -> None:
        if number := self._a_pinned():
            self.tell(f"{number}")
            self.press(self.named(f"Unpin run {number}"))
            del self.model.pinned[number]

    def exchange(self) -> None:
        """Take the run before the last change back."""
        if self.model.known and self.model.twinned:
            self.press(self.page.locator(".player .twin"))
            self.model.exchange()

    def cure(self) -> None:
        """Take what is offered at the end of a run that did not learn."""
        verdict = judge(self.model.run)
        if not verdict or not verdict.offer:
            return
        self.go("end")
        self.model.rest(len(self.model.run))
        self.tell(verdict.offer)
        self.press(self.named(verdict.offer))
        if verdict.goes_on:
            self.model.fork(**verdict.changes)
        else:
            self.model.pin()
            self.model.choose(**{"before": (), "step": 0, **verdict.changes})

    # The browser, the server, and the rest of the page.

    def back(self) -> None:
        """Go Back or Forward among what was chosen since the page was opened."""
        ways = [d for d in (-1, 1) if 0 <= self.model.at + d < len(self.model.trail)]
        if not ways:
            return
        way = self.dice.choice(ways)
        self.tell("Back" if way < 0 else "Forward")
        self.page.evaluate("way => history.go(way)", way)
        self.model.travel(way)

    def timing_or_rate(self) -> None:
        switch = self.page.get_by_text("Jitter every spike time by sigma")
        switch.scroll_into_view_if_needed()
        self.press(switch)
        self.page.get_by_role("heading", name="Timing or rate?").wait_for()

    def explore_and_back(self) -> None:
        """Open what is shown in Explore, and go back."""
        button = self.named("Open in Explore")
        if button.is_disabled():
            return
        ought = to_experiment(self.model.run, self.model.plan.step)
        self.press(button)
        self.page.get_by_role("heading", name="Explore", level=1).wait_for()
        end = time.monotonic() + PATIENCE
        while True:
            query = self.page.url.partition("?")[2]
            found, _ = experiments.decode(dict(parse_qsl(query, keep_blank_values=True)))
            if found == ought:
                break
            assert time.monotonic() < end, f"Explore shows {found}, the step was {ought}"
            self.page.wait_for_timeout(50)
        self._return()

    def visit(self) -> None:
        name = self.dice.choice(["Explore", "Data", "Capacity"])
        self.tell(name)
        self.by_menu(name)
        self._return()

    def _return(self) -> None:
        if self.dice.random() < 0.5:
            self.tell("Back")
            self.page.go_back()
        else:
            self.by_menu("Train")
        self.page.get_by_role("heading", name="Train", level=1).wait_for()
        self.model.begin_trail()
        self.look()
        self._unfold()

    def reload(self) -> None:
        self.page.reload()
        self.model.pinned, self.model.twin = {}, None  # they belong to the visit
        self.model.known = True
        self.model.begin_trail()
        self.look()
        self._unfold()

    def stop_server(self) -> None:
        """Step and take a new seed while the server stands still."""
        self.places.stop()
        try:
            self.go("step")
            self.model.rest(self._after("step"))
            shown = self.page.evaluate(READ)["step"]
            assert shown in (self.model.plan.step, self.model.plan.step - 1)
            self.press(self.named("New seed"))
            self.page.wait_for_timeout(3000)
        finally:
            self.places.go_on()
        self.model.choose(seed=self.model.plan.seed + 1)

    def long_run(self) -> None:
        """Change a run that takes long while it is computed and plays; go back to the other."""
        link = self.page.url
        self.page.goto(f"{self.url}/train?{LONG}&seed={self.dice.randrange(1000)}")
        self.page.locator(".player[data-run]").wait_for()
        self.press(self.page.locator(".player .play"))
        cancel = self.page.get_by_role("button", name="Cancel", exact=True)
        if cancel.is_visible():
            self.tell("cancelled")
            cancel.click(timeout=2000, no_wait_after=True)
        self.press(self.named("New seed"))
        self.page.wait_for_timeout(300)
        self.page.goto(link)
        self.model.pinned, self.model.twin, self.model.known = {}, None, True
        self.model.begin_trail()
        self.look()
        self._unfold()
