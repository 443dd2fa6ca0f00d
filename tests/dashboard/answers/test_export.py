"""What is taken away computes the same numbers, on its own."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tempotron import tasks, train
from tempotron.dashboard.answers import export
from tempotron.dashboard.answers.export import notebook, script
from tempotron.dashboard.answers.response import Response, respond
from tempotron.dashboard.state.experiment import Experiment

ROOT = Path(__file__).parents[3]
CASES = {
    "several spikes, exact": Experiment(),
    "one spike each, fires": Experiment(weights=(0.6, 0.6), spikes=((30.0,), (40.0,))),
    "a peak held by a spike": Experiment(weights=(2.0, -1.0), spikes=((10.397,), (16.479,))),
    "high and late": Experiment(
        T=2000, weights=(9.87654321, 9.1), spikes=((1234.56789,), (1235.4321, 1236.98765))
    ),
    "a peak that only touches": Experiment(weights=(1.0,), spikes=((20.123456789,),)),
    "grid": Experiment(exact=False, tau=3.0, weights=(1.02,), spikes=((30.0,),)),
    "scaled": Experiment(theta=0.5, scaled=True),
    "scaled grid, fires": Experiment(theta=2.0, scaled=True, exact=False, weights=(0.9,) * 6),
    "own tau_s": Experiment(tau=20.0, tau_s=20.0, theta=0.7),
    "shunt": Experiment(theta=0.4, shunt=True),
    "shunt, silent": Experiment(theta=5.0, shunt=True),
    "shunt on the grid": Experiment(theta=0.4, shunt=True, exact=False),
    "shunt of a scaled potential": Experiment(
        theta=0.5, weights=(2.0,) * 6, scaled=True, shunt=True
    ),
    "shunt where the peak only touches": Experiment(
        weights=(1.0, 1.0), spikes=((20.123456789,), (40.0,)), shunt=True
    ),
    "a row without spikes": Experiment(weights=(0.5, 1.0), spikes=((), (1e-5, 30.25))),
    "no spike": Experiment(weights=(0.5, 1.0), spikes=((), ())),
}


def printed(response: Response) -> str:
    verdict = "fires" if response.fires else "silent"
    return f"V_max = {response.v_max:.6f} at {response.t_max:.4f} ms\n{verdict}\n"


def run(*code: str) -> str:
    """Run code in a Python of its own, which knows the project and treats warnings as errors."""
    result = subprocess.run(
        [sys.executable, "-W", "error", *code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


def test_scripts_print_peak_time_and_decision_of_their_experiments(tmp_path: Path) -> None:
    for number, experiment in enumerate(CASES.values()):
        (tmp_path / f"script{number}.py").write_text(script(experiment))
    modules = "; ".join(f"import script{number}" for number in range(len(CASES)))
    alone = run("-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {modules}")
    assert alone == "".join(printed(respond(experiment)) for experiment in CASES.values())


@pytest.mark.parametrize("experiment", CASES.values(), ids=CASES)
def test_a_script_says_beforehand_what_it_will_print(experiment: Experiment) -> None:
    response = respond(experiment)
    last = script(experiment).splitlines()[-2:]
    assert last[0].endswith(f"  # {response.v_max:.6f} at {response.t_max:.4f} ms")
    assert last[1].endswith(f"  # {'fires' if response.fires else 'silent'}")


def test_the_cases_cover_both_decisions() -> None:
    assert {respond(experiment).fires for experiment in CASES.values()} == {True, False}


def test_a_script_holds_its_numbers_in_full() -> None:
    long = Experiment(tau=12.3456789012345, weights=(1 / 3,), spikes=((200 / 7, 10.0),))
    text = script(long)
    for number in ("12.3456789012345", repr(1 / 3), repr(200 / 7)):
        assert number in text


def test_a_script_is_python_without_leftovers_of_its_template() -> None:
    for experiment in CASES.values():
        compile(script(experiment), "script", "exec")
        assert "{{" not in script(experiment)


def test_the_notebook_holds_the_script_that_runs() -> None:
    book = json.loads(notebook(Experiment()))
    assert (book["nbformat"], book["nbformat_minor"], book["metadata"]) == (4, 5, {})
    ids = [cell["id"] for cell in book["cells"]]
    assert len(set(ids)) == len(ids)
    text, code = book["cells"]
    assert set(text) == {"cell_type", "id", "metadata", "source"}
    assert set(code) == {"cell_type", "id", "metadata", "execution_count", "outputs", "source"}
    assert [text["cell_type"], code["cell_type"]] == ["markdown", "code"]
    assert (code["execution_count"], code["outputs"]) == (None, [])
    assert code["source"] == script(Experiment())


def test_every_presentation_of_a_run_is_a_line() -> None:
    run = train(tasks.order_of_two(), epochs=3, seed=1)
    found = pd.read_csv(io.StringIO(export.presentations(run)))
    assert found["presentation"].tolist() == list(range(1, len(run) + 1))
    assert found["epoch"].tolist() == (run.epoch + 1).tolist()
    assert found["pattern"].tolist() == (run.pattern + 1).tolist()
    assert found["v_max"].tolist() == run.v_max[:, 0].tolist()
    assert found["t_max_ms"].tolist() == run.t_max[:, 0].tolist()
    assert found["fired"].tolist() == run.fired[:, 0].tolist()
    right = found["outcome"] == "the decision was right"
    assert right.tolist() == (~run.wrong).tolist()


def test_the_weights_of_every_neuron_are_written_to_the_last_digit() -> None:
    run = train(tasks.measured("iris"), epochs=1)
    found = pd.read_csv(io.StringIO(export.weights(run, 7)))
    assert found["neuron"].tolist() == [o for o in (1, 2, 3) for _ in range(48)]
    assert found["weight"].tolist() == pytest.approx(run.at(7).flatten().tolist(), rel=1e-15)
