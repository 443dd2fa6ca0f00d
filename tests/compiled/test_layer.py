"""The module's fast path against torch's."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tempotron import Tempotron, find_peak, voltage, warm_up
from tempotron.compiled import events, layer, learning
from tempotron.compiled.events import Events

KERNELS = {
    events: ("_lay_out_few", "_in_a_row"),
    learning: ("_peaks", "_gradients", "_learn", "_replay"),
    layer: ("_grid_voltages", "_grid_peaks", "_grid_gradients"),
}
TIME_CONSTANTS = [(15.0, 3.75), (3.0, 12.0), (10.0, 10.0), (40.0, 0.3)]
T = 100


def patterns(dtype: torch.dtype = torch.float64) -> Tensor:
    """Draw spikes [30, 8, 2]: coincident, on the grid, absent and too late, all mixed."""
    generator = torch.Generator().manual_seed(1)
    spikes = torch.rand(30, 8, 2, generator=generator, dtype=torch.float64) * 1.1 * T
    spikes[::3] = spikes[::3].round()
    spikes[::5, :4] = spikes[::5, 4:]
    spikes[torch.rand(spikes.shape, generator=generator) < 0.3] = -1
    spikes[0] = -1
    return spikes.to(dtype)


def module(tau: float = 15.0, tau_s: float = 3.75, dtype: torch.dtype = torch.float64) -> Tempotron:
    neuron = Tempotron(8, 3, T, tau, tau_s, v_threshold=0.7).to(dtype)
    with torch.no_grad():
        neuron.fc.weight.copy_(torch.randn(3, 8, generator=torch.Generator().manual_seed(2)))
    return neuron


def gradient(neuron: Tempotron, output: Tensor) -> Tensor:
    """Pull a random gradient back to the weights."""
    generator = torch.Generator().manual_seed(3)
    outer = torch.randn(output.shape, generator=generator, dtype=torch.float64).to(output.dtype)
    (found,) = torch.autograd.grad(output, neuron.fc.weight, outer, retain_graph=True)
    return found


def torch_v(neuron: Tempotron, spikes: Tensor) -> Tensor:
    heights = neuron.psp_height * neuron.fc.weight
    grid = torch.arange(T, dtype=torch.float64)
    return voltage(heights, spikes, grid, neuron.tau, neuron.tau_s)


@pytest.mark.parametrize(("tau", "tau_s"), TIME_CONSTANTS)
def test_peaks_and_their_gradients_are_those_of_torch(tau: float, tau_s: float) -> None:
    neuron, spikes = module(tau, tau_s), patterns()
    peak = neuron.peak(spikes)
    expected = find_peak(neuron.psp_height * neuron.fc.weight, spikes, T, tau, tau_s)
    torch.testing.assert_close(peak.v_max, expected.v_max, rtol=0, atol=1e-13)
    torch.testing.assert_close(peak.t_max, expected.t_max, rtol=0, atol=1e-9)
    torch.testing.assert_close(
        gradient(neuron, peak.v_max), gradient(neuron, expected.v_max), rtol=0, atol=1e-12
    )
    assert not peak.t_max.requires_grad


@pytest.mark.parametrize(("tau", "tau_s"), TIME_CONSTANTS)
def test_voltages_on_the_grid_and_their_gradients_are_those_of_torch(
    tau: float, tau_s: float
) -> None:
    neuron, spikes = module(tau, tau_s), patterns()
    v, expected = neuron(spikes, "v"), torch_v(neuron, spikes)
    torch.testing.assert_close(v, expected, rtol=0, atol=1e-13)
    torch.testing.assert_close(gradient(neuron, v), gradient(neuron, expected), rtol=0, atol=1e-11)
    v_max, expected = neuron(spikes, "v_max"), expected.amax(-1)
    torch.testing.assert_close(v_max, expected, rtol=0, atol=1e-13)
    torch.testing.assert_close(
        gradient(neuron, v_max), gradient(neuron, expected), rtol=0, atol=1e-12
    )


def test_spike_times_are_those_of_torch_with_their_gradients() -> None:
    neuron, spikes = module(), patterns()
    fast = neuron(spikes, "spikes")
    slow = neuron(spikes.clone().requires_grad_(), "spikes")  # takes torch's path
    assert torch.equal(fast, slow)
    torch.testing.assert_close(gradient(neuron, fast), gradient(neuron, slow), rtol=0, atol=1e-9)


def test_the_gradients_are_rates_of_change() -> None:
    neuron, events = module(), module().prepare(patterns())
    functions: list[Callable[[Tensor], Any]] = [
        lambda w: layer.peak(w, events).v_max,
        lambda w: layer.grid_peak(w, events),
        lambda w: layer.grid_voltage(w, events),
    ]
    for function in functions:
        torch.autograd.gradcheck(function, neuron.fc.weight)


def test_gradients_of_spike_times_are_torchs() -> None:
    neuron, spikes = module(), patterns().clamp(min=0.25).requires_grad_()
    neuron.peak(spikes).v_max.sum().backward()
    assert spikes.grad is not None
    assert spikes.grad.abs().max() > 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_results_have_the_dtype_of_the_weights(dtype: torch.dtype) -> None:
    neuron = module(dtype=dtype)
    peak = neuron.peak(patterns())
    outputs = [peak.v_max, peak.t_max, *(neuron(patterns(), name) for name in ("v", "v_max"))]
    assert {output.dtype for output in outputs} == {dtype}
    assert gradient(neuron, peak.v_max).dtype == dtype
    exact = module().peak(patterns()).v_max
    torch.testing.assert_close(peak.v_max.double(), exact, rtol=1e-6, atol=1e-6)


def test_whole_numbers_and_one_spike_per_afferent_are_taken() -> None:
    neuron = module()
    ints = torch.randint(0, T, (5, 8), generator=torch.Generator().manual_seed(4))
    assert torch.equal(neuron.peak(ints).v_max, neuron.peak(ints[..., None].double()).v_max)


def test_prepared_patterns_give_the_same() -> None:
    neuron, spikes = module(), patterns()
    events = neuron.prepare(spikes)
    assert torch.equal(neuron.peak(events).v_max, neuron.peak(spikes).v_max)
    for name in ("v", "v_max", "spikes"):
        assert torch.equal(neuron(events, name), neuron(spikes, name))


def test_patterns_prepared_for_another_layer_are_refused() -> None:
    events = module().prepare(patterns())
    for other in (Tempotron(8, 3, T + 1), Tempotron(8, 3, T, 14.0), Tempotron(9, 3, T)):
        with pytest.raises(ValueError, match=r"^in_spikes must be prepared for .*got \(8, 100"):
            other.peak(events)
    with pytest.raises(ValueError, match=r"^in_spikes must be prepared for .*on meta"):
        module().to("meta")(events, "v")


def test_while_others_compile_torch_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    neuron, spikes = module(), patterns()
    expected = neuron.peak(spikes).v_max
    taken: list[Events] = []
    monkeypatch.setattr(layer, "peak", lambda _, events: taken.append(events))
    layer._warming.set()
    try:
        torch.testing.assert_close(neuron.peak(spikes).v_max, expected, rtol=0, atol=1e-13)
    finally:
        layer._warming.clear()
    assert not taken
    neuron.peak(spikes)
    assert len(taken) == 1


def test_several_threads_may_ask_at_once() -> None:
    neuron, spikes = module(), patterns()
    expected, found = neuron(spikes, "v"), {}

    def ask(number: int) -> None:
        found[number] = neuron(spikes, "v")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(found[number], expected) for number in range(8))


def test_each_kernel_is_compiled_for_one_kind_of_arguments_only() -> None:
    warm_up()
    test_peaks_and_their_gradients_are_those_of_torch(15.0, 3.75)
    test_voltages_on_the_grid_and_their_gradients_are_those_of_torch(15.0, 3.75)
    for home, names in KERNELS.items():
        assert {name: len(getattr(home, name).signatures) for name in names} == dict.fromkeys(
            names, 1
        )


@pytest.mark.slow
def test_the_first_compilation_is_told_and_kept(tmp_path: Path) -> None:
    program = (
        "import logging, time; logging.basicConfig(level='INFO');"
        "from tempotron.compiled import layer;"
        "begin = time.process_time(); layer.warm_up(); assert not layer.warming_up();"
        "print(time.process_time() - begin)"  # the time of others on this machine does not count
    )
    took = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert 0.5 < float(took.stdout) < 60  # really compiled; 8 s on an idle machine
    assert "the first time this takes some seconds" in took.stderr
    kept = {path.name.split(".")[1].split("-")[0] for path in tmp_path.rglob("*.nbi")}
    assert {name for names in KERNELS.values() for name in names} <= kept
