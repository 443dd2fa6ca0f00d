"""The module against the reference formula, written out, and where that formula fails."""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from tempotron import Peak, Tempotron, find_peak, first_crossing

TAU, TAU_S = 15.0, 3.75
T = 60
DTYPES = [(torch.float32, 2e-6), (torch.float64, 1e-12)]


def neuron(
    weights: Sequence[Sequence[float]],
    length: int = T,
    tau: float = TAU,
    tau_s: float = TAU_S,
    v_threshold: float = 1.0,
    psp_peak: float | None = None,
    dtype: torch.dtype = torch.float64,
) -> Tempotron:
    """Build a layer with the given weights [O, N]."""
    layer = Tempotron(len(weights[0]), len(weights), length, tau, tau_s, v_threshold, psp_peak)
    layer.to(dtype).fc.weight.data = torch.tensor(weights, dtype=dtype)
    return layer


def mixed(outputs: int) -> list[list[float]]:
    """Draw weights [O, 4] that let some neurons fire and others be silent."""
    generator = torch.Generator().manual_seed(1)
    weights = torch.randn(outputs, 4, generator=generator, dtype=torch.float64) + 0.3
    rows: list[list[float]] = weights.tolist()
    return rows


def patterns(batch: int, *spikes: int) -> Tensor:
    """Draw spike times [B, 4] or [B, 4, S], some absent and some late."""
    generator = torch.Generator().manual_seed(2)
    times = torch.rand(batch, 4, *spikes, generator=generator, dtype=torch.float64) * 1.1 * T
    times[torch.rand(times.shape, generator=generator) < 0.2] = -1
    times.view(-1)[::5] = times.view(-1)[::5].round()  # arriving exactly at a step of the grid
    return times.float().double()  # the same numbers in either dtype


def trains(pattern: Tensor) -> list[list[float]]:
    """List the spikes of each afferent of one pattern, [N] or [N, S]."""
    return pattern.reshape(len(pattern), -1).tolist()


def reference_v0(tau: float, tau_s: float, v_threshold: float) -> float:
    t_max = tau * tau_s * math.log(tau / tau_s) / (tau - tau_s)
    return v_threshold / (math.exp(-t_max / tau) - math.exp(-t_max / tau_s))


def reference_v(
    weights: Tensor, spikes: Tensor, tau: float, tau_s: float, v_threshold: float
) -> list[list[list[float]]]:
    """Evaluate the reference's formula at t = 0, 1, ..., T - 1, one number at a time."""
    v0 = reference_v0(tau, tau_s, v_threshold)

    def voltage(row: list[float], pattern: list[list[float]], t: int) -> float:
        total = 0.0
        for weight, train in zip(row, pattern, strict=True):
            for onset in train:
                if 0 <= onset <= t:
                    lag = t - onset
                    total += weight * v0 * (math.exp(-lag / tau) - math.exp(-lag / tau_s))
        return total

    return [
        [[voltage(row, trains(pattern), t) for t in range(T)] for row in weights.tolist()]
        for pattern in spikes
    ]


def dense_v(weights: Tensor, spikes: Tensor, v_threshold: float = 1.0) -> Tensor:
    """Evaluate the reference's formula [B, O, T] for spikes [B, N] so that autograd knows it."""
    lag = torch.arange(T) - spikes[..., None]  # [B, N, T]
    lag = torch.where((lag >= 0) & (spikes[..., None] >= 0), lag, 0)
    v0 = reference_v0(TAU, TAU_S, v_threshold)
    return weights @ (v0 * (torch.exp(-lag / TAU) - torch.exp(-lag / TAU_S)))


