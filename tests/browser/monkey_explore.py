"""The model of Explore, and the gestures of a hand on it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from playwright.sync_api import Browser, Locator, Page

from tempotron.dashboard.answers.response import respond
from tempotron.dashboard.answers.sentences import advice
from tempotron.dashboard.state.experiment import Experiment, decode
from tempotron.dashboard.state.presets import PRESETS
from tests.browser.hand import PATIENCE, Hand, apart
from tests.browser.monkey import How, Places

GESTURES = {
    "drag_spike": 12,
    "drag_weight": 4,
    "drag_threshold": 4,
    "break_off": 3,
    "click_track": 6,
    "press_handle": 4,
    "spike_key": 10,
    "weight_key": 4,
    "threshold_key": 4,
    "button": 6,
    "nudge": 3,
    "selected_value": 4,
    "range_key": 5,
    "type_number": 8,
    "flag": 5,
    "preset": 3,
    "reset": 1,
    "hint": 3,
    "afferents": 3,
    "undo": 6,
    "redo": 4,
    "keep": 4,
    "edit_table": 3,
    "visit": 5,
    "reload": 2,
    "resize": 2,
    "theme": 1,
    "second_tab": 2,
    "stop_server": 2,
}
LIVE = 0.7  # share of the moves of a drag after which the picture has changed
DEPTH = 100  # states that undo knows
NUMBERS = {"tau": "tau in ms", "tau_s": "tau_s in ms", "theta": "theta", "T": "T in ms"}
RANGES = {  # label, smallest, largest, step
    "tau": ("Membrane time constant (tau, ms)", 0.5, 100.0, 0.5),
    "tau_s": ("Synaptic time constant (tau_s, ms)", 0.25, 50.0, 0.25),
    "theta": ("Threshold (theta), the level to reach", 0.05, 3.0, 0.05),
    "T": ("Trial length (T, ms)", 10.0, 500.0, 10.0),
}
LIMITS = {"tau": (0.1, 1000), "tau_s": (0.1, 1000), "theta": (0.05, 10), "T": (10, 2000)}
FLAGS = {
    "locked": "Lock tau_s to tau / 4",
    "pinned": "Pin this kernel for comparison",
    "exact": "Exact peak, also between milliseconds",
    "scaled": "Scale potentials with theta, as the reference does",
    "shunt": "Shunt all input after the output spike",
}
STEPS = {"spike": (0.1, 1.0, 10.0), "weight": (0.01, 0.05, 0.5), "threshold": (0.01, 0.05, 0.5)}

# What the page says of itself, by the names that a screen reader would read.
READ = """() => {
  if (!("drawn" in document.documentElement.dataset)) return null;  // nobody sees it yet
  const roots = [...document.querySelectorAll("*")].map(e => e.shadowRoot);
  const root = roots.find(shadow => shadow?.querySelector(".stage"));
  const stage = root?.querySelector(".stage");
  if (!stage) return null;
  const name = e => e.getAttribute("aria-label") ?? e.labels[0].textContent.trim();
  const named = (selector, read) =>
    Object.fromEntries([...stage.querySelectorAll(selector)].map(e => [name(e), read(e)]));
  const [verdict, more] = stage.querySelector(".status").children;
  const button = what => stage.querySelector(`[data-do=${what}]`);
  const off = what => button(what).getAttribute("aria-disabled") === "true";
  return {
    sliders: named("[role=slider]", e => Number(e.getAttribute("aria-valuenow"))),
    fields: named("input[data-number][type=text]", e => Number(e.value)),
    checks: named("input[type=checkbox]", e => e.checked),
    verdict: verdict?.textContent ?? "", more: more?.textContent ?? "",
    torch: stage.dataset.source === "torch",
    undo: !off("undo"), redo: !off("redo"),
    hinted: button("hint").getAttribute("aria-pressed") === "true",
    kept: stage.querySelector(".kept").textContent,
    busy: [...root.querySelectorAll("[aria-busy=true]")].length,
    query: location.search.slice(1), path: location.pathname,
  };
}"""

# A drag of so many moves, one for each frame; tells after how many the curve was another one.
PROBE = """async ([name, moves, ms]) => {
  const roots = [...document.querySelectorAll("*")].map(e => e.shadowRoot);
  const root = roots.find(shadow => shadow?.querySelector(".stage"));
  const spikes = [...root.querySelectorAll(".spike")];
  const spike = spikes.find(e => e.getAttribute("aria-label") === name);
  const trace = root.querySelector(".voltage .trace");
  spike.scrollIntoView({block: "center"});
  const box = spike.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const [from, end] = ["valuenow", "valuemax"].map(n => Number(spike.getAttribute("aria-" + n)));
  const width = spike.closest(".track").clientWidth / end;
  let [time, step] = [from, ms];
  const send = (type, dx, target) => target.dispatchEvent(new PointerEvent(type, {
    bubbles: true, composed: true, cancelable: true, pointerId: 1, button: 0,
    clientX: x + dx, clientY: y}));
  const frame = () => new Promise(requestAnimationFrame);
  send("pointerdown", 0, spike);
  await frame();
  let [changed, before] = [0, trace.getAttribute("d")];
  for (let i = 0; i < moves; i++) {
    if (time + step < 0 || time + step > end) step = -step;
    time += step;
    send("pointermove", (time - from) * width, spike);
    await frame();
    await new Promise(queueMicrotask);
    changed += trace.getAttribute("d") !== before;
    before = trace.getAttribute("d");
  }
  send("pointerup", (time - from) * width, spike);
  return changed / moves;
}"""


class Handle(NamedTuple):
    """A spike, a weight or the threshold."""

    kind: str
    afferent: int = 0
    spike: int = 0

    @property
    def name(self) -> str:
        if self.kind == "threshold":
            return "Threshold"
        if self.kind == "weight":
            return f"Weight of afferent {self.afferent + 1}"
        return f"Afferent {self.afferent + 1}, spike {self.spike + 1}"


def tidy(value: float) -> float:
    """Round to four decimals, as the browser does."""
    return math.floor(value * 1e4 + 0.5) / 1e4


def clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def snapped(value: float, grain: float) -> float:
    return math.floor(value / grain + 0.5) * grain


@dataclass
class Model:
    """What a person has made: every state so far, and which of them is shown."""

    past: list[Experiment] = field(default_factory=lambda: [Experiment()])
    at: int = 0
    selected: Handle = field(default_factory=lambda: Handle("spike"))
    kept: list[bool] = field(default_factory=list)  # patterns: whether each ought to fire
    hinted: bool = False

    @property
    def now(self) -> Experiment:
        return self.past[self.at]

    def push(self, experiment: Experiment) -> None:
        """Show another state; what had been undone is forgotten."""
        if experiment != self.now:
            self.past = [*self.past[: self.at + 1], experiment][-DEPTH:]
            self.at = len(self.past) - 1

    def change(self, **fields: object) -> None:
        self.push(Experiment.model_validate(self.now.model_dump() | fields))

    def value(self, handle: Handle) -> float:
        if handle.kind == "threshold":
            return self.now.theta
        row = handle.afferent
        if handle.kind == "weight":
            return self.now.weights[row]
        return self.now.spikes[row][handle.spike]

    def put(self, handle: Handle, value: float) -> None:
        """Give a handle another value, the nearest one that is possible."""
        if handle.kind == "threshold":
            self.change(theta=clamp(tidy(value), *LIMITS["theta"]))
        elif handle.kind == "weight":
            weights = [*self.now.weights]
            weights[handle.afferent] = clamp(tidy(value), -10, 10)
            self.change(weights=weights)
        else:
            time_ = clamp(tidy(value), 0, self.now.T)
            row = [*self.now.spikes[handle.afferent]]
            row[handle.spike] = time_
            self.row(handle.afferent, row)
            order = sorted(range(len(row)), key=lambda k: row[k])
            self.selected = handle._replace(spike=order.index(handle.spike))

    def row(self, afferent: int, times: list[float]) -> None:
        spikes = [list(row) for row in self.now.spikes]
        spikes[afferent] = times
        self.change(spikes=spikes)

    def number(self, name: str, value: float) -> None:
        """Set a number; a shorter trial pulls late spikes to its end."""
        value = clamp(tidy(value), *LIMITS[name])
        if name == "T":
            length = math.floor(value + 0.5)
            rows = [[min(time_, length) for time_ in row] for row in self.now.spikes]
            self.change(T=length, spikes=rows)
        else:
            self.change(**{name: value})

    def handles(self, kind: str) -> list[Handle]:
        if kind == "threshold":
            return [Handle("threshold")]
        rows = range(len(self.now.weights))
        if kind == "weight":
            return [Handle("weight", row) for row in rows]
        return [Handle("spike", row, k) for row in rows for k in range(len(self.now.spikes[row]))]

    def free_place(self, afferent: int, near: float) -> float:
        """Find the place nearest to a time that is 3 ms from all spikes, the later one first."""
        row, length = self.now.spikes[afferent], self.now.T
        for step in range(length + 1):
            for place in (near + step, near - step):
                if 0 <= place <= length and all(abs(other - place) >= 3 for other in row):
                    return place
        return near

    def add(self, afferent: int, place: float) -> None:
        row = [*self.now.spikes[afferent], clamp(tidy(place), 0, self.now.T)]
        if len(row) <= 50:
            self.row(afferent, row)
            self.selected = Handle("spike", afferent, sorted(row).index(row[-1]))

    def remove(self, handle: Handle) -> None:
        row = [t for k, t in enumerate(self.now.spikes[handle.afferent]) if k != handle.spike]
        self.row(handle.afferent, row)
        spike = Handle("spike", handle.afferent, min(handle.spike, len(row) - 1))
        self.selected = spike if row else Handle("weight", handle.afferent)

    def open(self, experiment: Experiment) -> None:
        self.push(experiment)
        self.mend()

    def go(self, step: int) -> None:
        """Undo (-1) or redo (+1), if there is anything."""
        self.at = int(clamp(self.at + step, 0, len(self.past) - 1))
        self.mend()

    def choose(self, handle: Handle) -> None:
        self.selected = handle
        self.mend()

    def arrive(self) -> None:
        """Come to a stage that is drawn anew."""
        self.hinted = False
        self.choose(Handle("spike"))

    def mend(self) -> None:
        """Select something that is there."""
        handle = self.selected
        rows = self.now.spikes
        if (
            handle.kind == "spike"
            and (handle.afferent >= len(rows) or handle.spike >= len(rows[handle.afferent]))
        ) or (handle.kind == "weight" and handle.afferent >= len(rows)):
            self.selected = Handle("weight")

    def shown(self) -> dict[str, Any]:
        """Say what the page has to say of itself."""
        now = self.now
        kinds = ("threshold", "weight", "spike")
        handles = [handle for kind in kinds for handle in self.handles(kind)]
        fire = sum(self.kept)
        count = f"{len(self.kept)} pattern{'s' * (len(self.kept) != 1)}"
        return {
            "sliders": {handle.name: tidy(self.value(handle)) for handle in handles},
            "fields": {
                NUMBERS["tau"]: tidy(now.tau),
                NUMBERS["tau_s"]: tidy(now.synaptic),
                NUMBERS["theta"]: tidy(now.theta),
                NUMBERS["T"]: now.T,
            },
            "checks": {
                FLAGS["locked"]: now.tau_s is None,
                FLAGS["pinned"]: now.pinned is not None,
                FLAGS["exact"]: now.exact,
                FLAGS["scaled"]: now.scaled,
                FLAGS["shunt"]: now.shunt,
            },
            "torch": True,
            "hinted": self.hinted,
            "undo": self.at > 0,
            "redo": self.at < len(self.past) - 1,
            "kept": f"{count}: {fire} +, {len(self.kept) - fire} −" if self.kept else "none yet",
            "busy": 0,
            "path": "/",
        }


def difference(page: dict[str, Any] | None, model: Model) -> str:
    """Say in what the page differs from the model; '' if in nothing."""
    if page is None:
        return "there is no stage on the page"
    shown = model.shown()
    for name, there in shown.items():
        if page[name] != there:
            return f"{name}: page {apart(page[name], there)}"
    linked, notes = decode(dict(parse_qsl(page["query"], keep_blank_values=True)))
    if linked != model.now or notes:
        return f"address {page['query']} leads to {linked}, the model has {model.now}"
    return sentence(page["verdict"], page["more"], model.now, hinted=model.hinted)


def sentence(verdict: str, more: str, experiment: Experiment, *, hinted: bool) -> str:
    """Hold the sentence against the library's numbers; '' if it is right."""
    response = respond(experiment)
    number = r"(-?[\d.]+(?:e-?\d+)?)"
    found = re.fullmatch(
        rf"V_max = {number} at {number} ms: "
        rf"(?:fires at {number} ms|silent, {number} short of theta)\.",
        verdict,
    )
    if not found:
        return f"sentence {verdict!r} is of no known form"
    v, t, crossing, short = (float(n) if n else None for n in found.groups())
    assert v is not None and t is not None  # noqa: PT018  the pattern says so
    right = abs(v - response.v_max) < 5.1e-4 and abs(t - response.t_max) < 0.051
    if response.fires:
        right &= crossing is not None and abs(crossing - response.crossing) < 0.051
    else:
        missing = experiment.theta - response.v_max
        right &= short is not None and abs(short - missing) < max(5.1e-4, 0.5 * abs(missing))
    if not right:
        return f"sentence {verdict!r}, the library has {response}"
    hint = advice(experiment)
    right = more.endswith(hint) if hinted else hint not in more
    return "" if right else f"advice {more!r}, hinted {hinted}, the library has {hint!r}"


