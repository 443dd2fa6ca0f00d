"""The threshold: one rule decides wherever it is asked whether a neuron fires."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tempotron import Task, Tempotron, find_peak, first_crossing, train
from tempotron.compiled.learning import RIGHT
from tempotron.dashboard.answers.recorder import run_of
from tempotron.dashboard.answers.recording import pack, unpack
from tempotron.dashboard.answers.response import decides, respond, trains
from tempotron.dashboard.answers.standing import ended, stand, to_experiment, told
from tempotron.dashboard.state.experiment import Experiment
from tempotron.dashboard.state.plan import Plan
from tempotron.learning import firing_accuracy, linear_cost, squared_cost, update
from tempotron.peak import level

times = st.lists(st.integers(0, 90), min_size=1, max_size=3, unique=True)
rows = st.lists(st.tuples(st.floats(-1, 1), times), min_size=1, max_size=5)
beside = st.sampled_from([0.0, 1e-15, -1e-15, 1e-12, -1e-12, -9e-10, -1.1e-9, -1e-6, 1e-6])


@settings(deadline=None, max_examples=300)
@given(rows, st.sampled_from([0.5, 1.0, 1.7]), st.sampled_from([3.75, 15.0]), beside)
def test_whoever_is_asked_gives_the_same_answer_however_near_the_threshold(
    rows: list[tuple[float, list[int]]], theta: float, tau_s: float, near: float
) -> None:
    longest = max(len(row) for _, row in rows)
    spikes = torch.tensor([[[*row, *[-1] * (longest - len(row))] for _, row in rows]]).double()
    weights = torch.tensor([[weight for weight, _ in rows]], dtype=torch.float64)
    v_max = find_peak(weights, spikes, 100, 15.0, tau_s).v_max.item()
    if v_max < 0.05:
        return
    weights = weights * (theta * (1 + near) / v_max)
    if weights.abs().max() > 10:
        return
    fires = near > -1e-9

    neuron = Tempotron(len(rows), 1, 100, 15.0, tau_s, theta, psp_peak=1.0).double()
    neuron.fc.weight.data = weights
    task = Task(spikes, torch.tensor([True]), 100)
    run = train(task, weights=weights, theta=theta, tau_s=tau_s, epochs=1)
    experiment = Experiment(
        theta=theta,
        tau_s=tau_s,
        weights=tuple(weights[0].tolist()),
        spikes=tuple(tuple(sorted(row)) for _, row in rows),
    )
    found = neuron.peak(spikes).v_max
    ought = torch.tensor([[True]])
    answers = {
        "crossing": first_crossing(weights, spikes, 100, 15.0, tau_s, theta).item() >= 0,
        "module": neuron.first_crossing(spikes).item() >= 0,
        "loss": Tempotron.mse_loss(found, theta, torch.tensor([0]), 1).item() == 0,
        "accuracy": firing_accuracy(found, ought, theta) == 1,
        "linear": linear_cost(found, ought, theta).item() == 0,
        "squared": squared_cost(found, ought, theta).item() == 0,
        "update": not update(torch.ones(1, 1, 2).double(), found, ought, 0.1, theta=theta).any(),
        "training": run.reason[0, 0] == RIGHT,
        "recorded": bool(run.fired[0, 0]),
        "packed": bool(unpack(pack(run))[1]["decided"][0]),
        "standing": stand(run, 0).fired.item(),
        "explore": respond(experiment).fires,
        "moves": decides(experiment, trains(experiment)).item(),
        "opened": respond(to_experiment(run, 0)).fires,
    }
    assert answers == dict.fromkeys(answers, fires)


def test_a_run_that_creeps_up_to_the_threshold_ends_where_explore_lets_it_fire() -> None:
    link = {"task": "own", "own": [{"fire": True, "spikes": [[20], [30]]}], "cost": "squared"}
    run = run_of(Plan.model_validate(link | {"mu": 0, "rate": 0.1, "epochs": 400}))
    assert run.outcome == "converged"
    assert 0 < 1 - run.v_max[-1, 0] < 1e-9
    assert told(run, len(run), stand(run, len(run))).endswith("pattern 1 just at the threshold.")
    assert ended(run).startswith("Learned")
    for step in (0, 1, len(run) - 2, len(run) - 1, len(run)):
        assert respond(to_experiment(run, step)).fires == stand(run, step).fired.item()


@pytest.mark.parametrize("fire", [True, False])
def test_a_decision_a_hair_from_the_threshold_moves_the_weights_the_way_it_ought_to(
    fire: bool,
) -> None:
    short = [[level(1.0) - 1e-12 if fire else 1 - 5e-10]]
    v_max = torch.tensor(short, dtype=torch.float64)
    change = update(torch.ones(1, 1, 1).double(), v_max, torch.tensor([[fire]]), 0.1)
    assert change.item() == (0.1 if fire else -0.1)