def gradients(output: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    """Differentiate outputs, each counted differently so that none can stand for another."""
    shares = torch.linspace(1, 2, output.numel(), dtype=output.dtype).view_as(output)
    return torch.autograd.grad((output * shares).sum(), inputs)


# Equal to the reference wherever that is finite.


@pytest.mark.parametrize(("dtype", "slack"), DTYPES)
@pytest.mark.parametrize("spikes", [(), (3,)], ids=["B N", "B N S"])
@pytest.mark.parametrize(("tau", "tau_s"), [(TAU, TAU_S), (5.0, 1.25), (30.0, 20.0)])
def test_voltages_are_those_of_the_reference_formula(
    dtype: torch.dtype, slack: float, spikes: tuple[int, ...], tau: float, tau_s: float
) -> None:
    layer = neuron(mixed(3), dtype=dtype, tau=tau, tau_s=tau_s, v_threshold=0.7)
    times = patterns(5, *spikes)
    v = layer(times.to(dtype), "v")
    expected = torch.tensor(
        reference_v(layer.fc.weight, times, tau, tau_s, 0.7), dtype=torch.float64
    )
    assert v.dtype == dtype
    torch.testing.assert_close(v.double(), expected, rtol=0, atol=slack)


@pytest.mark.parametrize(("dtype", "slack"), DTYPES)
@pytest.mark.parametrize("spikes", [(), (3,)], ids=["B N", "B N S"])
def test_maxima_and_peak_times_are_those_of_the_reference_formula(
    dtype: torch.dtype, slack: float, spikes: tuple[int, ...]
) -> None:
    layer, times = neuron(mixed(3), dtype=dtype), patterns(20, *spikes)
    v_max, out_spikes = layer(times.to(dtype), "v_max"), layer(times.to(dtype), "spikes")
    assert v_max.dtype == out_spikes.dtype == dtype
    fired = 0
    for b, pattern in enumerate(reference_v(layer.fc.weight, times, TAU, TAU_S, 1.0)):
        for o, v in enumerate(pattern):
            assert v_max[b, o].item() == pytest.approx(max(v), abs=slack)
            expected = v.index(max(v)) if max(v) >= 1 else -1
            assert out_spikes[b, o].item() == expected
            fired += expected >= 0
    assert 0 < fired < out_spikes.numel()


def test_spike_times_may_be_integers() -> None:
    times = patterns(5).round()
    layer = neuron(mixed(3))
    for ret_type in ("v", "v_max", "spikes"):
        assert torch.equal(layer(times.long(), ret_type), layer(times, ret_type))


def test_the_factor_v0_is_that_of_the_reference() -> None:
    assert Tempotron(1, 1, T).v0 == pytest.approx(2.116535, abs=5e-7)
    for tau, tau_s, theta in [(15, 3.75, 0.5), (60, 1, 2), (3.75, 15, 1)]:
        layer = Tempotron(1, 1, T, tau, tau_s, theta)
        assert layer.v0 == pytest.approx(reference_v0(tau, tau_s, theta), rel=1e-12)


def test_the_static_kernel_is_the_bare_difference_of_exponentials() -> None:
    t = [-5.0, 0.0, 1.0, 7.0, 300.0]
    expected = [(math.exp(-s / 15) - math.exp(-s / 3.75)) * (s >= 0) for s in t]
    kernel = Tempotron.psp_kernel(torch.tensor(t, dtype=torch.float64), 15, 3.75)
    assert kernel.tolist() == pytest.approx(expected, abs=1e-15)


def test_v0_times_the_static_kernel_is_the_potential_of_a_weight_of_1() -> None:
    for tau_s in (3.75, 40.0):
        layer = neuron([[1.0]], tau_s=tau_s)
        potential = layer.v0 * layer.psp_kernel(torch.arange(T).double() - 5, 15, tau_s)
        torch.testing.assert_close(layer(torch.tensor([[5.0]]), "v")[0, 0], potential)


# Gradients.


@pytest.mark.parametrize("ret_type", ["v", "v_max"])
def test_gradients_are_those_of_the_reference_formula(ret_type: str) -> None:
    layer, times = neuron(mixed(3), v_threshold=0.7), patterns(6).requires_grad_()
    v = dense_v(layer.fc.weight, times, 0.7)
    output = v if ret_type == "v" else functional.max_pool1d(v, T)[..., 0]
    expected = gradients(output, layer.fc.weight, times)
    actual = gradients(layer(times, ret_type), layer.fc.weight, times)
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


def test_peak_times_have_the_gradient_of_the_references_soft_arg_max() -> None:
    # The reference multiplies index and soft index by +1 for a spike and by -1 for silence.
    layer, times = neuron(mixed(3)), patterns(6).requires_grad_()
    v = dense_v(layer.fc.weight, times)
    soft = (functional.softmax(v * T, dim=-1) * torch.arange(T)).sum(-1)
    sign = torch.where(v.amax(-1) >= 1, 1.0, -1.0)
    assert set(sign.flatten().tolist()) == {1, -1}
    expected = gradients(soft * sign, layer.fc.weight, times)
    actual = gradients(layer(times, "spikes"), layer.fc.weight, times)
    torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-9)


