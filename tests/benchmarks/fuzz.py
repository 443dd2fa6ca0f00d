"""Bring links, messages and files that were made by chance, and count what went wrong.

    python -m tests.benchmarks.fuzz --count 20000
    python -m tests.benchmarks.fuzz --app 300

The first in this process, the second in the app, by a browser. Prints a table, and each fault;
exits with 1 if there was any.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

from playwright.sync_api import Page, Route, expect, sync_playwright

from tempotron.dashboard.state import experiment
from tempotron.dashboard.state import patterns as collection
from tempotron.dashboard.state import plan as plans
from tempotron.dashboard.state import sweep as requests
from tempotron.dashboard.state.experiment import Experiment
from tempotron.dashboard.state.plan import Plan
from tempotron.dashboard.state.presets import PRESETS
from tempotron.dashboard.ui.explore.stage import take
from tempotron.dashboard.ui.shared.plot import picked
from tempotron.dashboard.ui.train import acts, own
from tempotron.dashboard.ui.train.state import Train
from tempotron.dashboard.ui.visitor import Visitor
from tests import fuzz
from tests.browser.driver import FLAGS, find_browser, serve

_SPIKES = [[20.0], [40.0, 60.5]]
_PLAN = Plan(epochs=20)
_LETTERS: list[dict[str, Any]] = [
    {"what": "rest", "run": "run", "step": 3, "address": None},
    {"what": "set", "name": "eta", "value": "0,1"},
    {"what": "set", "name": "swap", "value": True},
    {"what": "set", "name": "task", "value": "gaps"},
    {"what": "fork", "step": 4, "how": "relabelled", "pattern": 1},
    {"what": "fork", "step": 4, "how": "swapped", "pattern": None},
    {"what": "join"},
    {"what": "reset"},
    {"what": "pin"},
    {"what": "reopen", "number": 1, "step": 5},
    {"what": "unpin", "number": 1},
    {"what": "cancel", "run": "run"},
    {"what": "cure", "run": "run"},
    {"what": "show", "step": 5},
    {"what": "own", "name": "abc", "step": None},
    {"what": "borrow", "spikes": _SPIKES, "T": 100},
    {"what": "visit", "query": "task=order&seed=4&before=3~swap~1&flips=1"},
    {"what": "train"},
    {"what": "edit", "rev": 0, "experiment": Experiment().model_dump(mode="json"), "moving": False},
    {
        "what": "edit",
        "rev": 2**31,
        "experiment": Experiment().model_dump(mode="json"),
        "moving": True,
    },
]
_SENT = {"name": "abc", "T": 120, "patterns": [[True, _SPIKES], [False, [[40.0], []]]]}
_LINKS: dict[str, tuple[Callable[..., Any], Callable[..., str], list[dict[str, str]], list[str]]]
_LINKS = {
    "Explore": (
        experiment.decode,
        experiment.encode,
        [dict(parse_qsl(experiment.encode(preset.experiment))) for preset in PRESETS],
        sorted(experiment.NAMES),
    ),
    "Train": (
        plans.decode,
        plans.encode,
        [{"task": "order", "seed": "3", "step": "7", "flips": "1~2", "before": "3~swap~1"},
         {"task": "own", "own": collection.write_link(collection.EXAMPLES), "T": "120"}],
        sorted(plans.NAMES),
    ),
    "Capacity": (
        requests.decode,
        requests.encode,
        [{"lab": "own", "axis": "tau", "values": "5~10~20", "seeds": "3"}, {"lab": "L4"}],
        sorted(requests.NAMES),
    ),
}  # fmt: skip


class FaultError(Exception):
    """Something that was promised did not hold."""


def said(sentence: str) -> None:
    """Check a sentence for words that are not for people."""
    if found := fuzz.PYTHON.search(sentence):
        raise FaultError(f"says {found[0]!r}: {sentence}")


def link(by: random.Random) -> None:
    """Open a link: there is a valid state, which is itself again by its own link."""
    decode, encode, valid, names = _LINKS[by.choice(list(_LINKS))]
    state, notes = decode(fuzz.link(by, valid, names))
    said(" ".join(notes))
    try:
        query = encode(state)
    except ValueError as error:
        said(str(error))
        return
    again, more = decode(dict(parse_qsl(query, keep_blank_values=True)))
    if (again, more) != (state, []):
        raise FaultError(f"{query} is another state: {more}")


def message(by: random.Random) -> None:
    """Bring messages: the state stays valid; what cannot be read changes nothing, nor blocks it."""
    visitor = fresh()
    before = (visitor.train.plan, visitor.explore.experiment)
    letters = [{"n": by.choice([1, 2, 3, 3, 2**53]), **by.choice(_LETTERS)} for _ in range(2)]
    post = {"letters": letters}
    if by.random() < 0.9:
        post = fuzz.mutated(by, post)
    if (by.randrange(2)) == 0:
        acts.carry_out(visitor, post, "run")
    else:
        take(visitor, post)
    own.know(visitor, fuzz.mutated(by, _SENT))
    said(own.read({"n": 1, "name": fuzz.text(by), "text": fuzz.file(by)})["notice"])
    own.read(fuzz.mutated(by, {"n": 1, "name": "x.csv", "text": "a,b"}))
    picked(fuzz.mutated(by, {"curve": "Tempotron", "x": 2.0}), lambda *_: None)
    valid(visitor)
    if (
        not visitor.train.taken
        and not visitor.explore.edit
        and before != (visitor.train.plan, visitor.explore.experiment)
    ):
        raise FaultError("a message that was not opened has changed the state")
    taken = max(visitor.train.taken, visitor.explore.edit) + 1
    step = {"n": taken, "what": "set", "name": "seed", "value": "77"}
    acts.carry_out(visitor, {"letters": [step]}, "run")
    visitor.explore.open(visitor.explore.experiment)
    shown = visitor.explore.experiment.model_dump(mode="json") | {"theta": 1.234}
    edit = {
        "n": taken,
        "what": "edit",
        "rev": visitor.explore.rev,
        "experiment": shown,
        "moving": False,
    }
    take(visitor, {"letters": [edit]})
    if (visitor.train.plan.seed, visitor.explore.experiment.theta) != (77, 1.234):
        raise FaultError(f"after it nothing is taken any more: {post}")


def file(by: random.Random) -> None:
    """Read a file: something valid, or one sentence."""
    name, content = by.choice(["json", "csv", "own"]), fuzz.file(by)
    visitor = fresh()
    try:
        if name == "json":
            found, notes = experiment.from_json(content)
        elif name == "csv":
            found, notes = experiment.from_csv(content, visitor.explore.experiment)
        else:
            patterns, notes = collection.from_csv(content)
            Plan(own=patterns)
            found = visitor.explore.experiment
    except ValueError as error:
        said(str(error))
        return
    said(" ".join(notes))
    visitor.explore.open(found)
    valid(visitor)


def fresh() -> Visitor:
    """Make a visitor who has a short run; it is computed once."""
    if not _FRESH:
        _FRESH.append(Train(plan=_PLAN))
        _FRESH[0].recorded().advance(10)
    (train,) = _FRESH
    return Visitor(train=replace(train, known={}, pinned={1: train.recorded()}))


_FRESH: list[Train] = []


def valid(visitor: Visitor) -> None:
    """Check that what a visitor has is valid, and what is said to them."""
    for model in (
        visitor.train.plan,
        visitor.explore.experiment,
        visitor.explore.settled,
        visitor.capacity.request,
    ):
        if type(model).model_validate(model.model_dump()) != model:
            raise FaultError(f"not valid: {model}")
    said(
        " ".join(
            (
                visitor.explore.notice,
                visitor.explore.refusal,
                visitor.train.notice,
                visitor.capacity.notice,
            )
        )
    )


KINDS = {"links": link, "messages": message, "files": file}


def bring(count: int, seed: int = 0) -> Counter[tuple[str, str]]:
    """Bring as many of everything together; count them by kind and by what became of them."""
    outcome: Counter[tuple[str, str]] = Counter()
    for number in range(count):
        name = [*KINDS][number % len(KINDS)]
        by = random.Random(f"{seed} {number}")  # noqa: S311
        try:
            KINDS[name](by)
            outcome[name, "held"] += 1
        except FaultError as fault:
            outcome[name, "broken"] += 1
            print(f"{name} {number}: {fault}"[:600])
        except Exception:  # noqa: BLE001  that is what is looked for
            outcome[name, "raised"] += 1
            print(f"{name} {number}:", *traceback.format_exc().splitlines()[-4:], sep="\n")
    return outcome


# Posts of the mail are replaced, now and then, by what the test has laid ready.
_REPLACED = (
    "this.send({ letters: this.letters });",
    """
    this.send(globalThis.strange?.length ? globalThis.strange.shift() : { letters: this.letters });
