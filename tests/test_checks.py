"""Wrong input: whatever is given for an argument, a `ValueError` names the argument."""

import inspect
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from tempotron import (
    Settings,
    Task,
    Tempotron,
    credit,
    find_peak,
    first_crossing,
    psp,
    psp_area,
    psp_half_width,
    psp_peak_time,
    psp_power,
    tasks,
    train,
    voltage,
)
from tempotron.compiled.events import prepare
from tempotron.dashboard.answers.recording import pack, pack_task, spans, unpack
from tempotron.dashboard.answers.standing import stand
from tempotron.encoding import latency, receptive_fields
from tempotron.learning import (
    argmax_accuracy,
    firing_accuracy,
    learning_rate,
    linear_cost,
    paper_rate,
    squared_cost,
    update,
)
from tempotron.two_layers import train_two_layers

S = torch.tensor([[[1.0], [5.0]], [[9.0], [2.0]]])
W, V, FIRE = torch.ones(1, 2), torch.ones(2, 1), torch.tensor([[True], [False]])
TASK = Task(S, FIRE, 50.0)
TAUS = {"tau": 15.0, "tau_s": 3.75}
RUN = train(TASK, epochs=3)

# Functions with arguments that they take; what is wrong with one of them is put in its place.
CALLS: list[tuple[Callable[..., object], dict[str, Any]]] = [
    *((function, TAUS) for function in (psp_area, psp_half_width, psp_peak_time, psp_power)),
    (psp, {"elapsed": V, **TAUS}),
    (Tempotron.psp_kernel, {"t": V, **TAUS}),
    (Tempotron, {"in_features": 2, "out_features": 1, "T": 50, **TAUS, "v_threshold": 1.0}),
    (Tempotron.mse_loss, {"v_max": V, "v_threshold": 1.0, "label": torch.zeros(2).long(),
                          "num_classes": 1}),
    (Tempotron(2, 1, 50).forward, {"in_spikes": S, "ret_type": "v"}),
    (Tempotron(2, 1, 50).peak, {"in_spikes": S}),
    (Tempotron(2, 1, 50).prepare, {"in_spikes": S}),
    (Tempotron(2, 1, 50).first_crossing, {"in_spikes": S}),
    (find_peak, {"weights": W, "spikes": S, "T": 50.0, **TAUS}),
    (first_crossing, {"weights": W, "spikes": S, "T": 50.0, **TAUS, "threshold": 1.0}),
    (voltage, {"weights": W, "spikes": S, "times": S[:, 0, 0], **TAUS}),
    (credit, {"spikes": S, "times": V, **TAUS}),
    (prepare, {"spikes": S, "T": 50.0, **TAUS}),
    *((cost, {"v_max": V, "fire": FIRE, "theta": 1.0})
      for cost in (linear_cost, squared_cost, firing_accuracy)),
    (argmax_accuracy, {"v_max": V, "fire": ~FIRE | FIRE}),
    (update, {"credit": torch.ones(2, 1, 3), "v_max": V, "fire": FIRE, "rate": 0.1}),
    (learning_rate, {"eta": 0.05, "spikes": 9.0, "T": 50.0, **TAUS}),
    (paper_rate, {"afferents": 9, "T": 50.0, **TAUS}),
    (latency, {"values": V, "low": 0.0, "high": 1.0, "T": 50.0}),
    (receptive_fields, {"values": V, "fields": 4, "low": 0.0, "high": 1.0, "T": 50.0}),
    (Task, {"spikes": S, "targets": FIRE, "T": 50.0}),
    (TASK.events, TAUS),
    (train, {"task": TASK, "cancelled": lambda: False}),
    (Settings, {"eta": 0.05, "tau": 15.0, "theta": 1.0, "epochs": 9, "seed": 0, "mean": 0.0,
                "spread": 0.1, "shuffle": True, "rule": "paper", "cost": "linear"}),
    (train_two_layers, {"task": tasks.temporal_xor(), "hidden": 4, "rate": 0.02, "mu": 0.9,
                        "tau": 15.0, "epochs": 1, "seed": 0, "cost": "linear"}),
    (RUN.at, {"k": 1}),
    (RUN.change, {"k": 1}),
    (RUN.before, {"k": 1}),
    (RUN.fork, {"k": 1, "cancelled": lambda: False}),
    (RUN.path, {"steps": [1, 2]}),
    (RUN.states, {"steps": [1, 2]}),
    (pack, {"run": RUN, "first": 0}),
    (pack_task, {"task": TASK}),
    (spans, {"run": RUN}),
    (stand, {"run": RUN, "step": 1}),
    (tasks.relabelled, {"task": TASK, "patterns": [1]}),
    (tasks.own_patterns, {"patterns": [[[1.0]]], "fire": [True], "T": 50.0}),
    (Task, {"spikes": S, "targets": FIRE, "T": 50.0, "classes": ("one",)}),
    (tasks.measured, {"source": "iris", "T": 100.0, "seed": 0, "test_share": 0.2}),
    (tasks.jittered, {"jitter": 1.0, "task": TASK}),
    *((maker, {name: parameter.default for name, parameter in
               inspect.signature(maker).parameters.items() if name != "swap"})
      for maker in (tasks.order_of_two, tasks.two_gaps, tasks.temporal_xor, tasks.early_or_late,
                    tasks.noisy_templates, tasks.random_latencies, tasks.poisson_rates)),
]  # fmt: skip
HUGE = 10**400
WRONG: dict[str, list[object]] = {
    "number": [None, "1", math.nan, 1j, [1.0, 2.0], HUGE, object(), np.ones(2)],
    "tensor": [None, "1", 1.0, [[1.0]], np.ones((2, 1)), torch.ones(2, 1) * 1j],
    "word": [None, 1, "", ["paper"], np.array(["paper", "v"])],
    "sequence": [None, 1, "x", 2.5, object(), np.array(1)],
    "object": [1, "x", S],
}
META = torch.ones(2, device="meta")
SPARSE = torch.ones(2).to_sparse()
CASES = [
    pytest.param(call, fields, name, wrong, id=f"{call.__qualname__}-{name}-{i}")
    for call, fields in CALLS
    for name, right in fields.items()
    for i, wrong in enumerate(
        WRONG[
            "tensor" if isinstance(right, torch.Tensor)
            else "word" if isinstance(right, str)
            else "number" if isinstance(right, int | float)
            else "sequence" if isinstance(right, list | tuple)
            else "object"
        ]
    )
    if not (name == "seed" and wrong is HUGE)  # a seed may be as large as one likes
]  # fmt: skip


