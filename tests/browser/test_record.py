"""What the player makes of a recorded run, against the run itself."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Route

from tempotron.learning import update
from tempotron.peak import credit, find_peak
from tempotron.recording import pack
from tempotron.tasks import noisy_templates, random_latencies
from tempotron.training import Run, train
from tests.browser.driver import ROOT

ORIGIN = "http://player.test"
READ = """async ([run, task, steps]) => {
    const {Record} = await import("/record.js");
    const bytes = Uint8Array.from(atob(run), letter => letter.charCodeAt(0));
    const record = new Record(bytes.buffer, task);
    return {
        weights: steps.map(k => Array.from(record.weights(k, 0))),
        peaks: steps.map(k => task.spikes.map((_, p) => record.trace(p, record.weights(k, 0), 0).peak.v)),
        done: steps.filter(k => k > 0).map(k => record.presentation(k, 0)),
        errors: steps.map(k => [record.nextError(k, 1), record.nextError(k, -1)]),
        ends: steps.map(k => record.endOfEpoch(k)),
    };
}"""  # noqa: E501


def give(route: Route) -> None:
    """Answer with a module of the player or the stage, or an empty page."""
    name = route.request.url.rpartition("/")[2]
    for folder in ("player", "stage"):
        file = ROOT / "tempotron/ui" / folder / name
        if name and file.is_file():
            return route.fulfill(path=file, content_type="text/javascript")
    return route.fulfill(body="<title>player</title>", content_type="text/html")


RUNS: dict[str, Run] = {
    "paper": train(random_latencies(afferents=12, load=1.0, seed=2), seed=1),
    "reflect": train(noisy_templates(seed=1), rule="reflect", seed=3),
    "squared": train(random_latencies(afferents=12, load=0.5, seed=4), cost="squared", epochs=30),
}


@pytest.fixture(scope="module", params=RUNS)
def read(request: pytest.FixtureRequest, browser: Browser) -> tuple[Run, list[int], dict[str, Any]]:
    run = RUNS[request.param]
    steps = sorted({0, 1, 2, len(run) // 3, len(run) // 2, len(run)})
    task = {
        "spikes": run.task.spikes.tolist(),
        "targets": run.task.targets.tolist(),
        "T": run.task.T,
    }
    page = browser.new_page()
    page.route(f"{ORIGIN}/**", give)
    page.goto(ORIGIN)
    result = page.evaluate(READ, [base64.b64encode(pack(run)).decode(), task, steps])
    page.close()
    return run, steps, result


Read = tuple[Run, list[int], dict[str, Any]]


def test_weights_are_those_of_the_run(read: Read) -> None:
    run, steps, result = read
    expected = run.path(steps)[:, 0]
    torch.testing.assert_close(
        torch.tensor(result["weights"], dtype=torch.float64), expected, rtol=1e-6, atol=1e-7
    )


def test_peaks_of_all_patterns_are_those_of_torch(read: Read) -> None:
    run, steps, result = read
    weights = run.path(steps)[:, 0]
    settings = run.settings
    expected = find_peak(weights, run.task.spikes, run.task.T, settings.tau, settings.synaptic)
    actual = torch.tensor(result["peaks"], dtype=torch.float64)
    torch.testing.assert_close(actual, expected.v_max.T, rtol=1e-5, atol=1e-6)


def test_the_step_times_the_credit_is_the_update_of_the_rule(read: Read) -> None:
    run, _, result = read
    settings = run.settings
    wrong = [done for done in result["done"] if done["changed"]]
    assert wrong
    for done in wrong:
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
        torch.testing.assert_close(own, expected, rtol=1e-4, atol=1e-6)


def test_presentations_are_told_as_they_were(read: Read) -> None:
    run, steps, result = read
    for k, done in zip([k for k in steps if k], result["done"], strict=True):
        assert done["pattern"] == run.pattern[k - 1]
        assert done["epoch"] == run.epoch[k - 1]
        assert done["fired"] == run.fired[k - 1, 0]
        assert done["wrong"] == run.wrong[k - 1]
        assert done["v_max"] == pytest.approx(run.v_max[k - 1, 0], rel=1e-6)


def test_errors_and_epochs_are_found_from_every_step(read: Read) -> None:
    run, steps, result = read
    wrong = [k for k in range(1, len(run) + 1) if run.wrong[k - 1]]
    for k, (later, earlier), end in zip(steps, result["errors"], result["ends"], strict=True):
        assert later == min((e for e in wrong if e > k), default=len(run))
        assert earlier == max((e for e in wrong if e < k), default=0)
        assert end == len(run) or run.epoch[end] != run.epoch[end - 1]
        assert end > k or k == len(run)
