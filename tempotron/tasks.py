"""Tasks: labelled spike patterns, and what makes each of them learnable or not.

What draws anything takes a seed, and gives the same task for the same seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tempotron import checks
from tempotron.checks import positive_number, whole
from tempotron.compiled.events import Events, Floats, prepare
from tempotron.encoding import latency, receptive_fields
from tempotron.peak import check_spikes

Source = Literal["iris", "digits"]
SOURCES: tuple[Source, ...] = get_args(Source)
_MOST = 10**9  # patterns of a task: more fit into no memory


@dataclass(frozen=True, eq=False)
class Task:
    """Spike patterns, and for each the neurons that ought to fire.

    Targets may be given as bool [P], for one neuron; as classes [P], integers from 0, for as
    many neurons as there are classes; or as bool [P, O].

    Attributes:
        spikes: Spike times in ms, float64 [P, N, S], also taken as [P, N]; negative for no
            spike, and those at or after T come too late to matter. Not to be changed in place:
            what is prepared from them would not follow.
        targets: Which neurons ought to fire, bool [P, O].
        T: Length of a pattern in ms.
        name: Short name.
        sentence: What makes the task learnable or not.
        unseen: New trials of the same kind, to test on, or None.
        classes: Name of what each neuron stands for [O]; left out, their numbers from 1.
        at_random: Whether patterns and labels have nothing but chance in common, so that their
            number alone bounds what can be learned.

    Raises:
        ValueError: If there is no pattern or no afferent, a spike time is not finite, T is not
            positive and finite, targets or classes do not fit, or the unseen trials are
            of another kind.
    """

    spikes: Tensor
    targets: Tensor
    T: float
    name: str = "Own patterns"
    sentence: str = ""
    unseen: Task | None = None
    classes: tuple[str, ...] = ()
    at_random: bool = False
    _prepared: dict[tuple[float, float], Events] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        for name in ("spikes", "targets"):
            checks.tensor(getattr(self, name), name)
        if not isinstance(self.unseen, Task | None):
            raise ValueError(f"unseen must be a Task or None, got {type(self.unseen)}")
        spikes = self.spikes[..., None] if self.spikes.ndim == 2 else self.spikes
        check_spikes(spikes, "spikes")
        if 0 in spikes.shape[:2]:
            raise ValueError(f"spikes must hold a pattern and an afferent, got {[*spikes.shape]}")
        object.__setattr__(self, "T", positive_number(self.T, "T"))
        object.__setattr__(self, "targets", _firing(self.targets, len(spikes)))
        object.__setattr__(self, "spikes", spikes.detach().to("cpu", torch.float64, copy=True))
        self._name_classes()
        if self.unseen and (self.unseen.kind != self.kind or self.unseen.T != self.T):
            raise ValueError(
                f"unseen must have (N, O) {self.kind} and T {self.T}, "
                f"got {self.unseen.kind} and {self.unseen.T}"
            )

    def _name_classes(self) -> None:
        neurons = self.kind[1]
        named = checks.several(self.classes, "classes", "names")
        if any(not isinstance(name, str) for name in named):
            raise ValueError(f"classes must be names, got {self.classes!r}")
        if not self.classes:
            object.__setattr__(self, "classes", tuple(map(str, range(1, neurons + 1))))
        if len(self.classes) != neurons:
            raise ValueError(f"classes must be {neurons}, got {len(self.classes)}")

    @property
    def patterns(self) -> int:
        """Number of patterns P."""
        return len(self.spikes)

    @property
    def kind(self) -> tuple[int, int]:
        """Numbers of afferents N and of neurons O."""
        return self.spikes.shape[1], self.targets.shape[1]

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the patterns take, those prepared for the compiled core included."""
        prepared = [part for found in self._prepared.values() for part in found]
        arrays = [part.nbytes for part in prepared if isinstance(part, np.ndarray)]
        unseen = self.unseen.nbytes if self.unseen else 0
        return self.spikes.nbytes + self.targets.nbytes + sum(arrays) + unseen

    @cached_property
    def spikes_per_pattern(self) -> float:
        """Mean number of spikes in a pattern that come before T."""
        return float(self.counts.sum()) / self.patterns

    @property
    def counts(self) -> Floats:
        """Number of spikes of every afferent in every pattern [P, N]."""
        return ((self.spikes >= 0) & (self.spikes < self.T)).sum(2).double().numpy()

    def events(self, tau: float, tau_s: float) -> Events:
        """Prepare the patterns for the compiled core, once for the time constants last asked for.

        Args:
            tau: Decay time constant of the membrane, in ms.
            tau_s: Decay time constant of the synaptic current, in ms.

        Raises:
            ValueError: If a time constant is not positive and finite.
        """
        constants = positive_number(tau, "tau"), positive_number(tau_s, "tau_s")
        found = self._prepared.get(constants)
        if found is None:
            found = prepare(self.spikes, self.T, *constants)
            self._prepared.clear()
            self._prepared[constants] = found
        return found


