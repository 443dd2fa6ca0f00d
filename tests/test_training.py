"""Runs: whether the record is true, complete, and can be taken up again anywhere."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tempotron import Run, Settings, Task, credit, find_peak, tasks, train
from tempotron.learning import learning_rate, linear_cost, squared_cost, update
from tempotron.training import stream

RECORD = ("epoch", "pattern", "v_max", "t_max", "reason")
LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])


def classes(seed: int = 0) -> Task:
    """Draw 10 patterns of 3 classes, 12 afferents with up to two spikes."""
    spikes = torch.rand(10, 12, 2, generator=torch.Generator().manual_seed(seed)) * 120
    return Task(spikes, LABELS, 100.0)


def same(one: Run, other: Run) -> bool:
    arrays = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in RECORD)
    return arrays and one.outcome == other.outcome and torch.equal(one.weights, other.weights)


@pytest.mark.parametrize(
    "chosen",
    [{}, {"cost": "squared", "eta": 0.3}, {"rule": "reflect"}, {"tau": 10.0, "tau_s": 10.0}],
)
def test_every_presentation_is_as_autograd_would_have_it(chosen: dict[str, Any]) -> None:
    task = classes()
    run = train(task, seed=1, epochs=8, **chosen)
    options = run.settings
    velocity = torch.zeros(3, 12, dtype=torch.float64)
    for k in range(len(run)):
        p = run.pattern[k]
        weights = run.at(k)
        peak = find_peak(weights, task.spikes[[p]], task.T, options.tau, options.synaptic)
        np.testing.assert_allclose(run.v_max[k], peak.v_max[0], rtol=0, atol=1e-10)
        shares = credit(task.spikes[[p]], peak.t_max, options.tau, options.synaptic)
        change = update(shares, peak.v_max, task.targets[[p]], options.rate_for(task),
                        options.rule, options.cost)[0]  # fmt: skip
        for o in range(3):
            if change[o].any():
                velocity[o] = options.momentum * velocity[o] + change[o]
                expected = velocity[o]
            else:
                expected = torch.zeros(12, dtype=torch.float64)
            torch.testing.assert_close(run.change(k)[o], expected, rtol=0, atol=1e-9)


def test_the_record_says_what_was_decided_and_why_nothing_changed() -> None:
    run = train(classes(), seed=2, epochs=20)
    fire = run.task.targets.numpy()[run.pattern]
    np.testing.assert_array_equal(run.fired, run.v_max >= 1)
    np.testing.assert_array_equal(run.reason == 1, run.fired == fire)
    changed = run.path(range(len(run) + 1)).diff(dim=0).abs().sum(-1).numpy() > 0
    np.testing.assert_array_equal(changed, np.isin(run.reason, (0, 3)))
    errors = [int(run.wrong[run.epoch == e].sum()) for e in range(run.epoch[-1] + 1)]
    assert run.errors.tolist() == errors


def test_initial_weights_lie_around_their_mean_and_only_asked_for_in_the_dead_zone() -> None:
    task = tasks.random_latencies(afferents=200, load=0.01)
    for mean in (-0.3, 0.0, 0.3):
        weights = train(task, mean=mean, spread=0.02, epochs=1).at(0)
        assert weights.mean().item() == pytest.approx(mean, abs=0.005)
        assert weights.std().item() == pytest.approx(0.02, rel=0.2)
    hopeless = train(tasks.random_latencies(afferents=5, load=0.4), mean=-0.3, epochs=5)
    assert hopeless.outcome == "limit"
    assert torch.equal(hopeless.weights, hopeless.at(0))
    lone = [
        train(tasks.random_latencies(1, 1.0), seed=seed, epochs=1).at(0).item() for seed in range(9)
    ]
    assert min(lone) > 0


def test_the_dead_zone_is_told_and_left_alone() -> None:
    inhibited = torch.full((1, 2), -1.0)
    run = train(Task(torch.tensor([[5.0, 9.0]]), torch.tensor([True]), 50.0), weights=inhibited,
                epochs=3)  # fmt: skip
    assert run.reason.tolist() == [[2]] * 3
    assert torch.equal(run.weights, inhibited.double())
    assert run.outcome == "limit"


def test_the_squared_cost_creeps_up_to_the_threshold_where_the_linear_one_fires() -> None:
    lone = Task(torch.tensor([[10.0]]), torch.tensor([True]), 50.0)
    runs = {
        cost: train(lone, cost=cost, rate=0.01, mu=0.0, epochs=5000, spread=0.0)
        for cost in ("linear", "squared")
    }
    weights = {cost: run.weights.item() for cost, run in runs.items()}
    assert weights == {"linear": 0.0, "squared": 0.0}  # from rest there is no way up
    weighted = {
        cost: train(lone, cost=cost, rate=0.01, mu=0.0, epochs=500, weights=torch.ones(1, 1) / 2)
        for cost in ("linear", "squared")
    }
    assert weighted["linear"].outcome == "converged"
    assert len(weighted["linear"]) in (51, 52)
    assert weighted["squared"].outcome == "limit"
    assert 0.9999 < weighted["squared"].weights.item() < 1
    assert weighted["squared"].reason[-1, 0] == 3


def test_a_run_ends_with_the_first_epoch_without_an_error() -> None:
    run = train(tasks.random_latencies(40, 0.5, seed=1), seed=1)
    assert run.outcome == "converged"
    assert run.errors[-1] == 0
    assert (run.errors[:-1] > 0).all()
    assert len(run) == 20 * len(run.errors)


def test_every_epoch_presents_every_pattern_once_in_an_order_of_its_own() -> None:
    run = train(tasks.random_latencies(10, 4, seed=2), epochs=40)
    rows = run.pattern.reshape(-1, 40)
    assert (np.sort(rows, axis=1) == np.arange(40)).all()
    assert len({tuple(row) for row in rows}) == len(rows)
    still = train(tasks.random_latencies(10, 4, seed=2), epochs=3, shuffle=False)
    np.testing.assert_array_equal(still.pattern, np.tile(np.arange(40), 3))


def test_neurons_learn_independently_of_each_other() -> None:
    task = classes()
    together = train(task, seed=3, epochs=10)
    for o in range(3):
        alone = train(
            Task(task.spikes, task.targets[:, o], task.T), seed=3, epochs=10,
            weights=together.at(0)[[o]], rate=together.settings.rate_for(task),
        )  # fmt: skip
        both = min(len(alone), len(together))
        np.testing.assert_array_equal(alone.v_max[:both, 0], together.v_max[:both, o])


def test_no_neuron_starts_with_inhibition_alone() -> None:
    for seed in range(20):
        first = train(tasks.order_of_two(), seed=seed, epochs=1).at(0)
        assert first.max() > 0
        assert first.abs().max() < 5e-3


def test_weights_are_kept_sparsely_and_found_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    task = tasks.random_latencies(50, 4, seed=4)
    full = train(task, seed=5, epochs=100)
    monkeypatch.setattr("tempotron.training._KEPT_BYTES", 3 * 16 * 50)
    sparse = train(task, seed=5, epochs=100)
    assert len(sparse._kept) <= 4 < len(full._kept)
    for k in (0, 1, 999, 12_345, len(full) - 1, len(full)):
        assert torch.equal(sparse.at(k), full.at(k))


def test_a_path_holds_the_weights_of_each_step() -> None:
    run = train(classes(), seed=6, epochs=30)
    steps = [0, 0, 3, 17, 17, 80, len(run)]
    assert torch.equal(run.path(steps), torch.stack([run.at(k) for k in steps]))
    assert len(run.path([])) == 0


def test_states_hold_the_momentum_that_is_the_last_change() -> None:
    weights, momentum = BASE.states(range(len(BASE) + 1))
    assert torch.equal(weights, BASE.path(range(len(BASE) + 1)))
    assert not momentum[0].any()
    changed = torch.from_numpy(np.isin(BASE.reason, (0, 3)).any(1))
    torch.testing.assert_close(momentum[1:][changed], weights.diff(dim=0)[changed])


BASE = train(tasks.random_latencies(12, 2.5, seed=7), seed=7, epochs=120)
CONVERGED = train(tasks.random_latencies(30, 0.8, seed=8), seed=8)


@settings(deadline=None, max_examples=40)
@given(st.floats(0, 1), st.sampled_from([BASE, CONVERGED]))
def test_a_fork_with_nothing_changed_is_the_run_itself(share: float, run: Run) -> None:
    fork = run.fork(round(share * len(run)))
    assert same(fork, run)
    step = len(run) // 2
    assert torch.equal(fork.at(step), run.at(step))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, len(BASE)), st.integers(0, len(BASE)))
def test_a_fork_of_a_fork_is_still_the_run(first: int, second: int) -> None:
    fork = BASE.fork(first).fork(second)
    assert same(fork, BASE)
    assert torch.equal(fork.path([0, first // 2, len(BASE)]), BASE.path([0, first // 2, len(BASE)]))


def test_a_fork_changes_only_what_comes_after_it() -> None:
    fork = BASE.fork(1000, rule="reflect", theta=1.2)
    for name in RECORD:
        np.testing.assert_array_equal(getattr(fork, name)[:1000], getattr(BASE, name)[:1000])
    assert not np.array_equal(fork.v_max[1000:1060], BASE.v_max[1000:1060])
    assert torch.equal(fork.at(777), BASE.at(777))
    assert fork.parent is BASE
    np.testing.assert_array_equal(fork.fired[:1000], BASE.v_max[:1000] >= 1)
    np.testing.assert_array_equal(fork.fired[1000:], fork.v_max[1000:] >= 1.2)


def test_a_fork_may_go_on_for_longer() -> None:
    longer = BASE.fork(len(BASE), epochs=200)
    assert longer.epoch[-1] == 199
    assert same(longer, train(BASE.task, seed=7, epochs=200))


def test_a_fork_may_take_up_other_weights_and_another_task() -> None:
    fresh = torch.zeros(1, 12) + 0.1
    assert torch.equal(BASE.fork(50, weights=fresh).at(50), fresh.double())
    shorter = Task(BASE.task.spikes[:7], ~BASE.task.targets[:7, 0], 500.0)
    fork = BASE.fork(50, task=shorter, epochs=10)
    assert fork.epoch.tolist()[:51] == [0] * 30 + [1] * 20 + [2]  # a new epoch, at once
    assert sorted(fork.pattern[50:57]) == list(range(7))
    swapped = Task(BASE.task.spikes, ~BASE.task.targets[:, 0], 500.0)
    assert len(CONVERGED.fork(len(CONVERGED), epochs=500)) == len(CONVERGED)
    assert BASE.fork(50, task=swapped).epoch[50] == 1  # goes on within the epoch


def test_an_epoch_begun_under_other_conditions_does_not_count_as_free_of_errors() -> None:
    fork = CONVERGED.fork(len(CONVERGED) - 1, mu=0.8)
    assert fork.outcome == "converged"
    assert len(fork) == len(CONVERGED) + CONVERGED.task.patterns


def test_weights_put_in_by_hand_do_not_make_an_epoch_free_of_errors() -> None:
    end = len(CONVERGED)
    moved = CONVERGED.fork(end - 1, weights=CONVERGED.weights + 1e-9)
    assert len(moved) == end + CONVERGED.task.patterns
    # A fork of that within the same epoch has to see the change as well.
    assert same(moved.fork(end), moved)
    assert same(moved.fork(end - 1), moved)


def test_a_fork_before_the_beginning_of_a_fork_is_one_of_its_parent() -> None:
    fork = BASE.fork(1000, theta=1.2)
    again = fork.fork(400)
    assert again.parent is BASE
    assert again.settings.theta == 1.2
    np.testing.assert_array_equal(again.fired[:400], BASE.fired[:400])
    np.testing.assert_array_equal(again.fired[400:], again.v_max[400:] >= 1.2)
    assert same(fork.fork(1700), fork)


@pytest.mark.parametrize("patterns", [7, 40])
def test_a_fork_where_a_task_of_another_size_was_taken_up_is_still_the_run(patterns: int) -> None:
    other = tasks.random_latencies(12, patterns / 12, seed=3)
    fork = BASE.fork(35, task=other, epochs=10)
    assert fork.task.patterns == patterns
    assert same(fork.fork(35), fork)
    assert same(fork.fork(35).fork(35), fork)


def test_progress_can_be_followed_and_cancelled() -> None:
    task = tasks.random_latencies(50, 4, seed=9)
    seen = []
    for progress in stream(task, seed=9, epochs=300):
        seen.append((progress.presentations, progress.epochs))
        if progress.epochs >= 20:
            break
    cut = progress.run()
    assert seen[0] == (0, 0)
    assert progress.errors == cut.errors[-1]
    assert len(cut) == seen[-1][0]
    whole = train(task, seed=9, epochs=300)
    np.testing.assert_array_equal(cut.v_max, whole.v_max[: len(cut)])
    assert torch.equal(cut.weights, whole.at(len(cut)))
    answers = iter([False, False, True])
    cancelled = train(task, seed=9, epochs=300, cancelled=lambda: next(answers))
    assert cancelled.outcome == "cancelled"
    assert 0 < len(cancelled) < len(whole)
    assert same(cancelled.fork(len(cancelled)), whole)


def test_nothing_global_decides_a_run() -> None:
    torch.manual_seed(1)
    np.random.seed(1)
    one = train(classes(), seed=4, epochs=5)
    torch.manual_seed(2)
    np.random.seed(2)
    assert same(one, train(classes(), seed=4, epochs=5))
    assert not same(one, train(classes(), seed=5, epochs=5))


def test_the_default_rate_is_that_of_eta_and_the_number_of_spikes() -> None:
    task = classes()
    expected = learning_rate(0.05, task.spikes_per_pattern, 100, 15, 3.75)
    assert Settings().rate_for(task) == expected
    assert Settings(rate=0.3).rate_for(task) == 0.3
    assert Settings(rule="reflect").rate_for(task) == pytest.approx(0.6)
    assert Settings(rule="reflect", mu=0.9).rate_for(task) == pytest.approx(0.2)


def test_a_long_run_stays_small() -> None:
    task = tasks.random_latencies(500, 4, seed=10)
    run = train(task, seed=10, epochs=3)
    arrays = [getattr(run, name) for name in RECORD]
    per_presentation = sum(array.nbytes for array in arrays) / len(run)
    kept = 16 * 500 * 1_000_000 / 2000  # a state for every epoch of 2000
    assert 1e6 * per_presentation + kept + task.nbytes < 100e6
    assert run.nbytes == pytest.approx(task.nbytes + len(run) * per_presentation, rel=0.1)


def test_a_fork_shares_what_it_has_in_common_with_its_parents() -> None:
    task = tasks.random_latencies(20, 10, seed=3)
    run = train(task, seed=3, epochs=100)
    bytes_of_one = run.nbytes
    for step in range(18_000, 19_000, 50):
        run = run.fork(step, epochs=100 if step % 100 else 99)
    assert len(run) >= 19_000
    assert run.nbytes < 3 * bytes_of_one  # and not 20 times as much


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rule", "other"), ("cost", "cubic"), ("eta", 0), ("eta", -1.0), ("eta", math.nan),
        ("rate", 0.0), ("mu", 1.0), ("mu", -0.1), ("mu", math.nan), ("tau", 0.0),
        ("tau_s", math.inf), ("theta", -1.0), ("theta", "1"), ("epochs", 0), ("epochs", 1.5),
        ("seed", -1), ("seed", True), ("spread", -1.0), ("spread", math.inf), ("mean", math.nan),
        ("optimiser", "sgd"),
    ],
)  # fmt: skip
def test_impossible_settings_are_refused_by_name(name: str, value: object) -> None:
    chosen: dict[str, Any] = {name: value}
    for refused in (lambda: train(classes(), **chosen),
                    lambda: stream(classes(), **chosen),
                    lambda: BASE.fork(3, **chosen)):  # fmt: skip
        with pytest.raises(ValueError, match=f"^{name} must"):
            refused()


def test_impossible_weights_tasks_and_steps_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^weights must be \[3, 12\], got \[3, 11\]"):
        train(classes(), weights=torch.zeros(3, 11))
    with pytest.raises(ValueError, match=r"^weights must be a tensor"):
        train(classes(), weights=[[0.0] * 12] * 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^task must be a Task"):
        train(classes().spikes)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^weights must be finite, got nan"):
        train(classes(), weights=torch.full((3, 12), math.nan))
    with pytest.raises(ValueError, match=r"^task must have \(N, O\) \(12, 1\), got \(12, 3\)"):
        BASE.fork(3, task=classes())
    with pytest.raises(ValueError, match=r"^steps must ascend, got 1 after 2"):
        BASE.path([2, 1])
    for step in (-1, len(BASE) + 1, 0.5, True):
        for call in (BASE.at, BASE.fork):
            with pytest.raises(ValueError, match=rf"^k must be an integer from 0 to {len(BASE)}"):
                call(step)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=rf"^k must be an integer from 0 to {len(BASE) - 1}"):
        BASE.change(len(BASE))


@pytest.mark.parametrize(
    "chosen", [{}, {"cost": "squared"}, {"rule": "reflect"}, {"optimiser": "adam"}]
)
@pytest.mark.parametrize("mu", [0.0, 0.999])
def test_weights_stay_finite_at_the_largest_settings(chosen: dict[str, Any], mu: float) -> None:
    largest = {"rate": 1e10, "mean": 1e10, "spread": 1e10, "theta": 1e10, "mu": mu}
    for theta in (1.0, 1e10):
        chosen = {**chosen, **largest, "theta": theta}
        run = train(tasks.random_latencies(afferents=20, load=2.0), epochs=200, **chosen)
        assert run.errors.all()
        assert np.isfinite(run.v_max).all()
        assert run.weights.isfinite().all()


def test_weights_that_are_larger_than_any_use_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^weights must be at most 1e\+100 in size, got 1e\+308"):
        train(BASE.task, weights=torch.full((1, 12), 1e308, dtype=torch.float64))


@pytest.mark.parametrize("cost", ["linear", "squared"])
def test_adam_is_that_of_torch_on_the_errors_alone(cost: str) -> None:
    task = tasks.random_latencies(afferents=12, load=1.0, seed=3)
    run = train(task, cost=cost, optimiser="adam", rate=0.02, mu=0.8, epochs=8, seed=2)
    weights = run.at(0).requires_grad_()
    adam = torch.optim.Adam([weights], lr=0.02, betas=(0.8, 0.999), eps=1e-8)
    for k, p in enumerate(run.pattern.tolist()):
        v_max = find_peak(weights, task.spikes[[p]], task.T, 15.0, 3.75).v_max
        costs = {"linear": linear_cost, "squared": squared_cost}
        loss = costs[cost](v_max, task.targets[[p]])
        if loss > 0:
            adam.zero_grad()
            loss.backward()
            adam.step()
        torch.testing.assert_close(weights.detach(), run.at(k + 1), rtol=1e-9, atol=1e-12)


def test_a_fork_to_another_optimiser_forgets_what_the_first_remembered() -> None:
    run = train(tasks.random_latencies(afferents=20, load=1.0), epochs=5)
    adam = run.fork(30, optimiser="adam")
    again = train(adam.task, weights=run.at(30), optimiser="adam", shuffle=False, epochs=1)
    assert torch.equal(adam.at(30), run.at(30))
    assert adam.states([30])[1].tolist() == again.states([0])[1].tolist()
    back = adam.fork(35)
    assert back.v_max.tolist() == adam.v_max.tolist()
    assert torch.equal(back.weights, adam.weights)


def test_reflect_has_no_use_for_adam() -> None:
    task = tasks.random_latencies(afferents=20, load=1.0)
    plain, adam = (train(task, rule="reflect", optimiser=name) for name in ("momentum", "adam"))
    assert torch.equal(plain.weights, adam.weights)


@pytest.mark.parametrize("changes", [{}, {"seed": 9}, {"shuffle": False}, {"eta": 0.1}])
def test_an_epoch_with_a_fork_in_it_still_presents_every_pattern_once(
    changes: dict[str, Any],
) -> None:
    fork = BASE.fork(100, **changes).fork(107, seed=3)
    for epoch in range(fork.epoch[-1] + 1):
        assert sorted(fork.pattern[fork.epoch == epoch]) == list(range(30))


def test_replaced_weights_are_no_change_that_a_presentation_made() -> None:
    step = int(np.flatnonzero(BASE.reason[:, 0] == 0)[5]) + 1
    fork = BASE.fork(step, weights=torch.ones(1, 12))
    assert torch.equal(fork.at(step), torch.ones(1, 12, dtype=torch.float64))
    assert torch.equal(fork.change(step - 1), BASE.change(step - 1))
    assert fork.change(step - 1).any()


def test_a_fork_at_the_beginning_draws_the_first_weights_that_are_asked_for() -> None:
    task = BASE.task
    for changes in ({"seed": 4}, {"mean": 0.5}, {"spread": 0.2}, {}):
        chosen: dict[str, Any] = {"seed": 7, "epochs": 5, **changes}
        assert same(BASE.fork(0, **chosen), train(task, **chosen))
    own = train(task, weights=torch.ones(1, 12), epochs=5)
    assert torch.equal(own.fork(0, seed=4).at(0), own.at(0))
    with pytest.raises(ValueError, match=r"^task must be a Task"):
        BASE.fork(1, task=task.spikes)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^k must be an integer from 0"):
        BASE.before(-5)
