"""Capacity: whether a row is what training comes to, and a sweep the same however it is run."""

import dataclasses
import errno
import math
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempotron import Run, find_peak, train
from tempotron.capacity import Cell, Row, Sweep, grid, kept, local, solve
from tempotron.capacity.cell import task_of
from tempotron.capacity.record import COLUMNS, File, from_csv, to_csv
from tempotron.capacity.solve import NUMBERS, CancelledError
from tempotron.learning import firing_accuracy

ROOT = Path(__file__).parents[2]
SMALL = grid(seed=range(6), load=[0.5, 1.5], afferents=12, epochs=30)
LONG = Cell(afferents=400, load=3.0, rule="paper", epochs=100_000, patience=100_000)
# Rows of about a tenth of a second.
STEADY = grid(seed=range(24), load=3.0, afferents=100, epochs=150, patience=150)


def without_time(rows: list[Row]) -> dict[Cell, Row]:
    """Look at all of a row but how long it took."""
    assert len({row.cell for row in rows}) == len(rows)
    return {row.cell: dataclasses.replace(row, seconds=0) for row in rows}


def made(cell: Cell, **measured: Any) -> Row:
    """Make a row up."""
    values: dict[str, Any] = {
        "ending": "converged",
        "epochs_used": 10,
        "best_errors": 0,
        "train_accuracy": 1.0,
        "test_accuracy": 1.0,
        "seconds": 0.5,
    }
    return Row(cell, **(values | measured))


@pytest.fixture(scope="module")
def bare() -> dict[Cell, Row]:
    """Solve the small sweep in a plain loop."""
    return without_time([solve(cell) for cell in SMALL])


# A cell and its row.


def recorded(row: Row) -> Run:
    """Record the run of a row, as far as it went, with the library's own training."""
    settings = dataclasses.replace(row.cell.settings, epochs=row.epochs_used)
    return train(task_of(row.cell), **vars(settings))


@pytest.mark.parametrize(
    "fields",
    [
        {"load": 1.0, "mu": 0.99},
        {"load": 3.0, "mu": 0.99, "epochs": 70},
        {"load": 3.0, "afferents": 12, "patience": 7},
        {"load": 2.0, "rule": "reflect", "seed": 3},
        {"load": 1.0, "eta": 0.05, "tau": 30.0, "tau_s": 30.0, "mu": 0.0},
        {"task": "rates", "load": 1.0, "T": 250.0, "patience": 3},
        {"task": "synchrony", "load": 5.0, "eta": 0.05},
    ],
    ids=str,
)
def test_a_row_is_what_recorded_training_comes_to(fields: dict[str, Any]) -> None:
    row = solve(Cell(**fields))
    run = recorded(row)
    assert row.epochs_used == len(run.errors)
    assert row.best_errors == run.errors.min()
    assert row.solved == (run.outcome == "converged")
    peak = find_peak(
        run.weights, run.task.spikes, run.task.T, run.settings.tau, run.settings.synaptic
    )
    assert row.train_accuracy == firing_accuracy(peak.v_max, run.task.targets)
    assert len(run.task.spikes) == row.cell.patterns


def test_a_run_without_a_better_error_for_as_long_as_its_patience_says_that_it_stalled() -> None:
    row = solve(Cell(load=3.0, afferents=20, patience=15, epochs=1000))
    errors = recorded(row).errors
    assert (row.ending, row.epochs_used) == ("stalled", len(errors))
    assert errors.argmin() == len(errors) - 1 - 15
    assert row.best_errors == errors.min() > 0


def test_a_run_at_its_limit_of_epochs_says_so() -> None:
    row = solve(Cell(load=3.0, epochs=5))
    assert (row.ending, row.epochs_used, row.solved) == ("limit", 5, False)


def test_the_same_cell_has_the_same_row_and_another_seed_another() -> None:
    one, again, other = (solve(Cell(jitter=2, test_jitter=2, seed=seed)) for seed in (1, 1, 2))
    assert without_time([one]) == without_time([again])
    assert one.test_accuracy != other.test_accuracy


def test_jitter_too_small_to_matter_changes_nothing() -> None:
    still, moved = solve(Cell(load=1.5)), solve(Cell(load=1.5, jitter=1e-9))
    assert without_time([still])[still.cell] == dataclasses.replace(
        moved, cell=still.cell, seconds=0
    )