def test_the_gradient_of_the_exact_peak_is_its_rate_of_change() -> None:
    layer, times, step = neuron(mixed(1)), patterns(8, 2), 1e-6
    (gradient,) = torch.autograd.grad(layer.peak(times).v_max.sum(), layer.fc.weight)

    def peaks_with(afferent: int, change: float) -> float:
        weights = layer.fc.weight.detach().clone()
        weights[0, afferent] += change
        return neuron(weights.tolist()).peak(times).v_max.sum().item()

    rates = [(peaks_with(i, step) - peaks_with(i, -step)) / (2 * step) for i in range(4)]
    assert gradient[0].tolist() == pytest.approx(rates, abs=1e-8)


def test_times_pass_a_gradient_from_layer_to_layer() -> None:
    first, second = neuron([[3.0], [2.5]]), neuron([[1.0, 0.8]])
    between = first(torch.tensor([[5.0]]), "spikes")
    assert between.tolist() == [[12, 12]]
    second(between, "v_max").sum().backward()
    assert first.fc.weight.grad is not None
    assert (first.fc.weight.grad != 0).all()


# Shapes.


@pytest.mark.parametrize("batch", [1, 2, 4])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("spikes", [(), (1,), (5,), (0,)], ids=str)
def test_no_axis_is_lost(batch: int, outputs: int, spikes: tuple[int, ...]) -> None:
    layer, times = neuron(mixed(outputs)), patterns(batch, *spikes)
    assert layer(times, "v").shape == (batch, outputs, T)
    assert layer(times, "v_max").shape == (batch, outputs)
    assert layer(times, "spikes").shape == (batch, outputs)
    assert layer.first_crossing(times).shape == (batch, outputs)
    peak = layer.peak(times)
    assert peak.v_max.shape == peak.t_max.shape == (batch, outputs)


def test_patterns_do_not_see_each_other() -> None:
    layer, times = neuron(mixed(3)), patterns(7, 2)
    for ret_type in ("v", "v_max", "spikes"):
        together = layer(times, ret_type)
        alone = torch.cat([layer(times[[b]], ret_type) for b in range(7)])
        torch.testing.assert_close(together, alone, rtol=0, atol=1e-14)


class LargestTensor(TorchDispatchMode):
    """Keep the size of the largest tensor that any operation returns."""

    size = 0

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, Tensor):
                self.size = max(self.size, tensor.numel())
        return result


def largest(act: Callable[[], object]) -> int:
    mode = LargestTensor()  # type: ignore[no-untyped-call]
    with mode:
        act()
    return mode.size


def test_memory_of_the_exact_peak_depends_on_spikes_not_on_time() -> None:
    spikes = patterns(8)
    short, long = (neuron([[0.5] * 4], length=length) for length in (100, 100_000))
    assert largest(lambda: long.peak(spikes)) == largest(lambda: short.peak(spikes)) <= 8 * 10
    assert largest(lambda: long.first_crossing(spikes)) <= 8 * 10


def test_memory_of_the_voltage_is_that_of_its_result() -> None:
    layer = neuron([[0.1] * 50], length=1000)
    spikes = torch.arange(200.0).reshape(4, 50)
    assert largest(lambda: layer(spikes, "v_max")) <= 4 * 1 * 1000


# The threshold.


@pytest.mark.parametrize("theta", [0.5, 1.0, 2.0])
def test_a_threshold_that_scales_its_potentials_changes_no_decision(theta: float) -> None:
    times = patterns(20)
    ours, one = neuron(mixed(3), v_threshold=theta), neuron(mixed(3))
    torch.testing.assert_close(ours(times, "v") / theta, one(times, "v"), rtol=1e-12, atol=1e-12)
    assert torch.equal(ours(times, "spikes"), one(times, "spikes"))
    torch.testing.assert_close(ours.first_crossing(times), one.first_crossing(times))


def test_a_threshold_apart_from_its_potentials_decides() -> None:
    spike = torch.tensor([[5.0]])
    for theta, fires in [(0.5, True), (0.9, True), (1.1, False), (2.0, False)]:
        layer = neuron([[1.0]], v_threshold=theta, psp_peak=1.0)
        assert layer.peak(spike).v_max.item() == pytest.approx(1, abs=1e-14)
        assert (layer(spike, "spikes").item() >= 0) == fires
        assert (layer.first_crossing(spike).item() >= 0) == fires


