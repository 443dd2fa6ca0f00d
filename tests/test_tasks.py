"""Tasks: their patterns, their labels, and whether what their sentences say is true."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from tempotron import Task, tasks
from tempotron.compiled import layer
from tempotron.compiled.learning import peaks
from tempotron.training import train

MAKERS: dict[str, Callable[[int], Task]] = {
    "order": lambda seed: tasks.order_of_two(seed=seed),
    "gaps": lambda seed: tasks.two_gaps(seed=seed),
    "swapped": lambda seed: tasks.two_gaps(swap=True, seed=seed),
    "xor": lambda seed: tasks.temporal_xor(seed=seed),
    "late": lambda seed: tasks.early_or_late(seed=seed),
    "templates": lambda seed: tasks.noisy_templates(seed=seed),
    "latencies": lambda seed: tasks.random_latencies(seed=seed),
    "synchrony": lambda seed: tasks.pairwise_synchrony(pairs=10, trials=40, seed=seed),
    "poisson": lambda seed: tasks.poisson_rates(seed=seed),
    "iris": lambda seed: tasks.measured("iris", seed=seed),
    "digits": lambda seed: tasks.measured("digits", 8, seed=seed),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_seed_gives_the_same_task_again_and_another_one_another(
    make: Callable[[int], Task],
) -> None:
    one, again, other = make(3), make(3), make(4)
    assert torch.equal(one.spikes, again.spikes)
    assert torch.equal(one.targets, again.targets)
    assert not torch.equal(one.spikes, other.spikes)
    if one.unseen and again.unseen:
        assert torch.equal(one.unseen.spikes, again.unseen.spikes)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_every_task_says_what_makes_it_learnable_and_has_both_kinds_of_pattern(
    make: Callable[[int], Task],
) -> None:
    task = make(0)
    assert "learnable" in task.sentence.lower()
    assert task.sentence.endswith(".")
    assert task.spikes.dtype == torch.float64
    assert (task.spikes < task.T).all()
    assert task.targets.any(0).all()
    assert not task.targets.all(0).any()


def test_classes_get_a_neuron_each_and_bools_one() -> None:
    spikes = torch.rand(3, 4)
    assert Task(spikes, torch.tensor([2, 0, 1]), 10).targets.tolist() == [
        [False, False, True],
        [True, False, False],
        [False, True, False],
    ]
    assert Task(spikes, torch.tensor([True, False, True]), 10).kind == (4, 1)


def test_a_task_does_not_change_with_the_tensors_it_was_made_of() -> None:
    spikes, fire = torch.zeros(2, 3, dtype=torch.float64), torch.tensor([True, False])
    task = Task(spikes, fire, 10)
    spikes += 5
    fire[:] = False
    assert not task.spikes.any()
    assert task.targets.any()


def test_only_spikes_within_the_pattern_are_counted() -> None:
    task = Task(torch.tensor([[1.0, -1.0], [9.9, 10.0]]), torch.tensor([True, False]), 10)
    assert task.spikes_per_pattern == 1


def test_in_synchrony_every_afferent_fires_once_and_only_pairs_differ() -> None:
    task = tasks.pairwise_synchrony(pairs=5, trials=6)
    times = task.spikes[..., 0]
    with_next = times[:, 0::2] == times[:, 1::2]
    with_last = times[:, 0::2] == times[:, 1::2].roll(1, dims=1)
    assert torch.equal(with_next.all(1), task.targets[:, 0])
    assert torch.equal(with_last.all(1), ~task.targets[:, 0])
    assert ((times >= 0) & (times < task.T)).all()
    assert task.unseen is not None
    assert not np.isin(task.unseen.spikes, task.spikes).any()


def test_poisson_trains_have_the_mean_rate_asked_for() -> None:
    task = tasks.poisson_rates(afferents=50, load=4, lowest=2, highest=20)
    per_afferent = task.spikes_per_pattern / 50
    assert per_afferent == pytest.approx(11 * 0.5, rel=0.03)  # 11 Hz for half a second


def test_templates_are_copied_with_the_noise_asked_for() -> None:
    task = tasks.noisy_templates(afferents=40, trials=200, jitter=3)
    spread = task.spikes[:200, :, 0].std(0)
    assert spread.median().item() == pytest.approx(3, rel=0.1)


def test_a_split_is_stratified_and_ranges_are_those_of_the_learnt_part() -> None:
    task = tasks.measured("iris", seed=1)
    assert task.unseen is not None
    assert task.targets.sum(0).tolist() == [40, 40, 40]
    assert task.unseen.targets.sum(0).tolist() == [10, 10, 10]
    # The learnt part fills its range: some pattern lies right at each end of every feature.
    plain = tasks.measured("iris", None, seed=1).spikes[..., 0]
    assert ((plain == 0).any(0) & (plain == -1).any(0)).all()


def test_folds_test_every_pattern_once() -> None:
    parts = list(tasks.folds("iris", seed=0, count=5))
    assert [task.patterns for task in parts] == [120] * 5
    assert sum(task.unseen.patterns for task in parts if task.unseen) == 150


def test_logistic_regression_gets_most_of_the_flowers_right() -> None:
    assert 0.9 <= tasks.logistic_baseline("iris") <= 1


def test_own_patterns_may_have_different_numbers_of_spikes() -> None:
    task = tasks.own_patterns([[[1, 2], []], [[3], [4]]], [True, False], 10)
    assert task.spikes.tolist() == [[[1, 2], [-1, -1]], [[3, -1], [4, -1]]]


@pytest.mark.parametrize("name", ["order", "gaps", "swapped", "xor", "templates", "poisson"])
def test_what_is_said_to_be_learnable_is_learnt(name: str) -> None:
    runs = [train(MAKERS[name](seed), seed=seed, eta=0.02, epochs=300) for seed in range(10)]
    assert [run.outcome for run in runs] == ["converged"] * 10


def test_swapped_gaps_are_learnt_with_inhibition_only() -> None:
    task = tasks.two_gaps(swap=True)
    run = train(task, seed=0, eta=0.02)
    assert run.outcome == "converged"
    assert run.weights.min() < 0 < run.weights.max()
    levels = np.linspace(0, 3, 61)
    excitation = np.stack(np.meshgrid(levels, levels), -1).reshape(-1, 2)
    v_max, _ = peaks(task.events(15, 3.75), excitation)
    # With excitation alone the short gap never has the lower peak.
    assert (v_max[0] >= v_max[1] - 1e-12).all()


@pytest.mark.parametrize("start", [None, torch.tensor([[0.3, 0.3]])], ids=["random", "excitation"])
def test_swapped_gaps_are_learnt_from_all_of_20_seeds(
    start: torch.Tensor | None,
) -> None:
    for seed in range(20):
        task = tasks.two_gaps(swap=True, seed=seed)
        run = train(task, seed=seed, epochs=100, weights=start)
        assert run.outcome == "converged"
        assert run.weights.min() < 0 < run.weights.max()


def test_synchrony_carries_over_to_new_trials_where_a_counter_is_at_chance() -> None:
    task = tasks.pairwise_synchrony(pairs=50, trials=1000, seed=1)
    assert task.unseen is not None
    weights = train(task, seed=1, epochs=20).weights.numpy()
    v_max, _ = peaks(task.unseen.events(15, 3.75), weights)
    assert ((v_max >= 1) == task.unseen.targets.numpy()).mean() > 0.97
    counts = (task.unseen.spikes >= 0).sum((1, 2))
    assert (counts == counts[0]).all()


T, F = torch.zeros(2, 3), torch.tensor([True, False])


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("spikes must be real numbers", lambda: Task(torch.zeros(3), F, 9)),
        ("spikes must be a tensor", lambda: Task([[1.0]], F, 9)),  # type: ignore[arg-type]
        ("targets must be a tensor", lambda: Task(T, [True], 9)),  # type: ignore[arg-type]
        ("T must be positive and finite, got 'x'", lambda: Task(T, F, "x")),  # type: ignore[arg-type]
        ("spikes must be finite, got nan", lambda: Task(T * math.nan, F, 9)),
        ("spikes must hold a pattern", lambda: Task(T[:0], F[:0], 9)),
        ("T must be positive and finite, got nan", lambda: Task(T, F, math.nan)),
        (r"targets must be \[2\] or \[2, O\], got \[1\]", lambda: Task(T, F[:1], 9)),
        ("targets must be bool or classes", lambda: Task(T, T[:, 0], 9)),
        ("targets must be classes from 0, got -1", lambda: Task(T, torch.tensor([-1, 0]), 9)),
        ("targets must be classes below 1000", lambda: Task(T, torch.tensor([10**9, 0]), 9)),
        (r"unseen must have \(N, O\) \(3, 1\)",
         lambda: Task(T, F, 9, unseen=Task(T[:, :2], F, 9))),
        ("gap must be positive", lambda: tasks.order_of_two(gap=0)),
        ("T must leave room for 20.0 ms", lambda: tasks.order_of_two(T=20)),
        ("gap must be positive", lambda: tasks.temporal_xor(gap=-1)),
        ("seed must be an integer from 0, got -1", lambda: tasks.order_of_two(seed=-1)),
        ("short must be below long, got 10 and 5", lambda: tasks.two_gaps(10, 5)),
        ("afferents must be a positive integer, got 0", lambda: tasks.random_latencies(0)),
        ("load must be positive", lambda: tasks.random_latencies(5, -1)),
        ("load must give at least one pattern, got 0.01", lambda: tasks.random_latencies(5, 0.01)),
        ("trials must be a positive integer", lambda: tasks.noisy_templates(trials=0)),
        ("jitter must be positive", lambda: tasks.noisy_templates(jitter=0)),
        ("pairs must be at least 2, got 1", lambda: tasks.pairwise_synchrony(1)),
        ("lowest must not be above highest", lambda: tasks.poisson_rates(lowest=5, highest=2)),
        ("patterns must all have the same afferents",
         lambda: tasks.own_patterns([[[1]], [[1], [2]]], [True, False], 9)),
        ("patterns must hold times from 0 on, got -2",
         lambda: tasks.own_patterns([[[-2.0]]], [True], 9)),
        ("patterns must be finite", lambda: tasks.own_patterns([[[10**400]]], [True], 9)),
        ("swap must be True or False, got 2",
         lambda: tasks.order_of_two(swap=2)),  # type: ignore[arg-type]
        ("swap must be True or False, got 0",
         lambda: tasks.two_gaps(swap=0)),  # type: ignore[arg-type]
        ("spikes must be a dense tensor that holds numbers, got torch.sparse_coo",
         lambda: Task(T.to_sparse(), F, 9)),
        ("spikes must be a dense tensor that holds numbers, got meta",
         lambda: Task(T.to("meta"), F, 9)),
        ("source must be one of iris, digits, got 'x'",
         lambda: tasks.measured("x")),  # type: ignore[arg-type]
        ("test_share must be between 0 and 1, got 1", lambda: tasks.measured(test_share=1)),
    ],
)  # fmt: skip
def test_impossible_input_is_refused_by_name(message: str, call: Callable[[], Task]) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


# Changes of a task.


@pytest.mark.parametrize("weights", [[1.0, 0.5, -1.0, 0.25, 2.0, -0.3], [-1.0] * 6, [0.1] * 6])
@pytest.mark.parametrize("seed", range(5))
def test_early_and_late_have_the_same_peak_to_the_last_digit(
    weights: list[float], seed: int
) -> None:
    task = tasks.early_or_late(seed=seed)
    found = layer.peak(torch.tensor([weights]).double(), task.events(15, 3.75))
    early, late = found.v_max[:, 0].tolist()
    assert early == late
    later = (found.t_max[1] - found.t_max[0]).item()
    assert later == pytest.approx(40 if early > 0 else 0)


def test_a_delay_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="delay must be less than half of T, 100, got 100"):
        tasks.early_or_late(delay=100)


def test_swapped_labels_are_those_of_the_other_question() -> None:
    task = tasks.noisy_templates(trials=3)
    other = tasks.swapped(task)
    assert other.targets.tolist() == (~task.targets).tolist()
    assert torch.equal(other.spikes, task.spikes)
    assert other.unseen is not None
    assert other.unseen.targets.tolist() == other.targets.tolist()
    assert other.name == "Two noisy templates, swapped"
    assert tasks.order_of_two(swap=True).targets.tolist() == [[False], [True]]


def test_labels_of_several_neurons_are_not_swapped() -> None:
    with pytest.raises(ValueError, match="task must be one for 1 neuron, got 3"):
        tasks.swapped(tasks.measured("iris"))


def test_jitter_moves_every_spike_by_noise_of_its_size_and_none_out_of_the_pattern() -> None:
    task = tasks.random_latencies(50, 2, T=500)
    moved = tasks.jittered(task, 3).spikes - task.spikes
    assert moved.std().item() == pytest.approx(3, rel=0.05)
    wild = tasks.jittered(task, 2000).spikes
    assert ((wild >= 0) & (wild < 500)).all()


def test_jitter_leaves_absent_and_late_spikes_alone_and_repeats_with_its_seed() -> None:
    task = Task(torch.tensor([[-1.0, 10.0, 60.0]]), torch.tensor([True]), 50, "", "Learnable.")
    moved = tasks.jittered(task, 3, seed=1)
    assert moved.spikes.flatten().tolist()[::2] == [-1, 60]
    assert moved.spikes[0, 1] != 10
    assert torch.equal(moved.spikes, tasks.jittered(task, 3, seed=1).spikes)
    assert not torch.equal(moved.spikes, tasks.jittered(task, 3, seed=2).spikes)
    assert moved.sentence.startswith("Learnable. Here noise of s.d. 3 ms")


def test_jitter_moves_unseen_trials_too_by_other_noise() -> None:
    task = tasks.noisy_templates(trials=3)
    moved = tasks.jittered(task, 1)
    assert task.unseen is not None
    assert moved.unseen is not None
    here, there = moved.spikes - task.spikes, moved.unseen.spikes - task.unseen.spikes
    assert there.abs().min() > 0
    assert not torch.allclose(here, there)


def test_neurons_are_named_after_their_classes_or_numbered() -> None:
    assert tasks.measured("iris").classes == ("setosa", "versicolor", "virginica")
    assert tasks.measured("digits").classes == tuple("0123456789")
    assert tasks.random_latencies(5).classes == ("1",)
    with pytest.raises(ValueError, match="classes must be 1, got 2"):
        replace(tasks.random_latencies(5), classes=("a", "b"))


def test_a_label_is_changed_and_no_other() -> None:
    task = tasks.random_latencies(5, 2.0)
    other = tasks.relabelled(task, [3, 4])
    assert (other.targets != task.targets)[:, 0].nonzero().flatten().tolist() == [3, 4]
    assert torch.equal(other.spikes, task.spikes)
    assert other.name == "Random latency patterns, 2 labels changed"
    with pytest.raises(ValueError, match="patterns must be from 0 to 9, got 10"):
        tasks.relabelled(task, [10])
    with pytest.raises(ValueError, match="task must be one for 1 neuron, got 3"):
        tasks.relabelled(tasks.measured("iris"), [0])


def test_a_label_named_twice_is_changed_once() -> None:
    task = tasks.random_latencies(5, 2)
    other = tasks.relabelled(task, [1, 1])
    assert (other.targets != task.targets)[:, 0].nonzero().flatten().tolist() == [1]
    assert other.name.endswith(", 1 label changed")


def test_what_a_sentence_counts_is_what_training_finds() -> None:
    def learned(make: Callable[..., Task], *gaps: float, **options: bool) -> int:
        solved = 0
        for seed in range(20):
            task = make(*gaps, T=200, seed=seed, **options)
            solved += train(task, eta=0.02, seed=seed, epochs=1000).outcome == "converged"
        return solved

    for make in (tasks.order_of_two, tasks.temporal_xor):
        assert [learned(make, gap) for gap in (5, 20, 80)] == [20, 20, 20]
    assert learned(tasks.order_of_two, 1) <= 3
    assert learned(tasks.temporal_xor, 1) == 0
    for swap in (False, True):
        assert learned(tasks.two_gaps, 5, 10, swap=swap) == 20
        assert 5 <= learned(tasks.two_gaps, 10, 20, swap=swap) <= 12