def test_jitter_is_drawn_anew_in_every_epoch() -> None:
    """Were it drawn once, a task far below capacity would be solved as any other."""
    row = solve(Cell(load=1.0, jitter=20, epochs=60, patience=60))
    assert not row.solved


def test_training_with_jitter_makes_what_is_learned_last() -> None:
    def errors_when_tested(jitter: float) -> list[float]:
        cells = grid(jitter=jitter, test_jitter=[0, 2, 5], afferents=100, mu=0.99, epochs=100)
        return [1 - solve(cell).test_accuracy for cell in cells]

    clean, noisy = errors_when_tested(0), errors_when_tested(5)
    assert clean[0] == 0
    assert 0 < clean[1] < clean[2]
    assert noisy[1] < clean[1]
    assert noisy[2] < clean[2]


def test_synchrony_is_tested_on_new_trials() -> None:
    row = solve(Cell(task="synchrony", afferents=20, load=1.0, eta=0.05, seed=1))
    assert (row.solved, row.train_accuracy) == (True, 1.0)
    assert row.test_accuracy < 1


def test_a_long_row_can_be_given_up() -> None:
    asked: list[int] = []
    with pytest.raises(CancelledError):
        solve(LONG, lambda: asked.append(1) or len(asked) == 3)  # type: ignore[func-returns-value]


def test_spikes_and_pattern_lengths_are_told_in_correlation_times() -> None:
    cell = Cell(afferents=50, T=500, tau=16, tau_s=4)
    assert pytest.approx(500 / 8) == cell.K
    assert cell.density == pytest.approx(50 * 8 / 500)


# Grids and what cannot be.


def test_a_grid_combines_all_values_the_last_field_fastest() -> None:
    cells = grid(seed=range(2), load=[1, 2.0], tau=30)
    assert cells == [Cell(seed=seed, load=load, tau=30.0) for seed in (0, 1) for load in (1.0, 2.0)]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"afferents": 0}, "afferents must be from 2 to 10000, got 0"),
        ({"afferents": -5}, "afferents must be from 2 to 10000, got -5"),
        ({"afferents": 10.5}, "afferents must be a whole number, got 10.5"),
        ({"load": math.nan}, "load must be from 0.0001 to 1000, got nan"),
        ({"load": [1.0, math.inf]}, "load must be from 0.0001 to 1000, got inf"),
        ({"tau": "15"}, "tau must be a number, got '15'"),
        ({"tau": None}, "tau must be a number, got None"),
        ({"mu": 1.0}, "mu must be from 0 to 0.9999, got 1.0"),
        ({"seed": True}, "seed must be a number, got True"),
        ({"seed": range(10**9)}, "rows must be from 1 to 1000000, got 1000000000"),
        ({"load": []}, "load must have at least one value, got none"),
        ({"alpha": 1}, "alpha is not a field of a sweep; there are task, "),
        ({"rule": "hebb"}, "rule must be one of paper, reflect, got 'hebb'"),
        ({"task": "iris"}, "task must be one of latencies, synchrony, rates, got 'iris'"),
        ({"load": 1e-4}, "load must give at least one pattern, got 0.0001"),
        (
            {"afferents": 10_000, "load": 3.0},
            "afferents 10000 and load 3 make 300000000 spikes, at most 10000000 are possible",
        ),
        ({"tau": 15, "tau_s": 15}, "tau_s must differ from tau where eta is the paper's, got 15"),
        ({"task": "synchrony", "afferents": 5}, "afferents must be even and 4 or more, got 5"),
    ],
    ids=str,
)
def test_a_bad_sweep_is_refused_with_a_sentence_that_names_field_and_limit(
    fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match="^" + sentence.replace("(", r"\(")):
        grid(**fields)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"processes": 0}, "processes must be an integer from 1 to 1024, got 0"),
        ({"processes": 1.5}, "processes must be an integer from 1 to 1024, got 1.5"),
        ({"scheduler": "127.0.0.1:9"}, "scheduler 127.0.0.1:9 must answer within 3 s"),
        ({"scheduler": "nonsense"}, "scheduler nonsense must answer within 3 s"),
        ({"file": ROOT / "README.md"}, "file .*README.md cannot be used: it is not a file of "),
        ({"file": ROOT}, "file .* cannot be used: "),
    ],
    ids=str,
)
def test_what_a_sweep_cannot_run_on_is_refused_before_anything_starts(
    options: dict[str, Any], sentence: str
) -> None:
    begin = time.monotonic()
    with pytest.raises(ValueError, match=sentence):
        Sweep(SMALL, **options)
    assert time.monotonic() - begin < 4


