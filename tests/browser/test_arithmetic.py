"""The browser's preview against torch, case by case."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser

from tempotron.dashboard.answers.response import course, respond
from tempotron.dashboard.state.experiment import Experiment
from tempotron.dashboard.state.presets import PRESETS
from tempotron.kernel import psp_half_width
from tests.browser.driver import ROOT

MODULE = (ROOT / "tempotron/dashboard/ui/shared/voltage.js").read_text("utf-8")
SOLVE = """async ([module, experiments]) => {
    const url = URL.createObjectURL(new Blob([module], {type: "text/javascript"}));
    const {solve, halfWidth} = await import(url);
    return experiments.map((experiment) => {
        const {v, peak, fires, crossing, kernel} = solve(experiment, 101);
        const {start, end} = halfWidth(kernel);
        return {v: Array.from(v), peak, fires, crossing, width: end - start};
    });
}"""


def random_experiment(random: Random, number: int) -> Experiment:
    """Draw mixed signs, coincident spikes, late spikes and every order of the time constants."""
    T = random.choice([20, 100, 500])
    tau = math.exp(random.uniform(0, 5))
    tau_s = [None, tau, tau * (1 + 1e-9), tau / 4, tau * 3, 1.0][number % 6]
    rows = [[random.uniform(0, T) for _ in range(random.randint(0, 4))] for _ in range(6)]
    if number % 3 == 0:
        rows = [[float(round(time, -1)) for time in row] for row in rows]
    return Experiment.model_validate(
        {
            "T": T,
            "tau": tau,
            "tau_s": tau_s,
            "theta": random.choice([0.3, 0.5, 1.0, 2.0]),
            "weights": [random.gauss(0.2, 0.6) for _ in rows],
            "spikes": rows,
            "exact": number % 5 != 0,
            "scaled": number % 7 == 0,
            "shunt": number % 4 == 0,
        }
    )


@pytest.fixture(scope="module")
def cases(browser: Browser) -> list[tuple[Experiment, dict[str, Any]]]:
    """400 random experiments and all presets, each with the browser's solution."""
    random = Random(11)  # noqa: S311
    experiments = [random_experiment(random, number) for number in range(400)]
    experiments += [preset.experiment for preset in PRESETS]
    page = browser.new_page()
    plain = [experiment.model_dump(mode="json") for experiment in experiments]
    solutions = page.evaluate(SOLVE, [MODULE, plain])
    page.close()
    return list(zip(experiments, solutions, strict=True))


Cases = list[tuple[Experiment, dict[str, Any]]]


def test_the_preview_draws_the_voltage_of_torch(cases: Cases) -> None:
    for experiment, solution in cases:
        assert solution["v"] == pytest.approx(course(experiment, 101).tolist(), abs=1e-6)


def test_the_preview_has_the_peak_and_decision_of_torch(cases: Cases) -> None:
    for experiment, solution in cases:
        response = respond(experiment)
        assert solution["fires"] == response.fires
        assert solution["peak"]["v"] == pytest.approx(response.v_max, abs=1e-6)


def test_the_preview_has_the_times_of_torch(cases: Cases) -> None:
    for experiment, solution in cases:
        response = respond(experiment)
        assert solution["crossing"] == pytest.approx(response.crossing, abs=1e-4)
        assert solution["peak"]["t"] == pytest.approx(response.t_max, abs=1e-4)


def test_the_cases_are_of_both_kinds(cases: Cases) -> None:
    firing = sum(solution["fires"] for _, solution in cases)
    assert 50 < firing < len(cases) - 50


def test_the_preview_has_the_half_width_of_torch(cases: Cases) -> None:
    for experiment, solution in cases:
        width = psp_half_width(experiment.tau, experiment.synaptic)
        assert solution["width"] == pytest.approx(width, abs=1e-6)