def test_a_voltage_that_just_reaches_the_threshold_fires() -> None:
    spike = torch.tensor([[5.0]])
    reached = neuron([[0.8]])(spike, "v").max().item()
    assert neuron([[0.8]], v_threshold=reached, psp_peak=1.0)(spike, "spikes").item() == 12
    above = reached * (1 + 2e-9)  # rounding decides nothing
    assert neuron([[0.8]], v_threshold=above, psp_peak=1.0)(spike, "spikes").item() == -1


@pytest.mark.parametrize(
    ("v_threshold", "psp_peak", "height"),
    [(1.0, None, 1), (2.0, None, 2), (2.0, 1.0, 1), (1, 3, 3)],
)
def test_the_height_of_a_potential_is_the_threshold_or_what_was_asked_for(
    v_threshold: float, psp_peak: float | None, height: float
) -> None:
    layer = neuron([[1.0]], v_threshold=v_threshold, psp_peak=psp_peak)
    assert layer.psp_height == height
    assert layer.peak(torch.tensor([[5.0]])).v_max.item() == pytest.approx(height, abs=1e-14)
    assert layer.v0 == pytest.approx(2.116535 * height, rel=1e-6)


# Where the reference fails.


@pytest.mark.parametrize(("dtype", "slack"), DTYPES)
def test_late_spikes_of_a_long_pattern_make_no_nan(dtype: torch.dtype, slack: float) -> None:
    # With tau_s = 3.75 the reference's exp overflows in float32 before spikes after 332.7 ms.
    layer = neuron([[1.0]], length=500, dtype=dtype)
    times = torch.tensor([[5.0], [340.0], [450.0]], dtype=dtype)
    v = layer(times, "v").double()
    assert v.isfinite().all()
    for late, start in ((1, 340), (2, 450)):
        assert not v[late, 0, :start].any()
        expected = v[0, 0, 5 : 5 + 500 - start]
        torch.testing.assert_close(v[late, 0, start:], expected, rtol=0, atol=slack)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("tau_s", [0.05, TAU])
def test_patterns_of_100_000_ms_are_finite_in_value_and_gradient(
    dtype: torch.dtype, tau_s: float
) -> None:
    layer = neuron([[0.6, 0.7], [-0.5, 2.0]], length=100_000, dtype=dtype, tau_s=tau_s)
    times = torch.tensor([[99_000.0, 99_002.0]], dtype=dtype)
    outputs = [layer(times, ret_type) for ret_type in ("v", "v_max", "spikes")]
    outputs += [layer.peak(times).v_max, layer.first_crossing(times)]
    for output in outputs:
        assert output.isfinite().all()
    for output in outputs[:-1]:
        assert gradients(output, layer.fc.weight)[0].isfinite().all()
    assert 99_000 < outputs[2][0, 1].item() < 99_100


def test_equal_time_constants_give_the_alpha_function() -> None:
    layer = neuron([[2.0]], tau=10.0, tau_s=10.0)
    v = layer(torch.tensor([[5.0]]), "v")[0, 0].tolist()
    expected = [2 * max(t - 5, 0) / 10 * math.exp(1 - max(t - 5, 0) / 10) for t in range(T)]
    assert v == pytest.approx(expected, abs=1e-14)
    assert layer(torch.tensor([[5.0]]), "spikes").item() == 15
    assert layer.v0 == math.inf


def test_nearly_equal_time_constants_keep_a_peak_of_1() -> None:
    # The reference's potential peaks at 1.62 here in float32.
    layer = neuron([[1.0]], tau=10.0, tau_s=10.000001, dtype=torch.float32)
    assert layer(torch.tensor([[5.0]]), "v_max").item() == pytest.approx(1, abs=1e-6)
    assert layer.peak(torch.tensor([[5.0]])).t_max.item() == pytest.approx(15, abs=1e-5)


def test_the_two_time_constants_may_change_places() -> None:
    times = patterns(5)
    usual, swapped = neuron(mixed(3)), neuron(mixed(3), tau=TAU_S, tau_s=TAU)
    for ret_type in ("v", "v_max", "spikes"):
        assert torch.equal(usual(times, ret_type), swapped(times, ret_type))
    assert swapped.v0 == pytest.approx(-usual.v0)


@pytest.mark.parametrize("ret_type", ["v", "v_max"])
def test_without_spikes_nothing_happens(ret_type: str) -> None:
    layer = neuron(mixed(3))
    assert not layer(torch.full((2, 4), -1.0), ret_type).any()
    assert not layer(torch.full((2, 4, 3), -0.5), ret_type).any()
    assert not layer(torch.empty(2, 4, 0), ret_type).any()