def order_of_two(gap: float = 20.0, T: float = 100.0, swap: bool = False, seed: int = 0) -> Task:
    """Ask for a spike when A comes before B, and for silence when it comes after.

    Args:
        gap: Time between the two spikes in ms.
        T: Length of a pattern in ms.
        swap: Whether the neuron ought to fire when B comes first instead.
        seed: Where the first spike falls.

    Raises:
        ValueError: If the gap does not fit into the pattern, or swap is neither True nor False.
    """
    swap = checks.yes_or_no(swap, "swap")
    gap = positive_number(gap, "gap")
    start = _early(_generator(seed), gap, T)
    small, large = "BA" if swap else "AB"
    return Task(
        torch.tensor([[start, start + gap], [start + gap, start]]),
        torch.tensor([not swap, swap]),
        T,
        "Order of two spikes" + ", swapped" * swap,
        f"Learnable: a small {small} lifts what a large {large} adds to, while the other way round "
        "the small one comes when the large one has decayed. Gaps far below the time constants "
        "make little difference.",
    )


def two_gaps(
    short: float = 5.0, long: float = 10.0, T: float = 100.0, swap: bool = False, seed: int = 0
) -> Task:
    """Ask for a spike at the short gap between A and B and for silence at the long one.

    Args:
        short: Short gap in ms.
        long: Long gap in ms.
        T: Length of a pattern in ms.
        swap: Whether the neuron ought to fire at the long gap instead.
        seed: Where the first spike falls.

    Raises:
        ValueError: If the gaps are not in order or do not fit into the pattern, or swap is
            neither True nor False.
    """
    swap = checks.yes_or_no(swap, "swap")
    short, long = positive_number(short, "short"), positive_number(long, "long")
    if short >= long:
        raise ValueError(f"short must be below long, got {short:g} and {long:g}")
    start = _early(_generator(seed), long, T)
    first = "Gaps, swapped" if swap else "Gaps"
    sentence = (
        "Learnable only with inhibition: either A holds B down, the less the later B comes, or B "
        "holds A down, unless it comes after A's peak. The inhibition need not be there at first."
        if swap
        else "Learnable with excitation alone: the closer two potentials, the higher their sum. "
        "Where B comes after A's own peak, training may get stuck on that peak and never touch B."
    )
    return Task(
        torch.tensor([[start, start + short], [start, start + long]]),
        torch.tensor([not swap, swap]),
        T,
        f"{first}: {short:g} against {long:g} ms",
        sentence,
    )


def temporal_xor(gap: float = 20.0, T: float = 100.0, seed: int = 0) -> Task:
    """Ask for a spike if of two inputs exactly one comes late.

    Args:
        gap: By how much a late input is late, in ms.
        T: Length of a pattern in ms.
        seed: When the early inputs come.

    Raises:
        ValueError: If the gap does not fit into the pattern.
    """
    gap = positive_number(gap, "gap")
    early = _early(_generator(seed), gap, T)
    late = early + gap
    return Task(
        torch.tensor([[early, early], [early, late], [late, early], [late, late]]),
        torch.tensor([False, True, True, False]),
        T,
        "Temporal XOR",
        "Learnable by one neuron, as none without a sense of time could: one input excites, the "
        "other inhibits it at the same time only.",
    )


