"""What is made of sweeps: the shell, points and intervals, labs, and the way to Train."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from scipy.stats import binomtest

from tempotron.capacity import Cell, Row, Sweep, grid, kept, solve
from tempotron.capacity.__main__ import main
from tempotron.capacity.cell import FIXED
from tempotron.capacity.computed import FILE, computed
from tempotron.capacity.labs import LABS, Curves, compare, half_load
from tempotron.capacity.record import File, from_csv
from tempotron.capacity.summary import Point, points, wilson
from tempotron.dashboard.answers.recorder import run_of
from tempotron.dashboard.answers.replay import plan_of
from tempotron.dashboard.state.plan import decode, encode
from tempotron.learning import paper_rate
from tests.capacity.test_sweep import ROOT, SMALL, STEADY, made, recorded, without_time

# The shell.


def shell(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def test_the_shell_prints_the_rows_of_a_sweep_of_ones_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen = ("--afferents", "12", "--load", "0.5", "1.5", "--epochs", "30", "--seeds", "6")
    assert shell(*chosen, "--processes", "2") == 0
    assert without_time(from_csv(capsys.readouterr().out)) == without_time(
        [solve(cell) for cell in SMALL]
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--afferents", "0"], "afferents must be from 2 to 10000, got 0."),
        (["--seeds", "1000000000"], "rows must be from 1 to 1000000, got 1000000000."),
        (["--seeds", "0"], "seeds must be at least 1, got 0."),
        (["--tau", "nan"], "tau must be from 0.001 to 100000, got nan."),
        (["--lab", "L2", "--load", "1"], "load cannot be chosen together with a lab."),
        (["--seeds", "1", "--seed", "1"], "seed and seeds cannot both be chosen."),
        (["--scheduler", "127.0.0.1:9"], "scheduler 127.0.0.1:9 must answer within 3 s"),
    ],
    ids=str,
)
def test_the_shell_refuses_a_bad_sweep_with_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert sentence in capsys.readouterr().err


@pytest.mark.slow
def test_a_sweep_killed_in_the_middle_goes_on_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    chosen = "--load 3 --afferents 100 --epochs 150 --patience 150 --seeds 24 --processes 2"
    options = chosen.split(" ")
    command = [sys.executable, "-m", "tempotron.capacity", *options, "--out", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        while not path.exists() or path.read_bytes().count(b"\n") < 6:
            time.sleep(0.02)
        workers = psutil.Process(process.pid).children()
        os.kill(process.pid, signal.SIGKILL)
    kept = File(path).rows
    assert 5 <= len(kept) < len(STEADY)
    gone, alive = psutil.wait_procs(workers, 2)
    assert (len(gone), alive) == (2, [])
    rows = list(Sweep(STEADY, file=path))
    assert rows[: len(kept)] == kept
    assert set(without_time(from_csv(path.read_text()))) == set(STEADY)


def test_the_shell_goes_on_with_a_sweep_that_is_kept_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path))
    before = [made(cell, seconds=77.0) for cell in SMALL[:5]]
    file = kept.file_of(SMALL)
    assert file
    file.append(before)
    chosen = ("--afferents", "12", "--load", "1.5", "0.5", "--epochs", "30", "--seeds", "6")
    assert shell(*chosen, "--processes", "2") == 0
    told = capsys.readouterr()
    assert f"Going on: 5 of {len(SMALL)} rows are there." in told.err
    rows = from_csv(told.out)
    assert rows[:5] == before
    assert set(without_time(rows)) == set(SMALL)
    assert from_csv(file.path.read_text()) == rows


# Points, labs, and the way to Train.


@pytest.mark.parametrize(("successes", "count"), [(0, 8), (3, 8), (8, 8), (1, 1), (50, 1000)])
def test_the_interval_of_a_share_is_wilsons(successes: int, count: int) -> None:
    expected = binomtest(successes, count).proportion_ci(method="wilson")
    assert wilson(successes, count) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_rows_are_summarized_by_their_place_on_the_axis() -> None:
    cells = grid(seed=range(4), load=[2.0, 1.0])
    rows = [
        made(cell, epochs_used=10 * cell.seed, ending="converged" if cell.seed else "stalled")
        for cell in cells
    ]
    solved = points(rows, "load", "solved")
    assert [(point.x, point.y, len(point.rows)) for point in solved] == [(1, 75, 4), (2, 75, 4)]
    epochs = points(rows, "load", "epochs")[0]
    assert (epochs.low, epochs.y, epochs.high) == (7.5, 15, 22.5)
    assert points([made(Cell(), test_accuracy=0.9)], "mu", "test_error")[0].y == pytest.approx(10)
    assert points([made(Cell())], "mu", "epochs")[0].x == 0.9


def test_the_load_at_which_half_is_solved_lies_between_the_points_around_it() -> None:
    curve = [Point(x, y, y, y, ()) for x, y in ((1, 100), (2, 75), (3, 25), (4, 0))]
    assert half_load(curve) == 2.5
    assert half_load(curve[:2]) == 2
    assert half_load(curve[2:]) == 3


@pytest.mark.parametrize("name", LABS)
def test_a_lab_has_a_row_for_all_that_is_expected(name: str) -> None:
    lab = LABS[name]
    cells = lab.cells()
    assert len(cells) == len(set(cells)) == lab.seeds * len(lab.cells(1))
    curves: Curves = lab.summarize([made(cell, test_accuracy=0.5) for cell in cells])
    assert sum(len(p.rows) for p in curves[next(iter(curves))]) * len(lab.curves) == len(cells)
    lines = compare(lab, [made(cell, test_accuracy=0.5) for cell in cells])
    assert len(lines) == len(lab.bands) + len(lab.claims)
    assert all(line.told.endswith("OUTSIDE") != line.inside for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["L1", "L2", "L4", "L8"])
def test_a_lab_is_as_expected(name: str) -> None:
    lab = LABS[name]
    outside = [line for line in compare(lab, map(solve, lab.cells())) if not line.inside]
    assert outside == []


@pytest.mark.parametrize(
    "fields",
    [
        {"load": 1.5, "mu": 0.99, "tau": 20.0, "seed": 3},
        {"load": 3.0, "rule": "reflect", "afferents": 23, "patience": 20},
        {"task": "rates", "eta": 0.07},
        {"task": "synchrony", "load": 2.0, "eta": 0.05, "tau_s": 2.0},
        {"load": 1.0, "test_jitter": 3.0},
    ],
    ids=str,
)
def test_a_row_opens_its_very_run_on_train(fields: dict[str, Any]) -> None:
    row = solve(Cell(**fields))
    link = dict(part.split("=") for part in encode(plan_of(row)).split("&"))
    plan, notes = decode(link)
    shown, own = run_of(plan), recorded(row)
    assert notes == []
    assert (shown.errors == own.errors).all()
    assert (shown.v_max == own.v_max).all()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (made(Cell(jitter=1)), "it was trained with fresh jitter in every epoch"),
        (made(Cell(neuron="perceptron")), "a perceptron has no voltage to show"),
        (made(Cell(T=100)), "its patterns are 100 ms long, not 500"),
        (made(Cell(afferents=1000)), "it is too large for Train, afferents: Input should be"),
        (made(Cell(), epochs_used=5000), "it is too large for Train, epochs: "),
        (made(Cell(load=3.0, afferents=500)), "it is too large for Train, patterns 1500 is above"),
    ],
    ids=str,
)
def test_a_row_that_train_cannot_show_says_why(row: Row, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        plan_of(row)


def test_what_was_computed_before_can_be_computed_again() -> None:
    rows = from_csv(FILE.read_text())
    assert rows
    cheap = [row for row in rows if row.cell.afferents == 100 and row.cell.load < 2][::40]
    assert without_time([solve(row.cell) for row in cheap]) == without_time(cheap)
    told = FILE.read_text().splitlines()[0]
    assert told.startswith("# Computed on 2026-")
    assert {len(curve) for curve in computed("solved").values()} == {8}


def test_a_perceptron_counts_and_so_does_not_mind_jitter_in_time() -> None:
    row = solve(Cell(task="rates", neuron="perceptron", test_jitter=5.0))
    assert row.solved
    assert row.test_accuracy > 0.95
    once = solve(Cell(neuron="perceptron", epochs=3))  # each afferent fires once: nothing to count
    assert once.ending == "limit"
    assert once.train_accuracy == 0.5


def test_a_held_step_makes_lambda_shrink_as_momentum_grows() -> None:
    free, held = (
        [Cell(eta=0.1, mu=mu, fixed=fixed).settings for mu in (0.0, 0.9)] for fixed in FIXED
    )
    assert [settings.eta for settings in free] == [0.1, 0.1]
    assert [settings.eta / (1 - settings.momentum) for settings in held] == pytest.approx([0.1] * 2)
    paper = Cell(mu=0.99, fixed="step").settings
    assert paper.rate == pytest.approx(0.01 * paper_rate(50, 500.0, 15.0, 3.75))