@pytest.mark.parametrize(
    ("weights", "times"),
    [([2.0, 1.0], [-1.0, -1.0]), ([-1.0, -2.0], [3.0, 9.0]), ([1.0, 1.0], [60.0, 61.0])],
    ids=["no spikes", "all inhibitory", "all late"],
)
def test_a_neuron_that_is_never_excited_is_silent(weights: list[float], times: list[float]) -> None:
    layer, spikes = neuron([weights]), torch.tensor([times])
    assert layer(spikes, "spikes").tolist() == [[-1]]
    assert layer(spikes, "v_max").tolist() == [[0]]
    assert layer.first_crossing(spikes).tolist() == [[-1]]
    peak = layer.peak(spikes)
    assert peak.v_max.tolist() == peak.t_max.tolist() == [[0]]


@pytest.mark.parametrize("index", [0, 12])
def test_silence_is_minus_1_whatever_the_index_of_the_peak(index: int) -> None:
    weight = 0.9 if index else -0.9
    layer, spike = neuron([[weight]]), torch.tensor([[5.0]])
    assert layer(spike, "v")[0, 0].argmax().item() == index
    silent = layer(spike, "spikes")
    assert silent.item() == -1
    assert not neuron([[3.0]])(silent, "v").any()


def test_coincident_spikes_act_as_one() -> None:
    apart = neuron([[0.5, 0.75, -0.25]])(torch.tensor([[30.0, 30.0, 30.0]]), "v")
    train = neuron([[0.5]])(torch.tensor([[[30.0, 30.0]]]), "v")
    one = neuron([[1.0]])(torch.tensor([[30.0]]), "v")
    torch.testing.assert_close(apart, one, rtol=0, atol=1e-15)
    torch.testing.assert_close(train, one, rtol=0, atol=1e-15)


@pytest.mark.parametrize("late", [T, T + 0.5, 1e9])
def test_a_spike_at_or_after_the_end_is_ignored(late: float) -> None:
    layer = neuron([[3.0, -5.0, 5.0]])
    with_late, without = torch.tensor([[20.0, late, late]]), torch.tensor([[20.0, -1.0, -1.0]])
    for ret_type in ("v", "v_max", "spikes"):
        assert torch.equal(layer(with_late, ret_type), layer(without, ret_type))
    assert layer.peak(with_late) == layer.peak(without)
    assert torch.equal(layer.first_crossing(with_late), layer.first_crossing(without))


def test_the_output_spike_is_the_time_of_the_peak_and_the_crossing_comes_before() -> None:
    layer, spike = neuron([[3.0]]), torch.tensor([[5.0]])
    v = layer(spike, "v")[0, 0]
    assert layer(spike, "spikes").item() == 12
    assert layer.peak(spike).t_max.item() == pytest.approx(11.93147, abs=5e-6)
    assert layer.first_crossing(spike).item() == pytest.approx(5.916, abs=5e-4)
    assert v[5] < 1 <= v[6]


@pytest.mark.parametrize(("tau", "percent"), [(15.0, 0.22), (5.0, 2.0), (3.0, 5.3)])
def test_the_grid_under_reads_a_potential_where_the_exact_peak_does_not(
    tau: float, percent: float
) -> None:
    spikes = 5 + torch.arange(0, 1, 0.001, dtype=torch.float64)[:, None]
    layer = neuron([[1.0]], tau=tau, tau_s=tau / 4)
    missing = 100 * (1 - layer(spikes, "v_max").min().item())
    assert missing == pytest.approx(percent, abs=0.05 if percent > 1 else 0.005)
    torch.testing.assert_close(
        layer.peak(spikes).v_max, torch.ones(1000, 1, dtype=torch.float64), rtol=0, atol=1e-14
    )


# The exact peak and the crossing of the module are those of its potentials.