@pytest.mark.parametrize(("call", "fields", "name", "wrong"), CASES)
def test_what_does_not_fit_is_refused_by_name(
    call: Callable[..., object], fields: dict[str, Any], name: str, wrong: object
) -> None:
    call(**fields)
    with pytest.raises(ValueError, match=rf"^({name}|high)\b.* be "):
        call(**{**fields, name: wrong})


def test_where_one_number_is_wanted_several_are_refused() -> None:
    for call, name in (
        (lambda: find_peak(W, S, torch.ones(2), **TAUS), "T"),  # type: ignore[arg-type]
        (lambda: linear_cost(V, FIRE, torch.ones(2)), "theta"),  # type: ignore[arg-type]
        (lambda: psp_power(torch.ones(2), 3.75), "tau"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ValueError, match=rf"^{name} must be one number, got \[2\] of them"):
            call()


@pytest.mark.parametrize("wrong", [META, SPARSE, torch.ones(5)], ids=["meta", "sparse", "shape"])
def test_a_tensor_that_holds_no_numbers_or_has_another_shape_is_refused(
    wrong: torch.Tensor,
) -> None:
    delays, voltages, label = torch.ones(2), torch.ones(2, 2), torch.tensor([0, 1])
    calls: tuple[tuple[str, Callable[[], object]], ...] = (
        ("tau", lambda: psp(delays, wrong, 3.75)),
        ("tau_s", lambda: psp(delays, 15.0, wrong)),
        ("tau", lambda: Tempotron.psp_kernel(delays, wrong, 3.75)),  # type: ignore[arg-type]
        ("tau", lambda: find_peak(W, S, 50.0, wrong, 3.75)),
        ("tau_s", lambda: credit(S, V, 15.0, wrong)),
        ("tau", lambda: Tempotron(2, 1, 50, wrong)),  # type: ignore[arg-type]
        ("v_threshold", lambda: Tempotron.mse_loss(voltages, wrong, label, 2)),
    )
    for name, call in calls:
        with pytest.raises(ValueError, match=rf"^{name} must .*, got "):
            call()


def test_a_threshold_with_more_axes_than_the_voltages_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^v_threshold must go with \[2, 1\], got \[3, 2, 1\]"):
        Tempotron.mse_loss(V, torch.ones(3, 2, 1), torch.zeros(2).long(), 1)


def test_a_delay_that_is_no_number_is_refused_and_an_infinite_one_is_far_away() -> None:
    for call, name in ((psp, "elapsed"), (Tempotron.psp_kernel, "t")):
        with pytest.raises(ValueError, match=rf"^{name} must hold numbers, got nan"):
            call(torch.tensor([1.0, math.nan]), 15.0, 3.75)
        assert call(torch.tensor([math.inf, -math.inf]), 15.0, 3.75).tolist() == [0, 0]


def test_an_unknown_setting_is_a_type_error_that_lists_the_settings() -> None:
    every = ", ".join(Settings.__dataclass_fields__)
    wrong: dict[str, Any] = {"etta": 0.1}
    calls: tuple[Callable[[], object], ...] = (
        lambda: train(TASK, **wrong),
        lambda: RUN.fork(1, **wrong),
    )
    for call in calls:
        with pytest.raises(TypeError, match=rf"^etta is not a setting; there are {every}$"):
            call()


def test_fractions_are_numbers_like_any_other() -> None:
    half = Fraction(1, 2)
    run = train(TASK, eta=half, theta=3 * half, tau=20 * half)
    assert (run.settings.eta, run.settings.theta, run.settings.tau) == (0.5, 1.5, 10.0)
    assert tasks.own_patterns([[[half]]], [True], 50).spikes.item() == 0.5  # type: ignore[list-item]
    for maker in (tasks.order_of_two, tasks.temporal_xor):
        assert torch.equal(maker(20 * half).spikes, maker(10.0).spikes)  # type: ignore[arg-type]
    gaps = tasks.two_gaps(10 * half, 30 * half)  # type: ignore[arg-type]
    assert torch.equal(gaps.spikes, tasks.two_gaps(5.0, 15.0).spikes)


@pytest.mark.parametrize("name", ["eta", "rate", "spread", "mean", "theta"])
def test_numbers_that_would_make_weights_infinite_are_refused(name: str) -> None:
    wrong: dict[str, Any] = {name: 1e308}
    with pytest.raises(ValueError, match=rf"^{name} must be .* to 1e\+10, got 1e\+308"):
        train(TASK, **wrong)


def test_numbers_of_numpy_are_as_good_as_pythons_own() -> None:
    settings: dict[str, Any] = {
        "eta": np.float32(0.0625), "epochs": np.int8(3), "seed": np.uint16(3),
        "shuffle": np.bool_(True), "tau": torch.tensor(15), "mu": np.float64(0.5),
    }  # fmt: skip
    run = train(TASK, **settings)
    plain = train(TASK, eta=0.0625, epochs=3, seed=3, mu=0.5)
    assert run.settings == plain.settings
    assert pack(run, np.int64(1)) == pack(plain, 1)  # type: ignore[arg-type]
    short = Task(S, FIRE, np.int8(100))  # type: ignore[arg-type]
    assert unpack(pack_task(short))[0]["T"] == 100
    assert (tasks.jittered(short, 30.0).spikes >= 0).all()
    layer = Tempotron(np.int64(2), 1, np.int16(50), tau=np.float32(15))  # type: ignore[arg-type]
    same = Tempotron(2, 1, 50)
    same.load_state_dict(layer.state_dict())
    assert torch.equal(layer.peak(S).v_max, same.peak(S).v_max)