def early_or_late(afferents: int = 6, delay: int = 40, T: float = 200.0, seed: int = 0) -> Task:
    """Ask for a spike at a random pattern, and for silence at the same pattern some ms later.

    Spikes come at whole ms, so that both voltages are the same to the last digit.

    Args:
        afferents: Number of afferents N.
        delay: How much later the second pattern is, in ms.
        T: Length of a pattern in ms.
        seed: Spike times.

    Raises:
        ValueError: If a number is not positive, or both patterns do not fit into the first half
            of T.
    """
    room = positive_number(T, "T") / 2 - whole(delay, "delay")
    if room < 1:
        raise ValueError(f"delay must be less than half of T, {T / 2:g}, got {delay}")
    early = _generator(seed).integers(0, int(room), whole(afferents, "afferents"))
    return Task(
        torch.from_numpy(np.stack([early, early + delay])),
        torch.tensor([True, False]),
        T,
        "Early or late",
        f"Not learnable: whatever the weights, the same spikes {delay} ms later give the same "
        f"V_max {delay} ms later, so that both patterns fire or neither does: the neuron has no "
        "clock. That holds unless tau is so long that the pattern ends before the peak.",
    )


def noisy_templates(
    afferents: int = 20, trials: int = 50, jitter: float = 3.0, T: float = 200.0, seed: int = 0
) -> Task:
    """Ask for a spike at noisy copies of one random pattern, not at those of another.

    Args:
        afferents: Number of afferents N.
        trials: Number of copies of each template; as many new ones are kept to test on.
        jitter: Standard deviation of the noise on every spike time in ms.
        T: Length of a pattern in ms.
        seed: Templates and noise.

    Raises:
        ValueError: If a number is not positive.
    """
    generator = _generator(seed)
    count, spread = whole(trials, "trials"), positive_number(jitter, "jitter")
    end = positive_number(T, "T")
    templates = generator.uniform(0, end, (2, 1, whole(afferents, "afferents")))

    def copies() -> Tensor:
        noise = generator.normal(0, spread, (2, count, afferents))
        return torch.from_numpy(_reflected(templates + noise, end)).flatten(0, 1)

    fire = torch.arange(2 * count) < count
    task = Task(
        copies(),
        fire,
        T,
        "Two noisy templates",
        "Learnable, and it carries over to new copies, as long as the jitter stays well below "
        "the width of a potential.",
    )
    return replace(task, unseen=replace(task, spikes=copies()))


def random_latencies(
    afferents: int = 50, load: float = 1.0, T: float = 500.0, seed: int = 0
) -> Task:
    """Ask for a spike at every second of many random patterns, each afferent firing once in each.

    Args:
        afferents: Number of afferents N.
        load: Patterns per afferent, P / N.
        T: Length of a pattern in ms.
        seed: Spike times.

    Raises:
        ValueError: If a number is not positive.
    """
    count = _patterns(afferents, load)
    times = _generator(seed).uniform(0, positive_number(T, "T"), (count, afferents))
    return Task(
        torch.from_numpy(times),
        torch.arange(count) % 2 == 0,
        T,
        "Random latency patterns",
        "Nothing but memory: learnable up to about 2 to 3 patterns per afferent, and there is "
        "nothing that could carry over to new ones.",
        at_random=True,
    )