@pytest.mark.parametrize(("v_threshold", "psp_peak"), [(1.0, None), (0.7, None), (0.7, 1.0)])
def test_peak_and_crossing_are_those_of_weights_times_height(
    v_threshold: float, psp_peak: float | None
) -> None:
    layer = neuron(mixed(3), v_threshold=v_threshold, psp_peak=psp_peak)
    times = patterns(10, 2)
    heights = layer.fc.weight.detach() * (psp_peak or v_threshold)
    expected = find_peak(heights, times, T, TAU, TAU_S)
    peak = layer.peak(times)
    assert isinstance(peak, Peak)
    torch.testing.assert_close(peak.v_max, expected.v_max, rtol=0, atol=1e-12)
    torch.testing.assert_close(peak.t_max, expected.t_max, rtol=0, atol=1e-9)
    crossing = first_crossing(heights, times, T, TAU, TAU_S, v_threshold)
    assert torch.equal(layer.first_crossing(times), crossing)
    assert set((crossing >= 0).flatten().tolist()) == {True, False}


def test_no_step_of_the_grid_lies_above_the_exact_peak() -> None:
    layer, times = neuron(mixed(5)), patterns(50, 2)
    excess = layer(times, "v").amax(-1).clamp(min=0) - layer.peak(times).v_max
    assert excess.max() <= 1e-12
    assert excess.min() < -1e-4


# The loss.


def plain_loss(v_max: Tensor, thresholds: Tensor, label: Tensor) -> float:
    total = 0.0
    for b, row in enumerate(v_max.tolist()):
        for o, v in enumerate(row):
            theta = thresholds[b, o].item()
            if (v >= theta) != (label[b].item() == o):
                total += (v - theta) ** 2
    return total / len(v_max)


def test_the_loss_is_the_mean_squared_distance_of_wrong_decisions() -> None:
    generator = torch.Generator().manual_seed(3)
    v_max = 2 * torch.rand(8, 3, generator=generator, dtype=torch.float64)
    label = torch.randint(3, (8,), generator=generator)
    thresholds = torch.rand(8, 3, generator=generator, dtype=torch.float64) + 0.5
    one = Tempotron.mse_loss(v_max, 1.0, label, 3)
    each = Tempotron.mse_loss(v_max, thresholds, label, 3)
    assert one.shape == each.shape == ()
    assert one.item() == pytest.approx(plain_loss(v_max, torch.ones(8, 3), label), rel=1e-12)
    assert each.item() == pytest.approx(plain_loss(v_max, thresholds, label), rel=1e-12)


def test_right_decisions_have_neither_loss_nor_gradient() -> None:
    v_max = torch.tensor([[1.2, 0.4], [0.3, 1.0]], requires_grad=True)
    loss = Tempotron.mse_loss(v_max, 1.0, torch.tensor([0, 1]), 2)
    loss.backward()
    assert loss.item() == 0
    assert v_max.grad is not None
    assert not v_max.grad.any()


def test_the_loss_pulls_wrong_decisions_towards_the_threshold() -> None:
    v_max = torch.tensor([[0.7, 1.5]], dtype=torch.float64, requires_grad=True)
    Tempotron.mse_loss(v_max, 1.0, torch.tensor([0]), 2).backward()
    assert v_max.grad is not None
    assert v_max.grad.tolist() == [pytest.approx([-0.6, 1.0])]