def test_a_sweep_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="rows must be from 1 to 1000000, got 0"):
        Sweep([])


# Files.


@given(
    st.builds(
        Cell,
        load=st.floats(0.5, 3),
        tau=st.floats(0.1, 100),
        eta=st.none() | st.floats(0.001, 1),
        mu=st.none() | st.floats(0, 0.99),
        rule=st.sampled_from(["paper", "reflect"]),
        seed=st.integers(0, 2**53),
    ),
    st.floats(0, 1),
)
def test_a_row_comes_back_from_text_to_its_last_digit(cell: Cell, accuracy: float) -> None:
    row = made(cell, ending="stalled", test_accuracy=accuracy)
    assert from_csv(to_csv([row])) == [row]


def test_text_that_is_not_of_rows_is_refused_with_the_line() -> None:
    good = to_csv([made(Cell())])
    with pytest.raises(ValueError, match=r"line 2 is not a row: afferents must be from"):
        from_csv(good.replace("latencies,50", "latencies,0"))
    with pytest.raises(ValueError, match="line 2 is not a row: there is no column 'task'"):
        from_csv("a,b\n1,2\n")


def test_a_file_cut_off_anywhere_keeps_all_whole_rows(tmp_path: Path) -> None:
    rows = [made(Cell(seed=seed)) for seed in range(3)]
    content = to_csv(rows).encode()
    header = len(",".join(COLUMNS)) + 1
    for cut in range(len(content) + 1):
        path = tmp_path / "rows.csv"
        path.write_bytes(content[:cut])
        file = File(path)
        whole = content[:cut].count(b"\n") - 1 if cut >= header else 0
        assert file.rows == rows[:whole]
        file.append(rows[whole:])
        assert path.read_bytes() == content


def test_two_who_write_the_same_file_keep_each_cell_once(tmp_path: Path) -> None:
    rows = [made(Cell(seed=seed)) for seed in range(200)]
    path = tmp_path / "rows.csv"
    files = [File(path), File(path)]

    def write(file: File, own: list[Row]) -> None:
        for row in own:
            file.append([row])

    shares = zip(files, (rows[:150], rows[50:]), strict=True)
    threads = [threading.Thread(target=write, args=share) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = from_csv(path.read_text())
    assert len(written) == len(set(written)) == 200
    assert set(written) == set(rows)
    for file in files:
        file.refresh()
        assert set(file.rows) == set(rows)


def test_a_line_that_another_process_was_killed_at_is_cut_off_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    file = File(path)
    file.append([made(Cell(seed=0))])
    with path.open("a") as torn:
        torn.write("latencies,50,1")
    file.append([made(Cell(seed=1))])
    assert from_csv(path.read_text()) == [made(Cell(seed=0)), made(Cell(seed=1))]


# Kept by the sweep.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "sweeps"))
    return tmp_path / "sweeps"


def test_without_a_folder_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(kept.VARIABLE, raising=False)
    assert kept.file_of(SMALL) is None
    assert kept.rows_of(SMALL) == []


def test_a_sweep_has_one_file_however_it_is_asked_for_and_another_one_another(
    folder: Path,
) -> None:
    same = kept.path_of([*reversed(SMALL), SMALL[0]])
    assert same == kept.path_of(SMALL)
    assert same
    assert same.parent == folder
    assert kept.path_of(SMALL[1:]) != same
    assert kept.path_of([*SMALL[1:], dataclasses.replace(SMALL[0], eta=0.1)]) != same


def test_rows_of_an_older_version_of_the_numbers_are_not_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept.path_of(SMALL)
    assert folder
    monkeypatch.setattr(kept, "NUMBERS", NUMBERS + 1)
    assert kept.path_of(SMALL) != before


def test_the_version_of_the_numbers_is_that_of_these_rows() -> None:
    """Should they ever become others, rows that are kept would be old: raise NUMBERS then."""
    cells = [
        Cell(afferents=20, load=1.0),
        Cell(afferents=20, load=1.5, rule="reflect", seed=1, epochs=20),
        Cell(afferents=20, task="rates", test_jitter=5.0),
        Cell(afferents=20, task="synchrony", load=2.0, eta=0.05),
    ]
    rows = [solve(cell) for cell in cells]
    found = [(row.epochs_used, row.best_errors, round(row.test_accuracy, 2)) for row in rows]
    assert (NUMBERS, found) == (1, [(107, 0, 1), (20, 6, 0.77), (16, 0, 0.68), (2, 0, 1)])


def test_rows_that_are_kept_can_be_looked_at_while_they_are_written(folder: Path) -> None:
    file = kept.file_of(SMALL)
    assert file
    assert kept.rows_of(SMALL) == []
    file.append([made(SMALL[0])])
    with file.path.open("a") as torn:
        torn.write("latencies,50,1")
    assert kept.rows_of(SMALL) == [made(SMALL[0])]
    assert [path.parent for path in folder.glob("*.csv")] == [folder]


def test_only_so_many_sweeps_are_kept_the_oldest_goes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_MOST", 2)
    for age, cell in enumerate(SMALL[:3]):
        file = kept.file_of([cell])
        assert file
        os.utime(file.path, (1000 + age, 1000 + age))
    assert [kept.path_of([cell]).exists() for cell in SMALL[:3]] == [  # type: ignore[union-attr]
        False,
        True,
        True,
    ]
    assert len(list(folder.glob("*.csv"))) == 2


def test_a_folder_that_cannot_be_used_is_refused_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "taken" / "sweeps"))
    with pytest.raises(ValueError, match=r"folder .* cannot be used: not a directory"):
        kept.file_of(SMALL)