def pairwise_synchrony(
    pairs: int = 50, trials: int = 2000, T: float = 500.0, seed: int = 0
) -> Task:
    """Tell two classes apart that differ only in which pairs of afferents fire together.

    Afferents stand in a ring. In one class each even one fires together with the next, in the
    other with the one before; all times are drawn afresh for every trial.

    Args:
        pairs: Number of pairs, N / 2; at least 2.
        trials: Number of trials; half as many new ones are kept to test on.
        T: Length of a pattern in ms.
        seed: Spike times.

    Raises:
        ValueError: If there are fewer than 2 pairs, or another number is not positive.
    """
    if whole(pairs, "pairs") < 2:
        raise ValueError(f"pairs must be at least 2, got {pairs}")
    generator, end = _generator(seed), positive_number(T, "T")

    def drawn(count: int) -> Task:
        times = generator.uniform(0, end, (count, pairs)).repeat(2, axis=1)
        fire = np.arange(count) % 2 == 0
        times[~fire] = np.roll(times[~fire], 1, axis=1)
        return Task(
            torch.from_numpy(times),
            torch.from_numpy(fire),
            T,
            "Pairwise synchrony",
            "Learnable, and it carries over to new trials: only coincidence tells the classes "
            "apart, every afferent fires once in both, so that a counter of spikes is at chance.",
        )

    return replace(drawn(whole(trials, "trials")), unseen=drawn(max(trials // 2, 1)))


def poisson_rates(
    afferents: int = 50,
    load: float = 1.0,
    lowest: float = 2.0,
    highest: float = 20.0,
    T: float = 500.0,
    seed: int = 0,
) -> Task:
    """Ask for a spike at every second of many patterns of Poisson spike trains.

    Each afferent has a random rate in each pattern, and its train is drawn once and for all.

    Args:
        afferents: Number of afferents N.
        load: Patterns per afferent, P / N.
        lowest: Lowest rate in Hz.
        highest: Highest rate in Hz.
        T: Length of a pattern in ms.
        seed: Rates and spike times.

    Raises:
        ValueError: If a number is not positive, or the rates are not in order.
    """
    if positive_number(lowest, "lowest") > positive_number(highest, "highest"):
        raise ValueError(f"lowest must not be above highest, got {lowest} and {highest}")
    generator, end = _generator(seed), positive_number(T, "T")
    count = _patterns(afferents, load)
    rates = generator.uniform(lowest, highest, (count, afferents))
    numbers = generator.poisson(rates * end / 1000)
    times = generator.uniform(0, end, (*numbers.shape, max(int(numbers.max()), 1)))
    times[np.arange(times.shape[-1]) >= numbers[..., None]] = -1
    return Task(
        torch.from_numpy(times),
        torch.arange(count) % 2 == 0,
        T,
        "Poisson rates",
        "Learnable up to about 2 patterns per afferent: rates differ, but what is learnt are the "
        "times of these very trains.",
        at_random=True,
    )


def swapped(task: Task) -> Task:
    """Exchange fire and silence in a task for one neuron, in its unseen trials too.

    Raises:
        ValueError: If there are several neurons.
    """
    _check_binary(task)
    return replace(
        task,
        targets=~task.targets,
        name=f"{task.name}, swapped",
        unseen=task.unseen and swapped(task.unseen),
    )


def relabelled(task: Task, patterns: Sequence[int]) -> Task:
    """Exchange fire and silence for some patterns of a task for one neuron.

    Args:
        task: Its unseen trials stay as they are.
        patterns: Their indices, from 0; one that is named twice counts once.

    Raises:
        ValueError: If there are several neurons, or no such pattern.
    """
    _check_binary(task)
    chosen = {whole(p, "patterns", 0) for p in checks.several(patterns, "patterns", "indices")}
    if beyond := [p for p in chosen if p >= task.patterns]:
        raise ValueError(f"patterns must be from 0 to {task.patterns - 1}, got {beyond[0]}")
    targets = task.targets.clone()
    targets[sorted(chosen)] ^= True
    changed = "1 label changed" if len(chosen) == 1 else f"{len(chosen)} labels changed"
    return replace(task, targets=targets, name=f"{task.name}, {changed}")


def jittered(task: Task, jitter: float, seed: int = 0) -> Task:
    """Move every spike of a task, and of its unseen trials, by normal noise, once and for all.

    Args:
        task: Its spikes stay within the pattern: they are reflected at both ends.
        jitter: Standard deviation of the noise in ms.
        seed: Noise.

    Raises:
        ValueError: If the jitter is not positive.
    """
    check_task(task)
    noise = _generator(seed).normal(0, positive_number(jitter, "jitter"), task.spikes.shape)
    times = task.spikes.numpy()
    moved = np.where((times >= 0) & (times < task.T), _reflected(times + noise, task.T), times)
    return replace(
        task,
        spikes=torch.from_numpy(moved),
        sentence=f"{task.sentence} Here noise of s.d. {jitter:g} ms has moved every spike once: no "
        "two patterns are exactly alike any more.",
        unseen=task.unseen and jittered(task.unseen, jitter, seed + 1),
    )


def own_patterns(
    patterns: Sequence[Sequence[Sequence[float]]], fire: Sequence[bool], T: float
) -> Task:
    """Make a task of hand-made patterns for one neuron.

    Args:
        patterns: Spike times in ms, for each pattern and afferent [P][N][any number].
        fire: Whether the neuron ought to fire at each pattern [P].
        T: Length of a pattern in ms.

    Raises:
        ValueError: If patterns have different numbers of afferents, a time is not a finite
            number from 0 on, or as ``Task``.
    """
    trains = [
        [
            checks.several(row, "patterns", "spike times")
            for row in checks.several(pattern, "patterns", "afferents")
        ]
        for pattern in checks.several(patterns, "patterns", "patterns")
    ]
    times = [time for pattern in trains for row in pattern for time in row]
    if negative := [time for time in times if not checks.number(time, "patterns") >= 0]:
        raise ValueError(f"patterns must hold times from 0 on, got {negative[0]}")
    widths = {len(pattern) for pattern in trains}
    if len(widths) != 1:
        raise ValueError(f"patterns must all have the same afferents, got {sorted(widths)}")
    room = max([1, *(len(row) for pattern in trains for row in pattern)])
    rows = [
        [[*map(float, row), *[-1.0] * (room - len(row))] for row in pattern] for pattern in trains
    ]
    return Task(
        torch.tensor(rows, dtype=torch.float64),
        torch.tensor(
            [checks.yes_or_no(each, "fire") for each in checks.several(fire, "fire", "answers")]
        ),
        T,
        "Own patterns",
        "Learnable if some weights raise every + pattern to the threshold and no - pattern.",
    )


def measured(
    source: Source = "iris",
    fields: int | None = 12,
    T: float = 100.0,
    seed: int = 0,
    test_share: float = 0.2,
) -> Task:
    """Sort real measurements into their classes, one neuron for each.

    Every feature is encoded by Gaussian receptive fields, or by one latency; its range is that
    of the patterns to learn from. A stratified part of the data is kept to test on.

    Args:
        source: 'iris', 4 lengths of 150 flowers of 3 species, or 'digits', 64 pixels of 1797
            handwritten digits.
        fields: Number of fields for each feature, or None for one latency.
        T: Length of a pattern in ms.
        seed: What is kept.
        test_share: Share of the patterns to test on.

    Raises:
        ValueError: If the source is not known, or a number is out of range.
    """
    data = _dataset(source)
    return _encoded(source, data, _split(data.classes, test_share, seed), fields, T)


def folds(
    source: Source = "iris",
    fields: int | None = 12,
    T: float = 100.0,
    seed: int = 0,
    count: int = 10,
) -> Iterator[Task]:
    """Yield the tasks of a stratified cross-validation; see ``measured``.

    Args:
        source: 'iris' or 'digits'.
        fields: Number of fields for each feature, or None for one latency.
        T: Length of a pattern in ms.
        seed: How the patterns are dealt out.
        count: Number of folds; each is the test of one task.

    Raises:
        ValueError: If the source is not known, or a number is out of range.
    """
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415  takes 2 s

    data = _dataset(source)
    dealer = StratifiedKFold(whole(count, "count", 2), shuffle=True, random_state=_seed(seed))
    for parts in dealer.split(data.values, data.classes):
        yield _encoded(source, data, parts, fields, T)


def logistic_baseline(source: Source = "iris", seed: int = 0, test_share: float = 0.2) -> float:
    """Return what logistic regression on the plain numbers gets right, on the same split.

    Args:
        source: 'iris' or 'digits'.
        seed: What is kept, as for ``measured``.
        test_share: Share of the patterns to test on.

    Returns:
        Share of the test patterns, from 0 to 1.

    Raises:
        ValueError: If the source is not known, or the share is not between 0 and 1.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  takes 2 s
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    values, classes, _ = _dataset(source)
    learnt, kept = _split(classes, test_share, seed)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    model.fit(values[learnt], classes[learnt])
    return float(model.score(values[kept], classes[kept]))


def check_task(task: Task) -> Task:
    """Refuse what is no task."""
    if not isinstance(task, Task):
        raise ValueError(f"task must be a Task, got {type(task)}")
    return task


def _check_binary(task: Task) -> None:
    """Refuse a task for other than one neuron."""
    if check_task(task).kind[1] != 1:
        raise ValueError(f"task must be one for 1 neuron, got {task.kind[1]}")


Parts = tuple[NDArray[np.int64], NDArray[np.int64]]


class _Data(NamedTuple):
    values: Floats  # [P, F]
    classes: NDArray[np.int64]  # [P]
    names: tuple[str, ...]


def _dataset(source: Source) -> _Data:
    """Load what comes with scikit-learn."""
    checks.one_of(source, SOURCES, "source")
    from sklearn import datasets  # noqa: PLC0415  takes 2 s

    load = datasets.load_iris if source == "iris" else datasets.load_digits
    found = load()
    values, classes = np.asarray(found.data, np.float64), np.asarray(found.target, np.int64)
    return _Data(values, classes, tuple(map(str, found.target_names)))


def _split(classes: NDArray[np.int64], test_share: float, seed: int) -> Parts:
    from sklearn.model_selection import train_test_split  # noqa: PLC0415  takes 2 s

    if not 0 < checks.number(test_share, "test_share") < 1:
        raise ValueError(f"test_share must be between 0 and 1, got {test_share}")
    learnt, kept = train_test_split(
        np.arange(len(classes)), test_size=test_share, stratify=classes, random_state=_seed(seed)
    )
    return learnt, kept


def _encoded(
    source: Source,
    data: _Data,
    parts: Parts,
    fields: int | None,
    T: float,
) -> Task:
    """Encode both parts with the range of the first, which is all that learning may know."""
    values, classes, labels = data
    low, high = values[parts[0]].min(0), values[parts[0]].max(0)
    # A pixel that never changes says nothing; any range will do for it.
    ends = torch.from_numpy(low), torch.from_numpy(np.where(high > low, high, low + 1))
    names = {"iris": "Iris", "digits": "Handwritten digits"}
    learnt, kept = (
        Task(
            _coded(torch.from_numpy(values[part]), fields, ends, T),
            torch.from_numpy(classes[part]),
            T,
            names[source],
            _SENTENCES[source, fields is not None],
            classes=labels,
        )
        for part in parts
    )
    return replace(learnt, unseen=kept)


def _coded(numbers: Tensor, fields: int | None, ends: tuple[Tensor, Tensor], T: float) -> Tensor:
    if fields is None:
        return latency(numbers, *ends, T)
    return receptive_fields(numbers, fields, *ends, T)


_SENTENCES = {
    ("iris", True): "Mostly learnable, as two of the three species overlap; with receptive fields, "
    "not with one latency for each number.",
    ("iris", False): "Learnable in part with one latency for each number; receptive fields "
    "tell more of the flowers apart.",
    ("digits", True): "Learnable, and most of it carries over to new digits: fields turn every "
    "pixel's grey into a place and a time.",
    ("digits", False): "Learnable in part: with one latency for each pixel about three of ten "
    "patterns are still wrong after 200 epochs, where receptive fields leave none.",
}


def _firing(targets: Tensor, patterns: int) -> Tensor:
    """Bring targets to bool [P, O]."""
    if len(targets.shape) not in (1, 2) or len(targets) != patterns:
        raise ValueError(f"targets must be [{patterns}] or [{patterns}, O], got {[*targets.shape]}")
    if targets.dtype == torch.bool and targets.numel():
        return targets.detach().cpu().reshape(patterns, -1).clone()
    if targets.is_floating_point() or targets.is_complex() or targets.ndim != 1:
        raise ValueError(f"targets must be bool or classes [P], got {targets.dtype}")
    if (targets < 0).any():
        raise ValueError(f"targets must be classes from 0, got {targets.min().item()}")
    if targets.max() >= 1000:
        raise ValueError(f"targets must be classes below 1000, got {targets.max().item()}")
    return functional.one_hot(targets.long()).bool().cpu()


def _seed(seed: int) -> int:
    return whole(seed, "seed", 0, 2**32 - 1)


def _reflected(times: Floats, end: float) -> Floats:
    """Reflect times at both ends of a pattern, so that no spike is lost."""
    within = np.mod(np.abs(times), 2 * end)
    return np.where(within < end, within, 2 * end - within)


def _early(generator: np.random.Generator, length: float, T: float) -> float:
    """Place a sequence of some length in the first half of what room it has, in whole ms."""
    room = positive_number(T, "T") - length
    if room < 1:
        raise ValueError(f"T must leave room for {length} ms of spikes, got {T}")
    return float(np.floor(generator.uniform(0, room / 2)))


def _patterns(afferents: int, load: float) -> int:
    wanted = whole(afferents, "afferents") * positive_number(load, "load")
    if wanted > _MOST:
        raise ValueError(f"load must give at most {_MOST} patterns, got {load}")
    count = round(wanted)
    if count < 1:
        raise ValueError(f"load must give at least one pattern, got {load}")
    return count


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(checks.seed(seed))