@pytest.mark.parametrize(
    ("v_max", "label", "message"),
    [
        (torch.ones(4), torch.zeros(4).long(), r"v_max must be \[B, 3\], got \[4\]"),
        (torch.ones(4, 2), torch.zeros(4).long(), r"v_max must be \[B, 3\], got \[4, 2\]"),
        (torch.ones(4, 3), torch.zeros(3).long(), r"label must be \[4\], got \[3\]"),
        (torch.ones(4, 3), torch.zeros(4), r"label must be integers, got torch.float32"),
        (torch.ones(1, 3), torch.tensor([3]), r"label must be from 0 to 2, got 3"),
        (torch.ones(1, 3), torch.tensor([-1]), r"label must be from 0 to 2, got -1"),
    ],
)
def test_labels_that_do_not_fit_are_refused(v_max: Tensor, label: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Tempotron.mse_loss(v_max, 1.0, label, 3)


# The module as torch sees it.


def test_the_state_is_the_weights_under_the_references_name_and_the_constants() -> None:
    trained, fresh = neuron(mixed(3)), Tempotron(4, 3, T).double()
    assert list(trained.state_dict()) == ["_extra_state", "fc.weight"]
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(fresh(patterns(3), "v"), trained(patterns(3), "v"))
    copy.deepcopy(nn.Sequential(fresh)).load_state_dict(nn.Sequential(trained).state_dict())


def test_weights_of_the_reference_load_without_constants() -> None:
    layer = Tempotron(4, 3, T, tau=20.0)
    layer.load_state_dict({"fc.weight": torch.tensor(mixed(3))})
    assert torch.equal(layer.fc.weight, torch.tensor(mixed(3)))


@pytest.mark.parametrize(
    ("name", "value", "own", "got"),
    [
        ("tau", 20.0, "tau 15.0", "tau 20.0"),
        ("tau_s", 5.0, "tau_s 3.75", "tau_s 5.0"),
        ("T", 2 * T, f"T {float(T)}", f"T {2.0 * T}"),
        ("v_threshold", 0.5, "v_threshold 1.0", "v_threshold 0.5"),
        ("psp_peak", 1.0, "psp_peak None", "psp_peak 1.0"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_weights_of_a_layer_with_other_constants_are_refused_and_not_loaded(
    name: str, value: float, own: str, got: str, strict: bool
) -> None:
    constants: dict[str, Any] = {"T": T, name: value}
    other, layer = Tempotron(4, 3, **constants), Tempotron(4, 3, T)
    before = layer.fc.weight.clone()
    with pytest.raises(ValueError, match=f"^state_dict must be of a layer with {own}, got {got};"):
        layer.load_state_dict(other.state_dict(), strict=strict)
    assert torch.equal(layer.fc.weight, before)


def test_a_bias_is_refused_rather_than_ignored() -> None:
    layer = Tempotron(4, 3, T)
    layer.fc = nn.Linear(4, 3)
    spikes = patterns(2).float()
    for act in (lambda: layer(spikes, "v"), lambda: layer.peak(spikes),
                lambda: layer.first_crossing(spikes)):  # fmt: skip
        with pytest.raises(ValueError, match=r"^fc must have no bias: rest is 0, got one of \[3\]"):
            act()


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own
@pytest.mark.parametrize("ret_type", ["v", "v_max", "spikes", "peak"])
def test_forward_mode_derivatives_are_those_of_the_backward_pass(ret_type: str) -> None:
    layer, times = neuron(mixed(3)), patterns(4)

    def value(weights: Tensor, spikes: Tensor) -> Tensor:
        del layer.fc.weight
        layer.fc.weight = weights  # a dual tensor is no parameter
        return layer.peak(spikes).v_max if ret_type == "peak" else layer(spikes, ret_type)

    given = (layer.fc.weight.detach().clone(), times)
    generator = torch.Generator().manual_seed(3)
    ways = [torch.randn(x.shape, generator=generator, dtype=x.dtype) for x in given]
    with forward_ad.dual_level():
        for chosen in ((True, False), (False, True), (True, True)):
            duals = [
                forward_ad.make_dual(x.clone(), way) if one else x.clone()
                for x, way, one in zip(given, ways, chosen, strict=True)
            ]
            slope = forward_ad.unpack_dual(value(*duals)).tangent
            assert slope is not None
            inputs = [x.clone().requires_grad_() for x in given]
            out = value(*inputs)
            outer = torch.arange(1.0, out.numel() + 1).double().reshape(out.shape)
            back = torch.autograd.grad((out * outer).sum(), inputs)
            wanted = sum(
                (grad * way).sum().item()
                for grad, way, one in zip(back, ways, chosen, strict=True) if one
            )  # fmt: skip
            assert (slope * outer).sum().item() == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own
def test_prepared_patterns_refuse_a_forward_mode_derivative() -> None:
    layer = neuron(mixed(3))
    events, weights = layer.prepare(patterns(2)), layer.fc.weight.detach().clone()
    with forward_ad.dual_level():
        del layer.fc.weight
        layer.fc.weight = forward_ad.make_dual(weights, torch.ones_like(weights))
        with pytest.raises(ValueError, match=r"^in_spikes must not be prepared for a forward-mode"):
            layer(events, "v_max")


def test_a_new_layer_has_the_initial_weights_of_a_linear_map() -> None:
    layer = Tempotron(100, 50, T)
    assert layer.fc.weight.shape == (50, 100)
    assert layer.fc.bias is None
    assert 0.05 < layer.fc.weight.abs().max() <= 0.1  # uniform up to 1 / sqrt(100)


def test_the_printed_form_shows_the_constants() -> None:
    text = "T=60, tau=15.0, tau_s=3.75, v_threshold=1.0, psp_peak=None"
    assert text in repr(Tempotron(2, 1, T))


# Impossible arguments.


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.0, -3.0])
@pytest.mark.parametrize("name", ["tau", "tau_s", "v_threshold", "psp_peak"])
def test_constants_that_are_not_positive_and_finite_are_refused(name: str, value: float) -> None:
    constants: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=rf"^{name} must be positive and finite, got {value}$"):
        Tempotron(2, 1, T, **constants)


@pytest.mark.parametrize("value", [0, -1, 2.5, math.nan, True, "3", None])
@pytest.mark.parametrize("name", ["in_features", "out_features", "T"])
def test_sizes_that_are_not_positive_integers_are_refused(name: str, value: object) -> None:
    sizes: dict[str, Any] = {"in_features": 2, "out_features": 1, "T": T, name: value}
    with pytest.raises(ValueError, match=rf"^{name} must be a positive integer, got {value!r}$"):
        Tempotron(**sizes)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_kernels_and_spike_times_that_are_not_finite_are_refused(value: float) -> None:
    layer, times = neuron(mixed(1)), torch.tensor([[1.0, 2.0, value, 3.0]])
    acts: list[Callable[[], object]] = [
        *(lambda name=name: layer(times, name) for name in ("v", "v_max", "spikes")),
        lambda: layer.peak(times),
        lambda: layer.first_crossing(times),
    ]
    for act in acts:
        with pytest.raises(ValueError, match=rf"^in_spikes must be finite, got {value}$"):
            act()
    with pytest.raises(ValueError, match=rf"^tau must be positive and finite, got {value}$"):
        Tempotron.psp_kernel(times, value, 3.75)


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 3, 4), (1, 4, 2, 2)])
def test_spikes_of_the_wrong_shape_are_refused(shape: tuple[int, ...]) -> None:
    message = rf"^in_spikes must be \[B, 4\] or \[B, 4, S\], got \[{', '.join(map(str, shape))}\]$"
    layer = neuron(mixed(1))
    for act in (lambda s: layer(s, "v"), layer.peak, layer.first_crossing):
        with pytest.raises(ValueError, match=message):
            act(torch.zeros(shape))