""",
)
_WRONG = "Something went wrong|Traceback|Error:|Exception|undefined|NaN"
_PAGES = {"Explore": "", "Train": "train", "Capacity": "capacity"}


def bring_to_the_app(count: int, seed: int = 0) -> Counter[tuple[str, str]]:
    """Bring as many to a running app, a third each: the page stands, and takes a gesture."""
    outcome: Counter[tuple[str, str]] = Counter()
    with serve() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(playwright), args=FLAGS)
        for name, bring_one in {"links": _open, "messages": _post, "files": _upload}.items():
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            errors: list[str] = []
            page.on("pageerror", partial(_note, errors))
            page.route("**/mail.js", _replace)
            for number in range(count // 3):
                by = random.Random(f"{seed} {name} {number}")  # noqa: S311
                try:
                    bring_one(page, url, by)
                    if errors:
                        raise FaultError(errors.pop())
                    outcome[name, "held"] += 1
                except (AssertionError, FaultError) as fault:
                    outcome[name, "broken"] += 1
                    print(f"{name} {number}: {fault}"[:600], page.url[:300], flush=True)
            context.close()
        browser.close()
    return outcome


def _note(errors: list[str], error: object) -> None:
    errors.append(str(error))


def _replace(route: Route) -> None:
    response = route.fetch()
    text = response.text()
    if _REPLACED[0] not in text:
        raise RuntimeError("the mail posts in another way")
    route.fulfill(response=response, body=text.replace(*_REPLACED))


def _stands(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    for text in page.get_by_role("alert").all_inner_texts():
        said(text)
    if found := page.locator("main").get_by_text(re.compile(_WRONG)).all_inner_texts():
        raise FaultError(f"says {found}")


def _open(page: Page, url: str, by: random.Random) -> None:
    """Open a link, and see a sentence about what it shows."""
    name = by.choice(list(_PAGES))
    _, _, links, names = _LINKS[name]
    query = urlencode(fuzz.link(by, links, names), errors="replace")
    page.goto(f"{url}/{_PAGES[name]}?{query}")
    if name != "Capacity":
        expect(page.get_by_role("status").first).not_to_be_empty()
    _stands(page, name)


def _post(page: Page, url: str, by: random.Random) -> None:
    """Send a strange post before that of a gesture, which is answered all the same."""
    name = by.choice(["Explore", "Train"])
    if not page.url.startswith(url) or by.random() < 0.1:
        page.goto(f"{url}/{_PAGES[name]}")
    name = page.get_by_role("heading", level=1).inner_text()
    strange = [fuzz.mutated(by, {"letters": [by.choice(_LETTERS)]}) for _ in range(2)]
    page.evaluate("text => { globalThis.strange = JSON.parse(text) }", json.dumps(_plain(strange)))
    before = page.url
    if name == "Explore":
        page.get_by_role("slider", name="Threshold").press(by.choice(["ArrowUp", "ArrowDown"]))
    else:
        page.get_by_role("button", name="New seed").click()
    page.wait_for_function("before => location.href !== before", arg=before)
    _stands(page, name)


def _upload(page: Page, url: str, by: random.Random) -> None:
    """Bring a file to Data, which takes it or says in a sentence why not."""
    if not page.url.endswith("/data"):
        page.goto(f"{url}/data")
    ending = by.choice(["json", "csv"])
    content = fuzz.file(by).encode(errors="replace")
    page.locator("input[type=file]").set_input_files(
        {"name": f"**x** $y$.{ending}", "mimeType": "text/plain", "buffer": content}
    )
    expect(page.get_by_text(f"**x** $y$.{ending}", exact=True)).to_be_visible()
    page.wait_for_timeout(150)
    _stands(page, "Data")


def _plain(strange: object) -> object:
    """Leave out what JSON has not."""
    if isinstance(strange, dict):
        return {str(name): _plain(one) for name, one in strange.items()}
    if isinstance(strange, list):
        return [_plain(one) for one in strange]
    return str(strange) if isinstance(strange, float) and not math.isfinite(strange) else strange


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="to bring in this process")
    parser.add_argument("--app", type=int, metavar="COUNT", help="to bring to the app instead")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    begin = time.perf_counter()
    if options.app:
        outcome = bring_to_the_app(options.app, options.seed)
    else:
        outcome = bring(options.count, options.seed)
    print(f"{'':10} {'held':>7} {'broken':>7} {'raised':>7}")
    for name in KINDS:
        counts = (outcome[name, what] for what in ("held", "broken", "raised"))
        print(f"{name:10} {' '.join(f'{count:7}' for count in counts)}")
    print(f"{time.perf_counter() - begin:.0f} s")
    return int(any(what != "held" for _, what in outcome))


if __name__ == "__main__":
    sys.exit(main())
