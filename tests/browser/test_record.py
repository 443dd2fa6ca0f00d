"""What the player makes of a recorded run, against the run itself."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Route

from tempotron.dashboard.answers.recording import pack, pack_span, pack_task, spans
from tempotron.learning import update
from tempotron.peak import credit, find_peak
from tempotron.tasks import measured, noisy_templates, poisson_rates, random_latencies, swapped
from tempotron.training import Run, train
from tests.browser.driver import ROOT

ORIGIN = "http://player.test"
READ = """async ([packed, chunks, steps]) => {
    const {Record} = await import("/record.js");
    const {Task} = await import("/task.js");
    const buffer = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer;
    const task = new Task(buffer(packed));
    const record = new Record(task);
    chunks.forEach(chunk => record.append(buffer(chunk)));
    const all = Array.from({length: task.patterns}, (_, p) => p);
    const plain = done => ({...done, credit: [...done.credit], change: [...done.change]});
    return {
        // Backwards, as each is then found from a state before it.
        weights: steps.toReversed().map(k => Array.from(record.weights(k, 0))).toReversed(),
        last: Array.from(record.weights(record.count, task.neurons - 1)),
        peaks: steps.map(k => {
            const [weights, conditions] = [record.weights(k, 0), record.under(k)];
            return all.map(p => record.trace(p, weights, 0, conditions).peak.v);
        }),
        done: steps.filter(k => k > 0).map(k => plain(record.presentation(k, 0))),
        errors: steps.map(k => [record.nextError(k, 1), record.nextError(k, -1)]),
        ends: steps.map(k => record.endOfEpoch(k)),
        counts: record.errors,
        reach: record.reach(0),
    };
}"""


def give(route: Route) -> None:
    """Answer with a module of the player, or one that it shares, or an empty page."""
    name = route.request.url.rpartition("/")[2]
    for folder in ("train/player", "shared"):
        file = ROOT / "tempotron/dashboard/ui" / folder / name
        if name and file.is_file():
            return route.fulfill(path=file, content_type="text/javascript")
    return route.fulfill(body="<title>player</title>", content_type="text/html")


RUNS: dict[str, Run] = {
    "paper": train(random_latencies(afferents=12, load=1.0, seed=2), seed=1),
    "reflect": train(noisy_templates(seed=1), rule="reflect", seed=3),
    "squared": train(random_latencies(afferents=12, load=0.5, seed=4), cost="squared", epochs=30),
    "spikes": train(poisson_rates(afferents=5, load=2.0, seed=4), tau_s=15.0, epochs=30),
    "classes": train(measured("iris", seed=1), seed=1, epochs=10),
    "adam": train(random_latencies(afferents=12, load=1.0, seed=2), seed=1, optimiser="adam"),
    "hard": train(random_latencies(afferents=100, load=4.0, seed=4), theta=2.0, mu=0.5, epochs=100),
}


FIRST = RUNS["paper"].fork(30, tau=20.0, theta=1.3)
RUNS["forked"] = FIRST.fork(55, task=swapped(FIRST.task), optimiser="adam", tau=10.0)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture(scope="module", params=RUNS)
def read(request: pytest.FixtureRequest, browser: Browser) -> tuple[Run, list[int], dict[str, Any]]:
    """What the browser finds at some steps of a run that came in chunks."""
    run = RUNS[request.param]
    third = len(run) // 3
    steps = sorted({0, 1, 2, third, third + 1, len(run) // 2, len(run) - 1, len(run)})
    if run.parent:
        steps = sorted({*steps, run.parent.start, run.start, run.start + 1})
        packed = [pack_span(run, span) for span in spans(run)]
    else:
        grown, firsts = [cut_at(run, third), cut_at(run, 2 * third), run], [0, third, 2 * third]
        packed = [pack(part, k) for part, k in zip(grown, firsts, strict=True)]
    chunks = list(map(encoded, packed))
    page = browser.new_page()
    page.route(f"{ORIGIN}/**", give)
    page.goto(ORIGIN)
    result = page.evaluate(READ, [encoded(pack_task(run.task)), chunks, steps])
    page.close()
    return run, steps, result


def cut_at(run: Run, k: int) -> Run:
    """The run as it was when it had only k presentations."""
    return replace(run, _own=run._own.cut(k - run.start))


Read = tuple[Run, list[int], dict[str, Any]]


def test_weights_are_those_of_the_run_at_every_step(read: Read) -> None:
    run, steps, result = read
    actual = torch.tensor(result["weights"], dtype=torch.float64)
    torch.testing.assert_close(actual, run.path(steps)[:, 0], rtol=1e-6, atol=1e-6)
    last = torch.tensor(result["last"], dtype=torch.float64)
    torch.testing.assert_close(last, run.weights[-1], rtol=1e-6, atol=1e-6)


def test_the_change_of_a_step_is_that_of_the_run(read: Read) -> None:
    run, steps, result = read
    for k, done in zip([k for k in steps if k], result["done"], strict=True):
        change = torch.tensor(done["change"], dtype=torch.float64)
        torch.testing.assert_close(change, run.change(k - 1)[0], rtol=1e-5, atol=1e-6)


def test_the_errors_of_every_epoch_are_counted(read: Read) -> None:
    run, _, result = read
    assert result["counts"] == run.errors.tolist()


def test_the_reach_holds_about_all_weights_there_have_been(read: Read) -> None:
    run, _, result = read
    every = run.path(range(len(run) + 1))[:, 0]
    low, high = min(every.min().item(), 0), max(every.max().item(), 0)
    assert result["reach"] == pytest.approx([low, high], abs=0.05 * (high - low))


def test_peaks_of_all_patterns_are_those_of_torch(read: Read) -> None:
    run, steps, result = read
    for k, found in zip(steps, result["peaks"], strict=True):
        weights, settings = run.at(k)[:1], run.before(k).settings
        expected = find_peak(weights, run.task.spikes, run.task.T, settings.tau, settings.synaptic)
        actual = torch.tensor(found, dtype=torch.float64)
        torch.testing.assert_close(actual, expected.v_max[:, 0], rtol=1e-5, atol=1e-6)


def test_the_step_times_the_credit_is_the_update_of_the_rule(read: Read) -> None:
    run, steps, result = read
    for k, done in zip(filter(None, steps), result["done"], strict=True):
        if not done["changed"]:
            continue
        settings = run.before(k).settings
        spikes = run.task.spikes[[done["pattern"]]]
        times = torch.tensor([[done["t_max"]]], dtype=torch.float64)
        blamed = credit(spikes, times, settings.tau, settings.synaptic)
        expected = update(
            blamed,
            torch.tensor([[done["v_max"]]], dtype=torch.float64),
            torch.tensor([[done["fire"]]]),
            settings.rate_for(run.task),
            settings.rule,
            settings.cost,
            settings.theta,
        )[0, 0]
        own = done["step"] * torch.tensor(done["credit"], dtype=torch.float64)
        torch.testing.assert_close(own, expected, rtol=1e-4, atol=1e-5)


def test_presentations_are_told_as_they_were(read: Read) -> None:
    run, steps, result = read
    for k, done in zip([k for k in steps if k], result["done"], strict=True):
        assert done["pattern"] == run.pattern[k - 1]
        assert done["epoch"] == run.epoch[k - 1]
        assert done["fired"] == run.fired[k - 1, 0]
        assert done["wrong"] == (run.reason[k - 1, 0] != 1)
        assert done["v_max"] == pytest.approx(run.v_max[k - 1, 0], rel=1e-6)


def test_errors_and_epochs_are_found_from_every_step(read: Read) -> None:
    run, steps, result = read
    wrong = [k for k in range(1, len(run) + 1) if run.wrong[k - 1]]
    for k, (later, earlier), end in zip(steps, result["errors"], result["ends"], strict=True):
        assert later == min((e for e in wrong if e > k), default=len(run))
        assert earlier == max((e for e in wrong if e < k), default=0)
        assert end == len(run) or run.epoch[end] != run.epoch[end - 1]
        assert end > k or k == len(run)