def test_spikes_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^in_spikes must be real numbers .* torch\.bool"):
        neuron(mixed(1))(torch.ones(2, 4, dtype=torch.bool), "v")


@pytest.mark.parametrize("ret_type", ["V", "", "spike", "v_min"])
def test_an_unknown_ret_type_is_refused(ret_type: str) -> None:
    with pytest.raises(ValueError, match=rf"^ret_type must be .*, got {ret_type!r}$"):
        neuron(mixed(1))(patterns(1), ret_type)


def test_weights_that_are_not_finite_are_refused() -> None:
    layer = neuron(mixed(1))
    with torch.no_grad():
        layer.fc.weight[0, 1] = math.nan
    for act in (lambda s: layer(s, "v"), lambda s: layer(s, "v_max"), layer.peak,
                layer.first_crossing):  # fmt: skip
        with pytest.raises(ValueError, match=r"^weights must be finite, got nan$"):
            act(patterns(1))


def test_no_pattern_has_no_peak() -> None:
    layer, none = neuron(mixed(2)), torch.empty(0, 4)
    assert layer(none, "v").shape == (0, 2, T)
    for found in (layer.peak(none).v_max, layer(none, "spikes"), layer.first_crossing(none)):
        assert found.shape == (0, 2)
    layer.peak(none).v_max.sum().backward()
    assert layer.fc.weight.grad is not None
    assert not layer.fc.weight.grad.any()


def test_spikes_that_want_a_gradient_are_not_prepared_without_it() -> None:
    with pytest.raises(ValueError, match=r"^in_spikes must not want a gradient"):
        neuron(mixed(1)).prepare(patterns(1).requires_grad_())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_neuron_whose_peak_just_reaches_the_threshold_crosses_it(dtype: torch.dtype) -> None:
    draw = torch.Generator().manual_seed(3)
    for _ in range(100):
        layer = Tempotron(8, 1, 100, psp_peak=1.0).to(dtype)
        with torch.no_grad():
            layer.fc.weight.normal_(generator=draw).abs_()
        spikes = 100 * torch.rand(1, 8, generator=draw)
        peak = layer.peak(spikes)
        layer.v_threshold = peak.v_max.item()
        assert 0 <= layer.first_crossing(spikes) <= peak.t_max
        layer.v_threshold = math.nextafter(peak.v_max.item(), 9) + 1e-6
        assert layer.first_crossing(spikes) == -1