def test_a_sweep_whose_turn_comes_late_takes_what_another_one_kept_meanwhile(
    folder: Path,
) -> None:
    turn = threading.Semaphore(0)
    late = Sweep(SMALL, file=kept.file_of(SMALL), turn=turn)
    rows = [made(cell, seconds=77.0) for cell in SMALL]
    file = kept.file_of(SMALL)
    assert file
    file.append(rows)
    turn.release()
    assert late.wait(10)
    assert (late.state, late.rows) == ("done", rows)
    assert len(list(folder.glob("*.csv"))) == 1


def test_a_sweep_whose_rows_can_no_longer_be_kept_says_so_and_has_them_still(
    tmp_path: Path, bare: dict[Cell, Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(File, "append", full)
    sweep = Sweep(SMALL, processes=1, file=tmp_path / "rows.csv")
    assert sweep.wait(30)
    assert sweep.state == "failed"
    assert sweep.failure == "its rows could not be kept, no space left on device"
    assert 0 < sweep.done < sweep.total
    assert without_time(sweep.rows).items() <= bare.items()


# Sweeps on this machine.


@pytest.mark.parametrize("processes", [1, 2])
def test_a_sweep_has_the_rows_of_a_plain_loop(processes: int, bare: dict[Cell, Row]) -> None:
    sweep = Sweep([*SMALL, *SMALL], processes=processes)
    rows = list(sweep)
    assert without_time(rows) == bare
    assert rows == sweep.rows
    assert (sweep.state, sweep.done, sweep.total) == ("done", len(SMALL), len(SMALL))


def test_a_sweep_computes_only_what_its_file_does_not_hold(
    tmp_path: Path, bare: dict[Cell, Row]
) -> None:
    path = tmp_path / "rows.csv"
    kept = [made(cell, seconds=77.0) for cell in SMALL[:5]]
    File(path).append([*kept, made(Cell(seed=99))])
    sweep = Sweep(SMALL, processes=1, file=path)
    assert sweep.wait(30)
    assert sweep.rows[:5] == kept
    fresh = without_time(sweep.rows[5:])
    assert fresh == {cell: bare[cell] for cell in SMALL[5:]}
    assert sorted(map(str, from_csv(path.read_text()))) == sorted(
        map(str, [*sweep.rows, made(Cell(seed=99))])
    )
    again = Sweep(SMALL, file=path)
    assert again.wait(5)
    assert (again.state, again.rows[:5]) == ("done", kept)


def workers() -> list[psutil.Process]:
    """The processes at work for a sweep; the tests have other children, such as a browser."""
    children = psutil.Process().children()
    commands = [child.as_dict(["cmdline"])["cmdline"] or [] for child in children]
    named = zip(children, commands, strict=True)
    return [child for child, command in named if str(local.WORKER) in command]


def test_the_cells_of_a_killed_process_are_given_to_another() -> None:
    cells = grid(seed=range(6), load=3.0, afferents=400, epochs=30)  # about 0.6 s
    sweep = Sweep(cells, processes=2)
    rows = iter(sweep)
    seen = [next(rows)]
    workers()[0].kill()
    seen += list(rows)
    assert sweep.state == "done"
    assert set(without_time(seen)) == set(cells)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [0, 1], ids=["while they start", "in the middle of a long row"])
def test_processes_are_gone_two_seconds_after_whoever_started_them_was_killed(rows: int) -> None:
    code = """
from dataclasses import replace
from tempotron.capacity import Cell, Sweep
from tests.capacity.test_sweep import LONG
long = [replace(LONG, seed=seed) for seed in range(4)]
for row in Sweep([Cell(afferents=12), *long], processes=2):
    print(row.cell.afferents, flush=True)
"""
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8") as program:
        own = psutil.Process(program.pid)
        while len(own.children()) < 2:
            time.sleep(0.01)
        if rows:
            assert program.stdout
            assert program.stdout.readline() == "12\n"
            time.sleep(4)
        processes = own.children()
        program.kill()
        left = psutil.wait_procs(processes, 2)[1]
        # One that has ended may still wait for the system to take note.
        assert [process for process in left if process.status() != psutil.STATUS_ZOMBIE] == []


def test_a_cell_that_keeps_killing_its_process_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start() -> subprocess.Popen[str]:
        code = "print('ready', flush=True); input()"
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", code]
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8")

    monkeypatch.setattr(local, "_start", start)
    sweep = Sweep([LONG], processes=1)
    assert sweep.wait(30)
    assert (sweep.state, sweep.done) == ("failed", 0)
    assert sweep.failure == (
        "worker processes died 3 times at the run with afferents 400, load 3, seed 0, "
        "epochs 100000, patience 100000"
    )


def test_a_sweep_that_loses_its_processes_for_good_says_so_and_keeps_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sweep = Sweep([SMALL[0], LONG], processes=1)
    next(iter(sweep))

    def refused() -> subprocess.Popen[str]:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(local, "_start", refused)
    while not workers():
        time.sleep(0.01)
    workers()[0].kill()
    assert sweep.wait(20)
    assert (sweep.state, [row.cell for row in sweep.rows]) == ("failed", [SMALL[0]])
    assert sweep.failure == ("no worker process could be started, resource temporarily unavailable")


def test_cancel_ends_a_sweep_and_its_processes_within_a_second() -> None:
    sweep = Sweep([*SMALL, *(dataclasses.replace(LONG, seed=seed) for seed in range(9))])
    while sweep.done < len(SMALL):
        time.sleep(0.05)
    assert sweep.remaining_seconds is not None
    begin = time.monotonic()
    sweep.cancel()
    assert time.monotonic() - begin < 1
    assert (sweep.state, sweep.active, sweep.done) == ("cancelled", False, len(SMALL))
    assert sweep.remaining_seconds is None
    assert workers() == []


def test_a_sweep_that_nobody_wants_any_more_ends() -> None:
    wanted = threading.Event()
    wanted.set()
    sweep = Sweep([LONG], wanted=wanted.is_set)
    assert not sweep.wait(0.5)
    wanted.clear()
    assert sweep.wait(1)
    assert sweep.state == "cancelled"
    assert workers() == []


def test_sweeps_that_share_a_turn_run_one_after_the_other() -> None:
    turn = threading.Semaphore(1)
    first = Sweep([LONG], turn=turn)
    second = Sweep(SMALL[:1], turn=turn)
    third = Sweep(SMALL[:1], turn=turn)
    time.sleep(0.3)
    assert (first.state, second.state, third.state) == ("running", "waiting", "waiting")
    third.cancel()
    assert third.state == "cancelled"
    first.cancel()
    assert second.wait(30)
    assert second.state == "done"
