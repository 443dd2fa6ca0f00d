"""Random gestures in a row, played in a real browser against a model written down in Python.

    python -m tests.browser.monkey [explore|train ...] [--sequences 12] [--gestures 30] [--seed 0]

A gesture is a name and a number: the number decides, together with the state it meets, what exactly
is done, so that gestures can be left out of a sequence and the others still make sense. A sequence
that fails is played again with fewer and fewer gestures, and the shortest that still fails is
printed. Sequences are played in turn with the mouse, by touch and with 200 ms of round trip.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.browser.driver import FLAGS, find_browser, served
from tests.browser.proxy import delayed

How = Literal["mouse", "touch", "slow"]
WAYS: tuple[How, ...] = ("mouse", "touch", "slow")
ROUND_TRIP = 0.2  # seconds
DEEP = 10  # gestures between two looks at everything: link, reload, undo and redo, liveness
REPLAYS = 24  # of a sequence that failed, to find a shorter one


class Gesture(NamedTuple):
    """What is done: its name, and a number that decides the rest."""

    name: str
    dice: int


class Walk(Protocol):
    """A page, and a model of what it ought to show."""

    told: list[str]
    page: Page

    def act(self, gesture: Gesture) -> None:
        """Do something on the page and on the model."""

    def look(self) -> None:
        """Compare the page with the model."""

    def look_deep(self) -> None:
        """Compare it by its link, after a reload, after undoing everything, and while it moves."""

    def close(self) -> None:
        """Close the page."""


class Places(NamedTuple):
    """Where a server is: its address, by a slow line, too, and how to stop it for a while."""

    url: str
    slow: str
    stop: Callable[[], None]
    go_on: Callable[[], None]


Start = Callable[[Browser, Places, How], Walk]


@dataclass
class Failure:
    """A sequence that failed: what was wrong after which gestures."""

    why: str
    gestures: list[Gesture]
    told: list[str] = field(default_factory=list)


def sequence(weights: dict[str, int], seed: int, length: int) -> list[Gesture]:
    """Draw a sequence of gestures."""
    dice = random.Random(seed)
    names = dice.choices([*weights], [*weights.values()], k=length)
    return [Gesture(name, dice.randrange(2**31)) for name in names]


def play(
    start: Callable[[], Walk], gestures: Sequence[Gesture], picture: Path | None = None
) -> Failure | None:
    """Play a sequence on a fresh page; stop at what is wrong, and take a picture of it."""
    walk = start()
    done = list[Gesture]()
    try:
        for n, gesture in enumerate(gestures, start=1):
            done.append(gesture)
            walk.act(gesture)
            walk.look()
            if n % DEEP == 0 or n == len(gestures):
                walk.look_deep()
    except (AssertionError, Error, TimeoutError) as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        why = f"{type(error).__name__} in {where.name}: {error}"
        if picture:
            walk.page.screenshot(path=picture)
        return Failure(why, done, walk.told)
    finally:
        walk.close()
    return None


def shortened(start: Callable[[], Walk], failure: Failure, replays: int = REPLAYS) -> Failure:
    """Leave out gestures, in larger and then in smaller pieces, as long as it still fails."""
    size = max(1, len(failure.gestures) // 2)
    while replays > 0 and size >= 1:
        shorter = None
        for at in range(0, len(failure.gestures) - 1, size):
            if replays == 0:
                break
            replays -= 1
            shorter = play(start, failure.gestures[:at] + failure.gestures[at + size :])
            if shorter:
                failure = shorter
                break
        if not shorter:
            size //= 2
    return failure


@contextmanager
def places() -> Iterator[Places]:
    """Start a server, and a slow line to it."""
    with served() as (url, process), delayed(int(url.rpartition(":")[2]), ROUND_TRIP / 2) as slow:
        yield Places(
            url,
            f"http://127.0.0.1:{slow}",
            lambda: process.send_signal(signal.SIGSTOP),
            lambda: process.send_signal(signal.SIGCONT),
        )


def pages() -> dict[str, tuple[Start, dict[str, int]]]:
    """List the pages that there is a model of: how a walk starts, and the weights of gestures."""
    from tests.browser import monkey_explore, monkey_train  # noqa: PLC0415  they import from here

    return {
        "explore": (monkey_explore.Walk, monkey_explore.GESTURES),
        "train": (monkey_train.Walk, monkey_train.GESTURES),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("pages", nargs="*", default=["explore", "train"])
    parser.add_argument("--sequences", type=int, default=12)
    parser.add_argument("--gestures", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--way", choices=WAYS, help="instead of each in turn")
    parser.add_argument("--browsers", type=int, default=2, help="side by side, on one server")
    parser.add_argument("--replays", type=int, default=REPLAYS, help="to shorten what failed")
    parser.add_argument("--pictures", type=Path, help="folder for a picture of each failure")
    asked = parser.parse_args()
    known = pages()

    def one(page: str, n: int) -> tuple[str, Failure | None]:
        start, weights = known[page]
        way = asked.way or WAYS[(asked.seed + n) % len(WAYS)]
        gestures = sequence(weights, asked.seed + n, asked.gestures)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find_browser(playwright), args=FLAGS
            )
            begin = time.perf_counter()

            def again() -> Walk:
                return start(browser, there, way)

            picture = asked.pictures and asked.pictures / f"{page}-{asked.seed + n}.png"
            failure = play(again, gestures, picture)
            if failure:
                failure = shortened(again, failure, asked.replays)
            browser.close()
        seconds = time.perf_counter() - begin
        result = "FAILED" if failure else "held"
        return f"{page} {asked.seed + n} {way}: {result} in {seconds:.0f} s", failure

    failed = 0
    with places() as there, ThreadPoolExecutor(asked.browsers) as pool:
        jobs = [(page, n) for n in range(asked.sequences) for page in asked.pages]
        for line, failure in pool.map(lambda job: one(*job), jobs):
            print(line, flush=True)
            if failure:
                failed += 1
                print(f"  {failure.why}\n  shortest sequence:", flush=True)
                for told in failure.told:
                    print(f"    {told}", flush=True)
    print(f"{len(jobs) - failed} of {len(jobs)} sequences of {asked.gestures} gestures held")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