class Walk(Hand):
    """A page of Explore under a hand, and its model."""

    def __init__(self, browser: Browser, places: Places, how: How) -> None:
        super().__init__(browser, places, how)
        self.model = Model()
        self.page.goto(self.url)
        self.look()

    def difference(self, page: Page, model: Model) -> str:
        return difference(page.evaluate(READ), model)

    def look(self) -> None:
        self.agree(self.page, self.model)

    def look_deep(self) -> None:
        self.told.append("look at everything")
        self.elsewhere(Model([self.model.now]))
        self.reload()
        self.look()
        self._undone()
        self._live()

    def _undone(self) -> None:
        """Undo everything, and do it again."""
        there = self.model.at
        for key, step, most in (("z", -1, there), ("y", 1, len(self.model.past) - 1)):
            for _ in range(most + 1):
                self.page.keyboard.press(f"Control+{key}")
                self.model.go(step)
            self.look()
        while self.model.at > there:
            self.page.keyboard.press("Control+z")
            self.model.go(-1)
        self.look()

    def _live(self) -> None:
        """Drag the spike that counts most, and take it back."""
        now = self.model.now
        spikes = self.model.handles("spike")
        if now.shunt or not spikes:
            return
        handle = max(spikes, key=lambda spike: abs(now.weights[spike.afferent]))
        if abs(now.weights[handle.afferent]) < 0.2:
            return
        before = self.model.value(handle)
        step = max(1.0, now.T / 100)
        # With coincident spikes it is the first one that is taken.
        live = self.page.evaluate(PROBE, [handle.name, 30, step])
        assert live >= LIVE, f"a drag of {handle.name} was live on {live:.0%} of its moves"
        self.page.wait_for_timeout(300)
        row = handle.afferent
        found = self.page.evaluate(READ)["sliders"]
        times = [found[name] for name in found if name.startswith(f"Afferent {row + 1},")]
        others = [*now.spikes[row]]
        others.remove(before)
        assert len(times) == len(others) + 1
        self.model.row(row, times)
        self.look()
        self.page.keyboard.press("Control+z")
        self.model.go(-1 if self.model.now != now else 0)
        self.look()

    # Hands.

    def handle(self, kind: str) -> Handle | None:
        """Choose a handle of a kind; of coincident spikes the first, as a hand does."""
        handles = self.model.handles(kind)
        if not handles:
            return None
        chosen = self.dice.choice(handles)
        if kind == "spike":
            row = self.model.now.spikes[chosen.afferent]
            chosen = chosen._replace(spike=row.index(row[chosen.spike]))
        return chosen

    def locate(self, handle: Handle) -> Locator:
        return self.page.get_by_role("slider", name=handle.name, exact=True)

    def button_named(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def focus(self, handle: Handle) -> None:
        self.locate(handle).focus()
        self.model.selected = handle

    def drag(self, target: Locator, dx: float, dy: float, end: str = "") -> None:
        """Drag a handle; at the end let go, or break off."""
        x, y, width, height = self.box(target)
        x, y = x + width / 2, y + height / 2
        hasty = self.dice.random() < 0.4
        steps = 1 if hasty else 8
        points = [(x + dx * k / steps, y + dy * k / steps) for k in range(1, steps + 1)]
        self.tell(f"by {dx:.0f}, {dy:.0f} px{', hastily' * hasty}{end}")
        if self.how == "touch":
            self._by_touch((x, y), points)
            return
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for point in points:
            self.page.mouse.move(*point)
            if not hasty:
                self.page.wait_for_timeout(20)
        if end:
            self.page.keyboard.press("Escape")
        self.page.mouse.up()

    def _by_touch(self, start: tuple[float, float], points: list[tuple[float, float]]) -> None:
        session = self.context.new_cdp_session(self.page)

        def send(what: str, place: tuple[float, float] | None) -> None:
            touch = [] if place is None else [{"x": place[0], "y": place[1]}]
            session.send("Input.dispatchTouchEvent", {"type": what, "touchPoints": touch})

        send("touchStart", start)
        for point in points:
            send("touchMove", point)
            self.page.wait_for_timeout(20)
        send("touchEnd", None)
        session.detach()

    def pulled(self, handle: Handle, dx: float, dy: float, grain: float, scale: float) -> None:
        """Drag a handle by so many px, each worth `scale`; the model takes what a grain allows."""
        before = self.model.value(handle)
        limits = {"spike": (0, self.model.now.T), "weight": (-10, 10), "threshold": (0.05, 10)}
        self.tell(handle.name)
        self.model.selected = handle
        self.drag(self.locate(handle), dx, dy)
        ought = clamp(snapped(before + (dx or -dy) * scale, grain), *limits[handle.kind])
        found = self._found(handle, ought, grain)
        assert found is not None, f"{handle.name} ought to be at about {ought:g}"
        self.model.put(handle, found)

    def _found(self, handle: Handle, ought: float, grain: float) -> float | None:
        """Read what a drag came to: a pixel may fall on either side of a grain."""
        prefix = handle.name.rpartition(" ")[0] if handle.kind == "spike" else handle.name
        for _ in range(20):  # a finger's events arrive a little later
            there = self.page.evaluate(READ)["sliders"]
            values = [v for name, v in there.items() if name.startswith(prefix)]
            near: float = min(values, key=lambda value: abs(value - ought))
            if abs(near - ought) <= grain * 1.01:
                return near
            self.page.wait_for_timeout(50)
        return None

    def drag_spike(self) -> None:
        handle = self.handle("spike")
        if handle is None:
            return
        width = self.page.locator(".track").first.evaluate("track => track.clientWidth")
        scale = self.model.now.T / width
        if self.dice.random() < 0.12:
            dx = self.dice.choice([-1.0, 1.0]) * 3000  # out of the window
        else:
            dx = float(self.dice.choice([-1, 1]) * self.dice.randint(2, int(width / 3)))
        self.pulled(handle, dx, 0, 0.5, scale)

    def drag_weight(self) -> None:
        handle = self.handle("weight")
        assert handle is not None
        strongest = max(map(abs, self.model.now.weights))
        strength = max(1.0, _round_up(strongest)) if strongest else 1.0
        knob = self.locate(handle)
        scale = 2 * strength / knob.evaluate("element => element.clientWidth")
        dx = float(self.dice.choice([-1, 1]) * self.dice.randint(3, 40))
        self.pulled(handle, dx, 0, 0.05, scale)

    def drag_threshold(self) -> None:
        handle = Handle("threshold")
        self.tell(handle.name)
        before = self.model.now.theta
        dy = float(self.dice.choice([-1, 1]) * self.dice.randint(4, 60))
        self.model.selected = handle
        self.drag(self.locate(handle), 0, dy)
        found = self.page.evaluate(READ)["sliders"]["Threshold"]
        on_grid = abs(found / 0.05 - round(found / 0.05)) < 1e-6 or found in LIMITS["theta"]
        assert on_grid, f"theta {found} is not a multiple of 0.05"
        up = (found - before) * -dy
        assert up > 0 or abs(found - before) <= 0.05, f"theta went from {before} to {found}"
        self.model.put(handle, found)

    def break_off(self) -> None:
        """Drag something and break it off with Escape; a finger has none."""
        handle = self.handle(self.dice.choice(["spike", "weight", "threshold"]))
        if handle is None or self.how == "touch":
            return
        self.tell(handle.name)
        self.model.selected = handle
        self.drag(
            self.locate(handle), self.dice.randint(-90, 90), self.dice.randint(-40, 40), " Escape"
        )

    def click_track(self) -> None:
        """Click an empty place of a row."""
        row = self.dice.randrange(len(self.model.now.weights))
        left, top, width, height = self.box(self.page.locator(".track").nth(row))
        per_ms = width / self.model.now.T
        clear = 14 / per_ms  # ms around a spike that belong to it
        places = [
            place / 2
            for place in range(2 * self.model.now.T)
            if all(abs(place / 2 - other) > clear for other in self.model.now.spikes[row])
            and 2 < place / 2 * per_ms < width - 2
        ]
        if not places or len(self.model.now.spikes[row]) >= 50:
            return
        place = self.dice.choice(places)
        self.tell(f"A{row + 1} at {place:g} ms")
        before = sorted(self.model.now.spikes[row])
        self.press_at(left + place * per_ms, top + height / 2)
        end, new = time.monotonic() + PATIENCE, list[float]()
        while not new and time.monotonic() < end:
            self.page.wait_for_timeout(100)
            there = self.page.evaluate(READ)["sliders"]
            times = [v for name, v in there.items() if name.startswith(f"Afferent {row + 1},")]
            new = [t for t in times if t not in map(tidy, before)]
        assert len(new) == 1, f"the spikes of A{row + 1} are {times}"
        assert abs(new[0] - place) <= 0.5 * 1.01 + 1 / per_ms, f"the new spike is at {new[0]}"
        self.model.add(row, new[0])

    def press_handle(self) -> None:
        """Click a handle: it is selected, and nothing else happens."""
        handle = self.handle(self.dice.choice(["spike", "weight", "threshold"]))
        if handle is None:
            return
        self.tell(handle.name)
        x, y, width, height = self.box(self.locate(handle))
        self.press_at(x + width / 2, y + height / 2)
        self.model.selected = handle

    # Keys.

    def _key(self, handle: Handle, key: str) -> None:
        """Press a key on a handle; do the same to the model."""
        self.tell(f"{key} on {handle.name}")
        self.focus(handle)
        self.page.keyboard.press(key)
        fine, step, page = STEPS[handle.kind]
        shift = key.startswith("Shift+")
        name = key.removeprefix("Shift+")
        moves = {"ArrowRight": 1, "ArrowLeft": -1, "PageUp": 1, "PageDown": -1}
        if handle.kind == "threshold":
            moves |= {"ArrowUp": 1, "ArrowDown": -1}
        if name in moves:
            size = page if name.startswith("Page") else fine if shift else step
            self.model.put(handle, self.model.value(handle) + moves[name] * size)
        elif name in ("Delete", "Backspace", "-"):
            if handle.kind == "spike":
                self.model.remove(handle)
        elif name in ("+", "Insert", "Enter"):
            self._add_beside(handle)
        elif name in ("Home", "End", "ArrowUp", "ArrowDown"):
            self._choose(handle, name)

    def _add_beside(self, handle: Handle) -> None:
        length = self.model.now.T
        near = self.model.value(handle) + 5 if handle.kind == "spike" else length / 2
        near = math.floor(min(near, length) + 0.5)
        self.model.add(handle.afferent, self.model.free_place(handle.afferent, near))

    def _choose(self, handle: Handle, key: str) -> None:
        every = self.model.handles(handle.kind)
        at = every.index(handle)
        to = {"Home": 0, "End": len(every) - 1, "ArrowUp": at - 1, "ArrowDown": at + 1}[key]
        if 0 <= to < len(every):
            self.model.selected = every[to]

    def spike_key(self) -> None:
        handle = self.handle("spike")
        if handle is None:
            return
        keys = ["ArrowRight", "ArrowLeft", "Shift+ArrowRight", "Shift+ArrowLeft", "PageUp"]
        keys += ["PageDown", "+", "Enter", "Insert", "Delete", "Backspace", "-", "Home", "End"]
        keys += ["ArrowUp", "ArrowDown"]
        self._key(handle, self.dice.choice(keys))

    def weight_key(self) -> None:
        handle = self.handle("weight")
        assert handle is not None
        keys = ["ArrowRight", "ArrowLeft", "Shift+ArrowRight", "PageUp", "PageDown", "+", "Delete"]
        keys += ["Home", "End", "ArrowUp", "ArrowDown"]
        self._key(handle, self.dice.choice(keys))

    def threshold_key(self) -> None:
        keys = ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "Shift+ArrowUp", "PageUp"]
        keys += ["PageDown", "Delete", "+"]
        key = self.dice.choice(keys)
        handle = Handle("threshold")
        if key in ("Delete", "+"):  # no spike is meant
            self.tell(f"{key} on {handle.name}")
            self.focus(handle)
            self.page.keyboard.press(key)
        else:
            self._key(handle, key)

    # Buttons and fields.

    def button(self) -> None:
        """Press Add spike or Remove spike with something selected."""
        handle = self.handle(self.dice.choice(["spike", "weight", "threshold"]))
        if handle is None:
            return
        name = self.dice.choice(["Add spike", "Remove spike"])
        self.tell(f"{name} with {handle.name} selected")
        self.focus(handle)
        self.press(self.button_named(name))
        row = self.model.now.spikes[handle.afferent]
        if name == "Add spike":
            self._add_beside(handle)
        elif row:
            spike = handle.spike if handle.kind == "spike" else len(row) - 1
            self.model.remove(Handle("spike", handle.afferent, spike))

    def nudge(self) -> None:
        handle = self.handle(self.dice.choice(["spike", "weight", "threshold"]))
        if handle is None:
            return
        up = self.dice.random() < 0.5
        self.tell(f"{'+' if up else '-'} of the selected value, {handle.name}")
        self.focus(handle)
        self.press(self.button_named(f"{'Increase' if up else 'Decrease'} selected value"))
        change = STEPS[handle.kind][1] * (1 if up else -1)
        self.model.put(handle, self.model.value(handle) + change)

    def _number(self, low: float, high: float) -> tuple[str, float]:
        """Write a number, with a comma now and then, or something that is none."""
        value = round(self.dice.uniform(low, high), 1)
        text = f"{value:g}"
        if self.dice.random() < 0.2:
            text = text.replace(".", ",")
        return ("abc", math.nan) if self.dice.random() < 0.1 else (text, value)

    def _leave(self) -> Callable[[], None]:
        """Choose where the hand goes after typing; return what that does to the model."""
        ways = ["Enter", "Tab", "heading", "spike", "undo", "flag", "menu"]
        way = self.dice.choice(ways)
        self.tell(f"then {way}")
        if way in ("Enter", "Tab"):
            self.page.keyboard.press(way)
            return lambda: None
        if way == "heading":
            self.press(self.page.get_by_role("heading", level=1))
            return lambda: None
        if way == "undo":
            self.press(self.button_named("Undo"))
            return lambda: self.model.go(-1)
        if way == "flag":
            self.press(self.page.get_by_role("checkbox", name=FLAGS["shunt"]))
            return lambda: self.model.change(shunt=not self.model.now.shunt)
        if way == "menu":
            self.by_menu("Data")
            self.by_menu("Explore")
            return self.model.arrive
        handle = self.handle("spike")
        if handle is None:
            self.page.keyboard.press("Enter")
            return lambda: None
        value, length = self.model.value(handle), self.model.now.T
        self.press(self.locate(handle))

        def follow() -> None:
            row = self.model.now.spikes[handle.afferent]
            if length != self.model.now.T:
                self.model.choose(handle)
            elif value in row:
                self.model.choose(handle._replace(spike=row.index(value)))

        return follow

    def selected_value(self) -> None:
        self._unfold()  # for the flag that a hand may go to
        handle = self.handle(self.dice.choice(["spike", "weight", "threshold"]))
        if handle is None:
            return
        high = self.model.now.T if handle.kind == "spike" else 3
        text, value = self._number(-1, high * 1.1)
        self.tell(f"{text} for {handle.name}")
        self.focus(handle)
        self.page.get_by_role("textbox", name="Selected value").fill(text)
        then = self._leave()
        if not math.isnan(value):
            self.model.put(handle, value)
        then()

    def _unfold(self, fold: str = "finer") -> None:
        """Open a fold: what stands there is to be reached."""
        folded = self.page.locator(f".stage .{fold}:not([open]) > summary")
        if folded.count():
            self.press(folded.first)

    def type_number(self) -> None:
        self._unfold()
        name = self.dice.choice([*NUMBERS])
        if name == "tau_s" and self.model.now.tau_s is None:
            return
        low, high = {"tau": (0, 60), "tau_s": (0, 60), "theta": (0, 3), "T": (0, 400)}[name]
        text, value = self._number(low, high)
        self.tell(f"{text} for {name}")
        self.page.get_by_role("textbox", name=NUMBERS[name], exact=True).fill(text)
        then = self._leave()
        if not math.isnan(value):
            self.model.number(name, value)
        self.model.mend()
        then()

    def range_key(self) -> None:
        self._unfold()
        name = self.dice.choice([*RANGES])
        label, low, high, step = RANGES[name]
        now = self.model.now
        if name == "tau_s" and now.tau_s is None:
            return
        key, direction = self.dice.choice([("ArrowRight", 1), ("ArrowLeft", -1)])
        self.tell(f"{key} on {name}")
        self.page.get_by_role("slider", name=label).focus()
        self.page.keyboard.press(key)
        value = {"tau": now.tau, "tau_s": now.synaptic, "theta": now.theta, "T": now.T}[name]
        at = low + math.floor((clamp(value, low, high) - low) / step + 0.5) * step
        there = clamp(at + direction * step, low, high)
        if abs(there - at) > 1e-9:
            self.model.number(name, there)

    def flag(self) -> None:
        self._unfold()
        name = self.dice.choice([*FLAGS])
        self.tell(name)
        self.press(self.page.get_by_role("checkbox", name=FLAGS[name]))
        now = self.model.now
        if name == "locked":
            self.model.change(tau_s=clamp(now.synaptic, 0.1, 1000) if now.tau_s is None else None)
        elif name == "pinned":
            kernel = (now.tau, clamp(now.synaptic, 0.1, 1000))
            self.model.change(pinned=kernel if now.pinned is None else None)
        else:
            self.model.change(**{name: not getattr(now, name)})

    def preset(self) -> None:
        preset = self.dice.choice(PRESETS)
        self.tell(preset.name)
        self.press(self.page.get_by_role("group", name="Presets").get_by_text(preset.name))
        self.replaced_by(preset.experiment)

    def reset(self) -> None:
        self.press(self.button_named("Reset"))
        self.replaced_by(PRESETS[0].experiment)

    def replaced_by(self, experiment: Experiment) -> None:
        self.model.selected, self.model.hinted = Handle("spike"), False
        self.model.open(experiment)

    def hint(self) -> None:
        self.press(self.button_named("Hint"))
        self.model.hinted = not self.model.hinted

    def afferents(self) -> None:
        """Add an afferent, or remove the selected one."""
        handle = self.handle(self.dice.choice(["spike", "weight"]))
        if handle is None:
            return
        name = self.dice.choice(["Add afferent", "Remove afferent"])
        self.tell(f"{name} with {handle.name} selected")
        self.focus(handle)
        self.press(self.button_named(name))
        weights, spikes = [*self.model.now.weights], [*self.model.now.spikes]
        if name == "Add afferent":
            weights.append(0.4)
            spikes.append((math.floor(self.model.now.T / 2 + 0.5),))
            self.model.change(weights=weights, spikes=spikes)
            self.model.selected = Handle("spike", len(weights) - 1)
        elif len(weights) > 1:
            del weights[handle.afferent], spikes[handle.afferent]
            self.model.change(weights=weights, spikes=spikes)
            self.model.selected = Handle("weight", min(handle.afferent, len(weights) - 1))

    def undo(self) -> None:
        self._travel("Undo", "z", -1)

    def redo(self) -> None:
        self._travel("Redo", "y", 1)

    def _travel(self, name: str, key: str, step: int) -> None:
        times, by_key = self.dice.randint(1, 4), self.dice.random() < 0.6
        self.tell(f"{times} times {'by key' if by_key else 'by button'}")
        for _ in range(times):
            if by_key:
                self.page.keyboard.press(f"Control+{key}")
            else:
                self.press(self.button_named(name))
            self.model.go(step)

    def keep(self) -> None:
        fire = self.dice.random() < 0.5
        self.press(self.button_named("+ ought to fire" if fire else "− ought to be silent"))
        self.model.kept.append(fire)
        if self.dice.random() < 0.3:
            self.tell("and take it back")
            self.press(self.button_named("Take it back"))
            self.model.kept.pop()

    def edit_table(self) -> None:
        """Write into the table of numbers: a weight, or all times of an afferent."""
        self._unfold()  # for the flag that a hand may go to
        self._unfold("numbers")
        row = self.dice.randrange(len(self.model.now.weights))
        self.model.selected = Handle("weight", row)
        if self.dice.random() < 0.6:
            text, value = self._number(-1, 1)
            self.tell(f"{text} as weight {row + 1}")
            self.page.get_by_role("textbox", name=f"Weight of A{row + 1} in numbers").fill(text)
            then = self._leave()
            if not math.isnan(value):
                self.model.put(Handle("weight", row), value)
        else:
            times = [round(self.dice.uniform(0, self.model.now.T), 1) for _ in range(3)]
            text = ", ".join(f"{time_:g}" for time_ in times)
            self.tell(f"{text} as times of {row + 1}")
            self.page.get_by_role("textbox", name=f"Spike times of A{row + 1} in ms").fill(text)
            then = self._leave()
            self.model.row(row, times)
        self.model.mend()
        then()

    # The browser and the server.

    def visit(self) -> None:
        """Go to another page and back, by the menu or by the browser's own button."""
        name, back = self.dice.choice(["Train", "Data", "Capacity"]), self.dice.random() < 0.5
        self.tell(f"{name} and {'Back' if back else 'the menu'}")
        self.by_menu(name)
        if back:
            self.page.go_back()
        else:
            self.by_menu("Explore")
        self.model.arrive()

    def reload(self) -> None:
        self.page.reload()
        self.model.arrive()

    def second_tab(self) -> None:
        """Open the same link in another tab and edit there: only patterns are shared."""
        tab = self.listened(self.context.new_page())
        tab.goto(self.page.url)
        model = Model([self.model.now], kept=[*self.model.kept])
        self.agree(tab, model)
        fire = self.dice.random() < 0.5
        name = "+ ought to fire" if fire else "− ought to be silent"
        tab.get_by_role("button", name=name, exact=True).click()
        self.model.kept.append(fire)
        threshold = tab.get_by_role("slider", name="Threshold", exact=True)
        threshold.press("ArrowUp")
        model.put(Handle("threshold"), model.now.theta + 0.05)
        model.kept.append(fire)
        self.agree(tab, model)
        tab.close()

    def stop_server(self) -> None:
        """Edit while the server stands still: the page shows it at once, and is answered later."""
        handle = self.handle("spike")
        if handle is None:
            return
        self.places.stop()
        try:
            self._key(handle, "ArrowRight")
            shown = self.page.evaluate(READ)["sliders"]
            ought = self.model.shown()["sliders"]
            assert shown == ought, f"without the server: {apart(shown, ought)}"
            self.page.wait_for_timeout(3000)
        finally:
            self.places.go_on()


def _round_up(number: float) -> float:
    """Return the next of 1, 2, 2.5, 5 and 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(number))
    return next(lead * power for lead in (1, 2, 2.5, 5, 10) if lead * power >= number * (1 - 1e-9))
